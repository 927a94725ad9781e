/*
 * organization.c - organizations and who owns them, read from the database.
 */
#include "slapd/organization.h"

#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define OWNED_FILTER "(&(objectClass=musterOrganization)(owner=%s))"
#define ANY_FILTER "(objectClass=musterOrganization)"

void
organizations_free(struct organization **list)
{
	struct organization *one;

	while ((one = *list) != NULL) {
		*list = one->next;
		ch_free(one->dn.bv_val);
		ch_free(one->ndn.bv_val);
		ber_bvarray_free(one->owners);
		ber_bvarray_free(one->owners_n);
		ch_free(one);
	}
}

struct owned_search {
	const struct berval *ndn;
	int below;
	struct organization *list;
};

static int
is_concerned(const Attribute *owners, const struct owned_search *search)
{
	unsigned i;

	for (i = 0; i < owners->a_numvals; i++)
		if (search->below ? dnIsSuffix(&owners->a_nvals[i], search->ndn) : dn_match(&owners->a_nvals[i], search->ndn))
			return 1;
	return 0;
}

static void
owned_found(Entry *e, void *arg)
{
	struct owned_search *search = arg;
	Attribute *owners = attr_find(e->e_attrs, muster_ad.owner);
	struct organization *one;

	if (owners == NULL || !is_concerned(owners, search))
		return;
	one = ch_calloc(1, sizeof(*one));
	ber_dupbv(&one->dn, &e->e_name);
	ber_dupbv(&one->ndn, &e->e_nname);
	ber_bvarray_dup_x(&one->owners, owners->a_vals, NULL);
	ber_bvarray_dup_x(&one->owners_n, owners->a_nvals, NULL);
	one->next = search->list;
	search->list = one;
}

int
organizations_owned(Operation *op, struct muster *m, const struct berval *ndn, int below,
                    struct organization **list_out)
{
	struct owned_search search = { ndn, below, NULL };
	char *filter = below ? NULL : filter_text(OWNED_FILTER, ndn);
	int rc;

	rc = internal_search(op, m->db, &m->db->be_nsuffix[0], below ? ANY_FILTER : filter, 0, owned_found, &search);
	ch_free(filter);
	*list_out = search.list;
	return rc == LDAP_NO_SUCH_OBJECT ? LDAP_SUCCESS : rc;
}

/* is_active - an entry is that of a member who may log in as far as its status goes */
static int
is_active(Entry *e)
{
	Attribute *status = attr_find(e->e_attrs, muster_ad.status);

	return member_is(e) && (status == NULL || strcasecmp(status->a_vals[0].bv_val, "active") == 0);
}

int
owner_is_active(Operation *op, struct muster *m, struct berval *ndn)
{
	BackendDB *saved = op->o_bd;
	int active = 0;
	Entry *e;

	if (!dnIsSuffix(ndn, &m->db->be_nsuffix[0]))
		return 0;
	op->o_bd = m->db;
	e = entry_fetch(op, ndn);
	if (e != NULL) {
		active = is_active(e);
		be_entry_release_r(op, e);
	}
	op->o_bd = saved;
	return active;
}

int
owners_have_active(Operation *op, struct muster *m, BerVarray owners_n, const struct berval *without)
{
	int i;

	for (i = 0; owners_n != NULL && !BER_BVISNULL(&owners_n[i]); i++)
		if ((without == NULL || !dnIsSuffix(&owners_n[i], without)) && owner_is_active(op, m, &owners_n[i]))
			return 1;
	return 0;
}

void
organization_of(Operation *op, struct muster *m, const struct berval *ndn, struct berval *out)
{
	BackendDB *saved = op->o_bd;
	Entry *e;

	BER_BVZERO(out);
	op->o_bd = m->db;
	e = organization_above(op, m, ndn);
	if (e != NULL) {
		ber_dupbv(out, &e->e_nname);
		be_entry_release_r(op, e);
	}
	op->o_bd = saved;
}

/* is_member_there - an entry of a class that may own: an IAM member, or a platform member */
static int
is_member_there(Operation *op, struct muster *m, struct berval *ndn, const ObjectClass *class)
{
	BackendDB *saved = op->o_bd;
	int is = 0;
	Entry *e;

	op->o_bd = m->db;
	e = entry_fetch(op, ndn);
	if (e != NULL) {
		is = is_entry_objectclass(e, (ObjectClass *)class, 0);
		be_entry_release_r(op, e);
	}
	op->o_bd = saved;
	return is;
}

int
owner_allowed(Operation *op, struct muster *m, const struct berval *organization_ndn, struct berval *owner_ndn,
              enum organization_stage stage)
{
	struct berval own;
	int allowed;

	if (!dnIsSuffix(owner_ndn, &m->db->be_nsuffix[0]))
		return 0;
	if (!dnIsSuffix(owner_ndn, organization_ndn))
		return is_member_there(op, m, owner_ndn, muster_oc_account);
	if (stage == ORGANIZATION_ADDED)
		return !dn_match(owner_ndn, organization_ndn);
	/* Organizations do not nest, but one that was there before that rule may. */
	organization_of(op, m, owner_ndn, &own);
	allowed = (stage == ORGANIZATION_MADE_OF_ENTRY ? BER_BVISNULL(&own) : bvmatch(&own, organization_ndn)) &&
	          is_member_there(op, m, owner_ndn, muster_oc_member);
	ch_free(own.bv_val);
	return allowed;
}

void
dn_moved(const struct berval *dn, const struct berval *ndn, const struct berval *from, const struct berval *to,
         struct berval *out)
{
	struct berval at = *ndn, rest = *dn, up;
	ber_len_t front;

	/* As many parts in front as the normalized form has, whose length may be another. */
	while (at.bv_len > from->bv_len) {
		dnParent(&at, &up);
		at = up;
		dnParent(&rest, &up);
		rest = up;
	}
	front = (ber_len_t)(rest.bv_val - dn->bv_val);
	out->bv_len = front + to->bv_len;
	out->bv_val = ch_malloc(out->bv_len + 1);
	memcpy(out->bv_val, dn->bv_val, front);
	memcpy(out->bv_val + front, to->bv_val, to->bv_len);
	out->bv_val[out->bv_len] = '\0';
}
