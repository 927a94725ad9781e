/*
 * base64.c - strict reading of base64.
 */
#include "core/base64.h"

#include <sodium.h>

#include "common/err.h"
#include "common/secret.h"

static int
is_ascii(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((uint8_t)text[i] >= 0x80)
			return 0;
	return 1;
}

int
base64_decode(const char *text, size_t len, int variant, uint8_t *out, size_t out_size, size_t *len_out)
{
	secret_wipe(out, out_size);
	*len_out = 0;
	if (!is_ascii(text, len))
		return ERR_INPUT;
	if (sodium_base642bin(out, out_size, text, len, NULL, len_out, NULL, variant) != 0) {
		secret_wipe(out, out_size);
		*len_out = 0;
		return ERR_INPUT;
	}
	return 0;
}
