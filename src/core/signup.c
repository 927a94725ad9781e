/*
 * signup.c - rules of a sign-up.
 */
#include "core/signup.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "core/facts.h"

#define TYPE_BUSINESS "business"

int
signup_is_business(const struct signup *s)
{
	return s->member_type.len == strlen(TYPE_BUSINESS) && memcmp(s->member_type.text, TYPE_BUSINESS, s->member_type.len) == 0;
}

int
signup_check(const struct signup *s, char text_out[SIGNUP_TEXT_MAX])
{
	int business = signup_is_business(s);
	const struct {
		const char *name;
		const struct signup_field *field;
		enum fact fact;
		int needed;
	} rows[] = {
		{ "mail", &s->mail, FACT_MAIL, 1 },
		{ "name", &s->name, FACT_NAME, 1 },
		{ "country", &s->country, FACT_COUNTRY, 1 },
		{ "member type", &s->member_type, FACT_MEMBER_TYPE, 1 },
		{ "terms", &s->terms, FACT_NAME, 1 },
		{ "language", &s->language, FACT_LANGUAGE, 0 },
		{ "business name", &s->business_name, FACT_NAME, business },
		{ "registration number", &s->registration_number, FACT_REGISTRATION_NUMBER, business },
	};
	const char *wrong = NULL;
	size_t i;

	text_out[0] = '\0';
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && wrong == NULL; i++) {
		const struct signup_field *f = rows[i].field;

		if (f->len > 0 || rows[i].needed)
			wrong = fact_check(rows[i].fact, f->len > 0 ? f->text : "", f->len);
		if (wrong != NULL)
			snprintf(text_out, SIGNUP_TEXT_MAX, "%s: %s", rows[i].name, wrong);
	}
	if (wrong == NULL && !business && s->business_name.len + s->registration_number.len > 0)
		snprintf(text_out, SIGNUP_TEXT_MAX,
		         "business name and registration number are for business members: leave them out, or choose business");
	return text_out[0] == '\0' ? 0 : ERR_INPUT;
}
