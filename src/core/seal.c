/*
 * seal.c - values that only slapd can read: {SEALED}<keyid>$<base64(nonce | ciphertext)>.
 */
#include "core/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/base64.h"
#include "core/init.h"

#define PREFIX_LEN (sizeof(SEAL_PREFIX) - 1)
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BOX_MAX (NONCE_LEN + SEAL_PLAIN_MAX + TAG_LEN)
#define BASE64_MAX sodium_base64_ENCODED_LEN(BOX_MAX, sodium_base64_VARIANT_ORIGINAL)

_Static_assert(KEYRING_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a subkey is a key here");
_Static_assert(PREFIX_LEN + KEYRING_ID_MAX + 1 + BASE64_MAX <= SEAL_TEXT_MAX, "every text fits");

int
seal_is_sealed(const char *text, size_t len)
{
	return text != NULL && len >= PREFIX_LEN && memcmp(text, SEAL_PREFIX, PREFIX_LEN) == 0;
}

int
seal_close(const struct keyring *ring, const void *aad, size_t aad_len, const uint8_t *plain, size_t plain_len,
           char text_out[SEAL_TEXT_MAX])
{
	uint8_t subkey[KEYRING_KEY_LEN];
	uint8_t box[BOX_MAX];
	char base64[BASE64_MAX];
	int r;

	text_out[0] = '\0';
	if (plain_len < 1 || plain_len > SEAL_PLAIN_MAX)
		return ERR_RANGE;
	r = core_init();
	if (r != 0)
		return r;
	r = keyring_subkey(ring, NULL, KEYRING_SEAL, subkey);
	if (r != 0)
		goto out;
	/* 192 random bits: no counter is needed to keep nonces apart */
	randombytes_buf(box, NONCE_LEN);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE_LEN, NULL, plain, plain_len, aad, aad_len, NULL,
	                                               box, subkey) != 0) {
		r = ERR_INTERNAL;
		goto out;
	}
	sodium_bin2base64(base64, sizeof(base64), box, NONCE_LEN + plain_len + TAG_LEN,
	                  sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(text_out, SEAL_TEXT_MAX, "%s%s$%s", SEAL_PREFIX, keyring_active_id(ring), base64);
	r = 0;
out:
	secret_wipe_array(subkey);
	return r;
}

int
seal_key_id(const char *text, size_t len, char id_out[KEYRING_ID_MAX + 1])
{
	const char *dollar;
	size_t id_len;

	id_out[0] = '\0';
	if (!seal_is_sealed(text, len) || len >= SEAL_TEXT_MAX)
		return ERR_INPUT;
	text += PREFIX_LEN;
	len -= PREFIX_LEN;
	dollar = memchr(text, '$', len);
	if (dollar == NULL)
		return ERR_INPUT;
	id_len = (size_t)(dollar - text);
	if (id_len < 1 || id_len > KEYRING_ID_MAX || memchr(text, '\0', id_len) != NULL)
		return ERR_INPUT;
	memcpy(id_out, text, id_len);
	id_out[id_len] = '\0';
	return 0;
}

/* Take a sealed text apart. */
static int
parse_text(const char *text, size_t len, char id_out[KEYRING_ID_MAX + 1], uint8_t box_out[BOX_MAX],
           size_t *box_len_out)
{
	size_t before;

	if (seal_key_id(text, len, id_out) != 0)
		return ERR_INPUT;
	before = PREFIX_LEN + strlen(id_out) + 1;
	if (base64_decode(text + before, len - before, sodium_base64_VARIANT_ORIGINAL, box_out, BOX_MAX, box_len_out) != 0)
		return ERR_INPUT;
	return *box_len_out > NONCE_LEN + TAG_LEN ? 0 : ERR_INPUT;
}

int
seal_open(const struct keyring *ring, const void *aad, size_t aad_len, const char *text, size_t text_len,
          uint8_t plain_out[SEAL_PLAIN_MAX], size_t *plain_len_out)
{
	char id[KEYRING_ID_MAX + 1];
	uint8_t subkey[KEYRING_KEY_LEN];
	uint8_t box[BOX_MAX];
	size_t box_len = 0;
	int r;

	memset(plain_out, 0, SEAL_PLAIN_MAX);
	*plain_len_out = 0;
	r = core_init();
	if (r != 0)
		return r;
	r = parse_text(text, text_len, id, box, &box_len);
	if (r != 0)
		return r;
	r = keyring_subkey(ring, id, KEYRING_SEAL, subkey);
	if (r != 0)
		return r;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL, box + NONCE_LEN, box_len - NONCE_LEN,
	                                               aad, aad_len, box, subkey) == 0)
		*plain_len_out = box_len - NONCE_LEN - TAG_LEN;
	else {
		memset(plain_out, 0, SEAL_PLAIN_MAX);
		r = ERR_SEAL;
	}
	secret_wipe_array(subkey);
	return r;
}
