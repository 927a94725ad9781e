/*
 * nfkc.c - passwords in one spelling.
 */
#include "core/nfkc.h"

#include <stdlib.h>
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

int
nfkc(const uint8_t *text, size_t len, struct secret **s_out)
{
	/* ours, so that libunistring does not let the password lie about on the heap */
	uint8_t buffer[NFKC_MAX];
	uint8_t *normal;
	size_t normal_len = sizeof(buffer);
	int r;

	*s_out = NULL;
	if (len > SECRET_MAX)
		return ERR_RANGE;
	if (is_ascii(text, len))
		return secret_new(text, len, s_out);
	if (!text_is_utf8(text, len))
		return ERR_INPUT;
	normal = u8_normalize(UNINORM_NFKC, text, len, buffer, &normal_len);
	if (normal == NULL)
		r = ERR_MEMORY;
	else
		r = secret_new(normal, normal_len, s_out);
	if (normal != NULL && normal != buffer) {
		secret_wipe(normal, normal_len);
		free(normal);
	}
	secret_wipe_array(buffer);
	return r;
}
