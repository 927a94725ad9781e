/*
 * text.c - UTF-8, numbers and times as text.
 */
#include "common/text.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"

size_t
text_decode(const void *text, size_t len, uint32_t *cp_out)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = text;
	uint32_t cp;
	size_t n, i;

	*cp_out = 0;
	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp_out = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	cp = p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	if (cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*cp_out = cp;
	return n;
}

int
text_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f);
}

int
text_is_utf8(const void *text, size_t len)
{
	const uint8_t *p = text;
	uint32_t cp;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = text_decode(p, len, &cp);
		if (n == 0)
			return 0;
	}
	return 1;
}

int
text_is_clean(const void *text, size_t len)
{
	const uint8_t *p = text;
	uint32_t cp;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = text_decode(p, len, &cp);
		if (n == 0 || text_is_control(cp))
			return 0;
	}
	return 1;
}

/* Digits as a number that is not positive, which has room for INT64_MIN too. */
static int
text_digits_negated(const char *text, size_t len, int64_t *number_out)
{
	int64_t v = 0;
	size_t i;
	int r = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return ERR_INPUT;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_INPUT;
		if (r != 0 || v < INT64_MIN / 10 || v * 10 < INT64_MIN + (text[i] - '0'))
			r = ERR_RANGE;
		else
			v = v * 10 - (text[i] - '0');
	}
	*number_out = v;
	return r;
}

int
text_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *number_out)
{
	int64_t v = 0;
	int negative;
	int r;

	*number_out = 0;
	negative = len > 0 && text[0] == '-';
	r = text_digits_negated(text + negative, len - (size_t)negative, &v);
	if (r != 0)
		return r;
	if (negative && v == 0)
		return ERR_INPUT;
	if (!negative) {
		if (v == INT64_MIN)
			return ERR_RANGE;
		v = -v;
	}
	if (v < min || v > max)
		return ERR_RANGE;
	*number_out = v;
	return 0;
}
