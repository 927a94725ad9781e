/*
 * numbers.c - a range, and what was given of it: everything below next, and a sorted list of what was found or taken elsewhere.
 */
#include "core/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define DIGITS_MAX 10

struct numbers {
	struct numbers_range range;
	uint64_t next, reserved;
	uint32_t *taken; /* sorted */
	size_t taken_len, taken_max;
};

int
numbers_parse(const char *text, size_t len, uint32_t *number_out)
{
	uint64_t number = 0;
	size_t i;

	*number_out = 0;
	if (len == 0)
		return ERR_INPUT;
	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return ERR_INPUT;
	if (len > DIGITS_MAX)
		return ERR_RANGE;
	for (i = 0; i < len; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (number > UINT32_MAX)
		return ERR_RANGE;
	*number_out = (uint32_t)number;
	return 0;
}

int
numbers_range_parse(const char *text, size_t len, struct numbers_range *range_out)
{
	const char *dash = memchr(text, '-', len);
	int r;

	range_out->first = range_out->last = 0;
	if (dash == NULL)
		return ERR_INPUT;
	r = numbers_parse(text, (size_t)(dash - text), &range_out->first);
	if (r == 0)
		r = numbers_parse(dash + 1, len - (size_t)(dash + 1 - text), &range_out->last);
	if (r < 0)
		return r;
	return range_out->first < NUMBERS_FIRST_MIN || range_out->last > NUMBERS_LAST_MAX ||
	                       range_out->last < range_out->first
	               ? ERR_RANGE
	               : 0;
}

int
numbers_new(struct numbers_range range, uint64_t stored, struct numbers **pool_out)
{
	struct numbers *pool = calloc(1, sizeof(*pool));

	*pool_out = pool;
	if (pool == NULL)
		return ERR_MEMORY;
	pool->range = range;
	pool->next = stored > range.first ? stored : range.first;
	/* Nothing is reserved before it is stored, not even the first. */
	pool->reserved = pool->next;
	return 0;
}

void
numbers_free(struct numbers **pool)
{
	if (*pool != NULL)
		free((*pool)->taken);
	free(*pool);
	*pool = NULL;
}

/* place_of - where a number is in the list, or belongs */
static size_t
place_of(const struct numbers *pool, uint32_t number)
{
	size_t low = 0, high = pool->taken_len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pool->taken[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
is_taken(const struct numbers *pool, uint32_t number)
{
	size_t place = place_of(pool, number);

	return place < pool->taken_len && pool->taken[place] == number;
}

static int
insert(struct numbers *pool, uint32_t number)
{
	size_t place = place_of(pool, number), max;
	uint32_t *longer;

	if (place < pool->taken_len && pool->taken[place] == number)
		return 0;
	if (pool->taken_len == pool->taken_max) {
		max = pool->taken_max > 0 ? 2 * pool->taken_max : 64;
		longer = realloc(pool->taken, max * sizeof(*longer));
		if (longer == NULL)
			return ERR_MEMORY;
		pool->taken = longer;
		pool->taken_max = max;
	}
	memmove(pool->taken + place + 1, pool->taken + place, (pool->taken_len - place) * sizeof(*pool->taken));
	pool->taken[place] = number;
	pool->taken_len++;
	return 0;
}

int
numbers_found(struct numbers *pool, uint32_t number)
{
	/* What is given by next alone need not be in the list. */
	if (number < pool->next || number > pool->range.last)
		return 0;
	return insert(pool, number);
}

int
numbers_take(struct numbers *pool, uint32_t number)
{
	if (number < pool->range.first || number > pool->range.last)
		return ERR_RANGE;
	if (number < pool->next || is_taken(pool, number))
		return ERR_EXISTS;
	return insert(pool, number);
}

void
numbers_give_back(struct numbers *pool, uint32_t number)
{
	size_t place = place_of(pool, number);

	if (place == pool->taken_len || pool->taken[place] != number)
		return;
	pool->taken_len--;
	memmove(pool->taken + place, pool->taken + place + 1, (pool->taken_len - place) * sizeof(*pool->taken));
}

/* first_free - from a number on; beyond the range when there is none */
static uint64_t
first_free(const struct numbers *pool, uint64_t from)
{
	size_t place;

	if (from > pool->range.last)
		return from;
	for (place = place_of(pool, (uint32_t)from); place < pool->taken_len && pool->taken[place] == from; place++)
		from++;
	return from;
}

int
numbers_draw(struct numbers *pool, uint32_t *number_out)
{
	uint64_t number = first_free(pool, pool->next);

	*number_out = 0;
	if (number > pool->range.last)
		return ERR_RANGE;
	if (number >= pool->reserved)
		return ERR_SPENT;
	*number_out = (uint32_t)number;
	pool->next = number + 1;
	return 0;
}

int
numbers_reserve(const struct numbers *pool, unsigned count, uint64_t *store_out)
{
	uint64_t at = first_free(pool, pool->next);

	*store_out = 0;
	if (at > pool->range.last)
		return ERR_RANGE;
	*store_out = at + count > (uint64_t)pool->range.last + 1 ? (uint64_t)pool->range.last + 1 : at + count;
	return 0;
}

void
numbers_reserved(struct numbers *pool, uint64_t stored)
{
	if (stored > pool->reserved)
		pool->reserved = stored;
}

uint64_t
numbers_gone(const struct numbers *pool, uint32_t number)
{
	if (number < pool->range.first || number > pool->range.last || number < pool->reserved)
		return 0;
	return (uint64_t)number + 1;
}
