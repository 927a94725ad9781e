/*
 * member_facts.c - read a member's entry for the doctor and for "member show".
 */
#include "cli/member_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/key_ids.h"
#include "cli/slapd_process.h"
#include "common/text.h"
#include "core/apppw.h"
#include "core/pwhash.h"
#include "core/seal.h"

#define STEP_SEC 30

const char *const password_words[] = { "not to be seen", "none", "there", "there, hashed by another scheme" };
const char *const factor_words[] = { "not to be seen", "none", "registered", "stored in the clear",
	                             "sealed with a lost key", "of slapo-otp, not taken over" };

void
time_text(int64_t when, char out[TIME_TEXT])
{
	time_t seconds = (time_t)when;
	struct tm tm;

	out[0] = '\0';
	if (when != 0 && gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M UTC", &tm);
}

static int64_t
time_of(const struct directory_entry *entry, const char *name)
{
	const char *value = directory_value(entry, name);
	int64_t when;

	return value != NULL && text_time_parse(value, strlen(value), &when) == 0 ? when : 0;
}

static int
count_of(const struct directory_entry *entry, const char *name)
{
	const struct directory_attribute *a = directory_attribute(entry, name);

	return a != NULL ? (int)a->values_len : 0;
}

/* --- password and factor ------------------------------------------------------------------------------------ */

/*
 * Access rules show the time of a password to whoever may read the entry, and the password to nobody. Without that right the
 * entry shows no createTimestamp either, and nothing is known.
 */
static void
read_password(const struct directory_entry *entry, struct member_facts *facts)
{
	const struct directory_attribute *stored = directory_attribute(entry, "userPassword");
	const char *reset = directory_value(entry, "pwdReset");

	facts->password_changed = time_of(entry, "pwdChangedTime");
	facts->must_change = reset != NULL && strcasecmp(reset, "TRUE") == 0;
	if (stored != NULL && stored->values_len > 0)
		facts->password = pwhash_is_ours((const char *)stored->values[0].data, stored->values[0].len)
		                          ? PASSWORD_SET
		                          : PASSWORD_FOREIGN;
	else if (facts->password_changed != 0)
		facts->password = PASSWORD_SET;
	else
		facts->password =
			directory_attribute(entry, "createTimestamp") != NULL ? PASSWORD_NONE : PASSWORD_UNKNOWN;
}

static int
count_entry(const struct directory_entry *entry, void *arg)
{
	(void)entry;
	++*(int *)arg;
	return 0;
}

static int
matches(struct session *s, const char *dn, const char *filter)
{
	static const char *const none[] = { "1.1", NULL };
	int found = 0;

	return directory_search(s->d, dn, SCOPE_BASE, filter, none, count_entry, &found) == 0 && found > 0;
}

/* The seed itself is nobody's to read; whether there is one may be searched for. Most who are asked about have none. */
enum factor_fact
member_facts_factor(struct session *s, const struct directory_entry *entry)
{
	int named = directory_attribute(entry, "oathTOTPToken") != NULL || directory_attribute(entry, "oathHOTPToken") != NULL;

	if (directory_attribute(entry, "oathSecret") != NULL)
		return FACTOR_ACTIVE;
	if (named || matches(s, entry->dn, "(|(oathSecret=*)(oathTOTPToken=*)(oathHOTPToken=*))"))
		return matches(s, entry->dn, "(oathSecret=*)") ? FACTOR_ACTIVE : FACTOR_ELSEWHERE;
	return directory_attribute(entry, "createTimestamp") != NULL ? FACTOR_ABSENT : FACTOR_UNKNOWN;
}

static void
read_factor(struct session *s, const struct directory_entry *entry, struct member_facts *facts)
{
	const char *step = directory_value(entry, "oathTOTPLastTimeStep");
	int64_t number;

	if (step != NULL && text_number(step, strlen(step), 0, INT64_MAX / STEP_SEC - 1, &number) == 0)
		facts->step_until = number * STEP_SEC;
	facts->factor = member_facts_factor(s, entry);
}

void
member_facts_presence(struct session *s, const struct directory_entry *entry, struct member_facts *facts_out)
{
	memset(facts_out, 0, sizeof(*facts_out));
	read_password(entry, facts_out);
	read_factor(s, entry, facts_out);
}

/* --- the slapd behind it -------------------------------------------------------------------------------------- */

struct overlay {
	int found;
	char *key_file, *policy;
};

static int
look_at_overlay(const struct directory_entry *entry, void *arg)
{
	struct overlay *overlay = arg;
	const char *key_file = directory_value(entry, "olcMusterKeyFile"),
		   *policy = directory_value(entry, "olcMusterPolicy");

	overlay->found = 1;
	overlay->key_file = key_file != NULL ? strdup(key_file) : NULL;
	overlay->policy = policy != NULL ? strdup(policy) : NULL;
	return 1;
}

/* Where cn=config may be read, and on its host the key file: whether the key of the seed is there. */
static void
read_overlay(struct session *s, const struct directory_entry *entry, struct member_facts *facts)
{
	const struct directory_attribute *seeds = directory_attribute(entry, "oathSecret");
	struct overlay overlay = { .key_file = NULL };
	struct key_ids keys = { .n = 0 };

	(void)directory_search(s->d, "cn=config", SCOPE_SUB, "(objectClass=olcMusterConfig)", NULL, look_at_overlay,
	                       &overlay);
	facts->config_seen = overlay.found;
	facts->fallback_policy = overlay.policy;
	if (seeds != NULL && seeds->values_len > 0) {
		const char *seed = (const char *)seeds->values[0].data;

		if (overlay.key_file != NULL && session_is_local(s))
			key_ids_read(overlay.key_file, &keys);
		if (!seal_is_sealed(seed, seeds->values[0].len))
			facts->factor = FACTOR_PLAIN;
		else if (seal_key_id(seed, seeds->values[0].len, facts->factor_key) != 0 ||
		         (keys.n > 0 && !key_ids_has(&keys, facts->factor_key)))
			facts->factor = FACTOR_KEY_LOST;
	}
	free(overlay.key_file);
}

/* --- the rest ----------------------------------------------------------------------------------------------- */

static int64_t
app_password_used(const struct directory_entry *entry, const char *id)
{
	const struct directory_attribute *a = directory_attribute(entry, "musterAppPasswordUsed");
	char used_id[APPPW_ID_LEN + 1];
	int64_t when;
	size_t i;

	for (i = 0; a != NULL && i < a->values_len; i++) {
		if (apppw_used_parse((const char *)a->values[i].data, a->values[i].len, used_id, &when) == 0 &&
		    strcmp(used_id, id) == 0)
			return when;
	}
	return 0;
}

static json_t *
app_password_text(const struct directory_entry *entry, const struct apppw *pw)
{
	char networks[512] = "everywhere", one[NETWORK_TEXT_MAX], used[TIME_TEXT], text[1024];
	size_t i, n = 0;

	for (i = 0; i < pw->networks_len && n < sizeof(networks); i++) {
		network_format(&pw->networks[i], one);
		n += (size_t)snprintf(networks + n, sizeof(networks) - n, "%s%s", i > 0 ? " " : "", one);
	}
	time_text(app_password_used(entry, pw->id), used);
	snprintf(text, sizeof(text), "%s \"%s\" from %s, %s%s", pw->id, pw->label, networks,
	         *used != '\0' ? "last used " : "never used", used);
	return json_text(text);
}

static void
read_app_passwords(const struct directory_entry *entry, struct member_facts *facts)
{
	const struct directory_attribute *a = directory_attribute(entry, "musterAppPassword");
	struct apppw pw;
	size_t i;

	facts->app_passwords = json_array();
	for (i = 0; a != NULL && i < a->values_len; i++) {
		if (apppw_parse((const char *)a->values[i].data, a->values[i].len, &pw) == 0)
			(void)json_array_append_new(facts->app_passwords, app_password_text(entry, &pw));
		else
			(void)json_array_append_new(facts->app_passwords, json_string("one that cannot be read"));
		secret_wipe_object(&pw);
	}
}

static void
read_state(const struct directory_entry *entry, struct member_facts *facts)
{
	const char *locked = directory_value(entry, "pwdAccountLockedTime"),
		   *state = directory_value(entry, "musterLoginState");
	int secrets = directory_attribute(entry, "userPassword") != NULL ||
	              directory_attribute(entry, "oathSecret") != NULL || state != NULL;

	facts->locked = locked != NULL;
	facts->locked_since = time_of(entry, "pwdAccountLockedTime");
	if (facts->locked_since < 0)
		facts->locked_since = 0; /* 000001010000Z: by an administrator, for good */
	facts->failures_seen = secrets || facts->password == PASSWORD_NONE;
	facts->login_state = state != NULL ? strdup(state) : NULL;
	facts->known_sources = secrets ? count_of(entry, "musterKnownSource") : -1;
	facts->recovery_codes = secrets ? count_of(entry, "musterRecoveryCode") : -1;
	facts->owed = count_of(entry, "musterOutbox");
}

int
member_facts_read(struct session *s, const char *dn, struct member_facts *facts_out, struct directory_entry **entry_out,
                  struct directory_entry **org_out)
{
	static const char *const attrs[] = { "*", "+", NULL };
	int r;

	memset(facts_out, 0, sizeof(*facts_out));
	*entry_out = *org_out = NULL;
	r = directory_read(s->d, dn, attrs, entry_out);
	if (r != 0)
		return r;
	if (!directory_has_class(*entry_out, "musterMember") && !directory_has_class(*entry_out, "musterAccount"))
		return ERR_INPUT;
	member_facts_presence(s, *entry_out, facts_out);
	read_overlay(s, *entry_out, facts_out);
	read_state(*entry_out, facts_out);
	read_app_passwords(*entry_out, facts_out);
	(void)session_organization_of(s, dn, org_out);
	return 0;
}

void
member_facts_free(struct member_facts *facts)
{
	free(facts->login_state);
	free(facts->fallback_policy);
	json_decref(facts->app_passwords);
	memset(facts, 0, sizeof(*facts));
}
