/*
 * prompt.c - passwords, codes, tokens and other answers: from the terminal without echo, or from standard input, one a line,
 *            when that is no terminal. Never from the command line or the environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

static volatile sig_atomic_t caught;

static void
catch_signal(int number)
{
	caught = number;
}

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define WATCHED_LEN (sizeof(watched) / sizeof(watched[0]))

/* How signals were before, to be put back. */
struct signals {
	struct sigaction actions[WATCHED_LEN];
	sigset_t mask;
};

/* From here on the watched signals arrive only inside ppoll(), so that none slips in between looking and waiting. */
static void
signals_watch(struct signals *before)
{
	struct sigaction watch = { .sa_handler = catch_signal };
	sigset_t blocked;
	size_t i;

	caught = 0;
	sigemptyset(&watch.sa_mask);
	sigemptyset(&blocked);
	for (i = 0; i < WATCHED_LEN; i++)
		(void)sigaddset(&blocked, watched[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before->mask);
	for (i = 0; i < WATCHED_LEN; i++)
		(void)sigaction(watched[i], &watch, &before->actions[i]);
}

static void
signals_restore(const struct signals *before)
{
	size_t i;

	for (i = 0; i < WATCHED_LEN; i++)
		(void)sigaction(watched[i], &before->actions[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/*
 * One line octet by octet, so that nothing behind it is taken from whoever reads next.
 * in:    mask  signals to be let in while waiting; NULL: as they are
 */
static int
read_line(int fd, const sigset_t *mask, char line[SECRET_MAX + 1], size_t *len_out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	int too_long = 0;
	char c;
	ssize_t n;

	for (;;) {
		n = ppoll(&p, 1, NULL, mask) < 0 ? -1 : read(fd, &c, 1);
		if (n < 0 && errno == EINTR && caught == 0)
			continue;
		if (n < 0 || (n == 0 && len == 0))
			return ERR_IO;
		if (n == 0 || c == '\n')
			break;
		if (len == SECRET_MAX)
			too_long = 1;
		else
			line[len++] = c;
	}
	c = '\0';
	if (len > 0 && line[len - 1] == '\r')
		len--;
	*len_out = len;
	return too_long ? ERR_RANGE : 0;
}

static int
read_terminal(int fd, const char *question, int echo, char line[SECRET_MAX + 1], size_t *len_out)
{
	struct signals before;
	struct termios shown, hidden;
	int r = ERR_IO, number;

	if (tcgetattr(fd, &shown) != 0)
		return ERR_IO;
	signals_watch(&before);
	hidden = shown;
	if (!echo) {
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		hidden.c_lflag |= ECHONL;
	}
	(void)tcsetattr(fd, TCSAFLUSH, &hidden);
	if (write(fd, question, strlen(question)) >= 0)
		r = read_line(fd, &before.mask, line, len_out);
	(void)tcsetattr(fd, TCSAFLUSH, &shown);
	number = caught;
	if (number != 0)
		secret_wipe(line, SECRET_MAX + 1);
	signals_restore(&before);
	if (number != 0)
		(void)raise(number);
	return r;
}

static int
read_answer(const char *question, int echo, char line[SECRET_MAX + 1], size_t *len_out)
{
	int fd, r;

	fflush(stdout);
	if (!isatty(STDIN_FILENO))
		return read_line(STDIN_FILENO, NULL, line, len_out);
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return read_terminal(STDIN_FILENO, question, echo, line, len_out);
	r = read_terminal(fd, question, echo, line, len_out);
	close(fd);
	return r;
}

static int
ask(const char *question, int echo, struct secret **s_out)
{
	char line[SECRET_MAX + 1] = "";
	size_t len = 0;
	int r, status = EXIT_FAILED;

	*s_out = NULL;
	r = read_answer(question, echo, line, &len);
	if (r == ERR_RANGE) {
		say_error("longer than %d octets: %s", SECRET_MAX, question);
		status = EXIT_USAGE;
	} else if (r != 0) {
		say_error("no answer to: %s", question);
		status = EXIT_USAGE;
	} else if (len == 0) {
		say_error("empty answer to: %s", question);
		status = EXIT_USAGE;
	} else if (secret_new(line, len, s_out) == 0) {
		status = EXIT_DONE;
	}
	secret_wipe_array(line);
	return status;
}

int
prompt_secret(const char *question, struct secret **s_out)
{
	return ask(question, 0, s_out);
}

int
prompt_text(const char *question, char **text_out)
{
	struct secret *answer = NULL;
	int status = ask(question, 1, &answer);

	*text_out = NULL;
	if (status == EXIT_DONE && memchr(answer->data, '\0', answer->len) == NULL)
		*text_out = strndup((const char *)answer->data, answer->len);
	if (status == EXIT_DONE && *text_out == NULL) {
		say_error("no text: %s", question);
		status = EXIT_USAGE;
	}
	secret_free(&answer);
	return status;
}

int
prompt_new_password(struct secret **s_out)
{
	struct secret *first = NULL, *second = NULL;
	int status;

	*s_out = NULL;
	status = prompt_secret("New password: ", &first);
	if (status == EXIT_DONE)
		status = prompt_secret("New password again: ", &second);
	if (status == EXIT_DONE && !secret_equal(first->data, first->len, second->data, second->len)) {
		say_error("the two passwords are not the same; nothing was changed");
		status = EXIT_USAGE;
	}
	if (status == EXIT_DONE) {
		*s_out = first;
		first = NULL;
	}
	secret_free(&first);
	secret_free(&second);
	return status;
}
