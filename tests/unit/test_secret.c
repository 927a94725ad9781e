/*
 * test_secret.c - secrets are copied whole, compared whole and wiped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/secret.h"

/* What a block looked like when it was freed: the linker sends our objects' free() here. */
static uint8_t freed[64];
static size_t watched_len;
static const void *watched;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (p != NULL && p == watched)
		memcpy(freed, p, watched_len);
	__real_free(p);
}

static void
octets_are_copied_and_terminated(void **state)
{
	static const uint8_t octets[] = { 'a', 0, 0xff, 'b' };
	struct secret *s;

	(void)state;
	assert_int_equal(secret_new(octets, sizeof(octets), &s), 0);
	assert_ptr_not_equal(s->data, octets);
	assert_int_equal(s->len, sizeof(octets));
	assert_memory_equal(s->data, octets, sizeof(octets));
	assert_int_equal(s->data[s->len], 0);
	secret_free(&s);
	assert_null(s);
}

static void
nothing_is_a_secret_too(void **state)
{
	struct secret *s;

	(void)state;
	assert_int_equal(secret_new(NULL, 0, &s), 0);
	assert_int_equal(s->len, 0);
	assert_string_equal((const char *)s->data, "");
	secret_free(&s);
	secret_free(&s);
	secret_free(NULL);
	secret_wipe(NULL, 0);
	secret_wipe_string(NULL);
}

static void
impossible_length_is_refused(void **state)
{
	struct secret *s = (struct secret *)&s;

	(void)state;
	assert_int_equal(secret_new("x", SIZE_MAX, &s), ERR_MEMORY);
	assert_null(s);
}

static void
freed_memory_is_wiped(void **state)
{
	static const uint8_t zero[8];
	struct secret *s;

	(void)state;
	assert_int_equal(secret_new("password", 8, &s), 0);
	watched = s->data;
	watched_len = s->len;
	memset(freed, 'x', sizeof(freed));
	secret_free(&s);
	watched = NULL;
	assert_memory_equal(freed, zero, sizeof(zero));
}

static void
wiping_reaches_every_octet_and_no_further(void **state)
{
	char array[8] = "1234567";
	char text[8] = { 'a', 'b', 0, 'c', 'd', 'e', 'f', 'g' };
	struct {
		uint64_t a, b;
	} object = { 1, 2 };
	size_t i;

	(void)state;
	secret_wipe_array(array);
	for (i = 0; i < sizeof(array); i++)
		assert_int_equal(array[i], 0);
	secret_wipe_string(text);
	assert_memory_equal(text, "\0\0\0cdefg", sizeof(text));
	secret_wipe_object(&object);
	assert_true(object.a == 0 && object.b == 0);
}

static void
comparison_sees_every_bit(void **state)
{
	uint8_t a[32], b[32];
	size_t i, bit;

	(void)state;
	for (i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (uint8_t)(i * 37);
	assert_int_equal(secret_equal(a, sizeof(a), b, sizeof(b)), 1);
	for (i = 0; i < sizeof(a); i++) {
		for (bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(secret_equal(a, sizeof(a), b, sizeof(b)), 0);
			b[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_int_equal(secret_equal(a, 31, b, 32), 0);
	assert_int_equal(secret_equal(a, 32, b, 31), 0);
	assert_int_equal(secret_equal(NULL, 0, NULL, 0), 1);
	assert_int_equal(secret_equal(NULL, 0, b, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_are_copied_and_terminated),
		cmocka_unit_test(nothing_is_a_secret_too),
		cmocka_unit_test(impossible_length_is_refused),
		cmocka_unit_test(freed_memory_is_wiped),
		cmocka_unit_test(wiping_reaches_every_octet_and_no_further),
		cmocka_unit_test(comparison_sees_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
