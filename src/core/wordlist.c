/*
 * wordlist.c - lists of words that are no passwords.
 */
#include "core/wordlist.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "common/text.h"
#include "core/nfkc.h"

#define COMMENT "#!comment:"
/* Shorter ones are no words: a password that repeats so few characters is refused whatever they are. */
#define UNIT_SHORT 3

/* A list that is being made. */
struct maker {
	char *text;
	size_t text_len, text_room;
	uint32_t *at;
	size_t n, room;
};

/* maker_put - a copy of a word, which fits into what wordlist_new() set aside only most of the time: folding lengthens */
static int
maker_put(struct maker *m, const char *word, size_t len)
{
	size_t text_room = m->text_room, room = m->room;
	uint32_t *at;
	char *text;

	while (m->text_len + len + 1 > text_room)
		text_room = text_room * 2 + 64;
	if (text_room > UINT32_MAX)
		return ERR_RANGE;
	if (text_room != m->text_room) {
		text = realloc(m->text, text_room);
		if (text == NULL)
			return ERR_MEMORY;
		m->text = text;
		m->text_room = text_room;
	}
	if (m->n == room) {
		room = room * 2 + 16;
		at = realloc(m->at, room * sizeof(*at));
		if (at == NULL)
			return ERR_MEMORY;
		m->at = at;
		m->room = room;
	}
	memcpy(m->text + m->text_len, word, len);
	m->text[m->text_len + len] = '\0';
	m->at[m->n++] = (uint32_t)m->text_len;
	m->text_len += len + 1;
	return 0;
}

static int
maker_line(struct maker *m, const char *line, size_t len)
{
	struct secret *word = NULL;
	int r;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0 || len > SECRET_MAX || !text_is_clean(line, len) ||
	    (len >= sizeof(COMMENT) - 1 && memcmp(line, COMMENT, sizeof(COMMENT) - 1) == 0))
		return 0;
	r = nfkc_fold((const uint8_t *)line, len, &word);
	if (r == 0)
		r = maker_put(m, (const char *)word->data, word->len);
	secret_free(&word);
	return r;
}

static int
maker_lines(struct maker *m, const char *text, size_t len)
{
	const char *end;
	size_t line_len;
	int r = 0;

	while (r == 0 && len > 0) {
		end = memchr(text, '\n', len);
		line_len = end != NULL ? (size_t)(end - text) : len;
		r = maker_line(m, text, line_len);
		if (end == NULL)
			break;
		text += line_len + 1;
		len -= line_len + 1;
	}
	return r;
}

static int
by_text(const void *a, const void *b, void *text)
{
	const char *words = text;

	return strcmp(words + *(const uint32_t *)a, words + *(const uint32_t *)b);
}

static void
maker_sort(struct maker *m)
{
	size_t i, kept = 0;

	if (m->n > 0)
		qsort_r(m->at, m->n, sizeof(*m->at), by_text, m->text);
	for (i = 0; i < m->n; i++)
		if (i == 0 || strcmp(m->text + m->at[kept - 1], m->text + m->at[i]) != 0)
			m->at[kept++] = m->at[i];
	m->n = kept;
}

int
wordlist_new(const struct wordlist *base, const char *text, size_t len, struct wordlist **list_out)
{
	struct maker maker = { .text_room = 0 };
	struct wordlist *list = NULL;
	size_t i;
	int r = 0;

	*list_out = NULL;
	if (len > WORDLIST_FILE_MAX)
		return ERR_RANGE;
	for (i = 0; r == 0 && base != NULL && i < base->n; i++)
		r = maker_put(&maker, base->text + base->at[i], strlen(base->text + base->at[i]));
	if (r == 0)
		r = maker_lines(&maker, text, len);
	if (r != 0)
		goto out;
	r = ERR_MEMORY;
	list = malloc(sizeof(*list));
	if (list == NULL)
		goto out;
	maker_sort(&maker);
	list->text = maker.text;
	list->at = maker.at;
	list->n = maker.n;
	*list_out = list;
	return 0;
out:
	free(maker.text);
	free(maker.at);
	return r;
}

void
wordlist_free(struct wordlist **list)
{
	if (*list == NULL)
		return;
	free((char *)(*list)->text);
	free((uint32_t *)(*list)->at);
	free(*list);
	*list = NULL;
}

int
wordlist_has(const struct wordlist *list, const char *word)
{
	size_t low = 0, high = list->n, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(word, list->text + list->at[middle]);
		if (order == 0)
			return 1;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* --- what a password is like as a whole ---------------------------------------------------------------- */

static size_t
code_points(const uint8_t *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

/* unit_len - octets of the shortest text whose repetition all of text is; len itself when it repeats nothing */
static size_t
unit_len(const uint8_t *text, size_t len)
{
	size_t unit;

	for (unit = 1; unit <= len / 2; unit++)
		if (len % unit == 0 && memcmp(text, text + unit, len - unit) == 0)
			return unit;
	return len;
}

/* next_in_order - 1 when b follows a: the next code point, or 0 after 9 and a after z */
static int
next_in_order(uint32_t a, uint32_t b)
{
	return (a == '9' && b == '0') || (a == 'z' && b == 'a') || b == a + 1;
}

/* is_run - 1 when each character follows the one before, or each comes before it */
static int
is_run(const uint8_t *text, size_t len)
{
	uint32_t before = 0, cp;
	size_t at, n, count = 0;
	int up = 1, down = 1;

	for (at = 0; at < len; at += n, count++) {
		n = text_decode(text + at, len - at, &cp);
		if (n == 0)
			return 0;
		if (count > 0) {
			up &= next_in_order(before, cp);
			down &= next_in_order(cp, before);
		}
		before = cp;
	}
	return count > 2 && (up || down);
}

static int
is_listed(const struct wordlist *more, const char *word)
{
	return wordlist_has(&wordlist_packaged, word) || (more != NULL && wordlist_has(more, word));
}

int
wordlist_refuses(const struct wordlist *more, const uint8_t *password, size_t len, int *refused_out)
{
	struct secret *word = NULL;
	size_t unit;
	int r;

	*refused_out = 0;
	r = nfkc_fold(password, len, &word);
	if (r != 0)
		return r;
	unit = unit_len(word->data, word->len);
	*refused_out = is_listed(more, (const char *)word->data) || is_run(word->data, word->len);
	if (unit < word->len && !*refused_out) {
		word->data[unit] = '\0';
		*refused_out = code_points(word->data, unit) <= UNIT_SHORT || is_listed(more, (const char *)word->data);
	}
	secret_free(&word);
	return 0;
}
