/*
 * seal.h - values that only slapd can read: {SEALED}<keyid>$<base64(nonce | ciphertext)>.
 */
#ifndef MUSTER_CORE_SEAL_H
#define MUSTER_CORE_SEAL_H

#include "core/keyring.h"

#define SEAL_PREFIX "{SEALED}"
#define SEAL_PLAIN_MAX 64
#define SEAL_TEXT_MAX 192 /* longest sealed text, its NUL included */

/* seal_is_sealed - 1 when a stored value has the shape's prefix, whether or not it opens. */
int seal_is_sealed(const char *text, size_t len);

/*
 * seal_key_id - which key a sealed text says it needs.
 * out:   id_out  "" on error
 * error: ERR_INPUT  not the shape of a sealed text
 */
int seal_key_id(const char *text, size_t len, char id_out[KEYRING_ID_MAX + 1]);

/*
 * seal_close - seal octets for one entry with the active key (XChaCha20-Poly1305, random nonce).
 * in:    plain  1 to SEAL_PLAIN_MAX octets
 *        aad    associated data: the entry's entryUUID as text
 * out:   text_out  NUL-terminated
 * error: ERR_RANGE, ERR_KEY
 */
int seal_close(const struct keyring *ring, const void *aad, size_t aad_len, const uint8_t *plain,
               size_t plain_len, char text_out[SEAL_TEXT_MAX]);

/*
 * seal_open - open what seal_close made for the same entry.
 * out:   plain_out, plain_len_out  the caller wipes them; untouched octets are zeroed on error
 * error: ERR_INPUT (shape), ERR_KEY (unknown key id), ERR_SEAL (damaged, or sealed for another entry)
 */
int seal_open(const struct keyring *ring, const void *aad, size_t aad_len, const char *text,
              size_t text_len, uint8_t plain_out[SEAL_PLAIN_MAX], size_t *plain_len_out);

#endif
