/*
 * run.h - run another program without a shell.
 */
#ifndef MUSTER_CLI_RUN_H
#define MUSTER_CLI_RUN_H

#include <stddef.h>
#include <sys/types.h>

/*
 * run_capture - run a program as a user and take what it writes, standard output and error in one.
 * in:    argv  NULL-terminated, argv[0] the full path
 *        uid, gid  given up to when the caller is root; otherwise the program runs as the caller
 * out:   text_out  NUL-terminated, cut off at size; "" on error
 *        *status_out  exit status, -1 when it ended otherwise
 * error: ERR_IO
 */
int run_capture(const char *const *argv, uid_t uid, gid_t gid, char *text_out, size_t size, int *status_out);

#endif
