/*
 * test_seal.c - sealed values open for their own entry, unchanged, and in no other way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "common/err.h"
#include "core/seal.h"

#define ENTRY_A "0d3f1b2c-0000-4000-8000-000000000001"
#define ENTRY_B "0d3f1b2c-0000-4000-8000-000000000002"
#define HEX_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_2 "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static struct keyring *
ring_of(const char *text)
{
	struct keyring *ring;
	int line;

	assert_int_equal(keyring_parse(text, strlen(text), &ring, &line), 0);
	return ring;
}

static int
open_for(const struct keyring *ring, const char *entry, const char *text, size_t text_len, uint8_t *plain,
         size_t *plain_len)
{
	/* a block of its exact size, so that the sanitizer sees one octet too many */
	char *copy = malloc(text_len == 0 ? 1 : text_len);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, text_len);
	r = seal_open(ring, entry, strlen(entry), copy, text_len, plain, plain_len);
	free(copy);
	return r;
}

static void
assert_nothing_came_out(const uint8_t *plain, size_t plain_len)
{
	static const uint8_t zero[SEAL_PLAIN_MAX];

	assert_int_equal(plain_len, 0);
	assert_memory_equal(plain, zero, SEAL_PLAIN_MAX);
}

static void
every_length_opens_again(void **state)
{
	struct keyring *ring = ring_of("abcdefghijklmnop " HEX_1);
	uint8_t plain[SEAL_PLAIN_MAX + 1], opened[SEAL_PLAIN_MAX];
	char text[SEAL_TEXT_MAX];
	size_t len, opened_len, i;

	(void)state;
	for (i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	for (len = 1; len <= SEAL_PLAIN_MAX; len++) {
		assert_int_equal(seal_close(ring, ENTRY_A, 36, plain, len, text), 0);
		assert_true(strlen(text) < SEAL_TEXT_MAX);
		assert_int_equal(strncmp(text, "{SEALED}abcdefghijklmnop$", 25), 0);
		assert_int_equal(seal_is_sealed(text, strlen(text)), 1);
		assert_int_equal(open_for(ring, ENTRY_A, text, strlen(text), opened, &opened_len), 0);
		assert_int_equal(opened_len, len);
		assert_memory_equal(opened, plain, len);
	}
	assert_int_equal(seal_close(ring, ENTRY_A, 36, plain, 0, text), ERR_RANGE);
	assert_string_equal(text, "");
	assert_int_equal(seal_close(ring, ENTRY_A, 36, plain, SEAL_PLAIN_MAX + 1, text), ERR_RANGE);
	keyring_free(&ring);
}

static void
same_octets_never_seal_alike(void **state)
{
	struct keyring *ring = ring_of("k1 " HEX_1);
	char text_1[SEAL_TEXT_MAX], text_2[SEAL_TEXT_MAX];

	(void)state;
	assert_int_equal(seal_close(ring, ENTRY_A, 36, (const uint8_t *)"seed", 4, text_1), 0);
	assert_int_equal(seal_close(ring, ENTRY_A, 36, (const uint8_t *)"seed", 4, text_2), 0);
	assert_string_not_equal(text_1, text_2);
	keyring_free(&ring);
}

static void
another_entry_does_not_open(void **state)
{
	struct keyring *ring = ring_of("k1 " HEX_1);
	uint8_t opened[SEAL_PLAIN_MAX];
	char text[SEAL_TEXT_MAX];
	size_t opened_len;

	(void)state;
	assert_int_equal(seal_close(ring, ENTRY_A, 36, (const uint8_t *)"12345678901234567890", 20, text), 0);
	assert_int_equal(open_for(ring, ENTRY_B, text, strlen(text), opened, &opened_len), ERR_SEAL);
	assert_nothing_came_out(opened, opened_len);
	assert_int_equal(seal_open(ring, ENTRY_A, 35, text, strlen(text), opened, &opened_len), ERR_SEAL);
	assert_int_equal(seal_open(ring, NULL, 0, text, strlen(text), opened, &opened_len), ERR_SEAL);
	assert_nothing_came_out(opened, opened_len);
	keyring_free(&ring);
}

static void
older_keys_open_and_missing_ones_do_not(void **state)
{
	struct keyring *old = ring_of("k1 " HEX_1);
	struct keyring *rotated = ring_of("k2 " HEX_2 "\nk1 " HEX_1);
	struct keyring *without = ring_of("k2 " HEX_2);
	struct keyring *renamed = ring_of("k1 " HEX_2);
	uint8_t opened[SEAL_PLAIN_MAX];
	char text[SEAL_TEXT_MAX];
	size_t opened_len;

	(void)state;
	assert_int_equal(seal_close(old, ENTRY_A, 36, (const uint8_t *)"seed", 4, text), 0);
	assert_int_equal(open_for(rotated, ENTRY_A, text, strlen(text), opened, &opened_len), 0);
	assert_memory_equal(opened, "seed", 4);
	assert_int_equal(open_for(without, ENTRY_A, text, strlen(text), opened, &opened_len), ERR_KEY);
	assert_nothing_came_out(opened, opened_len);
	assert_int_equal(open_for(renamed, ENTRY_A, text, strlen(text), opened, &opened_len), ERR_SEAL);
	assert_nothing_came_out(opened, opened_len);
	assert_int_equal(seal_close(rotated, ENTRY_A, 36, (const uint8_t *)"seed", 4, text), 0);
	assert_int_equal(strncmp(text, "{SEALED}k2$", 11), 0);
	keyring_free(&old);
	keyring_free(&rotated);
	keyring_free(&without);
	keyring_free(&renamed);
}

static void
no_octet_can_be_changed_or_cut(void **state)
{
	struct keyring *ring = ring_of("k1 " HEX_1 "\nk2 " HEX_2);
	uint8_t opened[SEAL_PLAIN_MAX];
	char text[SEAL_TEXT_MAX], changed[SEAL_TEXT_MAX + 1];
	size_t len, i, opened_len;
	int value, r;

	(void)state;
	assert_int_equal(seal_close(ring, ENTRY_A, 36, (const uint8_t *)"12345678901234567890", 20, text), 0);
	len = strlen(text);
	for (i = 0; i < len; i++) {
		memcpy(changed, text, len);
		for (value = 0; value < 256; value++) {
			if ((char)value == text[i])
				continue;
			changed[i] = (char)value;
			r = open_for(ring, ENTRY_A, changed, len, opened, &opened_len);
			assert_true(r == ERR_INPUT || r == ERR_KEY || r == ERR_SEAL);
			assert_nothing_came_out(opened, opened_len);
		}
		r = open_for(ring, ENTRY_A, text, i, opened, &opened_len);
		assert_true(r == ERR_INPUT || r == ERR_SEAL);
		assert_nothing_came_out(opened, opened_len);
	}
	memcpy(changed, text, len);
	changed[len] = '=';
	assert_int_equal(open_for(ring, ENTRY_A, changed, len + 1, opened, &opened_len), ERR_INPUT);
	changed[len] = '\0';
	assert_int_equal(open_for(ring, ENTRY_A, changed, len + 1, opened, &opened_len), ERR_INPUT);
	keyring_free(&ring);
}

static void
other_shapes_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "{SEALED}", "{SEALED}$", "{SEALED}k1", "{SEALED}k1$", "{SEALED}$AAAA", "{sealed}k1$AAAA",
		/* a nonce and a tag around nothing */
		"{SEALED}k1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"{SEALED}k1$ AAA", "{SEALED}abcdefghijklmnopq$AAAA", "12345678901234567890",
	};
	struct keyring *ring = ring_of("k1 " HEX_1);
	uint8_t opened[SEAL_PLAIN_MAX];
	size_t opened_len, i;
	char *big;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(open_for(ring, ENTRY_A, bad[i], strlen(bad[i]), opened, &opened_len), ERR_INPUT);
		assert_nothing_came_out(opened, opened_len);
	}
	assert_int_equal(seal_is_sealed(NULL, 0), 0);
	assert_int_equal(seal_is_sealed("{SEALED", 7), 0);
	assert_int_equal(seal_is_sealed("{SEALED}", 8), 1);
	big = malloc(1 << 20);
	assert_non_null(big);
	memset(big, 'A', 1 << 20);
	memcpy(big, "{SEALED}k1$", 11);
	assert_int_equal(seal_open(ring, ENTRY_A, 36, big, 1 << 20, opened, &opened_len), ERR_INPUT);
	free(big);
	keyring_free(&ring);
}

static void
the_key_can_be_told(void **state)
{
	struct keyring *ring = ring_of("k-7 " HEX_1);
	char text[SEAL_TEXT_MAX], id[KEYRING_ID_MAX + 1];

	(void)state;
	assert_int_equal(seal_close(ring, ENTRY_A, 36, (const uint8_t *)"12345678901234567890", 20, text), 0);
	assert_int_equal(seal_key_id(text, strlen(text), id), 0);
	assert_string_equal(id, "k-7");
	assert_int_equal(seal_key_id(text, 11, id), ERR_INPUT);
	assert_string_equal(id, "");
	assert_int_equal(seal_key_id("12345678901234567890", 20, id), ERR_INPUT);
	keyring_free(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_opens_again),
		cmocka_unit_test(same_octets_never_seal_alike),
		cmocka_unit_test(another_entry_does_not_open),
		cmocka_unit_test(older_keys_open_and_missing_ones_do_not),
		cmocka_unit_test(no_octet_can_be_changed_or_cut),
		cmocka_unit_test(other_shapes_are_refused),
		cmocka_unit_test(the_key_can_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
