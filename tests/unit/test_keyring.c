/*
 * test_keyring.c - key files: what is taken, what is refused at which line, which subkeys come out.
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

#include "common/err.h"
#include "core/keyring.h"

#define HEX_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_2 "ffeeddccbbaa99887766554433221100FFEEDDCCBBAA99887766554433221100"

static int
parse(const char *text, struct keyring **ring, int *line)
{
	return keyring_parse(text, strlen(text), ring, line);
}

static void
first_key_is_active_and_all_are_there(void **state)
{
	struct keyring *ring;
	int line;

	(void)state;
	assert_int_equal(parse("# keys\n\n  \t\nk2 " HEX_2 "\r\n \tk1\t  " HEX_1 " \n#end", &ring, &line), 0);
	assert_int_equal(line, 0);
	assert_string_equal(keyring_active_id(ring), "k2");
	assert_string_equal(keyring_id(ring, 0), "k2");
	assert_string_equal(keyring_id(ring, 1), "k1");
	assert_null(keyring_id(ring, 2));
	assert_null(keyring_id(ring, SIZE_MAX));
	keyring_free(&ring);
	assert_null(ring);
	keyring_free(&ring);
	keyring_free(NULL);
}

static void
subkeys_are_those_of_crypto_kdf(void **state)
{
	uint8_t key[32], expected[32], subkey[32], other[32];
	struct keyring *ring;
	int line, use, i;

	(void)state;
	for (i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	assert_int_equal(parse("new " HEX_2 "\nold " HEX_1, &ring, &line), 0);
	for (use = KEYRING_SEAL; use <= KEYRING_MEMORY; use++) {
		assert_int_equal(crypto_kdf_derive_from_key(expected, 32, (uint64_t)use, "muster01", key), 0);
		assert_int_equal(keyring_subkey(ring, "old", use, subkey), 0);
		assert_memory_equal(subkey, expected, 32);
		assert_int_equal(keyring_subkey(ring, NULL, use, subkey), 0);
		assert_int_equal(keyring_subkey(ring, "new", use, other), 0);
		assert_memory_equal(subkey, other, 32);
		assert_memory_not_equal(subkey, expected, 32);
		assert_int_equal(keyring_subkey(ring, "old", use % 4 + 1, other), 0);
		assert_memory_not_equal(expected, other, 32);
	}
	memset(expected, 0, sizeof(expected));
	assert_int_equal(keyring_subkey(ring, "ol", KEYRING_SEAL, subkey), ERR_KEY);
	assert_memory_equal(subkey, expected, 32);
	assert_int_equal(keyring_subkey(ring, "older", KEYRING_SEAL, subkey), ERR_KEY);
	assert_int_equal(keyring_subkey(ring, "", KEYRING_SEAL, subkey), ERR_KEY);
	keyring_free(&ring);
}

static void
wrong_lines_are_named(void **state)
{
	static const struct {
		const char *text;
		int r, line;
	} bad[] = {
		{ "", ERR_KEY, 0 },
		{ "\n\n# only comments\n", ERR_KEY, 0 },
		{ "k1", ERR_INPUT, 1 },
		{ "k1 ", ERR_INPUT, 1 },
		{ HEX_1, ERR_INPUT, 1 },
		{ "k1" HEX_1, ERR_INPUT, 1 },
		{ "#\nk1 " HEX_1 "0", ERR_INPUT, 2 },
		{ "k1 00" HEX_1, ERR_INPUT, 1 },
		{ "k1 " HEX_1 " x", ERR_INPUT, 1 },
		{ "k1 " HEX_1 " # comment", ERR_INPUT, 1 },
		{ "k1 0001020304050607g8090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ERR_INPUT, 1 },
		{ "k1 0001020304050607 08090a0b0c0d0e0f10111213141516171819 1a1b1c1d1e1", ERR_INPUT, 1 },
		{ "K1 " HEX_1, ERR_INPUT, 1 },
		{ "k_1 " HEX_1, ERR_INPUT, 1 },
		{ "k$1 " HEX_1, ERR_INPUT, 1 },
		{ "abcdefghijklmnopq " HEX_1, ERR_INPUT, 1 },
		{ "k1 " HEX_1 "\nk2 " HEX_2 "\n\nk1 " HEX_2, ERR_INPUT, 4 },
	};
	struct keyring *ring;
	size_t i;
	int line;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ring = (struct keyring *)&ring;
		assert_int_equal(parse(bad[i].text, &ring, &line), bad[i].r);
		assert_null(ring);
		assert_int_equal(line, bad[i].line);
	}
	assert_int_equal(keyring_parse("k1\0" HEX_1, 67, &ring, &line), ERR_INPUT);
	assert_int_equal(parse("abcdefghijklmnop " HEX_1, &ring, &line), 0);
	keyring_free(&ring);
}

static void
numbers_of_keys_and_octets_are_limited(void **state)
{
	char text[KEYRING_FILE_MAX + 2];
	struct keyring *ring;
	size_t len = 0;
	int i, line;

	(void)state;
	for (i = 0; i < KEYRING_KEYS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "k%d %s\n", i, HEX_1);
	assert_int_equal(keyring_parse(text, len, &ring, &line), 0);
	assert_string_equal(keyring_id(ring, KEYRING_KEYS_MAX - 1), "k7");
	keyring_free(&ring);
	snprintf(text + len, sizeof(text) - len, "k%d %s\n", i, HEX_1);
	assert_int_equal(parse(text, &ring, &line), ERR_RANGE);
	assert_int_equal(line, KEYRING_KEYS_MAX + 1);

	memset(text, '\n', sizeof(text));
	memcpy(text, "k1 " HEX_1, 67);
	assert_int_equal(keyring_parse(text, KEYRING_FILE_MAX, &ring, &line), 0);
	keyring_free(&ring);
	assert_int_equal(keyring_parse(text, KEYRING_FILE_MAX + 1, &ring, &line), ERR_RANGE);
	assert_int_equal(line, 0);
}

static void
generated_lines_are_read_back(void **state)
{
	char line_1[KEYRING_LINE_MAX], line_2[KEYRING_LINE_MAX];
	struct keyring *ring;
	int line;

	(void)state;
	assert_int_equal(keyring_generate("abcdefghijklmnop", line_1), 0);
	assert_int_equal(strlen(line_1), KEYRING_LINE_MAX - 1);
	assert_int_equal(parse(line_1, &ring, &line), 0);
	assert_string_equal(keyring_active_id(ring), "abcdefghijklmnop");
	keyring_free(&ring);
	assert_int_equal(keyring_generate("abcdefghijklmnop", line_2), 0);
	assert_string_not_equal(line_1, line_2);
	assert_int_equal(keyring_generate("", line_1), ERR_INPUT);
	assert_string_equal(line_1, "");
	assert_int_equal(keyring_generate("abcdefghijklmnopq", line_1), ERR_INPUT);
	assert_int_equal(keyring_generate("a b", line_1), ERR_INPUT);
}

static void
only_hex_digits_are_digits(void **state)
{
	char text[] = "k1 " HEX_1;
	struct keyring *ring;
	int line, c, is_digit;

	(void)state;
	for (c = 0; c < 256; c++) {
		text[10] = (char)c;
		is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		assert_int_equal(keyring_parse(text, sizeof(text) - 1, &ring, &line), is_digit ? 0 : ERR_INPUT);
		keyring_free(&ring);
	}
}

/* What a change of the example makes of it. */
static void
assert_changed(int (*change)(const char *, size_t, const char *, char *, size_t *), const char *before, const char *word,
               const char *after)
{
	char out[KEYRING_FILE_MAX];
	size_t len = 99;

	assert_int_equal(change(before, strlen(before), word, out, &len), 0);
	assert_int_equal(len, strlen(after));
	assert_memory_equal(out, after, len);
}

static void
one_line_of_a_file_changes(void **state)
{
	static const char text[] = "# keys of example\n\n  k1 " HEX_1 "\n# older\nk2 " HEX_2;
	char out[KEYRING_FILE_MAX];
	size_t len = 99;

	(void)state;
	assert_changed(keyring_text_add, text, "k3 00\n",
	               "# keys of example\n\n  k1 " HEX_1 "\n# older\nk2 " HEX_2 "\nk3 00\n");
	assert_changed(keyring_text_add, "", "k3 00\n", "k3 00\n");
	assert_changed(keyring_text_activate, text, "k2", "# keys of example\n\nk2 " HEX_2 "\n  k1 " HEX_1 "\n# older\n");
	assert_changed(keyring_text_activate, text, "k1", "# keys of example\n\n  k1 " HEX_1 "\n# older\nk2 " HEX_2 "\n");
	assert_changed(keyring_text_remove, text, "k1", "# keys of example\n\n# older\nk2 " HEX_2 "\n");
	assert_int_equal(keyring_text_activate(text, strlen(text), "k", out, &len), ERR_NOT_FOUND);
	assert_int_equal(keyring_text_remove(text, strlen(text), "older", out, &len), ERR_NOT_FOUND);
	assert_int_equal(len, 0);
}

static void
a_changed_file_has_a_length(void **state)
{
	char text[KEYRING_FILE_MAX], out[KEYRING_FILE_MAX], line[KEYRING_LINE_MAX];
	size_t len;

	(void)state;
	memset(text, '#', sizeof(text));
	assert_int_equal(keyring_generate("k1", line), 0);
	assert_int_equal(keyring_text_add(text, sizeof(text) - strlen(line) - 1, line, out, &len), 0);
	assert_int_equal(len, sizeof(text));
	assert_int_equal(keyring_text_add(text, sizeof(text) - strlen(line), line, out, &len), ERR_RANGE);
	assert_int_equal(keyring_text_add(text, sizeof(text), line, out, &len), ERR_RANGE);
	assert_int_equal(len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_key_is_active_and_all_are_there),
		cmocka_unit_test(subkeys_are_those_of_crypto_kdf),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(only_hex_digits_are_digits),
		cmocka_unit_test(numbers_of_keys_and_octets_are_limited),
		cmocka_unit_test(generated_lines_are_read_back),
		cmocka_unit_test(one_line_of_a_file_changes),
		cmocka_unit_test(a_changed_file_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
