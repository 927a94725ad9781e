/*
 * bind.c - the bind hook: members, and entries that are not there, are answered here.
 */
#include "slapd/muster.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/apppw.h"
#include "slapd/account.h"
#include "slapd/app_password.h"
#include "slapd/audit.h"
#include "slapd/connections.h"
#include "slapd/factor_control.h"
#include "slapd/fresh.h"
#include "slapd/grace.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/networks.h"
#include "slapd/ppctrl.h"
#include "slapd/recovery.h"
#include "slapd/reply.h"
#include "slapd/verify.h"

struct bind {
	Operation *op;
	SlapReply *rs;
	struct muster *m;
	struct member *member; /* NULL: no such entry */
	const struct factor_request *control;
	struct verify_result result;
	char app_password[APPPW_ID_LEN + 1]; /* "" when it is none */
	unsigned generation; /* connections_generation() before anything was read */
};

/* What is answered for each outcome; with_control applies when the request carried the SecondFactor control. */
static const struct answer {
	int code, code_with_control;
	enum factor_state state;
	enum ppctrl_error ppolicy;
	const char *text; /* with the code that is not 49 */
} answers[] = {
	[VERIFY_DENIED] = { LDAP_INVALID_CREDENTIALS, LDAP_INVALID_CREDENTIALS, FACTOR_OK, PPCTRL_NONE, NULL },
	[VERIFY_CODE_MISSING] = { LDAP_INVALID_CREDENTIALS, LDAP_STRONG_AUTH_REQUIRED, FACTOR_CODE_REQUIRED, PPCTRL_NONE,
	                          "code required" },
	[VERIFY_ENROL] = { LDAP_INVALID_CREDENTIALS, LDAP_STRONG_AUTH_REQUIRED, FACTOR_ENROL_REQUIRED, PPCTRL_NONE,
	                   "a second factor must be enrolled first" },
	[VERIFY_CHANGE] = { LDAP_INVALID_CREDENTIALS, LDAP_STRONG_AUTH_REQUIRED, FACTOR_CHANGE_REQUIRED,
	                    PPCTRL_CHANGE_AFTER_RESET, "the password must be changed first" },
	[VERIFY_EXPIRED] = { LDAP_INVALID_CREDENTIALS, LDAP_STRONG_AUTH_REQUIRED, FACTOR_EXPIRED, PPCTRL_EXPIRED,
	                     "the password has expired and must be changed first" },
	[VERIFY_BUSY] = { LDAP_BUSY, LDAP_BUSY, FACTOR_OK, PPCTRL_NONE, "too many logins at once, try again" },
	[VERIFY_UNUSABLE] = { LDAP_UNWILLING_TO_PERFORM, LDAP_UNWILLING_TO_PERFORM, FACTOR_OK, PPCTRL_NONE,
	                      "logins cannot be checked: ask your administrator to look at the server's log" },
};

/* --- a bind that others answer -------------------------------------------------------------------- */

/* take_back - a success turned into a failure after slapd gave the connection the identity: take it back */
static int
take_back(Operation *op, SlapReply *rs)
{
	Connection *conn = op->o_conn;

	if (rs->sr_type != REP_RESULT || rs->sr_err == LDAP_SUCCESS || conn == NULL)
		return SLAP_CB_CONTINUE;
	ldap_pvt_thread_mutex_lock(&conn->c_mutex);
	if (!BER_BVISEMPTY(&conn->c_ndn)) {
		Debug(LDAP_DEBUG_STATS, "%s muster: refused bind, connection stays anonymous\n", op->o_log_prefix);
		connection2anonymous(conn);
		/* It was the connection's name and is freed now. */
		BER_BVZERO(&op->orb_edn);
	}
	ldap_pvt_thread_mutex_unlock(&conn->c_mutex);
	return SLAP_CB_CONTINUE;
}

/*
 * last_in_line - overlays below us add their callbacks after ours. So ours, when it is its turn, puts another one at the
 *                very end: whoever changed the result has done so by then.
 */
static int
last_in_line(Operation *op, SlapReply *rs)
{
	slap_callback *last, **end;

	if (rs->sr_type != REP_RESULT)
		return SLAP_CB_CONTINUE;
	for (end = &op->o_callback; *end != NULL; end = &(*end)->sc_next)
		if ((*end)->sc_response == take_back)
			return SLAP_CB_CONTINUE;
	last = op->o_tmpcalloc(1, sizeof(*last), op->o_tmpmemctx);
	last->sc_response = take_back;
	last->sc_cleanup = reply_callback_free;
	*end = last;
	return SLAP_CB_CONTINUE;
}

static int
others_answer(Operation *op)
{
	reply_callback(op, last_in_line);
	return SLAP_CB_CONTINUE;
}

/* --- a member's bind ------------------------------------------------------------------------------ */

/* same_layout - whether slapd's Operation is what we were compiled for: the header and the controls are neighbours */
static int
same_layout(Operation *op)
{
	return op->o_conn == NULL || op->o_conn->c_sb == NULL ||
	       (char *)op->o_controls - (char *)op->o_hdr == (ptrdiff_t)sizeof(Opheader);
}

/* log_outcome - in: rule NULL: the one that result stands for */
static void
log_outcome(struct bind *b, int result, const char *rule)
{
	struct audit_event event = {
		.operation = "bind",
		.dn = &b->op->o_req_ndn,
		.result = result,
		.factor = b->result.factor,
		.rule = rule,
	};

	audit(b->op, &event);
}

static int
refuse(struct bind *b, enum verify_outcome outcome)
{
	const struct answer *a = &answers[outcome];
	int code = b->control != NULL ? a->code_with_control : a->code;

	/* Before the answer: the second step of a login follows at once. */
	account_release(&b->result.hold);
	log_outcome(b, code, b->result.rule);
	ppctrl_answer(b->op, b->rs, a->ppolicy);
	if (code == LDAP_STRONG_AUTH_REQUIRED)
		factor_answer(b->op, b->rs, a->state, 0);
	send_ldap_error(b->op, b->rs, code, code == LDAP_INVALID_CREDENTIALS ? NULL : a->text);
	return b->rs->sr_err;
}

static int
fail(struct bind *b, int code, const char *text, const char *rule)
{
	log_outcome(b, code, rule);
	ppctrl_answer(b->op, b->rs, PPCTRL_NONE);
	send_ldap_error(b->op, b->rs, code, text);
	return b->rs->sr_err;
}

/* A login that has been accepted; who it is good for is looked at once more when the connection has the identity. */
struct accepted {
	slap_callback callback;
	struct muster *m;
	char uuid[sizeof(((struct member *)0)->uuid)];
	char app_password[APPPW_ID_LEN + 1];
	unsigned generation;
};

static int
still_active(Operation *op, const struct accepted *accepted)
{
	struct member *member = NULL;
	int active;

	if (connections_generation(&op->o_req_ndn) != accepted->generation)
		return 0;
	active = member_load(op, accepted->m, &op->o_req_ndn, &member) == 0 && member->status == MEMBER_ACTIVE &&
	         strcmp(member->uuid, accepted->uuid) == 0 &&
	         (accepted->app_password[0] == '\0' || app_password_is_there(member, accepted->app_password));
	member_free(&member);
	return active;
}

/*
 * look_again - whoever suspends a member or changes its login ends the connections that have its identity by then. A login
 *              that was judged before and gets the identity after that would stay: so we look again now that it has it.
 */
static int
look_again(Operation *op, SlapReply *rs)
{
	if (rs->sr_type != REP_RESULT || rs->sr_err != LDAP_SUCCESS || still_active(op, op->o_callback->sc_private))
		return SLAP_CB_CONTINUE;
	/* The login was written down as accepted when it was; this is what became of it. */
	audit(op, &(struct audit_event){ .operation = "bind", .dn = &op->o_req_ndn, .rule = "changed-meanwhile",
	                                 .result = LDAP_INVALID_CREDENTIALS });
	rs->sr_err = LDAP_INVALID_CREDENTIALS;
	if (rs->sr_ctrls != NULL && rs->sr_flags & REP_CTRLS_MUSTBEFREED)
		slap_free_ctrls(op, rs->sr_ctrls);
	rs->sr_ctrls = NULL;
	rs->sr_flags &= ~REP_CTRLS_MUSTBEFREED;
	return take_back(op, rs);
}

static void
have_looked_at(struct bind *b)
{
	Operation *op = b->op;
	struct accepted *accepted = op->o_tmpcalloc(1, sizeof(*accepted), op->o_tmpmemctx);

	accepted->callback.sc_response = look_again;
	accepted->callback.sc_cleanup = reply_callback_free;
	accepted->callback.sc_private = accepted;
	accepted->m = b->m;
	memcpy(accepted->uuid, b->member->uuid, sizeof(accepted->uuid));
	memcpy(accepted->app_password, b->app_password, sizeof(accepted->app_password));
	accepted->generation = b->generation;
	overlay_callback_after_backover(op, &accepted->callback, 1);
}

/* spend - write the login. out: LDAP result code */
static int
spend(struct bind *b)
{
	Modifications *mods = NULL;

	/* A consumer must not spend; a login without a code has nothing to spend and leaves its traces in memory only. */
	if (SLAP_SINGLE_SHADOW(b->m->db) && b->result.step < 0 && BER_BVISNULL(&b->result.recovery)) {
		account_record(b->result.hold, ACCOUNT_LOGIN, &(struct attempt){ .source = &b->result.source });
		return LDAP_SUCCESS;
	}
	(void)verify_spend(b->op, b->m, b->member, &b->result, 1, &mods);
	recovery_owe_used(b->result.fresh != NULL ? b->result.fresh : b->member, &b->result, (int64_t)slap_get_time(), &mods);
	return verify_login(b->op, b->m, b->member, &b->result, &mods);
}

/* let_in - answer a login that is right in every respect. in: previous, when the one before was */
static int
let_in(struct bind *b, enum login_how how, int64_t previous)
{
	log_outcome(b, LDAP_SUCCESS, NULL);
	ppctrl_answer(b->op, b->rs, PPCTRL_NONE);
	if (b->control != NULL)
		factor_answer(b->op, b->rs, FACTOR_OK, previous);
	fresh_note(b->op, b->member, how);
	have_looked_at(b);
	/* The frontend gives the connection this name and sends the result. */
	ber_dupbv(&b->op->orb_edn, &b->member->dn);
	return b->rs->sr_err = LDAP_SUCCESS;
}

static int
accept_login(struct bind *b)
{
	int64_t previous = b->result.fresh != NULL ? b->result.fresh->last_success : b->member->last_success;
	int with_factor = b->result.step >= 0 || !BER_BVISNULL(&b->result.recovery);
	int rc = spend(b);

	switch (rc) {
	case LDAP_SUCCESS:
		return let_in(b, with_factor ? LOGIN_FACTOR : LOGIN_PASSWORD, previous);
	case LDAP_NO_SUCH_ATTRIBUTE:
	case LDAP_TYPE_OR_VALUE_EXISTS:
	case LDAP_CONSTRAINT_VIOLATION:
	case LDAP_NO_SUCH_OBJECT:
		/* Somebody was faster: the code is spent, or the entry is gone. */
		return fail(b, LDAP_INVALID_CREDENTIALS, NULL, "code-spent");
	case LDAP_UNWILLING_TO_PERFORM:
		return fail(b, LDAP_UNWILLING_TO_PERFORM, "codes are accepted by the provider only", "copy");
	default:
		return fail(b, LDAP_UNAVAILABLE, "the login could not be recorded", NULL);
	}
}

/* accept_app_password - a copy of the directory lets programs in without writing it down */
static int
accept_app_password(struct bind *b)
{
	int64_t now = (int64_t)slap_get_time();
	Modifications *mods = NULL;
	int rc = LDAP_SUCCESS;

	b->result.factor = "app-password";
	if (!SLAP_SINGLE_SHADOW(b->m->db)) {
		app_password_used(b->member, b->app_password, now, &mods);
		mods_add_time(&mods, LDAP_MOD_REPLACE, slap_schema.si_ad_pwdLastSuccess, (int64_t)b->op->o_time);
		rc = mods_write(b->op, b->m, &b->member->dn, &b->member->ndn, &mods);
	}
	if (rc == LDAP_NO_SUCH_OBJECT)
		return fail(b, LDAP_INVALID_CREDENTIALS, NULL, "no-member");
	if (rc != LDAP_SUCCESS)
		return fail(b, LDAP_UNAVAILABLE, "the login could not be recorded", NULL);
	return let_in(b, LOGIN_APP_PASSWORD, 0);
}

/* judge_password - verify what was sent. out: outcome_out, what came of it */
static int
judge_password(struct bind *b, enum verify_outcome *outcome_out)
{
	struct verify_request request = {
		.password = b->op->orb_cred,
		.has_control = b->control != NULL,
		.may_remember = 1,
	};
	int rc;

	if (b->control != NULL) {
		request.code = b->control->code;
		request.rhost = b->control->rhost;
	}
	verify_begin(b->op, b->m, b->member, &b->op->o_req_ndn, &request, &b->result);
	*outcome_out = b->result.outcome;
	if (b->result.outcome != VERIFY_OK || b->member == NULL)
		return refuse(b, b->result.outcome);
	rc = accept_login(b);
	if (rc != LDAP_SUCCESS)
		*outcome_out = rc == LDAP_INVALID_CREDENTIALS ? VERIFY_DENIED : VERIFY_BUSY;
	return rc;
}

/* may_repeat - whether a member whose code was right moments ago may log in still. Without a code nothing was spent. */
static int
may_repeat(struct bind *b)
{
	static const struct berval no_rhost = BER_BVNULL;
	const char *rule;

	return b->member != NULL && b->member->may_auth && b->m->ring != NULL && member_factor_active(b->member) &&
	       verify_standing(b->member, (int64_t)slap_get_time(), &rule) == VERIFY_OK &&
	       networks_allow(b->op, &b->member->policy, &no_rhost);
}

/* judge_repeated - a client without the control; it may be saying once more what it said moments ago */
static int
judge_repeated(struct bind *b)
{
	enum verify_outcome outcome;
	const struct member *member;
	struct grace grace;
	int rc;

	grace_begin(b->op, b->m, b->member, &b->op->orb_cred, &grace);
	if (grace.state == GRACE_AGAIN && may_repeat(b)) {
		b->result.factor = "repeated";
		return let_in(b, LOGIN_REPEATED, 0);
	}
	if (grace.state == GRACE_JUDGED) {
		b->result.rule = "repeated";
		return refuse(b, grace.outcome);
	}
	rc = judge_password(b, &outcome);
	member = b->result.fresh != NULL ? b->result.fresh : b->member;
	grace_end(&grace, outcome, member, b->result.stored, b->result.renewed);
	return rc;
}

static int
judge(struct bind *b)
{
	enum verify_outcome outcome;
	int rc;

	if (b->control != NULL)
		rc = judge_password(b, &outcome);
	else if (app_password_match(b->op, b->m, b->member, &b->op->orb_cred, b->app_password))
		rc = accept_app_password(b);
	else
		rc = judge_repeated(b);
	verify_end(b->op, b->m, b->member, &b->result);
	secret_wipe(b->op->orb_cred.bv_val, b->op->orb_cred.bv_len);
	if (b->control != NULL)
		secret_wipe(b->control->code.bv_val, b->control->code.bv_len);
	return rc;
}

int
bind_hook(Operation *op, SlapReply *rs)
{
	struct bind b = { .op = op, .rs = rs, .m = muster_of(op), .control = factor_request_of(op) };
	int rc;

	if (!same_layout(op)) {
		Debug(LDAP_DEBUG_ANY, "%s muster: slapd's Operation has another layout than muster was built for: rebuild muster\n",
		      op->o_log_prefix);
		send_ldap_error(op, rs, LDAP_UNWILLING_TO_PERFORM, "muster was built for another slapd");
		return rs->sr_err;
	}
	fresh_forget(op);
	b.generation = connections_generation(&op->o_req_ndn);
	/* Whoever knows rootpw is no member, whatever the entry says. */
	if (be_isroot_dn(op->o_bd, &op->o_req_ndn) && !BER_BVISNULL(&op->o_bd->be_rootpw))
		return others_answer(op);
	switch (member_load(op, b.m, &op->o_req_ndn, &b.member)) {
	case ERR_REFUSED:
		return others_answer(op);
	case 0:
	case ERR_NOT_FOUND:
		break;
	default:
		return fail(&b, LDAP_UNAVAILABLE, "the entry cannot be read", NULL);
	}
	/* Members and missing entries look alike here too; entries that are none of ours are bound as ever. */
	if (op->o_ssf < (slap_ssf_t)b.m->min_ssf) {
		rc = fail(&b, LDAP_CONFIDENTIALITY_REQUIRED, "passwords are taken over TLS or ldapi only", NULL);
	} else if (config_order_wrong(b.m->on)) {
		Debug(LDAP_DEBUG_ANY, "%s muster: overlay ppolicy must be below muster, no member can log in\n", op->o_log_prefix);
		rc = refuse(&b, VERIFY_UNUSABLE);
	} else {
		rc = judge(&b);
	}
	member_free(&b.member);
	return rc;
}
