/*
 * exop_factor.c - what a member does with a second factor that is active, with its password and one code: remove it
 *                 (removeTotp), or have ten new recovery codes (newRecoveryCodes).
 */
#include "slapd/exop.h"

#include "common/secret.h"
#include "core/pwrules.h"
#include "slapd/connections.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/policy.h"

#define TEXT_NONE "there is no second factor: register one first"
#define TEXT_OFF "second factors are switched off by the policy: an administrator can remove this one"
#define TEXT_CHANGE_FIRST "the password must be changed first"
#define TEXT_STORE "the change cannot be stored: see slapd's log"

/* One such operation under way. */
struct change {
	struct exop *x;
	struct member *member;
	struct verify_result *result;
	const struct member *current; /* as it is since the account was reserved */
	int64_t now;
	char codes[RECOVERY_CODES][RECOVERY_CODE_LEN + 1];
};

/* too_short - 1 when the password is one that only a member with a second factor may have */
static int
too_short(const struct change *c)
{
	const struct policy *policy = &c->current->policy;
	const struct pwrules length = { .min_length = policy->rules.min_length, .max_length = UINT_MAX };
	const struct berval *password = &c->result->password;

	return policy->min_length_factor < policy->rules.min_length &&
	       (pwrules_check(&length, (const uint8_t *)password->bv_val, password->bv_len) & PWRULE_MIN_LENGTH) != 0;
}

/* plan_removal - of two that take the same code one fails: the seed goes by value, as the step does */
static int
plan_removal(struct change *c, Modifications **mods)
{
	const struct member *member = c->current;

	mods_add(mods, LDAP_MOD_DELETE, muster_ad.oath_secret, &member->seed_sealed);
	mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.oath_last_step, NULL);
	mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.recovery_code, NULL);
	if (too_short(c))
		mods_add_text(mods, LDAP_MOD_REPLACE, muster_ad.pwd_reset, "TRUE");
	outbox_owe(member, "factor-removed", NULL, c->now, mods);
	return 0;
}

/* plan_codes - only while it is this factor: the codes of another one would be good for what comes after it. error: ERR_KEY */
static int
plan_codes(struct change *c, Modifications **mods)
{
	int r = recovery_codes_new(c->x->m, c->current, c->codes, mods);

	mods_keep(mods, muster_ad.oath_secret, &c->current->seed_sealed);
	if (r == 0)
		outbox_owe(c->current, "recovery-codes-new", NULL, c->now, mods);
	return r;
}

/* write_it - what the verification spends, and what was asked for, in one modification. out: LDAP result code, -1 before that */
static int
write_it(struct change *c, int (*plan)(struct change *c, Modifications **mods))
{
	Modifications *mods = NULL;

	if (verify_spend(c->x->op, c->x->m, c->member, c->result, 0, &mods) < 0 || plan(c, &mods) < 0) {
		mods_free(&mods);
		return -1;
	}
	return mods_write(c->x->op, c->x->m, &c->member->dn, &c->member->ndn, &mods);
}

/* refused - why a right password, and code where one was asked for, is not enough; NULL when it is */
static const char *
refused(const struct member *member, enum verify_outcome outcome)
{
	if (BER_BVISNULL(&member->seed_sealed))
		return TEXT_NONE;
	if (!member_factor_active(member))
		return TEXT_OFF;
	return outcome == VERIFY_OK ? NULL : TEXT_CHANGE_FIRST;
}

/* refuse_verify - whose password was right is told that there is nothing wrong with the code */
static void
refuse_verify(struct change *c)
{
	enum verify_outcome outcome = c->member != NULL ? c->result->outcome : VERIFY_DENIED;

	if (outcome == VERIFY_UNUSABLE && c->member->seed_is_elsewhere && strcmp(c->result->factor, "password") == 0)
		exop_refuse(c->x, LDAP_UNWILLING_TO_PERFORM, NULL, MEMBER_TEXT_ELSEWHERE);
	else
		exop_refuse_verify(c->x, outcome);
}

/* permitted - verify, and answer when it is refused */
static int
permitted(struct change *c, struct berval *key)
{
	struct exop *x = c->x;
	struct verify_request request = { .password = x->args.secret, .code = x->args.code, .has_control = 1, .code_apart = 1 };
	const char *text;

	exop_verify(x, c->member, key, &request, c->result);
	switch (c->member != NULL ? c->result->outcome : VERIFY_DENIED) {
	case VERIFY_OK:
	case VERIFY_ENROL:
	case VERIFY_CHANGE:
	case VERIFY_EXPIRED:
		break;
	default:
		refuse_verify(c);
		return 0;
	}
	c->current = c->result->fresh != NULL ? c->result->fresh : c->member;
	text = refused(c->current, c->result->outcome);
	if (text != NULL)
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, text, text);
	return text == NULL;
}

static void
answer(struct change *c, int rc, int has_codes)
{
	struct exop *x = c->x;

	switch (rc) {
	case LDAP_SUCCESS:
		exop_accepted(x, NULL);
		if (has_codes)
			exop_answer_codes(x, c->codes);
		else
			exop_answer(x, LDAP_SUCCESS, NULL);
		break;
	case LDAP_NO_SUCH_ATTRIBUTE:
	case LDAP_TYPE_OR_VALUE_EXISTS:
	case LDAP_CONSTRAINT_VIOLATION:
		x->rule = "code-spent";
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
		break;
	case -1:
		exop_refuse_verify(x, VERIFY_UNUSABLE);
		break;
	default:
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, TEXT_STORE, TEXT_STORE);
		break;
	}
}

static void
carry_out(struct exop *x, int (*plan)(struct change *c, Modifications **mods), int removes)
{
	struct verify_result result;
	struct change c = { .x = x, .result = &result, .now = (int64_t)slap_get_time() };
	struct berval key;
	int rc;

	exop_target_find(x->op, x->m, x->be, &x->target_text, &c.member, &key);
	if (permitted(&c, &key)) {
		rc = write_it(&c, plan);
		if (rc == LDAP_SUCCESS && removes)
			connections_end_others(x->op, &c.member->ndn);
		answer(&c, rc, !removes);
	}
	verify_end(x->op, x->m, c.member, &result);
	secret_wipe_array(c.codes);
	member_free(&c.member);
	ch_free(key.bv_val);
}

void
remove_totp_handle(struct exop *x)
{
	carry_out(x, plan_removal, 1);
}

void
new_recovery_codes_handle(struct exop *x)
{
	carry_out(x, plan_codes, 0);
}
