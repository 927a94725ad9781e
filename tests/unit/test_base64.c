/*
 * test_base64.c - one value, one text: whatever else is written is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "common/err.h"
#include "core/base64.h"

/* Values of RFC 4648 section 10. */
static const struct {
	const char *plain, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void
vectors_of_rfc_4648(void **state)
{
	uint8_t out[6];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(base64_decode(vectors[i].text, strlen(vectors[i].text), sodium_base64_VARIANT_ORIGINAL, out,
		                               sizeof(out), &len),
		                 0);
		assert_int_equal(len, strlen(vectors[i].plain));
		assert_memory_equal(out, vectors[i].plain, len);
	}
}

static void
no_octet_outside_the_alphabet(void **state)
{
	char text[] = "AAAA";
	uint8_t out[3];
	size_t i, len;
	int c, in_alphabet;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (c = 0; c < 256; c++) {
			text[i] = (char)c;
			in_alphabet = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
			              c == '/';
			/* "AAA=" has the padding of two octets */
			if (i == 3 && c == '=')
				in_alphabet = 1;
			assert_int_equal(base64_decode(text, 4, sodium_base64_VARIANT_ORIGINAL, out, sizeof(out), &len),
			                 in_alphabet ? 0 : ERR_INPUT);
		}
		text[i] = 'A';
	}
}

static void
no_second_spelling(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm9v=", "=", "====", "Z===",
		                           "Zm9v Zm9v", "Zm9v\n", " Zm9v", "Zg==Zg==", "Zm9vZm9vZ" };
	static const uint8_t zero[16];
	uint8_t out[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(out, 'x', sizeof(out));
		assert_int_equal(base64_decode(bad[i], strlen(bad[i]), sodium_base64_VARIANT_ORIGINAL, out, sizeof(out), &len),
		                 ERR_INPUT);
		assert_int_equal(len, 0);
		assert_memory_equal(out, zero, sizeof(out));
	}
}

static void
no_octet_beyond_the_end(void **state)
{
	uint8_t out[8] = { 0 };
	size_t len, room;

	(void)state;
	for (room = 0; room < 6; room++) {
		out[room] = 'x';
		assert_int_equal(base64_decode("Zm9vYmFy", 8, sodium_base64_VARIANT_ORIGINAL, out, room, &len), ERR_INPUT);
		assert_int_equal(out[room], 'x');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_4648),
		cmocka_unit_test(no_octet_outside_the_alphabet),
		cmocka_unit_test(no_second_spelling),
		cmocka_unit_test(no_octet_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
