/*
 * member_failures.c - what musterLoginState says: failed tries, and from where tries are refused until when.
 */
#include <stdio.h>
#include <string.h>

#include "cli/member_facts.h"
#include "common/clock.h"
#include "core/budget.h"

#define HOUR_SEC 3600

static struct budget_limits
limits_of(const struct policy_facts *rules)
{
	const struct budget_limits limits = { .threshold = (unsigned)rules->max_failure,
		.min_delay_sec = (unsigned)rules->min_delay_sec, .max_delay_sec = (unsigned)rules->max_delay_sec,
		.daily = { (unsigned)rules->daily_password_failures, (unsigned)rules->daily_code_failures },
		.lockout = rules->lockout };

	return limits;
}

static unsigned
today(const struct budget *budget, enum budget_kind kind)
{
	int64_t present = clock_now() / HOUR_SEC;
	unsigned i, total = 0;

	for (i = 0; i < budget->day[kind].hours_len; i++) {
		if (budget->day[kind].hours[i].hour > present - BUDGET_HOURS)
			total += budget->day[kind].hours[i].failures;
	}
	return total;
}

/* When a try will be looked at again: refused now, it is refused up to a moment and never after it. 0: it is looked at now. */
static int64_t
held_until(const struct budget *budget, enum budget_kind kind, const struct budget_limits *limits,
           const struct budget_from *from)
{
	int64_t now = clock_now(), low = now, high = now + (BUDGET_HOURS + 1) * HOUR_SEC, middle;

	if (!budget_throttled(budget, kind, limits, from, now))
		return 0;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (budget_throttled(budget, kind, limits, from, middle))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Sources that are held up by what they did themselves. */
static void
look_at_sources(const struct budget *budget, const struct budget_limits *limits, json_t *demands)
{
	char text[200], until_text[TIME_TEXT];
	int64_t until, latest = 0;
	unsigned i, n = 0;
	int kind;

	for (i = 0; i < budget->sources_len; i++) {
		struct budget_from from = { .known = budget->sources[i].known };

		memcpy(from.id, budget->sources[i].id, sizeof(from.id));
		for (until = 0, kind = 0; kind < BUDGET_KINDS && until == 0; kind++)
			until = held_until(budget, (enum budget_kind)kind, limits, &from);
		n += until != 0;
		latest = until > latest ? until : latest;
	}
	if (n == 0)
		return;
	time_text(latest, until_text);
	snprintf(text, sizeof(text), "not from %u address%s with too many failures, until %s at the latest", n,
	         n == 1 ? "" : "es", until_text);
	(void)json_array_append_new(demands, json_string(text));
}

void
member_facts_failures(const struct member_facts *facts, const struct policy_facts *rules, json_t *object, json_t *stops,
                      json_t *demands)
{
	const struct budget_limits limits = limits_of(rules);
	const struct budget_from stranger = { .id = "", .known = 0 };
	char text[256], until_text[TIME_TEXT];
	struct budget budget;
	int64_t until;

	if (facts->login_state == NULL)
		return;
	if (budget_parse(facts->login_state, strlen(facts->login_state), &budget) != 0) {
		(void)json_object_set_new(object, "failures",
		                          json_string("cannot be read: taken for used up, for a day"));
		budget_unreadable(clock_now(), &budget);
	} else {
		snprintf(text, sizeof(text), "%u wrong passwords from new addresses and %u wrong codes in a day",
		         today(&budget, BUDGET_PASSWORD), today(&budget, BUDGET_CODE));
		(void)json_object_set_new(object, "failures", json_string(text));
	}
	until = held_until(&budget, BUDGET_CODE, &limits, &stranger);
	time_text(until, until_text);
	snprintf(text, sizeof(text), "all codes of the day are used up, until %s", until_text);
	if (until != 0)
		(void)json_array_append_new(stops, json_pack("{s:s, s:s}", "why", text, "do", "muster member unlock"));
	until = held_until(&budget, BUDGET_PASSWORD, &limits, &stranger);
	time_text(until, until_text);
	snprintf(text, sizeof(text), "from new addresses one try at a time, the next at %s", until_text);
	if (until != 0)
		(void)json_array_append_new(demands, json_string(text));
	look_at_sources(&budget, &limits, demands);
}
