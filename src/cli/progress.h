/*
 * progress.h - how far a long command is: a bar with rate and time left, on standard error when that is a terminal.
 */
#ifndef MUSTER_CLI_PROGRESS_H
#define MUSTER_CLI_PROGRESS_H

#include <stdint.h>

#include "cli/cli.h"

struct progress {
	const char *what;  /* "checking", "writing" */
	uint64_t first;    /* rows that were done before */
	int64_t began_ms, next_ms;
	int shows;         /* on a terminal, and wanted */
	int shown;
};

/* progress_begin - in: first  rows that are done already */
void progress_begin(struct progress *p, struct session *s, const char *what, uint64_t first);
/*
 * progress_at - from time to time; costs next to nothing in between.
 * in:    rows   done so far, with the first ones
 *        part, whole  how far that is, in any unit; whole 0: not known
 */
void progress_at(struct progress *p, uint64_t rows, uint64_t part, uint64_t whole);
/* progress_clear - the bar goes away until the next time, so that what follows has a line of its own. progress_end - for good */
void progress_clear(struct progress *p);
void progress_end(struct progress *p);

#endif
