/*
 * command.c - programs that muster.conf names: given what they need on standard input, and ended in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/secret.h"
#include "musterd/command.h"

#define ARGUMENTS_MAX 32
#define LOOK_MS 20
#define EXIT_NO_COMMAND 127 /* as shells say it */
#define READ_LEN 4096

/* The configured words, then the argument. */
struct arguments {
	char *words; /* a copy, cut up */
	char *argv[ARGUMENTS_MAX + 2];
};

/* A program under way. */
struct run {
	pid_t pid;
	int input, output; /* our end, -1 without; output is not waited for in read(2) */
	struct buf *kept;
	int overflow;
};

static int
arguments_new(const struct command *command, struct arguments *a)
{
	char *rest, *word;
	size_t n = 0;

	a->words = strdup(command->words);
	if (a->words == NULL)
		return ERR_MEMORY;
	for (word = strtok_r(a->words, " ", &rest); word != NULL && n < ARGUMENTS_MAX; word = strtok_r(NULL, " ", &rest))
		a->argv[n++] = word;
	if (word == NULL && n > 0) {
		if (command->argument != NULL)
			a->argv[n++] = (char *)(uintptr_t)command->argument;
		a->argv[n] = NULL;
		return 0;
	}
	free(a->words);
	a->words = NULL;
	return ERR_CONFIG;
}

/* Between fork and exec: nothing of ours but the input. in: output  -1: to /dev/null. Does not return. */
static void
command_exec(char *const *argv, int input, int output)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
	char *environment[] = { path, locale, NULL };
	int nowhere = open("/dev/null", O_RDWR);
	sigset_t none;
	size_t i;
	static const int usual[] = { SIGTERM, SIGINT, SIGPIPE, SIGCHLD, SIGHUP };

	/* A group of its own, so that what it starts ends with it. */
	if (nowhere < 0 || setpgid(0, 0) != 0 || chdir("/") != 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(output >= 0 ? output : nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0 ||
	    close_range(3, ~0U, 0) != 0)
		_exit(EXIT_NO_COMMAND);
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		signal(usual[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, environment);
	_exit(EXIT_NO_COMMAND);
}

/* The input as a pipe that holds all of it: nobody has to wait for a command that does not read. */
static int
input_pipe(const void *data, size_t len)
{
	int ends[2];
	ssize_t written;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	written = len > 0 ? write(ends[1], data, len) : 0;
	close(ends[1]);
	if (written == (ssize_t)len && fcntl(ends[0], F_SETFL, 0) == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* start - fork and exec. error: ERR_IO */
static int
start(const struct command *command, char *const *argv, struct run *run)
{
	int out[2] = { -1, -1 };

	run->input = input_pipe(command->input, command->input_len);
	if (run->input < 0 || (run->kept != NULL && pipe2(out, O_CLOEXEC) != 0))
		return ERR_IO;
	run->output = out[0];
	run->pid = fork();
	if (run->pid == 0)
		command_exec(argv, run->input, out[1]);
	if (out[1] >= 0)
		close(out[1]);
	/* Ours alone: the program's end has other flags. */
	return run->pid > 0 && (out[0] < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) == 0) ? 0 : ERR_IO;
}

/* What there is to read now. */
static void
take_output(struct run *run)
{
	char data[READ_LEN];
	ssize_t len;

	while (run->output >= 0 && !run->overflow && (len = read(run->output, data, sizeof(data))) > 0)
		run->overflow = buf_put_octets(run->kept, data, (size_t)len) != 0;
	secret_wipe_array(data);
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
command_wait(struct run *run, int timeout_ms, int *status_out)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	int ended;

	while (!(ended = has_ended(run->pid)) && !run->overflow && clock_mono_ms() < end) {
		take_output(run);
		poll(NULL, 0, LOOK_MS);
	}
	take_output(run);
	/* The group is there once the command has made it. */
	kill(-run->pid, SIGKILL);
	kill(run->pid, SIGKILL);
	while (waitpid(run->pid, status_out, 0) < 0 && errno == EINTR)
		continue;
	return ended;
}

void
command_status_text(int status, char why[COMMAND_WHY_MAX])
{
	if (status == EXIT_NO_COMMAND)
		snprintf(why, COMMAND_WHY_MAX, "the command cannot be run, or ended with status %d", EXIT_NO_COMMAND);
	else
		snprintf(why, COMMAND_WHY_MAX, "the command ended with status %d", status);
}

/* conclude - what a run came to. in: ended  0: it took too long, or printed too much */
static int
conclude(const struct run *run, int ended, int status, int *status_out, char why[COMMAND_WHY_MAX])
{
	if (run->overflow) {
		snprintf(why, COMMAND_WHY_MAX, "the command printed too much");
		return ERR_RANGE;
	}
	if (!ended) {
		snprintf(why, COMMAND_WHY_MAX, "the command took longer than timeout_ms");
		return ERR_TIMEOUT;
	}
	if (!WIFEXITED(status)) {
		snprintf(why, COMMAND_WHY_MAX, "the command was ended by signal %d", WTERMSIG(status));
		return ERR_IO;
	}
	*status_out = WEXITSTATUS(status);
	return 0;
}

int
command_run(const struct command *command, int *status_out, char why[COMMAND_WHY_MAX])
{
	struct run run = { .pid = -1, .input = -1, .output = -1, .kept = command->output };
	struct arguments a;
	int status = 0, ended;
	int r = arguments_new(command, &a);

	*status_out = -1;
	why[0] = '\0';
	if (r != 0) {
		snprintf(why, COMMAND_WHY_MAX, "%s", err_str(r));
		return r;
	}
	r = start(command, a.argv, &run);
	if (r != 0)
		snprintf(why, COMMAND_WHY_MAX, "the command cannot be started: %s", strerror(errno));
	if (run.pid > 0) {
		ended = command_wait(&run, r == 0 ? command->timeout_ms : 0, &status);
		if (r == 0)
			r = conclude(&run, ended, status, status_out, why);
	}
	if (run.input >= 0)
		close(run.input);
	if (run.output >= 0)
		close(run.output);
	free(a.words);
	return r;
}
