/*
 * write_applicant.c - what becomes of applications and of the operators' role when a member gets another name, or is deleted:
 *                     whoever gets the name next is somebody else.
 */
#include "slapd/write.h"

#include "common/err.h"
#include "slapd/application.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/organization.h"

#define OPERATORS "cn=operators,ou=programs,"
#define NAMING_APPLICANT "(&(objectClass=musterApplication)(musterApplicant=%s))"
#define NAMING_ANYBODY "(&(objectClass=musterApplication)(musterApplicant=*))"
#define TEXT_STORE "applications of this member cannot be looked up: see slapd's log"

/* An entry that names somebody at or below an entry. */
struct naming {
	struct berval dn, ndn;
	struct berval named, named_ndn; /* as it does */
	int filed;
	struct naming *next;
};

struct search {
	const struct berval *ndn;
	AttributeDescription *ad;
	struct naming *found;
};

static void
remember(Entry *e, void *arg)
{
	struct search *search = arg;
	Attribute *a = attr_find(e->e_attrs, search->ad), *state = attr_find(e->e_attrs, muster_ad.application_state);
	struct naming *one;
	unsigned i;

	for (i = 0; a != NULL && i < a->a_numvals; i++) {
		if (!dnIsSuffix(&a->a_nvals[i], search->ndn))
			continue;
		one = ch_calloc(1, sizeof(*one));
		ber_dupbv(&one->dn, &e->e_name);
		ber_dupbv(&one->ndn, &e->e_nname);
		ber_dupbv(&one->named, &a->a_vals[i]);
		ber_dupbv(&one->named_ndn, &a->a_nvals[i]);
		one->filed = application_state_of(state != NULL ? &state->a_vals[0] : NULL) == APPLICATION_FILED;
		one->next = search->found;
		search->found = one;
	}
}

static void
naming_free(struct naming *list)
{
	struct naming *one;

	while ((one = list) != NULL) {
		list = one->next;
		ch_free(one->dn.bv_val);
		ch_free(one->ndn.bv_val);
		ch_free(one->named.bv_val);
		ch_free(one->named_ndn.bv_val);
		ch_free(one);
	}
}

/*
 * find_applications - in: below  1: of the entries below ndn, too
 * error: ERR_IO
 */
static int
find_applications(struct write *w, const struct berval *ndn, int below, struct naming **list_out)
{
	struct search search = { ndn, muster_ad.applicant, NULL };
	char *filter = filter_text(below ? NAMING_ANYBODY : NAMING_APPLICANT, ndn);
	int rc = internal_search(w->op, w->m->db, &w->m->base_ndn, filter, 0, remember, &search);

	ch_free(filter);
	*list_out = search.found;
	return rc == LDAP_SUCCESS || rc == LDAP_NO_SUCH_OBJECT ? 0 : ERR_IO;
}

/* find_operators - the entry of the role, once for each of its values at or below ndn */
static struct naming *
find_operators(struct write *w, const struct berval *ndn)
{
	struct search search = { ndn, muster_ad.role_occupant, NULL };
	struct berval role;
	Entry *e;

	role.bv_len = STRLENOF(OPERATORS) + w->m->base_ndn.bv_len;
	role.bv_val = ch_malloc(role.bv_len + 1);
	memcpy(role.bv_val, OPERATORS, STRLENOF(OPERATORS));
	memcpy(role.bv_val + STRLENOF(OPERATORS), w->m->base_ndn.bv_val, w->m->base_ndn.bv_len + 1);
	e = write_entry_get(w, &role);
	if (e != NULL) {
		remember(e, &search);
		write_entry_release(w, e);
	}
	ch_free(role.bv_val);
	return search.found;
}

/* --- another name ---------------------------------------------------------------------------------------------- */

static void
follow(struct write *w, struct naming *list, AttributeDescription *ad, const struct rename *rename)
{
	Modifications **mods;
	struct berval moved;

	for (; list != NULL; list = list->next) {
		mods = write_follow(w, &list->dn, &list->ndn);
		dn_moved(&list->named, &list->named_ndn, &rename->ndn, &rename->new_dn, &moved);
		mods_add(mods, LDAP_MOD_DELETE, ad, &list->named);
		mods_add(mods, LDAP_MOD_ADD, ad, &moved);
		ch_free(moved.bv_val);
	}
}

int
write_follow_applicants(struct write *w, const struct rename *rename, int below)
{
	struct naming *applications = NULL, *operators;
	int r = find_applications(w, &rename->ndn, below, &applications);

	if (r == 0) {
		operators = find_operators(w, &rename->ndn);
		follow(w, applications, muster_ad.applicant, rename);
		follow(w, operators, muster_ad.role_occupant, rename);
		naming_free(operators);
	}
	naming_free(applications);
	return r == 0 ? LDAP_SUCCESS : write_refuse(w, LDAP_OTHER, TEXT_STORE);
}

/* --- deleted --------------------------------------------------------------------------------------------------- */

/*
 * keep - a decided application says whose it was by a name that nobody can have: entryUUID is no part of a name that anybody
 *        gives. The login stays readable.
 */
static void
keep(struct write *w, const struct naming *one, const struct berval *uuid)
{
	Modifications **mods = write_follow(w, &one->dn, &one->ndn);
	struct berval name;

	name.bv_len = STRLENOF("entryUUID=+") + uuid->bv_len + one->named.bv_len;
	name.bv_val = ch_malloc(name.bv_len + 1);
	snprintf(name.bv_val, name.bv_len + 1, "entryUUID=%s+%s", uuid->bv_val, one->named.bv_val);
	mods_add(mods, LDAP_MOD_REPLACE, muster_ad.applicant, &name);
	ch_free(name.bv_val);
}

/* take_along - a filed application goes with its member, and its documents before it */
static int
take_along(struct write *w, struct naming *one)
{
	BerVarray dns, ndns;
	int i;

	if (application_documents(w, &one->ndn, &dns, &ndns) < 0)
		return ERR_IO;
	for (i = 0; ndns != NULL && !BER_BVISNULL(&ndns[i]); i++)
		write_follow_delete(w, &dns[i], &ndns[i]);
	write_follow_delete(w, &one->dn, &one->ndn);
	ber_bvarray_free(dns);
	ber_bvarray_free(ndns);
	return 0;
}

int
write_follow_gone(struct write *w, Entry *e)
{
	Attribute *uuid = attr_find(e->e_attrs, slap_schema.si_ad_entryUUID);
	struct naming *applications = NULL, *operators, *one;
	int r = find_applications(w, &e->e_nname, 0, &applications);

	for (one = applications; one != NULL && r == 0; one = one->next) {
		if (one->filed || uuid == NULL)
			r = take_along(w, one);
		else
			keep(w, one, &uuid->a_vals[0]);
	}
	naming_free(applications);
	if (r < 0)
		return write_refuse(w, LDAP_OTHER, TEXT_STORE);
	operators = find_operators(w, &e->e_nname);
	for (one = operators; one != NULL; one = one->next)
		mods_add(write_follow(w, &one->dn, &one->ndn), LDAP_MOD_DELETE, muster_ad.role_occupant, &one->named);
	naming_free(operators);
	return LDAP_SUCCESS;
}
