/*
 * test_returns.c - what each entry point returns for each answer of the gate, under each flag and in each prompt mode.
 *
 * The tables are pam_muster(8)'s "RETURN VALUES" and nothing else: they are not computed from the module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "application.h"
#include "fake_gate.h"
#include "proto/proto.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN "mr1-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
#define UNHEARD_OF 0xee /* a status, and a state, of another version */

static const char *module;

static const char *const modes[] = { "", "prompt=together", "prompt=always" };
static const int flags[] = { 0, PAM_SILENT, PAM_DISALLOW_NULL_AUTHTOK, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK };

static const char *const passwords[] = { "Winter#2026", "Summer#2027", NULL };
static const char *const token[] = { TOKEN, "Summer#2027", NULL };

/* The gate answers hello, then each request so. */
struct answer {
	const char *name;
	uint8_t status, state;
	int auth, account, change, redeem;
};

static const struct answer answers[] = {
	{ "ok", PROTO_OK, STATE_OK, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS },
	{ "ok, code required", PROTO_OK, STATE_CODE_REQUIRED, PAM_AUTH_ERR, PAM_ACCT_EXPIRED, PAM_SUCCESS, PAM_AUTH_ERR },
	{ "ok, change required", PROTO_OK, STATE_CHANGE_REQUIRED, PAM_AUTH_ERR, PAM_ACCT_EXPIRED, PAM_SUCCESS, PAM_AUTH_ERR },
	{ "ok, expired", PROTO_OK, STATE_EXPIRED, PAM_AUTH_ERR, PAM_ACCT_EXPIRED, PAM_SUCCESS, PAM_AUTH_ERR },
	{ "ok, unheard of", PROTO_OK, UNHEARD_OF, PAM_AUTH_ERR, PAM_ACCT_EXPIRED, PAM_SUCCESS, PAM_AUTH_ERR },
	{ "denied", PROTO_DENIED, STATE_OK, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, nothing", PROTO_MORE, STATE_OK, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, code", PROTO_MORE, STATE_CODE_REQUIRED, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, enrolment", PROTO_MORE, STATE_ENROL_REQUIRED, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, change", PROTO_MORE, STATE_CHANGE_REQUIRED, PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, expired", PROTO_MORE, STATE_EXPIRED, PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "more, unheard of", PROTO_MORE, UNHEARD_OF, PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "rules", PROTO_RULES, STATE_OK, PAM_AUTHTOK_ERR, PAM_AUTHTOK_ERR, PAM_AUTHTOK_ERR, PAM_AUTHTOK_ERR },
	{ "unavailable", PROTO_UNAVAILABLE, STATE_OK, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	  PAM_AUTHINFO_UNAVAIL },
	{ "busy", PROTO_BUSY, STATE_OK, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
	{ "not allowed", PROTO_NOT_ALLOWED, STATE_OK, PAM_PERM_DENIED, PAM_PERM_DENIED, PAM_PERM_DENIED, PAM_PERM_DENIED },
	{ "bad request", PROTO_BAD_REQUEST, STATE_OK, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	  PAM_AUTHINFO_UNAVAIL },
	{ "not filled in", PROTO_NONE, STATE_OK, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	  PAM_AUTHINFO_UNAVAIL },
	{ "unheard of", UNHEARD_OF, STATE_OK, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL,
	  PAM_AUTHINFO_UNAVAIL },
};

static void
expect(struct application *a, struct fake_gate *g, const char *const *typed, enum call call, int with, int expected, const char *what)
{
	pam_handle_t *ph;
	int r;

	a->answers = typed;
	fake_gate_rewind(g);
	ph = application_start(a);
	r = application_flags(ph, call, with);
	if (r != expected)
		fail_msg("%s, flags %#x: %s returned %d (%s), not %d", what, (unsigned)with, call_name(call), r, pam_strerror(ph, r),
		         expected);
	assert_int_equal(pam_end(ph, r), PAM_SUCCESS);
}

static void
each_answer(const char *mode)
{
	struct application a;

	application_init(&a, module, mode);
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct answer *row = &answers[i];
		const struct fake_step steps[] = { { FAKE_STATUS, PROTO_OK, STATE_OK }, { FAKE_STATUS, row->status, row->state } };
		struct fake_gate *g = fake_gate_new(a.socket, steps, COUNT(steps));

		for (size_t j = 0; j < COUNT(flags); j++) {
			expect(&a, g, passwords, CALL_AUTH, flags[j], row->auth, row->name);
			expect(&a, g, token, CALL_AUTH, flags[j], row->redeem, row->name);
			expect(&a, g, passwords, CALL_ACCOUNT, flags[j], row->account, row->name);
		}
		for (size_t j = 0; j < 4; j++) {
			int with = (j & 1 ? PAM_SILENT : 0) | (j & 2 ? PAM_CHANGE_EXPIRED_AUTHTOK : 0);

			expect(&a, g, passwords, CALL_CHANGE, with, row->change, row->name);
		}
		fake_gate_free(&g);
	}
	application_free(&a);
}

static void
every_answer_in_every_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++)
		each_answer(modes[i]);
}

/* What a dialogue inside of a login comes to: hello, what is missing, then the dialogue's requests and the login once more. */
struct dialogue {
	const char *name;
	uint8_t missing;
	struct fake_step steps[4];
	size_t steps_len;
	int expected, silent;
};

#define STEP(status, state) { FAKE_STATUS, (status), (state) }
#define OK STEP(PROTO_OK, STATE_OK)

static const struct dialogue dialogues[] = {
	{ "code, right", STATE_CODE_REQUIRED, { OK }, 1, PAM_SUCCESS, PAM_SUCCESS },
	{ "code, wrong", STATE_CODE_REQUIRED, { STEP(PROTO_DENIED, 0) }, 1, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "code, directory gone", STATE_CODE_REQUIRED, { STEP(PROTO_UNAVAILABLE, 0) }, 1, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
	{ "change, and in", STATE_CHANGE_REQUIRED, { OK, OK }, 2, PAM_SUCCESS, PAM_SUCCESS },
	{ "change, and not in", STATE_CHANGE_REQUIRED, { OK, STEP(PROTO_DENIED, 0) }, 2, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "change refused", STATE_CHANGE_REQUIRED, { STEP(PROTO_RULES, 0) }, 1, PAM_AUTHTOK_ERR, PAM_AUTHTOK_ERR },
	{ "change with rules broken once", STATE_EXPIRED, { STEP(PROTO_RULES, 0), OK, OK }, 3, PAM_SUCCESS, PAM_SUCCESS },
	{ "change, directory gone", STATE_EXPIRED, { STEP(PROTO_UNAVAILABLE, 0) }, 1, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
	{ "changed, and to be changed again", STATE_EXPIRED, { OK, STEP(PROTO_MORE, STATE_EXPIRED) }, 2, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "enrolment, and in", STATE_ENROL_REQUIRED, { OK, OK, OK }, 3, PAM_SUCCESS, PAM_AUTH_ERR },
	{ "enrolment, and not in", STATE_ENROL_REQUIRED, { OK, OK, STEP(PROTO_DENIED, 0) }, 3, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "enrolment refused", STATE_ENROL_REQUIRED, { OK, STEP(PROTO_DENIED, 0) }, 2, PAM_AUTH_ERR, PAM_AUTH_ERR },
	{ "enrolment not begun", STATE_ENROL_REQUIRED, { STEP(PROTO_UNAVAILABLE, 0) }, 1, PAM_AUTHINFO_UNAVAIL, PAM_AUTH_ERR },
};

static void
dialogues_end_as_the_directory_says(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "");
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		const struct dialogue *d = &dialogues[i];
		struct fake_step steps[6] = { OK, STEP(PROTO_MORE, d->missing) };
		struct fake_gate *g;

		for (size_t j = 0; j < d->steps_len; j++)
			steps[2 + j] = d->steps[j];
		g = fake_gate_new(a.socket, steps, 2 + d->steps_len);
		expect(&a, g, passwords, CALL_AUTH, 0, d->expected, d->name);
		expect(&a, g, passwords, CALL_AUTH, PAM_SILENT, d->silent, d->name);
		fake_gate_free(&g);
	}
	application_free(&a);
}

/* A login came before, or none did, or one was refused: what the calls that ask nobody return, and account which need not ask. */
struct history {
	const char *name;
	int login; /* what the gate says to it, PROTO_NONE: there is none */
	int setcred, account;
};

static const struct history histories[] = {
	{ "no login", PROTO_NONE, PAM_SUCCESS, PAM_AUTHINFO_UNAVAIL },
	{ "a login", PROTO_OK, PAM_SUCCESS, PAM_SUCCESS },
	{ "a refused login", PROTO_DENIED, PAM_CRED_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
	{ "an unavailable login", PROTO_UNAVAILABLE, PAM_CRED_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
};

static const int setcred_flags[] = { PAM_ESTABLISH_CRED, PAM_DELETE_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED,
	                             PAM_ESTABLISH_CRED | PAM_SILENT, 0 };

static void
expect_history(struct application *a, const struct history *h)
{
	const struct fake_step steps[] = { OK, STEP((uint8_t)h->login, STATE_OK) };
	struct fake_gate *g = h->login != PROTO_NONE ? fake_gate_new(a->socket, steps, COUNT(steps)) : NULL;
	pam_handle_t *ph;

	a->answers = passwords;
	ph = application_start(a);
	if (g != NULL)
		(void)application_next(ph, CALL_AUTH);
	fake_gate_free(&g);
	for (size_t i = 0; i < COUNT(setcred_flags); i++) {
		if (application_flags(ph, CALL_SETCRED, setcred_flags[i]) != h->setcred)
			fail_msg("%s, flags %#x: setcred did not return %d", h->name, (unsigned)setcred_flags[i], h->setcred);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(application_flags(ph, CALL_ACCOUNT, flags[i]), h->account);
		assert_int_equal(application_flags(ph, CALL_OPEN, flags[i]), PAM_SUCCESS);
		assert_int_equal(application_flags(ph, CALL_CLOSE, flags[i]), PAM_SUCCESS);
	}
	assert_int_equal(pam_end(ph, PAM_SUCCESS), PAM_SUCCESS);
}

static void
later_calls_know_of_the_login(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=1");
	for (size_t i = 0; i < COUNT(histories); i++)
		expect_history(&a, &histories[i]);
	application_free(&a);
}

/* A login under way on the same handle takes back what the one before has left. */
static void
a_login_that_fails_takes_back_the_one_before(void **state)
{
	static const struct fake_step steps[] = { OK, OK, STEP(PROTO_DENIED, STATE_OK) };
	struct application a;
	struct fake_gate *g;
	pam_handle_t *ph;

	(void)state;
	application_init(&a, module, "");
	g = fake_gate_new(a.socket, steps, COUNT(steps));
	a.answers = passwords;
	ph = application_start(&a);
	assert_int_equal(application_next(ph, CALL_AUTH), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_SETCRED), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_AUTH), PAM_AUTH_ERR);
	assert_int_equal(application_next(ph, CALL_SETCRED), PAM_CRED_UNAVAIL);
	assert_int_equal(application_next(ph, CALL_ACCOUNT), PAM_PERM_DENIED);
	assert_int_equal(pam_end(ph, PAM_SUCCESS), PAM_SUCCESS);
	fake_gate_free(&g);
	application_free(&a);
}

static void
a_wrong_option_is_an_error_in_every_call(void **state)
{
	static const int expected[CALLS] = { [CALL_AUTH] = PAM_SERVICE_ERR, [CALL_SETCRED] = PAM_SERVICE_ERR,
		                             [CALL_ACCOUNT] = PAM_SERVICE_ERR, [CALL_CHANGE] = PAM_SERVICE_ERR,
		                             [CALL_OPEN] = PAM_SESSION_ERR, [CALL_CLOSE] = PAM_SESSION_ERR };
	struct application a;
	struct fake_gate *g;

	(void)state;
	application_init(&a, module, "nullok");
	g = fake_gate_new(a.socket, NULL, 0);
	for (enum call call = 0; call < CALLS; call++)
		expect(&a, g, passwords, call, 0, expected[call], "nullok");
	fake_gate_free(&g);
	application_free(&a);
}

/* use_first_pass and use_authtok ask nobody; without what they use they refuse. */
static void
what_must_come_from_before_is_not_asked_for(void **state)
{
	struct application a;
	struct fake_gate *g;

	(void)state;
	application_init(&a, module, "use_first_pass");
	g = fake_gate_new(a.socket, NULL, 0);
	expect(&a, g, passwords, CALL_AUTH, 0, PAM_AUTH_ERR, "use_first_pass");
	expect(&a, g, passwords, CALL_CHANGE, 0, PAM_AUTHTOK_RECOVERY_ERR, "use_first_pass");
	assert_string_equal(a.said, "");
	fake_gate_free(&g);
	application_free(&a);
	application_init(&a, module, "use_authtok");
	g = fake_gate_new(a.socket, NULL, 0);
	expect(&a, g, passwords, CALL_CHANGE, 0, PAM_AUTHTOK_RECOVERY_ERR, "use_authtok");
	assert_string_equal(a.said, "Current password (or the token from a mail): \n");
	expect(&a, g, passwords, CALL_AUTH, 0, PAM_SUCCESS, "use_authtok");
	fake_gate_free(&g);
	application_free(&a);
}

/* What silence keeps from the person stands before the next question. */
static void
silence_keeps_nothing_that_is_needed(void **state)
{
	static const struct fake_step steps[] = { OK, STEP(PROTO_MORE, STATE_EXPIRED), STEP(PROTO_RULES, 0), OK, OK };
	struct application a;
	struct fake_gate *g;

	(void)state;
	application_init(&a, module, "");
	g = fake_gate_new(a.socket, steps, COUNT(steps));
	expect(&a, g, passwords, CALL_AUTH, PAM_SILENT, PAM_SUCCESS, "silent");
	assert_string_equal(a.said, "Password: \n"
	                            "Your password has expired. Choose a new one.\nNew password: \nNew password again: \n"
	                            "The new password is too short: at least 8 characters.\n"
	                            "The new password needs a digit.\nNew password: \nNew password again: \n");
	fake_gate_free(&g);
	application_free(&a);
}

static int
find_module(void **state)
{
	(void)state;
	module = getenv("PAM_MUSTER_SO");
	return module != NULL && access(module, R_OK) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_in_every_mode),
		cmocka_unit_test(dialogues_end_as_the_directory_says),
		cmocka_unit_test(later_calls_know_of_the_login),
		cmocka_unit_test(a_login_that_fails_takes_back_the_one_before),
		cmocka_unit_test(a_wrong_option_is_an_error_in_every_call),
		cmocka_unit_test(what_must_come_from_before_is_not_asked_for),
		cmocka_unit_test(silence_keeps_nothing_that_is_needed),
	};

	return cmocka_run_group_tests_name("returns", tests, find_module, NULL);
}
