/*
 * policy_facts.c - one policy: found, read, range-checked like the overlay does it.
 */
#include "cli/policy_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/text.h"
#include "core/network.h"
#include "core/policy.h"

/* Where each number goes. */
static const size_t number_fields[POLICY_NUMBERS] = {
	[POLICY_MIN_LENGTH] = offsetof(struct policy_facts, min_length),
	[POLICY_MAX_LENGTH] = offsetof(struct policy_facts, max_length),
	[POLICY_MIN_LENGTH_FACTOR] = offsetof(struct policy_facts, min_length_factor),
	[POLICY_IN_HISTORY] = offsetof(struct policy_facts, history),
	[POLICY_MAX_AGE] = offsetof(struct policy_facts, max_age_sec),
	[POLICY_MAX_FAILURE] = offsetof(struct policy_facts, max_failure),
	[POLICY_MIN_DELAY] = offsetof(struct policy_facts, min_delay_sec),
	[POLICY_MAX_DELAY] = offsetof(struct policy_facts, max_delay_sec),
	[POLICY_LOCKOUT_DURATION] = offsetof(struct policy_facts, lockout_duration_sec),
	[POLICY_DAILY_PASSWORD_FAILURES] = offsetof(struct policy_facts, daily_password_failures),
	[POLICY_DAILY_CODE_FAILURES] = offsetof(struct policy_facts, daily_code_failures),
	[POLICY_CODE_WINDOW] = offsetof(struct policy_facts, code_window),
	[POLICY_MAX_APP_PASSWORDS] = offsetof(struct policy_facts, max_app_passwords),
	[POLICY_TOKEN_LIFETIME] = offsetof(struct policy_facts, token_lifetime_sec),
};

static void
read_numbers(const struct directory_entry *policy, struct policy_facts *facts, char *wrong, size_t size)
{
	int64_t numbers[POLICY_NUMBERS];
	const char *value, *conflict;
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++) {
		value = policy != NULL ? directory_value(policy, policy_limits[i].attribute) : NULL;
		if (policy_number_read((enum policy_number)i, value, value != NULL ? strlen(value) : 0, &numbers[i]) != 0 &&
		    *wrong == '\0')
			snprintf(wrong, size, "%s is %.40s, allowed is %lld to %lld", policy_limits[i].attribute, value,
			         (long long)policy_limits[i].min, (long long)policy_limits[i].max);
	}
	conflict = policy_numbers_complete(numbers);
	if (conflict != NULL && *wrong == '\0')
		snprintf(wrong, size, "%s", conflict);
	for (i = 0; i < POLICY_NUMBERS; i++)
		*(int64_t *)((char *)facts + number_fields[i]) = numbers[i];
}

static void
read_factor(const struct directory_entry *policy, struct policy_facts *facts, char *wrong, size_t size)
{
	static const char *const words[] = { "off", "optional", "required" };
	const char *value = policy != NULL ? directory_value(policy, "musterSecondFactor") : NULL;
	size_t i;

	facts->factor = FACTOR_RULE_OPTIONAL;
	for (i = 0; value != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			facts->factor = (enum factor_rule)i;
			return;
		}
	}
	if (value != NULL && *wrong == '\0')
		snprintf(wrong, size, "musterSecondFactor is %.40s, allowed is off, optional or required", value);
}

static void
read_composition(const struct directory_entry *policy, struct policy_facts *facts, char *wrong, size_t size)
{
	static const char *const kinds[] = { "letter", "digit", "special" };
	const struct directory_attribute *a = policy != NULL ? directory_attribute(policy, "musterPwdRequire") : NULL;
	size_t i, k, known = 0, none = 0;

	for (i = 0; a != NULL && i < a->values_len; i++) {
		const char *value = (const char *)a->values[i].data;

		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			known += strcasecmp(value, kinds[k]) == 0;
		none += strcasecmp(value, "none") == 0;
	}
	facts->composition = none == 0;
	if (a != NULL && (known + none != a->values_len || (none > 0 && known > 0)) && *wrong == '\0')
		snprintf(wrong, size, "musterPwdRequire allows letter, digit and special, or none alone");
}

/* "<seconds> <network>", or a network alone */
static int
network_usable(const char *value, int with_seconds)
{
	const char *blank = strchr(value, ' ');
	struct network network;
	int64_t seconds;

	if (with_seconds && (blank == NULL || text_number(value, (size_t)(blank - value), 1, 60, &seconds) != 0))
		return 0;
	if (with_seconds)
		value = blank + 1;
	return network_parse(value, strlen(value), &network) == 0;
}

static void
read_networks(const struct directory_entry *policy, char *wrong, size_t size)
{
	static const char *const names[] = { "musterNetwork", "musterCodeGrace" };
	const struct directory_attribute *a;
	size_t i, k;

	for (k = 0; k < 2; k++) {
		a = policy != NULL ? directory_attribute(policy, names[k]) : NULL;
		for (i = 0; a != NULL && i < a->values_len; i++) {
			if (*wrong == '\0' && !network_usable((const char *)a->values[i].data, k == 1))
				snprintf(wrong, size, "%s is %.60s, which is no network%s", names[k],
				         (const char *)a->values[i].data, k == 1 ? " behind 1 to 60 seconds" : "");
		}
	}
}

static int
is_true(const struct directory_entry *policy, const char *name, int absent)
{
	const char *value = policy != NULL ? directory_value(policy, name) : NULL;

	return value != NULL ? strcasecmp(value, "TRUE") == 0 : absent;
}

int
policy_facts_read(const struct directory_entry *policy, struct policy_facts *facts_out, char *wrong, size_t size)
{
	memset(facts_out, 0, sizeof(*facts_out));
	*wrong = '\0';
	read_numbers(policy, facts_out, wrong, size);
	read_factor(policy, facts_out, wrong, size);
	read_composition(policy, facts_out, wrong, size);
	read_networks(policy, wrong, size);
	facts_out->code_grace = policy != NULL && directory_attribute(policy, "musterCodeGrace") != NULL;
	facts_out->lockout = is_true(policy, "pwdLockout", 0);
	facts_out->must_change = is_true(policy, "pwdMustChange", 1);
	facts_out->blocklist = is_true(policy, "musterPwdBlocklist", 0);
	return *wrong == '\0' ? 0 : ERR_RANGE;
}

int
policy_of_account(struct session *s, const char *fallback_dn, char **dn_out, struct directory_entry **entry_out)
{
	*entry_out = NULL;
	*dn_out = NULL;
	if (fallback_dn == NULL)
		return 0;
	*dn_out = strdup(fallback_dn);
	return *dn_out != NULL ? directory_read(s->d, *dn_out, NULL, entry_out) : ERR_MEMORY;
}

int
policy_of_organization(struct session *s, const struct directory_entry *org, const char *fallback_dn, char **dn_out,
                       struct directory_entry **entry_out)
{
	const char *named = directory_value(org, "musterPolicyEntry");
	int r;

	*entry_out = NULL;
	*dn_out = named != NULL ? strdup(named) : directory_dn("cn=policy,%D", org->dn);
	if (*dn_out == NULL)
		return ERR_MEMORY;
	r = directory_read(s->d, *dn_out, NULL, entry_out);
	if (r != ERR_NOT_FOUND || named != NULL)
		return r;
	free(*dn_out);
	return policy_of_account(s, fallback_dn, dn_out, entry_out);
}
