/*
 * write_document.c - proof documents of applications: added and deleted by the member while the application is filed; decided
 *                    ones stay, and only their contents are deleted, by operators and administrators. The hash stays.
 */
#include "slapd/application.h"

#include "core/document.h"
#include "core/facts.h"
#include "slapd/muster.h"
#include "slapd/write.h"

#define TEXT_PLACE "below an application there are documents (document with musterDocument)"
#define TEXT_STORE "its application cannot be looked up: see slapd's log"

/* load_parent - the application of op's document */
static int
load_parent(struct write *w, struct application *a_out)
{
	struct berval ndn;

	dnParent(&w->op->o_req_ndn, &ndn);
	return application_load(w, &ndn, a_out) == 0 ? LDAP_SUCCESS
	                                             : write_refuse(w, LDAP_NO_SUCH_OBJECT, "there is no such application");
}

/* --- added ---------------------------------------------------------------------------------------------------- */

static int
check_attribute(struct write *w, const Attribute *a)
{
	const struct berval *value = &a->a_vals[0];

	if (a->a_desc == slap_schema.si_ad_objectClass || a->a_desc == muster_ad.document_type ||
	    a->a_desc == muster_ad.document_content)
		return LDAP_SUCCESS;
	if (a->a_desc == muster_ad.document_identifier)
		return a->a_numvals == 1 && application_name_check(value->bv_val, value->bv_len) == 0
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one name of 1 to 64 letters, digits, - and _");
	if (a->a_desc == muster_ad.description)
		return a->a_numvals == 1 && fact_check(FACT_NAME, value->bv_val, value->bv_len) == NULL
		               ? LDAP_SUCCESS
		               : write_refuse_value(w, a->a_desc, "one text of 1 to 64 characters");
	return write_refuse_value(w, a->a_desc, "is no part of a document");
}

/* check_content - what it is by its octets, and not by its name. out: the hash is e's */
static int
check_content(struct write *w, Entry *e)
{
	Attribute *content = attr_find(e->e_attrs, muster_ad.document_content), *type = attr_find(e->e_attrs, muster_ad.document_type);
	char hash[DOCUMENT_HASH_LEN + 1];
	enum document_type is, said;
	struct berval value;

	if (content == NULL || BER_BVISEMPTY(&content->a_vals[0]) || type == NULL)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "a document has musterDocumentContent and musterDocumentType");
	if (content->a_vals[0].bv_len > DOCUMENT_SIZE_MAX)
		return write_refuse_value(w, content->a_desc, "at most 1048576 octets (1 MiB)");
	is = document_type_of(content->a_vals[0].bv_val, content->a_vals[0].bv_len);
	said = document_type_named(type->a_vals[0].bv_val, type->a_vals[0].bv_len);
	if (said == DOCUMENT_UNKNOWN)
		return write_refuse_value(w, type->a_desc, "use application/pdf, image/png or image/jpeg");
	if (is != said)
		return write_refuse_value(w, content->a_desc, "the content is not of that type: send a PDF, PNG or JPEG as what it is");
	document_hash(content->a_vals[0].bv_val, content->a_vals[0].bv_len, hash);
	ber_str2bv(hash, DOCUMENT_HASH_LEN, 0, &value);
	attr_merge_normalize_one(e, muster_ad.document_hash, &value, NULL);
	return LDAP_SUCCESS;
}

static int
check_entry(struct write *w, Entry *e)
{
	const Attribute *a;
	int rc = LDAP_SUCCESS;

	for (a = e->e_attrs; a != NULL && rc == LDAP_SUCCESS; a = a->a_next)
		if (!is_at_operational(a->a_desc->ad_type))
			rc = check_attribute(w, a);
	return rc == LDAP_SUCCESS ? check_content(w, e) : rc;
}

static int
check_count(struct write *w, struct application *a)
{
	BerVarray dns, ndns;
	int n = 0;

	if (application_documents(w, &a->ndn, &dns, &ndns) < 0)
		return write_refuse(w, LDAP_OTHER, TEXT_STORE);
	while (ndns != NULL && !BER_BVISNULL(&ndns[n]))
		n++;
	ber_bvarray_free(dns);
	ber_bvarray_free(ndns);
	return n < APPLICATION_DOCUMENTS_MAX
	               ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "an application has at most 5 documents: delete one first");
}

/* file - nobody else writes meanwhile: it may not be decided between */
static int
file(struct write *w, Entry *e)
{
	struct application a;
	int rc = check_entry(w, e);

	/* Who may not add one does not learn whether there is such an application. */
	if (rc == LDAP_SUCCESS)
		rc = write_may_add(w, e);
	if (rc != LDAP_SUCCESS)
		return rc;
	write_alone(w);
	rc = load_parent(w, &a);
	if (rc == LDAP_SUCCESS)
		rc = application_check_own(w, &a);
	if (rc == LDAP_SUCCESS)
		rc = check_count(w, &a);
	application_free(&a);
	return rc;
}

int
write_add_document(struct write *w)
{
	static const char *const names[] = { "top", "document", "musterDocument", NULL };
	Entry *e = w->op->ora_e;
	int rc = LDAP_SUCCESS;

	if (!is_entry_objectclass(e, muster_oc_document, 0) || !write_classes_are(e, names))
		rc = write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, TEXT_PLACE);
	else if (!write_may_manage(w, e, slap_schema.si_ad_entry))
		rc = file(w, e);
	return write_conclude(w, op_add, rc);
}

/* --- its content is deleted ------------------------------------------------------------------------------------ */

/* check_purge - the content goes, and nothing else is written */
static int
check_purge(struct write *w)
{
	const Modifications *ml;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) &&
		    (ml->sml_desc != muster_ad.document_content ||
		     !((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || (ml->sml_op == LDAP_MOD_REPLACE && ml->sml_numvals == 0))))
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "a document is not changed: once its application is decided its content may be deleted");
	return LDAP_SUCCESS;
}

static int
purge(struct write *w)
{
	struct application a;
	int rc = check_purge(w);

	if (rc != LDAP_SUCCESS)
		return rc;
	w->what = "purge-document";
	write_alone(w);
	rc = load_parent(w, &a);
	if (rc == LDAP_SUCCESS && !BER_BVISNULL(&a.applicant_ndn) && bvmatch(&a.applicant_ndn, &w->op->o_ndn))
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "documents of a decided application are for operators to delete");
	else if (rc == LDAP_SUCCESS && a.state == APPLICATION_FILED)
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "its application is not decided: decide it first");
	application_free(&a);
	return rc;
}

int
write_modify_document(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	int rc = LDAP_SUCCESS;

	if (e != NULL && !write_overrides(w, e, slap_schema.si_ad_entry)) {
		rc = write_may_modify(w, e) ? LDAP_SUCCESS
		                            : write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "no write access to documents of applications");
		write_entry_release(w, e);
		if (rc == LDAP_SUCCESS)
			rc = purge(w);
	} else if (e != NULL) {
		write_entry_release(w, e);
	}
	return write_conclude(w, op_modify, rc);
}

/* --- deleted -------------------------------------------------------------------------------------------------- */

int
write_delete_document(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	/* The database refuses who may not, and nothing is learnt here. */
	int judged = e != NULL && !write_may_manage(w, e, slap_schema.si_ad_entry) && write_may_write_entry(w, e);
	int rc = LDAP_SUCCESS;
	struct application a;

	if (e != NULL)
		write_entry_release(w, e);
	if (judged) {
		write_alone(w);
		rc = load_parent(w, &a);
		if (rc == LDAP_SUCCESS)
			rc = application_check_own(w, &a);
		application_free(&a);
	}
	return write_conclude(w, op_delete, rc);
}
