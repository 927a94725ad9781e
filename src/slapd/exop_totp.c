/*
 * exop_totp.c - enrolTotp: a member with its password turns on a second factor it has proved to hold.
 */
#include "slapd/exop.h"

#include "common/secret.h"
#include "core/seal.h"
#include "core/totp.h"
#include "slapd/connections.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/policy.h"

#define TEXT_ACTIVE "a second factor is registered: remove it first"
#define TEXT_OFF "second factors are switched off by the policy"
#define TEXT_CHANGE_FIRST "the password must be changed first"

/* enrol_plan - the sealed seed, the spent step, recovery codes and the notice. error: ERR_KEY, ERR_RANGE */
static int
enrol_plan(struct exop *x, const struct member *member, const struct verify_result *result, int64_t step, int64_t now,
           char codes[RECOVERY_CODES][RECOVERY_CODE_LEN + 1], Modifications **mods)
{
	char sealed[SEAL_TEXT_MAX], step_text[24];
	int r;

	r = seal_close(x->m->ring, member->uuid, strlen(member->uuid), (const uint8_t *)x->args.seed.bv_val,
	               x->args.seed.bv_len, sealed);
	if (r < 0)
		return r;
	snprintf(step_text, sizeof(step_text), "%lld", (long long)step);
	/* Single-valued: of parallel enrolments the directory lets one add it. */
	mods_add_text(mods, LDAP_MOD_ADD, muster_ad.oath_secret, sealed);
	mods_add_text(mods, LDAP_MOD_REPLACE, muster_ad.oath_last_step, step_text);
	r = recovery_codes_new(x->m, member, codes, mods);
	if (r < 0)
		return r;
	r = verify_spend(x->op, x->m, member, result, 0, mods);
	if (r < 0)
		return r;
	outbox_owe(member, "factor-added", NULL, now, mods);
	return 0;
}

/* enrol_write - everything in one modification, then the answer */
static void
enrol_write(struct exop *x, struct member *member, const struct verify_result *result, int64_t step, int64_t now)
{
	char codes[RECOVERY_CODES][RECOVERY_CODE_LEN + 1];
	Modifications *mods = NULL;
	int rc;

	if (enrol_plan(x, result->fresh != NULL ? result->fresh : member, result, step, now, codes, &mods) < 0) {
		mods_free(&mods);
		exop_refuse_verify(x, VERIFY_UNUSABLE);
		goto out;
	}
	rc = mods_write(x->op, x->m, &member->dn, &member->ndn, &mods);
	if (rc == LDAP_SUCCESS) {
		connections_end_others(x->op, &member->ndn);
		exop_accepted(x, NULL);
		exop_answer_codes(x, codes);
	} else if (rc == LDAP_CONSTRAINT_VIOLATION || rc == LDAP_TYPE_OR_VALUE_EXISTS) {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "another one was quicker", TEXT_ACTIVE);
	} else {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", "the change cannot be stored: see slapd's log");
	}
out:
	secret_wipe(codes, sizeof(codes));
}

/* enrol_refused - why a right password is not enough, NULL when it is */
static const char *
enrol_refused(const struct member *member, enum verify_outcome outcome)
{
	if (member->policy.factor == FACTOR_POLICY_OFF)
		return TEXT_OFF;
	if (member->seed_is_elsewhere)
		return MEMBER_TEXT_ELSEWHERE;
	if (outcome == VERIFY_CODE_MISSING || !BER_BVISNULL(&member->seed_sealed))
		return TEXT_ACTIVE;
	return outcome == VERIFY_CHANGE || outcome == VERIFY_EXPIRED ? TEXT_CHANGE_FIRST : NULL;
}

/* new_code_right - 1 when the code is one of the new seed; *step_out: of which step */
static int
new_code_right(struct exop *x, const struct member *member, int64_t now, int64_t *step_out)
{
	const struct totp_window window = { now, member->policy.code_window, -1 };
	enum totp_match match;

	return totp_check((const uint8_t *)x->args.seed.bv_val, x->args.seed.bv_len, (const uint8_t *)x->args.code.bv_val,
	                  x->args.code.bv_len, &window, &match, step_out) == 0 &&
	       match == TOTP_RIGHT;
}

void
enrol_totp_handle(struct exop *x)
{
	struct verify_request request = { .password = x->args.secret, .has_control = 1 };
	struct verify_result result;
	const struct member *current;
	int64_t now = slap_get_time(), step;
	struct member *member;
	struct berval key;
	const char *refused;

	if (x->args.seed.bv_len < TOTP_SEED_MIN || x->args.seed.bv_len > TOTP_SEED_MAX) {
		exop_refuse(x, LDAP_PROTOCOL_ERROR, "seed length", "the secret must be 20 to 64 octets");
		return;
	}
	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	exop_verify(x, member, &key, &request, &result);
	if (member == NULL || result.outcome == VERIFY_DENIED || result.outcome == VERIFY_BUSY ||
	    result.outcome == VERIFY_UNUSABLE) {
		exop_refuse_verify(x, result.outcome);
		goto out;
	}
	x->rule = NULL;
	current = result.fresh != NULL ? result.fresh : member;
	if ((refused = enrol_refused(current, result.outcome)) != NULL)
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, refused, refused);
	else if (!new_code_right(x, current, now, &step))
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, "the code is none of the new seed", NULL);
	else
		enrol_write(x, member, &result, step, now);
out:
	verify_end(x->op, x->m, member, &result);
	member_free(&member);
	ch_free(key.bv_val);
}
