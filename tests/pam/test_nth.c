/*
 * test_nth.c - each allocation and each system call of the module fails once, in every dialogue there is, in every prompt mode.
 *
 * Two things must hold. When the gate refuses in the end, no failure on the way turns that into PAM_SUCCESS or PAM_IGNORE. When
 * the gate agrees, a failed allocation is a failure still: a module that goes on with half of what it needs is not to be trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <cmocka.h>

#include "application.h"
#include "fake_gate.h"
#include "fault_wrap.h"
#include "proto/proto.h"

#define CALLS_LONGEST 2000 /* a dialogue without end */

#define OK_STEP { FAKE_STATUS, PROTO_OK, STATE_OK }
#define NO_STEP { FAKE_STATUS, PROTO_DENIED, STATE_OK }
#define MORE_STEP(state) { FAKE_STATUS, PROTO_MORE, (state) }

struct dialogue {
	const char *name;
	enum call call;
	size_t steps_len; /* the last step is the gate's verdict */
	struct fake_step steps[8];
	const char *answers[8];
};

#define TOKEN "mr1-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

static const struct dialogue dialogues[] = {
	{ "password", CALL_AUTH, 2, { OK_STEP, OK_STEP }, { "Winter#2026" } },
	{ "code", CALL_AUTH, 3, { OK_STEP, MORE_STEP(STATE_CODE_REQUIRED), OK_STEP }, { "Winter#2026", "123456" } },
	{ "change", CALL_AUTH, 4, { OK_STEP, MORE_STEP(STATE_CHANGE_REQUIRED), OK_STEP, OK_STEP },
	  { "Winter#2026", "Summer#2027" } },
	{ "rules", CALL_AUTH, 5, { OK_STEP, MORE_STEP(STATE_EXPIRED), { FAKE_STATUS, PROTO_RULES, 0 }, OK_STEP, OK_STEP },
	  { "Winter#2026", "Summer#2027" } },
	{ "enrolment", CALL_AUTH, 5, { OK_STEP, MORE_STEP(STATE_ENROL_REQUIRED), OK_STEP, OK_STEP, OK_STEP },
	  { "Winter#2026", "123456" } },
	{ "token", CALL_AUTH, 3, { OK_STEP, OK_STEP, OK_STEP }, { TOKEN, "Summer#2027" } },
	{ "account", CALL_ACCOUNT, 2, { OK_STEP, OK_STEP }, { "" } },
	{ "passwd", CALL_CHANGE, 2, { OK_STEP, OK_STEP }, { "Winter#2026", "Summer#2027" } },
	{ "passwd with code", CALL_CHANGE, 3, { OK_STEP, MORE_STEP(STATE_OK), OK_STEP },
	  { "Winter#2026", "123456" } },
	{ "passwd by token", CALL_CHANGE, 2, { OK_STEP, OK_STEP }, { TOKEN, "Summer#2027" } },
};
#define DIALOGUES (sizeof(dialogues) / sizeof(dialogues[0]))

static const char *const modes[] = { "timeout=5", "timeout=5 prompt=together", "timeout=5 prompt=always" };
#define MODES (sizeof(modes) / sizeof(modes[0]))

static const char *module;
static void (*arm)(long nth, enum fault_kind which);
static long (*calls)(void);

/* prompt=always, the last mode, has asked for the code before the gate does: then the gate asking for it is a refusal. */
static size_t
modes_of(const struct dialogue *d)
{
	return MODES - (d->call == CALL_AUTH && d->steps[1].state == STATE_CODE_REQUIRED);
}

static int
run(struct application *a, struct fake_gate *g, const struct dialogue *d, long nth, enum fault_kind which)
{
	int r;

	a->answers = d->answers;
	fake_gate_rewind(g);
	arm(nth, which);
	r = application_call(a, d->call);
	return r;
}

/* Fail each call in turn until there are no more. */
static void
fail_each(const struct dialogue *d, const char *mode, int agrees, enum fault_kind which)
{
	struct dialogue mine = *d;
	struct application a;
	struct fake_gate *g;
	long n = 0, hit;

	if (!agrees)
		mine.steps[mine.steps_len - 1] = (struct fake_step)NO_STEP;
	application_init(&a, module, mode);
	g = fake_gate_new(a.socket, mine.steps, mine.steps_len);
	do {
		int r = run(&a, g, &mine, ++n, which);

		hit = calls() >= n;
		if (hit && (r == PAM_SUCCESS || r == PAM_IGNORE))
			fail_msg("%s: call %ld failed and %s returned %d", d->name, n, call_name(d->call), r);
		if (n > CALLS_LONGEST)
			fail_msg("%s: no end", d->name);
	} while (hit);
	assert_int_equal(run(&a, g, &mine, 0, which) == PAM_SUCCESS, agrees);
	if (n < 5)
		fail_msg("%s: only %ld calls", d->name, n);
	fake_gate_free(&g);
	application_free(&a);
}

static void
f06_a_refusal_stays_one_whatever_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		for (size_t j = 0; j < MODES; j++)
			fail_each(&dialogues[i], modes[j], 0, FAULT_ANY);
	}
}

static void
short_memory_is_a_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		for (size_t j = 0; j < modes_of(&dialogues[i]); j++)
			fail_each(&dialogues[i], modes[j], 1, FAULT_MEMORY);
	}
}

/* whole_login - all six calls on one handle. A call that refuses takes the later ones with it, except those of the session. */
static void
whole_login(struct application *a, int agrees, long nth)
{
	static const char *const answers[] = { "Winter#2026", "123456", NULL };
	static const enum call order[] = { CALL_AUTH, CALL_SETCRED, CALL_ACCOUNT, CALL_OPEN, CALL_CLOSE, CALL_CHANGE };
	int r[CALLS];
	pam_handle_t *ph;

	a->answers = answers;
	arm(nth, FAULT_ANY);
	ph = application_start(a);
	for (size_t i = 0; i < CALLS; i++) {
		r[order[i]] = application_next(ph, order[i]);
		if (r[order[i]] == PAM_IGNORE)
			fail_msg("call %ld failed: %s is ignored", nth, call_name(order[i]));
		if (!agrees && order[i] != CALL_OPEN && order[i] != CALL_CLOSE && r[order[i]] == PAM_SUCCESS)
			fail_msg("call %ld failed: %s succeeds", nth, call_name(order[i]));
	}
	if ((r[CALL_SETCRED] == PAM_SUCCESS) != (r[CALL_AUTH] == PAM_SUCCESS))
		fail_msg("call %ld failed: auth %d, setcred %d", nth, r[CALL_AUTH], r[CALL_SETCRED]);
	assert_int_equal(pam_end(ph, PAM_SUCCESS), PAM_SUCCESS);
}

static void
six_calls_agree_whatever_fails(void **state)
{
	static const struct fake_step steps[2][2] = { { OK_STEP, NO_STEP }, { OK_STEP, OK_STEP } };
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=5");
	for (int agrees = 0; agrees <= 1; agrees++) {
		struct fake_gate *g = fake_gate_new(a.socket, steps[agrees], 2);
		long n = 0;

		do
			whole_login(&a, agrees, ++n);
		while (calls() >= n);
		assert_in_range(n, 50, CALLS_LONGEST);
		fake_gate_free(&g);
	}
	application_free(&a);
}

static int
find_module(void **state)
{
	void *handle;

	(void)state;
	module = getenv("PAM_FAULTY_SO");
	handle = module != NULL ? dlopen(module, RTLD_NOW) : NULL;
	if (handle == NULL)
		return -1;
	*(void **)&arm = dlsym(handle, "fault_arm");
	*(void **)&calls = dlsym(handle, "fault_calls");
	return arm != NULL && calls != NULL ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f06_a_refusal_stays_one_whatever_fails),
		cmocka_unit_test(short_memory_is_a_refusal),
		cmocka_unit_test(six_calls_agree_whatever_fails),
	};

	return cmocka_run_group_tests_name("nth", tests, find_module, NULL);
}
