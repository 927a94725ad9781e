/*
 * signup.c - muster account sign-up: what is not an option is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/signup.h"

/* One field: its option, what is asked where the option is missing, and the place it goes to. */
struct field {
	enum option_id option;
	const char *question; /* NULL: it may be left out */
	size_t offset;        /* of a const char * in struct directory_sign_up */
	int business;         /* 1: of business members alone */
};

#define AT(name) offsetof(struct directory_sign_up, name)
static const struct field fields[] = {
	{ OPT_MAIL, "Mail address, which is the login: ", AT(mail), 0 },
	{ OPT_NAME, "Name: ", AT(name), 0 },
	{ OPT_COUNTRY, "Country (ISO 3166, like KR): ", AT(country), 0 },
	{ OPT_TYPE, "individual or business: ", AT(member_type), 0 },
	{ OPT_BUSINESS_NAME, "Name of the business: ", AT(business_name), 1 },
	{ OPT_REGISTRATION_NUMBER, "Registration number: ", AT(registration_number), 1 },
	{ OPT_TERMS, "Version of the terms that you consent to: ", AT(terms), 0 },
	{ OPT_LANGUAGE, NULL, AT(language), 0 },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char **
place(struct directory_sign_up *who, const struct field *field)
{
	return (const char **)((char *)who + field->offset);
}

static int
is_business(const struct directory_sign_up *who)
{
	return who->member_type != NULL && strcmp(who->member_type, "business") == 0;
}

/* fill - out: owned  the answers, to be freed */
static int
fill(struct session *s, struct directory_sign_up *who, char *owned[FIELDS])
{
	int status = EXIT_DONE;
	size_t i;

	for (i = 0; i < FIELDS && status == EXIT_DONE; i++) {
		const struct field *field = &fields[i];

		*place(who, field) = s->args.value[field->option];
		if (*place(who, field) != NULL || field->question == NULL || (field->business && !is_business(who)))
			continue;
		status = prompt_text(field->question, &owned[i]);
		*place(who, field) = owned[i];
	}
	return status;
}

static void
set_field(struct signup_field *field, const char *text)
{
	field->text = text;
	field->len = text != NULL ? strlen(text) : 0;
}

/* check - what the server would refuse is told before anything is sent */
static int
check(const struct directory_sign_up *who)
{
	char text[SIGNUP_TEXT_MAX];
	struct signup signup;

	set_field(&signup.mail, who->mail);
	set_field(&signup.name, who->name);
	set_field(&signup.country, who->country);
	set_field(&signup.member_type, who->member_type);
	set_field(&signup.terms, who->terms);
	set_field(&signup.language, who->language);
	set_field(&signup.business_name, who->business_name);
	set_field(&signup.registration_number, who->registration_number);
	if (signup_check(&signup, text) == 0)
		return EXIT_DONE;
	say_error("%s", text);
	return EXIT_USAGE;
}

int
account_sign_up(struct session *s)
{
	struct directory_sign_up who = { .mail = NULL };
	char *owned[FIELDS] = { NULL };
	int r, status;
	size_t i;

	status = session_connect(s);
	if (status == EXIT_DONE)
		status = fill(s, &who, owned);
	if (status == EXIT_DONE)
		status = check(&who);
	if (status == EXIT_DONE) {
		r = directory_sign_up(s->d, &who);
		status = r != 0 ? say_failure(s, r, "the sign-up was not taken")
		                : print_done(s, json_pack("{s:s}", "mail", who.mail),
		                             "a mail to %s is on its way; with its token: muster password redeem %s", who.mail,
		                             who.mail);
	}
	for (i = 0; i < FIELDS; i++)
		free(owned[i]);
	return status;
}
