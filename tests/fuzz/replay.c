/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer's function on files and folders of files, without libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		return -1;
	size = ftell(file);
	rewind(file);
	/* a buffer of just that size, so that a read behind it is seen */
	data = malloc(size > 0 ? (size_t)size : 1);
	if (data == NULL || size < 0 ||
	    fread(data, 1, (size_t)size, file) != (size_t)size) {
		free(data);
		(void)fclose(file);
		return -1;
	}
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 1;
}

static int run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path,
			       entry->d_name);
		if (run_file(name) < 0) {
			(void)fprintf(stderr, "cannot read %s\n", name);
			count = -1;
			break;
		}
		count++;
	}
	(void)closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int count = -1;

		if (stat(argv[i], &st) == 0)
			count = S_ISDIR(st.st_mode) ? run_folder(argv[i])
						    : run_file(argv[i]);
		if (count < 0) {
			(void)fprintf(stderr, "cannot replay %s\n", argv[i]);
			return 1;
		}
		total += count;
	}
	(void)printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1;
}
