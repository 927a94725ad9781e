/*
 * test_faults.c - every entry point against every way in which the gate, its socket or the conversation can fail. What the
 *                 module must never return then is PAM_SUCCESS or PAM_IGNORE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "application.h"
#include "fake_gate.h"
#include "proto/proto.h"

#define MANY_DESCRIPTORS 2000

static const char *module;
static const char *const password[] = { "Winter#2026", NULL };
static const char *const everything[] = { "Winter#2026", "Summer#2027", NULL };

/* Calls that ask the gate; setcred and the session's two do not. */
static const enum call asking[] = { CALL_AUTH, CALL_ACCOUNT, CALL_CHANGE };
#define ASKING (sizeof(asking) / sizeof(asking[0]))

static void
expect_refusal(struct application *a, struct fake_gate *g, const char *what, enum call call)
{
	int r;

	if (g != NULL)
		fake_gate_rewind(g);
	r = application_call(a, call);
	if (r == PAM_SUCCESS || r == PAM_IGNORE)
		fail_msg("%s: %s returned %d", what, call_name(call), r);
}

/* One row of the table of return values: what each call gives on a fresh handle. */
static void
expect_row(struct application *a, struct fake_gate *g, const char *what, const int expected[CALLS])
{
	for (enum call call = 0; call < CALLS; call++) {
		int r;

		a->answers = everything;
		if (g != NULL)
			fake_gate_rewind(g);
		r = application_call(a, call);
		if (r != expected[call])
			fail_msg("%s: %s returned %d (%s), not %d", what, call_name(call), r, pam_strerror(NULL, r), expected[call]);
	}
}

static const int unavailable[CALLS] = {
	[CALL_AUTH] = PAM_AUTHINFO_UNAVAIL, [CALL_SETCRED] = PAM_SUCCESS, [CALL_ACCOUNT] = PAM_AUTHINFO_UNAVAIL,
	[CALL_CHANGE] = PAM_TRY_AGAIN, [CALL_OPEN] = PAM_SUCCESS, [CALL_CLOSE] = PAM_SUCCESS
};

static void
listen_silently(const char *path, int *fd_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path) + 1);
	*fd_out = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_return_code(bind(*fd_out, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(listen(*fd_out, 1), 0);
}

static void
no_socket_is_no_answer(void **state)
{
	struct application a;
	int fd;

	(void)state;
	application_init(&a, module, "timeout=1");
	expect_row(&a, NULL, "no socket", unavailable);
	listen_silently(a.socket, &fd);
	(void)close(fd);
	expect_row(&a, NULL, "nobody listens", unavailable);
	(void)unlink(a.socket);
	fd = open(a.socket, O_CREAT | O_WRONLY, 0666);
	(void)close(fd);
	expect_row(&a, NULL, "a file in place of the socket", unavailable);
	(void)unlink(a.socket);
	assert_return_code(symlink("/dev/log", a.socket), 0);
	expect_row(&a, NULL, "a link in place of the socket", unavailable);
	application_free(&a);
}

static void
a_gate_that_hangs_is_left_at_the_deadline(void **state)
{
	struct application a;
	int fd;

	(void)state;
	application_init(&a, module, "timeout=1");
	listen_silently(a.socket, &fd);
	expect_row(&a, NULL, "nobody accepts", unavailable);
	(void)close(fd);
	application_free(&a);
}

static void
f12_a_socket_of_somebody_else_gets_no_password(void **state)
{
	struct fake_gate *g;
	struct application a;

	(void)state;
	if (geteuid() == 0) {
		application_init(&a, module, "timeout=1");
		g = fake_gate_new(a.socket, NULL, 0);
		assert_return_code(chown(a.socket, 65534, 65534), 0);
	} else {
		application_init(&a, module, "timeout=1 owner=4000000000");
		g = fake_gate_new(a.socket, NULL, 0);
	}
	expect_row(&a, g, "foreign socket", unavailable);
	fake_gate_free(&g);
	application_free(&a);
}

/* The name is root's, but who listens is not. */
static void
f12_a_listener_who_is_somebody_else_gets_no_password(void **state)
{
	struct application a;
	int ready[2], fd;
	char octet;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		return; /* whoever is not root trusts himself, and nobody else can listen in his name */
	application_init(&a, module, "timeout=1");
	assert_return_code(chmod(a.folder, 0777), 0);
	assert_return_code(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (setuid(65534) != 0)
			_exit(1);
		listen_silently(a.socket, &fd);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	assert_return_code(chown(a.socket, 0, 0), 0);
	expect_row(&a, NULL, "foreign listener", unavailable);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(ready[0]);
	(void)close(ready[1]);
	application_free(&a);
}

/* at: how many requests are answered right before. */
static void
misbehave_at(struct application *a, size_t at, enum fake_kind kind)
{
	struct fake_step steps[4] = { { FAKE_STATUS, PROTO_OK, STATE_OK }, { FAKE_STATUS, PROTO_MORE, STATE_CODE_REQUIRED },
		                      { FAKE_STATUS, PROTO_MORE, STATE_CODE_REQUIRED } };
	static const size_t questions[CALLS] = { [CALL_AUTH] = 2, [CALL_ACCOUNT] = 1, [CALL_CHANGE] = 2 };
	struct fake_gate *g;

	steps[at] = (struct fake_step){ kind, PROTO_OK, STATE_OK };
	g = fake_gate_new(a->socket, steps, at + 1);
	for (size_t i = 0; i < ASKING; i++) {
		char what[64];

		a->answers = everything;
		(void)snprintf(what, sizeof(what), "request %zu, fault %d", at, (int)kind);
		/* a second answer that nobody asked for matters only when something is asked after it */
		if (kind == FAKE_TWICE && at + 1 >= questions[asking[i]])
			continue;
		if (at > 1 && asking[i] == CALL_ACCOUNT)
			continue;
		expect_refusal(a, g, what, asking[i]);
	}
	fake_gate_free(&g);
}

static void
an_answer_that_is_none_is_a_refusal(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=1");
	for (size_t at = 0; at < 3; at++) {
		for (enum fake_kind kind = FAKE_CLOSE; kind < FAKE_KINDS; kind++)
			misbehave_at(&a, at, kind);
	}
	application_free(&a);
}

static void
f07_only_one_status_is_success(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=5");
	for (unsigned status = 0; status <= 255; status++) {
		const struct fake_step steps[] = { { FAKE_STATUS, PROTO_OK, 0 }, { FAKE_STATUS, (uint8_t)status, STATE_EXPIRED } };
		struct fake_gate *g;

		if (status == PROTO_OK)
			continue;
		g = fake_gate_new(a.socket, steps, 2);
		a.answers = password;
		if (status != PROTO_MORE) /* then it goes on */
			expect_refusal(&a, g, "status", CALL_AUTH);
		a.answers = password;
		expect_refusal(&a, g, "status", CALL_ACCOUNT);
		a.answers = password;
		if (status != PROTO_MORE)
			expect_refusal(&a, g, "status", CALL_CHANGE);
		fake_gate_free(&g);
	}
	application_free(&a);
}

static void
a_hello_that_is_refused_is_a_refusal(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=5");
	for (unsigned status = 0; status <= 16; status++) {
		const struct fake_step steps[] = { { FAKE_STATUS, (uint8_t)status, 0 } };
		struct fake_gate *g = fake_gate_new(a.socket, steps, 1);

		expect_row(&a, g, "hello", unavailable);
		fake_gate_free(&g);
	}
	application_free(&a);
}

static void
success_with_a_state_is_none(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=5");
	for (unsigned missing = 1; missing <= 255; missing++) {
		const struct fake_step steps[] = { { FAKE_STATUS, PROTO_OK, 0 }, { FAKE_STATUS, PROTO_OK, (uint8_t)missing } };
		struct fake_gate *g = fake_gate_new(a.socket, steps, 2);

		a.answers = password;
		expect_refusal(&a, g, "state", CALL_AUTH);
		expect_refusal(&a, g, "state", CALL_ACCOUNT);
		fake_gate_free(&g);
	}
	application_free(&a);
}

/* A gate that always wants something more does not keep the module for ever. */
static void
more_without_end_is_a_refusal(void **state)
{
	struct application a;

	(void)state;
	application_init(&a, module, "timeout=5");
	for (unsigned missing = 0; missing <= 5; missing++) {
		struct fake_step steps[FAKE_STEPS_MAX] = { { FAKE_STATUS, PROTO_OK, 0 } };
		struct fake_gate *g;

		for (size_t i = 1; i < FAKE_STEPS_MAX; i++)
			steps[i] = (struct fake_step){ FAKE_STATUS, PROTO_MORE, (uint8_t)missing };
		g = fake_gate_new(a.socket, steps, FAKE_STEPS_MAX);
		a.answers = everything;
		expect_refusal(&a, g, "more", CALL_AUTH);
		fake_gate_free(&g);
	}
	application_free(&a);
}

static void
a_conversation_that_fails_is_a_refusal(void **state)
{
	struct fake_gate *g;
	struct application a;

	(void)state;
	for (int with_gate = 0; with_gate <= 1; with_gate++) {
		application_init(&a, module, "timeout=1");
		g = with_gate ? fake_gate_new(a.socket, NULL, 0) : NULL;
		for (enum conversation talk = TALK_ERROR; talk < TALKS; talk++) {
			a.talk = talk;
			expect_refusal(&a, g, "conversation", CALL_AUTH);
			expect_refusal(&a, g, "conversation", CALL_CHANGE);
			if (!with_gate)
				expect_refusal(&a, g, "conversation", CALL_ACCOUNT);
		}
		fake_gate_free(&g);
		application_free(&a);
	}
}

static void
a_right_gate_lets_in(void **state)
{
	struct application a;
	struct fake_gate *g;
	pam_handle_t *ph;

	(void)state;
	application_init(&a, module, "timeout=5");
	g = fake_gate_new(a.socket, NULL, 0);
	a.answers = password;
	ph = application_start(&a);
	assert_int_equal(application_next(ph, CALL_AUTH), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_SETCRED), PAM_SUCCESS);
	fake_gate_free(&g); /* account needs no second question */
	assert_int_equal(application_next(ph, CALL_ACCOUNT), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_OPEN), PAM_SUCCESS);
	assert_non_null(strstr(a.said, "Previous login: 2023-11-1"));
	assert_int_equal(application_next(ph, CALL_CLOSE), PAM_SUCCESS);
	/* What was learned is about this user only, and until the next login. */
	assert_int_equal(pam_set_item(ph, PAM_USER, "bob"), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_ACCOUNT), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(pam_set_item(ph, PAM_USER, "alice"), PAM_SUCCESS);
	assert_int_equal(application_next(ph, CALL_AUTH), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(application_next(ph, CALL_SETCRED), PAM_CRED_UNAVAIL);
	assert_int_equal(application_next(ph, CALL_ACCOUNT), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(pam_end(ph, PAM_SUCCESS), PAM_SUCCESS);
	application_free(&a);
}

static void
f10_descriptors_beyond_a_thousand_do_no_harm(void **state)
{
	struct rlimit limit;
	struct application a;
	struct fake_gate *g;
	int fds[MANY_DESCRIPTORS], reached = 0;

	(void)state;
	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < MANY_DESCRIPTORS + 100) {
		limit.rlim_cur = MANY_DESCRIPTORS + 100;
		assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
	application_init(&a, module, "timeout=5");
	g = fake_gate_new(a.socket, NULL, 0);
	for (int i = 0; i < MANY_DESCRIPTORS; i++) {
		fds[i] = open("/dev/null", O_RDONLY);
		reached = fds[i] > 1024 ? 1 : reached;
	}
	assert_int_equal(reached, 1);
	a.answers = password;
	assert_int_equal(application_call(&a, CALL_AUTH), PAM_SUCCESS);
	for (int i = 0; i < MANY_DESCRIPTORS; i++)
		(void)close(fds[i]);
	fake_gate_free(&g);
	application_free(&a);
}

/* What a conversation writes to standard output and reads from standard input must not be the gate. */
static int
standard_descriptors_are_closed(int n, const struct pam_message **messages, struct pam_response **responses_out, void *data)
{
	int *taken = data;

	(void)n;
	(void)messages;
	*responses_out = calloc(1, sizeof(**responses_out));
	if (*responses_out == NULL)
		abort();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		*taken += fcntl(fd, F_GETFD) != -1;
	(*responses_out)->resp = strdup(password[0]);
	return PAM_SUCCESS;
}

static void
standard_descriptors_are_never_taken(void **state)
{
	struct application a;
	struct fake_gate *g;
	int taken = 0, status, r;
	const struct pam_conv conversation = { standard_descriptors_are_closed, &taken };
	pid_t pid;

	(void)state;
	application_init(&a, module, "timeout=5");
	g = fake_gate_new(a.socket, NULL, 0);
	pid = fork();
	if (pid == 0) {
		pam_handle_t *ph = NULL;

		if (pam_start_confdir("muster-test", "alice", &conversation, a.folder, &ph) != PAM_SUCCESS)
			_exit(1);
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			(void)close(fd);
		r = pam_authenticate(ph, 0);
		_exit(r == PAM_SUCCESS && taken == 0 ? 0 : 10 + taken);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fake_gate_free(&g);
	application_free(&a);
}

/* Whoever may name members must not become root by naming one so. */
static void
system_accounts_are_not_the_directory_s(void **state)
{
	static const enum call calls[] = { CALL_AUTH, CALL_ACCOUNT, CALL_CHANGE };
	struct application a;
	struct fake_gate *g;
	pam_handle_t *ph;

	(void)state;
	for (int allowed = 0; allowed <= 1; allowed++) {
		application_init(&a, module, allowed ? "timeout=5 minimum_uid=0" : "timeout=5");
		g = fake_gate_new(a.socket, NULL, 0);
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			a.answers = everything;
			ph = application_start(&a);
			assert_int_equal(pam_set_item(ph, PAM_USER, "root"), PAM_SUCCESS);
			if (calls[i] != CALL_CHANGE)
				assert_int_equal(application_next(ph, calls[i]), allowed ? PAM_SUCCESS : PAM_USER_UNKNOWN);
			else if (!allowed)
				assert_int_equal(application_next(ph, calls[i]), PAM_USER_UNKNOWN);
			if (!allowed)
				assert_string_equal(a.said, "");
			assert_int_equal(pam_end(ph, PAM_SUCCESS), PAM_SUCCESS);
		}
		fake_gate_free(&g);
		application_free(&a);
	}
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
		cmocka_unit_test(a_right_gate_lets_in),
		cmocka_unit_test(no_socket_is_no_answer),
		cmocka_unit_test(a_gate_that_hangs_is_left_at_the_deadline),
		cmocka_unit_test(f12_a_socket_of_somebody_else_gets_no_password),
		cmocka_unit_test(f12_a_listener_who_is_somebody_else_gets_no_password),
		cmocka_unit_test(an_answer_that_is_none_is_a_refusal),
		cmocka_unit_test(f07_only_one_status_is_success),
		cmocka_unit_test(a_hello_that_is_refused_is_a_refusal),
		cmocka_unit_test(success_with_a_state_is_none),
		cmocka_unit_test(more_without_end_is_a_refusal),
		cmocka_unit_test(a_conversation_that_fails_is_a_refusal),
		cmocka_unit_test(f10_descriptors_beyond_a_thousand_do_no_harm),
		cmocka_unit_test(standard_descriptors_are_never_taken),
		cmocka_unit_test(system_accounts_are_not_the_directory_s),
	};

	return cmocka_run_group_tests_name("faults", tests, find_module, NULL);
}
