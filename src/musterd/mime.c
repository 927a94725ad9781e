/*
 * mime.c - the syntax of mail.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/address.h"
#include "common/err.h"
#include "common/text.h"
#include "musterd/mime.h"

#define WORD_LONGEST 75        /* an encoded word, RFC 2047 section 2 */
#define PLAIN_LONGEST 60       /* a text that fits its line without folding */
#define BODY_LINE_LONGEST 76   /* RFC 2045 section 6.7 */

static const char word_begin[] = "=?UTF-8?Q?";
static const char word_end[] = "?=";

static int
put_string(struct buf *b, const char *text)
{
	return buf_put_octets(b, text, strlen(text));
}

static int
put_hex(struct buf *b, uint8_t octet)
{
	static const char hex[] = "0123456789ABCDEF";
	const char text[3] = { '=', hex[octet >> 4], hex[octet & 15] };

	return buf_put_octets(b, text, sizeof(text));
}

int
mime_put_field(struct buf *b, const char *name, const char *value)
{
	const char *p;
	int r = 0;

	for (p = value; *p != '\0'; p++)
		if (*p < 0x20 || *p >= 0x7f)
			return ERR_INPUT;
	if (r == 0)
		r = put_string(b, name);
	if (r == 0)
		r = put_string(b, ": ");
	if (r == 0)
		r = put_string(b, value);
	return r == 0 ? put_string(b, "\r\n") : r;
}

/* Letters, digits and blanks between them need no encoding anywhere in a header. */
static int
is_plain(const char *text, const char *also)
{
	size_t len = strlen(text), i;

	if (len > PLAIN_LONGEST || (len > 0 && (text[0] == ' ' || text[len - 1] == ' ')))
		return 0;
	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || (!isalnum((unsigned char)text[i]) && text[i] != ' ' && strchr(also, text[i]) == NULL))
			return 0;
	return 1;
}

/* One octet inside an encoded word. */
static int
put_word_octet(struct buf *b, uint8_t octet)
{
	if (octet < 0x80 && isalnum(octet))
		return buf_put_u8(b, octet);
	return octet == ' ' ? buf_put_u8(b, '_') : put_hex(b, octet);
}

static int
put_encoded_words(struct buf *b, const char *text)
{
	size_t left = strlen(text), width = 0, size, i;
	const size_t room = WORD_LONGEST - (sizeof(word_begin) - 1) - (sizeof(word_end) - 1);
	uint32_t cp;
	int r;

	r = put_string(b, word_begin);
	for (; left > 0 && r == 0; text += size, left -= size) {
		size = text_decode(text, left, &cp);
		if (size == 0)
			return ERR_INPUT;
		/* A character is never cut in two: it is three columns an octet at most. */
		if (width + 3 * size > room) {
			r = put_string(b, "?=\r\n =?UTF-8?Q?");
			width = 0;
		}
		for (i = 0; i < size && r == 0; i++)
			r = put_word_octet(b, (uint8_t)text[i]);
		width += 3 * size;
	}
	return r == 0 ? put_string(b, word_end) : r;
}

int
mime_put_text_field(struct buf *b, const char *name, const char *text)
{
	int r = put_string(b, name);

	if (r == 0)
		r = put_string(b, ": ");
	if (r == 0)
		r = is_plain(text, ":,.-") ? put_string(b, text) : put_encoded_words(b, text);
	return r == 0 ? put_string(b, "\r\n") : r;
}

int
mime_put_mailbox_field(struct buf *b, const char *name, const char *display, const char *address)
{
	int r;

	if (!address_is_mail(address))
		return ERR_INPUT;
	r = put_string(b, name);
	if (r == 0)
		r = put_string(b, ": ");
	if (r == 0 && display != NULL)
		r = is_plain(display, "") ? put_string(b, display) : put_encoded_words(b, display);
	/* A folded line begins with the blank: a long name and a long address do not share one. */
	if (r == 0 && display != NULL)
		r = put_string(b, "\r\n ");
	if (r == 0)
		r = put_string(b, "<");
	if (r == 0)
		r = put_string(b, address);
	return r == 0 ? put_string(b, ">\r\n") : r;
}

/* Not strftime: its names follow the locale. */
int
mime_put_date_field(struct buf *b, int64_t now)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t when = (time_t)now;
	char text[64];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		return ERR_RANGE;
	snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	         tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return mime_put_field(b, "Date", text);
}

int
mime_put_quoted_printable(struct buf *b, const void *text, size_t len)
{
	const uint8_t *p = text, *end = p + len;
	size_t column = 0;
	int r = 0;

	for (; p < end && r == 0; p++) {
		int last = p + 1 == end || p[1] == '\n';
		int literal = (*p > 0x20 && *p < 0x7f && *p != '=') || (*p == ' ' && !last);
		size_t width = literal ? 1 : 3;

		if (*p == '\n') {
			r = put_string(b, "\r\n");
			column = 0;
			continue;
		}
		/* Room for the "=" of a soft line break stays, unless the line ends here anyway. */
		if (column + width > BODY_LINE_LONGEST - (last ? 0 : 1)) {
			r = put_string(b, "=\r\n");
			column = 0;
		}
		if (r == 0)
			r = literal ? buf_put_u8(b, *p) : put_hex(b, *p);
		column += width;
	}
	return r;
}
