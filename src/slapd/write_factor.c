/*
 * write_factor.c - oathSecret and musterCode in a modification of a member, and what slapo-otp names a second factor with. The
 *                  code is used up here and never stored.
 */
#include "slapd/write.h"

#include "core/seal.h"
#include "core/totp.h"
#include "slapd/account.h"
#include "slapd/factor.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/policy.h"
#include "slapd/recovery.h"
#include "slapd/source.h"

/* The changes of the second factor in one modification. */
struct shape {
	const struct berval *seed; /* to be set */
	const struct berval *code;
	int removes;
	int odd; /* several values, or changes that do not go together */
};

static void
shape_seed(const Modifications *ml, struct shape *shape)
{
	int empty = ml->sml_values == NULL || BER_BVISNULL(&ml->sml_values[0]);

	if (empty) {
		shape->odd |= shape->removes || shape->seed != NULL;
		shape->removes = 1;
	} else {
		shape->odd |= (ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || shape->seed != NULL || shape->removes ||
		              !BER_BVISNULL(&ml->sml_values[1]);
		shape->seed = &ml->sml_values[0];
	}
}

static void
shape_of(struct write *w, struct shape *shape)
{
	const Modifications *ml;

	memset(shape, 0, sizeof(*shape));
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (ml->sml_flags & SLAP_MOD_INTERNAL)
			continue;
		if (type_is(ml->sml_desc, muster_ad.oath_secret))
			shape_seed(ml, shape);
		if (!type_is(ml->sml_desc, muster_ad.code))
			continue;
		if (shape->code != NULL || (ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || ml->sml_values == NULL ||
		    BER_BVISNULL(&ml->sml_values[0]) || !BER_BVISNULL(&ml->sml_values[1]))
			shape->odd = 1;
		else
			shape->code = &ml->sml_values[0];
	}
}

static int
refuse_code(struct write *w, const char *rule)
{
	w->rule = rule;
	return write_refuse(w, LDAP_INVALID_CREDENTIALS, "the code was not accepted: wait for the next one and try again");
}

/* takes_over - 1 when what slapo-otp had becomes ours: nothing is new to the member */
static int
takes_over(const struct write *w)
{
	const Modifications *ml;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (member_factor_elsewhere(ml->sml_desc) && ml->sml_op == LDAP_MOD_DELETE)
			return w->manages_seed;
	return 0;
}

/* set_seed - and, when a code came with it, the step that the code is of */
static int
set_seed(struct write *w, const struct shape *shape)
{
	const struct totp_window window = { w->now, w->member->policy.code_window, -1 };
	const struct berval *code = shape->code;
	enum totp_match match = TOTP_WRONG;
	char sealed[SEAL_TEXT_MAX], step_text[24];
	int64_t step = -1;
	int rc, by_hand = write_changes(w, muster_ad.oath_last_step);

	rc = write_seal(w, w->member->uuid, shape->seed, w->manages_seed && code == NULL, sealed);
	if (rc != LDAP_SUCCESS)
		return rc;
	if (code != NULL && (totp_check((const uint8_t *)shape->seed->bv_val, shape->seed->bv_len,
	                                (const uint8_t *)code->bv_val, code->bv_len, &window, &match, &step) < 0 ||
	                     match != TOTP_RIGHT))
		return refuse_code(w, "code");
	write_drop(&w->op->orm_modlist, muster_ad.oath_secret);
	write_drop(&w->op->orm_modlist, muster_ad.code);
	/* A member adds: of two that enrol at once, one is refused. */
	mods_add_text(&w->owed, w->self ? LDAP_MOD_ADD : LDAP_MOD_REPLACE, muster_ad.oath_secret, sealed);
	snprintf(step_text, sizeof(step_text), "%lld", (long long)step);
	if (step >= 0)
		mods_add_text(&w->owed, LDAP_MOD_REPLACE, muster_ad.oath_last_step, step_text);
	else if (!by_hand)
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.oath_last_step, NULL);
	if (!write_changes(w, muster_ad.recovery_code))
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.recovery_code, NULL);
	if (!takes_over(w))
		outbox_owe(w->member, "factor-added", NULL, w->now, &w->owed);
	return LDAP_SUCCESS;
}

/* subject - the member as it is since the account was reserved */
static const struct member *
subject(const struct write *w)
{
	return w->verified.fresh != NULL ? w->verified.fresh : w->member;
}

/*
 * prove_code - a code of the present seed or a recovery code, within the budget of the account.
 * out:   w->verified holds the account until the answer is out
 */
static int
prove_code(struct write *w, const struct berval *code)
{
	struct attempt attempt;
	enum totp_match match;
	int64_t step;

	attempt_at(w->op, w->m, w->member, &w->op->o_req_ndn, NULL, &w->verified.source, &attempt);
	attempt.with_code = 1;
	if (account_reserve(w->m->accounts, &attempt, &w->verified.hold) < 0)
		return write_refuse(w, LDAP_BUSY, "too many tries at once: try again");
	w->verifying = 1;
	/* A login may have spent the code before the account was ours. */
	if (!member_is_current(w->op, w->m, w->member) &&
	    member_load(w->op, w->m, &w->op->o_req_ndn, &w->verified.fresh) < 0)
		return refuse_code(w, "no-member");
	attempt_at(w->op, w->m, subject(w), &w->op->o_req_ndn, NULL, &w->verified.source, &attempt);
	attempt.with_code = 1;
	account_sync(w->verified.hold, &subject(w)->login_state, w->now);
	if (factor_match(w->op, w->m, subject(w), code, w->now, &match, &step) < 0)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the second factor cannot be read: ask an administrator to remove it");
	/* The password was right when the member bound; its delays say nothing here. */
	if (account_throttled(w->verified.hold, &attempt, 1) != NULL)
		return refuse_code(w, "code-throttled");
	if (match == TOTP_RIGHT ||
	    recovery_match(w->m, subject(w), code->bv_val, code->bv_len, &w->verified.recovery))
		return LDAP_SUCCESS;
	/* A code that was right once is refused, not counted. */
	if (match == TOTP_WRONG)
		account_record(w->verified.hold, ACCOUNT_CODE_WRONG, &attempt);
	return refuse_code(w, match == TOTP_WRONG ? "code" : "code-spent");
}

static int
remove_seed(struct write *w, const struct shape *shape)
{
	const struct member *member;
	int rc = LDAP_SUCCESS;

	if (BER_BVISNULL(&w->member->seed_sealed))
		return write_refuse(w, LDAP_NO_SUCH_ATTRIBUTE, "there is no second factor to remove");
	if (w->member->seed_is_elsewhere)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, MEMBER_TEXT_ELSEWHERE);
	if (shape->code != NULL)
		rc = prove_code(w, shape->code);
	if (rc != LDAP_SUCCESS)
		return rc;
	member = subject(w);
	write_drop(&w->op->orm_modlist, muster_ad.oath_secret);
	write_drop(&w->op->orm_modlist, muster_ad.code);
	/* By value: of this and a login that spends the same code at this moment one fails. */
	mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.oath_secret, &member->seed_sealed);
	if (!write_changes(w, muster_ad.oath_last_step) && !BER_BVISNULL(&member->last_step))
		mods_add(&w->owed, shape->code != NULL ? LDAP_MOD_DELETE : SLAP_MOD_SOFTDEL, muster_ad.oath_last_step,
		         shape->code != NULL ? &member->last_step : NULL);
	if (!BER_BVISNULL(&w->verified.recovery))
		mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.recovery_code, &w->verified.recovery);
	mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.recovery_code, NULL);
	outbox_owe(member, "factor-removed", NULL, w->now, &w->owed);
	return LDAP_SUCCESS;
}

int
write_factor(struct write *w)
{
	struct shape shape;

	shape_of(w, &shape);
	w->what = shape.seed != NULL ? "add-factor" : "remove-factor";
	if (shape.odd || (shape.seed == NULL && !shape.removes))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "write one oathSecret, or delete it without a value; musterCode only goes with that");
	if (shape.removes && w->self && shape.code == NULL)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "to remove your second factor, add musterCode with one of its codes to the modification");
	if (shape.removes)
		return remove_seed(w, &shape);
	if (w->self && w->member->seed_is_elsewhere)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, MEMBER_TEXT_ELSEWHERE);
	if (w->self && !BER_BVISNULL(&w->member->seed_sealed))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "remove your present second factor first, with one of its codes");
	if (w->self && w->member->policy.factor == FACTOR_POLICY_OFF)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "second factors are switched off by the policy");
	if (w->self && shape.code == NULL)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "to add a second factor, add musterCode with a code of that secret to the modification");
	return set_seed(w, &shape);
}

/* stays_elsewhere - 1 when slapo-otp names a second factor after the modification, too */
static int
stays_elsewhere(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn), *copy;
	int rc = LDAP_SUCCESS, stays = 0;
	Modifications *ml;
	const Attribute *a;

	if (e == NULL)
		return 1;
	copy = entry_dup(e);
	write_entry_release(w, e);
	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && member_factor_elsewhere(ml->sml_desc))
			rc = write_apply(w, copy, ml);
	for (a = copy->e_attrs; a != NULL; a = a->a_next)
		stays |= member_factor_elsewhere(a->a_desc);
	entry_free(copy);
	/* What cannot be applied is refused by the database. */
	return stays || rc != LDAP_SUCCESS;
}

void
write_factor_elsewhere(struct write *w)
{
	if (!w->member->seed_is_elsewhere || !write_changes_elsewhere(w) || stays_elsewhere(w))
		return;
	w->what = "remove-factor";
	if (w->end == END_NONE)
		w->end = END_OTHERS;
	if (!write_changes(w, muster_ad.oath_last_step))
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.oath_last_step, NULL);
	if (!write_changes(w, muster_ad.recovery_code))
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.recovery_code, NULL);
	outbox_owe(w->member, "factor-removed", NULL, w->now, &w->owed);
}
