/*
 * write_owner.c - an organization keeps an OWNER who is active, and its OWNERs keep their names. All of this is looked at while
 *                 no other write is in the database: two OWNERs who remove each other at the same moment leave one.
 */
#include "slapd/write.h"

#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/organization.h"

#define RULE_LAST "last-owner"

/* refuse_last - it is about the last active OWNER of an organization */
static int
refuse_last(struct write *w, const struct berval *organization_dn)
{
	struct berval rdn;
	char text[WRITE_TEXT_MAX];

	dnRdn((struct berval *)organization_dn, &rdn);
	w->rule = RULE_LAST;
	snprintf(text, sizeof(text), "%.*s would be without an active OWNER: make another member one first (owner), or, as who "
	         "manages it, send the Relax control", (int)(rdn.bv_len < 100 ? rdn.bv_len : 100), rdn.bv_val);
	return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
}

/* check_stays - none of these organizations loses its last active OWNER when ndn, and what is below it, is none any more */
static int
check_stays(struct write *w, struct organization *list, const struct berval *ndn)
{
	for (; list != NULL; list = list->next)
		if (owners_have_active(w->op, w->m, list->owners_n, NULL) &&
		    !owners_have_active(w->op, w->m, list->owners_n, ndn))
			return refuse_last(w, &list->dn);
	return LDAP_SUCCESS;
}

static int
refuse_unknown(struct write *w)
{
	return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "the OWNERs of organizations cannot be looked up: see slapd's log");
}

int
write_check_owner_stays(struct write *w, const struct berval *ndn)
{
	struct organization *list;
	int rc;

	if (organizations_owned(w->op, w->m, ndn, 0, &list) != LDAP_SUCCESS)
		rc = refuse_unknown(w);
	else
		rc = check_stays(w, list, ndn);
	organizations_free(&list);
	return rc;
}

/* --- the attribute itself ------------------------------------------------------------------------------------ */

/* check_value - somebody who is made an OWNER */
static int
check_value(struct write *w, struct berval *owner_ndn, enum organization_stage stage)
{
	if (owner_allowed(w->op, w->m, &w->op->o_req_ndn, owner_ndn, stage))
		return LDAP_SUCCESS;
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
	                    "owner: name members of the organization, or platform members, who are there");
}

int
write_check_owners_added(struct write *w, BerVarray nvalues)
{
	int i, rc = LDAP_SUCCESS;

	for (i = 0; nvalues != NULL && !BER_BVISNULL(&nvalues[i]) && rc == LDAP_SUCCESS; i++)
		rc = check_value(w, &nvalues[i], ORGANIZATION_ADDED);
	return rc;
}

/* owners_after - a copy of the entry with the OWNERs that the modification leaves, NULL when the database will refuse that */
static Entry *
owners_after(struct write *w, Entry *e)
{
	Entry *copy = entry_dup(e);
	Modifications *ml;
	int rc = LDAP_SUCCESS;

	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if (type_is(ml->sml_desc, muster_ad.owner))
			rc = write_apply(w, copy, ml);
	if (rc == LDAP_SUCCESS)
		return copy;
	entry_free(copy);
	return NULL;
}

static int
is_among(const Attribute *owners, const struct berval *ndn)
{
	unsigned i;

	for (i = 0; owners != NULL && i < owners->a_numvals; i++)
		if (dn_match(&owners->a_nvals[i], ndn))
			return 1;
	return 0;
}

int
write_check_owners_modified(struct write *w, Entry *e)
{
	enum organization_stage stage =
		is_entry_objectclass(e, muster_oc_organization, 0) ? ORGANIZATION_IS : ORGANIZATION_MADE_OF_ENTRY;
	Attribute *before = attr_find(e->e_attrs, muster_ad.owner), *now;
	Entry *copy = owners_after(w, e);
	int rc = LDAP_SUCCESS;
	unsigned i;

	if (copy == NULL)
		return LDAP_SUCCESS;
	now = attr_find(copy->e_attrs, muster_ad.owner);
	for (i = 0; now != NULL && i < now->a_numvals && rc == LDAP_SUCCESS; i++)
		if (stage == ORGANIZATION_MADE_OF_ENTRY || !is_among(before, &now->a_nvals[i]))
			rc = check_value(w, &now->a_nvals[i], stage);
	if (rc == LDAP_SUCCESS && !write_overrides(w, e, muster_ad.owner) &&
	    !owners_have_active(w->op, w->m, now != NULL ? now->a_nvals : NULL, NULL))
		rc = refuse_last(w, &e->e_name);
	entry_free(copy);
	return rc;
}

/* --- names --------------------------------------------------------------------------------------------------- */

/* follow_one - an organization's OWNERs at or below from are at or below to from now on */
static void
follow_one(struct write *w, const struct organization *one, const struct rename *rename)
{
	struct berval dn = BER_BVNULL, ndn = BER_BVNULL, owner;
	Modifications **mods;
	int i;

	if (dn_match(&one->ndn, &rename->ndn)) {
		/* The organization itself is what is renamed: in the same modification. */
		mods = &w->op->orr_modlist;
	} else if (dnIsSuffix(&one->ndn, &rename->ndn)) {
		dn_moved(&one->dn, &one->ndn, &rename->ndn, &rename->new_dn, &dn);
		dn_moved(&one->ndn, &one->ndn, &rename->ndn, &rename->new_ndn, &ndn);
		mods = write_follow(w, &dn, &ndn);
	} else {
		mods = write_follow(w, &one->dn, &one->ndn);
	}
	for (i = 0; !BER_BVISNULL(&one->owners_n[i]); i++) {
		if (!dnIsSuffix(&one->owners_n[i], &rename->ndn))
			continue;
		dn_moved(&one->owners[i], &one->owners_n[i], &rename->ndn, &rename->new_dn, &owner);
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.owner, &one->owners[i]);
		mods_add(mods, LDAP_MOD_ADD, muster_ad.owner, &owner);
		ch_free(owner.bv_val);
	}
	ch_free(dn.bv_val);
	ch_free(ndn.bv_val);
}

/* check_leaves - who goes to another organization is no OWNER of the one that is left */
static int
check_leaves(struct write *w, const struct organization *list, const struct rename *rename)
{
	struct berval rdn;
	char text[WRITE_TEXT_MAX];
	int i;

	if (!rename->leaves)
		return LDAP_SUCCESS;
	for (; list != NULL; list = list->next) {
		/* A platform member lies in no organization, and an organization takes its members along. */
		if (dnIsSuffix(&list->ndn, &rename->ndn))
			continue;
		for (i = 0; !BER_BVISNULL(&list->owners_n[i]); i++) {
			if (!dnIsSuffix(&list->owners_n[i], &rename->ndn) || !dnIsSuffix(&list->owners_n[i], &list->ndn))
				continue;
			dnRdn((struct berval *)&list->dn, &rdn);
			w->rule = RULE_LAST;
			snprintf(text, sizeof(text), "an OWNER of %.*s does not leave it: remove the value of owner first",
			         (int)(rdn.bv_len < 100 ? rdn.bv_len : 100), rdn.bv_val);
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
		}
	}
	return LDAP_SUCCESS;
}

int
write_follow_owners(struct write *w, const struct rename *rename, int below)
{
	struct organization *list, *one;
	int rc;

	if (organizations_owned(w->op, w->m, &rename->ndn, below, &list) != LDAP_SUCCESS)
		rc = refuse_unknown(w);
	else
		rc = check_leaves(w, list, rename);
	for (one = list; one != NULL && rc == LDAP_SUCCESS; one = one->next)
		follow_one(w, one, rename);
	organizations_free(&list);
	return rc;
}
