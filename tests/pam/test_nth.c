/*
 * test_nth.c - each allocation and each system call of the module fails once, in every dialogue there is.
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

static const char *module;
static void (*arm)(long nth, enum fault_kind which);
static long (*calls)(void);

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

/* Fail each call in turn until there are no more. strict: a call that failed is a refusal even though the gate agrees. */
static void
fail_each(const struct dialogue *d, int agrees, enum fault_kind which)
{
	struct dialogue mine = *d;
	struct application a;
	struct fake_gate *g;
	long n = 0, hit;

	if (!agrees)
		mine.steps[mine.steps_len - 1] = (struct fake_step)NO_STEP;
	application_init(&a, module, "timeout=5");
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
	for (size_t i = 0; i < DIALOGUES; i++)
		fail_each(&dialogues[i], 0, FAULT_ANY);
}

static void
short_memory_is_a_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++)
		fail_each(&dialogues[i], 1, FAULT_MEMORY);
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
	};

	return cmocka_run_group_tests_name("nth", tests, find_module, NULL);
}
