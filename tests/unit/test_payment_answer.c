/*
 * test_payment_answer.c - the payment provider is asked through a command: what the command is told, and what its answer has to look
 *                         like before the directory sees it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/err.h"
#include "musterd/courier_payment.h"

#define RECORD "m-00000000-0000-0000-0000-000000000000-AAAAAAAAAAA"

static char folder[] = "/tmp/muster-payment-XXXXXX";
static char script[64], words[256], why[COMMAND_WHY_MAX];
static struct payment said;

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(script, sizeof(script), "%s/ask", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(script);
	return rmdir(folder);
}

/* Ask a command of these lines about a card. */
static int
ask_with(const char *lines, int timeout_ms, const char *reference)
{
	struct conf conf = { .payments = { .command = words, .timeout_ms = timeout_ms } };
	char name[] = "name", method[] = "method", card[] = "card1", kind[] = "kind", is[] = "card", ref[] = "reference", anna[] = "Anna";
	char value[256];
	struct directory_fact facts[] = { { name, anna }, { method, card }, { kind, is }, { ref, value } };
	struct directory_claim claim = { .facts = facts, .facts_len = 4 };
	FILE *file = fopen(script, "w");

	snprintf(value, sizeof(value), "%s", reference);
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", lines);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(script, 0755), 0);
	snprintf(words, sizeof(words), "%s one  two", script);
	return payment_ask(&conf, RECORD, &claim, &said, why);
}

static int
read_text(const char *text)
{
	int r = payment_read(text, strlen(text), &said);

	if (r != 0) {
		const char *value;
		size_t i;

		for (i = 0; payment_name(&said, i, &value) != NULL; i++)
			assert_string_equal(value, "");
	}
	return r;
}

static void
an_answer_is_lines(void **state)
{
	(void)state;
	assert_int_equal(read_text("state=active\nkind=card\n\ntoken=tok=1\nlast_four=4242"), 0);
	assert_string_equal(said.token, "tok=1");
	assert_string_equal(said.last_four, "4242");
	assert_int_equal(read_text("state=refused\n"), 0);
	assert_int_equal(read_text("kind=card\nstate=authenticate\nurl=https://pay.example/?a=b\n"), 0);
}

static void
what_is_no_answer(void **state)
{
	static const char *const none[] = { "", "\n", "active", "state=", "state=pending", "state=fine", "kind=card\n",
		"state=active\nnumber=1\n", "state=active\nstate=active\n", "state=active\nerror\n", "state=active\r\n",
		"state=active\nbrand=\xff\n", "state=active\nlast_four=12345\n", "=x\nstate=active\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(read_text(none[i]), ERR_PROTO);
	assert_int_equal(payment_read("state=active\nbrand=V\0sa\n", 23, &said), ERR_PROTO);
}

static void
it_is_told_lines_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(ask_with("[ $# = 2 ] && [ \"$(cat)\" = \"record=" RECORD "\nmethod=card1\nkind=card\nreference=ref_1\" ] && echo state=active", 10000,
	                          "ref_1"), 0);
	assert_string_equal(said.state, "active");
	assert_string_equal(why, "");
	/* a line of its own would be one more fact */
	assert_int_equal(ask_with("echo state=active", 10000, "ref\ntoken=x"), ERR_INPUT);
}

static void
one_that_fails_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask_with("echo state=active; exit 1", 10000, "r"), ERR_CONFIG);
	assert_string_equal(said.state, "");
	assert_non_null(strstr(why, "status 1"));
	assert_int_equal(ask_with("echo state=active; kill -9 $$", 10000, "r"), ERR_IO);
	assert_int_equal(ask_with("echo state=active; sleep 600", 500, "r"), ERR_TIMEOUT);
	assert_string_equal(said.state, "");
	assert_int_equal(ask_with("yes state=active", 10000, "r"), ERR_RANGE);
	assert_int_equal(ask_with("echo 4111111111111111", 10000, "r"), ERR_PROTO);
	assert_null(strstr(why, "4111"));
	assert_int_equal(ask_with("echo state=active >&2", 10000, "r"), ERR_PROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_lines),
		cmocka_unit_test(what_is_no_answer),
		cmocka_unit_test(it_is_told_lines_and_nothing_else),
		cmocka_unit_test(one_that_fails_says_nothing),
	};

	return cmocka_run_group_tests_name("payment answer", tests, setup, teardown);
}
