/*
 * keyring_text.c - a key file's text changed by one line; comments and everything else stay where they are.
 */
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/keyring.h"

/* A text under construction. */
struct text {
	char *out;
	size_t len;
	int overflow;
};

/* One line of the file, its '\n' included. */
struct line {
	const char *text;
	size_t len;
	const char *id; /* NULL: no key */
	size_t id_len;
};

static void
put(struct text *t, const char *text, size_t len)
{
	if (len > KEYRING_FILE_MAX - t->len) {
		t->overflow = 1;
		return;
	}
	memcpy(t->out + t->len, text, len);
	t->len += len;
}

static void
put_line(struct text *t, const struct line *line)
{
	put(t, line->text, line->len);
	if (line->len == 0 || line->text[line->len - 1] != '\n')
		put(t, "\n", 1);
}

/* next_line - 1 and the line at *at, 0 at the end */
static int
next_line(const char *text, size_t len, size_t *at, struct line *line)
{
	const char *end;
	size_t i;

	if (*at >= len)
		return 0;
	line->text = text + *at;
	end = memchr(line->text, '\n', len - *at);
	line->len = end != NULL ? (size_t)(end - line->text) + 1 : len - *at;
	*at += line->len;
	for (i = 0; i < line->len && strchr(" \t\r\n", line->text[i]) != NULL; i++)
		;
	line->id = i < line->len && line->text[i] != '#' ? line->text + i : NULL;
	for (line->id_len = 0; line->id != NULL && i < line->len && strchr(" \t\r\n", line->text[i]) == NULL; i++)
		line->id_len++;
	return 1;
}

static int
line_is(const struct line *line, const char *id)
{
	return line->id != NULL && line->id_len == strlen(id) && memcmp(line->id, id, line->id_len) == 0;
}

static int
find_line(const char *text, size_t len, const char *id, struct line *line_out)
{
	size_t at = 0;

	while (next_line(text, len, &at, line_out))
		if (line_is(line_out, id))
			return 0;
	return ERR_NOT_FOUND;
}

static int
finish(struct text *t, size_t *out_len)
{
	if (t->overflow) {
		secret_wipe(t->out, KEYRING_FILE_MAX);
		return ERR_RANGE;
	}
	*out_len = t->len;
	return 0;
}

int
keyring_text_add(const char *text, size_t len, const char *key_line, char out[KEYRING_FILE_MAX], size_t *out_len)
{
	struct text t = { .out = out };
	struct line line;
	size_t at = 0;

	*out_len = 0;
	while (next_line(text, len, &at, &line))
		put_line(&t, &line);
	put(&t, key_line, strlen(key_line));
	return finish(&t, out_len);
}

int
keyring_text_activate(const char *text, size_t len, const char *id, char out[KEYRING_FILE_MAX], size_t *out_len)
{
	struct text t = { .out = out };
	struct line line, active;
	size_t at = 0;
	int done = 0;

	*out_len = 0;
	if (find_line(text, len, id, &active) != 0)
		return ERR_NOT_FOUND;
	while (next_line(text, len, &at, &line)) {
		if (line.id != NULL && !done) {
			put_line(&t, &active);
			done = 1;
		}
		if (!line_is(&line, id))
			put_line(&t, &line);
	}
	return finish(&t, out_len);
}

int
keyring_text_remove(const char *text, size_t len, const char *id, char out[KEYRING_FILE_MAX], size_t *out_len)
{
	struct text t = { .out = out };
	struct line line;
	size_t at = 0;

	*out_len = 0;
	if (find_line(text, len, id, &line) != 0)
		return ERR_NOT_FOUND;
	while (next_line(text, len, &at, &line))
		if (!line_is(&line, id))
			put_line(&t, &line);
	return finish(&t, out_len);
}
