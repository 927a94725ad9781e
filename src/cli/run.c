/*
 * run.c - run another program without a shell.
 */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/err.h"

#define EXIT_NOT_RUN 127

/* In the child: become the user for good, then the program. */
static _Noreturn void
become(const char *const *argv, uid_t uid, gid_t gid, int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(EXIT_NOT_RUN);
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0))
		_exit(EXIT_NOT_RUN);
	execv(argv[0], (char *const *)argv);
	_exit(EXIT_NOT_RUN);
}

int
run_capture(const char *const *argv, uid_t uid, gid_t gid, char *text_out, size_t size, int *status_out)
{
	char spill[1024];
	size_t used = 0;
	ssize_t n;
	int pipes[2], status;
	pid_t child;

	text_out[0] = '\0';
	*status_out = -1;
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return ERR_IO;
	child = fork();
	if (child == 0)
		become(argv, uid, gid, pipes[1]);
	close(pipes[1]);
	/* What does not fit is read all the same, so that the program comes to its end. */
	while (child > 0) {
		n = used + 1 < size ? read(pipes[0], text_out + used, size - 1 - used) : read(pipes[0], spill, sizeof(spill));
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0 && used + 1 < size)
			used += (size_t)n;
	}
	close(pipes[0]);
	text_out[used] = '\0';
	if (child < 0)
		return ERR_IO;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return ERR_IO;
	}
	*status_out = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}
