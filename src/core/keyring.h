/*
 * keyring.h - the sealing keys of a directory and what is derived from them.
 */
#ifndef MUSTER_CORE_KEYRING_H
#define MUSTER_CORE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#define KEYRING_KEY_LEN 32
#define KEYRING_ID_MAX 16   /* characters of a key id: a-z 0-9 - */
#define KEYRING_KEYS_MAX 8
#define KEYRING_FILE_MAX 4096

struct keyring;

/* What a subkey is for; each purpose has its own, so that a value of one is no value of another. */
enum keyring_use { KEYRING_SEAL = 1, KEYRING_TOKEN = 2, KEYRING_CODE = 3, KEYRING_MEMORY = 4, KEYRING_APP_PASSWORD = 5,
	KEYRING_SOURCE = 6 };

/*
 * keyring_parse - read a key file's text: lines "<key id> <64 hex digits>", '#' comments.
 *                 The first key seals, all unseal. At most KEYRING_FILE_MAX octets.
 * in:    text   len octets, the caller wipes them
 * out:   *ring_out  keys in sodium_malloc memory, read-only; NULL on error
 *        *line_out  line of the error, 0 when the whole file is at fault
 * error: ERR_INPUT (syntax, duplicate id), ERR_RANGE (too many keys or octets), ERR_KEY (none), ERR_MEMORY
 */
int keyring_parse(const char *text, size_t len, struct keyring **ring_out, int *line_out);
void keyring_free(struct keyring **ring);

/*
 * keyring_generate - a new line for a key file.
 * in:    id  valid key id
 * out:   line_out  text with '\n' and NUL, the caller wipes it; "" on error
 * error: ERR_INPUT  not a key id
 */
#define KEYRING_LINE_MAX (KEYRING_ID_MAX + 1 + 2 * KEYRING_KEY_LEN + 2)
int keyring_generate(const char *id, char line_out[KEYRING_LINE_MAX]);

/*
 * keyring_text_add, keyring_text_activate, keyring_text_remove - a key file's text with a line more at the end (not active),
 *                    with a key's line before all other keys, without a key's line.
 * out:   out, *out_len  the caller wipes KEYRING_FILE_MAX octets of out
 * error: ERR_NOT_FOUND (no such key), ERR_RANGE (longer than a key file may be)
 * after: keyring_parse() of the result before it is used
 */
int keyring_text_add(const char *text, size_t len, const char *key_line, char out[KEYRING_FILE_MAX], size_t *out_len);
int keyring_text_activate(const char *text, size_t len, const char *id, char out[KEYRING_FILE_MAX], size_t *out_len);
int keyring_text_remove(const char *text, size_t len, const char *id, char out[KEYRING_FILE_MAX], size_t *out_len);

const char *keyring_active_id(const struct keyring *ring);

/* keyring_id - the id of the key at index, the active one at 0; NULL behind the last. */
const char *keyring_id(const struct keyring *ring, size_t index);

/*
 * keyring_subkey - the subkey of one key for one use (crypto_kdf, context "muster01").
 * in:    id  key id, NULL for the active key
 * out:   subkey_out  zeroed on error, the caller wipes it
 * error: ERR_KEY  no such key
 */
int keyring_subkey(const struct keyring *ring, const char *id, enum keyring_use use,
                   uint8_t subkey_out[KEYRING_KEY_LEN]);

#endif
