/*
 * write_replicated.c - writes that were judged by the server they come from and are taken as they are. What they say of
 *                      who may be logged in holds here too.
 */
#include "slapd/write.h"

#include "common/secret.h"
#include "core/seal.h"
#include "slapd/member.h"
#include "slapd/muster.h"

int
write_is_replicated(Operation *op)
{
	return be_shadow_update(op) || SLAPD_SYNC_IS_SYNCCONN(op->o_connid);
}

static const Modifications *
change_of(Operation *op, const AttributeDescription *type)
{
	const Modifications *ml, *last = NULL;

	for (ml = op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (type_is(ml->sml_desc, type))
			last = ml;
	return last;
}

/* new_value - the only value a change leaves, NULL for none */
static const struct berval *
new_value(const Modifications *ml)
{
	return (ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || ml->sml_values == NULL || BER_BVISNULL(&ml->sml_values[0])
	               ? NULL
	               : &ml->sml_values[0];
}

/* same_seed - 1 when two sealed values hold the same seed: sealed again with another key, it is the factor it was */
static int
same_seed(struct muster *m, const struct member *member, const struct berval *sealed)
{
	uint8_t before[SEAL_PLAIN_MAX], after[SEAL_PLAIN_MAX];
	size_t before_len = 0, after_len = 0, uuid_len = strlen(member->uuid);
	int same;

	same = m->ring != NULL &&
	       seal_open(m->ring, member->uuid, uuid_len, member->seed_sealed.bv_val, member->seed_sealed.bv_len, before,
	                 &before_len) == 0 &&
	       seal_open(m->ring, member->uuid, uuid_len, sealed->bv_val, sealed->bv_len, after, &after_len) == 0 &&
	       secret_equal(before, before_len, after, after_len);
	secret_wipe_array(before);
	secret_wipe_array(after);
	return same;
}

/* goes_elsewhere - 1 when a modification takes away what slapo-otp names a second factor with */
static int
goes_elsewhere(Operation *op)
{
	const Modifications *ml;

	for (ml = op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (member_factor_elsewhere(ml->sml_desc) && new_value(ml) == NULL)
			return 1;
	return 0;
}

static int
factor_changed(Operation *op, struct muster *m, const struct member *member)
{
	const Modifications *ml = change_of(op, muster_ad.oath_secret);
	const struct berval *after = ml != NULL ? new_value(ml) : NULL;

	if (ml == NULL && member->seed_is_elsewhere)
		return goes_elsewhere(op);
	if (ml == NULL || (after == NULL && BER_BVISNULL(&member->seed_sealed)))
		return 0;
	return after == NULL || BER_BVISNULL(&member->seed_sealed) || !same_seed(m, member, after);
}

/* all_among - 1 when each of some values is among others; NULL: there are none */
static int
all_among(const struct berval *some, const struct berval *others)
{
	for (; some != NULL && !BER_BVISNULL(some); some++)
		if (!value_is_among(others, some))
			return 0;
	return 1;
}

/*
 * loses - 1 when a modification takes a stored value of an attribute away; with also_gains, when it adds one as well. An entry that
 *         has its attributes in another order is replaced as a whole (syncrepl): what is replaced by itself is no change.
 */
static int
loses(Operation *op, const AttributeDescription *type, BerVarray stored, int also_gains)
{
	const Modifications *ml;

	for (ml = op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (!type_is(ml->sml_desc, type))
			continue;
		if ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_REPLACE
		            ? !all_among(stored, ml->sml_values) || (also_gains && !all_among(ml->sml_values, stored))
		            : also_gains || (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_ADD)
			return 1;
	}
	return 0;
}

/* is_other_time - 1 when a modification leaves a time that is not the stored one; in: stored  seconds since 1970, 0 without one */
static int
is_other_time(Operation *op, const AttributeDescription *type, int64_t stored)
{
	const Modifications *ml = change_of(op, type);

	return ml != NULL && member_time(new_value(ml)) != stored;
}

/* password_changed - a login that only hashed it again says when it was, and not that there is another password */
static int
password_changed(Operation *op, const struct member *member)
{
	return loses(op, slap_schema.si_ad_userPassword, member->passwords, 1) &&
	       (!is_other_time(op, slap_schema.si_ad_pwdLastSuccess, member->last_success) ||
	        is_other_time(op, muster_ad.pwd_changed, member->pwd_changed));
}

static enum connections_scope
scope_of(Operation *op, struct muster *m, const struct member *member)
{
	const Modifications *status = change_of(op, muster_ad.status);
	const struct berval *value = status != NULL ? new_value(status) : NULL;

	if (value != NULL && strcasecmp(value->bv_val, "active") != 0)
		return END_ALL;
	return password_changed(op, member) || factor_changed(op, m, member) ||
	                       loses(op, muster_ad.app_password, member->app_passwords, 0)
	               ? END_OTHERS
	               : END_NONE;
}

int
write_replicated_modify(Operation *op, SlapReply *rs)
{
	struct muster *m = muster_of(op);
	struct member *member = NULL;
	enum connections_scope scope = END_NONE;

	write_numbers_replicated(m, NULL, op->orm_modlist);
	if (change_of(op, muster_ad.status) == NULL && change_of(op, slap_schema.si_ad_userPassword) == NULL &&
	    change_of(op, muster_ad.oath_secret) == NULL && change_of(op, muster_ad.app_password) == NULL && !goes_elsewhere(op))
		return SLAP_CB_CONTINUE;
	if (member_load(op, m, &op->o_req_ndn, &member) == 0)
		scope = scope_of(op, m, member);
	member_free(&member);
	return scope == END_NONE ? SLAP_CB_CONTINUE : connections_end_walk(op, rs, m, op_modify, 1, scope);
}

int
write_replicated_modrdn(Operation *op, SlapReply *rs)
{
	return connections_end_walk(op, rs, muster_of(op), op_modrdn, 1, END_ALL);
}

int
write_replicated_delete(Operation *op, SlapReply *rs)
{
	return connections_end_walk(op, rs, muster_of(op), op_delete, 1, END_ALL);
}
