/*
 * message_sms.c - the text message that a claimed record asks for.
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "core/token.h"
#include "musterd/language.h"
#include "musterd/message.h"
#include "musterd/message_kind.h"

/* Octets of UTF-8: 160 of GSM 03.38 are ASCII here, 70 others have up to 4. */
#define SMS_OCTETS_MAX (4 * MESSAGE_SMS_SINGLE)

/*
 * The part of SMS's own alphabet that ASCII has at the same price: [ ] { } \ ^ ~ | cost two places there, a backquote is not in it.
 */
static int
is_single(uint32_t cp)
{
	return cp >= 0x20 && cp < 0x7f && strchr("[]{}\\^~|`", (int)cp) == NULL;
}

/* What a text costs. */
struct width {
	size_t units; /* UTF-16 */
	int single;   /* all of it is SMS's own alphabet */
};

static void
measure(const char *text, size_t len, struct width *width)
{
	uint32_t cp;
	size_t size;

	for (; len > 0; text += size, len -= size) {
		size = text_decode(text, len, &cp);
		if (size == 0)
			return;
		width->units += cp >= 0x10000 ? 2 : 1;
		width->single &= is_single(cp);
	}
}

static int
is_one_sms(const char *text, size_t len, const char *more)
{
	struct width width = { 0, 1 };

	measure(text, len, &width);
	measure(more, strlen(more), &width);
	return width.units <= (width.single ? MESSAGE_SMS_SINGLE : MESSAGE_SMS_OTHER);
}

/* The longest beginning of the service's name that leaves room for the rest, in octets. */
static size_t
name_fit(const char *name, const char *rest)
{
	size_t len = strlen(name);

	while (len > 0 && !is_one_sms(name, len, rest)) {
		len--;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	while (len > 0 && name[len - 1] == ' ')
		len--;
	return len;
}

/* The template without its first %s, and with the code in place of the second one. */
static void
fill_code(const char *template, const struct secret *code, char before[SMS_OCTETS_MAX], char after[SMS_OCTETS_MAX])
{
	const char *name = strstr(template, "%s");
	const char *place = name != NULL ? strstr(name + 2, "%s") : NULL;
	int digits = code != NULL ? (int)code->len : 0;

	snprintf(before, SMS_OCTETS_MAX, "%.*s", name != NULL ? (int)(name - template) : 0, template);
	if (place != NULL)
		snprintf(after, SMS_OCTETS_MAX, "%.*s%.*s%s", (int)(place - name - 2), name + 2, digits,
		         code != NULL ? (const char *)code->data : "", place + 2);
	else
		snprintf(after, SMS_OCTETS_MAX, "%s", name != NULL ? name + 2 : template);
}

static int
put_sms(struct buf *b, const struct message_kind *kind, const struct secret *code, const char *service)
{
	char before[SMS_OCTETS_MAX], after[SMS_OCTETS_MAX], rest[2 * SMS_OCTETS_MAX];
	int r;

	fill_code(gettext(kind->sms), code, before, after);
	snprintf(rest, sizeof(rest), "%s%s", before, after);
	r = buf_put_octets(b, before, strlen(before));
	if (r == 0)
		r = buf_put_octets(b, service, name_fit(service, rest));
	if (r == 0)
		r = buf_put_octets(b, after, strlen(after));
	secret_wipe_array(after);
	secret_wipe_array(rest);
	return r;
}

int
message_build_sms(const struct directory_claim *claim, const struct conf *conf, struct buf **text_out)
{
	const struct message_kind *kind = message_kind_find(claim->kind);
	struct buf *text = NULL;
	int r;

	*text_out = NULL;
	if (kind == NULL)
		return ERR_NOT_FOUND;
	if (kind->sms == NULL || !address_is_number(claim->address) || !message_secret_fits(kind, claim->secret))
		return ERR_INPUT;
	r = language_use(claim->language);
	if (r == 0)
		r = buf_new(SMS_OCTETS_MAX, &text);
	if (r == 0)
		r = put_sms(text, kind, claim->secret, conf->courier.service_name);
	if (r == 0) {
		*text_out = text;
		text = NULL;
	}
	buf_free(&text);
	return r;
}
