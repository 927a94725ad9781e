/*
 * breached.c - binary search in a sorted file of hashes.
 */
#include "core/breached.h"

#include <string.h>

#include "common/err.h"
#include "common/secret.h"

#define SAMPLES 256

struct file {
	breached_read *read;
	void *arg;
	int64_t size;
};

struct line {
	int64_t begin, end; /* offsets; end is behind its line feed */
	uint8_t hash[BREACHED_HASH_LEN];
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* line_parse - the hash of a line without its line feed. error: ERR_INPUT */
static int
line_parse(const char *text, size_t len, uint8_t hash_out[BREACHED_HASH_LEN])
{
	int i, high, low;

	if (len < 2 * BREACHED_HASH_LEN)
		return ERR_INPUT;
	for (i = 0; i < BREACHED_HASH_LEN; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return ERR_INPUT;
		hash_out[i] = (uint8_t)(high << 4 | low);
	}
	if (len == 2 * BREACHED_HASH_LEN)
		return 0;
	return memchr(": \t\r", text[2 * BREACHED_HASH_LEN], 4) != NULL ? 0 : ERR_INPUT;
}

/*
 * line_at - the line that the octet at an offset belongs to.
 * in:    low  a place where a line is known to begin, not behind offset
 */
static int
line_at(const struct file *f, int64_t low, int64_t offset, struct line *line_out)
{
	char window[2 * BREACHED_LINE_MAX];
	int64_t from = offset - low < BREACHED_LINE_MAX ? low : offset - BREACHED_LINE_MAX;
	size_t len = f->size - from < (int64_t)sizeof(window) ? (size_t)(f->size - from) : sizeof(window);
	size_t at = (size_t)(offset - from), begin = at, end;
	int r = f->read(f->arg, from, window, len);

	if (r != 0)
		return r;
	while (begin > 0 && window[begin - 1] != '\n')
		begin--;
	for (end = at; end < len && window[end] != '\n'; end++)
		;
	/* A line that reaches over the window is longer than any. */
	if ((begin == 0 && from != low) || (end == len && from + (int64_t)len != f->size))
		return ERR_INPUT;
	line_out->begin = from + (int64_t)begin;
	line_out->end = from + (int64_t)(end < len ? end + 1 : end);
	return line_parse(window + begin, end - begin, line_out->hash);
}

int
breached_find(breached_read *read, void *arg, int64_t size, const uint8_t hash[BREACHED_HASH_LEN], int *found_out)
{
	const struct file f = { read, arg, size };
	uint8_t least[BREACHED_HASH_LEN], most[BREACHED_HASH_LEN];
	int64_t low = 0, high = size;
	struct line line;
	int order, r;

	*found_out = 0;
	memset(least, 0, sizeof(least));
	memset(most, 0xff, sizeof(most));
	while (low < high) {
		r = line_at(&f, low, low + (high - low) / 2, &line);
		if (r != 0)
			return r;
		/* A line outside of those around it: not sorted, and what is not found means nothing. */
		if (memcmp(line.hash, least, sizeof(least)) < 0 || memcmp(line.hash, most, sizeof(most)) > 0)
			return ERR_INPUT;
		order = memcmp(hash, line.hash, BREACHED_HASH_LEN);
		if (order == 0) {
			*found_out = 1;
			return 0;
		}
		if (order < 0) {
			high = line.begin;
			memcpy(most, line.hash, sizeof(most));
		} else {
			low = line.end;
			memcpy(least, line.hash, sizeof(least));
		}
	}
	return 0;
}

int
breached_check(breached_read *read, void *arg, int64_t size)
{
	const struct file f = { read, arg, size };
	uint8_t before[BREACHED_HASH_LEN] = { 0 };
	struct line line = { .end = 0 };
	int64_t offset;
	int i, r;

	if (size <= 0)
		return ERR_INPUT;
	for (i = 0; i <= SAMPLES; i++) {
		/* the first line, the last, and what is between */
		offset = size / SAMPLES * i + size % SAMPLES * i / SAMPLES;
		if (offset > size - 1)
			offset = size - 1;
		r = line_at(&f, i == 0 ? 0 : line.begin, offset, &line);
		if (r != 0)
			return r;
		if (memcmp(before, line.hash, sizeof(before)) > 0)
			return ERR_INPUT;
		memcpy(before, line.hash, sizeof(before));
	}
	return 0;
}
