/*
 * command.h - the one way in which the courier runs a program that muster.conf names.
 */
#ifndef MUSTER_MUSTERD_COMMAND_H
#define MUSTER_MUSTERD_COMMAND_H

#include <stddef.h>

#include "common/buf.h"

#define COMMAND_WHY_MAX 512

/* What is run. */
struct command {
	const char *words;    /* as configured: they end at blanks, the first is an absolute path; there is no quoting */
	const char *argument; /* one more at the end, NULL for none */
	const void *input;    /* its standard input, which has to fit into a pipe */
	size_t input_len;
	int timeout_ms;
	struct buf *output;   /* what it prints, up to the buffer's limit; NULL: thrown away */
};

/*
 * command_run - run a program without a shell and with a clean environment, in / and a process group of its own, and wait for its
 *               end. All that it started ends with it.
 * out:   status_out  its exit status, -1 on error
 *        why         what went wrong, for the log; nothing of what it printed, which may hold what it was given
 * error: ERR_CONFIG (no command), ERR_MEMORY, ERR_IO (it cannot be started, or was ended by a signal), ERR_TIMEOUT, ERR_RANGE (it
 *        printed more than the buffer takes)
 */
int command_run(const struct command *command, int *status_out, char why[COMMAND_WHY_MAX]);

/* command_status_text - what an exit status other than 0 means, for the log */
void command_status_text(int status, char why[COMMAND_WHY_MAX]);

#endif
