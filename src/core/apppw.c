/*
 * apppw.c - app passwords: made, hashed, compared. 130 random bits need no slow hash.
 */
#include "core/apppw.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "core/init.h"

#define PREFIX "ma-"
#define PREFIX_LEN (sizeof(PREFIX) - 1)

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* random_text - base32 characters and a NUL */
static void
random_text(char *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
	out[len] = '\0';
}

int
apppw_label_check(const void *label, size_t len)
{
	const char *text = label;
	size_t points = 0, size;
	uint32_t cp;

	if (len == 0 || len > APPPW_LABEL_OCTETS || !text_is_clean(text, len) || text[0] == ' ' || text[len - 1] == ' ')
		return ERR_INPUT;
	for (; len > 0; text += size, len -= size) {
		size = text_decode(text, len, &cp);
		points++;
	}
	return points <= APPPW_LABEL_MAX ? 0 : ERR_INPUT;
}

/* hash_make - what is kept of an app password: a hash under a subkey, bound to the entry and to the id. error: ERR_KEY */
static int
hash_make(const struct keyring *ring, const char *key_id, const char *uuid, const char *id, const void *typed,
          uint8_t hash_out[APPPW_HASH_LEN])
{
	uint8_t key[KEYRING_KEY_LEN];
	crypto_generichash_state state;

	memset(hash_out, 0, APPPW_HASH_LEN);
	if (keyring_subkey(ring, key_id, KEYRING_APP_PASSWORD, key) != 0)
		return ERR_KEY;
	crypto_generichash_init(&state, key, sizeof(key), APPPW_HASH_LEN);
	crypto_generichash_update(&state, (const uint8_t *)uuid, strlen(uuid) + 1);
	crypto_generichash_update(&state, (const uint8_t *)id, APPPW_ID_LEN);
	crypto_generichash_update(&state, typed, APPPW_SECRET_LEN);
	crypto_generichash_final(&state, hash_out, APPPW_HASH_LEN);
	secret_wipe_array(key);
	secret_wipe_object(&state);
	return 0;
}

int
apppw_new(const struct keyring *ring, const char *uuid, struct apppw *pw, char text_out[APPPW_SECRET_LEN + 1])
{
	int r;

	text_out[0] = '\0';
	if (apppw_label_check(pw->label, strlen(pw->label)) != 0)
		return ERR_INPUT;
	r = core_init();
	if (r != 0)
		return r;
	random_text(pw->id, APPPW_ID_LEN);
	(void)snprintf(pw->key_id, sizeof(pw->key_id), "%s", keyring_active_id(ring));
	memcpy(text_out, PREFIX, PREFIX_LEN);
	random_text(text_out + PREFIX_LEN, APPPW_SECRET_LEN - PREFIX_LEN);
	r = hash_make(ring, pw->key_id, uuid, pw->id, text_out, pw->hash);
	if (r != 0)
		secret_wipe(text_out, APPPW_SECRET_LEN + 1);
	return r;
}

int
apppw_looks_like(const void *typed, size_t len)
{
	const char *text = typed;
	size_t i;

	if (len != APPPW_SECRET_LEN || memcmp(text, PREFIX, PREFIX_LEN) != 0)
		return 0;
	for (i = PREFIX_LEN; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '2' && text[i] <= '7')))
			return 0;
	return 1;
}

int
apppw_check(const struct apppw *pw, const struct keyring *ring, const char *uuid, const void *typed, size_t len,
            enum verdict *verdict_out)
{
	uint8_t hash[APPPW_HASH_LEN];
	int r;

	*verdict_out = VERDICT_DENY;
	if (!apppw_looks_like(typed, len))
		return 0;
	r = hash_make(ring, pw->key_id, uuid, pw->id, typed, hash);
	if (r == 0 && secret_equal(hash, sizeof(hash), pw->hash, sizeof(pw->hash)))
		*verdict_out = VERDICT_ALLOW;
	secret_wipe_array(hash);
	return r;
}

int
apppw_allows(const struct apppw *pw, const struct network_address *address)
{
	size_t i;

	for (i = 0; i < pw->networks_len; i++)
		if (network_contains(&pw->networks[i], address))
			return 1;
	return pw->networks_len == 0 || address->family == NETWORK_LOCAL;
}
