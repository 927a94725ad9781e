/*
 * write_self.c - what a member may write of its own entry, whatever the access rules say. Everything that is not listed is
 *                not a member's to change: a rule of access that is too wide is no way to an account's status, name or money.
 */
#include "slapd/write.h"

#include "core/facts.h"
#include "slapd/entry.h"
#include "slapd/member.h"
#include "slapd/muster.h"

enum self_way {
	SELF_NEVER = 0,
	SELF_FRESH,      /* on a connection that it bound itself a moment ago */
	SELF_OWN_RULES   /* other files of ours judge it: secrets, object classes */
};

#define NO_FACT (-1)
#define TEXT_APPLY "changes with an application that an operator decides: use \"muster application file\""
#define TEXT_ASK "is not for the member itself to change: ask an OWNER of the organization or an administrator"

static const struct self_row {
	AttributeDescription **ad;
	enum self_way iam, account; /* members of organizations, platform members */
	int fact;                   /* enum fact that its values must be, NO_FACT: others look at them */
	const char *iam_text, *account_text; /* what to do instead; NULL: TEXT_ASK */
} rows[] = {
	{ &slap_schema.si_ad_userPassword, SELF_OWN_RULES, SELF_OWN_RULES, NO_FACT, NULL, NULL },
	{ &slap_schema.si_ad_objectClass, SELF_OWN_RULES, SELF_OWN_RULES, NO_FACT, NULL, NULL },
	{ &muster_ad.oath_secret, SELF_OWN_RULES, SELF_OWN_RULES, NO_FACT, NULL, NULL },
	{ &muster_ad.code, SELF_OWN_RULES, SELF_OWN_RULES, NO_FACT, NULL, NULL },
	{ &muster_ad.app_password, SELF_OWN_RULES, SELF_OWN_RULES, NO_FACT, NULL, NULL },
	{ &muster_ad.preferred_language, SELF_FRESH, SELF_FRESH, FACT_LANGUAGE, NULL, NULL },
	{ &muster_ad.postal_address, SELF_FRESH, SELF_FRESH, FACT_ADDRESS, NULL, NULL },
	{ &muster_ad.billing_mail, SELF_FRESH, SELF_FRESH, FACT_MAIL, NULL, NULL },
	{ &muster_ad.service_area, SELF_FRESH, SELF_FRESH, FACT_AREA, NULL, NULL },
	{ &muster_ad.display_name, SELF_FRESH, SELF_FRESH, FACT_NAME, NULL, NULL },
	{ &muster_ad.pending_mail, SELF_FRESH, SELF_FRESH, NO_FACT, NULL, NULL },
	{ &muster_ad.pending_mobile, SELF_FRESH, SELF_FRESH, NO_FACT, NULL, NULL },
	{ &muster_ad.pending_login, SELF_NEVER, SELF_FRESH, NO_FACT, "is for platform members", NULL },
	{ &muster_ad.cn, SELF_FRESH, SELF_NEVER, FACT_NAME, NULL, TEXT_APPLY },
	{ &muster_ad.sn, SELF_FRESH, SELF_NEVER, FACT_NAME, NULL, TEXT_APPLY },
	{ &muster_ad.given_name, SELF_FRESH, SELF_NEVER, FACT_NAME, NULL, TEXT_APPLY },
	{ &muster_ad.o, SELF_NEVER, SELF_NEVER, NO_FACT, NULL, TEXT_APPLY },
	{ &muster_ad.country, SELF_NEVER, SELF_NEVER, NO_FACT, NULL, TEXT_APPLY },
	{ &muster_ad.member_type, SELF_NEVER, SELF_NEVER, NO_FACT, NULL, TEXT_APPLY },
	{ &muster_ad.registration_number, SELF_NEVER, SELF_NEVER, NO_FACT, NULL, TEXT_APPLY },
	{ &muster_ad.mail, SELF_NEVER, SELF_NEVER, NO_FACT,
	  "write musterPendingMail: the address changes once the code that is mailed there is written",
	  "write musterPendingMail: the address changes once the code that is mailed there is written" },
	{ &muster_ad.mobile, SELF_NEVER, SELF_NEVER, NO_FACT,
	  "write musterPendingMobile: the number changes once the code that is sent there is written",
	  "write musterPendingMobile: the number changes once the code that is sent there is written" },
	{ &muster_ad.uid, SELF_NEVER, SELF_NEVER, NO_FACT, "an ID is fixed",
	  "write musterPendingLogin: the login changes once the codes for it are written" },
};

static const struct self_row *
row_of(const AttributeDescription *ad)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (type_is(ad, *rows[i].ad))
			return &rows[i];
	return NULL;
}

static int
refuse(struct write *w, const AttributeDescription *ad, int result, const char *why)
{
	char text[WRITE_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: %s", ad->ad_type->sat_cname.bv_val, why);
	return write_refuse(w, result, text);
}

int
write_self_is_fresh(const struct write *w)
{
	const struct self_row *row;
	const Modifications *ml;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		row = (ml->sml_flags & SLAP_MOD_INTERNAL) ? NULL : row_of(ml->sml_desc);
		if (row != NULL && (row->iam == SELF_FRESH || row->account == SELF_FRESH))
			return 1;
	}
	return 0;
}

/* values_after - how many values of a type there are once op's modification is done */
static long
values_after(struct write *w, Entry *e, const AttributeDescription *type)
{
	const Attribute *a = attr_find(e->e_attrs, type->ad_type->sat_ad);
	const Modifications *ml;
	long n = a != NULL ? (long)a->a_numvals : 0;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (!type_is(ml->sml_desc, type))
			continue;
		if (ml->sml_op == LDAP_MOD_REPLACE)
			n = (long)ml->sml_numvals;
		else if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			n += (long)ml->sml_numvals;
		else
			n = ml->sml_values == NULL ? 0 : n - (long)ml->sml_numvals;
	}
	return n;
}

static int
check_values(struct write *w, Entry *e, const Modifications *ml, const struct self_row *row)
{
	const Attribute *a = attr_find(e->e_attrs, ml->sml_desc);
	long before = a != NULL ? (long)a->a_numvals : 0, after;
	const char *wrong;
	unsigned i;

	if (ml->sml_desc != ml->sml_desc->ad_type->sat_ad)
		return refuse(w, ml->sml_desc, LDAP_CONSTRAINT_VIOLATION, "write it without options");
	after = values_after(w, e, ml->sml_desc);
	if (after > 1 && after > before)
		return refuse(w, ml->sml_desc, LDAP_CONSTRAINT_VIOLATION, "one value: replace it");
	if ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || row->fact == NO_FACT)
		return LDAP_SUCCESS;
	for (i = 0; ml->sml_values != NULL && i < ml->sml_numvals; i++) {
		wrong = fact_check((enum fact)row->fact, ml->sml_values[i].bv_val, ml->sml_values[i].bv_len);
		if (wrong != NULL)
			return refuse(w, ml->sml_desc, LDAP_CONSTRAINT_VIOLATION, wrong);
	}
	return LDAP_SUCCESS;
}

/* has_nicknames - what the organization says that a member lies in; platform members are in none */
static int
has_nicknames(struct write *w)
{
	BackendDB *own = w->op->o_bd;
	const Attribute *a;
	int used = 1;
	Entry *above;

	w->op->o_bd = w->m->db;
	above = organization_above(w->op, w->m, &w->op->o_req_ndn);
	if (above != NULL) {
		a = attr_find(above->e_attrs, muster_ad.nicknames);
		used = a == NULL || bvmatch(&a->a_nvals[0], &slap_true_bv);
		be_entry_release_r(w->op, above);
	}
	w->op->o_bd = own;
	return used;
}

static int
check_one(struct write *w, Entry *e, const Modifications *ml)
{
	const struct self_row *row = row_of(ml->sml_desc);
	int account = is_entry_objectclass(e, muster_oc_account, 0);
	enum self_way way = row == NULL ? SELF_NEVER : account ? row->account : row->iam;
	const char *text = row == NULL ? NULL : account ? row->account_text : row->iam_text;

	if (way == SELF_OWN_RULES || write_may_manage(w, e, ml->sml_desc))
		return LDAP_SUCCESS;
	if (way == SELF_NEVER)
		return refuse(w, ml->sml_desc, LDAP_INSUFFICIENT_ACCESS, text != NULL ? text : TEXT_ASK);
	if (type_is(ml->sml_desc, muster_ad.display_name) && !has_nicknames(w))
		return refuse(w, ml->sml_desc, LDAP_INSUFFICIENT_ACCESS, "this organization does not use nicknames");
	return check_values(w, e, ml, row);
}

int
write_check_self(struct write *w, Entry *e)
{
	const Modifications *ml;
	int rc = LDAP_SUCCESS;

	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		/* What only the overlay writes is refused with a text of its own. */
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && !write_is_state(ml->sml_desc))
			rc = check_one(w, e, ml);
	return rc;
}

int
write_check_self_name(struct write *w)
{
	Entry *e;
	int rc = LDAP_SUCCESS;

	if (!dn_match(&w->op->o_ndn, &w->op->o_req_ndn))
		return LDAP_SUCCESS;
	e = write_entry_get(w, &w->op->o_req_ndn);
	if (e == NULL)
		return LDAP_SUCCESS;
	if (member_is(e) && !write_may_manage(w, e, slap_schema.si_ad_entry))
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                  is_entry_objectclass(e, muster_oc_account, 0)
		                          ? "a member does not rename its entry: write musterPendingLogin for another login"
		                          : "a member does not rename its entry: an ID is fixed");
	write_entry_release(w, e);
	return rc;
}
