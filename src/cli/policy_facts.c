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

static const struct number {
	const char *name;
	size_t offset;
	int64_t min, max, absent;
} numbers[] = {
	{ "pwdMinLength", offsetof(struct policy_facts, min_length), 1, 256, 8 },
	{ "pwdMaxLength", offsetof(struct policy_facts, max_length), 1, 256, 16 },
	{ "pwdInHistory", offsetof(struct policy_facts, history), 0, 24, 2 },
	{ "pwdMaxAge", offsetof(struct policy_facts, max_age_sec), 0, 315360000, 0 },
	{ "pwdMaxFailure", offsetof(struct policy_facts, max_failure), 1, 100, 5 },
	{ "pwdMinDelay", offsetof(struct policy_facts, min_delay_sec), 1, 86400, 1 },
	{ "pwdMaxDelay", offsetof(struct policy_facts, max_delay_sec), 1, 86400, 900 },
	{ "pwdLockoutDuration", offsetof(struct policy_facts, lockout_duration_sec), 0, 31536000, 0 },
	{ "musterTokenLifetime", offsetof(struct policy_facts, token_lifetime_sec), 60, 86400, 3600 },
	{ "musterDailyPasswordFailures", offsetof(struct policy_facts, daily_password_failures), 10, 1000, 100 },
	{ "musterDailyCodeFailures", offsetof(struct policy_facts, daily_code_failures), 1, 50, 50 },
	{ "musterCodeWindow", offsetof(struct policy_facts, code_window), 0, 10, 1 },
	{ "musterMaxAppPasswords", offsetof(struct policy_facts, max_app_passwords), 0, 50, 10 },
	/* 0, which nobody may write: as pwdMinLength */
	{ "musterPwdMinLengthFactor", offsetof(struct policy_facts, min_length_factor), 1, 256, 0 },
};

static void
read_numbers(const struct directory_entry *policy, struct policy_facts *facts, char *wrong, size_t size)
{
	const char *value;
	int64_t *field;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		field = (int64_t *)((char *)facts + numbers[i].offset);
		value = policy != NULL ? directory_value(policy, numbers[i].name) : NULL;
		if (value != NULL && text_number(value, strlen(value), numbers[i].min, numbers[i].max, field) != 0 &&
		    *wrong == '\0')
			snprintf(wrong, size, "%s is %.40s, allowed is %lld to %lld", numbers[i].name, value,
			         (long long)numbers[i].min, (long long)numbers[i].max);
		if (value == NULL)
			*field = numbers[i].absent;
	}
	if (facts->min_length_factor == 0)
		facts->min_length_factor = facts->min_length;
	if (*wrong != '\0')
		return;
	if (facts->min_length > facts->max_length)
		snprintf(wrong, size, "pwdMinLength is more than pwdMaxLength");
	else if (facts->min_length_factor > facts->min_length)
		snprintf(wrong, size, "musterPwdMinLengthFactor is more than pwdMinLength");
	else if (facts->min_delay_sec > facts->max_delay_sec)
		snprintf(wrong, size, "pwdMinDelay is more than pwdMaxDelay");
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
