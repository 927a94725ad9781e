/*
 * exop_signup.c - somebody who is no member wants to become one. Nothing is looked up: the request waits for the courier, so the
 *                 answer is the same whether or not the address is known.
 */
#include "slapd/exop.h"

#include "core/signup.h"
#include "slapd/muster.h"
#include "slapd/queue.h"
#include "slapd/signup.h"

#define KIND "sign-up"
#define DATA_MAX 10

/* In the order of the request. */
enum text { TEXT_MAIL, TEXT_NAME, TEXT_COUNTRY, TEXT_TYPE, TEXT_TERMS, TEXT_LANGUAGE };

static void
set_field(struct signup_field *field, const struct berval *value)
{
	field->text = value->bv_val;
	field->len = BER_BVISNULL(value) ? 0 : value->bv_len;
}

static void
read_request(const struct exop_args *args, struct signup *s)
{
	memset(s, 0, sizeof(*s));
	set_field(&s->mail, &args->texts[TEXT_MAIL]);
	set_field(&s->name, &args->texts[TEXT_NAME]);
	set_field(&s->country, &args->texts[TEXT_COUNTRY]);
	set_field(&s->member_type, &args->texts[TEXT_TYPE]);
	set_field(&s->terms, &args->texts[TEXT_TERMS]);
	set_field(&s->language, &args->texts[TEXT_LANGUAGE]);
	set_field(&s->business_name, &args->business_name);
	set_field(&s->registration_number, &args->registration_number);
}

/* wrong - why a sign-up cannot be taken, whoever it is about; "" when it can */
static void
wrong(struct exop *x, const struct signup *s, char *text, size_t size)
{
	const struct berval *terms = &x->m->terms;
	char why[SIGNUP_TEXT_MAX];

	text[0] = '\0';
	if (BER_BVISEMPTY(terms))
		snprintf(text, size, "nobody signs up here: the administrator has put no terms in force (olcMusterTerms)");
	else if (signup_check(s, why) < 0)
		snprintf(text, size, "%s", why);
	else if (s->terms.len != terms->bv_len || memcmp(s->terms.text, terms->bv_val, terms->bv_len) != 0)
		snprintf(text, size, "terms: the version in force is \"%s\": read it and consent to that one", terms->bv_val);
}

/* target_text - the address as a login of a platform member, in lower case as the account will have it */
static void
target_text(const struct signup_field *mail, struct berval *text_out)
{
	static const char prefix[] = "login:/";
	size_t i;
	char *p;

	text_out->bv_len = STRLENOF(prefix) + mail->len;
	text_out->bv_val = ch_malloc(text_out->bv_len + 1);
	p = lutil_strcopy(text_out->bv_val, prefix);
	for (i = 0; i < mail->len; i++)
		*p++ = (char)TOLOWER((unsigned char)mail->text[i]);
	*p = '\0';
}

static void
add_datum(BerVarray *data, const char *name, const char *text, size_t len)
{
	struct berval value;

	if (len == 0)
		return;
	value.bv_len = strlen(name) + 1 + len;
	value.bv_val = ch_malloc(value.bv_len + 1);
	sprintf(value.bv_val, "%s=%.*s", name, (int)len, text);
	ber_bvarray_add(data, &value);
}

/* request_data - all of it as values of musterRequestData */
static BerVarray
request_data(const struct signup *s)
{
	BerVarray data = NULL;
	char now[24];

	add_datum(&data, "mail", s->mail.text, s->mail.len);
	add_datum(&data, "name", s->name.text, s->name.len);
	add_datum(&data, "country", s->country.text, s->country.len);
	add_datum(&data, "type", s->member_type.text, s->member_type.len);
	add_datum(&data, "terms", s->terms.text, s->terms.len);
	add_datum(&data, "language", s->language.text, s->language.len);
	add_datum(&data, "business", s->business_name.text, s->business_name.len);
	add_datum(&data, "registration", s->registration_number.text, s->registration_number.len);
	add_datum(&data, "time", now, (size_t)snprintf(now, sizeof(now), "%lld", (long long)slap_get_time()));
	return data;
}

void
sign_up_handle(struct exop *x)
{
	char text[SIGNUP_TEXT_MAX + 128];
	struct signup s;
	BerVarray data;

	read_request(&x->args, &s);
	wrong(x, &s, text, sizeof(text));
	if (text[0] != '\0') {
		x->rule = "sign-up";
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, text, text);
		return;
	}
	target_text(&s.mail, &x->target_text);
	if (!signups_take(x->op, x->m)) {
		exop_refuse(x, LDAP_BUSY, "too many sign-ups", "too many sign-ups: try again later");
		return;
	}
	data = request_data(&s);
	exop_queued(x, queue_request(x->op, x->m, KIND, &x->target_text, data));
	ber_bvarray_free(data);
}
