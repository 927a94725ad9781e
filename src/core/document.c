/*
 * document.c - proof documents.
 */
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "core/document.h"

static const struct {
	const char *name, *ending;
	const char *magic;
	size_t magic_len;
} types[] = {
	[DOCUMENT_UNKNOWN] = { "", "", "", 0 },
	[DOCUMENT_PDF] = { "application/pdf", ".pdf", "%PDF-", 5 },                           /* ISO 32000-1, 7.5.2 */
	[DOCUMENT_PNG] = { "image/png", ".png", "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16 },       /* RFC 2083 section 3.1 */
	[DOCUMENT_JPEG] = { "image/jpeg", ".jpg", "\xff\xd8\xff", 3 },                         /* ITU-T T.81, B.1.1 */
};

#define TYPES (sizeof(types) / sizeof(types[0]))

enum document_type
document_type_of(const void *data, size_t len)
{
	size_t i;

	for (i = DOCUMENT_PDF; i < TYPES; i++)
		if (len >= types[i].magic_len && memcmp(data, types[i].magic, types[i].magic_len) == 0)
			return (enum document_type)i;
	return DOCUMENT_UNKNOWN;
}

enum document_type
document_type_named(const char *name, size_t len)
{
	size_t i;

	for (i = DOCUMENT_PDF; i < TYPES; i++)
		if (strlen(types[i].name) == len && strncasecmp(types[i].name, name, len) == 0)
			return (enum document_type)i;
	return DOCUMENT_UNKNOWN;
}

const char *
document_type_name(enum document_type type)
{
	return types[(size_t)type < TYPES ? type : DOCUMENT_UNKNOWN].name;
}

const char *
document_type_ending(enum document_type type)
{
	return types[(size_t)type < TYPES ? type : DOCUMENT_UNKNOWN].ending;
}

void
document_hash(const void *data, size_t len, char hash_out[DOCUMENT_HASH_LEN + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, data, len);
	sodium_bin2hex(hash_out, DOCUMENT_HASH_LEN + 1, hash, sizeof(hash));
}
