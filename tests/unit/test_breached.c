/*
 * test_breached.c - searching a sorted file of hashes: each line of files of any size, and files that are no such file.
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
#include "core/breached.h"

struct memory {
	const char *data;
	size_t len;
	unsigned reads;
	unsigned fail_at; /* the read that fails, counted from 1; 0 none */
};

static int
read_memory(void *arg, int64_t offset, void *data, size_t len)
{
	struct memory *m = arg;

	m->reads++;
	if (m->reads == m->fail_at)
		return ERR_IO;
	assert_true(offset >= 0 && (size_t)offset + len <= m->len && len > 0);
	memcpy(data, m->data + offset, len);
	return 0;
}

/* The hash of number n: not evenly spread, as the first octets of small sets are not. */
static void
hash_of(unsigned n, uint8_t hash[BREACHED_HASH_LEN])
{
	memset(hash, 0, BREACHED_HASH_LEN);
	hash[0] = (uint8_t)(n >> 8);
	hash[1] = (uint8_t)n;
	hash[BREACHED_HASH_LEN - 1] = 0x5a;
}

/* file_make - n lines for the odd numbers 1, 3, ... ; form: what follows a hash */
static char *
file_make(unsigned n, const char *form, const char *end, int last_end)
{
	char *text = calloc(n + 1, 128), *at = text;
	uint8_t hash[BREACHED_HASH_LEN];
	unsigned i, k;

	assert_non_null(text);
	for (i = 0; i < n; i++) {
		hash_of(2 * i + 1, hash);
		for (k = 0; k < BREACHED_HASH_LEN; k++)
			at += sprintf(at, i % 2 ? "%02x" : "%02X", hash[k]);
		at += sprintf(at, form, i * i);
		if (i + 1 < n || last_end)
			at += sprintf(at, "%s", end);
	}
	return text;
}

static void
find_all(const char *text, unsigned n)
{
	struct memory m = { .data = text, .len = strlen(text) };
	uint8_t hash[BREACHED_HASH_LEN];
	unsigned i;
	int found;

	if (n > 0)
		assert_int_equal(breached_check(read_memory, &m, (int64_t)m.len), 0);
	for (i = 0; i <= 2 * n; i++) {
		m.reads = 0;
		hash_of(i, hash);
		assert_int_equal(breached_find(read_memory, &m, (int64_t)m.len, hash, &found), 0);
		assert_int_equal(found, i % 2);
		assert_true(m.reads <= 20);
	}
	memset(hash, 0xff, sizeof(hash));
	assert_int_equal(breached_find(read_memory, &m, (int64_t)m.len, hash, &found), 0);
	assert_int_equal(found, 0);
}

static void
every_line_is_found_and_nothing_between(void **state)
{
	static const unsigned sizes[] = { 0, 1, 2, 3, 7, 100, 1001 };
	static const char *const forms[] = { "", ":%u", "   ", ":1234567890123456789012345678901234567890%u", "\t%u" };
	static const char *const ends[] = { "\n", "\r\n" };
	size_t size, form, end;
	char *text;
	int last;

	(void)state;
	for (size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++)
		for (form = 0; form < sizeof(forms) / sizeof(forms[0]); form++)
			for (end = 0; end < 2; end++)
				for (last = 0; last < 2; last++) {
					text = file_make(sizes[size], forms[form], ends[end], last);
					find_all(text, sizes[size]);
					free(text);
				}
}

static void
many_lines_are_few_reads(void **state)
{
	char *text = file_make(32768, ":%u", "\n", 1);
	struct memory m = { .data = text, .len = strlen(text) };
	uint8_t hash[BREACHED_HASH_LEN];
	int found;

	(void)state;
	hash_of(12344, hash);
	assert_int_equal(breached_find(read_memory, &m, (int64_t)m.len, hash, &found), 0);
	assert_int_equal(found, 0);
	assert_true(m.reads <= 18);
	free(text);
}

static void
a_read_that_fails_is_never_an_answer(void **state)
{
	char *text = file_make(100, ":%u", "\n", 1);
	struct memory m = { .data = text, .len = strlen(text) };
	uint8_t hash[BREACHED_HASH_LEN];
	unsigned fail;
	int found, r;

	(void)state;
	hash_of(8, hash);
	for (fail = 1;; fail++) {
		m.reads = 0;
		m.fail_at = fail;
		found = 7;
		r = breached_find(read_memory, &m, (int64_t)m.len, hash, &found);
		assert_int_equal(found, 0);
		if (r == 0)
			break;
		assert_int_equal(r, ERR_IO);
	}
	assert_true(fail > 5);
	m.reads = 0;
	m.fail_at = 3;
	assert_int_equal(breached_check(read_memory, &m, (int64_t)m.len), ERR_IO);
	free(text);
}

static int
check_text(const char *text)
{
	struct memory m = { .data = text, .len = strlen(text) };

	return breached_check(read_memory, &m, (int64_t)m.len);
}

#define A "0000000000000000000000000000000000000000"
#define B "00000000000000000000000000000000000000AA"
#define C "ff000000000000000000000000000000000000AA"

static void
other_files_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "\n", "password\n", A "x\n", A "\n\n" B "\n", B "\n" A "\n", C "\n" B "\n", A "\n" B "\n0000", A "\n" B "\n" C "\nx",
		"000000000000000000000000000000000000000\n", "000000000000000000000000000000000000000g:1\n", "\n" A "\n",
		A ":1\n" C ":1\n" B ":1\n",
	};
	char longest[2 * BREACHED_LINE_MAX] = A ":";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(check_text(bad[i]), ERR_INPUT);
	assert_int_equal(check_text(A "\n" B ":7\n" C), 0);
	assert_int_equal(check_text(A "\n" A "\n" B "\n"), 0);
	memset(longest + 41, '1', sizeof(longest) - 42);
	assert_int_equal(check_text(longest), ERR_INPUT);
	/* the longest line that there may be, and another one */
	strcpy(longest + BREACHED_LINE_MAX - 1, "\n" B "\n");
	assert_int_equal(check_text(longest), 0);
}

static void
disorder_on_the_way_is_an_error_not_an_answer(void **state)
{
	char *text = file_make(101, ":%u", "\n", 1), *line;
	struct memory m = { .data = text, .len = strlen(text) };
	uint8_t hash[BREACHED_HASH_LEN];
	unsigned i, wrong = 0;
	int found, r;

	(void)state;
	/* the line in the middle says something that belongs at the end */
	line = strstr(text + m.len / 2, "\n") + 1;
	memset(line, 'F', 4);
	for (i = 0; i < 202; i++) {
		hash_of(i, hash);
		r = breached_find(read_memory, &m, (int64_t)m.len, hash, &found);
		if (r == ERR_INPUT)
			wrong++;
		else
			assert_true(r == 0 && (found == 0 || i % 2));
	}
	assert_true(wrong > 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_found_and_nothing_between),
		cmocka_unit_test(many_lines_are_few_reads),
		cmocka_unit_test(a_read_that_fails_is_never_an_answer),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(disorder_on_the_way_is_an_error_not_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
