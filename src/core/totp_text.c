/*
 * totp_text.c - seeds as text: base32 and otpauth URIs. The base32 is ours because liboath's leaves copies of
 *               the seed on the heap.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "common/text.h"
#include "core/totp.h"

/* Longest issuer and account, in octets. */
#define LABEL_MAX 256

static const char base32_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int
totp_seed_to_text(const uint8_t *seed, size_t seed_len, char text_out[TOTP_BASE32_MAX])
{
	uint32_t bits = 0;
	unsigned bits_len = 0;
	size_t i, n = 0;

	text_out[0] = '\0';
	if (seed_len < TOTP_SEED_MIN || seed_len > TOTP_SEED_MAX)
		return ERR_RANGE;
	for (i = 0; i < seed_len; i++) {
		bits = (bits << 8 | seed[i]) & 0xfff;
		for (bits_len += 8; bits_len >= 5; bits_len -= 5)
			text_out[n++] = base32_alphabet[bits >> (bits_len - 5) & 31];
	}
	if (bits_len > 0)
		text_out[n++] = base32_alphabet[bits << (5 - bits_len) & 31];
	text_out[n] = '\0';
	return 0;
}

/* The value of one character, -1 when it has none. */
static int
base32_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

static int
base32_decode(const char *text, uint8_t seed_out[TOTP_SEED_MAX], size_t *len_out)
{
	uint32_t bits = 0;
	unsigned bits_len = 0;
	int value;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		value = base32_value(*text);
		if (value < 0)
			return ERR_INPUT;
		bits = (bits << 5 | (uint32_t)value) & 0xfff;
		bits_len += 5;
		if (bits_len < 8)
			continue;
		bits_len -= 8;
		if (*len_out == TOTP_SEED_MAX)
			return ERR_RANGE;
		seed_out[(*len_out)++] = (uint8_t)(bits >> bits_len);
	}
	/* what is left over is padding: less than a character, and zero */
	if (bits_len >= 5 || (bits & ((1u << bits_len) - 1)) != 0)
		return ERR_INPUT;
	return *len_out < TOTP_SEED_MIN ? ERR_RANGE : 0;
}

int
totp_seed_from_text(const char *text, uint8_t seed_out[TOTP_SEED_MAX], size_t *seed_len_out)
{
	int r;

	memset(seed_out, 0, TOTP_SEED_MAX);
	*seed_len_out = 0;
	r = base32_decode(text, seed_out, seed_len_out);
	if (r != 0) {
		secret_wipe(seed_out, TOTP_SEED_MAX);
		*seed_len_out = 0;
	}
	return r;
}

/* Percent-encode all but the unreserved characters of RFC 3986. */
static int
label_encode(const char *text, char out[3 * LABEL_MAX + 1])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = strlen(text);
	size_t i, n = 0;
	uint8_t c;

	out[0] = '\0';
	if (len < 1 || len > LABEL_MAX)
		return ERR_RANGE;
	if (!text_is_clean(text, len))
		return ERR_INPUT;
	for (i = 0; i < len; i++) {
		c = (uint8_t)text[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		    c == '.' || c == '_' || c == '~')
			out[n++] = (char)c;
		else {
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	out[n] = '\0';
	return 0;
}

int
totp_uri(const uint8_t *seed, size_t seed_len, const char *issuer, const char *account, char **uri_out)
{
	static const char format[] = "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d";
	char issuer_text[3 * LABEL_MAX + 1];
	char account_text[3 * LABEL_MAX + 1];
	char seed_text[TOTP_BASE32_MAX];
	int len;
	int r;

	*uri_out = NULL;
	r = totp_seed_to_text(seed, seed_len, seed_text);
	if (r != 0)
		return r;
	r = label_encode(issuer, issuer_text);
	if (r == 0)
		r = label_encode(account, account_text);
	/* a colon separates the two, and readers decode before they look for it */
	if (r == 0 && (strchr(issuer, ':') != NULL || strchr(account, ':') != NULL))
		r = ERR_INPUT;
	if (r != 0)
		goto out;
	len = snprintf(NULL, 0, format, issuer_text, account_text, seed_text, issuer_text, TOTP_DIGITS,
	               TOTP_PERIOD_SEC);
	*uri_out = malloc((size_t)len + 1);
	if (*uri_out == NULL) {
		r = ERR_MEMORY;
		goto out;
	}
	(void)snprintf(*uri_out, (size_t)len + 1, format, issuer_text, account_text, seed_text, issuer_text,
	               TOTP_DIGITS, TOTP_PERIOD_SEC);
out:
	secret_wipe_array(seed_text);
	return r;
}
