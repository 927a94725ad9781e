/*
 * write_modify.c - a member is modified: what goes along with a change is written in the same modification.
 */
#include "slapd/write.h"

#include "slapd/account.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/reply.h"

static void
plan_status(struct write *w)
{
	const Modifications *ml;
	int given;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (!type_is(ml->sml_desc, muster_ad.status))
			continue;
		w->what = "status";
		given = ml->sml_values != NULL && !BER_BVISNULL(&ml->sml_values[0]);
		/* The value before may be deleted after the new one is added. */
		if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			w->end = given && strcasecmp(ml->sml_values[0].bv_val, "active") != 0 ? END_ALL : END_NONE;
	}
	if (w->end == END_ALL)
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.challenge, NULL);
}

/* Whoever finds a connection of a member still open does not get the account with it */
int
write_check_fresh(struct write *w)
{
	const AttributeDescription *own[] = {
		slap_schema.si_ad_userPassword, muster_ad.oath_secret, muster_ad.code, muster_ad.app_password, muster_ad.mail,
		muster_ad.mobile
	};
	int concerned = write_self_is_fresh(w);
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		concerned |= write_changes(w, own[i]);
	if (w->self && concerned && !fresh_is(w->op, w->member)) {
		w->rule = "not-fresh";
		return write_refuse(w, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT);
	}
	return LDAP_SUCCESS;
}

/* plan_lock - whoever takes the lock away, if only to be sure that there is none, takes the failures away too */
static void
plan_lock(struct write *w)
{
	const Modifications *ml;
	int removes = 0;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && type_is(ml->sml_desc, muster_ad.pwd_locked))
			removes = (ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || ml->sml_values == NULL ||
			          BER_BVISNULL(&ml->sml_values[0]);
	/* So does whoever repairs the state itself. */
	w->unlocks |= removes || write_changes(w, muster_ad.login_state);
	if (!removes)
		return;
	w->what = "unlock";
	mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.login_state, NULL);
}

static int
plan(struct write *w)
{
	int password = write_changes(w, slap_schema.si_ad_userPassword);
	int factor = write_changes(w, muster_ad.oath_secret) || write_changes(w, muster_ad.code);
	int rc = write_check_strength(w, password || factor);

	if (rc == LDAP_SUCCESS)
		rc = write_check_fresh(w);
	if (rc == LDAP_SUCCESS && password && factor && w->self)
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                  "change password and second factor one after the other, not in one modification");
	plan_status(w);
	if (w->end == END_NONE && (password || factor || write_revokes(w->op)))
		w->end = END_OTHERS;
	plan_lock(w);
	if (rc == LDAP_SUCCESS && password)
		rc = write_password(w);
	if (rc == LDAP_SUCCESS && factor)
		rc = write_factor(w);
	else if (rc == LDAP_SUCCESS)
		write_factor_elsewhere(w);
	if (rc == LDAP_SUCCESS && write_changes(w, muster_ad.app_password))
		write_app_password(w);
	return rc;
}

/* check_owner - whoever is not active any more is not the last OWNER. What waits for accounts is done: from here on, alone. */
static int
check_owner(struct write *w)
{
	if (w->end != END_ALL || w->overrides_status)
		return LDAP_SUCCESS;
	write_alone(w);
	return write_check_owner_stays(w, &w->op->o_req_ndn);
}

/* check_login - whose connections had to end while this was judged, which takes as long as a password is hashed, is not heard any more */
static int
check_login(struct write *w)
{
	if (!w->self || connections_stands(w->op))
		return LDAP_SUCCESS;
	w->rule = "changed-meanwhile";
	return write_refuse(w, LDAP_BUSY, "the login ended meanwhile: bind again");
}

/*
 * plan_addresses - what goes along with a change of mail or mobile is judged by what is there once we are alone: the member may have
 *                  proved another address since it was read
 */
static int
plan_addresses(struct write *w)
{
	struct member *read = w->member;
	int rc = LDAP_SUCCESS;

	if (!write_changes(w, muster_ad.mail) && !write_changes(w, muster_ad.mobile))
		return LDAP_SUCCESS;
	write_alone(w);
	if (member_load(w->op, w->m, &w->op->o_req_ndn, &w->member) == 0)
		write_address_change(w);
	else
		rc = write_refuse(w, LDAP_NO_SUCH_OBJECT, WRITE_TEXT_GONE);
	member_free(&w->member);
	w->member = read;
	return rc;
}

/* written - before anybody is told that it is done */
static int
written(Operation *op, SlapReply *rs)
{
	const struct write *w = op->o_callback->sc_private;

	if (rs->sr_type == REP_RESULT && rs->sr_err == LDAP_SUCCESS)
		account_forget(w->m->accounts, w->member);
	return SLAP_CB_CONTINUE;
}

/* carry_on - the modification with what we added, through the overlays below us and the database */
static int
carry_on(struct write *w)
{
	slap_callback callback = { .sc_next = w->op->o_callback, .sc_response = written, .sc_private = w };
	int rc;

	write_append(&w->op->orm_modlist, &w->owed);
	if (w->unlocks)
		w->op->o_callback = &callback;
	rc = write_carry_out(w, op_modify, 0, w->end);
	reply_callback_unlink(w->op, &callback);
	return rc;
}

int
write_modify_member(struct write *w)
{
	int rc;

	if (write_is_address(w) && (!w->manages_pending || write_changes(w, muster_ad.code)))
		return write_address_member(w);
	if (member_load(w->op, w->m, &w->op->o_req_ndn, &w->member) < 0) {
		rc = write_refuse(w, LDAP_NO_SUCH_OBJECT, WRITE_TEXT_GONE);
		write_audit(w, rc);
		return write_answer(w, rc);
	}
	rc = plan(w);
	if (rc == LDAP_SUCCESS)
		rc = check_owner(w);
	if (rc == LDAP_SUCCESS)
		rc = plan_addresses(w);
	if (rc == LDAP_SUCCESS)
		rc = check_login(w);
	if (rc == LDAP_SUCCESS) {
		rc = carry_on(w);
		write_audit(w, rc);
	} else {
		write_audit(w, rc);
		rc = write_answer(w, rc);
	}
	if (w->verifying)
		verify_end(w->op, w->m, w->member, &w->verified);
	mods_free(&w->owed);
	member_free(&w->member);
	return rc;
}
