/*
 * policy_facts.h - a policy as the overlay takes it (doc/ARCHITECTURE.md, "Policies"): defaults, ranges, what is wrong.
 */
#ifndef MUSTER_CLI_POLICY_FACTS_H
#define MUSTER_CLI_POLICY_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "directory/directory.h"

struct session;

enum factor_rule { FACTOR_RULE_OFF, FACTOR_RULE_OPTIONAL, FACTOR_RULE_REQUIRED };

struct policy_facts {
	int64_t min_length, max_length, min_length_factor, history, max_age_sec, max_failure, min_delay_sec,
		max_delay_sec, lockout_duration_sec, daily_password_failures, daily_code_failures, code_window,
		max_app_passwords, token_lifetime_sec;
	enum factor_rule factor;
	int composition; /* some kind of character must be in a password */
	int lockout, must_change, blocklist;
	int code_grace; /* some clients may repeat a credential */
};

/*
 * policy_facts_read - in: policy  NULL: what is built in
 * out:   facts_out  set on every path; wrong  what cannot be used, "" when nothing
 * error: ERR_RANGE  logins under it are refused
 */
int policy_facts_read(const struct directory_entry *policy, struct policy_facts *facts_out, char *wrong, size_t size);

/*
 * policy_of_organization - the policy that members of an organization live under: musterPolicyEntry, else cn=policy below
 *                          it, else the template of the overlay.
 * in:    fallback_dn  olcMusterPolicy, NULL unknown
 * out:   *dn_out      to be freed; NULL when what is built in holds
 *        *entry_out   NULL when it is not there or not to be seen
 * error: ERR_NOT_FOUND  a policy is named that is not there: logins are refused
 */
int policy_of_organization(struct session *s, const struct directory_entry *org, const char *fallback_dn, char **dn_out,
                           struct directory_entry **entry_out);

/* policy_of_account - the same of a platform member, which no organization has */
int policy_of_account(struct session *s, const char *fallback_dn, char **dn_out, struct directory_entry **entry_out);

#endif
