/*
 * write_policy.c - policies and the entries that name them: numbers that go together, and no members without a policy.
 */
#include "slapd/entry.h"
#include "slapd/write.h"

#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/policy.h"

#define POLICY_RDN "cn=policy"

/* --- numbers that go together --------------------------------------------------------------------------- */

int
write_apply(struct write *w, Entry *copy, Modifications *ml)
{
	Operation *op = w->op;
	char buffer[SLAP_TEXT_BUFLEN];
	const char *text = NULL;

	switch (ml->sml_op) {
	case LDAP_MOD_ADD:
		return modify_add_values(copy, &ml->sml_mod, get_permissiveModify(op), &text, buffer, sizeof(buffer));
	case LDAP_MOD_DELETE:
		return modify_delete_values(copy, &ml->sml_mod, get_permissiveModify(op), &text, buffer, sizeof(buffer));
	case LDAP_MOD_REPLACE:
		return modify_replace_values(copy, &ml->sml_mod, get_permissiveModify(op), &text, buffer, sizeof(buffer));
	default:
		return LDAP_OTHER;
	}
}

int
write_check_policy(struct write *w, Entry *e)
{
	char text[WRITE_TEXT_MAX];

	return policy_check_entry(e, text, sizeof(text)) == 0 ? LDAP_SUCCESS
	                                                      : write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

int
write_check_policy_after(struct write *w, Entry *e, int changed)
{
	Modifications *ml;
	int rc = LDAP_SUCCESS;
	Entry *copy;

	/* Who may not write learns nothing of the numbers from a refusal. */
	if (!write_may_modify(w, e))
		return LDAP_SUCCESS;
	copy = entry_dup(e);
	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next) {
		if ((ml->sml_flags & SLAP_MOD_INTERNAL) || !policy_is_rule(ml->sml_desc))
			continue;
		rc = write_apply(w, copy, ml);
		changed = 1;
	}
	rc = rc == LDAP_SUCCESS && changed ? write_check_policy(w, copy) : LDAP_SUCCESS;
	entry_free(copy);
	return rc;
}

/* --- what an organization names ---------------------------------------------------------------------------- */

/* is_usable - 1 when an entry is there that members can live under. op->o_bd is the database. */
static int
is_usable(struct write *w, struct berval *ndn)
{
	Entry *e = dnIsSuffix(ndn, &w->m->db->be_nsuffix[0]) ? entry_fetch(w->op, ndn) : NULL;
	char text[WRITE_TEXT_MAX];
	int usable;

	if (e == NULL)
		return 0;
	usable = is_entry_objectclass_or_sub(e, muster_oc_policy) && policy_check_entry(e, text, sizeof(text)) == 0;
	be_entry_release_r(w->op, e);
	return usable;
}

/* is_foreign - 1 when a policy lies in an organization that is not the one of the operation */
static int
is_foreign(struct write *w, struct berval *ndn)
{
	Entry *above = organization_above(w->op, w->m, ndn);
	int foreign;

	if (above == NULL)
		return 0;
	foreign = !dn_match(&above->e_nname, &w->op->o_req_ndn);
	be_entry_release_r(w->op, above);
	return foreign;
}

int
write_check_policy_entry(struct write *w, BerVarray nvalues, int adding)
{
	BackendDB *own = w->op->o_bd;
	int good;

	if (nvalues == NULL || BER_BVISNULL(&nvalues[0]) || (adding && dnIsSuffix(&nvalues[0], &w->op->o_req_ndn)))
		return LDAP_SUCCESS;
	w->op->o_bd = w->m->db;
	/* Owners name policies: those of others are not theirs to know of, nor to keep from being deleted. */
	good = !is_foreign(w, &nvalues[0]) && is_usable(w, &nvalues[0]);
	w->op->o_bd = own;
	return good ? LDAP_SUCCESS
	            : write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
	                           "musterPolicyEntry: name the organization's own policy or a template: an entry with class "
	                           "musterPolicy whose numbers can be used");
}

/* --- a policy that members live under ------------------------------------------------------------------------ */

/* Organizations that name an entry, or one below it. */
struct naming {
	struct berval *ndn;
	BerVarray organizations;
};

static void
remember_naming(Entry *e, void *arg)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.policy_entry);
	struct naming *naming = arg;
	struct berval copy;

	if (a == NULL || !dnIsSuffix(&a->a_nvals[0], naming->ndn))
		return;
	ber_dupbv(&copy, &e->e_nname);
	ber_bvarray_add(&naming->organizations, &copy);
}

static void
remember_any(Entry *e, void *arg)
{
	(void)e;
	*(int *)arg = 1;
}

static int
has_members(struct write *w, struct berval *organization_ndn)
{
	int any = 0, rc;

	rc = internal_search(w->op, w->m->db, organization_ndn, "(|(objectClass=musterMember)(objectClass=musterAccount))", 1,
	                     remember_any, &any);
	return any || (rc != LDAP_SUCCESS && rc != LDAP_NO_SUCH_OBJECT);
}

/* is_named - 1 when an organization with members names a policy, or one below it */
static int
is_named(struct write *w, struct berval *ndn)
{
	struct naming naming = { .ndn = ndn };
	int i, rc, named = 0;

	rc = internal_search(w->op, w->m->db, &w->m->db->be_nsuffix[0], "(musterPolicyEntry=*)", 0, remember_naming, &naming);
	for (i = 0; naming.organizations != NULL && !BER_BVISNULL(&naming.organizations[i]) && !named; i++)
		named = has_members(w, &naming.organizations[i]);
	ber_bvarray_free(naming.organizations);
	return named || rc != LDAP_SUCCESS;
}

/* is_own - 1 when a policy is found by its place: cn=policy below an organization with members that names none */
static int
is_own(struct write *w, struct berval *policy_ndn)
{
	BackendDB *own = w->op->o_bd;
	struct berval parent, rdn;
	Entry *e;
	int found = 0;

	dnRdn(policy_ndn, &rdn);
	if (rdn.bv_len != sizeof(POLICY_RDN) - 1 || memcmp(rdn.bv_val, POLICY_RDN, rdn.bv_len) != 0)
		return 0;
	dnParent(policy_ndn, &parent);
	w->op->o_bd = w->m->db;
	e = entry_fetch(w->op, &parent);
	if (e != NULL) {
		found = is_entry_objectclass(e, muster_oc_organization, 0) &&
		        attr_find(e->e_attrs, muster_ad.policy_entry) == NULL;
		be_entry_release_r(w->op, e);
	}
	w->op->o_bd = own;
	return found && has_members(w, &parent);
}

/*
 * may_hold_policies - 1 for a policy, and for what has entries below it that could be some; an organization takes its own
 *                     along
 */
static int
may_hold_policies(struct write *w, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int below = LDAP_COMPARE_FALSE;

	if (is_entry_objectclass_or_sub(e, muster_oc_policy) || attr_find(e->e_attrs, muster_ad.pwd_attribute) != NULL)
		return 1;
	if (member_is(e) || is_entry_objectclass_or_sub(e, muster_oc_organization))
		return 0;
	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	if (w->op->o_bd->be_has_subordinates == NULL || w->op->o_bd->be_has_subordinates(w->op, e, &below) != LDAP_SUCCESS)
		below = LDAP_COMPARE_TRUE;
	w->op->o_bd->bd_info = own;
	return below != LDAP_COMPARE_FALSE;
}

int
write_check_policy_gone(struct write *w)
{
	struct berval ndn = w->op->o_req_ndn;
	Entry *e = write_entry_get(w, &ndn);
	int concerned;

	if (e == NULL)
		return LDAP_SUCCESS;
	/* Who may not write it is refused by the database, and learns nothing here. */
	concerned = may_hold_policies(w, e) && write_may_write_entry(w, e) &&
	            !write_overrides(w, e, slap_schema.si_ad_entry);
	write_entry_release(w, e);
	if (!concerned)
		return LDAP_SUCCESS;
	if (!BER_BVISNULL(&w->m->policy_ndn) && dnIsSuffix(&w->m->policy_ndn, &ndn))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "olcMusterPolicy names this policy: have another one named there first");
	if (is_named(w, &ndn) || is_own(w, &ndn))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "members live under this policy: give their organization another one (musterPolicyEntry) "
		                    "first");
	return LDAP_SUCCESS;
}

void
write_keep_policy(struct write *w, Entry *e)
{
	Operation *op = w->op;
	Attribute *a = attr_find(e->e_attrs, muster_ad.policy_entry);
	struct berval parent, new_ndn = BER_BVNULL, value;
	ber_len_t front;

	if (a == NULL || !dnIsSuffix(&a->a_nvals[0], &e->e_nname) || dn_match(&a->a_nvals[0], &e->e_nname))
		return;
	if (op->orr_nnewSup != NULL)
		parent = *op->orr_nnewSup;
	else
		dnParent(&e->e_nname, &parent);
	build_new_dn(&new_ndn, &parent, &op->orr_nnewrdn, NULL);
	front = a->a_nvals[0].bv_len - e->e_nname.bv_len;
	value.bv_len = front + new_ndn.bv_len;
	value.bv_val = ch_malloc(value.bv_len + 1);
	memcpy(value.bv_val, a->a_nvals[0].bv_val, front);
	memcpy(value.bv_val + front, new_ndn.bv_val, new_ndn.bv_len + 1);
	mods_add(&op->orr_modlist, LDAP_MOD_REPLACE, muster_ad.policy_entry, &value);
	ch_free(value.bv_val);
	ch_free(new_ndn.bv_val);
}
