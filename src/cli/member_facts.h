/*
 * member_facts.h - what a member's entry says about logging in, as far as the person who asks may see it.
 */
#ifndef MUSTER_CLI_MEMBER_FACTS_H
#define MUSTER_CLI_MEMBER_FACTS_H

#include <stdint.h>

#include "cli/cli.h"
#include "cli/policy_facts.h"
#include "core/keyring.h"

enum password_fact { PASSWORD_UNKNOWN, PASSWORD_NONE, PASSWORD_SET, PASSWORD_FOREIGN };
/*
 * FACTOR_ACTIVE: there is a seed, and nothing that can be seen speaks against it
 * FACTOR_ELSEWHERE: slapo-otp has it, and nobody can use it before it is taken over
 */
enum factor_fact { FACTOR_UNKNOWN, FACTOR_ABSENT, FACTOR_ACTIVE, FACTOR_PLAIN, FACTOR_KEY_LOST, FACTOR_ELSEWHERE };

/* In the order of the enums, for a person. */
extern const char *const password_words[];
extern const char *const factor_words[];

struct member_facts {
	enum password_fact password;
	int64_t password_changed; /* unix seconds, 0 unknown */
	int must_change;
	enum factor_fact factor;
	char factor_key[KEYRING_ID_MAX + 1]; /* that sealed the seed, "" unknown */
	int64_t step_until;  /* codes up to that time count as spent, 0 none */
	int recovery_codes;  /* -1: not to be seen */
	int locked;
	int64_t locked_since; /* unix seconds, 0: from the beginning of time */
	int failures_seen;    /* musterLoginState may be read */
	char *login_state;    /* as stored, NULL none */
	int known_sources;    /* -1: not to be seen */
	int owed;             /* messages */
	json_t *app_passwords; /* one text each; NULL: not to be seen */
	int config_seen;       /* cn=config may be read */
	char *fallback_policy; /* olcMusterPolicy, NULL: none, or not to be seen */
};

/*
 * member_facts_read - out: *entry_out, *org_out  freed with directory_entry_free(); org NULL for platform members
 * error: ERR_NOT_FOUND, ERR_INPUT (the entry is no member)
 */
int member_facts_read(struct session *s, const char *dn, struct member_facts *facts_out,
                      struct directory_entry **entry_out, struct directory_entry **org_out);
void member_facts_free(struct member_facts *facts);

/* member_facts_factor - whether there is a second factor. in: entry  with createTimestamp, where that may be seen */
enum factor_fact member_facts_factor(struct session *s, const struct directory_entry *entry);

/* member_facts_presence - password and factor of an entry alone, for "member show" */
void member_facts_presence(struct session *s, const struct directory_entry *entry, struct member_facts *facts_out);

/*
 * member_facts_failures - "failures" for the screen; a stop when nobody's tries are looked at now, a demand when those from
 *                         some places are not.
 */
void member_facts_failures(const struct member_facts *facts, const struct policy_facts *rules, json_t *object,
                           json_t *stops, json_t *demands);

/* time_text - 2026-11-21 05:14 UTC; "" for 0 */
#define TIME_TEXT 32
void time_text(int64_t when, char out[TIME_TEXT]);

#endif
