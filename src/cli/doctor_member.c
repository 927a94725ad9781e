/*
 * doctor_member.c - "muster doctor member": why one member can or cannot log in, in one screen.
 *
 * What the person who asks may not see is said to be unknown, and the verdict says so.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/doctor.h"
#include "cli/member_facts.h"
#include "cli/policy_facts.h"
#include "common/clock.h"

/* What is put together for the screen; texts of *_text are for it alone. */
struct diagnosis {
	struct session *s;
	struct directory_entry *entry, *org, *policy;
	char *policy_dn;
	struct policy_facts rules;
	struct member_facts facts;
	json_t *object;
	json_t *stops;   /* why not, with what to do: {"why", "do"} */
	json_t *demands; /* what the login will ask for first, or from where it does not work */
	json_t *unknown; /* what could not be seen */
};

static void __attribute__((format(printf, 4, 5)))
set_text(struct diagnosis *d, const char *key, int always, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (always || *text != '\0')
		(void)json_object_set_new(d->object, key, json_text(text));
}

static void __attribute__((format(printf, 3, 4)))
stop(struct diagnosis *d, const char *remedy, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)json_array_append_new(d->stops, json_pack("{s:o, s:s}", "why", json_text(text), "do", remedy));
}

static void
put_word(json_t *list, const char *text)
{
	(void)json_array_append_new(list, json_string(text));
}

/* --- one line each ------------------------------------------------------------------------------------------ */

static void
look_at_status(struct diagnosis *d)
{
	const char *status = directory_value(d->entry, "musterStatus");

	(void)json_object_set_new(d->object, "status", json_text(status != NULL ? status : "active"));
	if (status != NULL && strcasecmp(status, "active") != 0)
		stop(d, "muster member resume", "the member is %s", status);
}

static void
look_at_policy(struct diagnosis *d)
{
	static const char *const factor[] = { "off", "optional", "required" };
	char wrong[256], length[64];
	int r;

	if (d->org != NULL) {
		(void)json_object_set_new(d->object, "organization", json_attribute(d->org, "o"));
		(void)json_object_set_new(d->object, "domain", json_attribute(d->org, "musterDomain"));
	}
	r = d->org != NULL ? policy_of_organization(d->s, d->org, d->facts.fallback_policy, &d->policy_dn, &d->policy)
	                   : policy_of_account(d->s, d->facts.fallback_policy, &d->policy_dn, &d->policy);
	(void)json_object_set_new(d->object, "policy", json_text(d->policy_dn));
	if (d->policy_dn == NULL && !d->facts.config_seen)
		put_word(d->unknown, "which policy holds");
	if (r == ERR_NOT_FOUND)
		stop(d, "name a policy that is there in musterPolicyEntry", "the policy %s is not there", d->policy_dn);
	if (policy_facts_read(d->policy, &d->rules, wrong, sizeof(wrong)) != 0)
		stop(d, "put the policy right", "the policy cannot be used: %s", wrong);
	if (r != 0 || *wrong != '\0')
		return;
	snprintf(length, sizeof(length), d->rules.min_length_factor != d->rules.min_length ? " (%lld with a factor)" : "",
	         (long long)d->rules.min_length_factor);
	set_text(d, "rules", 1, "%lld%s to %lld characters, second factor %s, %s after %lld failures",
	         (long long)d->rules.min_length, length, (long long)d->rules.max_length, factor[d->rules.factor],
	         d->rules.lockout ? "locked" : "delays", (long long)d->rules.max_failure);
}

static void
look_at_password(struct diagnosis *d)
{
	const struct member_facts *f = &d->facts;
	int64_t ends =
		d->rules.max_age_sec > 0 && f->password_changed > 0 ? f->password_changed + d->rules.max_age_sec : 0;
	int change = f->must_change && d->rules.must_change, expired = ends > 0 && ends < clock_now();
	char since[TIME_TEXT], until[TIME_TEXT];

	time_text(f->password_changed, since);
	time_text(ends, until);
	(void)json_object_set_new(d->object, "password_set",
	                          f->password == PASSWORD_UNKNOWN ? json_null()
	                                                          : json_boolean(f->password != PASSWORD_NONE));
	set_text(d, "password", 1, "%s%s%s%s%s%s", password_words[f->password], *since != '\0' ? ", set " : "", since,
	         ends > 0 ? expired ? ", expired " : ", expires " : "", until, change ? ", must be changed" : "");
	if (f->password == PASSWORD_NONE)
		stop(d, "muster password reset", "there is no password");
	else if (f->password == PASSWORD_FOREIGN)
		put_word(d->unknown, "whether slapd knows the scheme of the password");
	else if (f->password == PASSWORD_UNKNOWN)
		put_word(d->unknown, "whether there is a password");
	if (change)
		put_word(d->demands, "must choose a new password first");
	else if (expired)
		put_word(d->demands, "must replace the expired password first");
}

static void
look_at_factor(struct diagnosis *d)
{
	const struct member_facts *f = &d->facts;
	const char *text = factor_words[f->factor];

	(void)json_object_set_new(d->object, "factor",
	                          f->factor == FACTOR_UNKNOWN ? json_null() : json_boolean(f->factor != FACTOR_ABSENT));
	if (d->rules.factor == FACTOR_RULE_OFF)
		text = f->factor == FACTOR_ABSENT ? "off by policy" : "registered, off by policy";
	if (f->recovery_codes >= 0 && f->factor == FACTOR_ACTIVE)
		set_text(d, "second_factor", 1, "%s, %d recovery codes left", text, f->recovery_codes);
	else
		set_text(d, "second_factor", 1, "%s", text);
	if (d->rules.factor == FACTOR_RULE_OFF)
		return;
	if (f->factor == FACTOR_ABSENT && d->rules.factor == FACTOR_RULE_REQUIRED)
		put_word(d->demands, "must register an authenticator first");
	else if (f->factor == FACTOR_PLAIN)
		stop(d, "look again in a minute, then muster otp remove",
		     "the seed is stored in the clear and not sealed yet");
	else if (f->factor == FACTOR_KEY_LOST)
		stop(d, "put the key back into the key file, or muster otp remove", "the seed %s%s",
		     *f->factor_key != '\0' ? "is sealed with a key that is not there: " : "is damaged", f->factor_key);
	else if (f->factor == FACTOR_ELSEWHERE)
		stop(d, "muster adopt, which takes it over, or delete oathTOTPToken and the class oathTOTPUser (HOTP: oathHOTPToken, "
		        "oathHOTPUser)",
		     "the second factor is one of slapo-otp that was not taken over, and nobody can use it");
	else if (f->factor == FACTOR_UNKNOWN)
		put_word(d->unknown, "whether an authenticator is registered");
	if (f->step_until > clock_now() && f->factor != FACTOR_ABSENT)
		stop(d, "set the clock right, then delete oathTOTPLastTimeStep as the directory's root",
		     "a code of the future was spent: all codes are refused for %lld minutes",
		     (long long)(f->step_until - clock_now()) / 60 + 1);
}

static void
look_at_failures(struct diagnosis *d)
{
	const struct member_facts *f = &d->facts;
	char since[TIME_TEXT], until[TIME_TEXT];
	int64_t ends = 0;

	if (f->locked) {
		if (d->rules.lockout_duration_sec > 0 && f->locked_since > 0)
			ends = f->locked_since + d->rules.lockout_duration_sec;
		time_text(f->locked_since, since);
		time_text(ends, until);
		set_text(d, "locked", 1, "since %s%s%s", *since != '\0' ? since : "ever", ends > 0 ? ", until " : "",
		         until);
		if (ends == 0 || ends > clock_now())
			stop(d, "muster member unlock", "the member is locked");
	}
	member_facts_failures(f, &d->rules, d->object, d->stops, d->demands);
	if (!f->failures_seen)
		put_word(d->unknown, "failed tries");
}

static void
look_at_app_passwords(struct diagnosis *d)
{
	if (json_array_size(d->facts.app_passwords) > 0)
		(void)json_object_set(d->object, "app_passwords", d->facts.app_passwords);
}

/* Networks of the policy; logins from elsewhere are refused like a wrong password. */
static void
look_at_networks(struct diagnosis *d)
{
	const struct directory_attribute *a = d->policy != NULL ? directory_attribute(d->policy, "musterNetwork") : NULL;
	json_t *list = json_array();
	size_t i;

	for (i = 0; a != NULL && i < a->values_len; i++)
		(void)json_array_append_new(list, json_text((const char *)a->values[i].data));
	if (json_array_size(list) > 0)
		(void)json_object_set(d->object, "networks", list);
	json_decref(list);
}

/* a***@acme.example: enough to recognize, not enough to read aloud in an office */
static void
mask(const char *address, char *out, size_t size)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	if (at == NULL || at == address)
		snprintf(out, size, "%s", address != NULL ? "***" : "");
	else
		snprintf(out, size, "%.1s***%s", address, at);
}

static void
look_at_mail(struct diagnosis *d)
{
	const char *mail = directory_value(d->entry, "mail"), *verified = directory_value(d->entry, "musterVerifiedMail");
	const char *to = verified;
	char shown[300];

	if (to == NULL && d->facts.password == PASSWORD_NONE)
		to = mail;
	mask(to, shown, sizeof(shown));
	(void)json_object_set_new(d->object, "reset_possible", json_boolean(to != NULL));
	if (to != NULL)
		set_text(d, "reset", 1, "by mail to %s (%s)", shown, verified != NULL ? "proved" : "not proved yet");
	else
		set_text(d, "reset", 1, mail == NULL ? "not possible: there is no mail address"
		                                     : "not possible: the mail address was never proved");
}

/* --- verdict ------------------------------------------------------------------------------------------------ */

static void
join(json_t *list, char *out, size_t size)
{
	size_t i, used = 0;

	out[0] = '\0';
	for (i = 0; i < json_array_size(list) && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "",
		                         json_string_value(json_array_get(list, i)));
}

static void
verdict_no(struct diagnosis *d)
{
	char text[2048] = "cannot log in: ";
	size_t i, used = strlen(text);
	json_t *one;

	json_array_foreach(d->stops, i, one) {
		if (used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s; do this: %s",
			                         i > 0 ? ". And " : "", json_string_value(json_object_get(one, "why")),
			                         json_string_value(json_object_get(one, "do")));
	}
	set_text(d, "verdict", 1, "%s", text);
}

static void
verdict(struct diagnosis *d)
{
	const char *with = d->facts.factor == FACTOR_ACTIVE && d->rules.factor != FACTOR_RULE_OFF ? "password and code"
	                                                                                          : "password";
	char demands[512], unknown[512];

	(void)json_object_set_new(d->object, "can_log_in", json_boolean(json_array_size(d->stops) == 0));
	if (json_array_size(d->stops) > 0) {
		verdict_no(d);
	} else {
		join(d->demands, demands, sizeof(demands));
		join(d->unknown, unknown, sizeof(unknown));
		set_text(d, "verdict", 1, "can log in with %s%s%s%s%s", with, *demands != '\0' ? "; " : "", demands,
		         *unknown != '\0' ? "; cannot be seen from here: " : "", unknown);
	}
	(void)json_object_set(d->object, "stops", d->stops);
	(void)json_object_set(d->object, "demands", d->demands);
	(void)json_object_set(d->object, "unknown", d->unknown);
}

static const struct column columns[] = { { "dn", "DN" },
	                                 { "organization", "organization" },
	                                 { "domain", "domain" },
	                                 { "status", "status" },
	                                 { "policy", "policy" },
	                                 { "rules", "rules" },
	                                 { "password", "password" },
	                                 { "second_factor", "second factor" },
	                                 { "failures", "failures" },
	                                 { "locked", "locked" },
	                                 { "known_sources", "known addresses" },
	                                 { "app_passwords", "app passwords" },
	                                 { "networks", "only from" },
	                                 { "reset", "reset" },
	                                 { "last_login", "last login" },
	                                 { "owed", "mails owed" },
	                                 { "verdict", "=>" } };

static void
diagnose(struct diagnosis *d)
{
	(void)json_object_set_new(d->object, "dn", json_text(d->entry->dn));
	look_at_status(d);
	look_at_policy(d);
	look_at_password(d);
	look_at_factor(d);
	look_at_failures(d);
	look_at_app_passwords(d);
	look_at_networks(d);
	look_at_mail(d);
	(void)json_object_set_new(d->object, "last_login", json_time(d->entry, "pwdLastSuccess"));
	if (d->facts.known_sources >= 0)
		(void)json_object_set_new(d->object, "known_sources", json_integer(d->facts.known_sources));
	if (d->facts.owed > 0)
		(void)json_object_set_new(d->object, "owed", json_integer(d->facts.owed));
	verdict(d);
}

int
doctor_member(struct session *s)
{
	struct diagnosis d = { .s = s, .object = json_object(), .stops = json_array(), .demands = json_array(),
		.unknown = json_array() };
	char *dn = NULL;
	int status = DOCTOR_UNSEEN, r;

	if (session_bind(s) != EXIT_DONE || who_dn_of_words(s, &dn) != EXIT_DONE)
		goto out;
	r = member_facts_read(s, dn, &d.facts, &d.entry, &d.org);
	if (r == ERR_NOT_FOUND)
		say_error("no member %s that you may see", dn);
	else if (r == ERR_INPUT)
		say_error("%s is no member: only slapd's own rules hold for it", dn);
	else if (r != 0)
		(void)say_failure(s, r, dn);
	if (r != 0)
		goto out;
	diagnose(&d);
	status = json_array_size(d.stops) > 0 ? DOCTOR_FINDINGS : DOCTOR_HEALTHY;
	if (print_object(s, json_incref(d.object), columns, sizeof(columns) / sizeof(columns[0])) != EXIT_DONE)
		status = DOCTOR_UNSEEN;
out:
	member_facts_free(&d.facts);
	directory_entry_free(&d.entry);
	directory_entry_free(&d.org);
	directory_entry_free(&d.policy);
	free(d.policy_dn);
	free(dn);
	json_decref(d.object);
	json_decref(d.stops);
	json_decref(d.demands);
	json_decref(d.unknown);
	return status;
}
