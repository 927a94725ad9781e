/*
 * write_application.c - applications are filed and withdrawn by the platform member they are about. They are never changed, and
 *                       decided ones stay, whoever asks; write_decision.c decides them.
 */
#include "slapd/application.h"

#include "core/facts.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/write.h"

#define TEXT_PLACE "below ou=applications there are applications (applicationProcess with musterApplication) and their documents"
#define TEXT_WHO "applications are filed by the platform member they are about; " APPLICATION_TEXT_RELAX
#define TEXT_STORE "what belongs to an application cannot be looked up: see slapd's log"

/* --- filed --------------------------------------------------------------------------------------------------- */

/* check_attribute - what a member may say; what is decided later is not said now */
static int
check_attribute(struct write *w, const Attribute *a)
{
	const struct berval *value = &a->a_vals[0];

	if (type_is(a->a_desc, slap_schema.si_ad_objectClass) || type_is(a->a_desc, muster_ad.application_change))
		return a->a_desc == a->a_desc->ad_type->sat_ad ? LDAP_SUCCESS
		                                               : write_refuse_value(w, a->a_desc, "write it without options");
	if (a->a_desc == muster_ad.cn)
		return a->a_numvals == 1 && application_name_check(value->bv_val, value->bv_len) == 0
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one name of 1 to 64 letters, digits, - and _");
	if (a->a_desc == muster_ad.description)
		return a->a_numvals == 1 && fact_check(FACT_NAME, value->bv_val, value->bv_len) == NULL
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one text of 1 to 64 characters");
	if (a->a_desc == muster_ad.applicant)
		return a->a_numvals == 1 && bvmatch(&a->a_nvals[0], &w->op->o_ndn)
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "leave it out: it is who files it");
	if (a->a_desc == muster_ad.application_state)
		return a->a_numvals == 1 && application_state_of(value) == APPLICATION_FILED
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "leave it out: an application is filed, and others decide it");
	return write_refuse_value(w, a->a_desc, "is no part of an application that is filed");
}

static int
check_attributes(struct write *w, Entry *e)
{
	const Attribute *a;
	int rc = LDAP_SUCCESS;

	for (a = e->e_attrs; a != NULL && rc == LDAP_SUCCESS; a = a->a_next)
		if (!is_at_operational(a->a_desc->ad_type))
			rc = check_attribute(w, a);
	return rc;
}

/* say_before - what the member has now of what is asked for: operators need not read the member's entry */
static void
say_before(Entry *e, const struct application_value now[APPLICATION_FIELDS],
           const struct application_value changes[APPLICATION_FIELDS])
{
	char text[WRITE_TEXT_MAX + APPLICATION_CHANGE_MAX];
	struct berval value;
	int i;

	for (i = 0; i < APPLICATION_FIELDS; i++) {
		if (changes[i].value == NULL || now[i].value == NULL)
			continue;
		snprintf(text, sizeof(text), "%s: %.*s", application_field_attribute((enum application_field)i),
		         (int)(now[i].len < APPLICATION_CHANGE_MAX ? now[i].len : APPLICATION_CHANGE_MAX), now[i].value);
		ber_str2bv(text, 0, 0, &value);
		attr_merge_normalize_one(e, muster_ad.application_before, &value, NULL);
	}
}

/* check_open - few of one member wait, and no two for the same */
static int
check_open(struct write *w, const struct application_value changes[APPLICATION_FIELDS])
{
	struct application_open open;
	char text[WRITE_TEXT_MAX];
	int i;

	if (application_open(w, &w->op->o_ndn, &open) < 0)
		return write_refuse(w, LDAP_OTHER, TEXT_STORE);
	if (open.count >= APPLICATION_OPEN_MAX) {
		snprintf(text, sizeof(text), "%d applications of yours wait to be decided: withdraw one, or wait", open.count);
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
	}
	for (i = 0; i < APPLICATION_FIELDS; i++) {
		if (changes[i].value == NULL || !open.asked[i])
			continue;
		snprintf(text, sizeof(text), "%s: an application of yours that is not decided asks for it: withdraw that one, or wait",
		         application_field_attribute((enum application_field)i));
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
	}
	return LDAP_SUCCESS;
}

/* check_changes - in: applicant  the member's entry. out: what e is to have beside what was sent */
static int
check_changes(struct write *w, Entry *e, Entry *applicant)
{
	struct application_value changes[APPLICATION_FIELDS], now[APPLICATION_FIELDS], after[APPLICATION_FIELDS];
	Attribute *a = attr_find(e->e_attrs, muster_ad.application_change);
	char wrong[APPLICATION_TEXT_MAX];
	int rc;

	if (application_changes(w, a != NULL ? a->a_vals : NULL, changes) < 0)
		return LDAP_CONSTRAINT_VIOLATION;
	application_facts(applicant, now);
	if (application_apply(now, changes, after, wrong) < 0)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, wrong);
	rc = check_open(w, changes);
	if (rc == LDAP_SUCCESS)
		say_before(e, now, changes);
	return rc;
}

/* check_filing - nobody else writes meanwhile. out: the member is w->member */
static int
check_filing(struct write *w, Entry *e)
{
	Entry *stored, *applicant;
	int rc;

	if (member_load(w->op, w->m, &w->op->o_ndn, &w->member) < 0)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	stored = write_entry_get(w, &w->op->o_ndn);
	if (stored == NULL)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	applicant = entry_dup(stored);
	write_entry_release(w, stored);
	if (!is_entry_objectclass(applicant, muster_oc_account, 0)) {
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	} else if (!fresh_is(w->op, w->member)) {
		w->rule = "not-fresh";
		rc = write_refuse(w, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT);
	} else {
		rc = check_changes(w, e, applicant);
	}
	entry_free(applicant);
	return rc;
}

/* is_told - 1 when the member is owed such a notice already: filing and withdrawing in turn makes one mail, not many */
static int
is_told(const struct member *member, const char *kind)
{
	struct record record;
	int i, told = 0;

	for (i = 0; member->outbox != NULL && !BER_BVISNULL(&member->outbox[i]) && !told; i++) {
		if (outbox_parse(&member->outbox[i], &record) == 0)
			told = strcmp(record.kind, kind) == 0;
		ch_free(record.address.bv_val);
	}
	return told;
}

static int
file(struct write *w, Entry *e)
{
	int rc = check_attributes(w, e);

	if (rc != LDAP_SUCCESS)
		return rc;
	write_say(e, muster_ad.applicant, w->op->o_dn.bv_val);
	write_say(e, muster_ad.application_state, "filed");
	rc = write_may_add(w, e);
	if (rc != LDAP_SUCCESS)
		return rc;
	write_alone(w);
	rc = check_filing(w, e);
	if (rc == LDAP_SUCCESS && !is_told(w->member, "application-filed"))
		outbox_owe(w->member, "application-filed", NULL, w->now, write_follow(w, &w->member->dn, &w->member->ndn));
	return rc;
}

/* check_classes - nothing else is an application as well: a member, say */
static int
check_classes(struct write *w, Entry *e)
{
	static const char *const names[] = { "top", "applicationProcess", "musterApplication", NULL };

	return write_classes_are(e, names) ? LDAP_SUCCESS : write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);
}

int
write_add_application(struct write *w)
{
	Entry *e = w->op->ora_e;
	int rc = check_classes(w, e);

	if (rc == LDAP_SUCCESS && !write_may_manage(w, e, slap_schema.si_ad_entry)) {
		w->what = "file-application";
		rc = file(w, e);
	}
	rc = write_conclude(w, op_add, rc);
	member_free(&w->member);
	return rc;
}

/* --- withdrawn ------------------------------------------------------------------------------------------------- */

int
application_check_own(struct write *w, const struct application *a)
{
	struct member *member = NULL;
	int rc = LDAP_SUCCESS;

	if (BER_BVISNULL(&a->applicant_ndn) || !bvmatch(&a->applicant_ndn, &w->op->o_ndn))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                    "only who filed it withdraws it: others decide it; " APPLICATION_TEXT_RELAX);
	if (a->state != APPLICATION_FILED)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "it is decided already, and stays as it is");
	if (member_load(w->op, w->m, &w->op->o_ndn, &member) < 0) {
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	} else if (!fresh_is(w->op, member)) {
		w->rule = "not-fresh";
		rc = write_refuse(w, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT);
	}
	member_free(&member);
	return rc;
}

/* withdraw - nobody else writes meanwhile: its documents go with it */
static int
withdraw(struct write *w)
{
	BerVarray dns = NULL, ndns = NULL;
	struct application a;
	int i, rc = LDAP_SUCCESS;

	if (application_load(w, &w->op->o_req_ndn, &a) < 0)
		return write_refuse(w, LDAP_NO_SUCH_OBJECT, "it is gone, or is no application");
	rc = application_check_own(w, &a);
	if (rc == LDAP_SUCCESS && application_documents(w, &a.ndn, &dns, &ndns) < 0)
		rc = write_refuse(w, LDAP_OTHER, TEXT_STORE);
	for (i = 0; rc == LDAP_SUCCESS && ndns != NULL && !BER_BVISNULL(&ndns[i]); i++)
		write_follow_delete(w, &dns[i], &ndns[i]);
	ber_bvarray_free(dns);
	ber_bvarray_free(ndns);
	application_free(&a);
	return rc;
}

int
write_delete_application(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	int repair = e != NULL && write_may_manage(w, e, slap_schema.si_ad_entry);
	int denied = e == NULL || !write_may_delete(w, e), rc = LDAP_SUCCESS;

	if (e != NULL)
		write_entry_release(w, e);
	/* The database refuses who may not, and nothing is learnt here. */
	if (!repair && !denied) {
		w->what = "withdraw-application";
		write_alone(w);
		rc = withdraw(w);
	}
	return write_conclude(w, op_delete, rc);
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

int
write_is_application(const struct write *w)
{
	return application_place(w->m, &w->op->o_req_ndn) > PLACE_FOLDER;
}

/* refuse_deeper - there is nothing below a document */
static int
refuse_deeper(struct write *w)
{
	int rc = write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);

	write_audit(w, rc);
	return write_answer(w, rc);
}

int
write_application_any(struct write *w)
{
	int document = application_place(w->m, &w->op->o_req_ndn) == PLACE_DOCUMENT;

	if (application_place(w->m, &w->op->o_req_ndn) == PLACE_DEEPER && w->op->o_tag == LDAP_REQ_ADD)
		return refuse_deeper(w);
	switch (w->op->o_tag) {
	case LDAP_REQ_ADD:
		return document ? write_add_document(w) : write_add_application(w);
	case LDAP_REQ_MODIFY:
		return document ? write_modify_document(w) : write_modify_application(w);
	default:
		return document ? write_delete_document(w) : write_delete_application(w);
	}
}

int
write_check_application_class(struct write *w, int there)
{
	return !there || write_is_application(w) ? LDAP_SUCCESS : write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);
}

int
write_check_application_name(struct write *w)
{
	const struct berval *parent = w->op->orr_nnewSup;
	Entry *e;
	int manages;

	if (!write_is_application(w) && (parent == NULL || application_place(w->m, parent) == PLACE_ELSEWHERE))
		return LDAP_SUCCESS;
	e = write_entry_get(w, &w->op->o_req_ndn);
	if (e == NULL)
		return LDAP_SUCCESS;
	manages = write_overrides(w, e, slap_schema.si_ad_entry);
	write_entry_release(w, e);
	return manages ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
	                              "applications and documents keep their names, and nothing else comes to lie among them; "
	                              APPLICATION_TEXT_RELAX);
}
