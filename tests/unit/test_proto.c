/*
 * test_proto.c - every message of the socket protocol comes back as it was sent, and nothing else is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/err.h"
#include "proto/proto.h"

#define LENGTH_SIZE 4

static const enum proto_type every_type[] = {
	REQ_HELLO, ANS_HELLO, REQ_LOGIN, ANS_LOGIN, REQ_ACCOUNT, ANS_ACCOUNT, REQ_CHANGE, ANS_CHANGE,
	REQ_REDEEM, ANS_REDEEM, REQ_ENROL_START, ANS_ENROL_START, REQ_ENROL, ANS_ENROL
};
#define TYPES (sizeof(every_type) / sizeof(every_type[0]))

static struct secret *
octets(const char *text)
{
	struct secret *s;

	assert_int_equal(secret_new(text, strlen(text), &s), 0);
	return s;
}

/* A message with every field set; the ones that its type does not have stay behind. */
static struct proto_message *
full_message(enum proto_type type)
{
	struct proto_message *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->type = type;
	m->version = 0x01020304;
	m->service = strdup("sshd");
	m->tty = strdup("/dev/pts/3");
	m->rhost = strdup("2001:db8::1");
	m->language = strdup("ko_KR.UTF-8");
	m->user = strdup("\xea\xb9\x80\xec\x84\x9c");
	m->password = octets("pass\xff word");
	m->code = octets("287082");
	m->new_password = octets("N3w!");
	m->token = octets("mr1-0123");
	m->setup_key = octets("GEZDGNBVGY3TQOJQ");
	m->uri = octets("otpauth://totp/x");
	m->qr = octets("\xe2\x96\x80\n");
	m->together = 1;
	m->status = PROTO_OK;
	m->state = STATE_EXPIRED;
	m->previous_login = -2;
	m->broken_rules = 0x81000001;
	m->min_length = 0x1234;
	m->max_length = 0xfffe;
	m->history = 3;
	m->recovery_codes_len = 3;
	m->recovery_codes = calloc(3, sizeof(*m->recovery_codes));
	assert_non_null(m->recovery_codes);
	m->recovery_codes[0] = octets("abcd-efgh");
	m->recovery_codes[1] = octets("");
	m->recovery_codes[2] = octets("ijkl-mnop");
	return m;
}

static struct secret *
encode(const struct proto_message *m)
{
	struct secret *frame;

	assert_int_equal(proto_encode(m, &frame), 0);
	assert_true(frame->len >= LENGTH_SIZE + 2 && frame->len <= LENGTH_SIZE + PROTO_FRAME_MAX);
	assert_int_equal((size_t)frame->data[2] << 8 | frame->data[3], frame->len - LENGTH_SIZE);
	return frame;
}

static struct secret *
frame_of(enum proto_type type)
{
	struct proto_message *m = full_message(type);
	struct secret *frame = encode(m);

	proto_free(&m);
	return frame;
}

static void
assert_secret(const struct secret *s, const char *expected)
{
	if (s == NULL)
		return; /* not a field of this type */
	assert_int_equal(s->len, strlen(expected));
	assert_memory_equal(s->data, expected, s->len);
}

static void
assert_string(const char *s, const char *expected)
{
	if (s != NULL)
		assert_string_equal(s, expected);
}

static void
every_message_round_trips(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		struct secret *frame = frame_of(every_type[i]), *again;
		struct proto_message *m;

		assert_int_equal(proto_decode(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE, &m), 0);
		assert_int_equal(m->type, every_type[i]);
		assert_string(m->service, "sshd");
		assert_string(m->user, "\xea\xb9\x80\xec\x84\x9c");
		assert_secret(m->password, "pass\xff word");
		assert_secret(m->code, "287082");
		assert_secret(m->new_password, "N3w!");
		assert_secret(m->qr, "\xe2\x96\x80\n");
		again = encode(m);
		assert_int_equal(again->len, frame->len);
		assert_memory_equal(again->data, frame->data, frame->len);
		secret_free(&again);
		secret_free(&frame);
		proto_free(&m);
		assert_null(m);
	}
}

static void
fields_have_the_order_of_the_specification(void **state)
{
	static const uint8_t login[] = "\0\0\0\x0e\x01\x02\0\x01u\0\x02pw\x01\0\x01" "1\0";
	static const uint8_t answer[] = "\0\0\0\x0c\x02\x02\x4f\0\xff\xff\xff\xff\xff\xff\xff\xfe";
	static const uint8_t change[] = "\0\0\0\x0d\x02\x04\x04\0\0\0\x21\0\x08\0\x10\0\x03";
	struct proto_message m = { .type = REQ_LOGIN, .user = (char[]){ "u" } };
	struct secret *frame;

	(void)state;
	m.password = octets("pw");
	m.code = octets("1");
	frame = encode(&m);
	assert_int_equal(frame->len, sizeof(login) - 1);
	assert_memory_equal(frame->data, login, frame->len);
	secret_free(&frame);
	secret_free(&m.password);
	secret_free(&m.code);

	m = (struct proto_message){ .type = ANS_LOGIN, .status = PROTO_OK, .previous_login = -2 };
	frame = encode(&m);
	assert_int_equal(frame->len, sizeof(answer) - 1);
	assert_memory_equal(frame->data, answer, frame->len);
	secret_free(&frame);

	m = (struct proto_message){ .type = ANS_CHANGE, .status = PROTO_RULES, .broken_rules = 0x21,
		.min_length = 8, .max_length = 16, .history = 3 };
	frame = encode(&m);
	assert_int_equal(frame->len, sizeof(change) - 1);
	assert_memory_equal(frame->data, change, frame->len);
	secret_free(&frame);
}

static void
an_absent_code_is_not_an_empty_one(void **state)
{
	struct proto_message *m = full_message(REQ_LOGIN), *got;
	struct secret *frame;

	(void)state;
	secret_free(&m->code);
	frame = encode(m);
	assert_int_equal(proto_decode(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE, &got), 0);
	assert_null(got->code);
	proto_free(&got);
	secret_free(&frame);
	m->code = octets("");
	frame = encode(m);
	assert_int_equal(proto_decode(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE, &got), 0);
	assert_non_null(got->code);
	assert_int_equal(got->code->len, 0);
	proto_free(&got);
	secret_free(&frame);
	proto_free(&m);
}

/* The copy has exactly the octets there are, so that a sanitizer sees one read too many. */
static int
decode_exactly(const uint8_t *data, size_t len, struct proto_message **m)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	r = proto_decode(copy, len, m);
	free(copy);
	return r;
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		struct secret *frame = frame_of(every_type[i]);

		for (size_t len = 0; len < frame->len - LENGTH_SIZE; len++) {
			struct proto_message *m = (struct proto_message *)1;

			assert_int_equal(decode_exactly(frame->data + LENGTH_SIZE, len, &m), ERR_PROTO);
			assert_null(m);
		}
		secret_free(&frame);
	}
}

static void
an_octet_left_over_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		struct secret *frame = frame_of(every_type[i]);
		struct proto_message *m;

		/* the NUL behind a secret's octets */
		assert_int_equal(decode_exactly(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE + 1, &m), ERR_PROTO);
		assert_null(m);
		secret_free(&frame);
	}
}

static void
an_unknown_type_is_refused(void **state)
{
	struct secret *frame = frame_of(REQ_ACCOUNT);
	struct proto_message *m;

	(void)state;
	for (unsigned type = 0; type <= 0xffff; type++) {
		int known = 0;

		for (size_t i = 0; i < TYPES; i++)
			known |= (unsigned)every_type[i] == type;
		frame->data[4] = (uint8_t)(type >> 8);
		frame->data[5] = (uint8_t)type;
		if (known)
			continue;
		assert_int_equal(proto_decode(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE, &m), ERR_PROTO);
		assert_null(m);
	}
	secret_free(&frame);
}

static void
strings_are_utf8_without_nul(void **state)
{
	static const char *const bad[] = { "\xff", "\xc0\x80", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\xaf" };
	struct proto_message m = { .type = REQ_ACCOUNT };
	struct proto_message *got;
	struct secret *frame;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t raw[16] = { 0x01, 0x03, 0, (uint8_t)strlen(bad[i]) };

		m.user = (char *)(uintptr_t)bad[i];
		assert_int_equal(proto_encode(&m, &frame), ERR_INPUT);
		assert_null(frame);
		memcpy(raw + 4, bad[i], strlen(bad[i]));
		assert_int_equal(proto_decode(raw, 4 + strlen(bad[i]), &got), ERR_PROTO);
		assert_null(got);
	}
	assert_int_equal(proto_decode((const uint8_t *)"\x01\x03\0\x03" "a\0b", 7, &got), ERR_PROTO);
	assert_null(got);
}

static void
limits_hold_on_both_ends(void **state)
{
	char user[PROTO_NAME_MAX + 2];
	uint8_t raw[4 + PROTO_NAME_MAX + 1] = { 0x01, 0x03, 0x01, 0x01 };
	struct proto_message m = { .type = REQ_ACCOUNT, .user = user }, *got;
	struct proto_message *login = full_message(REQ_LOGIN);
	struct secret *frame;

	(void)state;
	memset(user, 'a', sizeof(user));
	memset(raw + 4, 'a', sizeof(raw) - 4);
	user[PROTO_NAME_MAX] = '\0';
	assert_int_equal(proto_encode(&m, &frame), 0);
	secret_free(&frame);
	user[PROTO_NAME_MAX] = 'a';
	user[PROTO_NAME_MAX + 1] = '\0';
	assert_int_equal(proto_encode(&m, &frame), ERR_RANGE);
	assert_null(frame);
	assert_int_equal(proto_decode(raw, sizeof(raw), &got), ERR_RANGE);
	assert_null(got);

	secret_free(&login->password);
	login->password = calloc(1, sizeof(*login->password));
	login->password->len = SECRET_MAX + 1;
	login->password->data = calloc(1, SECRET_MAX + 2);
	assert_int_equal(proto_encode(login, &frame), ERR_RANGE);
	assert_null(frame);
	login->password->len = SECRET_MAX;
	assert_int_equal(proto_encode(login, &frame), 0);
	secret_free(&frame);
	proto_free(&login);
}

static void
a_frame_over_the_limit_is_refused(void **state)
{
	uint8_t *raw = calloc(1, PROTO_FRAME_MAX + 1);
	struct proto_message *m;

	(void)state;
	assert_non_null(raw);
	assert_int_equal(proto_decode(raw, PROTO_FRAME_MAX + 1, &m), ERR_RANGE);
	assert_null(m);
	free(raw);
}

static void
a_missing_field_is_not_sent(void **state)
{
	struct proto_message m = { .type = REQ_LOGIN };
	struct secret *frame;

	(void)state;
	assert_int_equal(proto_encode(&m, &frame), ERR_INPUT);
	assert_null(frame);
	m.user = (char[]){ "u" };
	assert_int_equal(proto_encode(&m, &frame), ERR_INPUT);
	assert_null(frame);
	m.type = (enum proto_type)0x0999;
	assert_int_equal(proto_encode(&m, &frame), ERR_INPUT);
	assert_null(frame);
}

static void
a_flag_is_0_or_1(void **state)
{
	uint8_t raw[] = { 0x01, 0x02, 0, 1, 'u', 0, 1, 'p', 0, 2 };
	struct proto_message *m;

	(void)state;
	assert_int_equal(proto_decode(raw, sizeof(raw), &m), ERR_PROTO); /* together */
	raw[9] = 1;
	assert_int_equal(proto_decode(raw, sizeof(raw), &m), 0);
	proto_free(&m);
	raw[8] = 2; /* option */
	assert_int_equal(proto_decode(raw, sizeof(raw), &m), ERR_PROTO);
	assert_null(m);
}

static void
an_answer_with_nothing_to_give_is_empty(void **state)
{
	struct proto_message m = { .type = ANS_ENROL_START, .status = PROTO_DENIED }, *got;
	struct secret *frame = encode(&m);

	(void)state;
	assert_int_equal(proto_decode(frame->data + LENGTH_SIZE, frame->len - LENGTH_SIZE, &got), 0);
	assert_int_equal(got->status, PROTO_DENIED);
	assert_int_equal(got->setup_key->len, 0);
	proto_free(&got);
	secret_free(&frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_round_trips),
		cmocka_unit_test(fields_have_the_order_of_the_specification),
		cmocka_unit_test(an_absent_code_is_not_an_empty_one),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(an_octet_left_over_is_refused),
		cmocka_unit_test(an_unknown_type_is_refused),
		cmocka_unit_test(strings_are_utf8_without_nul),
		cmocka_unit_test(limits_hold_on_both_ends),
		cmocka_unit_test(a_frame_over_the_limit_is_refused),
		cmocka_unit_test(a_missing_field_is_not_sent),
		cmocka_unit_test(a_flag_is_0_or_1),
		cmocka_unit_test(an_answer_with_nothing_to_give_is_empty),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
