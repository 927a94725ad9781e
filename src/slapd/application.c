/*
 * application.c - what is stored of applications.
 */
#include "slapd/application.h"

#include "common/err.h"
#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/muster.h"
#include "slapd/write.h"

#define FOLDER_RDN "ou=applications,"
#define BY_APPLICANT "(&(objectClass=musterApplication)(musterApplicant=%s))"
#define DOCUMENTS "(objectClass=*)"

enum application_place
application_place(const struct muster *m, const struct berval *ndn)
{
	int place = depth_below(m, FOLDER_RDN, ndn);

	return place < 0 ? PLACE_ELSEWHERE : place + PLACE_FOLDER < PLACE_DEEPER ? (enum application_place)(place + PLACE_FOLDER) : PLACE_DEEPER;
}

AttributeDescription *
application_field_ad(enum application_field field)
{
	AttributeDescription *const ads[APPLICATION_FIELDS] = {
		[APPLICATION_NAME] = muster_ad.cn,
		[APPLICATION_SURNAME] = muster_ad.sn,
		[APPLICATION_GIVEN_NAME] = muster_ad.given_name,
		[APPLICATION_BUSINESS_NAME] = muster_ad.o,
		[APPLICATION_MEMBER_TYPE] = muster_ad.member_type,
		[APPLICATION_REGISTRATION_NUMBER] = muster_ad.registration_number,
		[APPLICATION_COUNTRY] = muster_ad.country,
	};

	return ads[field];
}

void
application_facts(Entry *e, struct application_value now_out[APPLICATION_FIELDS])
{
	Attribute *a;
	int i;

	for (i = 0; i < APPLICATION_FIELDS; i++) {
		a = attr_find(e->e_attrs, application_field_ad((enum application_field)i));
		now_out[i] = (struct application_value){ a != NULL ? a->a_vals[0].bv_val : NULL,
		                                         a != NULL ? a->a_vals[0].bv_len : 0 };
	}
}

static int
is_word(const struct berval *value, const char *word)
{
	return value->bv_len == strlen(word) && strncasecmp(value->bv_val, word, value->bv_len) == 0;
}

enum application_state
application_state_of(const struct berval *value)
{
	if (value == NULL)
		return APPLICATION_DAMAGED;
	if (is_word(value, "filed"))
		return APPLICATION_FILED;
	if (is_word(value, "approved"))
		return APPLICATION_APPROVED;
	return is_word(value, "rejected") ? APPLICATION_REJECTED : APPLICATION_DAMAGED;
}

static enum application_state
state_in(Entry *e)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.application_state);

	return application_state_of(a != NULL ? &a->a_vals[0] : NULL);
}

/* read_name - the value of its RDN, in the normalized form, which is lower case */
static void
read_name(struct application *a)
{
	struct berval rdn;

	dnRdn(&a->ndn, &rdn);
	if (rdn.bv_len > STRLENOF("cn=") && memcmp(rdn.bv_val, "cn=", STRLENOF("cn=")) == 0 &&
	    application_name_check(rdn.bv_val + STRLENOF("cn="), rdn.bv_len - STRLENOF("cn=")) == 0)
		snprintf(a->name, sizeof(a->name), "%.*s", (int)(rdn.bv_len - STRLENOF("cn=")), rdn.bv_val + STRLENOF("cn="));
}

int
application_load(struct write *w, struct berval *ndn, struct application *a_out)
{
	Entry *e = write_entry_get(w, ndn);
	Attribute *a;

	memset(a_out, 0, sizeof(*a_out));
	if (e == NULL)
		return ERR_NOT_FOUND;
	if (!is_entry_objectclass(e, muster_oc_application, 0)) {
		write_entry_release(w, e);
		return ERR_NOT_FOUND;
	}
	ber_dupbv(&a_out->dn, &e->e_name);
	ber_dupbv(&a_out->ndn, &e->e_nname);
	read_name(a_out);
	a = attr_find(e->e_attrs, muster_ad.applicant);
	if (a != NULL) {
		ber_dupbv(&a_out->applicant, &a->a_vals[0]);
		ber_dupbv(&a_out->applicant_ndn, &a->a_nvals[0]);
	}
	a_out->state = state_in(e);
	a = attr_find(e->e_attrs, muster_ad.application_change);
	if (a != NULL)
		ber_bvarray_dup_x(&a_out->changes, a->a_vals, NULL);
	write_entry_release(w, e);
	return 0;
}

void
application_free(struct application *a)
{
	ch_free(a->dn.bv_val);
	ch_free(a->ndn.bv_val);
	ch_free(a->applicant.bv_val);
	ch_free(a->applicant_ndn.bv_val);
	ber_bvarray_free(a->changes);
	memset(a, 0, sizeof(*a));
}

static int
refuse_change(struct write *w, const char *what)
{
	char text[STRLENOF("musterApplicationChange: ") + APPLICATION_TEXT_MAX];

	snprintf(text, sizeof(text), "musterApplicationChange: %s", what);
	write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	return ERR_INPUT;
}

int
application_changes(struct write *w, BerVarray values, struct application_value changes_out[APPLICATION_FIELDS])
{
	struct application_value value;
	enum application_field field;
	char wrong[APPLICATION_TEXT_MAX];
	int i;

	memset(changes_out, 0, APPLICATION_FIELDS * sizeof(*changes_out));
	if (values == NULL || BER_BVISNULL(&values[0]))
		return refuse_change(w, "say what is to be changed: \"attribute: value\"");
	for (i = 0; !BER_BVISNULL(&values[i]); i++) {
		if (application_change_parse(values[i].bv_val, values[i].bv_len, &field, &value, wrong) < 0)
			return refuse_change(w, wrong);
		if (changes_out[field].value != NULL)
			return refuse_change(w, "an attribute is asked for once");
		changes_out[field] = value;
	}
	return 0;
}

/* --- others ------------------------------------------------------------------------------------------------ */

struct names {
	BerVarray dns, ndns;
	const struct berval *not;
};

static void
remember_name(Entry *e, void *arg)
{
	struct names *names = arg;
	struct berval copy;

	if (bvmatch(&e->e_nname, names->not))
		return;
	ber_dupbv(&copy, &e->e_name);
	ber_bvarray_add(&names->dns, &copy);
	ber_dupbv(&copy, &e->e_nname);
	ber_bvarray_add(&names->ndns, &copy);
}

int
application_documents(struct write *w, struct berval *ndn, BerVarray *dns_out, BerVarray *ndns_out)
{
	struct names names = { NULL, NULL, ndn };
	int rc = internal_search(w->op, w->m->db, ndn, DOCUMENTS, 0, remember_name, &names);

	*dns_out = names.dns;
	*ndns_out = names.ndns;
	if (rc == LDAP_SUCCESS)
		return 0;
	ber_bvarray_free(names.dns);
	ber_bvarray_free(names.ndns);
	*dns_out = *ndns_out = NULL;
	return ERR_IO;
}

static void
count_open(Entry *e, void *arg)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.application_change);
	struct application_open *open = arg;
	struct application_value value;
	enum application_field field;
	char wrong[APPLICATION_TEXT_MAX];
	unsigned i;

	if (state_in(e) != APPLICATION_FILED)
		return;
	open->count++;
	for (i = 0; a != NULL && i < a->a_numvals; i++)
		if (application_change_parse(a->a_vals[i].bv_val, a->a_vals[i].bv_len, &field, &value, wrong) == 0)
			open->asked[field] = 1;
}

int
application_open(struct write *w, const struct berval *applicant_ndn, struct application_open *open_out)
{
	char *filter = filter_text(BY_APPLICANT, applicant_ndn);
	int rc;

	memset(open_out, 0, sizeof(*open_out));
	rc = internal_search(w->op, w->m->db, &w->m->base_ndn, filter, 0, count_open, open_out);
	ch_free(filter);
	return rc == LDAP_SUCCESS ? 0 : ERR_IO;
}

void
application_reason(Operation *op, struct muster *m, const char *name, const struct berval *member_ndn,
                   struct berval *reason_out)
{
	char text[APPLICATION_NAME_MAX + STRLENOF("cn=," FOLDER_RDN) + 1];
	BackendDB *own = op->o_bd;
	Attribute *applicant, *reason;
	struct berval ndn;
	Entry *e;

	BER_BVZERO(reason_out);
	ndn.bv_len = (ber_len_t)snprintf(text, sizeof(text), "cn=%s," FOLDER_RDN, name) + m->base_ndn.bv_len;
	ndn.bv_val = ch_malloc(ndn.bv_len + 1);
	snprintf(ndn.bv_val, ndn.bv_len + 1, "%s%s", text, m->base_ndn.bv_val);
	op->o_bd = m->db;
	e = entry_fetch(op, &ndn);
	if (e != NULL) {
		applicant = attr_find(e->e_attrs, muster_ad.applicant);
		reason = attr_find(e->e_attrs, muster_ad.application_reason);
		if (applicant != NULL && reason != NULL && bvmatch(&applicant->a_nvals[0], member_ndn))
			ber_dupbv(reason_out, &reason->a_vals[0]);
		be_entry_release_r(op, e);
	}
	op->o_bd = own;
	ch_free(ndn.bv_val);
}
