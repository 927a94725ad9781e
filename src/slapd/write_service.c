/*
 * write_service.c - services that organizations use: cn=<service>,ou=services,o=... The catalogue (olcMusterService) says which
 *                   there are; the access URL is written here, from the domain of the organization, and follows it.
 */
#include "slapd/write.h"

#include "common/err.h"
#include "core/service.h"
#include "slapd/config_organization.h"
#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/organization.h"

#define SERVICES_RDN "ou=services"
#define SERVICE_FILTER "(objectClass=musterService)"

/* rdn_value - the value of a normalized name's first part, as it is stored in the entry */
static const struct berval *
rdn_value(Entry *e)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.cn);
	struct berval rdn;
	unsigned i;

	dnRdn(&e->e_nname, &rdn);
	for (i = 0; a != NULL && i < a->a_numvals; i++)
		if (rdn.bv_len == a->a_nvals[i].bv_len + STRLENOF("cn=") &&
		    memcmp(rdn.bv_val + STRLENOF("cn="), a->a_nvals[i].bv_val, a->a_nvals[i].bv_len) == 0)
			return &a->a_nvals[i];
	return NULL;
}

static int
refuse_unlisted(struct write *w)
{
	size_t used;
	char text[WRITE_TEXT_MAX];
	int i;

	used = (size_t)snprintf(text, sizeof(text), "cn: no service of the catalogue (olcMusterService), which has");
	for (i = 0; i < w->m->catalogue_len && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s", i > 0 ? "," : "", w->m->catalogue[i].name);
	if (w->m->catalogue_len == 0)
		snprintf(text + used, sizeof(text) - used, " none");
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

/* service_organization - the entry of the organization whose ou=services this is in, NULL when it is elsewhere. op->o_bd is the
 *                        database's. */
static Entry *
service_organization(struct write *w, Entry *e)
{
	struct berval parent, grand, rdn;
	Entry *organization;

	dnParent(&e->e_nname, &parent);
	dnRdn(&parent, &rdn);
	if (rdn.bv_len != STRLENOF(SERVICES_RDN) || memcmp(rdn.bv_val, SERVICES_RDN, rdn.bv_len) != 0)
		return NULL;
	dnParent(&parent, &grand);
	organization = entry_fetch(w->op, &grand);
	if (organization != NULL && !is_entry_objectclass(organization, muster_oc_organization, 0)) {
		be_entry_release_r(w->op, organization);
		organization = NULL;
	}
	return organization;
}

/* What is written into a service entry. */
struct service_facts {
	char url[SERVICE_URL_MAX];
	struct berval name; /* of the organization; ch_free() */
};

/* organization_name - o of an organization, as its name has it when there are several */
static void
organization_name(Entry *organization, struct berval *out)
{
	Attribute *a = attr_find(organization->e_attrs, muster_ad.o);
	struct berval rdn;
	unsigned i, which = 0;

	BER_BVZERO(out);
	if (a == NULL)
		return;
	dnRdn(&organization->e_nname, &rdn);
	for (i = 0; i < a->a_numvals; i++)
		if (rdn.bv_len == a->a_nvals[i].bv_len + STRLENOF("o=") &&
		    memcmp(rdn.bv_val + STRLENOF("o="), a->a_nvals[i].bv_val, a->a_nvals[i].bv_len) == 0)
			which = i;
	ber_dupbv(out, &a->a_vals[which]);
}

/* facts_find - of a service entry that is about to be one. facts->name is to be freed on every path */
static int
facts_find(struct write *w, Entry *e, struct service_facts *facts)
{
	BackendDB *own = w->op->o_bd;
	const struct service *service;
	const struct berval *name = rdn_value(e);
	Entry *organization;
	Attribute *domain = NULL;
	int r = ERR_NOT_FOUND;

	memset(facts, 0, sizeof(*facts));
	w->op->o_bd = w->m->db;
	organization = service_organization(w, e);
	if (organization != NULL) {
		domain = attr_find(organization->e_attrs, muster_ad.domain);
		organization_name(organization, &facts->name);
		service = name != NULL ? service_of(w->m, name) : NULL;
		if (service != NULL && domain != NULL)
			r = service_url(service, domain->a_vals[0].bv_val, domain->a_vals[0].bv_len, facts->url);
		be_entry_release_r(w->op, organization);
	}
	w->op->o_bd = own;
	if (organization == NULL)
		return write_refuse(w, LDAP_NAMING_VIOLATION,
		                    "a service lies below ou=services of an organization: cn=<service>,ou=services,o=...");
	return r == 0 ? LDAP_SUCCESS : refuse_unlisted(w);
}

/* refuse_url - somebody writes what follows from the domain */
static int
refuse_url(struct write *w)
{
	return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
	                    "labeledURI of a service is written by the server: change the domain of the organization (musterDomain)");
}

int
write_check_service_added(struct write *w, Entry *e)
{
	struct service_facts facts;
	struct berval value;
	int rc;

	if (!is_entry_objectclass(e, muster_oc_service, 0))
		return LDAP_SUCCESS;
	/* Who may not add learns nothing of the catalogue or of a domain. */
	rc = write_may_add(w, e);
	if (rc != LDAP_SUCCESS || write_overrides(w, e, muster_ad.labeled_uri))
		return rc;
	if (attr_find(e->e_attrs, muster_ad.labeled_uri) != NULL)
		return refuse_url(w);
	rc = facts_find(w, e, &facts);
	if (rc == LDAP_SUCCESS) {
		ber_str2bv(facts.url, 0, 0, &value);
		attr_merge_normalize_one(e, muster_ad.labeled_uri, &value, NULL);
		if (attr_find(e->e_attrs, muster_ad.display_name) == NULL && !BER_BVISNULL(&facts.name))
			attr_merge_normalize_one(e, muster_ad.display_name, &facts.name, NULL);
	}
	ch_free(facts.name.bv_val);
	return rc;
}

int
write_check_service_modified(struct write *w, Entry *e, int becomes)
{
	struct service_facts facts;
	int rc;

	if ((!becomes && !is_entry_objectclass(e, muster_oc_service, 0)) || !write_may_modify(w, e) ||
	    write_overrides(w, e, muster_ad.labeled_uri))
		return LDAP_SUCCESS;
	if (write_changes(w, muster_ad.labeled_uri))
		return refuse_url(w);
	if (!becomes)
		return LDAP_SUCCESS;
	rc = facts_find(w, e, &facts);
	if (rc == LDAP_SUCCESS) {
		mods_add_text(&w->op->orm_modlist, LDAP_MOD_REPLACE, muster_ad.labeled_uri, facts.url);
		if (attr_find(e->e_attrs, muster_ad.display_name) == NULL && !write_changes(w, muster_ad.display_name) &&
		    !BER_BVISNULL(&facts.name))
			mods_add(&w->op->orm_modlist, LDAP_MOD_ADD, muster_ad.display_name, &facts.name);
	}
	ch_free(facts.name.bv_val);
	return rc;
}

/* --- what follows the organization ------------------------------------------------------------------------------- */

struct following {
	struct write *w;
	const struct berval *domain;  /* new one, NULL: it stays */
	const struct rename *rename;  /* NULL: the organization keeps its name */
	struct berval name, new_name; /* of the organization */
};

/* follow_domain - service entry e has another access URL */
static void
follow_domain(struct following *f, Entry *e)
{
	const struct berval *name = rdn_value(e);
	const struct service *service = name != NULL ? service_of(f->w->m, name) : NULL;
	char url[SERVICE_URL_MAX];

	/* What the catalogue has no longer keeps what it had. */
	if (service == NULL || service_url(service, f->domain->bv_val, f->domain->bv_len, url) != 0)
		return;
	mods_add_text(write_follow(f->w, &e->e_name, &e->e_nname), LDAP_MOD_REPLACE, muster_ad.labeled_uri, url);
}

/* follow_name - service entry e shows the name of the organization, unless it was given one of its own */
static void
follow_name(struct following *f, Entry *e)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.display_name);
	struct berval dn, ndn;

	if (a == NULL || !bvmatch(&a->a_vals[0], &f->name))
		return;
	dn_moved(&e->e_name, &e->e_nname, &f->rename->ndn, &f->rename->new_dn, &dn);
	dn_moved(&e->e_nname, &e->e_nname, &f->rename->ndn, &f->rename->new_ndn, &ndn);
	mods_add(write_follow(f->w, &dn, &ndn), LDAP_MOD_REPLACE, muster_ad.display_name, &f->new_name);
	ch_free(dn.bv_val);
	ch_free(ndn.bv_val);
}

static void
follow_found(Entry *e, void *arg)
{
	struct following *f = arg;

	if (f->domain != NULL)
		follow_domain(f, e);
	else
		follow_name(f, e);
}

static int
follow_all(struct following *f, struct berval *ndn)
{
	int rc = internal_search(f->w->op, f->w->m->db, ndn, SERVICE_FILTER, 0, follow_found, f);

	return rc == LDAP_SUCCESS ? rc
	                          : write_refuse(f->w, LDAP_UNWILLING_TO_PERFORM,
	                                         "the services of the organization cannot be looked up: see slapd's log");
}

int
write_follow_domain(struct write *w)
{
	struct following f = { .w = w };
	const Modifications *ml;

	/* The last value given is the one that stays: the attribute has one. */
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (type_is(ml->sml_desc, muster_ad.domain) && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE &&
		    ml->sml_values != NULL)
			f.domain = &ml->sml_values[0];
	return f.domain != NULL ? follow_all(&f, &w->op->o_req_ndn) : LDAP_SUCCESS;
}

int
write_follow_service_names(struct write *w, const struct rename *rename, Entry *organization)
{
	struct following f = { .w = w, .rename = rename };
	struct berval ndn = rename->ndn;
	const Modifications *ml;
	int rc = LDAP_SUCCESS;

	for (ml = w->op->orr_modlist; ml != NULL; ml = ml->sml_next)
		if (type_is(ml->sml_desc, muster_ad.o) && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE && ml->sml_values != NULL)
			f.new_name = ml->sml_values[0];
	organization_name(organization, &f.name);
	if (!BER_BVISNULL(&f.name) && !BER_BVISNULL(&f.new_name))
		rc = follow_all(&f, &ndn);
	ch_free(f.name.bv_val);
	return rc;
}
