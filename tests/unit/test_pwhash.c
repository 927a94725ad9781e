/*
 * test_pwhash.c - stored passwords: what matches, what it costs, what hostile stored values cannot do. The linker sends
 *                 Argon2 through this file, which counts the runs and can make them fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>

#include "common/secret.h"
#include "core/pwhash.h"

#define SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct pwhash_cost cheap = { .memory_kib = 8192, .passes = 1 };

static int runs; /* of Argon2, to verify */
static size_t run_bytes;
static unsigned long long run_passes;
static int out_of_memory;

int __real_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *password,
                         unsigned long long len, const unsigned char *salt, unsigned long long passes,
                         size_t bytes, int alg);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *password,
                         unsigned long long len, const unsigned char *salt, unsigned long long passes,
                         size_t bytes, int alg);
int __real_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len,
                                 unsigned long long passes, size_t bytes, int alg);
int __wrap_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len,
                                 unsigned long long passes, size_t bytes, int alg);

int
__wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *password, unsigned long long len,
                     const unsigned char *salt, unsigned long long passes, size_t bytes, int alg)
{
	runs++;
	run_bytes = bytes;
	run_passes = passes;
	return out_of_memory ? -1 : __real_crypto_pwhash(out, out_len, password, len, salt, passes, bytes, alg);
}

int
__wrap_crypto_pwhash_str_alg(char *out, const char *password, unsigned long long len, unsigned long long passes,
                             size_t bytes, int alg)
{
	return out_of_memory ? -1 : __real_crypto_pwhash_str_alg(out, password, len, passes, bytes, alg);
}

static int
set_up(void **state)
{
	(void)state;
	runs = 0;
	run_bytes = 0;
	run_passes = 0;
	out_of_memory = 0;
	return 0;
}

static void
make(const char *password, char text[PWHASH_TEXT_MAX])
{
	assert_int_equal(pwhash_make(&cheap, (const uint8_t *)password, strlen(password), text), 0);
}

/* Verify against a copy that ends where the value ends, without a NUL. */
static enum verdict
verify(const char *stored, size_t stored_len, const void *password, size_t len)
{
	char *copy = malloc(stored_len == 0 ? 1 : stored_len);
	enum verdict verdict = VERDICT_ALLOW;
	int renew = 7;

	assert_non_null(copy);
	memcpy(copy, stored, stored_len);
	assert_int_equal(pwhash_verify(&cheap, copy, stored_len, password, len, &verdict, &renew), 0);
	assert_int_equal(renew, 0);
	free(copy);
	return verdict;
}

static enum verdict
verify_at(const struct pwhash_cost *cost, const char *stored, const char *password)
{
	enum verdict verdict = VERDICT_DENY;
	int renew;

	assert_int_equal(pwhash_verify(cost, stored, strlen(stored), (const uint8_t *)password, strlen(password), &verdict,
	                               &renew),
	                 0);
	assert_int_equal(renew, 0);
	return verdict;
}

static void
only_the_same_octets_match(void **state)
{
	static const char password[] = "correct horse 1";
	char text[PWHASH_TEXT_MAX], typed[20];
	size_t len = strlen(password);

	(void)state;
	make(password, text);
	assert_int_equal(strncmp(text, "{MUSTER}$argon2id$v=19$m=8192,t=1,p=1$", 38), 0);
	assert_int_equal(pwhash_is_ours(text, strlen(text)), 1);
	assert_int_equal(verify(text, strlen(text), password, len), VERDICT_ALLOW);
	assert_int_equal(verify(text, strlen(text), password, len - 1), VERDICT_DENY);
	memcpy(typed, password, len);
	typed[len] = ' ';
	assert_int_equal(verify(text, strlen(text), typed, len + 1), VERDICT_DENY);
	typed[len] = '\0';
	assert_int_equal(verify(text, strlen(text), typed, len + 1), VERDICT_DENY);
	typed[0] = 'C';
	assert_int_equal(verify(text, strlen(text), typed, len), VERDICT_DENY);
}

static void
libsodium_agrees_with_us(void **state)
{
	/* what crypto_pwhash_str() of libsodium 1.0.18 made of it */
	static const char theirs[] =
		"{MUSTER}$argon2id$v=19$m=19456,t=2,p=1$FAvdRcDCaojV6P71t597Dw$i8JzfY6K28x1tB0Ps5eQKG45eOP42vxrsm05Lb+umMI";
	char text[PWHASH_TEXT_MAX];

	(void)state;
	assert_int_equal(verify_at(&(struct pwhash_cost)PWHASH_COST_DEFAULT, theirs, "correct horse 1"), VERDICT_ALLOW);
	assert_int_equal(verify_at(&(struct pwhash_cost)PWHASH_COST_DEFAULT, theirs, "correct horse 2"), VERDICT_DENY);
	make("correct horse 1", text);
	assert_int_equal(crypto_pwhash_str_verify(text + strlen(PWHASH_PREFIX), "correct horse 1", 15), 0);
	assert_int_equal(crypto_pwhash_str_verify(text + strlen(PWHASH_PREFIX), "correct horse 2", 15), -1);
}

static void
salts_differ(void **state)
{
	char text_1[PWHASH_TEXT_MAX], text_2[PWHASH_TEXT_MAX];

	(void)state;
	make("a", text_1);
	make("a", text_2);
	assert_string_not_equal(text_1, text_2);
}

static void
spelling_of_the_same_text_does_not_matter(void **state)
{
	char text[PWHASH_TEXT_MAX];

	(void)state;
	make("caf\xc3\xa9", text); /* composed */
	assert_int_equal(verify(text, strlen(text), "cafe\xcc\x81", 6), VERDICT_ALLOW);
	assert_int_equal(verify(text, strlen(text), "cafe", 4), VERDICT_DENY);
	make("Pass1", text);
	assert_int_equal(verify(text, strlen(text), "\xef\xbc\xb0" "ass1", 7), VERDICT_ALLOW); /* full width P */
}

static void
long_and_short_passwords(void **state)
{
	uint8_t password[SECRET_MAX + 1];
	char text[PWHASH_TEXT_MAX];

	(void)state;
	memset(password, 'p', sizeof(password));
	assert_int_equal(pwhash_make(&cheap, password, SECRET_MAX, text), 0);
	assert_int_equal(verify(text, strlen(text), password, SECRET_MAX), VERDICT_ALLOW);
	assert_int_equal(verify(text, strlen(text), password, SECRET_MAX - 1), VERDICT_DENY);
	assert_int_equal(verify(text, strlen(text), password, SECRET_MAX + 1), VERDICT_DENY);
	assert_int_equal(verify(text, strlen(text), password, 0), VERDICT_DENY);
	assert_int_equal(pwhash_make(&cheap, password, SECRET_MAX + 1, text), ERR_RANGE);
	assert_string_equal(text, "");
	assert_int_equal(pwhash_make(&cheap, password, 0, text), ERR_RANGE);
	assert_int_equal(pwhash_make(&cheap, (const uint8_t *)"\xff\xff", 2, text), ERR_INPUT);
	assert_string_equal(text, "");
	/* 333 times the code point that NFKC makes longest, 18 for one */
	{
		uint8_t longest[999];
		size_t i;

		for (i = 0; i < sizeof(longest); i += 3)
			memcpy(longest + i, "\xef\xb7\xba", 3);
		assert_int_equal(pwhash_make(&cheap, longest, sizeof(longest), text), 0);
		assert_int_equal(verify(text, strlen(text), longest, sizeof(longest)), VERDICT_ALLOW);
		assert_int_equal(verify(text, strlen(text), longest, sizeof(longest) - 3), VERDICT_DENY);
	}
}

static void
what_is_not_ours_costs_the_same_and_is_denied(void **state)
{
	static const char *const stored[] = {
		"", "secret", "{SSHA}abcd", "{ARGON2}$argon2id$v=19$m=8192,t=1,p=1$" SALT "$" HASH, "{MUSTER}", "{MUSTER}$",
		"{muster}$argon2id$v=19$m=8192,t=1,p=1$" SALT "$" HASH,
		"$argon2id$v=19$m=8192,t=1,p=1$" SALT "$" HASH,
	};
	enum verdict verdict;
	int renew;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		runs = 0;
		assert_int_equal(verify(stored[i], strlen(stored[i]), "secret", 6), VERDICT_DENY);
		assert_int_equal(runs, 1);
		assert_int_equal(run_bytes, 8192 * 1024);
		assert_int_equal(run_passes, 1);
	}
	runs = 0;
	assert_int_equal(pwhash_verify(&cheap, NULL, 0, (const uint8_t *)"x", 1, &verdict, &renew), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(pwhash_verify(&cheap, NULL, 0, (const uint8_t *)"no password", 11, &verdict, NULL), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(runs, 2);
}

static void
what_cannot_be_typed_costs_the_same_and_is_denied(void **state)
{
	uint8_t *megabyte = malloc(1 << 20);
	char text[PWHASH_TEXT_MAX];

	(void)state;
	assert_non_null(megabyte);
	memset(megabyte, 'a', 1 << 20);
	make("secret", text);
	runs = 0;
	assert_int_equal(verify(text, strlen(text), megabyte, 1 << 20), VERDICT_DENY);
	assert_int_equal(verify(text, strlen(text), "", 0), VERDICT_DENY);
	assert_int_equal(verify(text, strlen(text), "\xff", 1), VERDICT_DENY);
	assert_int_equal(runs, 3);
	assert_int_equal(pwhash_make(&cheap, megabyte, 1 << 20, text), ERR_RANGE);
	assert_int_equal(runs, 3);
	free(megabyte);
}

static void
hostile_costs_never_reach_argon2(void **state)
{
	static const char *const parameters[] = {
		"m=4294967295,t=1,p=1", "m=1048577,t=1,p=1", "m=8191,t=1,p=1", "m=0,t=1,p=1", "m=-1,t=1,p=1",
		"m=18446744073709551616,t=1,p=1", "m=8192,t=4294967295,p=1", "m=8192,t=11,p=1", "m=8192,t=0,p=1",
		"m=8192,t=1,p=4294967295", "m=8192,t=1,p=2", "m=8192,t=1,p=0", "m=08192,t=1,p=1", "m=8192,t=01,p=1",
		"m=8192,t=1", "m=,t=1,p=1", "m=8192,t=,p=1", "m=8192 ,t=1,p=1", "t=1,m=8192,p=1", "m=8192,t=1,p=1,x=1",
	};
	char stored[256];
	size_t i;
	int len;

	(void)state;
	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		len = snprintf(stored, sizeof(stored), "{MUSTER}$argon2id$v=19$%s$" SALT "$" HASH, parameters[i]);
		runs = 0;
		assert_int_equal(verify(stored, (size_t)len, "secret", 6), VERDICT_DENY);
		assert_int_equal(runs, 1);
		assert_int_equal(run_bytes, 8192 * 1024); /* the dummy, not the stored cost */
		run_bytes = 0;
	}
}

static void
every_mutated_or_cut_value_is_denied(void **state)
{
	static const char replacements[] = { '\0', '$', ',', '=', '0', '9', 'B', '\xff' };
	char text[PWHASH_TEXT_MAX], changed[PWHASH_TEXT_MAX + 1];
	size_t len, i, k;

	(void)state;
	make("secret", text);
	len = strlen(text);
	for (i = 0; i < len; i++) {
		assert_int_equal(verify(text, i, "secret", 6), VERDICT_DENY);
		for (k = 0; k < sizeof(replacements); k++) {
			memcpy(changed, text, len);
			changed[i] = replacements[k];
			if (changed[i] != text[i])
				assert_int_equal(verify(changed, len, "secret", 6), VERDICT_DENY);
		}
	}
	memcpy(changed, text, len);
	changed[len] = '\0';
	assert_int_equal(verify(changed, len + 1, "secret", 6), VERDICT_DENY);
	changed[len] = 'A';
	assert_int_equal(verify(changed, len + 1, "secret", 6), VERDICT_DENY);
}

static void
other_costs_are_renewed(void **state)
{
	static const struct pwhash_cost more_memory = { .memory_kib = 8193, .passes = 1 };
	static const struct pwhash_cost more_passes = { .memory_kib = 8192, .passes = 2 };
	char text[PWHASH_TEXT_MAX];
	enum verdict verdict;
	int renew;

	(void)state;
	make("secret", text);
	assert_int_equal(pwhash_verify(&more_memory, text, strlen(text), (const uint8_t *)"secret", 6, &verdict, &renew), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	assert_int_equal(renew, 1);
	assert_int_equal(pwhash_verify(&more_passes, text, strlen(text), (const uint8_t *)"secret", 6, &verdict, &renew), 0);
	assert_int_equal(renew, 1);
	assert_int_equal(pwhash_verify(&more_passes, text, strlen(text), (const uint8_t *)"Secret", 6, &verdict, &renew), 0);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(renew, 0);
	assert_int_equal(pwhash_verify(&more_passes, text, strlen(text), (const uint8_t *)"secret", 6, &verdict, NULL), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	/* a cost that is no power of two, as an administrator may choose */
	assert_int_equal(pwhash_make(&more_memory, (const uint8_t *)"secret", 6, text), 0);
	assert_non_null(strstr(text, "m=8193,t=1,p=1"));
	assert_int_equal(pwhash_verify(&more_memory, text, strlen(text), (const uint8_t *)"secret", 6, &verdict, &renew), 0);
	assert_int_equal(verdict, VERDICT_ALLOW);
	assert_int_equal(renew, 0);
}

static void
short_memory_denies(void **state)
{
	char text[PWHASH_TEXT_MAX];
	enum verdict verdict = VERDICT_ALLOW;
	int renew;

	(void)state;
	make("secret", text);
	out_of_memory = 1;
	assert_int_equal(pwhash_verify(&cheap, text, strlen(text), (const uint8_t *)"secret", 6, &verdict, &renew), ERR_MEMORY);
	assert_int_equal(verdict, VERDICT_DENY);
	verdict = VERDICT_ALLOW;
	assert_int_equal(pwhash_verify(&cheap, NULL, 0, (const uint8_t *)"secret", 6, &verdict, &renew), ERR_MEMORY);
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_equal(pwhash_make(&cheap, (const uint8_t *)"secret", 6, text), ERR_MEMORY);
	assert_string_equal(text, "");
}

static void
costs_are_read_and_their_range_holds(void **state)
{
	static const char *const malformed[] = {
		"", "m=", "m=19456", "m=19456 t=", "m=19456  t=2", "m=19456,t=2", "t=2 m=19456", "m=19456 t=2 ", " m=19456 t=2",
		"m=+19456 t=2", "m=019456 t=2", "m=19456 t=2x", "M=19456 t=2",
	};
	static const char *const out_of_range[] = {
		"m=8191 t=2", "m=1048577 t=2", "m=19456 t=0", "m=19456 t=11", "m=4294967296 t=2", "m=99999999999999999999 t=2",
	};
	struct pwhash_cost cost, bad = cheap;
	char text[PWHASH_TEXT_MAX];
	enum verdict verdict = VERDICT_ALLOW;
	size_t i;

	(void)state;
	assert_int_equal(pwhash_cost_parse("m=19456 t=2", &cost), 0);
	assert_true(cost.memory_kib == 19456 && cost.passes == 2);
	assert_int_equal(pwhash_cost_parse("m=8192 t=1", &cost), 0);
	assert_int_equal(pwhash_cost_parse("m=1048576 t=10", &cost), 0);
	assert_true(cost.memory_kib == 1048576 && cost.passes == 10);
	for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_int_equal(pwhash_cost_parse(malformed[i], &cost), ERR_INPUT);
		assert_true(cost.memory_kib == 0 && cost.passes == 0);
	}
	for (i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]); i++)
		assert_int_equal(pwhash_cost_parse(out_of_range[i], &cost), ERR_RANGE);
	bad.memory_kib = UINT32_MAX;
	assert_int_equal(pwhash_make(&bad, (const uint8_t *)"x", 1, text), ERR_RANGE);
	assert_int_equal(pwhash_verify(&bad, NULL, 0, (const uint8_t *)"x", 1, &verdict, NULL), ERR_RANGE);
	assert_int_equal(verdict, VERDICT_DENY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_the_same_octets_match, set_up),
		cmocka_unit_test_setup(libsodium_agrees_with_us, set_up),
		cmocka_unit_test_setup(salts_differ, set_up),
		cmocka_unit_test_setup(spelling_of_the_same_text_does_not_matter, set_up),
		cmocka_unit_test_setup(long_and_short_passwords, set_up),
		cmocka_unit_test_setup(what_is_not_ours_costs_the_same_and_is_denied, set_up),
		cmocka_unit_test_setup(what_cannot_be_typed_costs_the_same_and_is_denied, set_up),
		cmocka_unit_test_setup(hostile_costs_never_reach_argon2, set_up),
		cmocka_unit_test_setup(every_mutated_or_cut_value_is_denied, set_up),
		cmocka_unit_test_setup(other_costs_are_renewed, set_up),
		cmocka_unit_test_setup(short_memory_denies, set_up),
		cmocka_unit_test_setup(costs_are_read_and_their_range_holds, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
