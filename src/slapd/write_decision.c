/*
 * write_decision.c - an operator or administrator decides an application: one modification of its state. What an approval
 *                    changes in the member's entry is stored together with it, or nothing is.
 */
#include "slapd/application.h"

#include "slapd/alone.h"
#include "slapd/connections.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/write.h"

#define STATE "musterApplicationState"

/* What a modification says. */
struct decision {
	enum application_state state; /* APPLICATION_DAMAGED: it says nothing */
	const struct berval *reason;  /* NULL: none */
};

static int
refuse_attribute(struct write *w, const AttributeDescription *ad)
{
	char text[WRITE_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: an application is not changed: its member withdraws it and files another", ad->ad_cname.bv_val);
	return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
}

static int
read_state(struct write *w, const Modifications *ml, struct decision *decision)
{
	/* "filed" may be deleted for the decision to be added. */
	if ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE && ml->sml_values != NULL)
		return LDAP_SUCCESS;
	if (decision->state == APPLICATION_DAMAGED && ml->sml_op != LDAP_MOD_INCREMENT && ml->sml_numvals == 1)
		decision->state = application_state_of(&ml->sml_values[0]);
	else
		decision->state = APPLICATION_FILED;
	return decision->state == APPLICATION_APPROVED || decision->state == APPLICATION_REJECTED
	               ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_CONSTRAINT_VIOLATION, STATE ": replace it with approved or rejected");
}

static int
read_reason(struct write *w, const Modifications *ml, struct decision *decision)
{
	int good = decision->reason == NULL && (ml->sml_op == LDAP_MOD_REPLACE || ml->sml_op == LDAP_MOD_ADD) &&
	           ml->sml_numvals == 1 &&
	           application_reason_check(ml->sml_values[0].bv_val, ml->sml_values[0].bv_len) == 0;

	decision->reason = good ? &ml->sml_values[0] : NULL;
	return good ? LDAP_SUCCESS
	            : write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
	                           "musterApplicationReason: one text of 1 to 500 characters on one line");
}

static int
read_decision(struct write *w, struct decision *decision)
{
	const Modifications *ml;
	int rc = LDAP_SUCCESS;

	*decision = (struct decision){ APPLICATION_DAMAGED, NULL };
	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next) {
		if (ml->sml_flags & SLAP_MOD_INTERNAL)
			continue;
		if (ml->sml_desc == muster_ad.application_state)
			rc = read_state(w, ml, decision);
		else if (ml->sml_desc == muster_ad.application_reason)
			rc = read_reason(w, ml, decision);
		else
			rc = refuse_attribute(w, ml->sml_desc);
	}
	if (rc != LDAP_SUCCESS)
		return rc;
	if (decision->state == APPLICATION_DAMAGED)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "a decision says " STATE ": approved or rejected");
	if (decision->state == APPLICATION_REJECTED && decision->reason == NULL)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "who rejects says why: write musterApplicationReason as well");
	return LDAP_SUCCESS;
}

/* check_stored - nobody else writes meanwhile */
static int
check_stored(struct write *w, const struct application *a)
{
	if (a->state == APPLICATION_APPROVED || a->state == APPLICATION_REJECTED)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    a->state == APPLICATION_APPROVED ? "it is decided already: approved"
		                                                     : "it is decided already: rejected");
	if (a->state != APPLICATION_FILED || BER_BVISNULL(&a->applicant_ndn))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "it has no applicant, or no state that is known: have an administrator repair it (Relax)");
	return LDAP_SUCCESS;
}

/* --- what an approval changes ---------------------------------------------------------------------------------- */

static int
is_same(const struct application_value *a, const struct application_value *b)
{
	if (a->value == NULL || b->value == NULL)
		return a->value == b->value;
	return a->len == b->len && memcmp(a->value, b->value, a->len) == 0;
}

static void
plan_field(AttributeDescription *ad, const struct application_value *after, Modifications **mods)
{
	struct berval value = { after->len, (char *)after->value };

	if (after->value == NULL)
		mods_add(mods, SLAP_MOD_SOFTDEL, ad, NULL);
	else
		mods_add(mods, LDAP_MOD_REPLACE, ad, &value);
}

/*
 * plan_proof - an approved document proves a business; what it proved goes with the facts that it was about.
 * in:    changes  asked for; changed  those of them that are not so yet
 */
static void
plan_proof(struct write *w, const struct application_value *changes, const struct application_value *changed, int business,
           int documents, Modifications **mods)
{
	if (business && documents && application_concerns_business(changes))
		mods_add_time(mods, LDAP_MOD_REPLACE, muster_ad.business_proved, w->now);
	else if (!business || application_concerns_business(changed))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.business_proved, NULL);
}

/* plan_change - in: e  the member's entry; documents  how many there are */
static int
plan_change(struct write *w, const struct application *a, Entry *e, int documents, Modifications **mods)
{
	struct application_value changes[APPLICATION_FIELDS], now[APPLICATION_FIELDS], after[APPLICATION_FIELDS],
	        changed[APPLICATION_FIELDS] = { { NULL, 0 } };
	char wrong[APPLICATION_TEXT_MAX];
	int i;

	if (application_changes(w, a->changes, changes) < 0)
		return LDAP_UNWILLING_TO_PERFORM;
	application_facts(e, now);
	if (application_apply(now, changes, after, wrong) < 0)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, wrong);
	for (i = 0; i < APPLICATION_FIELDS; i++) {
		if (is_same(&now[i], &after[i]))
			continue;
		plan_field(application_field_ad((enum application_field)i), &after[i], mods);
		if (changes[i].value != NULL)
			changed[i] = changes[i];
	}
	plan_proof(w, changes, changed, application_is_business(&after[APPLICATION_MEMBER_TYPE]), documents, mods);
	return LDAP_SUCCESS;
}

static int
count_documents(struct write *w, struct application *a)
{
	BerVarray dns, ndns;
	int n = 0;

	if (application_documents(w, &a->ndn, &dns, &ndns) < 0)
		return -1;
	while (dns != NULL && !BER_BVISNULL(&dns[n]))
		n++;
	ber_bvarray_free(dns);
	ber_bvarray_free(ndns);
	return n;
}

/* plan_approval - in: a  what is stored. out: *mods  of the member's entry */
static int
plan_approval(struct write *w, struct application *a, Modifications **mods)
{
	int documents = count_documents(w, a), rc;
	Entry *e = write_entry_get(w, &a->applicant_ndn);

	if (e == NULL)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "its member is not there any more: reject it");
	if (documents < 0)
		rc = write_refuse(w, LDAP_OTHER, "its documents cannot be looked up: see slapd's log");
	else if (!is_entry_objectclass(e, muster_oc_account, 0) || w->member->status == MEMBER_CLOSED)
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "its member is closed, or is no platform member: reject it");
	else
		rc = plan_change(w, a, e, documents, mods);
	write_entry_release(w, e);
	return rc;
}

/* --- decided --------------------------------------------------------------------------------------------------- */

/* plan_stored - what is written into the application: only where it is filed still */
static void
plan_stored(struct write *w, const struct decision *decision)
{
	const char *word = decision->state == APPLICATION_APPROVED ? "approved" : "rejected";
	Modifications *mods = NULL;

	write_drop(&w->op->orm_modlist, muster_ad.application_state);
	mods_add_text(&mods, LDAP_MOD_DELETE, muster_ad.application_state, "filed");
	mods_add_text(&mods, LDAP_MOD_ADD, muster_ad.application_state, word);
	mods_add(&mods, LDAP_MOD_REPLACE, muster_ad.application_decided_by, &w->op->o_dn);
	mods_add_time(&mods, LDAP_MOD_REPLACE, muster_ad.application_decided, w->now);
	write_append(&w->op->orm_modlist, &mods);
}

/*
 * store - the member's entry first: that is what may fail, and nobody has been told of anything then.
 * out:   the result, and the text of a failure, in answer
 */
static void
store(struct write *w, const struct application *a, Modifications **mods, struct transaction_answer *answer)
{
	struct transaction t;
	int rc = LDAP_SUCCESS;

	answer->result = LDAP_OTHER;
	snprintf(answer->text, sizeof(answer->text), "the decision cannot be stored: see slapd's log");
	if (transaction_begin(w->op, w->m, &t) < 0)
		return;
	if (w->member != NULL && *mods != NULL)
		rc = mods_write(w->op, w->m, &w->member->dn, &w->member->ndn, mods);
	if (rc != LDAP_SUCCESS) {
		(void)transaction_end(&t, rc);
		Debug(LDAP_DEBUG_ANY, "%s muster: what %s asks for cannot be written to %s: %d\n", w->op->o_log_prefix, a->dn.bv_val,
		      a->applicant.bv_val, rc);
		snprintf(answer->text, sizeof(answer->text), "the change cannot be made (%s): the application stays filed",
		         ldap_err2string(rc));
		answer->result = LDAP_UNWILLING_TO_PERFORM;
		return;
	}
	answer->text[0] = '\0';
	rc = transaction_walk(w->op, w->rs, w->m, op_modify, 1, answer);
	answer->result = transaction_end(&t, rc);
	if (answer->result != rc)
		snprintf(answer->text, sizeof(answer->text), "the decision cannot be stored: see slapd's log");
}

/* decide - nobody else writes meanwhile. out: what is refused before anything is written */
static int
decide(struct write *w, struct application *a, const struct decision *decision, struct transaction_answer *answer)
{
	Modifications *mods = NULL;
	int approved = decision->state == APPLICATION_APPROVED, rc = check_stored(w, a);

	if (rc != LDAP_SUCCESS)
		return rc;
	/* Who is gone is told nothing. */
	if (member_load(w->op, w->m, &a->applicant_ndn, &w->member) < 0)
		w->member = NULL;
	if (approved && w->member == NULL)
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "its member is not there any more: reject it");
	else if (approved)
		rc = plan_approval(w, a, &mods);
	if (rc == LDAP_SUCCESS) {
		if (w->member != NULL)
			outbox_owe_about(w->member, approved ? "application-approved" : "application-rejected", a->name, w->now, &mods);
		plan_stored(w, decision);
		store(w, a, &mods, answer);
	}
	mods_free(&mods);
	return rc;
}

/* check_who - who may not write it is told nothing; nobody decides his own. out: *repair_out  as it is, by who manages */
static int
check_who(struct write *w, int *repair_out)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	const Attribute *a;
	int rc = LDAP_SUCCESS;

	*repair_out = 0;
	if (e == NULL)
		return write_refuse(w, LDAP_NO_SUCH_OBJECT, "");
	a = attr_find(e->e_attrs, muster_ad.applicant);
	if (write_overrides(w, e, slap_schema.si_ad_entry))
		*repair_out = 1;
	else if (a != NULL && bvmatch(&a->a_nvals[0], &w->op->o_ndn))
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                  "who files an application does not change or decide it: withdraw it, and file another");
	else if (!write_may_modify(w, e))
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "no write access: operators and administrators decide applications");
	write_entry_release(w, e);
	return rc;
}

/* judge - nobody else writes meanwhile, and nothing is answered before that is over */
static int
judge(struct write *w, struct transaction_answer *answer)
{
	struct decision decision;
	struct application a;
	int rc = read_decision(w, &decision);

	if (rc != LDAP_SUCCESS)
		return rc;
	w->what = decision.state == APPLICATION_APPROVED ? "approve-application" : "reject-application";
	write_alone(w);
	if (application_load(w, &w->op->o_req_ndn, &a) < 0)
		rc = write_refuse(w, LDAP_NO_SUCH_OBJECT, "it was withdrawn, or is no application");
	else
		rc = decide(w, &a, &decision, answer);
	write_end(w);
	application_free(&a);
	member_free(&w->member);
	return rc;
}

int
write_modify_application(struct write *w)
{
	struct transaction_answer answer = { LDAP_SUCCESS, "" };
	int repair, rc = check_who(w, &repair);

	if (rc == LDAP_SUCCESS && repair) {
		rc = write_carry_out(w, op_modify, 1, END_NONE);
		write_audit(w, rc);
		return rc;
	}
	if (rc == LDAP_SUCCESS)
		rc = judge(w, &answer);
	if (rc != LDAP_SUCCESS) {
		write_audit(w, rc);
		return write_answer(w, rc);
	}
	snprintf(w->text, sizeof(w->text), "%s", answer.text);
	write_audit(w, answer.result);
	return transaction_answer(w->op, w->rs, w->m, &answer);
}
