/*
 * budget.h - how often somebody may guess: failures of one account by source, delays that double, totals of a day.
 *
 * Sources are told apart by an id the caller makes (a keyed hash of an address). Nothing here knows of time or of
 * accounts: both are passed in. The whole state of an account is one line of text, musterLoginState.
 */
#ifndef MUSTER_CORE_BUDGET_H
#define MUSTER_CORE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#define BUDGET_ID_LEN 16      /* characters of base64url */
#define BUDGET_SOURCES 16     /* remembered at once; the one that has been quiet longest makes room */
#define BUDGET_HOURS 25       /* the present one and the 24 before it: no 24 hours are left out */
#define BUDGET_FAILURES 1000  /* a count ends here */
#define BUDGET_TIME_MAX 99999999999LL
#define BUDGET_TEXT_MAX 2048  /* longest text and its NUL, with room to spare */

enum budget_kind { BUDGET_PASSWORD, BUDGET_CODE };
#define BUDGET_KINDS 2

/* What the policy allows. */
struct budget_limits {
	unsigned threshold; /* failures before delays, or before the lock */
	unsigned min_delay_sec, max_delay_sec;
	unsigned daily[BUDGET_KINDS];
	int lockout; /* 1: at the threshold the account is locked; sources are not delayed */
};

/* Where a try comes from. */
struct budget_from {
	char id[BUDGET_ID_LEN + 1];
	int known; /* the account logged in from there */
};

struct budget_count {
	unsigned failures;
	int64_t last; /* seconds since 1970, 0: none */
};

struct budget_source {
	char id[BUDGET_ID_LEN + 1];
	int known; /* when it failed last */
	struct budget_count count[BUDGET_KINDS];
};

struct budget_hour {
	int64_t hour; /* since 1970 */
	unsigned failures;
};

struct budget_day {
	int64_t last; /* of those that count here; 0: none */
	unsigned hours_len;
	struct budget_hour hours[BUDGET_HOURS]; /* ascending */
};

struct budget {
	unsigned since_login[BUDGET_KINDS]; /* failures from wherever since the last login or lock */
	struct budget_day day[BUDGET_KINDS]; /* passwords: of sources that are not known; codes: of all */
	unsigned sources_len;
	struct budget_source sources[BUDGET_SOURCES]; /* the one that failed last is the last */
};

/*
 * budget_parse - read what budget_format() wrote, and nothing else: not one octet may be different.
 * out:   budget_out  empty on error
 * error: ERR_INPUT
 */
int budget_parse(const char *text, size_t len, struct budget *budget_out);

/* budget_format - the one text of a state; "" when there are no failures */
void budget_format(const struct budget *budget, char text_out[BUDGET_TEXT_MAX]);

/*
 * budget_unreadable - the state to go on with when the stored one cannot be read: the totals of the day are used up.
 *                     That opens no door, known sources still log in with a password, and it is over in a day.
 */
void budget_unreadable(int64_t now, struct budget *budget_out);

/* budget_throttled - 1 when a try of a kind is to be refused now, right or wrong, and not to be counted */
int budget_throttled(const struct budget *budget, enum budget_kind kind, const struct budget_limits *limits,
                     const struct budget_from *from, int64_t now);

/* budget_failures - how often a source has failed by now, passwords or codes, whichever is more */
unsigned budget_failures(const struct budget *budget, const struct budget_from *from, int64_t now);

/*
 * budget_fail - count a failure.
 * out:   1 when the account is to be locked now; the failures that led to it do not count towards the next lock
 */
int budget_fail(struct budget *budget, enum budget_kind kind, const struct budget_limits *limits,
                const struct budget_from *from, int64_t now);

/* budget_login - forget the failures of a source that logged in; totals of the day and other sources stay */
void budget_login(struct budget *budget, const struct budget_from *from);

#endif
