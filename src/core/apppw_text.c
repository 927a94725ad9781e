/*
 * apppw_text.c - app passwords as values of musterAppPassword and musterAppPasswordUsed.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "core/apppw.h"
#include "core/base64.h"

#define HASH_TEXT_MAX sodium_base64_ENCODED_LEN(APPPW_HASH_LEN, sodium_base64_VARIANT_ORIGINAL)
#define LABEL_TEXT_MAX (3 * APPPW_LABEL_OCTETS + 1)
#define NETWORKS_TEXT_MAX (APPPW_NETWORKS_MAX * NETWORK_TEXT_MAX)

/* The names of the fields take 37 characters, a number up to 19. */
_Static_assert(37 + APPPW_ID_LEN + LABEL_TEXT_MAX + NETWORKS_TEXT_MAX + 19 + KEYRING_ID_MAX + HASH_TEXT_MAX <=
                       APPPW_TEXT_MAX,
               "every text fits");

static int
is_plain(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

/* is_id - 1 for APPPW_ID_LEN characters of base32 */
static int
is_id(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '2' && text[i] <= '7')))
			return 0;
	return len == APPPW_ID_LEN;
}

/* label_encode - everything but the unreserved characters of RFC 3986 as %XX */
static void
label_encode(const char *label, char out[LABEL_TEXT_MAX])
{
	size_t n = 0;

	for (; *label != '\0'; label++) {
		if (is_plain((unsigned char)*label))
			out[n++] = *label;
		else
			n += (size_t)snprintf(out + n, LABEL_TEXT_MAX - n, "%%%02X", (unsigned char)*label);
	}
	out[n] = '\0';
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
label_decode(const char *text, size_t len, char out[APPPW_LABEL_OCTETS + 1])
{
	size_t n = 0;
	int high, low;

	for (; len > 0 && n < APPPW_LABEL_OCTETS; text++, len--) {
		if (*text != '%') {
			out[n++] = *text;
			continue;
		}
		high = len > 2 ? hex_value(text[1]) : -1;
		low = len > 2 ? hex_value(text[2]) : -1;
		if (high < 0 || low < 0)
			return ERR_INPUT;
		out[n++] = (char)(high << 4 | low);
		text += 2;
		len -= 2;
	}
	out[n] = '\0';
	return len == 0 ? apppw_label_check(out, n) : ERR_INPUT;
}

static void
networks_encode(const struct apppw *pw, char out[NETWORKS_TEXT_MAX])
{
	char one[NETWORK_TEXT_MAX];
	size_t i, n = 0;

	(void)snprintf(out, NETWORKS_TEXT_MAX, "*");
	for (i = 0; i < pw->networks_len; i++) {
		network_format(&pw->networks[i], one);
		n += (size_t)snprintf(out + n, NETWORKS_TEXT_MAX - n, "%s%s", i > 0 ? "," : "", one);
	}
}

static int
networks_decode(const char *text, size_t len, struct apppw *pw)
{
	const char *comma;
	size_t one;

	if (len == 1 && *text == '*')
		return 0;
	for (;;) {
		comma = len > 0 ? memchr(text, ',', len) : NULL;
		one = comma != NULL ? (size_t)(comma - text) : len;
		if (pw->networks_len == APPPW_NETWORKS_MAX || network_parse(text, one, &pw->networks[pw->networks_len]) != 0)
			return ERR_INPUT;
		pw->networks_len++;
		if (comma == NULL)
			return 0;
		text += one + 1;
		len -= one + 1;
	}
}

static int
hash_decode(const char *text, size_t len, struct apppw *pw)
{
	const char *dollar = len > 0 ? memchr(text, '$', len) : NULL;
	size_t id_len = dollar != NULL ? (size_t)(dollar - text) : 0, hash_len;

	if (id_len == 0 || id_len > KEYRING_ID_MAX || memchr(text, '\0', id_len) != NULL)
		return ERR_INPUT;
	memcpy(pw->key_id, text, id_len);
	if (base64_decode(dollar + 1, len - id_len - 1, sodium_base64_VARIANT_ORIGINAL, pw->hash, sizeof(pw->hash),
	                  &hash_len) != 0 ||
	    hash_len != sizeof(pw->hash))
		return ERR_INPUT;
	return 0;
}

int
apppw_format(const struct apppw *pw, char text_out[APPPW_TEXT_MAX])
{
	char label[LABEL_TEXT_MAX], networks[NETWORKS_TEXT_MAX], hash[HASH_TEXT_MAX];

	text_out[0] = '\0';
	if (!is_id(pw->id, strlen(pw->id)) || apppw_label_check(pw->label, strlen(pw->label)) != 0 ||
	    pw->networks_len > APPPW_NETWORKS_MAX || pw->created < 0 || pw->key_id[0] == '\0')
		return ERR_INPUT;
	label_encode(pw->label, label);
	networks_encode(pw, networks);
	sodium_bin2base64(hash, sizeof(hash), pw->hash, sizeof(pw->hash), sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(text_out, APPPW_TEXT_MAX, "id=%s label=%s networks=%s created=%" PRId64 " hash=%s$%s", pw->id, label,
	               networks, pw->created, pw->key_id, hash);
	return 0;
}

/*
 * take - the content of the field that comes next: "name=content", up to a blank or the end.
 * error: ERR_INPUT
 */
static int
take(const char **text, size_t *len, const char *name, const char **content_out, size_t *content_len_out)
{
	size_t name_len = strlen(name);
	const char *blank;

	if (*len <= name_len || memcmp(*text, name, name_len) != 0 || (*text)[name_len] != '=')
		return ERR_INPUT;
	*text += name_len + 1;
	*len -= name_len + 1;
	blank = *len > 0 ? memchr(*text, ' ', *len) : NULL;
	*content_out = *text;
	*content_len_out = blank != NULL ? (size_t)(blank - *text) : *len;
	*text += *content_len_out + (blank != NULL);
	*len -= *content_len_out + (blank != NULL);
	return 0;
}

static int
parse_fields(const char *text, size_t len, struct apppw *pw)
{
	const char *content;
	size_t n;

	if (take(&text, &len, "id", &content, &n) != 0 || !is_id(content, n))
		return ERR_INPUT;
	memcpy(pw->id, content, n);
	if (take(&text, &len, "label", &content, &n) != 0 || label_decode(content, n, pw->label) != 0)
		return ERR_INPUT;
	if (take(&text, &len, "networks", &content, &n) != 0 || networks_decode(content, n, pw) != 0)
		return ERR_INPUT;
	if (take(&text, &len, "created", &content, &n) != 0 || text_number(content, n, 0, INT64_MAX, &pw->created) != 0)
		return ERR_INPUT;
	if (take(&text, &len, "hash", &content, &n) != 0 || hash_decode(content, n, pw) != 0)
		return ERR_INPUT;
	return len == 0 ? 0 : ERR_INPUT;
}

int
apppw_parse(const char *text, size_t len, struct apppw *pw_out)
{
	char again[APPPW_TEXT_MAX];

	memset(pw_out, 0, sizeof(*pw_out));
	/* Written again it is the same: one app password has one text, and is deleted by it. */
	if (len < sizeof(again) && parse_fields(text, len, pw_out) == 0 && apppw_format(pw_out, again) == 0 &&
	    strlen(again) == len && memcmp(again, text, len) == 0)
		return 0;
	memset(pw_out, 0, sizeof(*pw_out));
	return ERR_INPUT;
}

int
apppw_used_format(const char *id, int64_t when, char text_out[APPPW_USED_MAX])
{
	text_out[0] = '\0';
	if (!is_id(id, strlen(id)) || when < 0)
		return ERR_INPUT;
	(void)snprintf(text_out, APPPW_USED_MAX, "%s %" PRId64, id, when);
	return 0;
}

int
apppw_used_parse(const char *text, size_t len, char id_out[APPPW_ID_LEN + 1], int64_t *when_out)
{
	memset(id_out, 0, APPPW_ID_LEN + 1);
	*when_out = 0;
	if (len < APPPW_ID_LEN + 2 || !is_id(text, APPPW_ID_LEN) || text[APPPW_ID_LEN] != ' ' ||
	    text_number(text + APPPW_ID_LEN + 1, len - APPPW_ID_LEN - 1, 0, INT64_MAX, when_out) != 0)
		return ERR_INPUT;
	memcpy(id_out, text, APPPW_ID_LEN);
	return 0;
}
