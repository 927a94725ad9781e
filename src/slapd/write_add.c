/*
 * write_add.c - a member is added: its password goes through the rules, its seed is sealed.
 */
#include "slapd/write.h"

#include "common/secret.h"
#include "core/pwrules.h"
#include "core/seal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/password.h"
#include "slapd/policy.h"

/* ensure_uuid - the seal binds a seed to the entry's UUID, so it must be there; slap_add_opattrs() keeps it */
static void
ensure_uuid(Entry *e, char uuid_out[37])
{
	Attribute *a = attr_find(e->e_attrs, slap_schema.si_ad_entryUUID);
	char text[LDAP_LUTIL_UUIDSTR_BUFSIZE];
	struct berval value;

	if (a == NULL) {
		value.bv_val = text;
		value.bv_len = lutil_uuidstr(text, sizeof(text));
		attr_merge_normalize_one(e, slap_schema.si_ad_entryUUID, &value, NULL);
		a = attr_find(e->e_attrs, slap_schema.si_ad_entryUUID);
	}
	snprintf(uuid_out, 37, "%.*s", (int)a->a_vals[0].bv_len, a->a_vals[0].bv_val);
}

/*
 * value_replace - put a stored form in the place of the one value that was sent. In the array itself: the request's
 *                 modification list, which access rules are checked with, shares it.
 */
static void
value_replace(Attribute *a, const char *text)
{
	secret_wipe(a->a_vals[0].bv_val, a->a_vals[0].bv_len);
	ber_memfree(a->a_vals[0].bv_val);
	ber_str2bv(text, 0, 1, &a->a_vals[0]);
}

/* is_given - 1 when the request itself has an attribute: what a manager sets by hand stays */
static int
is_given(Operation *op, const AttributeDescription *ad)
{
	const Modifications *ml;

	for (ml = op->ora_modlist; ml != NULL; ml = ml->sml_next)
		if (ml->sml_desc == ad)
			return 1;
	return 0;
}

/* merge_planned - what password_plan() wants written, put into the entry that is about to be added */
static void
merge_planned(Operation *op, Attribute *password, const Modifications *planned)
{
	for (; planned != NULL; planned = planned->sml_next) {
		if (planned->sml_op == LDAP_MOD_DELETE || planned->sml_op == SLAP_MOD_SOFTDEL ||
		    planned->sml_values == NULL)
			continue;
		if (planned->sml_desc == password->a_desc)
			value_replace(password, planned->sml_values[0].bv_val);
		else if (!is_given(op, planned->sml_desc))
			attr_merge_normalize(op->ora_e, planned->sml_desc, planned->sml_values, NULL);
	}
}

/* borrow - the first value of an attribute, which stays the entry's */
static struct berval
borrow(Entry *e, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	struct berval none = BER_BVNULL;

	return a != NULL ? a->a_vals[0] : none;
}

static int
add_password(struct write *w, Entry *e, const char *uuid)
{
	Attribute *a = attr_find(e->e_attrs, slap_schema.si_ad_userPassword);
	struct password_change change = { .by_self = 0, .by_token = 0 };
	struct member fresh;
	Modifications *planned = NULL;
	char text[PWRULES_TEXT_MAX];
	int r;

	if (a == NULL)
		return LDAP_SUCCESS;
	if (a->a_numvals != 1)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "a member has one password");
	if (write_password_form(&a->a_vals[0]) == PASSWORD_HASHED)
		return write_hashed(w, &a->a_vals[0], write_may_manage(w, e, slap_schema.si_ad_userPassword));
	memset(&fresh, 0, sizeof(fresh));
	fresh.dn = e->e_name;
	fresh.ndn = e->e_nname;
	snprintf(fresh.uuid, sizeof(fresh.uuid), "%s", uuid);
	fresh.mail = borrow(e, muster_ad.mail);
	fresh.language = borrow(e, muster_ad.preferred_language);
	fresh.policy_usable = policy_load(w->op, w->m, &e->e_nname, &fresh.policy) == 0;
	fresh.seed_sealed = borrow(e, muster_ad.oath_secret);
	change.plain = a->a_vals[0];
	change.entry = e;
	r = password_plan(w->op, w->m, &fresh, &change, &planned, text);
	if (r < 0)
		return write_refuse_plan(w, r, text);
	merge_planned(w->op, a, planned);
	mods_free(&planned);
	return LDAP_SUCCESS;
}

static int
add_seed(struct write *w, Entry *e, const char *uuid)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.oath_secret);
	char sealed[SEAL_TEXT_MAX];
	int rc;

	if (a == NULL)
		return LDAP_SUCCESS;
	if (a->a_numvals != 1)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "a member has one oathSecret");
	rc = write_seal(w, uuid, &a->a_vals[0], write_may_manage(w, e, muster_ad.oath_secret), sealed);
	if (rc == LDAP_SUCCESS)
		value_replace(a, sealed);
	return rc;
}

int
write_add_member(struct write *w)
{
	Entry *e = w->op->ora_e;
	char uuid[37];
	int rc;

	rc = write_may_add(w, e);
	if (rc == LDAP_SUCCESS)
		rc = write_check_strength(w, attr_find(e->e_attrs, slap_schema.si_ad_userPassword) != NULL ||
		                                     attr_find(e->e_attrs, muster_ad.oath_secret) != NULL);
	if (rc == LDAP_SUCCESS) {
		ensure_uuid(e, uuid);
		rc = add_password(w, e, uuid);
	}
	if (rc == LDAP_SUCCESS)
		rc = add_seed(w, e, uuid);
	if (rc != LDAP_SUCCESS) {
		write_audit(w, rc);
		return write_answer(w, rc);
	}
	/* ppolicy must not judge the hash. */
	rc = op_walk(w->op, w->rs, w->m, op_add, 0);
	write_audit(w, rc);
	return rc;
}
