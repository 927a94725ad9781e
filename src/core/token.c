/*
 * token.c - one-time tokens and codes, and the check of what was typed.
 */
#include "core/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "core/init.h"

#define PREFIX_LEN (sizeof(TOKEN_PREFIX) - 1)
#define TOKEN_OCTETS 32

_Static_assert(PREFIX_LEN + sodium_base64_ENCODED_LEN(TOKEN_OCTETS, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
                       TOKEN_TEXT_LEN + 1,
               "a token has its length");
_Static_assert(CODE_DIGITS == 6, "code_new() draws from six digits");

void
token_new(char text_out[TOKEN_TEXT_LEN + 1])
{
	uint8_t octets[TOKEN_OCTETS];

	core_init_random();
	randombytes_buf(octets, sizeof(octets));
	memcpy(text_out, TOKEN_PREFIX, PREFIX_LEN);
	sodium_bin2base64(text_out + PREFIX_LEN, TOKEN_TEXT_LEN + 1 - PREFIX_LEN, octets, sizeof(octets),
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	secret_wipe_array(octets);
}

int
token_looks_like(const void *text, size_t len)
{
	const char *p = text;
	size_t i;

	if (len != TOKEN_TEXT_LEN || memcmp(p, TOKEN_PREFIX, PREFIX_LEN) != 0)
		return 0;
	for (i = PREFIX_LEN; i < len; i++)
		if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') ||
		      p[i] == '-' || p[i] == '_'))
			return 0;
	return 1;
}

void
code_new(char text_out[CODE_DIGITS + 1])
{
	uint32_t number;
	size_t i;

	core_init_random();
	number = randombytes_uniform(1000000);
	for (i = CODE_DIGITS; i > 0; i--) {
		text_out[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	text_out[CODE_DIGITS] = '\0';
	secret_wipe_object(&number);
}

/* A part of what is hashed, with its length in front, so that parts cannot be shifted into each other. */
static void
hash_part(crypto_generichash_state *state, const void *part, size_t len)
{
	uint8_t size[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	crypto_generichash_update(state, size, sizeof(size));
	crypto_generichash_update(state, part, len);
}

/* The keyed hash (BLAKE2b) that stands for a secret in a challenge. */
static int
challenge_hash(const struct challenge *ch, const struct keyring *ring, const char *entry, size_t entry_len,
               const void *secret, size_t secret_len, uint8_t hash_out[sizeof(ch->hash)])
{
	crypto_generichash_state state;
	uint8_t subkey[KEYRING_KEY_LEN];
	int r;

	memset(hash_out, 0, sizeof(ch->hash));
	r = core_init();
	if (r != 0)
		return r;
	r = keyring_subkey(ring, ch->key_id, KEYRING_TOKEN, subkey);
	if (r != 0)
		return r;
	crypto_generichash_init(&state, subkey, sizeof(subkey), sizeof(ch->hash));
	hash_part(&state, ch->purpose, strlen(ch->purpose));
	hash_part(&state, ch->record_id, strlen(ch->record_id));
	hash_part(&state, ch->address, strlen(ch->address));
	hash_part(&state, entry, entry_len);
	hash_part(&state, secret, secret_len);
	crypto_generichash_final(&state, hash_out, sizeof(ch->hash));
	secret_wipe_array(subkey);
	secret_wipe_object(&state);
	return 0;
}

static int
secret_in_range(size_t entry_len, size_t secret_len)
{
	return entry_len >= 1 && entry_len <= SECRET_MAX && secret_len >= 1 && secret_len <= SECRET_MAX;
}

int
challenge_set_secret(struct challenge *ch, const struct keyring *ring, const char *entry, size_t entry_len,
                     const char *secret, size_t secret_len)
{
	memset(ch->hash, 0, sizeof(ch->hash));
	if (!secret_in_range(entry_len, secret_len) || ch->purpose[0] == '\0' || ch->record_id[0] == '\0')
		return ERR_RANGE;
	(void)snprintf(ch->key_id, sizeof(ch->key_id), "%s", keyring_active_id(ring));
	return challenge_hash(ch, ring, entry, entry_len, secret, secret_len, ch->hash);
}

int
challenge_check(const struct challenge *ch, const struct keyring *ring, const char *purpose, const char *entry,
                size_t entry_len, const void *typed, size_t typed_len, int64_t now, enum verdict *verdict)
{
	uint8_t hash[sizeof(ch->hash)];
	int r;

	*verdict = VERDICT_DENY;
	if (ch->tries >= TOKEN_TRIES)
		return ERR_ATTEMPTS;
	if (now >= ch->expires)
		return ERR_EXPIRED;
	if (strcmp(ch->purpose, purpose) != 0 || !secret_in_range(entry_len, typed_len))
		return 0;
	r = challenge_hash(ch, ring, entry, entry_len, typed, typed_len, hash);
	if (r == 0 && sodium_memcmp(hash, ch->hash, sizeof(hash)) == 0)
		*verdict = VERDICT_ALLOW;
	secret_wipe_array(hash);
	return r;
}
