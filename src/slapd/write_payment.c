/*
 * write_payment.c - payment methods are added and deleted by the platform member they lie below. What the payment provider says of
 *                   one is the server's to write (claim_payment.c); no number of a card is, whoever sends it.
 */
#include "slapd/write.h"

#include "core/application.h"
#include "core/card.h"
#include "core/facts.h"
#include "core/payment.h"
#include "slapd/entry.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/payment.h"

#define TEXT_PLACE "below a platform member there are payment methods (applicationProcess with musterPaymentMethod)"
#define TEXT_RELAX "restoring or repairing one takes the manage right and the Relax control"
#define TEXT_WHO "payment methods are added by the platform member they are for; " TEXT_RELAX
#define TEXT_STORE "the member's payment methods cannot be looked up: see slapd's log"

/* --- numbers of cards -------------------------------------------------------------------------------------- */

static int
check_numbers(struct write *w, const AttributeDescription *ad, BerVarray values)
{
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++) {
		if (!card_number_in(values[i].bv_val, values[i].bv_len))
			continue;
		w->rule = "card-number";
		return write_refuse_value(w, ad, "this looks like the full number of a card, which is never stored: "
		                                 "send what the payment provider's page gave");
	}
	return LDAP_SUCCESS;
}

/* check_entry_numbers - in: e  about to be added */
static int
check_entry_numbers(struct write *w, Entry *e)
{
	const Attribute *a;
	int rc = LDAP_SUCCESS;

	for (a = e->e_attrs; a != NULL && rc == LDAP_SUCCESS; a = a->a_next)
		if (!is_at_operational(a->a_desc->ad_type))
			rc = check_numbers(w, a->a_desc, a->a_vals);
	return rc;
}

/* check_changed_numbers - in: ml  what a modification or a new name says */
static int
check_changed_numbers(struct write *w, const Modifications *ml)
{
	int rc = LDAP_SUCCESS;

	for (; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE && !is_at_operational(ml->sml_desc->ad_type))
			rc = check_numbers(w, ml->sml_desc, ml->sml_values);
	return rc;
}

/* --- added --------------------------------------------------------------------------------------------------- */

static int
is_own(const struct write *w)
{
	struct berval parent;

	dnParent(&w->op->o_req_ndn, &parent);
	return bvmatch(&parent, &w->op->o_ndn);
}

static int
refuse_stale(struct write *w)
{
	w->rule = "not-fresh";
	return write_refuse(w, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT);
}

/* is_reference - 1 for what a provider's page may give */
static int
is_reference(const struct berval *value)
{
	ber_len_t i;

	for (i = 0; i < value->bv_len; i++)
		if (value->bv_val[i] <= ' ' || value->bv_val[i] >= 0x7f)
			return 0;
	return value->bv_len > 0 && value->bv_len <= PAYMENT_REFERENCE_MAX;
}

/* check_attribute - what a member may say; whether its kind is for it is asked later */
static int
check_attribute(struct write *w, const Attribute *a)
{
	const struct berval *value = &a->a_vals[0];

	if (a->a_desc == slap_schema.si_ad_objectClass || a->a_desc == muster_ad.payment_kind)
		return LDAP_SUCCESS;
	if (a->a_desc == muster_ad.cn)
		return a->a_numvals == 1 && application_name_check(value->bv_val, value->bv_len) == 0
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one name of 1 to 64 letters, digits, - and _");
	if (a->a_desc == muster_ad.description)
		return a->a_numvals == 1 && fact_check(FACT_NAME, value->bv_val, value->bv_len) == NULL
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one text of 1 to 64 characters");
	if (a->a_desc == muster_ad.payment_reference)
		return is_reference(value) ? LDAP_SUCCESS
		                           : write_refuse_value(w, a->a_desc, "1 to 1024 characters of ASCII without blanks");
	return write_refuse_value(w, a->a_desc, "leave it out: send musterPaymentKind and musterPaymentReference");
}

static int
check_attributes(struct write *w, Entry *e)
{
	const Attribute *a;
	int rc = LDAP_SUCCESS;

	for (a = e->e_attrs; a != NULL && rc == LDAP_SUCCESS; a = a->a_next)
		if (!is_at_operational(a->a_desc->ad_type))
			rc = check_attribute(w, a);
	if (rc == LDAP_SUCCESS && (attr_find(e->e_attrs, muster_ad.payment_kind) == NULL ||
	                           attr_find(e->e_attrs, muster_ad.payment_reference) == NULL))
		rc = write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
		                  "a payment method has musterPaymentKind, and the musterPaymentReference that the provider's page gave");
	return rc;
}

/* check_owner - in: owner  the entry of the member, which is op's own */
static int
check_owner(struct write *w, Entry *e, Entry *owner)
{
	const Attribute *kind = attr_find(e->e_attrs, muster_ad.payment_kind);
	const char *wrong = payment_kind_wrong(kind->a_vals[0].bv_val, kind->a_vals[0].bv_len, payment_is_business(owner));
	int n;

	if (!is_entry_objectclass(owner, muster_oc_account, 0))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	if (!fresh_is(w->op, w->member))
		return refuse_stale(w);
	if (wrong != NULL)
		return write_refuse_value(w, kind->a_desc, wrong);
	n = payment_count(w->op, w->m, &owner->e_nname);
	if (n < 0)
		return write_refuse(w, LDAP_OTHER, TEXT_STORE);
	if (n >= PAYMENT_METHODS_MAX)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "a member has at most 10 payment methods: remove one first");
	if (!payment_take(owner))
		return write_refuse(w, LDAP_BUSY, "too many payment methods were added: try again later");
	return LDAP_SUCCESS;
}

/* check_filing - nobody else writes meanwhile. out: the member is w->member */
static int
check_filing(struct write *w, Entry *e)
{
	Entry *stored, *owner;
	int rc;

	if (!is_own(w) || member_load(w->op, w->m, &w->op->o_ndn, &w->member) < 0)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	stored = write_entry_get(w, &w->op->o_ndn);
	if (stored == NULL)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	owner = entry_dup(stored);
	write_entry_release(w, stored);
	rc = check_owner(w, e, owner);
	entry_free(owner);
	return rc;
}

/* file - it is pending until the payment provider has been asked, which the courier owes the member */
static int
file(struct write *w, Entry *e)
{
	int rc = check_attributes(w, e);

	if (rc != LDAP_SUCCESS)
		return rc;
	write_say(e, muster_ad.payment_state, payment_state_text(PAYMENT_PENDING));
	rc = write_may_add(w, e);
	if (rc != LDAP_SUCCESS)
		return rc;
	write_alone(w);
	rc = check_filing(w, e);
	if (rc == LDAP_SUCCESS)
		outbox_owe_task(w->member, PAYMENT_CHECK, attr_find(e->e_attrs, muster_ad.cn)->a_vals[0].bv_val, w->now,
		                write_follow(w, &w->member->dn, &w->member->ndn));
	return rc;
}

static int
add(struct write *w)
{
	static const char *const names[] = { "top", "applicationProcess", "musterPaymentMethod", NULL };
	Entry *e = w->op->ora_e;
	int rc;

	if (payment_place(w->m, &w->op->o_req_ndn) != PAYMENT_PLACE_METHOD ||
	    !is_entry_objectclass(e, muster_oc_payment, 0) || !write_classes_are(e, names))
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);
	rc = check_entry_numbers(w, e);
	return rc != LDAP_SUCCESS || write_may_manage(w, e, slap_schema.si_ad_entry) ? rc : file(w, e);
}

/* --- described, deleted --------------------------------------------------------------------------------------- */

/* check_own - a member changes what is its own after a bind of its own */
static int
check_own(struct write *w)
{
	struct member *member = NULL;
	int rc = LDAP_SUCCESS;

	if (!is_own(w))
		return rc;
	if (member_load(w->op, w->m, &w->op->o_ndn, &member) < 0)
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_WHO);
	else if (!fresh_is(w->op, member))
		rc = refuse_stale(w);
	member_free(&member);
	return rc;
}

/* check_description - the description is written, and nothing else */
static int
check_description(struct write *w)
{
	const Modifications *ml;
	unsigned i;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (ml->sml_flags & SLAP_MOD_INTERNAL)
			continue;
		if (ml->sml_desc != muster_ad.description)
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "a payment method is not changed, except for its description: remove it, and add another");
		if (ml->sml_numvals > 1)
			return write_refuse_value(w, ml->sml_desc, "one text of 1 to 64 characters");
		for (i = 0; i < ml->sml_numvals && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE; i++)
			if (fact_check(FACT_NAME, ml->sml_values[i].bv_val, ml->sml_values[i].bv_len) != NULL)
				return write_refuse_value(w, ml->sml_desc, "one text of 1 to 64 characters");
	}
	return LDAP_SUCCESS;
}

/* modify - in: e  as it is stored */
static int
modify(struct write *w, Entry *e)
{
	int rc = check_changed_numbers(w, w->op->orm_modlist);

	if (rc != LDAP_SUCCESS)
		return rc;
	if (write_may_manage(w, e, slap_schema.si_ad_entry))
		return write_changes(w, slap_schema.si_ad_objectClass) ? write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE)
		                                                       : LDAP_SUCCESS;
	if (!write_may_modify(w, e))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "no write access: a payment method is its member's");
	return check_description(w);
}

static int
change(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	int rc, modifies = w->op->o_tag == LDAP_REQ_MODIFY, manages;

	if (e == NULL)
		return LDAP_SUCCESS; /* the database says so */
	rc = modifies ? modify(w, e) : LDAP_SUCCESS;
	manages = write_may_manage(w, e, slap_schema.si_ad_entry);
	write_entry_release(w, e);
	return rc != LDAP_SUCCESS || manages ? rc : check_own(w);
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

int
write_is_payment(const struct write *w)
{
	return payment_place(w->m, &w->op->o_req_ndn) != PAYMENT_PLACE_ELSEWHERE;
}

int
write_payment_any(struct write *w)
{
	slap_operation_t which = w->op->o_tag == LDAP_REQ_ADD      ? op_add
	                         : w->op->o_tag == LDAP_REQ_MODIFY ? op_modify
	                                                           : op_delete;
	int rc = which == op_add ? add(w) : change(w);

	rc = write_conclude(w, which, rc);
	member_free(&w->member);
	return rc;
}

int
write_check_payment_class(struct write *w, int there)
{
	return !there || payment_place(w->m, &w->op->o_req_ndn) == PAYMENT_PLACE_METHOD
	               ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);
}

int
write_check_payment_name(struct write *w)
{
	const struct berval *parent = w->op->orr_nnewSup;
	int rc, manages;
	Entry *e;

	if (!write_is_payment(w) && (parent == NULL || depth_below(w->m, "ou=accounts,", parent) < 1))
		return LDAP_SUCCESS;
	rc = check_changed_numbers(w, w->op->orr_modlist);
	e = rc == LDAP_SUCCESS ? write_entry_get(w, &w->op->o_req_ndn) : NULL;
	if (e == NULL)
		return rc;
	manages = write_overrides(w, e, slap_schema.si_ad_entry);
	write_entry_release(w, e);
	return manages ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
	                              "payment methods keep their names, and nothing else comes to lie below a platform member; " TEXT_RELAX);
}
