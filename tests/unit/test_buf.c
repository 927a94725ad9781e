/*
 * test_buf.c - binary messages: what is put is read, limits hold, nothing is read beyond the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/err.h"

static void
what_is_put_is_read(void **state)
{
	struct buf_reader reader;
	struct buf *b;
	const uint8_t *octets;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	int64_t i64;
	size_t len;

	(void)state;
	assert_int_equal(buf_new(100, &b), 0);
	assert_int_equal(buf_len(b), 0);
	assert_int_equal(buf_put_u8(b, 0xfe), 0);
	assert_int_equal(buf_put_u16(b, 0xfedc), 0);
	assert_int_equal(buf_put_u32(b, 0xfedcba98), 0);
	assert_int_equal(buf_put_i64(b, INT64_MIN), 0);
	assert_int_equal(buf_put_i64(b, -2), 0);
	assert_int_equal(buf_put_counted(b, "abc", 3), 0);
	assert_int_equal(buf_put_counted(b, NULL, 0), 0);
	assert_int_equal(buf_put_octets(b, "z", 1), 0);
	assert_int_equal(buf_set_u32(b, 3, 0x01020304), 0);

	buf_reader_init(&reader, buf_data(b), buf_len(b));
	assert_int_equal(buf_read_u8(&reader, &u8), 0);
	assert_int_equal(u8, 0xfe);
	assert_int_equal(buf_read_u16(&reader, &u16), 0);
	assert_int_equal(u16, 0xfedc);
	assert_int_equal(buf_read_u32(&reader, &u32), 0);
	assert_int_equal(u32, 0x01020304);
	assert_int_equal(buf_read_i64(&reader, &i64), 0);
	assert_true(i64 == INT64_MIN);
	assert_int_equal(buf_read_i64(&reader, &i64), 0);
	assert_true(i64 == -2);
	assert_int_equal(buf_read_counted(&reader, 3, &octets, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(octets, "abc", 3);
	assert_int_equal(buf_read_counted(&reader, 0, &octets, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(buf_read_end(&reader), ERR_PROTO);
	assert_int_equal(buf_read_u8(&reader, &u8), 0);
	assert_int_equal(u8, 'z');
	assert_int_equal(buf_read_end(&reader), 0);
	buf_free(&b);
	assert_null(b);
	buf_free(&b);
	buf_free(NULL);
}

static void
numbers_are_big_endian(void **state)
{
	static const uint8_t expected[] = { 1, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct secret *s;
	struct buf *b;

	(void)state;
	assert_int_equal(buf_new(sizeof(expected), &b), 0);
	assert_int_equal(buf_put_u8(b, 1), 0);
	assert_int_equal(buf_put_u16(b, 0x0102), 0);
	assert_int_equal(buf_put_u32(b, 0x01020304), 0);
	assert_int_equal(buf_put_i64(b, 0x0102030405060708), 0);
	assert_int_equal(buf_to_secret(b, &s), 0);
	assert_int_equal(s->len, sizeof(expected));
	assert_memory_equal(s->data, expected, sizeof(expected));
	secret_free(&s);
	buf_free(&b);
}

static void
limit_holds_and_a_refused_put_leaves_nothing(void **state)
{
	static const uint8_t octets[1001];
	struct buf *b;
	size_t limit, i;

	(void)state;
	for (limit = 0; limit < 1000; limit += 37) {
		assert_int_equal(buf_new(limit, &b), 0);
		for (i = 0; i < limit; i++)
			assert_int_equal(buf_put_u8(b, (uint8_t)i), 0);
		assert_int_equal(buf_put_u8(b, 0), ERR_RANGE);
		assert_int_equal(buf_put_counted(b, NULL, 0), ERR_RANGE);
		assert_int_equal(buf_put_octets(b, NULL, 0), 0);
		assert_int_equal(buf_len(b), limit);
		for (i = 0; i < limit; i++)
			assert_int_equal(buf_data(b)[i], (uint8_t)i);
		buf_free(&b);
	}
	assert_int_equal(buf_new(1000, &b), 0);
	assert_int_equal(buf_put_octets(b, octets, 1001), ERR_RANGE);
	assert_int_equal(buf_put_octets(b, octets, SIZE_MAX), ERR_RANGE);
	assert_int_equal(buf_put_counted(b, octets, 999), ERR_RANGE);
	assert_int_equal(buf_len(b), 0);
	assert_int_equal(buf_put_counted(b, octets, 998), 0);
	assert_int_equal(buf_len(b), 1000);
	buf_free(&b);
}

static void
more_than_a_length_can_say_is_refused(void **state)
{
	uint8_t *octets = calloc(1, 65536);
	struct buf *b;

	(void)state;
	assert_non_null(octets);
	assert_int_equal(buf_new(SIZE_MAX, &b), 0);
	assert_int_equal(buf_put_counted(b, octets, 65536), ERR_RANGE);
	assert_int_equal(buf_put_counted(b, octets, SIZE_MAX), ERR_RANGE);
	assert_int_equal(buf_len(b), 0);
	assert_int_equal(buf_put_counted(b, octets, 65535), 0);
	assert_int_equal(buf_len(b), 65537);
	buf_free(&b);
	free(octets);
}

static void
set_stays_inside(void **state)
{
	struct buf *b;

	(void)state;
	assert_int_equal(buf_new(100, &b), 0);
	assert_int_equal(buf_set_u32(b, 0, 1), ERR_RANGE);
	assert_int_equal(buf_put_u32(b, 0), 0);
	assert_int_equal(buf_set_u32(b, 0, 1), 0);
	assert_int_equal(buf_set_u32(b, 1, 1), ERR_RANGE);
	assert_int_equal(buf_set_u32(b, 5, 1), ERR_RANGE);
	assert_int_equal(buf_set_u32(b, SIZE_MAX, 1), ERR_RANGE);
	buf_free(&b);
}

static void
too_few_octets_consume_nothing(void **state)
{
	/* a block of its exact size, so that the sanitizer sees one octet too many */
	uint8_t *octets = malloc(7);
	struct buf_reader reader;
	const uint8_t *data;
	size_t left, len;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	int64_t i64;

	(void)state;
	assert_non_null(octets);
	memset(octets, 0xff, 7);
	for (left = 0; left < 7; left++) {
		buf_reader_init(&reader, octets + 7 - left, left);
		assert_int_equal(buf_read_i64(&reader, &i64), ERR_PROTO);
		assert_true(i64 == 0);
		if (left < 4) {
			assert_int_equal(buf_read_u32(&reader, &u32), ERR_PROTO);
			assert_int_equal(u32, 0);
		}
		if (left < 2) {
			assert_int_equal(buf_read_u16(&reader, &u16), ERR_PROTO);
			assert_int_equal(u16, 0);
		}
		if (left < 1) {
			assert_int_equal(buf_read_u8(&reader, &u8), ERR_PROTO);
			assert_int_equal(u8, 0);
		}
		assert_int_equal(buf_read_counted(&reader, SIZE_MAX, &data, &len), ERR_PROTO);
		assert_null(data);
		assert_int_equal(len, 0);
		assert_int_equal(reader.left, left);
	}
	free(octets);
}

static void
counted_octets_obey_limit_and_end(void **state)
{
	static const uint8_t octets[] = { 0, 3, 'a', 'b', 'c' };
	struct buf_reader reader;
	const uint8_t *data;
	size_t len;

	(void)state;
	buf_reader_init(&reader, octets, sizeof(octets));
	assert_int_equal(buf_read_counted(&reader, 2, &data, &len), ERR_RANGE);
	assert_int_equal(reader.left, sizeof(octets));
	assert_int_equal(buf_read_counted(&reader, 3, &data, &len), 0);
	assert_int_equal(len, 3);
	buf_reader_init(&reader, octets, sizeof(octets) - 1);
	assert_int_equal(buf_read_counted(&reader, 3, &data, &len), ERR_PROTO);
	assert_null(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_read),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(limit_holds_and_a_refused_put_leaves_nothing),
		cmocka_unit_test(more_than_a_length_can_say_is_refused),
		cmocka_unit_test(set_stays_inside),
		cmocka_unit_test(too_few_octets_consume_nothing),
		cmocka_unit_test(counted_octets_obey_limit_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
