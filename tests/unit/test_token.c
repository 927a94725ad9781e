/*
 * test_token.c - tokens and codes are random and have their shape; a challenge takes one secret, for one purpose, one
 *                record and one entry, until it expires.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/token.h"

#define TOKENS 100000
#define ENTRY "0d3f1b2c-0000-4000-8000-000000000001"
#define HEX_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_2 "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static struct keyring *ring;

static struct keyring *
ring_of(const char *text)
{
	struct keyring *made;
	int line;

	assert_int_equal(keyring_parse(text, strlen(text), &made, &line), 0);
	return made;
}

static int
set_up(void **state)
{
	(void)state;
	ring = ring_of("k1 " HEX_1);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	keyring_free(&ring);
	return 0;
}

static int
compare_tokens(const void *a, const void *b)
{
	return memcmp(a, b, TOKEN_TEXT_LEN);
}

static void
f18_tokens_do_not_repeat(void **state)
{
	char (*tokens)[TOKEN_TEXT_LEN + 1] = malloc(TOKENS * sizeof(*tokens));
	size_t i;

	(void)state;
	assert_non_null(tokens);
	for (i = 0; i < TOKENS; i++) {
		token_new(tokens[i]);
		assert_int_equal(strlen(tokens[i]), TOKEN_TEXT_LEN);
		assert_true(token_looks_like(tokens[i], TOKEN_TEXT_LEN));
	}
	qsort(tokens, TOKENS, sizeof(*tokens), compare_tokens);
	for (i = 1; i < TOKENS; i++)
		assert_true(memcmp(tokens[i - 1], tokens[i], TOKEN_TEXT_LEN) != 0);
	free(tokens);
}

static void
only_its_shape_looks_like_a_token(void **state)
{
	char token[TOKEN_TEXT_LEN + 1], changed[TOKEN_TEXT_LEN + 1];
	size_t i;
	int value, in_alphabet;

	(void)state;
	token_new(token);
	assert_int_equal(strncmp(token, "mr1-", 4), 0);
	for (i = 0; i < TOKEN_TEXT_LEN; i++)
		assert_int_equal(token_looks_like(token, i), 0);
	assert_int_equal(token_looks_like(token, TOKEN_TEXT_LEN + 1), 0);
	for (i = 0; i < TOKEN_TEXT_LEN; i++) {
		memcpy(changed, token, sizeof(token));
		for (value = 0; value < 256; value++) {
			changed[i] = (char)value;
			in_alphabet = (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') ||
			              (value >= '0' && value <= '9') || value == '-' || value == '_';
			assert_int_equal(token_looks_like(changed, TOKEN_TEXT_LEN),
			                 i < 4 ? (char)value == token[i] : in_alphabet);
		}
	}
}

static void
codes_use_every_digit_everywhere(void **state)
{
	unsigned seen[CODE_DIGITS][10] = { { 0 } };
	char code[CODE_DIGITS + 1];
	int i, k;

	(void)state;
	for (i = 0; i < 20000; i++) {
		code_new(code);
		assert_int_equal(strlen(code), CODE_DIGITS);
		for (k = 0; k < CODE_DIGITS; k++) {
			assert_in_range(code[k], '0', '9');
			seen[k][code[k] - '0']++;
		}
	}
	/* 2000 expected, standard deviation 42: twelve of them off is not chance */
	for (i = 0; i < CODE_DIGITS; i++)
		for (k = 0; k < 10; k++)
			assert_in_range(seen[i][k], 1500, 2500);
}

static struct challenge
example(void)
{
	struct challenge ch = {
		.purpose = "reset", .record_id = "q-ABCDEFGHIJKLMNOPQRST_-", .minted = 1000, .expires = 4600,
		.address = "alice@example.com",
	};

	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), "mr1-token", 9), 0);
	return ch;
}

static int
check(const struct challenge *ch, const char *purpose, const char *entry, const char *typed, int64_t now,
      enum verdict *verdict)
{
	*verdict = VERDICT_ALLOW;
	return challenge_check(ch, ring, purpose, entry, strlen(entry), typed, strlen(typed), now, verdict);
}

static void
right_secret_is_allowed_until_it_expires(void **state)
{
	struct challenge ch = example();
	enum verdict verdict;

	(void)state;
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 4599, &verdict), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 4600, &verdict), ERR_EXPIRED);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", INT64_MAX, &verdict), ERR_EXPIRED);
	assert_int_equal(verdict, VERDICT_DENY);
}

static void
tries_run_out(void **state)
{
	struct challenge ch = example();
	enum verdict verdict;

	(void)state;
	ch.tries = TOKEN_TRIES - 1;
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	ch.tries = TOKEN_TRIES;
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 1000, &verdict), ERR_ATTEMPTS);
	assert_int_equal(verdict, VERDICT_DENY);
	ch.tries = UINT32_MAX;
	assert_int_equal(check(&ch, "reset", ENTRY, "mr1-token", 1000, &verdict), ERR_ATTEMPTS);
	assert_int_equal(verdict, VERDICT_DENY);
}

static void
anything_else_is_denied(void **state)
{
	static const char *const typed[] = { "", "m", "mr1-toke", "mr1-token ", "Mr1-token", "mr1-tokem" };
	struct challenge ch = example(), changed;
	enum verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		assert_int_equal(check(&ch, "reset", ENTRY, typed[i], 1000, &verdict), 0);
		assert_int_equal(verdict, VERDICT_DENY);
	}
	assert_int_equal(check(&ch, "rese", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(check(&ch, "enrol", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(check(&ch, "reset", "0d3f1b2c-0000-4000-8000-000000000002", "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(check(&ch, "reset", "", "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	changed = ch;
	strcpy(changed.record_id, "q-ABCDEFGHIJKLMNOPQRST__");
	assert_int_equal(check(&changed, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	changed = ch;
	strcpy(changed.address, "alicf@example.com");
	assert_int_equal(check(&changed, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	changed = ch;
	strcpy(changed.purpose, "enrol");
	assert_int_equal(check(&changed, "enrol", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	for (i = 0; i < sizeof(ch.hash) * 8; i++) {
		changed = ch;
		changed.hash[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(check(&changed, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
		assert_int_equal(verdict, VERDICT_DENY);
	}
	changed = ch;
	memset(changed.hash, 0, sizeof(changed.hash));
	assert_int_equal(check(&changed, "reset", ENTRY, "mr1-token", 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
}

static void
parts_cannot_be_shifted_into_each_other(void **state)
{
	struct challenge a = example(), b = example();

	(void)state;
	strcpy(a.purpose, "reset");
	strcpy(a.record_id, "xy");
	strcpy(b.purpose, "resetx");
	strcpy(b.record_id, "y");
	assert_int_equal(challenge_set_secret(&a, ring, "ab", 2, "cd", 2), 0);
	assert_int_equal(challenge_set_secret(&b, ring, "ab", 2, "cd", 2), 0);
	assert_memory_not_equal(a.hash, b.hash, sizeof(a.hash));
	b = a;
	assert_int_equal(challenge_set_secret(&b, ring, "a", 1, "bcd", 3), 0);
	assert_memory_not_equal(a.hash, b.hash, sizeof(a.hash));
}

static void
challenges_outlive_a_rotation(void **state)
{
	struct challenge ch = example();
	struct keyring *rotated = ring_of("k2 " HEX_2 "\nk1 " HEX_1);
	struct keyring *without = ring_of("k2 " HEX_2);
	enum verdict verdict;

	(void)state;
	assert_int_equal(challenge_check(&ch, rotated, "reset", ENTRY, strlen(ENTRY), "mr1-token", 9, 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	assert_int_equal(challenge_check(&ch, without, "reset", ENTRY, strlen(ENTRY), "mr1-token", 9, 1000, &verdict), ERR_KEY);
	assert_int_equal(verdict, VERDICT_DENY);
	strcpy(ch.key_id, "k2");
	assert_int_equal(challenge_check(&ch, rotated, "reset", ENTRY, strlen(ENTRY), "mr1-token", 9, 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	keyring_free(&rotated);
	keyring_free(&without);
}

static void
secrets_have_a_length(void **state)
{
	static const char zero[32];
	struct challenge ch = example();
	char *megabyte = calloc(1, 1 << 20);
	enum verdict verdict;

	(void)state;
	assert_non_null(megabyte);
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), "", 0), ERR_RANGE);
	assert_memory_equal(ch.hash, zero, sizeof(ch.hash));
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, 0, "x", 1), ERR_RANGE);
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), megabyte, 1001), ERR_RANGE);
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), megabyte, 1000), 0);
	assert_int_equal(challenge_check(&ch, ring, "reset", ENTRY, strlen(ENTRY), megabyte, 1 << 20, 1000, &verdict), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	ch.purpose[0] = '\0';
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), "x", 1), ERR_RANGE);
	ch = example();
	ch.record_id[0] = '\0';
	assert_int_equal(challenge_set_secret(&ch, ring, ENTRY, strlen(ENTRY), "x", 1), ERR_RANGE);
	free(megabyte);
}

static void
assert_same(const struct challenge *a, const struct challenge *b)
{
	assert_string_equal(a->purpose, b->purpose);
	assert_string_equal(a->record_id, b->record_id);
	assert_string_equal(a->address, b->address);
	assert_string_equal(a->key_id, b->key_id);
	assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
	assert_true(a->minted == b->minted && a->expires == b->expires && a->tries == b->tries);
}

static void
text_is_read_back(void **state)
{
	struct challenge ch = example(), back;
	char text[CHALLENGE_TEXT_MAX];

	(void)state;
	assert_int_equal(challenge_format(&ch, text), 0);
	assert_int_equal(strncmp(text, "reset q-ABCDEFGHIJKLMNOPQRST_- 1000 4600 0 ", 43), 0);
	assert_int_equal(challenge_parse(text, strlen(text), &back), 0);
	assert_same(&ch, &back);
}

static void
longest_text_fits(void **state)
{
	struct challenge ch = example(), back;
	char text[CHALLENGE_TEXT_MAX];

	(void)state;
	memset(ch.purpose, 'p', sizeof(ch.purpose) - 1);
	memset(ch.record_id, 'r', sizeof(ch.record_id) - 1);
	memset(ch.address, 'a', sizeof(ch.address) - 1);
	memset(ch.key_id, 'k', sizeof(ch.key_id) - 1);
	memset(ch.hash, 0xff, sizeof(ch.hash));
	ch.minted = ch.expires = INT64_MAX;
	ch.tries = UINT32_MAX;
	assert_int_equal(challenge_format(&ch, text), 0);
	assert_int_equal(challenge_parse(text, strlen(text), &back), 0);
	assert_same(&ch, &back);
}

static void
what_has_no_text_is_refused(void **state)
{
	struct challenge ch = example();
	char text[CHALLENGE_TEXT_MAX];

	(void)state;
	ch.purpose[2] = ' ';
	assert_int_equal(challenge_format(&ch, text), ERR_INPUT);
	assert_string_equal(text, "");
	ch = example();
	ch.record_id[0] = '\0';
	assert_int_equal(challenge_format(&ch, text), ERR_INPUT);
	ch = example();
	ch.key_id[0] = '\0';
	assert_int_equal(challenge_format(&ch, text), ERR_INPUT);
	ch = example();
	ch.address[0] = '\n';
	assert_int_equal(challenge_format(&ch, text), ERR_INPUT);
	ch = example();
	ch.address[0] = '\0';
	assert_int_equal(challenge_format(&ch, text), ERR_INPUT);
	ch = example();
	ch.minted = -1;
	assert_int_equal(challenge_format(&ch, text), ERR_RANGE);
	ch = example();
	ch.expires = INT64_MIN;
	assert_int_equal(challenge_format(&ch, text), ERR_RANGE);
}

/* A copy that ends where the value ends, so that the sanitizer sees one octet too many. */
static int
parse_exact(const char *text, size_t len, struct challenge *ch)
{
	char *copy = malloc(len == 0 ? 1 : len);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = challenge_parse(copy, len, ch);
	free(copy);
	return r;
}

static void
cut_or_changed_text_is_refused_or_means_something_else(void **state)
{
	static const struct challenge empty;
	struct challenge ch = example(), back;
	char text[CHALLENGE_TEXT_MAX], changed[CHALLENGE_TEXT_MAX], again[CHALLENGE_TEXT_MAX];
	size_t len, i;
	int value;

	(void)state;
	assert_int_equal(challenge_format(&ch, text), 0);
	len = strlen(text);
	for (i = 0; i < len; i++) {
		/* a cut inside the address can leave a whole, shorter one; nothing else can be lost */
		if (parse_exact(text, i, &back) == 0)
			assert_true(strncmp(back.address, ch.address, strlen(back.address)) == 0 &&
			            memcmp(back.hash, ch.hash, sizeof(ch.hash)) == 0);
		else
			assert_memory_equal(&back, &empty, sizeof(back));
		memcpy(changed, text, len + 1);
		for (value = 0; value < 256; value++) {
			changed[i] = (char)value;
			if (parse_exact(changed, len, &back) != 0) {
				assert_memory_equal(&back, &empty, sizeof(back));
				continue;
			}
			/* one value, one text */
			assert_int_equal(challenge_format(&back, again), 0);
			assert_string_equal(again, changed);
		}
	}
}

static void
other_texts_are_refused(void **state)
{
#define HASH_TEXT "k1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	static const char *const bad[] = {
		"", " ", "       ", "reset", "reset q 1 2 0 " HASH_TEXT, "reset q 1 2 0 " HASH_TEXT " ",
		" reset q 1 2 0 " HASH_TEXT " YQ==", "reset q 1 2 0 " HASH_TEXT " YQ== ", "reset  q 1 2 0 " HASH_TEXT " YQ==",
		"reset q 01 2 0 " HASH_TEXT " YQ==",
		"reset q 1 2 0 " HASH_TEXT " YR==", "reset q 1 2 0 " HASH_TEXT " YQ", "reset q 1 2 0 AAAA YQ==",
		"reset q 1 2 0 " HASH_TEXT " AA==", "reset q 1 2 0 " HASH_TEXT " Cg==", "reset q 1 2 0 " HASH_TEXT " /w==",
		"res$et q 1 2 0 " HASH_TEXT " YQ==", "aaaaaaaaaaaaaaaaaaaaaaaa q 1 2 0 " HASH_TEXT " YQ==",
	};
	static const char *const out_of_range[] = {
		"reset q 9223372036854775808 2 0 " HASH_TEXT " YQ==", "reset q 1 9223372036854775808 0 " HASH_TEXT " YQ==",
		"reset q 1 2 4294967296 " HASH_TEXT " YQ==", "reset q -1 2 0 " HASH_TEXT " YQ==",
		"reset q 1 2 -1 " HASH_TEXT " YQ==",
	};
	struct challenge ch;
	char *megabyte = malloc(1 << 20);
	size_t i;

	(void)state;
	assert_int_equal(parse_exact("reset q 1 2 0 " HASH_TEXT " YQ==", strlen("reset q 1 2 0 " HASH_TEXT " YQ=="), &ch), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_exact(bad[i], strlen(bad[i]), &ch), ERR_INPUT);
	for (i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]); i++)
		assert_int_equal(parse_exact(out_of_range[i], strlen(out_of_range[i]), &ch), ERR_RANGE);
	assert_non_null(megabyte);
	memset(megabyte, ' ', 1 << 20);
	assert_int_equal(challenge_parse(megabyte, 1 << 20, &ch), ERR_INPUT);
	free(megabyte);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f18_tokens_do_not_repeat),
		cmocka_unit_test(only_its_shape_looks_like_a_token),
		cmocka_unit_test(codes_use_every_digit_everywhere),
		cmocka_unit_test(right_secret_is_allowed_until_it_expires),
		cmocka_unit_test(tries_run_out),
		cmocka_unit_test(anything_else_is_denied),
		cmocka_unit_test(parts_cannot_be_shifted_into_each_other),
		cmocka_unit_test(challenges_outlive_a_rotation),
		cmocka_unit_test(secrets_have_a_length),
		cmocka_unit_test(text_is_read_back),
		cmocka_unit_test(longest_text_fits),
		cmocka_unit_test(what_has_no_text_is_refused),
		cmocka_unit_test(cut_or_changed_text_is_refused_or_means_something_else),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
