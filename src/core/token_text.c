/*
 * token_text.c - a challenge as one value of musterChallenge:
 *                <purpose> <recordId> <minted> <expires> <tries> <key id>$<base64 hash> <base64 address>
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "core/base64.h"
#include "core/token.h"

#define HASH_LEN sizeof(((struct challenge *)NULL)->hash)
#define HASH_TEXT_MAX sodium_base64_ENCODED_LEN(HASH_LEN, sodium_base64_VARIANT_ORIGINAL)
#define ADDRESS_TEXT_MAX sodium_base64_ENCODED_LEN(CHALLENGE_ADDRESS_MAX, sodium_base64_VARIANT_ORIGINAL)

/* Two numbers of up to 19 digits, one of up to 10, six blanks and a dollar. */
_Static_assert(sizeof(((struct challenge *)NULL)->purpose) + CHALLENGE_RECORD_MAX + 2 * 19 + 10 + 7 +
                               KEYRING_ID_MAX + HASH_TEXT_MAX + ADDRESS_TEXT_MAX <=
                       CHALLENGE_TEXT_MAX,
               "every text fits");

/* A purpose or record id: letters, digits and hyphens (record ids are base64url: an underscore too). */
static int
is_word(const char *text, size_t len, size_t max)
{
	size_t i;

	if (len < 1 || len > max)
		return 0;
	for (i = 0; i < len; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z') ||
		      (text[i] >= '0' && text[i] <= '9') || text[i] == '-' || text[i] == '_'))
			return 0;
	return 1;
}

static int
is_address(const char *text, size_t len)
{
	return len >= 1 && len <= CHALLENGE_ADDRESS_MAX && text_is_clean(text, len);
}

int
challenge_format(const struct challenge *ch, char text_out[CHALLENGE_TEXT_MAX])
{
	char hash[HASH_TEXT_MAX];
	char address[ADDRESS_TEXT_MAX];

	text_out[0] = '\0';
	if (!is_word(ch->purpose, strlen(ch->purpose), sizeof(ch->purpose) - 1) ||
	    !is_word(ch->record_id, strlen(ch->record_id), CHALLENGE_RECORD_MAX) ||
	    !is_word(ch->key_id, strlen(ch->key_id), KEYRING_ID_MAX) ||
	    !is_address(ch->address, strlen(ch->address)))
		return ERR_INPUT;
	if (ch->minted < 0 || ch->expires < 0)
		return ERR_RANGE;
	sodium_bin2base64(hash, sizeof(hash), ch->hash, sizeof(ch->hash), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(address, sizeof(address), (const uint8_t *)ch->address, strlen(ch->address),
	                  sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(text_out, CHALLENGE_TEXT_MAX, "%s %s %" PRId64 " %" PRId64 " %u %s$%s %s",
	               ch->purpose, ch->record_id, ch->minted, ch->expires, ch->tries, ch->key_id, hash, address);
	return 0;
}

struct field {
	const char *text;
	size_t len;
};

enum { FIELD_PURPOSE, FIELD_RECORD, FIELD_MINTED, FIELD_EXPIRES, FIELD_TRIES, FIELD_HASH, FIELD_ADDRESS, FIELDS };

/* Cut at single blanks into exactly FIELDS fields. */
static int
split(const char *text, size_t len, struct field fields[FIELDS])
{
	const char *blank;
	size_t i;

	for (i = 0; i < FIELDS - 1; i++) {
		blank = len == 0 ? NULL : memchr(text, ' ', len);
		if (blank == NULL)
			return ERR_INPUT;
		fields[i].text = text;
		fields[i].len = (size_t)(blank - text);
		len -= fields[i].len + 1;
		text = blank + 1;
	}
	fields[i].text = text;
	fields[i].len = len;
	return 0;
}

static int
parse_word(const struct field *field, char *out, size_t out_size)
{
	if (!is_word(field->text, field->len, out_size - 1))
		return ERR_INPUT;
	memcpy(out, field->text, field->len);
	out[field->len] = '\0';
	return 0;
}

static int
parse_hash(const struct field *field, struct challenge *ch)
{
	const char *dollar = memchr(field->text, '$', field->len);
	struct field id = { .text = field->text };
	size_t len;
	int r;

	if (dollar == NULL)
		return ERR_INPUT;
	id.len = (size_t)(dollar - field->text);
	r = parse_word(&id, ch->key_id, sizeof(ch->key_id));
	if (r != 0)
		return r;
	if (base64_decode(dollar + 1, field->len - id.len - 1, sodium_base64_VARIANT_ORIGINAL, ch->hash, HASH_LEN, &len) !=
	            0 ||
	    len != HASH_LEN)
		return ERR_INPUT;
	return 0;
}

static int
parse_address(const struct field *field, char address[CHALLENGE_ADDRESS_MAX + 1])
{
	size_t len;

	if (base64_decode(field->text, field->len, sodium_base64_VARIANT_ORIGINAL, (uint8_t *)address,
	                  CHALLENGE_ADDRESS_MAX, &len) != 0 ||
	    !is_address(address, len))
		return ERR_INPUT;
	address[len] = '\0';
	return 0;
}

static int
parse_fields(const struct field fields[FIELDS], struct challenge *ch)
{
	const struct field *f = fields;
	int64_t tries;
	int r;

	r = parse_word(&f[FIELD_PURPOSE], ch->purpose, sizeof(ch->purpose));
	if (r == 0)
		r = parse_word(&f[FIELD_RECORD], ch->record_id, sizeof(ch->record_id));
	if (r == 0)
		r = text_number(f[FIELD_MINTED].text, f[FIELD_MINTED].len, 0, INT64_MAX, &ch->minted);
	if (r == 0)
		r = text_number(f[FIELD_EXPIRES].text, f[FIELD_EXPIRES].len, 0, INT64_MAX, &ch->expires);
	if (r == 0)
		r = text_number(f[FIELD_TRIES].text, f[FIELD_TRIES].len, 0, UINT32_MAX, &tries);
	if (r == 0)
		ch->tries = (unsigned)tries;
	if (r == 0)
		r = parse_hash(&f[FIELD_HASH], ch);
	if (r == 0)
		r = parse_address(&f[FIELD_ADDRESS], ch->address);
	return r;
}

int
challenge_parse(const char *text, size_t len, struct challenge *ch_out)
{
	struct field fields[FIELDS];
	int r;

	memset(ch_out, 0, sizeof(*ch_out));
	if (len >= CHALLENGE_TEXT_MAX)
		return ERR_INPUT;
	r = split(text, len, fields);
	if (r == 0)
		r = parse_fields(fields, ch_out);
	if (r != 0)
		memset(ch_out, 0, sizeof(*ch_out));
	return r;
}
