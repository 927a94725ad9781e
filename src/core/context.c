/*
 * context.c - passwords that are mostly names.
 */
#include "core/context.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>

#include "common/err.h"
#include "common/secret.h"
#include "common/text.h"
#include "core/nfkc.h"

/* Later ones are passed over: a member may write some of its names itself, and time must have an end. */
#define WORDS_MAX 1000

/* Words without case, letters and digits only. */
struct context {
	char **words;
	size_t n, room;
};

int
context_new(struct context **context_out)
{
	*context_out = calloc(1, sizeof(**context_out));
	return *context_out != NULL ? 0 : ERR_MEMORY;
}

void
context_free(struct context **context)
{
	size_t i;

	if (*context == NULL)
		return;
	for (i = 0; i < (*context)->n; i++)
		free((*context)->words[i]);
	free((*context)->words);
	free(*context);
	*context = NULL;
}

/* is_lead - 1 for the first octet of a code point */
static int
is_lead(uint8_t octet)
{
	return (octet & 0xc0) != 0x80;
}

static size_t
code_points(const uint8_t *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		n += (size_t)is_lead(text[i]);
	return n;
}

/* word_put - remember a word, unless it is short or known. error: ERR_MEMORY */
static int
word_put(struct context *context, const uint8_t *text, size_t len)
{
	size_t i, room = context->room * 2 + 16;
	char **words, *word;

	if (code_points(text, len) < CONTEXT_WORD_MIN || context->n == WORDS_MAX)
		return 0;
	for (i = 0; i < context->n; i++)
		if (strlen(context->words[i]) == len && memcmp(context->words[i], text, len) == 0)
			return 0;
	if (context->n == context->room) {
		words = realloc(context->words, room * sizeof(*words));
		if (words == NULL)
			return ERR_MEMORY;
		context->words = words;
		context->room = room;
	}
	word = malloc(len + 1);
	if (word == NULL)
		return ERR_MEMORY;
	memcpy(word, text, len);
	word[len] = '\0';
	context->words[context->n++] = word;
	return 0;
}

/* is_word_part - letters with their marks, and digits */
static int
is_word_part(uint32_t cp)
{
	return uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N);
}

/*
 * squeeze - leave out what is no part of a word, in place.
 * in:    context  takes the words that are between, NULL: none are taken
 * error: ERR_MEMORY
 */
static int
squeeze(struct secret *s, struct context *context)
{
	size_t at, n, to = 0, word = 0;
	uint32_t cp;
	int r = 0;

	for (at = 0; at < s->len && r == 0; at += n) {
		n = text_decode(s->data + at, s->len - at, &cp);
		if (n == 0)
			break;
		if (is_word_part(cp)) {
			memmove(s->data + to, s->data + at, n);
			to += n;
		} else {
			r = context != NULL ? word_put(context, s->data + word, to - word) : 0;
			word = to;
		}
	}
	if (r == 0 && context != NULL)
		r = word_put(context, s->data + word, to - word);
	secret_wipe(s->data + to, s->len - to);
	s->len = to;
	return r;
}

int
context_add(struct context *context, const char *value, size_t len)
{
	struct secret *folded = NULL;
	int r = nfkc_fold((const uint8_t *)value, len, &folded);

	if (r != 0)
		return r == ERR_MEMORY ? r : 0;
	r = squeeze(folded, context);
	if (r == 0)
		r = word_put(context, folded->data, folded->len);
	secret_free(&folded);
	return r;
}

/* cover - mark in covered where a word is found */
static void
cover(const struct secret *password, const char *word, struct secret *covered)
{
	size_t at, len = strlen(word);

	for (at = 0; at + len <= password->len; at++)
		if (memcmp(password->data + at, word, len) == 0)
			memset(covered->data + at, 1, len);
}

static size_t
covered_count(const struct secret *password, const struct secret *covered)
{
	size_t i, n = 0;

	for (i = 0; i < password->len; i++)
		n += is_lead(password->data[i]) && covered->data[i] == 1;
	return n;
}

int
context_refuses(const struct context *context, const uint8_t *password, size_t len, int *refused_out)
{
	struct secret *plain = NULL, *covered = NULL;
	size_t i;
	int r;

	*refused_out = 0;
	r = nfkc_fold(password, len, &plain);
	if (r != 0)
		goto out;
	(void)squeeze(plain, NULL);
	r = secret_new(plain->data, plain->len, &covered);
	if (r != 0)
		goto out;
	memset(covered->data, 0, covered->len);
	for (i = 0; i < context->n; i++)
		cover(plain, context->words[i], covered);
	i = covered_count(plain, covered);
	*refused_out = i > 0 && 2 * i >= code_points(plain->data, plain->len);
out:
	secret_free(&plain);
	secret_free(&covered);
	return r;
}
