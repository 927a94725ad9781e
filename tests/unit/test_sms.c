/*
 * test_sms.c - a text message through a command: what the command is given, what its end means, and that it ends.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "musterd/courier_sms.h"

#define NUMBER "+821012345678"
#define TEXT "Acme: code 975310"

static char folder[] = "/tmp/muster-sms-XXXXXX";
static char script[64], seen[64], command[256];
static char why[MAIL_WHY_MAX];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(script, sizeof(script), "%s/send", folder);
	snprintf(seen, sizeof(seen), "%s/seen", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(script);
	unlink(seen);
	return rmdir(folder);
}

/* A command of these lines, run with the arguments "-c", the file to write to, and the number. */
static enum mail_result
send_with(const char *lines, int timeout_ms)
{
	struct conf conf = { .sms = { .command = command, .timeout_ms = timeout_ms } };
	FILE *file;

	unlink(seen);
	file = fopen(script, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", lines);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(script, 0755), 0);
	snprintf(command, sizeof(command), "%s -c  %s", script, seen);
	return sms_send(&conf, NUMBER, TEXT, strlen(TEXT), why);
}

static const char *
what_was_seen(void)
{
	static char text[4096];
	FILE *file = fopen(seen, "r");
	size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	text[len] = '\0';
	return text;
}

static void
the_number_is_an_argument_and_the_text_is_not(void **state)
{
	(void)state;
	assert_int_equal(send_with("{ echo \"$# $1 $3\"; cat; echo; tr '\\0' ' ' < /proc/$$/cmdline; } > \"$2\"", 10000), MAIL_SENT);
	assert_string_equal(why, "");
	assert_non_null(strstr(what_was_seen(), "3 -c " NUMBER "\n" TEXT "\n"));
	assert_null(strstr(strstr(what_was_seen(), TEXT) + strlen(TEXT), "975310"));
}

static void
the_command_inherits_nothing(void **state)
{
	int leak = open("/dev/null", O_RDWR); /* no O_CLOEXEC */

	(void)state;
	setenv("LDAPTLS_REQCERT", "never", 1);
	assert_int_equal(send_with("{ pwd; tr '\\0' '\\n' < /proc/$$/environ; ls /proc/$$/fd; } > \"$2\"", 10000), MAIL_SENT);
	close(leak);
	assert_memory_equal(what_was_seen(), "/\nPATH=/usr/local/bin:/usr/bin:/bin\nLC_ALL=C.UTF-8\n",
	                    strlen("/\nPATH=/usr/local/bin:/usr/bin:/bin\nLC_ALL=C.UTF-8\n"));
	assert_null(strstr(what_was_seen(), "LDAPTLS"));
	/* The shell keeps the script open as 10 or above. */
	assert_null(strstr(what_was_seen(), "\n3\n"));
}

static void
its_exit_status_is_the_outcome(void **state)
{
	static const struct {
		const char *lines;
		enum mail_result result;
		const char *says;
	} cases[] = {
		{ "exit 0", MAIL_SENT, "" },
		{ "exit 65", MAIL_NEVER, "65" },
		{ "exit 67", MAIL_NEVER, "67" },
		{ "exit 1", MAIL_LATER, "1" },
		{ "exit 64", MAIL_LATER, "64" },
		{ "exit 66", MAIL_LATER, "66" },
		{ "exit 75", MAIL_LATER, "75" },
		{ "exit 127", MAIL_LATER, "127" },
		{ "exit 255", MAIL_LATER, "255" },
		{ "kill -9 $$", MAIL_LATER, "signal 9" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_with(cases[i].lines, 10000), cases[i].result);
		assert_non_null(strstr(why, cases[i].says));
	}
}

static void
what_it_prints_is_not_repeated(void **state)
{
	(void)state;
	assert_int_equal(send_with("cat; cat >&2; echo 975310 >&2; exit 1", 10000), MAIL_LATER);
	assert_null(strstr(why, "975310"));
}

/* is_ended - 1 for a process that is gone, or killed and not yet buried: nobody waits for it but init */
static int
is_ended(pid_t pid)
{
	char path[64], state_of[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 1;
	if (fscanf(file, "%*d %*s %15s", state_of) != 1)
		state_of[0] = 'X'; /* it went while it was read */
	fclose(file);
	return state_of[0] == 'Z' || state_of[0] == 'X';
}

static void
one_that_hangs_is_ended_with_what_it_started(void **state)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	int left = 6000; /* moments: a signal need not have come when kill() returns */
	pid_t pid;

	(void)state;
	assert_int_equal(send_with("sleep 600 & echo $! > \"$2\"; sleep 600", 3000), MAIL_LATER);
	assert_non_null(strstr(why, "timeout_ms"));
	pid = (pid_t)atoi(what_was_seen());
	assert_true(pid > 1);
	while (!is_ended(pid) && left-- > 0)
		(void)nanosleep(&moment, NULL);
	assert_true(is_ended(pid));
}

static void
one_that_does_not_read_is_no_trouble(void **state)
{
	(void)state;
	assert_int_equal(send_with("exec <&-; exit 0", 10000), MAIL_SENT);
}

static void
one_that_is_not_there_is_tried_later(void **state)
{
	char nothing[] = "/nonexistent/send x";
	struct conf conf = { .sms = { .command = nothing, .timeout_ms = 10000 } };

	(void)state;
	assert_int_equal(sms_send(&conf, NUMBER, TEXT, strlen(TEXT), why), MAIL_LATER);
	assert_non_null(strstr(why, "cannot be run"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_is_an_argument_and_the_text_is_not),
		cmocka_unit_test(the_command_inherits_nothing),
		cmocka_unit_test(its_exit_status_is_the_outcome),
		cmocka_unit_test(what_it_prints_is_not_repeated),
		cmocka_unit_test(one_that_hangs_is_ended_with_what_it_started),
		cmocka_unit_test(one_that_does_not_read_is_no_trouble),
		cmocka_unit_test(one_that_is_not_there_is_tried_later),
	};

	return cmocka_run_group_tests_name("sms", tests, setup, teardown);
}
