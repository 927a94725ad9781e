/*
 * pwrules.c - what a password must be like, and the text that names the rules it breaks.
 */
#include "core/pwrules.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "common/text.h"
#include "core/nfkc.h"

/* What a password is made of. */
struct makeup {
	unsigned length; /* code points */
	unsigned kinds;  /* PWRULE_LETTER, PWRULE_DIGIT, PWRULE_SPECIAL that are present */
	int control;     /* a control character is in it */
};

static unsigned
kind_of(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z'))
		return PWRULE_LETTER;
	if (cp >= '0' && cp <= '9')
		return PWRULE_DIGIT;
	return PWRULE_SPECIAL;
}

/* normal is UTF-8, being NFKC's output. */
static void
look_at(const struct secret *normal, struct makeup *makeup_out)
{
	size_t at, n;
	uint32_t cp;

	memset(makeup_out, 0, sizeof(*makeup_out));
	for (at = 0; at < normal->len; at += n) {
		n = text_decode(normal->data + at, normal->len - at, &cp);
		if (n == 0 || text_is_control(cp)) {
			makeup_out->control = 1;
			return;
		}
		makeup_out->kinds |= kind_of(cp);
		makeup_out->length++;
	}
}

unsigned
pwrules_check(const struct pwrules *rules, const uint8_t *password, size_t len)
{
	struct secret *normal = NULL;
	struct makeup makeup;
	unsigned broken = 0;

	if (len > SECRET_MAX)
		return PWRULE_BYTES;
	if (nfkc(password, len, &normal) != 0)
		return PWRULE_ENCODING;
	look_at(normal, &makeup);
	secret_free(&normal);
	if (makeup.control)
		return PWRULE_ENCODING;
	/* an empty password is none, whatever the rules say */
	if (makeup.length < rules->min_length || makeup.length == 0)
		broken |= PWRULE_MIN_LENGTH;
	if (makeup.length > rules->max_length)
		broken |= PWRULE_MAX_LENGTH;
	return broken | (rules->require & (PWRULE_LETTER | PWRULE_DIGIT | PWRULE_SPECIAL) & ~makeup.kinds);
}

/* One row per rule, in the order of the text. Rules with a number have a word that ends in '='. */
enum number { NUMBER_NONE, NUMBER_MIN, NUMBER_MAX, NUMBER_HISTORY, NUMBER_BYTES };
static const struct {
	unsigned rule;
	const char *word;
	enum number number;
} words[] = {
	{ PWRULE_MIN_LENGTH, "min-length=", NUMBER_MIN },
	{ PWRULE_MAX_LENGTH, "max-length=", NUMBER_MAX },
	{ PWRULE_LETTER, "letter", NUMBER_NONE },
	{ PWRULE_DIGIT, "digit", NUMBER_NONE },
	{ PWRULE_SPECIAL, "special", NUMBER_NONE },
	{ PWRULE_HISTORY, "history=", NUMBER_HISTORY },
	{ PWRULE_BLOCKLIST, "blocklist", NUMBER_NONE },
	{ PWRULE_CONTEXT, "context", NUMBER_NONE },
	{ PWRULE_BYTES, "bytes=", NUMBER_BYTES },
	{ PWRULE_ENCODING, "encoding", NUMBER_NONE },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static unsigned
number_get(const struct pwrules *rules, enum number number)
{
	switch (number) {
	case NUMBER_MIN:
		return rules->min_length;
	case NUMBER_MAX:
		return rules->max_length;
	case NUMBER_HISTORY:
		return rules->history;
	case NUMBER_BYTES:
		return SECRET_MAX;
	case NUMBER_NONE:
		break;
	}
	return 0;
}

static void
number_set(struct pwrules *rules, enum number number, unsigned value)
{
	switch (number) {
	case NUMBER_MIN:
		rules->min_length = value;
		break;
	case NUMBER_MAX:
		rules->max_length = value;
		break;
	case NUMBER_HISTORY:
		rules->history = value;
		break;
	case NUMBER_BYTES: /* the same for everybody */
	case NUMBER_NONE:
		break;
	}
}

void
pwrules_format(const struct pwrules *rules, unsigned broken, char text[PWRULES_TEXT_MAX])
{
	size_t i, len;

	len = (size_t)snprintf(text, PWRULES_TEXT_MAX, "%s", PWRULES_TEXT_PREFIX);
	for (i = 0; i < WORDS; i++) {
		if ((broken & words[i].rule) == 0)
			continue;
		len += (size_t)snprintf(text + len, PWRULES_TEXT_MAX - len, "%s", words[i].word);
		if (words[i].number != NUMBER_NONE)
			len += (size_t)snprintf(text + len, PWRULES_TEXT_MAX - len, "%u",
			                        number_get(rules, words[i].number));
		len += (size_t)snprintf(text + len, PWRULES_TEXT_MAX - len, " ");
	}
	text[len - 1] = '\0'; /* the blank behind the last word, or the prefix's */
}

/* One word of the text. An unknown one is passed over: a newer server may know more rules. */
static int
parse_word(const char *word, size_t len, struct pwrules *rules, unsigned *broken)
{
	size_t i, word_len;
	int64_t value;
	int r;

	if (len == 0)
		return ERR_INPUT;
	for (i = 0; i < WORDS; i++) {
		word_len = strlen(words[i].word);
		if (len < word_len || memcmp(word, words[i].word, word_len) != 0)
			continue;
		if (words[i].number == NUMBER_NONE) {
			if (len != word_len)
				continue;
		} else {
			r = text_number(word + word_len, len - word_len, 0, UINT_MAX, &value);
			if (r != 0)
				return ERR_INPUT;
			number_set(rules, words[i].number, (unsigned)value);
		}
		*broken |= words[i].rule;
		return 0;
	}
	return 0;
}

int
pwrules_parse(const char *text, struct pwrules *rules_out, unsigned *broken_out)
{
	const size_t prefix_len = sizeof(PWRULES_TEXT_PREFIX) - 1;
	struct pwrules rules = { 0 };
	unsigned broken = 0;
	size_t len;

	memset(rules_out, 0, sizeof(*rules_out));
	*broken_out = 0;
	if (text == NULL || strncmp(text, PWRULES_TEXT_PREFIX, prefix_len) != 0)
		return ERR_INPUT;
	text += prefix_len;
	for (;;) {
		len = strcspn(text, " ");
		if (parse_word(text, len, &rules, &broken) != 0)
			return ERR_INPUT;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*rules_out = rules;
	*broken_out = broken;
	return 0;
}
