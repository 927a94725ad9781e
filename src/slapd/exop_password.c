/*
 * exop_password.c - a member's password changed by whoever knows it (changePassword), and Password Modify (RFC 3062)
 *                   of members, which slapd would otherwise hash and write by itself.
 */
#include "slapd/exop.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/pwrules.h"
#include "slapd/account.h"
#include "slapd/audit.h"
#include "slapd/connections.h"
#include "slapd/exop_target.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/password.h"
#include "slapd/ppctrl.h"

#define TEXT_STORE "the change cannot be stored: see slapd's log"
#define TEXT_MEANWHILE "the password was changed meanwhile: try again"

/* may_change - the outcomes of a verification in which a member may set another password */
static int
may_change(enum verify_outcome outcome)
{
	return outcome == VERIFY_OK || outcome == VERIFY_ENROL || outcome == VERIFY_CHANGE || outcome == VERIFY_EXPIRED;
}

/*
 * change_write - check the new password and write it together with what the verification spends.
 * in:    result  NULL when nothing was verified
 * out:   text    why not, for the caller; PWRULES_TEXT_MAX octets
 *        LDAP result code
 */
static int
change_write(Operation *op, struct muster *m, struct member *member, struct verify_result *result,
             const struct password_change *change, char text[PWRULES_TEXT_MAX])
{
	const struct member *current = result != NULL && result->fresh != NULL ? result->fresh : member;
	Modifications *mods = NULL;
	int r, rc;

	r = password_plan(op, m, current, change, &mods, text);
	if (r == ERR_RULES)
		return LDAP_CONSTRAINT_VIOLATION;
	if (r == 0 && result != NULL)
		r = verify_spend(op, m, member, result, 0, &mods);
	if (r < 0) {
		mods_free(&mods);
		if (*text == '\0')
			snprintf(text, PWRULES_TEXT_MAX, "%s", err_str(r));
		return LDAP_UNWILLING_TO_PERFORM;
	}
	if (result != NULL)
		recovery_owe_used(current, result, (int64_t)slap_get_time(), &mods);
	/* A connection that was the member's and ended while the password was hashed */
	if (dn_match(&op->o_ndn, &member->ndn) && !connections_stands(op))
		rc = LDAP_NO_SUCH_ATTRIBUTE;
	else
		rc = mods_write(op, m, &member->dn, &member->ndn, &mods);
	mods_free(&mods);
	if (rc == LDAP_SUCCESS) {
		if (!change->by_self)
			account_forget(m->accounts, member);
		connections_end_others(op, &member->ndn);
		return LDAP_SUCCESS;
	}
	snprintf(text, PWRULES_TEXT_MAX, "%s", rc == LDAP_NO_SUCH_ATTRIBUTE ? TEXT_MEANWHILE : TEXT_STORE);
	return rc == LDAP_NO_SUCH_ATTRIBUTE ? LDAP_BUSY : LDAP_UNWILLING_TO_PERFORM;
}

void
change_password_handle(struct exop *x)
{
	struct password_change change = { .plain = x->args.new_password, .by_self = 1 };
	struct verify_request request = { .password = x->args.secret, .code = x->args.code, .has_control = 1 };
	struct verify_result result;
	char text[PWRULES_TEXT_MAX];
	struct member *member;
	struct berval key;
	int rc;

	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	exop_verify(x, member, &key, &request, &result);
	if (member == NULL || !may_change(result.outcome)) {
		exop_refuse_verify(x, result.outcome);
	} else {
		rc = change_write(x->op, x->m, member, &result, &change, text);
		if (rc == LDAP_SUCCESS) {
			exop_accepted(x, NULL);
			exop_answer(x, LDAP_SUCCESS, NULL);
		} else {
			x->rule = rc == LDAP_CONSTRAINT_VIOLATION ? "password-rules" : NULL;
			exop_refuse(x, rc, text, text);
		}
	}
	verify_end(x->op, x->m, member, &result);
	member_free(&member);
	ch_free(key.bv_val);
}

/* --- Password Modify ------------------------------------------------------------------------------ */

/* modify_answer - slapd takes a result 53 of this hook for "not mine", so the answer is sent here */
static void
modify_answer(Operation *op, SlapReply *rs, struct member *member, const struct verify_result *verified, int result,
              const char *text, enum ppctrl_error error)
{
	struct audit_event event = { .operation = "passwordModify", .dn = &member->dn, .result = result, .text = text };

	if (verified != NULL) {
		event.factor = verified->factor;
		event.rule = result != LDAP_SUCCESS ? verified->rule : NULL;
	}
	if (result == LDAP_CONSTRAINT_VIOLATION)
		event.rule = "password-rules";
	if (result == LDAP_STRONG_AUTH_REQUIRED)
		event.rule = "not-fresh";
	audit(op, &event);
	ppctrl_answer(op, rs, error);
	rs->sr_err = result;
	rs->sr_text = text;
	send_ldap_extended(op, rs);
	rs->sr_text = NULL;
}

/* may_write - the caller's own right to write the password of an entry */
static int
may_write(Operation *op, struct muster *m, struct berval *ndn)
{
	BackendDB *bd = op->o_bd, db = *op->o_bd;
	Entry *e = NULL;
	int allowed = 0;

	db.bd_info = (BackendInfo *)m->on->on_info;
	op->o_bd = &db;
	if (be_entry_get_rw(op, ndn, NULL, NULL, 0, &e) == LDAP_SUCCESS && e != NULL) {
		allowed = access_allowed(op, e, slap_schema.si_ad_userPassword, NULL, ACL_WRITE, NULL);
		be_entry_release_r(op, e);
	}
	op->o_bd = bd;
	return allowed;
}

/* was_generated - 1 when slapd made the password up because the request brought none */
static int
was_generated(Operation *op)
{
	const struct berval *value = op->ore_reqdata, *password = &op->oq_pwdexop.rs_new;

	return value == NULL || password->bv_val < value->bv_val ||
	       password->bv_val + password->bv_len > value->bv_val + value->bv_len;
}

/* modify_refused - what is refused before any password is looked at; NULL when nothing is */
static const char *
modify_refused(Operation *op, struct muster *m, struct member *member, int self, int *result_out,
               enum ppctrl_error *error_out)
{
	int has_old = !BER_BVISNULL(&op->oq_pwdexop.rs_old);

	*error_out = PPCTRL_NONE;
	*result_out = LDAP_UNWILLING_TO_PERFORM;
	if (op->o_ssf < (slap_ssf_t)m->min_ssf) {
		*result_out = LDAP_CONFIDENTIALITY_REQUIRED;
		return "a password needs a protected connection: use ldaps, StartTLS or ldapi";
	}
	if (fresh_by_app_password(op)) {
		*result_out = LDAP_INSUFFICIENT_ACCESS;
		return FRESH_TEXT_APP;
	}
	if (SLAP_SHADOW(op->o_bd))
		return "this server holds a copy of the directory: ask the provider";
	if (!may_write(op, m, &member->ndn)) {
		*result_out = LDAP_INSUFFICIENT_ACCESS;
		return "no right to write this password";
	}
	if (self && !fresh_is(op, member)) {
		*result_out = LDAP_STRONG_AUTH_REQUIRED;
		return FRESH_TEXT;
	}
	if (!self && has_old)
		return "the old password is for one's own change only: leave it out";
	if (was_generated(op))
		return "no passwords are made up here: give one, or ask for a reset by mail";
	if (self && !has_old) {
		*result_out = LDAP_INSUFFICIENT_ACCESS;
		*error_out = PPCTRL_MUST_SUPPLY_OLD;
		return "the old password is missing";
	}
	return NULL;
}

static void
modify_carry_out(Operation *op, SlapReply *rs, struct muster *m, struct member *member, struct verify_result *result)
{
	struct password_change change = { .plain = op->oq_pwdexop.rs_new, .by_self = result != NULL };
	char text[PWRULES_TEXT_MAX];
	int rc = change_write(op, m, member, result, &change, text);

	if (result != NULL)
		result->rule = NULL; /* the verification refused nothing */
	modify_answer(op, rs, member, result, rc, rc == LDAP_SUCCESS ? NULL : text,
	              rc == LDAP_CONSTRAINT_VIOLATION ? ppctrl_of_rules(text) : PPCTRL_NONE);
}

/*
 * modify_self - a member with its old password. No code is asked for: the connection was bound with it, and Password
 *               Modify has no place for one.
 */
static void
modify_self(Operation *op, SlapReply *rs, struct muster *m, struct member *member)
{
	struct verify_request request = { .password = op->oq_pwdexop.rs_old, .has_control = 1 };
	struct verify_result result;
	int may;

	verify_begin(op, m, member, &member->ndn, &request, &result);
	may = may_change(result.outcome) || result.outcome == VERIFY_CODE_MISSING;
	/* While it waited for the account it may have got a second factor, which the connection was not bound with. */
	if (may && !fresh_is(op, result.fresh != NULL ? result.fresh : member))
		modify_answer(op, rs, member, &result, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT, PPCTRL_NONE);
	else if (may)
		modify_carry_out(op, rs, m, member, &result);
	else if (result.outcome == VERIFY_BUSY)
		modify_answer(op, rs, member, &result, LDAP_BUSY, "too many at once: try again", PPCTRL_NONE);
	else if (result.outcome == VERIFY_UNUSABLE)
		modify_answer(op, rs, member, &result, LDAP_UNWILLING_TO_PERFORM,
		              "the policy or the second factor of this account cannot be used: ask the administrator",
		              PPCTRL_NONE);
	else
		modify_answer(op, rs, member, &result, LDAP_INVALID_CREDENTIALS, "the old password is wrong", PPCTRL_NONE);
	verify_end(op, m, member, &result);
}

int
extended_hook(Operation *op, SlapReply *rs)
{
	struct muster *m = muster_of(op);
	struct member *member = NULL;
	enum ppctrl_error error;
	const char *refused;
	int self, result;

	if (!bvmatch(&op->ore_reqoid, &slap_EXOP_MODIFY_PASSWD) ||
	    member_load(op, m, &op->o_req_ndn, &member) < 0)
		return SLAP_CB_CONTINUE;
	self = dn_match(&op->o_ndn, &member->ndn);
	refused = modify_refused(op, m, member, self, &result, &error);
	if (refused != NULL)
		modify_answer(op, rs, member, NULL, result, refused, error);
	else if (self)
		modify_self(op, rs, m, member);
	else
		modify_carry_out(op, rs, m, member, NULL);
	if (op->ore_reqdata != NULL)
		secret_wipe(op->ore_reqdata->bv_val, op->ore_reqdata->bv_len);
	member_free(&member);
	/* answered: slapd sends nothing more */
	return SLAPD_ABANDON;
}
