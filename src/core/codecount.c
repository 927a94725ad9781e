/*
 * codecount.c - codes sent and wrong codes of a purpose.
 */
#include "core/codecount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/text.h"

#define COUNT_MAX 1000000U /* more is not told apart, and never wraps */

static int
is_purpose(const char *text, size_t len)
{
	size_t i;

	if (len < 1 || len >= CODECOUNT_PURPOSE_MAX)
		return 0;
	for (i = 0; i < len; i++)
		if ((text[i] < 'a' || text[i] > 'z') && text[i] != '-')
			return 0;
	return 1;
}

/* The next number, and what is behind the blank after it; the last one ends with the text. */
static int
number(const char **text, size_t *len, int64_t max, int last, int64_t *out)
{
	const char *blank = *len == 0 ? NULL : memchr(*text, ' ', *len);
	size_t size = blank != NULL ? (size_t)(blank - *text) : *len;

	*out = 0;
	if ((blank == NULL) != last || text_number(*text, size, 0, max, out) != 0)
		return ERR_INPUT;
	*text += size + (last ? 0 : 1);
	*len -= size + (last ? 0 : 1);
	return 0;
}

int
codecount_parse(const char *text, size_t len, int64_t now, struct codecount *out)
{
	const char *blank = len == 0 ? NULL : memchr(text, ' ', len);
	size_t size = blank != NULL ? (size_t)(blank - text) : 0;
	int64_t wrong, sent;

	memset(out, 0, sizeof(*out));
	if (blank == NULL || !is_purpose(text, size))
		goto unusable;
	memcpy(out->purpose, text, size);
	text += size + 1;
	len -= size + 1;
	if (number(&text, &len, INT64_MAX / 2, 0, &out->since) != 0 || number(&text, &len, COUNT_MAX, 0, &wrong) != 0 ||
	    number(&text, &len, COUNT_MAX, 1, &sent) != 0)
		goto unusable;
	out->wrong = (unsigned)wrong;
	out->sent = (unsigned)sent;
	return 0;
unusable:
	memset(out, 0, sizeof(*out));
	out->since = now;
	out->wrong = out->sent = COUNT_MAX;
	return ERR_INPUT;
}

int
codecount_format(const struct codecount *count, char text_out[CODECOUNT_TEXT_MAX])
{
	text_out[0] = '\0';
	if (!is_purpose(count->purpose, strlen(count->purpose)))
		return ERR_INPUT;
	if (count->since < 0)
		return ERR_RANGE;
	(void)snprintf(text_out, CODECOUNT_TEXT_MAX, "%s %" PRId64 " %u %u", count->purpose, count->since, count->wrong,
	               count->sent);
	return 0;
}

void
codecount_new(const char *purpose, struct codecount *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->purpose, sizeof(out->purpose), "%s", purpose);
}

void
codecount_age(struct codecount *count, int64_t now)
{
	if (now - count->since < CODECOUNT_SEC)
		return;
	count->since = 0;
	count->wrong = count->sent = 0;
}

static void
count_one(struct codecount *count, unsigned *which, int64_t now)
{
	codecount_age(count, now);
	if (count->since == 0)
		count->since = now;
	if (*which < COUNT_MAX)
		(*which)++;
}

void
codecount_wrong(struct codecount *count, int64_t now)
{
	count_one(count, &count->wrong, now);
}

void
codecount_sent(struct codecount *count, int64_t now)
{
	count_one(count, &count->sent, now);
}

int
codecount_blocked(const struct codecount *count)
{
	return count->wrong >= CODECOUNT_TRIES;
}
