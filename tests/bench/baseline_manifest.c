/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the libraries alone cost for the data of bench_manifest.py: libyaml's
 * events of the manifest, jansson's parse of the records, jansson's sorted
 * dump of the lock (whose parse is not counted).  Prints CPU seconds.
 *
 *     baseline_manifest product.yaml records.jsonl product.lock
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void stop(const char *what)
{
	fprintf(stderr, "baseline_manifest: %s\n", what);
	exit(1);
}

static void yaml_events(const char *path)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int done = 0;
	FILE *f = fopen(path, "rb");

	if (f == NULL || !yaml_parser_initialize(&parser))
		stop(path);
	yaml_parser_set_input_file(&parser, f);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event))
			stop(path);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(f);
}

static void json_lines(const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	json_t *all = json_array();
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		stop(path);
	while ((len = getline(&line, &cap, f)) > 0) {
		json_t *record =
		    json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);

		if (record == NULL || json_array_append_new(all, record) != 0)
			stop(path);
	}
	free(line);
	fclose(f);
	json_decref(all);
}

static double sorted_dump(const char *path)
{
	json_t *lock = json_load_file(path, 0, NULL);
	FILE *out = fopen("/dev/null", "wb");
	double start = now();

	if (lock == NULL || out == NULL ||
	    json_dumpf(lock, out, JSON_SORT_KEYS | JSON_COMPACT) != 0)
		stop(path);
	start = now() - start;
	fclose(out);
	json_decref(lock);
	return start;
}

int main(int argc, char **argv)
{
	double start, yaml, load;

	if (argc != 4)
		stop("usage: baseline_manifest MANIFEST RECORDS LOCK");
	start = now();
	yaml_events(argv[1]);
	yaml = now() - start;
	start = now();
	json_lines(argv[2]);
	load = now() - start;
	printf("%.6f %.6f %.6f\n", yaml, load, sorted_dump(argv[3]));
	return 0;
}
