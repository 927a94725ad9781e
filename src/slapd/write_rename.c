/*
 * write_rename.c - an entry gets another name or place: what must not come to lie in an organization that way, and what keeps
 *                  the name by which others call it.
 */
#include "slapd/write.h"

#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/organization.h"

#define CONCERNED_FILTER \
	"(|(objectClass=musterAccount)(objectClass=musterOrganization)(objectClass=musterMember)(objectClass=musterService))"

static void
rename_begin(struct write *w, struct rename *rename)
{
	Operation *op = w->op;
	struct berval from = BER_BVNULL, to = BER_BVNULL, parent, nparent;

	memset(rename, 0, sizeof(*rename));
	ber_dupbv(&rename->ndn, &op->o_req_ndn);
	if (op->orr_newSup != NULL) {
		parent = *op->orr_newSup;
		nparent = *op->orr_nnewSup;
	} else {
		dnParent(&op->o_req_dn, &parent);
		dnParent(&op->o_req_ndn, &nparent);
	}
	build_new_dn(&rename->new_dn, &parent, &op->orr_newrdn, NULL);
	build_new_dn(&rename->new_ndn, &nparent, &op->orr_nnewrdn, NULL);
	organization_of(op, w->m, &rename->ndn, &from);
	organization_of(op, w->m, &rename->new_ndn, &to);
	rename->leaves = BER_BVISNULL(&from) ? !BER_BVISNULL(&to) : !bvmatch(&from, &to);
	rename->inside = !BER_BVISNULL(&to);
	ch_free(from.bv_val);
	ch_free(to.bv_val);
}

static void
rename_end(struct rename *rename)
{
	ch_free(rename->ndn.bv_val);
	ch_free(rename->new_dn.bv_val);
	ch_free(rename->new_ndn.bv_val);
}

/* --- place --------------------------------------------------------------------------------------------------- */

/* What is at and below an entry. */
struct contents {
	int account, organization, member, service;
};

static void
count_class(Entry *e, void *arg)
{
	struct contents *contents = arg;

	contents->account |= is_entry_objectclass(e, muster_oc_account, 0);
	contents->organization |= is_entry_objectclass(e, muster_oc_organization, 0);
	contents->member |= is_entry_objectclass(e, muster_oc_member, 0);
	contents->service |= is_entry_objectclass(e, muster_oc_service, 0);
}

/*
 * check_place - in: of  the entry itself. Its new place is another organization, or none. Who may write where it is and where it
 *               goes manages both: the database asks for that.
 */
static int
check_place(struct write *w, const struct rename *rename, Entry *of)
{
	struct contents contents = { 0 };
	struct berval ndn = rename->ndn;
	int rc;

	rc = internal_search(w->op, w->m->db, &ndn, CONCERNED_FILTER, 0, count_class, &contents);
	if (rc != LDAP_SUCCESS)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "what lies below this entry cannot be looked up: see slapd's log");
	if (rename->inside && contents.organization)
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, WRITE_TEXT_NESTED);
	if (rename->inside && contents.account)
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, WRITE_TEXT_ACCOUNT);
	/* An organization takes what lies in it along. */
	if (contents.organization || write_overrides(w, of, slap_schema.si_ad_entry))
		return LDAP_SUCCESS;
	if (contents.service)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "a service stays in its organization: remove it there, and add it where it is used");
	if (contents.member && !rename->inside)
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION,
		                    "an IAM member (musterMember) lies in an organization: suspend or delete it there");
	return LDAP_SUCCESS;
}

/* --- names --------------------------------------------------------------------------------------------------- */

/* check_own - what the name of this very entry is for others */
static int
check_own(struct write *w, Entry *e)
{
	const Modifications *ml;
	int rc = LDAP_SUCCESS;

	if (is_entry_objectclass(e, muster_oc_service, 0) && !write_overrides(w, e, slap_schema.si_ad_entry))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the name of a service is that of the catalogue: change displayName, or remove the service and "
		                    "add another");
	if (!is_entry_objectclass(e, muster_oc_organization, 0))
		return LDAP_SUCCESS;
	for (ml = w->op->orr_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			rc = write_check_name(w, ml->sml_desc, ml->sml_values);
	if (rc == LDAP_SUCCESS)
		write_keep_policy(w, e);
	return rc;
}

int
write_check_rename(struct write *w)
{
	struct rename rename;
	int rc, below;
	Entry *e;

	e = write_entry_get(w, &w->op->o_req_ndn);
	if (e == NULL)
		return LDAP_SUCCESS;
	/* The database refuses who may not rename, and nothing is learnt here. */
	if (!write_may_write_entry(w, e)) {
		write_entry_release(w, e);
		return LDAP_SUCCESS;
	}
	rename_begin(w, &rename);
	rc = check_own(w, e);
	if (rc == LDAP_SUCCESS && rename.leaves)
		rc = check_place(w, &rename, e);
	if (rc == LDAP_SUCCESS && is_entry_objectclass(e, muster_oc_organization, 0))
		rc = write_follow_service_names(w, &rename, e);
	below = write_has_children(w, e);
	if (rc == LDAP_SUCCESS && (below || member_is(e)))
		rc = write_follow_owners(w, &rename, below);
	if (rc == LDAP_SUCCESS && (below || member_is(e)))
		rc = write_follow_applicants(w, &rename, below);
	write_entry_release(w, e);
	rename_end(&rename);
	return rc;
}
