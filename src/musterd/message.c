/*
 * message.c - the mail that a claimed record asks for.
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/address.h"
#include "common/text.h"
#include "core/token.h"
#include "musterd/language.h"
#include "musterd/message.h"
#include "musterd/message_kind.h"
#include "musterd/mime.h"

#define _(text) gettext(text)

#define MESSAGE_MAX 65536
#define SUBJECT_MAX 1024
#define FACT_MAX 256    /* octets of a fact that are shown */

/* What a text says about the member; "" for what is not known. */
struct facts {
	char name[FACT_MAX];
	char account[2 * FACT_MAX + 8];
	char time[32];
	char expires[32];
	char remaining[8]; /* recovery codes */
	char owner[FACT_MAX], url[FACT_MAX], method[FACT_MAX], reason[FACT_MAX];
};

static const char *
fact(const struct directory_claim *claim, const char *name)
{
	size_t i;

	for (i = 0; i < claim->facts_len; i++)
		if (strcmp(claim->facts[i].name, name) == 0)
			return claim->facts[i].value;
	return "";
}

/*
 * A fact fit for a line of text: no control characters, and cut at the end of a character. A fact could otherwise add lines of
 * its own, and a line with a link in it would be taken for ours.
 */
static void
clean_fact(const char *value, char out[FACT_MAX])
{
	size_t left = strlen(value), used = 0, size;
	uint32_t cp;

	for (; left > 0; value += size, left -= size) {
		size = text_decode(value, left, &cp);
		if (used + (size > 0 ? size : 1) >= FACT_MAX)
			break;
		if (size == 0 || text_is_control(cp) || cp == 0x2028 || cp == 0x2029) {
			out[used++] = ' ';
			size = size > 0 ? size : 1;
		} else {
			memcpy(out + used, value, size);
			used += size;
		}
	}
	out[used] = '\0';
}

/* Digits only, one form for every language; "" for a fact that is no time. */
static void
time_fact(const char *value, char out[32])
{
	int64_t seconds;
	struct tm tm;
	time_t when;

	out[0] = '\0';
	if (text_number(value, strlen(value), 0, INT32_MAX * (int64_t)100, &seconds) != 0)
		return;
	when = (time_t)seconds;
	if (gmtime_r(&when, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

static void
count_fact(const char *value, char out[8])
{
	int64_t count;

	out[0] = '\0';
	if (text_number(value, strlen(value), 0, 999, &count) == 0)
		snprintf(out, 8, "%d", (int)count);
}

/* Why something was decided: in words of a person, or of ours (core/payment.c), which have a translation. */
static const char *
reason_of(const struct directory_claim *claim)
{
	const char *reason = fact(claim, "reason");

	return reason[0] != '\0' ? gettext(reason) : reason;
}

static void
read_facts(const struct directory_claim *claim, struct facts *f)
{
	char login[FACT_MAX], organization[FACT_MAX];

	clean_fact(fact(claim, "name"), f->name);
	clean_fact(fact(claim, "login"), login);
	clean_fact(fact(claim, "organization"), organization);
	time_fact(fact(claim, "time"), f->time);
	time_fact(fact(claim, "expires"), f->expires);
	count_fact(fact(claim, "remaining"), f->remaining);
	clean_fact(fact(claim, "owner"), f->owner);
	clean_fact(fact(claim, "url"), f->url);
	clean_fact(fact(claim, "method"), f->method);
	clean_fact(reason_of(claim), f->reason);
	if (organization[0] != '\0')
		snprintf(f->account, sizeof(f->account), "%s (%s)", login, organization);
	else
		snprintf(f->account, sizeof(f->account), "%s", login[0] != '\0' ? login : claim->address);
	if (f->name[0] == '\0')
		memcpy(f->name, login, sizeof(f->name));
}

static int
put(struct buf *b, const char *text)
{
	return buf_put_octets(b, text, strlen(text));
}

/* A template with its one %s filled in. */
static int
put_filled(struct buf *b, const char *template, const char *value)
{
	const char *place = strstr(template, "%s");
	int r;

	if (place == NULL)
		return put(b, template);
	r = buf_put_octets(b, template, (size_t)(place - template));
	if (r == 0)
		r = put(b, value);
	return r == 0 ? put(b, place + 2) : r;
}

/* The link is the configuration's; only the token is added. */
static int
put_link(struct buf *b, const struct secret *token, const char *url)
{
	int r = put(b, _("Or open this page:"));

	if (r == 0)
		r = put(b, "\n\n");
	if (r == 0)
		r = put(b, url);
	if (r == 0)
		r = buf_put_octets(b, token->data, token->len);
	return r == 0 ? put(b, "\n\n") : r;
}

/* The token or code alone on its line, then the ways to use it. */
static int
put_secret(struct buf *b, const struct message_kind *kind, const struct secret *secret, const struct conf *conf,
           const struct facts *f)
{
	int token = kind->secret == SECRET_TOKEN;
	int r = buf_put_octets(b, secret->data, secret->len);

	if (r == 0)
		r = put(b, "\n\n");
	if (r == 0)
		r = put(b, gettext(kind->how));
	if (r == 0)
		r = put(b, "\n\n");
	if (r == 0 && token && conf->courier.reset_url[0] != '\0')
		r = put_link(b, secret, conf->courier.reset_url);
	if (r == 0 && f->expires[0] != '\0') {
		r = put_filled(b, token ? _("The token works once, until %s.") : _("The code works once, until %s."), f->expires);
		if (r == 0)
			r = put(b, "\n\n");
	}
	return r;
}

/* put_line - one of the lines below the text; nothing for a fact that is not known */
static int
put_line(struct buf *b, const char *label, const char *value)
{
	int r = value[0] != '\0' ? put_filled(b, label, value) : 0;

	return r == 0 && value[0] != '\0' ? put(b, "\n") : r;
}

static int
put_lines(struct buf *b, const struct facts *f)
{
	size_t before = buf_len(b);
	int r = put_line(b, _("Time: %s"), f->time);

	if (r == 0)
		r = put_line(b, _("Recovery codes left: %s"), f->remaining);
	if (r == 0)
		r = put_line(b, _("Address of the service: %s"), f->url);
	if (r == 0)
		r = put_line(b, _("OWNER: %s"), f->owner);
	if (r == 0)
		r = put_line(b, _("Payment method: %s"), f->method);
	if (r == 0)
		r = put_line(b, _("Reason: %s"), f->reason);
	return r == 0 && buf_len(b) > before ? put(b, "\n") : r;
}

static int
put_text(struct buf *b, const struct message_kind *kind, const struct directory_claim *claim, const struct conf *conf)
{
	struct facts f;
	int r;

	read_facts(claim, &f);
	/* A name is its bearer's choice, so it is no text to have sent to anybody's address. */
	r = f.name[0] != '\0' && !kind->stranger ? put_filled(b, _("Hello %s,"), f.name) : put(b, _("Hello,"));
	if (r == 0)
		r = put(b, "\n\n");
	if (r == 0)
		r = put_filled(b, gettext(kind->begin), f.account);
	if (r == 0)
		r = put(b, "\n\n");
	if (r == 0 && kind->secret != SECRET_NONE)
		r = put_secret(b, kind, claim->secret, conf, &f);
	else if (r == 0)
		r = put_lines(b, &f);
	if (r == 0)
		r = put(b, gettext(kind->end));
	return r == 0 ? put_filled(b, "\n\n-- \n%s\n", conf->courier.service_name) : r;
}

/* Unique without telling anything: random, at the domain we send from. */
static int
put_message_id(struct buf *b, const char *from)
{
	char text[ADDRESS_MAX + 64];
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return ERR_RANDOM;
	snprintf(text, sizeof(text), "<%016llx%016llx%s>", (unsigned long long)random[0], (unsigned long long)random[1],
	         strchr(from, '@'));
	return mime_put_field(b, "Message-ID", text);
}

static int
put_subject(struct buf *b, const struct message_kind *kind, const struct conf *conf)
{
	struct buf *text = NULL;
	int r = buf_new(SUBJECT_MAX, &text);

	if (r == 0)
		r = put_filled(text, gettext(kind->subject), conf->courier.service_name);
	if (r == 0)
		r = buf_put_u8(text, '\0');
	if (r == 0)
		r = mime_put_text_field(b, "Subject", (const char *)buf_data(text));
	buf_free(&text);
	return r;
}

static int
put_header(struct buf *b, const struct message_kind *kind, const struct directory_claim *claim, const struct conf *conf, int64_t now)
{
	int r = mime_put_date_field(b, now);

	if (r == 0)
		r = put_message_id(b, conf->courier.from);
	if (r == 0)
		r = mime_put_mailbox_field(b, "From", conf->courier.service_name, conf->courier.from);
	if (r == 0)
		r = mime_put_mailbox_field(b, "To", NULL, claim->address);
	if (r == 0)
		r = put_subject(b, kind, conf);
	/* RFC 3834: no vacation notices in answer to this. */
	if (r == 0)
		r = mime_put_field(b, "Auto-Submitted", "auto-generated");
	if (r == 0)
		r = mime_put_field(b, "MIME-Version", "1.0");
	if (r == 0)
		r = mime_put_field(b, "Content-Type", "text/plain; charset=UTF-8");
	if (r == 0)
		r = mime_put_field(b, "Content-Language", language_tag());
	if (r == 0)
		r = mime_put_field(b, "Content-Transfer-Encoding", "quoted-printable");
	return r == 0 ? buf_put_octets(b, "\r\n", 2) : r;
}

int
message_secret_fits(const struct message_kind *kind, const struct secret *secret)
{
	size_t i;

	if (kind->secret == SECRET_NONE)
		return 1;
	if (secret == NULL)
		return 0;
	if (kind->secret == SECRET_TOKEN)
		return token_looks_like(secret->data, secret->len);
	for (i = 0; i < secret->len; i++)
		if (secret->data[i] < '0' || secret->data[i] > '9')
			return 0;
	return secret->len == CODE_DIGITS;
}

int
message_build(const struct directory_claim *claim, const struct conf *conf, int64_t now, struct buf **message_out)
{
	const struct message_kind *kind = message_kind_find(claim->kind);
	struct buf *text = NULL, *message = NULL;
	int r;

	*message_out = NULL;
	if (kind == NULL)
		return ERR_NOT_FOUND;
	if (kind->subject == NULL || !address_is_mail(claim->address) || !message_secret_fits(kind, claim->secret))
		return ERR_INPUT;
	r = language_use(claim->language);
	if (r == 0)
		r = buf_new(MESSAGE_MAX, &text);
	if (r == 0)
		r = buf_new(MESSAGE_MAX, &message);
	if (r == 0)
		r = put_text(text, kind, claim, conf);
	if (r == 0)
		r = put_header(message, kind, claim, conf, now);
	if (r == 0)
		r = mime_put_quoted_printable(message, buf_data(text), buf_len(text));
	if (r == 0) {
		*message_out = message;
		message = NULL;
	}
	buf_free(&text);
	buf_free(&message);
	return r;
}
