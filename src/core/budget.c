/*
 * budget.c - failures counted, and what they mean for the next try.
 */
#include "core/budget.h"

#include <string.h>

#define HOUR_SEC 3600
#define QUIET_SEC (30 * 86400)

/* --- totals of a day ------------------------------------------------------------------------------ */

/* A clock may have been set back: hours a little ahead of it count, those far ahead would keep somebody out for ever. */
static int
hour_counts(const struct budget_hour *hour, int64_t now)
{
	int64_t present = now / HOUR_SEC;

	return hour->hour > present - BUDGET_HOURS && hour->hour < present + BUDGET_HOURS;
}

static unsigned
day_total(const struct budget_day *day, int64_t now)
{
	unsigned i, total = 0;

	for (i = 0; i < day->hours_len; i++)
		if (hour_counts(&day->hours[i], now))
			total += day->hours[i].failures;
	return total;
}

/* day_forget - drop the hours that do not count any more */
static void
day_forget(struct budget_day *day, int64_t now)
{
	unsigned i, kept = 0;

	for (i = 0; i < day->hours_len; i++)
		if (hour_counts(&day->hours[i], now))
			day->hours[kept++] = day->hours[i];
	day->hours_len = kept;
}

static void
day_fail(struct budget_day *day, int64_t now)
{
	int64_t present = now / HOUR_SEC;
	struct budget_hour *hour;

	day_forget(day, now);
	day->last = now;
	/* After the clock was set back: a failure belongs to an hour that is in the list, or to the newest. */
	if (day->hours_len > 0 && day->hours[day->hours_len - 1].hour >= present) {
		hour = &day->hours[day->hours_len - 1];
	} else {
		if (day->hours_len == BUDGET_HOURS)
			memmove(day->hours, day->hours + 1, --day->hours_len * sizeof(day->hours[0]));
		hour = &day->hours[day->hours_len++];
		hour->hour = present;
		hour->failures = 0;
	}
	if (hour->failures < BUDGET_FAILURES)
		hour->failures++;
}

/* --- sources -------------------------------------------------------------------------------------- */

static const struct budget_source *
source_find(const struct budget *budget, const struct budget_from *from)
{
	unsigned i;

	for (i = 0; i < budget->sources_len; i++)
		if (strcmp(budget->sources[i].id, from->id) == 0)
			return &budget->sources[i];
	return NULL;
}

static void
source_remove(struct budget *budget, unsigned at)
{
	budget->sources_len--;
	memmove(&budget->sources[at], &budget->sources[at + 1], (budget->sources_len - at) * sizeof(budget->sources[0]));
}

/* make_room - the oldest of those that are not known goes first: strangers must not make us forget a known one's delay */
static void
make_room(struct budget *budget)
{
	unsigned at = 0;

	while (at < budget->sources_len && budget->sources[at].known)
		at++;
	source_remove(budget, at < budget->sources_len ? at : 0);
}

/* source_touch - the record of a source, made when there is none, as the newest */
static struct budget_source *
source_touch(struct budget *budget, const struct budget_from *from)
{
	const struct budget_source *found = source_find(budget, from);
	struct budget_source one;

	memset(&one, 0, sizeof(one));
	if (found != NULL) {
		one = *found;
		source_remove(budget, (unsigned)(found - budget->sources));
	} else {
		memcpy(one.id, from->id, sizeof(one.id));
		if (budget->sources_len == BUDGET_SOURCES)
			make_room(budget);
	}
	one.known = from->known;
	budget->sources[budget->sources_len] = one;
	return &budget->sources[budget->sources_len++];
}

/* lapsed - after a quiet month a source begins anew */
static int
lapsed(const struct budget_count *count, int64_t now)
{
	return now - count->last >= QUIET_SEC || count->last - now >= QUIET_SEC;
}

/* within - whether a delay after last is not over. A clock set back a long way keeps nobody out until it has caught up. */
static int
within(int64_t last, int64_t delay, int64_t longest, int64_t now)
{
	return now < last + delay && last - now <= longest;
}

static int
delayed(const struct budget_count *count, const struct budget_limits *limits, int64_t now)
{
	int64_t delay = limits->min_delay_sec;
	unsigned i;

	if (count->failures < limits->threshold || lapsed(count, now))
		return 0;
	for (i = limits->threshold; i < count->failures && delay < limits->max_delay_sec; i++)
		delay *= 2;
	if (delay > limits->max_delay_sec)
		delay = limits->max_delay_sec;
	return within(count->last, delay, limits->max_delay_sec, now);
}

/* --- for everybody -------------------------------------------------------------------------------- */

int
budget_throttled(const struct budget *budget, enum budget_kind kind, const struct budget_limits *limits,
                 const struct budget_from *from, int64_t now)
{
	const struct budget_source *source = source_find(budget, from);
	const struct budget_day *day = &budget->day[kind];

	if (source != NULL && !limits->lockout && delayed(&source->count[kind], limits, now))
		return 1;
	if (kind == BUDGET_CODE)
		return day_total(day, now) >= limits->daily[BUDGET_CODE];
	/* From here on everybody whom nobody knows is one guesser. */
	return !from->known && day_total(day, now) >= limits->daily[BUDGET_PASSWORD] &&
	       within(day->last, limits->max_delay_sec, limits->max_delay_sec, now);
}

unsigned
budget_failures(const struct budget *budget, const struct budget_from *from, int64_t now)
{
	const struct budget_source *source = source_find(budget, from);
	unsigned most = 0;
	int kind;

	for (kind = 0; source != NULL && kind < BUDGET_KINDS; kind++)
		if (!lapsed(&source->count[kind], now) && source->count[kind].failures > most)
			most = source->count[kind].failures;
	return most;
}

static void
count_up(unsigned *count)
{
	if (*count < BUDGET_FAILURES)
		(*count)++;
}

int
budget_fail(struct budget *budget, enum budget_kind kind, const struct budget_limits *limits,
            const struct budget_from *from, int64_t now)
{
	struct budget_count *count = &source_touch(budget, from)->count[kind];

	if (lapsed(count, now))
		count->failures = 0;
	count_up(&count->failures);
	count->last = now;
	if (kind == BUDGET_CODE || !from->known)
		day_fail(&budget->day[kind], now);
	count_up(&budget->since_login[kind]);
	if (!limits->lockout || budget->since_login[kind] < limits->threshold)
		return 0;
	memset(budget->since_login, 0, sizeof(budget->since_login));
	return 1;
}

void
budget_login(struct budget *budget, const struct budget_from *from)
{
	const struct budget_source *source = source_find(budget, from);

	if (source != NULL)
		source_remove(budget, (unsigned)(source - budget->sources));
	memset(budget->since_login, 0, sizeof(budget->since_login));
}

void
budget_unreadable(int64_t now, struct budget *budget_out)
{
	int kind;

	memset(budget_out, 0, sizeof(*budget_out));
	for (kind = 0; kind < BUDGET_KINDS; kind++) {
		budget_out->day[kind].last = now;
		budget_out->day[kind].hours_len = 1;
		budget_out->day[kind].hours[0].hour = now / HOUR_SEC;
		budget_out->day[kind].hours[0].failures = BUDGET_FAILURES;
	}
}
