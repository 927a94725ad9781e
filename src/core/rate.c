/*
 * rate.c - budgets of callers.
 */
#include "core/rate.h"

#include <string.h>

/* find - the place of a caller; of one who is not known the place that is free, or is free first */
static struct rate_caller *
find(struct rate *rate, const uint8_t key[RATE_KEY_LEN])
{
	struct rate_caller *first = &rate->callers[0];
	size_t i;

	for (i = 0; i < RATE_CALLERS; i++) {
		if (memcmp(rate->callers[i].key, key, RATE_KEY_LEN) == 0)
			return &rate->callers[i];
		if (rate->callers[i].full_at < first->full_at)
			first = &rate->callers[i];
	}
	memcpy(first->key, key, RATE_KEY_LEN);
	first->full_at = 0;
	return first;
}

int
rate_take(struct rate *rate, const void *key, size_t len, int64_t now)
{
	int64_t whole = (int64_t)rate->burst * rate->every_sec;
	uint8_t padded[RATE_KEY_LEN] = { 0 };
	struct rate_caller *caller;

	memcpy(padded, key, len < RATE_KEY_LEN ? len : RATE_KEY_LEN);
	caller = find(rate, padded);
	if (caller->full_at < now)
		caller->full_at = now;
	if (caller->full_at > now + whole)
		caller->full_at = now + whole;
	if (caller->full_at + rate->every_sec > now + whole)
		return 0;
	caller->full_at += rate->every_sec;
	return 1;
}
