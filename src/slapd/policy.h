/*
 * policy.h - the policy that a member lives under, as a struct.
 */
#ifndef MUSTER_SLAPD_POLICY_H
#define MUSTER_SLAPD_POLICY_H

#include "slapd/overlay.h"

#include "core/network.h"
#include "core/pwrules.h"

struct muster;

#define POLICY_NETWORKS_MAX 64
#define POLICY_GRACES_MAX 32

/* musterCodeGrace: how long clients there may repeat the very same credential */
struct policy_grace {
	struct network network;
	unsigned seconds;
};

enum factor_policy { FACTOR_POLICY_OFF, FACTOR_POLICY_OPTIONAL, FACTOR_POLICY_REQUIRED };

struct policy {
	struct pwrules rules; /* history counts the current password in: pwdInHistory + 1 (0 stays 0) */
	int64_t max_age_sec;  /* 0: never expires */
	unsigned threshold;   /* failures before delays */
	unsigned min_delay_sec, max_delay_sec;
	int must_change;
	int lockout;                  /* pwdLockout: lock at the threshold instead of delaying */
	int64_t lockout_duration_sec; /* 0: until somebody unlocks */
	unsigned daily_password_failures, daily_code_failures;
	enum factor_policy factor;
	unsigned code_window; /* steps back */
	unsigned min_length_factor; /* instead of rules.min_length for a member with an active factor */
	int blocklist;
	unsigned max_app_passwords;
	int token_lifetime_sec;
	struct network networks[POLICY_NETWORKS_MAX]; /* where members log in from; none: everywhere */
	unsigned networks_len;
	struct policy_grace graces[POLICY_GRACES_MAX];
	unsigned graces_len;
	unsigned notices_off; /* bits of notice_of() */
};

/*
 * policy_load - the policy that a member at ndn lives under; the member itself need not be there yet.
 * out:   policy_out  set on every path, to console-16 when it cannot be used
 * error: ERR_RANGE, ERR_NOT_FOUND, ERR_IO (it cannot be used: refuse)
 */
int policy_load(Operation *op, struct muster *m, struct berval *ndn, struct policy *policy_out);

/*
 * policy_check_attribute - range-check one policy attribute that is about to be written. Attributes that are none of a
 *                          policy's pass.
 * out:   text  what is wrong and what is allowed
 * error: ERR_RANGE
 */
int policy_check_attribute(AttributeDescription *ad, BerVarray values, char *text, size_t text_len);

/*
 * policy_check_entry - whether a policy can be used as it is about to be: each value for itself, and numbers that go together.
 * out:   text  what is wrong
 * error: ERR_RANGE
 */
int policy_check_entry(Entry *e, char *text, size_t text_len);

/* policy_is_rule - 1 for the attributes that a policy is made of, with options or without */
int policy_is_rule(const AttributeDescription *ad);

#endif
