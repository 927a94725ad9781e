/*
 * keyring.c - the sealing keys of a directory and what is derived from them.
 */
#include "core/keyring.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/init.h"

#define KDF_CONTEXT "muster01"

_Static_assert(KEYRING_KEY_LEN == crypto_kdf_KEYBYTES, "a key is a key of crypto_kdf");
_Static_assert(sizeof(KDF_CONTEXT) == crypto_kdf_CONTEXTBYTES + 1, "a context of crypto_kdf");

struct key {
	char id[KEYRING_ID_MAX + 1];
	uint8_t octets[KEYRING_KEY_LEN];
};

/* Lives in sodium_malloc memory as a whole: locked, not dumped, between guard pages. */
struct keyring {
	size_t len;
	struct key keys[KEYRING_KEYS_MAX];
};

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int
is_id(const char *id, size_t len)
{
	size_t i;

	if (len < 1 || len > KEYRING_ID_MAX)
		return 0;
	for (i = 0; i < len; i++)
		if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9') || id[i] == '-'))
			return 0;
	return 1;
}

static const struct key *
find_key(const struct keyring *ring, const char *id, size_t id_len)
{
	size_t i;

	for (i = 0; i < ring->len; i++)
		if (strlen(ring->keys[i].id) == id_len && memcmp(ring->keys[i].id, id, id_len) == 0)
			return &ring->keys[i];
	return NULL;
}

/* One line that is neither empty nor a comment, without blanks around it. */
static int
add_line(struct keyring *ring, const char *line, size_t len)
{
	struct key *key;
	size_t id_len, at, octets_len;

	for (id_len = 0; id_len < len && !is_blank(line[id_len]); id_len++)
		;
	for (at = id_len; at < len && is_blank(line[at]); at++)
		;
	if (!is_id(line, id_len) || len - at != (size_t)2 * KEYRING_KEY_LEN)
		return ERR_INPUT;
	if (find_key(ring, line, id_len) != NULL)
		return ERR_INPUT;
	if (ring->len == KEYRING_KEYS_MAX)
		return ERR_RANGE;
	key = &ring->keys[ring->len];
	if (sodium_hex2bin(key->octets, sizeof(key->octets), line + at, len - at, NULL, &octets_len, NULL) != 0 ||
	    octets_len != sizeof(key->octets))
		return ERR_INPUT;
	memcpy(key->id, line, id_len);
	key->id[id_len] = '\0';
	ring->len++;
	return 0;
}

static int
add_text(struct keyring *ring, const char *text, size_t len, int *line_out)
{
	const char *end;
	size_t line_len, rest;
	int r;

	while (len > 0) {
		++*line_out;
		end = memchr(text, '\n', len);
		line_len = end == NULL ? len : (size_t)(end - text);
		rest = end == NULL ? 0 : len - line_len - 1;
		while (line_len > 0 && is_blank(text[0])) {
			text++;
			line_len--;
		}
		while (line_len > 0 && is_blank(text[line_len - 1]))
			line_len--;
		if (line_len > 0 && text[0] != '#') {
			r = add_line(ring, text, line_len);
			if (r != 0)
				return r;
		}
		text = end == NULL ? NULL : end + 1;
		len = rest;
	}
	*line_out = 0;
	return ring->len > 0 ? 0 : ERR_KEY;
}

int
keyring_parse(const char *text, size_t len, struct keyring **ring_out, int *line_out)
{
	struct keyring *ring = NULL;
	int r;

	*ring_out = NULL;
	*line_out = 0;
	if (len > KEYRING_FILE_MAX)
		return ERR_RANGE;
	r = core_init();
	if (r != 0)
		return r;
	ring = sodium_malloc(sizeof(*ring));
	if (ring == NULL)
		return ERR_MEMORY;
	memset(ring, 0, sizeof(*ring));
	r = add_text(ring, text, len, line_out);
	if (r == 0 && sodium_mprotect_readonly(ring) != 0)
		r = ERR_MEMORY;
	if (r != 0) {
		keyring_free(&ring);
		return r;
	}
	*ring_out = ring;
	return 0;
}

void
keyring_free(struct keyring **ring)
{
	if (ring == NULL || *ring == NULL)
		return;
	sodium_free(*ring); /* wipes */
	*ring = NULL;
}

int
keyring_generate(const char *id, char line_out[KEYRING_LINE_MAX])
{
	uint8_t key[KEYRING_KEY_LEN];
	char hex[2 * KEYRING_KEY_LEN + 1];
	int r;

	line_out[0] = '\0';
	if (!is_id(id, strlen(id)))
		return ERR_INPUT;
	r = core_init();
	if (r != 0)
		return r;
	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	(void)snprintf(line_out, KEYRING_LINE_MAX, "%s %s\n", id, hex);
	secret_wipe_array(key);
	secret_wipe_array(hex);
	return 0;
}

const char *
keyring_active_id(const struct keyring *ring)
{
	return keyring_id(ring, 0);
}

const char *
keyring_id(const struct keyring *ring, size_t index)
{
	return index < ring->len ? ring->keys[index].id : NULL;
}

int
keyring_subkey(const struct keyring *ring, const char *id, enum keyring_use use,
               uint8_t subkey_out[KEYRING_KEY_LEN])
{
	const struct key *key;

	memset(subkey_out, 0, KEYRING_KEY_LEN);
	key = id == NULL ? &ring->keys[0] : find_key(ring, id, strlen(id));
	if (key == NULL)
		return ERR_KEY;
	if (crypto_kdf_derive_from_key(subkey_out, KEYRING_KEY_LEN, (uint64_t)use, KDF_CONTEXT, key->octets) != 0)
		return ERR_INTERNAL;
	return 0;
}
