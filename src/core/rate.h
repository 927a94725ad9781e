/*
 * rate.h - so many at once, then one in a while, for each of many callers.
 */
#ifndef MUSTER_CORE_RATE_H
#define MUSTER_CORE_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_KEY_LEN 16
#define RATE_CALLERS 1024 /* known at a time */

struct rate {
	int burst;     /* at once */
	int every_sec; /* then one in so many seconds */
	struct rate_caller {
		uint8_t key[RATE_KEY_LEN];
		int64_t full_at; /* second at which a whole burst is free again */
	} callers[RATE_CALLERS];
};

/*
 * rate_take - take one of what a caller may have now.
 * in:    key  who it is, len at most RATE_KEY_LEN
 * return: 1, or 0 when nothing is left. A clock that was set back gives nobody less than an empty budget.
 */
int rate_take(struct rate *rate, const void *key, size_t len, int64_t now);

#endif
