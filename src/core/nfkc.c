/*
 * nfkc.c - passwords in one spelling.
 */
#include "core/nfkc.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

#include "common/err.h"
#include "common/text.h"

/* NFKC makes UTF-8 at most 11 times longer (Unicode Standard Annex 15, section 13; U+FDFA). */
#define NFKC_MAX (11 * SECRET_MAX)

static int
is_ascii(const uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] >= 0x80)
			return 0;
	return 1;
}

/* Without case at most 3 times as long again (the same, section 5.18). */
#define FOLDED_MAX (3 * NFKC_MAX)

/* take - *s_out from what libunistring made, which is wiped. made: NULL, buffer, or memory of its own */
static int
take(uint8_t *made, size_t len, uint8_t *buffer, size_t buffer_len, struct secret **s_out)
{
	int r = made != NULL ? secret_new(made, len, s_out) : ERR_MEMORY;

	if (made != NULL && made != buffer) {
		secret_wipe(made, len);
		free(made);
	}
	secret_wipe(buffer, buffer_len);
	return r;
}

int
nfkc(const uint8_t *text, size_t len, struct secret **s_out)
{
	/* ours, so that libunistring does not let the password lie about on the heap */
	uint8_t buffer[NFKC_MAX], *normal;
	size_t normal_len = sizeof(buffer);

	*s_out = NULL;
	if (len > SECRET_MAX)
		return ERR_RANGE;
	if (is_ascii(text, len))
		return secret_new(text, len, s_out);
	if (!text_is_utf8(text, len))
		return ERR_INPUT;
	normal = u8_normalize(UNINORM_NFKC, text, len, buffer, &normal_len);
	return take(normal, normal_len, buffer, sizeof(buffer), s_out);
}

/* fold_ascii - the same as below for most passwords, without a big buffer */
static int
fold_ascii(const uint8_t *text, size_t len, struct secret **s_out)
{
	size_t i;
	int r = secret_new(text, len, s_out);

	for (i = 0; r == 0 && i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			(*s_out)->data[i] = text[i] - 'A' + 'a';
	return r;
}

int
nfkc_fold(const uint8_t *text, size_t len, struct secret **s_out)
{
	uint8_t buffer[FOLDED_MAX], *folded;
	size_t folded_len = sizeof(buffer);

	*s_out = NULL;
	if (len > SECRET_MAX)
		return ERR_RANGE;
	if (is_ascii(text, len))
		return fold_ascii(text, len, s_out);
	if (!text_is_utf8(text, len))
		return ERR_INPUT;
	folded = u8_casefold(text, len, NULL, UNINORM_NFKC, buffer, &folded_len);
	return take(folded, folded_len, buffer, sizeof(buffer), s_out);
}
