/*
 * account.c - a member's account page: what the directory says about the member, and the part that the member changes.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/member_facts.h"
#include "core/facts.h"

int
account_read(struct session *s, const char *const *attrs, char **dn_out, struct directory_entry **entry_out)
{
	int r, status;

	*dn_out = NULL;
	*entry_out = NULL;
	status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_dn_of_words(s, dn_out);
	if (status != EXIT_DONE)
		return status;
	r = directory_read(s->d, *dn_out, attrs, entry_out);
	if (r == 0)
		return EXIT_DONE;
	return r == ERR_NOT_FOUND ? say_no_member(*dn_out) : say_failure(s, r, *dn_out);
}

/* --- show --------------------------------------------------------------------------------------------- */

/* The facts that stand in an attribute each, as a person reads them: text, or the time when something was so. */
static const struct shown {
	const char *key, *title;
	const char *attribute; /* NULL: made by show_more() */
	int is_time;
} shown[] = {
	{ "id", "ID", "uid", 0 },
	{ "uuid", "UUID", "entryUUID", 0 },
	{ "name", "name", "cn", 0 },
	{ "surname", "surname", "sn", 0 },
	{ "given_name", "given name", "givenName", 0 },
	{ "nickname", "nickname", NULL, 0 },
	{ "registered", "registered", "createTimestamp", 1 },
	{ "last_login", "last login", NULL, 0 },
	{ "status", "status", NULL, 0 },
	{ "mail", "mail", "mail", 0 },
	{ "mail_verified", "mail verified", "musterMailVerified", 1 },
	{ "mail_pending", "mail, not proved", "musterPendingMail", 0 },
	{ "mobile", "mobile", "mobile", 0 },
	{ "mobile_verified", "mobile verified", "musterMobileVerified", 1 },
	{ "mobile_pending", "mobile, not proved", "musterPendingMobile", 0 },
	{ "login_pending", "ID, not proved", "musterPendingLogin", 0 },
	{ "otp", "OTP", NULL, 0 },
	{ "organization", "organization", NULL, 0 },
	{ "organization_id", "organization ID", NULL, 0 },
	{ "domain", "domain", NULL, 0 },
	{ "language", "language", "preferredLanguage", 0 },
	{ "address", "address", NULL, 0 },
	{ "billing_mail", "billing mail", "musterBillingMail", 0 },
	{ "service_area", "service area", "musterServiceArea", 0 },
	{ "member_type", "member type", "musterMemberType", 0 },
	{ "business_name", "business name", "o", 0 },
	{ "registration_number", "registration number", "musterRegistrationNumber", 0 },
	{ "country", "country", "c", 0 },
	{ "terms", "terms", "musterTermsVersion", 0 },
	{ "terms_accepted", "terms accepted", "musterTermsAccepted", 1 },
	{ "dn", "DN", NULL, 0 },
};
#define SHOWN (sizeof(shown) / sizeof(shown[0]))

static const char *const account_attrs[] = { "objectClass", "uid", "entryUUID", "cn", "sn", "givenName", "displayName",
	"createTimestamp", "pwdLastSuccess", "musterStatus", "mail", "musterMailVerified", "musterPendingMail", "mobile",
	"musterMobileVerified", "musterPendingMobile", "musterPendingLogin", "preferredLanguage", "postalAddress", "musterBillingMail",
	"musterServiceArea", "musterMemberType", "o", "musterRegistrationNumber", "c", "musterTermsVersion",
	"musterTermsAccepted", "pwdChangedTime", "pwdReset", NULL };

/* The lines of a postal address (RFC 4517 section 3.3.28: $ between them, \24 and \5C for $ and \ in them). */
static json_t *
address_lines(const char *value)
{
	json_t *lines = value != NULL ? json_array() : NULL;
	char *line = value != NULL ? strdup(value) : NULL, *to = line;

	for (; lines != NULL && line != NULL; value++) {
		if (*value == '$' || *value == '\0') {
			*to = '\0';
			(void)json_array_append_new(lines, json_text(line));
			to = line;
			if (*value == '\0')
				break;
		} else if (strncmp(value, "\\24", 3) == 0 || strncasecmp(value, "\\5c", 3) == 0) {
			*to++ = value[1] == '2' ? '$' : '\\';
			value += 2;
		} else {
			*to++ = *value;
		}
	}
	free(line);
	return lines != NULL ? lines : json_null();
}

/* The login before the one that asks: the directory's time is that of the latter when members look at themselves. */
static json_t *
last_login(const struct session *s, const struct directory_entry *entry)
{
	const char *self = s->args.value[OPT_BIND_DN];

	if (self != NULL && directory_dn_equal(self, entry->dn))
		return json_unix_time(s->previous_login);
	return json_time(entry, "pwdLastSuccess");
}

static int
is_false(const struct directory_entry *entry, const char *name)
{
	const char *value = entry != NULL ? directory_value(entry, name) : NULL;

	return value != NULL && strcasecmp(value, "FALSE") == 0;
}

/* What is not one attribute of the member's own. in: org  NULL for platform members, and when it is not to be seen */
static void
show_more(struct session *s, const struct directory_entry *entry, const struct directory_entry *org, json_t *object)
{
	const char *status = directory_value(entry, "musterStatus");
	struct member_facts facts;

	member_facts_presence(s, entry, &facts);
	(void)json_object_set_new(object, "dn", json_text(entry->dn));
	(void)json_object_set_new(object, "nickname", is_false(org, "musterNicknames")
	                                                      ? json_null()
	                                                      : json_attribute(entry, "displayName"));
	(void)json_object_set_new(object, "last_login", last_login(s, entry));
	(void)json_object_set_new(object, "status", json_string(status != NULL ? status : "active"));
	(void)json_object_set_new(object, "address", address_lines(directory_value(entry, "postalAddress")));
	(void)json_object_set_new(object, "otp", facts.factor == FACTOR_UNKNOWN
	                                                 ? json_null()
	                                                 : json_boolean(facts.factor != FACTOR_ABSENT));
	(void)json_object_set_new(object, "organization", org != NULL ? json_attribute(org, "o") : json_null());
	(void)json_object_set_new(object, "organization_id", org != NULL ? json_attribute(org, "entryUUID") : json_null());
	(void)json_object_set_new(object, "domain", org != NULL ? json_attribute(org, "musterDomain") : json_null());
}

static int
print_account(struct session *s, const struct directory_entry *entry, const struct directory_entry *org)
{
	struct column columns[SHOWN];
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < SHOWN; i++) {
		columns[i].key = shown[i].key;
		columns[i].title = shown[i].title;
		/* Set in the order of the table, which is that of the output. */
		(void)json_object_set_new(object, shown[i].key, shown[i].attribute == NULL ? json_null()
		                                                : shown[i].is_time ? json_time(entry, shown[i].attribute)
		                                                : json_attribute(entry, shown[i].attribute));
	}
	if (object != NULL)
		show_more(s, entry, org, object);
	return print_object(s, object, columns, SHOWN);
}

int
account_show(struct session *s)
{
	struct directory_entry *entry = NULL, *org = NULL;
	char *dn = NULL;
	int status = account_read(s, account_attrs, &dn, &entry);

	if (status == EXIT_DONE) {
		(void)session_organization_of(s, dn, &org);
		status = print_account(s, entry, org);
	}
	directory_entry_free(&entry);
	directory_entry_free(&org);
	free(dn);
	return status;
}

/* --- set ------------------------------------------------------------------------------------------------ */

/* What members change themselves; the directory has the last word, and takes it on a connection that was bound a moment ago. */
static const struct basic {
	enum option_id option;
	const char *attribute;
	enum fact fact;
	int must; /* there is always one */
} basics[] = {
	{ OPT_LANGUAGE, "preferredLanguage", FACT_LANGUAGE, 0 },
	{ OPT_ADDRESS, "postalAddress", FACT_ADDRESS, 0 },
	{ OPT_BILLING_MAIL, "musterBillingMail", FACT_MAIL, 0 },
	{ OPT_SERVICE_AREA, "musterServiceArea", FACT_AREA, 0 },
	{ OPT_NAME, "cn", FACT_NAME, 1 },
	{ OPT_SURNAME, "sn", FACT_NAME, 1 },
	{ OPT_GIVEN_NAME, "givenName", FACT_NAME, 0 },
	{ OPT_NICKNAME, "displayName", FACT_NAME, 0 },
};
#define BASICS (sizeof(basics) / sizeof(basics[0]))

static int
check_basics(const struct session *s)
{
	size_t i, given = 0;

	for (i = 0; i < BASICS; i++) {
		const char *name = option_find_id(basics[i].option)->name, *value = s->args.value[basics[i].option], *wrong;

		if (value == NULL)
			continue;
		given++;
		if (*value == '\0' && !basics[i].must)
			continue;
		wrong = fact_check(basics[i].fact, value, strlen(value));
		if (wrong != NULL) {
			say_error("--%s: %s", name, wrong);
			return EXIT_USAGE;
		}
	}
	if (given > 0)
		return EXIT_DONE;
	say_error("say what is to change, like --language ko; \"muster account set --help\" lists it");
	return EXIT_USAGE;
}

/* Nobody who registers a member is asked for a surname: one that was made of the name goes with it. */
static void
put_surname(const struct session *s, const struct directory_entry *entry, struct record *record)
{
	const char *name = directory_value(entry, "cn"), *surname = directory_value(entry, "sn");

	if (s->args.value[OPT_NAME] != NULL && s->args.value[OPT_SURNAME] == NULL && name != NULL && surname != NULL &&
	    strcmp(person_surname(name), surname) == 0)
		record_put(record, CHANGE_REPLACE, "sn", person_surname(s->args.value[OPT_NAME]));
}

static void
put_basics(const struct session *s, struct record *record)
{
	size_t i;

	for (i = 0; i < BASICS; i++) {
		const char *value = s->args.value[basics[i].option];

		/* Replaced with nothing: right whether or not there is a value. */
		if (value != NULL && *value == '\0')
			record_put_values(record, CHANGE_REPLACE, basics[i].attribute, NULL, 0);
		else
			record_put(record, CHANGE_REPLACE, basics[i].attribute, value);
	}
}

int
account_set(struct session *s)
{
	static const char *const attrs[] = { "cn", "sn", NULL };
	struct directory_entry *entry = NULL;
	struct record record = { .n = 0 };
	char *dn = NULL;
	int r, status = check_basics(s);

	if (status != EXIT_DONE)
		return status;
	status = account_read(s, attrs, &dn, &entry);
	if (status == EXIT_DONE) {
		put_basics(s, &record);
		put_surname(s, entry, &record);
		r = record_modify(s->d, dn, &record);
		status = r != 0 ? say_failure(s, r, dn)
		                : print_done(s, json_pack("{s:s, s:b}", "dn", dn, "changed", 1), "%s is changed", dn);
	}
	directory_entry_free(&entry);
	free(dn);
	return status;
}
