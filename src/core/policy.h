/*
 * policy.h - the numbers that a policy is made of: the attribute of each, what it may be, and what holds when it is absent.
 *            The overlay, which judges by them, and the command, which shows them, both read this table.
 */
#ifndef MUSTER_CORE_POLICY_H
#define MUSTER_CORE_POLICY_H

#include <stddef.h>
#include <stdint.h>

enum policy_number {
	POLICY_MIN_LENGTH,
	POLICY_MAX_LENGTH,
	POLICY_MIN_LENGTH_FACTOR,
	POLICY_IN_HISTORY,
	POLICY_MAX_AGE,
	POLICY_MAX_FAILURE,
	POLICY_MIN_DELAY,
	POLICY_MAX_DELAY,
	POLICY_LOCKOUT_DURATION,
	POLICY_DAILY_PASSWORD_FAILURES,
	POLICY_DAILY_CODE_FAILURES,
	POLICY_CODE_WINDOW,
	POLICY_MAX_APP_PASSWORDS,
	POLICY_TOKEN_LIFETIME,
	POLICY_NUMBERS
};

struct policy_limits {
	const char *attribute;
	int64_t min, max;
	int64_t absent; /* POLICY_MIN_LENGTH_FACTOR: 0, which nobody may write: as POLICY_MIN_LENGTH */
};

extern const struct policy_limits policy_limits[POLICY_NUMBERS];

/*
 * policy_number_read - one number of a policy.
 * in:    text  NULL: it is absent
 * out:   number_out  what is absent holds on error
 * error: ERR_RANGE
 */
int policy_number_read(enum policy_number which, const char *text, size_t len, int64_t *number_out);

/*
 * policy_numbers_complete - what depends on other numbers, once all are read.
 * out:   numbers  a length with a factor that was absent
 * return: NULL, else which two do not go together
 */
const char *policy_numbers_complete(int64_t numbers[POLICY_NUMBERS]);

#endif
