/*
 * numbers.h - numbers that are given once: uidNumber and gidNumber of members and groups. Pure: what is stored and when is for
 *             the caller.
 *
 * A number is free when it is in the range, not below next, and neither given nor found since the pool was made. Numbers below
 * next were given at some time, also those of entries that are gone. reserved is what is stored: after a restart next begins
 * there, so that what was given before it was written down is not given again.
 */
#ifndef MUSTER_CORE_NUMBERS_H
#define MUSTER_CORE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#define NUMBERS_FIRST_DEFAULT 100000
#define NUMBERS_LAST_DEFAULT 999999
#define NUMBERS_FIRST_MIN 1000       /* below: accounts of the hosts themselves */
#define NUMBERS_LAST_MAX 2147483647  /* what every system takes */

struct numbers_range {
	uint32_t first, last;
};

struct numbers;

/*
 * numbers_range_parse - "<first>-<last>".
 * error: ERR_INPUT, ERR_RANGE (below NUMBERS_FIRST_MIN, above NUMBERS_LAST_MAX, last before first)
 */
int numbers_range_parse(const char *text, size_t len, struct numbers_range *range_out);

/* numbers_parse - a number as a directory stores it. error: ERR_INPUT, ERR_RANGE */
int numbers_parse(const char *text, size_t len, uint32_t *number_out);

/*
 * numbers_new - a pool without a number given.
 * in:    stored  the next number as it is stored, 0 without
 * error: ERR_MEMORY
 */
int numbers_new(struct numbers_range range, uint64_t stored, struct numbers **pool_out);
void numbers_free(struct numbers **pool);

/* numbers_found - an entry has this number. error: ERR_MEMORY */
int numbers_found(struct numbers *pool, uint32_t number);

/*
 * numbers_take - this very number.
 * error: ERR_RANGE   outside of the range
 *        ERR_EXISTS  an entry has it, or had
 *        ERR_MEMORY
 */
int numbers_take(struct numbers *pool, uint32_t number);

/* numbers_give_back - a number that was taken, and not written after all */
void numbers_give_back(struct numbers *pool, uint32_t number);

/*
 * numbers_draw - a free number.
 * error: ERR_SPENT  what is reserved is used up: numbers_reserve(), store it, numbers_reserved(), draw again
 *        ERR_RANGE  the range is used up
 */
int numbers_draw(struct numbers *pool, uint32_t *number_out);

/* numbers_reserve - what to store so that count more numbers can be drawn. error: ERR_RANGE (not one is left) */
int numbers_reserve(const struct numbers *pool, unsigned count, uint64_t *store_out);
/* numbers_reserved - it is stored */
void numbers_reserved(struct numbers *pool, uint64_t stored);

/*
 * numbers_gone - what to store, before an entry loses a number, so that nobody gets it after a restart.
 * return: 0 when nothing needs to be
 */
uint64_t numbers_gone(const struct numbers *pool, uint32_t number);

#endif
