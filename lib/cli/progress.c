/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL_MS = 100 };

static int64_t monotonic_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "512 B", "1.5 MiB": three or four digits. */
static void format_size(char *out, size_t cap, uint64_t size)
{
	static const char *const units[] = {"B",   "KiB", "MiB",
					    "GiB", "TiB", "PiB"};
	size_t unit = 0;
	uint64_t tenths = size;

	if (size < 1024) {
		(void)snprintf(out, cap, "%u B", (unsigned)size);
		return;
	}
	while (size >= 1024 && unit < 5) {
		tenths = size % 1024 * 10 / 1024;
		size /= 1024;
		unit++;
	}
	(void)snprintf(out, cap, "%u.%u %s", (unsigned)size, (unsigned)tenths,
		       units[unit]);
}

void cli_progress(struct cli *cli, const char *what, uint64_t done,
		  uint64_t total)
{
	char line[256], have[32], want[32];
	const int64_t now = monotonic_ms();
	int len;

	if (cli->quiet || cli->json || now < cli->next_ms ||
	    isatty(STDERR_FILENO) != 1)
		return;
	cli->next_ms = now + INTERVAL_MS;
	format_size(have, sizeof(have), done);
	format_size(want, sizeof(want), total);
	if (total == 0)
		len = snprintf(line, sizeof(line), "\r\033[K%.40s %s", what,
			       have);
	else
		len = snprintf(line, sizeof(line),
			       "\r\033[K%.40s %3u%% %s of %s", what,
			       (unsigned)(done >= total ? 100
							: (double)done * 100 /
							      (double)total),
			       have, want);
	cli->progress = true;
	cli_stderr(line, (size_t)len);
}

void cli_progress_clear(struct cli *cli)
{
	static const char clear[] = "\r\033[K";

	if (cli->progress)
		cli_stderr(clear, strlen(clear));
	cli->progress = false;
}
