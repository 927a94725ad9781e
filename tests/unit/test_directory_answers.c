/*
 * test_directory_answers.c - what a server may answer, right, wrong and hostile.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "directory/directory.h"
#include "scripted_server.h"

#define OID_CONTROL "2.25.154254282437691369581785512569447189437.3.1"
#define OID_SYNC_STATE "1.3.6.1.4.1.4203.1.9.1.2"

#define TAG_BIND 0x61
#define TAG_ENTRY 0x64
#define TAG_SEARCH_DONE 0x65
#define TAG_EXTENDED 0x78

static struct octets
state_value(uint8_t state, const char *previous)
{
	const uint8_t enumerated[] = { 0x0a, 1, state };
	struct octets o = { .len = 0 };

	put(&o, enumerated, sizeof(enumerated));
	if (previous != NULL)
		put_text(&o, 0x80, previous);
	return wrap(0x30, &o);
}

/* --- logins ---------------------------------------------------------------------------------------------- */

struct login {
	int r, result;
	enum verdict verdict;
	enum factor_state state;
	int64_t previous;
	int again; /* of an operation behind it */
};

static struct login
login(struct server *s)
{
	struct login l = { .verdict = VERDICT_ALLOW };
	struct directory *d = NULL;
	struct secret *password = NULL;

	assert_int_equal(secret_new("secret", 6, &password), 0);
	server_start(s, &d);
	l.r = directory_login(d, "uid=a", password, password, "test", "host", &l.verdict, &l.state, &l.previous);
	l.result = directory_result(d);
	l.again = l.r != 0 && s->silent ? directory_anonymous(d) : 0;
	server_stop(s, &d);
	secret_free(&password);
	return l;
}

static struct login
login_answered(uint8_t code, const struct octets *value)
{
	struct server s = { .answers_len = 2 };

	s.answers[0] = result(TAG_BIND, code, NULL);
	if (value != NULL)
		s.answers[0] = with_control(s.answers[0], OID_CONTROL, value);
	s.answers[1] = result(TAG_BIND, 0, NULL);
	struct login l = login(&s);
	/* A success that does not count is followed by a bind with an empty name. */
	if (code == 0 && l.verdict != VERDICT_ALLOW) {
		assert_int_equal(s.requests_len >= 2, 1);
		assert_int_equal(s.requests[1], TAG_BIND_REQUEST);
		assert_int_equal(s.names[1], 0);
	}
	return l;
}

static void
test_login_success(void **state)
{
	struct octets value = state_value(0, "20261121051436Z");
	struct login l = login_answered(0, &value);

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(l.verdict, VERDICT_ALLOW);
	assert_int_equal(l.state, FACTOR_OK);
	assert_int_equal(l.previous, 1795238076);
}

static void
test_login_success_without_control_is_no_login(void **state)
{
	struct login l = login_answered(0, NULL);

	(void)state;
	assert_int_equal(l.r, ERR_NO_OVERLAY);
	assert_int_equal(l.verdict, VERDICT_DENY);
	assert_int_equal(l.state, FACTOR_NONE);
	assert_int_equal(l.result, 0);
}

static void
test_login_success_with_another_state_is_no_login(void **state)
{
	uint8_t i;

	(void)state;
	for (i = 1; i < 8; i++) {
		struct octets value = state_value(i, NULL);
		struct login l = login_answered(0, &value);

		assert_int_equal(l.r, ERR_PROTO);
		assert_int_equal(l.verdict, VERDICT_DENY);
	}
}

static void
test_login_tells_what_is_missing(void **state)
{
	uint8_t i;

	(void)state;
	for (i = FACTOR_CODE_REQUIRED; i <= FACTOR_EXPIRED; i++) {
		struct octets value = state_value(i, NULL);
		struct login l = login_answered(8, &value);

		assert_int_equal(l.r, 0);
		assert_int_equal(l.verdict, VERDICT_DENY);
		assert_int_equal(l.state, i);
	}
}

static void
test_login_refusals(void **state)
{
	static const struct { uint8_t code; int r; } cases[] = {
		{ 49, ERR_REFUSED }, { 12, ERR_NO_OVERLAY }, { 51, ERR_BUSY }, { 52, ERR_UNREACHABLE },
		{ 8, ERR_NO_OVERLAY }, { 53, ERR_INTERNAL }, { 1, ERR_INTERNAL }, { 10, ERR_INTERNAL }, { 80, ERR_INTERNAL },
		{ 14, ERR_INTERNAL }
	};
	struct octets ok = state_value(0, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login l = login_answered(cases[i].code, NULL);

		assert_int_equal(l.r, cases[i].r);
		assert_int_equal(l.verdict, VERDICT_DENY);
		/* the state alone lets nobody in */
		l = login_answered(cases[i].code, &ok);
		assert_int_equal(l.verdict, VERDICT_DENY);
		assert_int_not_equal(l.r, 0);
	}
}

static void
test_login_control_cut_short(void **state)
{
	struct octets whole = state_value(0, "20261121051436Z"), part;
	size_t i;

	(void)state;
	for (i = 0; i < whole.len; i++) {
		part = whole;
		part.len = i;
		assert_int_equal(login_answered(0, &part).verdict, VERDICT_DENY);
	}
	part = whole;
	put(&part, "\0", 1);
	assert_int_equal(login_answered(0, &part).verdict, VERDICT_DENY);
}

static void
test_login_answer_cut_short(void **state)
{
	struct octets value = state_value(0, NULL);
	struct octets answer = with_control(result(TAG_BIND, 0, NULL), OID_CONTROL, &value);
	size_t i;

	(void)state;
	for (i = 1; i < answer.len; i++) {
		struct server s = { .answers_len = 1, .cut = i };
		struct login l;

		s.answers[0] = answer;
		l = login(&s);
		assert_int_equal(l.verdict, VERDICT_DENY);
		assert_int_not_equal(l.r, 0);
	}
}

static void
test_login_answer_with_changed_octets(void **state)
{
	struct octets value = state_value(1, NULL);
	struct octets answer = with_control(result(TAG_BIND, 8, NULL), OID_CONTROL, &value);
	size_t i;
	int bit;

	(void)state;
	for (i = 0; i < answer.len; i++) {
		/* The operation's length: refused as well, but libldap 2.5 then loses memory, which sanitizers report. */
		if (i >= 1 && i <= 3)
			continue;
		for (bit = 0; bit < 8; bit++) {
			struct server s = { .answers_len = 1, .together = 1, .cut = OCTETS_MAX };

			s.answers[0] = answer;
			s.answers[0].data[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(login(&s).verdict, VERDICT_DENY);
		}
	}
}

static void
test_login_without_an_answer(void **state)
{
	struct server silent = { .silent = 1 }, gone = { .answers_len = 0 };
	struct login l = login(&silent);

	(void)state;
	assert_int_equal(l.r, ERR_TIMEOUT);
	assert_int_equal(l.verdict, VERDICT_DENY);
	assert_int_equal(l.again, ERR_UNREACHABLE); /* nobody knows whom the connection belongs to now */
	l = login(&gone);
	assert_int_equal(l.r, ERR_UNREACHABLE);
	assert_int_equal(l.verdict, VERDICT_DENY);
}

static void
test_login_without_password_or_name_is_not_sent(void **state)
{
	struct server s = { .answers_len = 0 };
	struct directory *d = NULL;
	struct secret *empty = NULL, *password = NULL;
	enum verdict verdict = VERDICT_ALLOW;
	enum factor_state factor;
	int64_t previous;
	size_t i;

	(void)state;
	assert_int_equal(secret_new("", 0, &empty), 0);
	assert_int_equal(secret_new("x", 1, &password), 0);
	server_start(&s, &d);
	assert_int_equal(directory_login(d, "uid=a", empty, NULL, NULL, NULL, &verdict, &factor, &previous), ERR_REFUSED);
	assert_int_equal(verdict, VERDICT_DENY);
	verdict = VERDICT_ALLOW;
	assert_int_equal(directory_login(d, "", password, NULL, NULL, NULL, &verdict, &factor, &previous), ERR_REFUSED);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(directory_bind_simple(d, "uid=a", empty), ERR_REFUSED);
	assert_int_equal(directory_bind_simple(d, "", password), ERR_REFUSED);
	server_stop(&s, &d);
	for (i = 0; i < s.requests_len; i++)
		assert_int_not_equal(s.requests[i], TAG_BIND_REQUEST);
	secret_free(&empty);
	secret_free(&password);
}

/* Nobody makes us set memory aside by saying how much he is going to send. */
static void
test_login_endless_message(void **state)
{
	struct server s = { .silent = 1, .boast = 1 };

	(void)state;
	assert_int_equal(login(&s).r, ERR_UNREACHABLE);
}

/* --- extended operations ----------------------------------------------------------------------------------- */

/* A claim's answer as the specification has it. */
static struct octets
claim_value(void)
{
	struct octets body = { .len = 0 }, pair = { .len = 0 }, facts, list;

	put_text(&pair, 0x04, "service");
	put_text(&pair, 0x0c, "Example");
	facts = wrap(0x30, &pair);
	list = wrap(0x30, &facts);
	put_text(&body, 0x04, "reset");
	put_text(&body, 0x04, "alice@acme.example");
	put_text(&body, 0x0c, "ko");
	put_text(&body, 0x80, "mr1-token");
	put(&body, list.data, list.len);
	return wrap(0x30, &body);
}

static int
claim(const struct octets *value, struct directory_claim **claim_out)
{
	struct server s = { .answers_len = 1 };
	struct directory *d = NULL;
	int r;

	s.answers[0] = result(TAG_EXTENDED, 0, value);
	server_start(&s, &d);
	r = directory_claim(d, "q-1", claim_out);
	server_stop(&s, &d);
	return r;
}

static void
test_claim(void **state)
{
	struct octets value = claim_value();
	struct directory_claim *c = NULL;

	(void)state;
	assert_int_equal(claim(&value, &c), 0);
	assert_string_equal(c->kind, "reset");
	assert_string_equal(c->address, "alice@acme.example");
	assert_string_equal(c->language, "ko");
	assert_string_equal((const char *)c->secret->data, "mr1-token");
	assert_int_equal(c->facts_len, 1);
	assert_string_equal(c->facts[0].name, "service");
	assert_string_equal(c->facts[0].value, "Example");
	directory_claim_free(&c);
	assert_null(c);
}

static void
test_claim_cut_short_or_changed(void **state)
{
	struct octets whole = claim_value(), bad;
	struct directory_claim *c = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < whole.len; i++) {
		bad = whole;
		bad.len = i;
		assert_int_not_equal(claim(&bad, &c), 0);
		assert_null(c);
		bad = whole;
		bad.data[i] ^= 0xff;
		if (claim(&bad, &c) == 0)
			directory_claim_free(&c);
		assert_null(c);
	}
	assert_int_equal(claim(NULL, &c), ERR_PROTO);
	bad = whole;
	put(&bad, "x", 1);
	assert_int_equal(claim(&bad, &c), ERR_PROTO);
}

static void
test_claim_text_with_nul(void **state)
{
	struct octets value = claim_value();
	struct directory_claim *c = NULL;
	uint8_t *at = memchr(value.data, '@', value.len);

	(void)state;
	assert_non_null(at);
	*at = '\0';
	assert_int_equal(claim(&value, &c), 0);
	assert_int_equal(*strchr(c->address, ' '), ' '); /* no address, so nobody else's either */
	directory_claim_free(&c);
}

static int
enrol(const struct octets *value, struct secret ***codes_out, size_t *n_out)
{
	const struct directory_target target = { .organization = "acme", .login = "alice" };
	struct server s = { .answers_len = 1 };
	struct directory *d = NULL;
	struct secret *text = NULL;
	uint8_t seed[20] = { 0 };
	int r;

	assert_int_equal(secret_new("x", 1, &text), 0);
	s.answers[0] = result(TAG_EXTENDED, 0, value);
	server_start(&s, &d);
	r = directory_enrol_totp(d, &target, text, seed, sizeof(seed), text, codes_out, n_out);
	server_stop(&s, &d);
	secret_free(&text);
	return r;
}

static void
test_enrol_codes(void **state)
{
	struct octets body = { .len = 0 }, value, bad;
	struct secret **codes = NULL;
	size_t n = 0, i;

	(void)state;
	put_text(&body, 0x04, "aaaa-bbbb");
	put_text(&body, 0x04, "cccc-dddd");
	value = wrap(0x30, &body);
	assert_int_equal(enrol(&value, &codes, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal((const char *)codes[1]->data, "cccc-dddd");
	secret_free(&codes[0]);
	secret_free(&codes[1]);
	free(codes);
	for (i = 1; i < value.len; i++) {
		bad = value;
		bad.len = i;
		assert_int_not_equal(enrol(&bad, &codes, &n), 0);
		assert_null(codes);
		assert_int_equal(n, 0);
	}
}

static void
test_operation_results(void **state)
{
	static const struct { uint8_t code; int r; } cases[] = {
		{ 0, 0 }, { 49, ERR_REFUSED }, { 50, ERR_REFUSED }, { 19, ERR_RULES }, { 34, ERR_INPUT }, { 51, ERR_BUSY },
		{ 32, ERR_NOT_FOUND }, { 53, ERR_INTERNAL }, { 123, ERR_INTERNAL }
	};
	const struct directory_target target = { .dn = "uid=a" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server s = { .answers_len = 1 };
		struct directory *d = NULL;

		s.answers[0] = result(TAG_EXTENDED, cases[i].code, NULL);
		server_start(&s, &d);
		assert_int_equal(directory_request_reset(d, &target), cases[i].r);
		server_stop(&s, &d);
	}
}

/* --- app passwords and accounts ---------------------------------------------------------------------- */

static int
new_app_password(const struct octets *value, uint8_t code, char **id_out, struct secret **text_out,
                 enum factor_state *state_out)
{
	static const char *const networks[] = { "192.0.2.0/24", "2001:db8::/32" };
	const struct directory_target target = { .dn = "uid=a" };
	struct server s = { .answers_len = 1 };
	struct directory *d = NULL;
	struct secret *password = NULL;
	int r;

	s.answers[0] = result(TAG_EXTENDED, code, value);
	assert_int_equal(secret_new("secret", 6, &password), 0);
	server_start(&s, &d);
	r = directory_new_app_password(d, &target, password, NULL, "Mail", networks, 2, id_out, text_out, state_out);
	server_stop(&s, &d);
	secret_free(&password);
	return r;
}

static void
test_new_app_password(void **state)
{
	struct octets content = { .len = 0 }, value;
	enum factor_state factor;
	struct secret *text;
	char *id;
	size_t cut;

	(void)state;
	put_text(&content, 0x04, "abcdefgh");
	put_text(&content, 0x04, "ma-secret");
	value = wrap(0x30, &content);
	assert_int_equal(new_app_password(&value, 0, &id, &text, &factor), 0);
	assert_string_equal(id, "abcdefgh");
	assert_int_equal(text->len, 9);
	assert_memory_equal(text->data, "ma-secret", 9);
	free(id);
	secret_free(&text);
	for (cut = 0; cut < value.len; cut++) {
		struct octets bad = value;

		bad.len = cut;
		assert_int_not_equal(new_app_password(&bad, 0, &id, &text, &factor), 0);
		assert_null(id);
		assert_null(text);
	}
	put_text(&content, 0x04, "more");
	value = wrap(0x30, &content);
	assert_int_equal(new_app_password(&value, 0, &id, &text, &factor), ERR_PROTO);
	assert_int_equal(new_app_password(NULL, 0, &id, &text, &factor), ERR_PROTO);
	assert_int_equal(new_app_password(NULL, 8, &id, &text, &factor), ERR_REFUSED);
	assert_int_equal(factor, FACTOR_CODE_REQUIRED);
	assert_int_equal(new_app_password(NULL, 49, &id, &text, &factor), ERR_REFUSED);
	assert_int_equal(factor, FACTOR_NONE);
}

static int
check_account(const struct octets *value, uint8_t code, enum factor_state *state_out)
{
	const struct directory_target target = { .dn = "uid=a" };
	struct server s = { .answers_len = 1 };
	struct directory *d = NULL;
	int r;

	s.answers[0] = result(TAG_EXTENDED, code, value);
	server_start(&s, &d);
	r = directory_check_account(d, &target, "sshd", "192.0.2.1", state_out);
	server_stop(&s, &d);
	return r;
}

static void
test_check_account(void **state)
{
	static const struct octets wrong[] = {
		{ .data = { 0x0a, 1, 6 }, .len = 3 },       { .data = { 0x0a, 1, 0xff }, .len = 3 },
		{ .data = { 0x0a, 1, 127 }, .len = 3 },     { .data = { 0x02, 1, 0 }, .len = 3 },
		{ .data = { 0x0a, 1 }, .len = 2 },          { .data = { 0x0a, 0 }, .len = 2 },
		{ .data = { 0x0a, 1, 0, 0 }, .len = 4 },    { .data = { 0x0a, 5, 1, 0, 0, 0, 0 }, .len = 7 },
		{ .data = { 0x0a, 0x84, 0xff, 0xff, 0xff, 0xff, 0 }, .len = 7 },
	};
	enum factor_state factor;
	uint8_t i;

	(void)state;
	for (i = 0; i <= 5; i++) {
		struct octets value = { .data = { 0x0a, 1, i }, .len = 3 };

		assert_int_equal(check_account(&value, 0, &factor), 0);
		assert_int_equal(factor, i);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(check_account(&wrong[i], 0, &factor), ERR_PROTO);
		assert_int_equal(factor, FACTOR_NONE);
	}
	assert_int_equal(check_account(NULL, 0, &factor), ERR_PROTO);
	assert_int_equal(check_account(&wrong[0], 49, &factor), ERR_REFUSED);
	assert_int_equal(check_account(NULL, 50, &factor), ERR_REFUSED);
	assert_int_equal(factor, FACTOR_NONE);
}

/* --- sync ------------------------------------------------------------------------------------------------------ */

static struct octets
sync_entry(uint8_t sync_state, const char *dn, const char *attribute, const char *value)
{
	const uint8_t enumerated[] = { 0x0a, 1, sync_state };
	struct octets o = { .len = 0 }, set = { .len = 0 }, attr = { .len = 0 }, control = { .len = 0 }, list;

	put_text(&set, 0x04, value);
	set = wrap(0x31, &set);
	put_text(&attr, 0x04, attribute);
	put(&attr, set.data, set.len);
	list = wrap(0x30, &attr);
	list = wrap(0x30, &list);
	put_text(&o, 0x04, dn);
	put(&o, list.data, list.len);
	put(&control, enumerated, sizeof(enumerated));
	put_tlv(&control, 0x04, "0123456789abcdef", 16);
	control = wrap(0x30, &control);
	return with_control(wrap(TAG_ENTRY, &o), OID_SYNC_STATE, &control);
}

struct told {
	char ids[8][80];
	size_t n;
	size_t stop_after;
	volatile int stop;
};

static int
tell(const char *record_id, void *arg)
{
	struct told *t = arg;

	snprintf(t->ids[t->n++ % 8], sizeof(t->ids[0]), "%s", record_id);
	if (t->n == t->stop_after)
		t->stop = 1;
	return 0;
}

static void
test_follow(void **state)
{
	struct server s = { .answers_len = 6, .together = 1 };
	struct directory *d = NULL;
	struct told told = { .stop_after = 2 };

	(void)state;
	s.answers[0] = sync_entry(3, "uid=gone", "musterOutbox", "m-gone reset 1");
	s.answers[1] = sync_entry(0, "uid=present", "musterOutbox", "m-present reset 1");
	s.answers[2] = sync_entry(1, "uid=bad", "musterOutbox", "../../etc reset 1");
	s.answers[3] = sync_entry(1, "uid=a", "musterOutbox", "m-1 password-changed 1795238076");
	s.answers[4] = sync_entry(2, "uid=b", "musterOutbox", "m-2 factor-added 1795238076");
	s.answers[5] = sync_entry(2, "uid=c", "musterOutbox", "m-3 factor-added 1795238076");
	server_start(&s, &d);
	assert_int_equal(directory_follow(d, "dc=x", tell, NULL, &told, 100, &told.stop), 0);
	server_stop(&s, &d);
	assert_int_equal(told.n, 2);
	assert_string_equal(told.ids[0], "m-1");
	assert_string_equal(told.ids[1], "m-2");
}

static void
test_follow_that_ends_is_an_error(void **state)
{
	static const struct { uint8_t code; int r; } cases[] = {
		{ 0, ERR_UNREACHABLE }, { 12, ERR_CONFIG }, { 50, ERR_REFUSED }, { 4, ERR_RANGE }, { 32, ERR_NOT_FOUND }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server s = { .answers_len = 1 };
		struct directory *d = NULL;
		struct told told = { .n = 0 };

		s.answers[0] = result(TAG_SEARCH_DONE, cases[i].code, NULL);
		server_start(&s, &d);
		assert_int_equal(directory_follow(d, "dc=x", tell, NULL, &told, 100, &told.stop), cases[i].r);
		server_stop(&s, &d);
	}
}

static void
test_follow_without_state_is_no_sync(void **state)
{
	struct octets body = { .len = 0 };
	struct server s = { .answers_len = 1 };
	struct directory *d = NULL;
	struct told told = { .n = 0 };

	(void)state;
	put_text(&body, 0x04, "uid=a");
	put_text(&body, 0x30, "");
	s.answers[0] = wrap(TAG_ENTRY, &body);
	server_start(&s, &d);
	assert_int_equal(directory_follow(d, "dc=x", tell, NULL, &told, 100, &told.stop), ERR_PROTO);
	server_stop(&s, &d);
	assert_int_equal(told.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login_success),
		cmocka_unit_test(test_login_success_without_control_is_no_login),
		cmocka_unit_test(test_login_success_with_another_state_is_no_login),
		cmocka_unit_test(test_login_tells_what_is_missing),
		cmocka_unit_test(test_login_refusals),
		cmocka_unit_test(test_login_control_cut_short),
		cmocka_unit_test(test_login_answer_cut_short),
		cmocka_unit_test(test_login_answer_with_changed_octets),
		cmocka_unit_test(test_login_without_an_answer),
		cmocka_unit_test(test_login_without_password_or_name_is_not_sent),
		cmocka_unit_test(test_login_endless_message),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_claim_cut_short_or_changed),
		cmocka_unit_test(test_claim_text_with_nul),
		cmocka_unit_test(test_enrol_codes),
		cmocka_unit_test(test_new_app_password),
		cmocka_unit_test(test_check_account),
		cmocka_unit_test(test_operation_results),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_follow_that_ends_is_an_error),
		cmocka_unit_test(test_follow_without_state_is_no_sync)
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("directory_answers", tests, NULL, NULL);
}
