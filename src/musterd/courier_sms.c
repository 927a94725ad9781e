/*
 * courier_sms.c - text messages through a command.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "musterd/courier_sms.h"

#define ARGUMENTS_MAX 32
#define LOOK_MS 20
#define EXIT_NO_COMMAND 127 /* as shells say it */

/* The configured words, then the number. Words end at blanks; there is no quoting. */
struct arguments {
	char *words; /* a copy, cut up */
	char *argv[ARGUMENTS_MAX + 2];
};

static int
arguments_new(const char *command, const char *to, struct arguments *a)
{
	char *rest, *word;
	size_t n = 0;

	a->words = strdup(command);
	if (a->words == NULL)
		return ERR_MEMORY;
	for (word = strtok_r(a->words, " ", &rest); word != NULL && n < ARGUMENTS_MAX; word = strtok_r(NULL, " ", &rest))
		a->argv[n++] = word;
	a->argv[n++] = (char *)(uintptr_t)to;
	a->argv[n] = NULL;
	if (word == NULL && n > 1)
		return 0;
	free(a->words);
	a->words = NULL;
	return ERR_CONFIG;
}

/* Between fork and exec: nothing of ours but the text. Does not return. */
static void
command_exec(char *const *argv, int text_fd)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
	char *environment[] = { path, locale, NULL };
	int nowhere = open("/dev/null", O_RDWR);
	sigset_t none;
	size_t i;
	static const int usual[] = { SIGTERM, SIGINT, SIGPIPE, SIGCHLD, SIGHUP };

	/* A group of its own, so that what it starts ends with it. */
	if (nowhere < 0 || setpgid(0, 0) != 0 || chdir("/") != 0 || dup2(text_fd, STDIN_FILENO) < 0 ||
	    dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0 || close_range(3, ~0U, 0) != 0)
		_exit(EXIT_NO_COMMAND);
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		signal(usual[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, environment);
	_exit(EXIT_NO_COMMAND);
}

/* The text as a pipe that holds all of it: nobody has to wait for a command that does not read. */
static int
text_pipe(const void *text, size_t len)
{
	int ends[2];
	ssize_t written;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	written = write(ends[1], text, len);
	close(ends[1]);
	if (written == (ssize_t)len && fcntl(ends[0], F_SETFL, 0) == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* 1 once the command has ended; what it was is still to be asked, so that its number is nobody else's yet. */
static int
has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Wait for the end of the command. Returns 0 when it took too long. All it started ends with it. */
static int
command_wait(pid_t pid, int timeout_ms, int *status_out)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	int ended;

	while (!(ended = has_ended(pid)) && clock_mono_ms() < end)
		poll(NULL, 0, LOOK_MS);
	/* The group is there once the command has made it. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, status_out, 0) < 0 && errno == EINTR)
		continue;
	return ended;
}

static enum mail_result
judge(int status, char why[MAIL_WHY_MAX])
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return MAIL_SENT;
	if (WIFSIGNALED(status)) {
		snprintf(why, MAIL_WHY_MAX, "the command was ended by signal %d", WTERMSIG(status));
		return MAIL_LATER;
	}
	if (WEXITSTATUS(status) == EXIT_NO_COMMAND)
		snprintf(why, MAIL_WHY_MAX, "the command cannot be run, or ended with status %d", EXIT_NO_COMMAND);
	else
		snprintf(why, MAIL_WHY_MAX, "the command ended with status %d", WEXITSTATUS(status));
	return WEXITSTATUS(status) == SMS_EXIT_TEXT || WEXITSTATUS(status) == SMS_EXIT_NUMBER ? MAIL_NEVER : MAIL_LATER;
}

enum mail_result
sms_send(const struct conf *conf, const char *to, const void *text, size_t len, char why[MAIL_WHY_MAX])
{
	struct arguments a;
	enum mail_result result = MAIL_LATER;
	int text_fd, status = 0;
	pid_t pid;
	int r = arguments_new(conf->sms.command, to, &a);

	why[0] = '\0';
	if (r != 0) {
		snprintf(why, MAIL_WHY_MAX, "%s", err_str(r));
		return MAIL_LATER;
	}
	text_fd = text_pipe(text, len);
	pid = text_fd < 0 ? -1 : fork();
	if (pid == 0)
		command_exec(a.argv, text_fd);
	if (pid < 0)
		snprintf(why, MAIL_WHY_MAX, "the command cannot be started: %s", strerror(errno));
	else if (!command_wait(pid, conf->sms.timeout_ms, &status))
		snprintf(why, MAIL_WHY_MAX, "the command took longer than timeout_ms");
	else
		result = judge(status, why);
	if (text_fd >= 0)
		close(text_fd);
	free(a.words);
	return result;
}
