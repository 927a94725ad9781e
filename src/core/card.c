/*
 * card.c - numbers of payment cards.
 */
#include "core/card.h"

#include <string.h>
#include <unictype.h>

#include "common/text.h"

/* The digits seen last. */
struct window {
	unsigned char digit[CARD_DIGITS_MAX];
	unsigned char begins[CARD_DIGITS_MAX]; /* 1: the first of a group */
	size_t len;
};

static int
is_separator(uint32_t cp)
{
	return cp == '.' || cp == '_' || uc_is_property_white_space(cp) ||
	       uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_Pd | UC_CATEGORY_MASK_Cf);
}

static void
window_put(struct window *w, int digit, int begins)
{
	if (w->len == CARD_DIGITS_MAX) {
		memmove(w->digit, w->digit + 1, CARD_DIGITS_MAX - 1);
		memmove(w->begins, w->begins + 1, CARD_DIGITS_MAX - 1);
		w->len--;
	}
	w->digit[w->len] = (unsigned char)digit;
	w->begins[w->len++] = (unsigned char)begins;
}

/* window_is_number - 1 when digits from a group's first to the last one seen, where a group ends, are a number */
static int
window_is_number(const struct window *w)
{
	unsigned sum = 0, doubled;
	size_t n;

	for (n = 1; n <= w->len; n++) {
		unsigned digit = w->digit[w->len - n];

		doubled = 2 * digit;
		sum += n % 2 == 1 ? digit : doubled > 9 ? doubled - 9 : doubled;
		if (n >= CARD_DIGITS_MIN && w->begins[w->len - n] && sum % 10 == 0)
			return 1;
	}
	return 0;
}

int
card_number_in(const char *text, size_t len)
{
	struct window w = { .len = 0 };
	size_t size;
	uint32_t cp;
	int digit, in_group = 0;

	for (; len > 0; text += size, len -= size) {
		size = text_decode(text, len, &cp);
		digit = size > 0 ? uc_decimal_value(cp) : -1;
		if (digit >= 0) {
			window_put(&w, digit, !in_group);
			in_group = 1;
			continue;
		}
		if (in_group && window_is_number(&w))
			return 1;
		in_group = 0;
		if (size == 0 || !is_separator(cp))
			w.len = 0;
		size = size > 0 ? size : 1;
	}
	return in_group && window_is_number(&w);
}
