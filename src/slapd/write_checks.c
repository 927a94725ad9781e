/*
 * write_checks.c - what holds for every entry: values in range, state in the overlay's hands, rights.
 */
#include "slapd/write.h"

#include "common/address.h"
#include "common/err.h"
#include "common/secret.h"
#include "core/facts.h"
#include "core/seal.h"
#include "core/token.h"
#include "core/totp.h"
#include "slapd/entry.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/policy.h"

int
write_refuse(struct write *w, int result, const char *text)
{
	snprintf(w->text, sizeof(w->text), "%s", text);
	return result;
}

int
write_refuse_value(struct write *w, const AttributeDescription *ad, const char *why)
{
	char text[WRITE_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: %s", ad->ad_cname.bv_val, why);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

int
write_answer(struct write *w, int result)
{
	BackendInfo *own = w->op->o_bd->bd_info;

	write_not_alone(w);
	if (w->ppolicy != PPCTRL_NONE)
		ppctrl_answer(w->op, w->rs, w->ppolicy);
	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	send_ldap_error(w->op, w->rs, result, *w->text ? w->text : NULL);
	w->op->o_bd->bd_info = own;
	w->rs->sr_text = NULL;
	return result;
}

int
type_is(const AttributeDescription *ad, const AttributeDescription *type)
{
	return ad->ad_type == type->ad_type;
}

int
value_is_among(const struct berval *values, const struct berval *value)
{
	for (; values != NULL && !BER_BVISNULL(values); values++)
		if (bvmatch(values, value))
			return 1;
	return 0;
}

Entry *
write_entry_get(struct write *w, struct berval *ndn)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	Entry *e = NULL;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	if (be_entry_get_rw(w->op, ndn, NULL, NULL, 0, &e) != LDAP_SUCCESS)
		e = NULL;
	w->op->o_bd->bd_info = own;
	return e;
}

void
write_entry_release(struct write *w, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	be_entry_release_r(w->op, e);
	w->op->o_bd->bd_info = own;
}

int
write_may_manage(struct write *w, Entry *e, AttributeDescription *ad)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	if (be_isroot(w->op))
		return 1;
	if (!get_relax(w->op))
		return 0;
	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = access_allowed(w->op, e, ad, NULL, ACL_MANAGE, NULL);
	w->op->o_bd->bd_info = own;
	return allowed;
}

int
write_overrides(struct write *w, Entry *e, AttributeDescription *ad)
{
	return get_relax(w->op) && write_may_manage(w, e, ad);
}

int
write_may_modify(struct write *w, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = acl_check_modlist(w->op, e, w->op->orm_modlist);
	w->op->o_bd->bd_info = own;
	return allowed;
}

int
write_may_write_entry(struct write *w, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = access_allowed(w->op, e, slap_schema.si_ad_entry, NULL, ACL_WRITE, NULL);
	w->op->o_bd->bd_info = own;
	return allowed;
}

int
write_has_children(struct write *w, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int below = LDAP_COMPARE_TRUE;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	if (w->op->o_bd->be_has_subordinates == NULL || w->op->o_bd->be_has_subordinates(w->op, e, &below) != LDAP_SUCCESS)
		below = LDAP_COMPARE_TRUE;
	w->op->o_bd->bd_info = own;
	return below != LDAP_COMPARE_FALSE;
}

/* may_delete_below - the two rights that deleting takes */
static int
may_delete_below(struct write *w, Entry *parent, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = access_allowed(w->op, parent, slap_schema.si_ad_children, NULL, ACL_WDEL, NULL) &&
	          access_allowed(w->op, e, slap_schema.si_ad_entry, NULL, ACL_WDEL, NULL);
	w->op->o_bd->bd_info = own;
	return allowed;
}

int
write_may_delete(struct write *w, Entry *e)
{
	struct berval parent_ndn;
	Entry *parent;
	int allowed;

	dnParent(&e->e_nname, &parent_ndn);
	parent = write_entry_get(w, &parent_ndn);
	if (parent == NULL)
		return be_isroot(w->op);
	allowed = may_delete_below(w, parent, e);
	write_entry_release(w, parent);
	return allowed;
}

/* may_add_below - the two rights that adding takes: on the parent's children and on the new entry */
static int
may_add_below(struct write *w, Entry *parent, Entry *e)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = access_allowed(w->op, parent, slap_schema.si_ad_children, NULL, ACL_WADD, NULL) &&
	          access_allowed(w->op, e, slap_schema.si_ad_entry, NULL, ACL_WADD, NULL) &&
	          acl_check_modlist(w->op, e, w->op->ora_modlist);
	w->op->o_bd->bd_info = own;
	return allowed;
}

int
write_may_add(struct write *w, Entry *e)
{
	struct berval parent_ndn;
	Entry *parent;
	int allowed;

	if (be_isroot(w->op))
		return LDAP_SUCCESS;
	dnParent(&e->e_nname, &parent_ndn);
	parent = write_entry_get(w, &parent_ndn);
	if (parent == NULL)
		return write_refuse(w, LDAP_NO_SUCH_OBJECT, "there is no entry to add it below");
	allowed = may_add_below(w, parent, e);
	write_entry_release(w, parent);
	return allowed ? LDAP_SUCCESS
	               : write_refuse(w, LDAP_INSUFFICIENT_ACCESS, WRITE_TEXT_NO_ADD);
}

int
write_classes_are(Entry *e, const char *const *names)
{
	Attribute *a = attr_find(e->e_attrs, slap_schema.si_ad_objectClass);
	const char *const *name;
	unsigned i;

	for (i = 0; a != NULL && i < a->a_numvals; i++) {
		for (name = names; *name != NULL && oc_bvfind(&a->a_vals[i]) != oc_find(*name); name++)
			;
		if (*name == NULL)
			return 0;
	}
	return a != NULL;
}

void
write_say(Entry *e, AttributeDescription *ad, const char *text)
{
	struct berval value;

	ber_str2bv(text, 0, 0, &value);
	attr_delete(&e->e_attrs, ad);
	attr_merge_normalize_one(e, ad, &value, NULL);
}

int
write_is_state(const AttributeDescription *ad)
{
	const AttributeDescription *state[] = {
		muster_ad.mail_verified, muster_ad.mobile_verified, muster_ad.verified_mail, muster_ad.outbox,
		muster_ad.lease, muster_ad.challenge, muster_ad.recovery_code, muster_ad.login_state,
		muster_ad.oath_last_step, muster_ad.pwd_changed, muster_ad.pwd_history, muster_ad.pwd_reset,
		muster_ad.app_password_used, muster_ad.code_count, muster_ad.unproved_until, muster_ad.business_proved,
		muster_ad.next_number, muster_ad.document_hash, muster_ad.application_before
	};
	size_t i;

	for (i = 0; i < sizeof(state) / sizeof(state[0]); i++)
		if (type_is(ad, state[i]))
			return 1;
	return 0;
}

int
write_is_guarded(const AttributeDescription *ad)
{
	return type_is(ad, slap_schema.si_ad_userPassword) || type_is(ad, muster_ad.oath_secret) ||
	       type_is(ad, muster_ad.code) || type_is(ad, muster_ad.status) || type_is(ad, muster_ad.domain) ||
	       type_is(ad, muster_ad.app_password) || type_is(ad, muster_ad.pending_mail) ||
	       type_is(ad, muster_ad.pending_mobile) || type_is(ad, muster_ad.pending_login) || write_is_state(ad) ||
	       policy_is_rule(ad);
}

/* check_domain - and make it lower case */
static int
check_domain(struct write *w, struct berval *value)
{
	const char *wrong = fact_check(FACT_DOMAIN, value->bv_val, value->bv_len);
	char text[WRITE_TEXT_MAX];
	size_t i;

	if (wrong != NULL) {
		snprintf(text, sizeof(text), "musterDomain: %s", wrong);
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	}
	for (i = 0; i < value->bv_len; i++)
		value->bv_val[i] = TOLOWER((unsigned char)value->bv_val[i]);
	return LDAP_SUCCESS;
}

static int
check_status(struct write *w, const struct berval *value)
{
	const char *known[] = { "active", "suspended", "closed" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == value->bv_len && strncasecmp(value->bv_val, known[i], value->bv_len) == 0)
			return LDAP_SUCCESS;
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "musterStatus: use active, suspended or closed");
}

/* check_fact - values of our own attributes that people read or that are sent to */
static int
check_fact(struct write *w, const AttributeDescription *ad, const struct berval *value)
{
	const struct {
		const AttributeDescription *ad;
		enum fact fact;
	} facts[] = {
		{ muster_ad.billing_mail, FACT_MAIL }, { muster_ad.service_area, FACT_AREA },
		{ muster_ad.member_type, FACT_MEMBER_TYPE }, { muster_ad.registration_number, FACT_REGISTRATION_NUMBER }
	};
	char text[WRITE_TEXT_MAX];
	const char *wrong;
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		wrong = type_is(ad, facts[i].ad) ? fact_check(facts[i].fact, value->bv_val, value->bv_len) : NULL;
		if (wrong == NULL)
			continue;
		snprintf(text, sizeof(text), "%s: %s", ad->ad_type->sat_cname.bv_val, wrong);
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	}
	return LDAP_SUCCESS;
}

static int
check_members_see(struct write *w, const struct berval *value)
{
	if (strcasecmp(value->bv_val, "self") == 0 || strcasecmp(value->bv_val, "members") == 0)
		return LDAP_SUCCESS;
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
	                    "musterMembersSee: use self (members see their own entry) or members (they see each other)");
}

/* check_number - and take away what people put between the digits; what it is compared by never had that */
static int
check_number(struct write *w, const AttributeDescription *ad, struct berval *value)
{
	char text[WRITE_TEXT_MAX];

	value->bv_len = address_clean_number(value->bv_val, value->bv_len);
	value->bv_val[value->bv_len] = '\0';
	if (strlen(value->bv_val) == value->bv_len && address_is_number(value->bv_val))
		return LDAP_SUCCESS;
	snprintf(text, sizeof(text), "%s: write the number with its country, like +821012345678 (E.164)", ad->ad_cname.bv_val);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

/* check_address - what mail can be sent to as it is */
static int
check_address(struct write *w, const AttributeDescription *ad, const struct berval *value)
{
	char text[WRITE_TEXT_MAX];

	if (value->bv_len <= CHALLENGE_ADDRESS_MAX && strlen(value->bv_val) == value->bv_len &&
	    address_is_mail(value->bv_val))
		return LDAP_SUCCESS;
	snprintf(text, sizeof(text), "%s: write a mail address without a name, like me@example.com", ad->ad_cname.bv_val);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

int
write_check_values(struct write *w, AttributeDescription *ad, BerVarray values, BerVarray nvalues, int policy)
{
	char text[WRITE_TEXT_MAX];
	int i, rc = LDAP_SUCCESS;

	if (ad != ad->ad_type->sat_ad && write_is_guarded(ad)) {
		snprintf(text, sizeof(text), "%s: write it without options", ad->ad_type->sat_cname.bv_val);
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	}
	if (values == NULL)
		return LDAP_SUCCESS;
	if (policy && policy_is_rule(ad)) {
		if (policy_check_attribute(ad, values, text, sizeof(text)) < 0)
			return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
		return LDAP_SUCCESS;
	}
	for (i = 0; !BER_BVISNULL(&values[i]) && rc == LDAP_SUCCESS; i++) {
		if (type_is(ad, muster_ad.domain)) {
			rc = check_domain(w, &values[i]);
			if (rc == LDAP_SUCCESS && nvalues != NULL && nvalues != values)
				rc = check_domain(w, &nvalues[i]);
		} else if (type_is(ad, muster_ad.status)) {
			rc = check_status(w, &values[i]);
		} else if (type_is(ad, muster_ad.members_see)) {
			rc = check_members_see(w, &values[i]);
		} else if (type_is(ad, muster_ad.pending_mobile) || (w->of_member && type_is(ad, muster_ad.mobile))) {
			rc = check_number(w, ad, &values[i]);
		} else if (type_is(ad, muster_ad.pending_mail) || type_is(ad, muster_ad.pending_login)) {
			rc = check_address(w, ad, &values[i]);
		} else {
			rc = check_fact(w, ad, &values[i]);
		}
	}
	return rc;
}

int
write_check_place(struct write *w, int account, int organization)
{
	BackendDB *own = w->op->o_bd;
	Entry *above;

	if (!account && !organization)
		return LDAP_SUCCESS;
	w->op->o_bd = w->m->db;
	above = organization_above(w->op, w->m, &w->op->o_req_ndn);
	if (above != NULL)
		be_entry_release_r(w->op, above);
	w->op->o_bd = own;
	if (above == NULL)
		return LDAP_SUCCESS;
	return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION,
	                    account ? WRITE_TEXT_ACCOUNT : WRITE_TEXT_NESTED);
}

int
write_check_name(struct write *w, const AttributeDescription *ad, BerVarray values)
{
	char text[WRITE_TEXT_MAX];
	int i;

	if (!type_is(ad, muster_ad.o) && !type_is(ad, muster_ad.domain))
		return LDAP_SUCCESS;
	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++) {
		if (!organization_named(w->op, w->m, &values[i], &w->op->o_req_ndn))
			continue;
		w->rule = WRITE_RULE_TAKEN;
		snprintf(text, sizeof(text), WRITE_TEXT_TAKEN, ad->ad_cname.bv_val, values[i].bv_val);
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	}
	return LDAP_SUCCESS;
}

int
write_check_strength(struct write *w, int has_secret)
{
	if (!has_secret || w->op->o_ssf >= (slap_ssf_t)w->m->min_ssf)
		return LDAP_SUCCESS;
	return write_refuse(w, LDAP_CONFIDENTIALITY_REQUIRED, "use ldaps, StartTLS or ldapi for passwords and secrets");
}

enum password_form
write_password_form(const struct berval *value)
{
	char scheme[64];
	const char *end;
	size_t len;

	if (value->bv_len < 3 || value->bv_val[0] != '{')
		return PASSWORD_PLAIN;
	end = memchr(value->bv_val, '}', value->bv_len);
	if (end == NULL)
		return PASSWORD_PLAIN;
	len = end - value->bv_val + 1;
	if (len >= sizeof(scheme))
		return PASSWORD_PLAIN;
	memcpy(scheme, value->bv_val, len);
	scheme[len] = '\0';
	return lutil_passwd_scheme(scheme) ? PASSWORD_HASHED : PASSWORD_PLAIN;
}

int
write_refuse_plan(struct write *w, int r, const char *rules_text)
{
	if (r != ERR_RULES)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, rules_text);
	w->rule = "password-rules";
	w->ppolicy = ppctrl_of_rules(rules_text);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, rules_text);
}

int
write_seal(struct write *w, const char *uuid, const struct berval *value, int manages, char *sealed_out)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t plain_len = 0;
	int r;

	sealed_out[0] = '\0';
	if (w->m->ring == NULL)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the server cannot keep secrets now: have olcMusterKeyFile checked");
	if (manages && seal_is_sealed(value->bv_val, value->bv_len)) {
		r = value->bv_len < SEAL_TEXT_MAX ? seal_open(w->m->ring, uuid, strlen(uuid), value->bv_val,
		                                              value->bv_len, plain, &plain_len)
		                                  : ERR_RANGE;
		secret_wipe_array(plain);
		if (r < 0)
			return write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
			                    "oathSecret: not sealed for this entry with a key of this server");
		memcpy(sealed_out, value->bv_val, value->bv_len);
		sealed_out[value->bv_len] = '\0';
		return LDAP_SUCCESS;
	}
	if (value->bv_len < TOTP_SEED_MIN || value->bv_len > TOTP_SEED_MAX)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "oathSecret: write 20 to 64 raw octets (not base32)");
	if (seal_close(w->m->ring, uuid, strlen(uuid), (const uint8_t *)value->bv_val, value->bv_len, sealed_out) < 0)
		return write_refuse(w, LDAP_OTHER, "internal error");
	return LDAP_SUCCESS;
}

/* wipe_values - a modification's own copies; slap_mods_free() frees them */
static void
wipe_values(BerVarray values)
{
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++)
		secret_wipe(values[i].bv_val, values[i].bv_len);
}

void
write_drop(Modifications **mods, const AttributeDescription *type)
{
	while (*mods != NULL) {
		Modifications *one = *mods;

		if ((one->sml_flags & SLAP_MOD_INTERNAL) || !type_is(one->sml_desc, type)) {
			mods = &one->sml_next;
			continue;
		}
		*mods = one->sml_next;
		one->sml_next = NULL;
		wipe_values(one->sml_values);
		wipe_values(one->sml_nvalues);
		slap_mods_free(one, 1);
	}
}

void
write_append(Modifications **mods, Modifications **more)
{
	while (*mods != NULL)
		mods = &(*mods)->sml_next;
	*mods = *more;
	*more = NULL;
}

int
write_changes(struct write *w, const AttributeDescription *type)
{
	const Modifications *ml;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && type_is(ml->sml_desc, type))
			return 1;
	return 0;
}

int
write_changes_elsewhere(struct write *w)
{
	const Modifications *ml;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && member_factor_elsewhere(ml->sml_desc))
			return 1;
	return 0;
}

int
write_revokes(Operation *op)
{
	const Modifications *ml;

	for (ml = op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (type_is(ml->sml_desc, muster_ad.app_password) && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_ADD)
			return 1;
	return 0;
}
