/*
 * check_account.c - checkAccount: a login host asks whether a member may log in that it did not see prove a password: with an ssh
 *                   key, through su. Nothing is written and nothing is verified.
 */
#include "slapd/exop.h"

#include "slapd/exop_target.h"
#include "slapd/factor_control.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/networks.h"

#define STATE_REFUSED 5

/* may_ask - access rules let the caller read the target's status, so what is answered is nothing new */
static int
may_ask(struct exop *x, struct berval *ndn)
{
	BackendDB *bd = x->op->o_bd, db = *x->be;
	Entry *e = NULL;
	int allowed = 0;

	x->op->o_bd = &db;
	if (be_entry_get_rw(x->op, ndn, NULL, NULL, 0, &e) == LDAP_SUCCESS && e != NULL) {
		allowed = access_allowed(x->op, e, muster_ad.status, NULL, ACL_READ, NULL);
		be_entry_release_r(x->op, e);
	}
	x->op->o_bd = bd;
	return allowed;
}

/* state_of - a member's state for a login from rhost; rule_out: for the log */
static int
state_of(const struct member *member, const struct berval *rhost, const char **rule_out)
{
	enum verify_outcome outcome = verify_standing(member, (int64_t)slap_get_time(), rule_out);

	if (outcome != VERIFY_DENIED && outcome != VERIFY_UNUSABLE && !networks_allow_rhost(&member->policy, rhost)) {
		*rule_out = "network";
		return STATE_REFUSED;
	}
	switch (outcome) {
	case VERIFY_OK:
		return FACTOR_OK;
	case VERIFY_CHANGE:
		return FACTOR_CHANGE_REQUIRED;
	case VERIFY_EXPIRED:
		return FACTOR_EXPIRED;
	case VERIFY_ENROL:
		return FACTOR_ENROL_REQUIRED;
	default:
		return STATE_REFUSED;
	}
}

/* answer - ENUMERATED */
static void
answer(struct exop *x, int state)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;

	ber_init_w_nullc(ber, LBER_USE_DER);
	ber_printf(ber, "e", (ber_int_t)state);
	exop_answer_value(x, ber);
}

void
check_account_handle(struct exop *x)
{
	struct member *member;
	struct berval key;
	int state;

	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	if (member == NULL || !may_ask(x, &member->ndn)) {
		/* Who may not ask is not told who is there. */
		x->rule = member == NULL ? "no-member" : "access";
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
	} else {
		x->subject = &member->dn;
		state = state_of(member, &x->args.rhost, &x->rule);
		exop_judged(x, state == FACTOR_OK);
		answer(x, state);
	}
	member_free(&member);
	ch_free(key.bv_val);
}
