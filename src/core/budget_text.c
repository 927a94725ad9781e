/*
 * budget_text.c - musterLoginState:
 *
 *     1 n=<passwords>,<codes> p=<last>[,<hour>:<failures>]... c=<last>[,<hour>:<failures>]...
 *       [ <source>=<known>,<passwords>,<last>,<codes>,<last>]...
 *
 * on one line with single blanks. n: since the last login. p, c: the day's passwords and codes. Times in unix seconds, hours
 * since 1970, numbers without leading zeros.
 */
#include "core/budget.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"

#define HOUR_MAX (BUDGET_TIME_MAX / 3600)

/* --- writing -------------------------------------------------------------------------------------- */

struct out {
	char *text;
	size_t len;
};

/* Every state fits: 16 sources of at most 58 octets, 50 hours of at most 15, 70 for the rest. */
#define PUT(o, ...) ((o)->len += (size_t)snprintf((o)->text + (o)->len, BUDGET_TEXT_MAX - (o)->len, __VA_ARGS__))

static void
put_day(struct out *o, char name, const struct budget_day *day)
{
	unsigned i;

	PUT(o, " %c=%lld", name, (long long)day->last);
	for (i = 0; i < day->hours_len; i++)
		PUT(o, ",%lld:%u", (long long)day->hours[i].hour, day->hours[i].failures);
}

static int
is_empty(const struct budget *b)
{
	return b->since_login[BUDGET_PASSWORD] == 0 && b->since_login[BUDGET_CODE] == 0 &&
	       b->day[BUDGET_PASSWORD].hours_len == 0 && b->day[BUDGET_CODE].hours_len == 0 && b->sources_len == 0;
}

void
budget_format(const struct budget *b, char text_out[BUDGET_TEXT_MAX])
{
	struct out o = { .text = text_out };
	unsigned i;

	text_out[0] = '\0';
	if (is_empty(b))
		return;
	PUT(&o, "1 n=%u,%u", b->since_login[BUDGET_PASSWORD], b->since_login[BUDGET_CODE]);
	put_day(&o, 'p', &b->day[BUDGET_PASSWORD]);
	put_day(&o, 'c', &b->day[BUDGET_CODE]);
	for (i = 0; i < b->sources_len; i++) {
		const struct budget_source *s = &b->sources[i];

		PUT(&o, " %s=%d,%u,%lld,%u,%lld", s->id, s->known, s->count[BUDGET_PASSWORD].failures,
		    (long long)s->count[BUDGET_PASSWORD].last, s->count[BUDGET_CODE].failures,
		    (long long)s->count[BUDGET_CODE].last);
	}
}

/* --- reading -------------------------------------------------------------------------------------- */

struct in {
	const char *at, *end;
};

static int
take(struct in *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return ERR_INPUT;
	in->at++;
	return 0;
}

static int
take_number(struct in *in, int64_t max, int64_t *out)
{
	const char *start = in->at;
	int64_t n = 0;

	for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
		n = n * 10 + (*in->at - '0');
		if (n > max)
			return ERR_INPUT;
	}
	if (in->at == start || (*start == '0' && in->at - start > 1))
		return ERR_INPUT;
	*out = n;
	return 0;
}

static int
take_count(struct in *in, unsigned *out)
{
	int64_t n;

	if (take_number(in, BUDGET_FAILURES, &n) < 0)
		return ERR_INPUT;
	*out = (unsigned)n;
	return 0;
}

static int
take_hour(struct in *in, struct budget_day *day)
{
	struct budget_hour *hour = &day->hours[day->hours_len];

	if (day->hours_len == BUDGET_HOURS || take(in, ',') < 0 || take_number(in, HOUR_MAX, &hour->hour) < 0 ||
	    take(in, ':') < 0 || take_count(in, &hour->failures) < 0 || hour->failures == 0 ||
	    (day->hours_len > 0 && hour->hour <= hour[-1].hour))
		return ERR_INPUT;
	day->hours_len++;
	return 0;
}

static int
take_day(struct in *in, char name, struct budget_day *day)
{
	int r = 0;

	if (take(in, ' ') < 0 || take(in, name) < 0 || take(in, '=') < 0 ||
	    take_number(in, BUDGET_TIME_MAX, &day->last) < 0)
		return ERR_INPUT;
	while (r == 0 && in->at < in->end && *in->at == ',')
		r = take_hour(in, day);
	return r;
}

static int
take_id(struct in *in, char id_out[BUDGET_ID_LEN + 1])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	int i;

	for (i = 0; i < BUDGET_ID_LEN; i++, in->at++) {
		if (in->at == in->end || *in->at == '\0' || strchr(alphabet, *in->at) == NULL)
			return ERR_INPUT;
		id_out[i] = *in->at;
	}
	id_out[i] = '\0';
	return 0;
}

static int
take_source(struct in *in, struct budget *b)
{
	struct budget_source *s = &b->sources[b->sources_len];
	int64_t known;
	unsigned i;

	if (b->sources_len == BUDGET_SOURCES || take(in, ' ') < 0 || take_id(in, s->id) < 0 || take(in, '=') < 0 ||
	    take_number(in, 1, &known) < 0 || take(in, ',') < 0 || take_count(in, &s->count[BUDGET_PASSWORD].failures) < 0 ||
	    take(in, ',') < 0 || take_number(in, BUDGET_TIME_MAX, &s->count[BUDGET_PASSWORD].last) < 0 ||
	    take(in, ',') < 0 || take_count(in, &s->count[BUDGET_CODE].failures) < 0 || take(in, ',') < 0 ||
	    take_number(in, BUDGET_TIME_MAX, &s->count[BUDGET_CODE].last) < 0)
		return ERR_INPUT;
	for (i = 0; i < b->sources_len; i++)
		if (strcmp(b->sources[i].id, s->id) == 0)
			return ERR_INPUT;
	s->known = (int)known;
	b->sources_len++;
	return 0;
}

static int
take_all(struct in *in, struct budget *b)
{
	int r;

	if (take(in, '1') < 0 || take(in, ' ') < 0 || take(in, 'n') < 0 || take(in, '=') < 0 ||
	    take_count(in, &b->since_login[BUDGET_PASSWORD]) < 0 || take(in, ',') < 0 ||
	    take_count(in, &b->since_login[BUDGET_CODE]) < 0)
		return ERR_INPUT;
	r = take_day(in, 'p', &b->day[BUDGET_PASSWORD]);
	if (r == 0)
		r = take_day(in, 'c', &b->day[BUDGET_CODE]);
	while (r == 0 && in->at < in->end)
		r = take_source(in, b);
	return r < 0 || is_empty(b) ? ERR_INPUT : 0;
}

int
budget_parse(const char *text, size_t len, struct budget *budget_out)
{
	struct in in = { text, text + len };
	int r = 0;

	memset(budget_out, 0, sizeof(*budget_out));
	if (len > 0)
		r = take_all(&in, budget_out);
	if (r < 0)
		memset(budget_out, 0, sizeof(*budget_out));
	return r;
}
