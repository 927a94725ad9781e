/*
 * write.c - the hooks for add, modify, modrdn and delete. Whatever way a value arrives, the same rules hold; replicated
 *           writes were judged by the server they come from (write_replicated.c).
 */
#include "slapd/write.h"

#include "slapd/fresh.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/networks.h"

#define TEXT_NO_ACCESS "no write access: ask an owner of the organization or an administrator"

static void
write_begin(struct write *w, Operation *op, SlapReply *rs)
{
	memset(w, 0, sizeof(*w));
	w->op = op;
	w->rs = rs;
	w->m = muster_of(op);
	w->now = slap_get_time();
	w->ppolicy = PPCTRL_NONE;
}

/* check_connection - an app password is for reading mail and the like; whoever got hold of one must not build on it */
static int
check_connection(struct write *w)
{
	if (!fresh_by_app_password(w->op))
		return LDAP_SUCCESS;
	w->rule = "app-password";
	return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, FRESH_TEXT_APP);
}

/* check_state - somebody wants to write what is the overlay's */
static int
check_state(struct write *w, Entry *e, AttributeDescription *ad)
{
	char text[WRITE_TEXT_MAX];

	if (!write_is_state(ad) || write_may_manage(w, e, ad))
		return LDAP_SUCCESS;
	snprintf(text, sizeof(text), "%s is written by the server: repairs need the manage right and the Relax control",
	         ad->ad_type->sat_cname.bv_val);
	return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, text);
}

/* --- add ------------------------------------------------------------------------------------------ */

/* check_add_names - what others could be confused with. Only who may add learns which names are taken. */
static int
check_add_names(struct write *w, Entry *e)
{
	int organization = is_entry_objectclass(e, muster_oc_organization, 0);
	int account = is_entry_objectclass(e, muster_oc_account, 0);
	Attribute *a;
	int rc;

	if (!organization && !account)
		return LDAP_SUCCESS;
	rc = write_may_add(w, e);
	if (rc == LDAP_SUCCESS)
		rc = write_check_place(w, account, organization);
	for (a = e->e_attrs; organization && a != NULL && rc == LDAP_SUCCESS; a = a->a_next) {
		rc = write_check_name(w, a->a_desc, a->a_vals);
		if (rc == LDAP_SUCCESS && type_is(a->a_desc, muster_ad.policy_entry))
			rc = write_check_policy_entry(w, a->a_nvals, 1);
		if (rc == LDAP_SUCCESS && type_is(a->a_desc, muster_ad.owner))
			rc = write_check_owners_added(w, a->a_nvals);
	}
	return rc;
}

/* check_pending - who is not there yet gives no code. A backup that is restored has what it has. */
static int
check_pending(struct write *w, Entry *e, AttributeDescription *ad)
{
	char text[WRITE_TEXT_MAX];

	if ((!type_is(ad, muster_ad.pending_mail) && !type_is(ad, muster_ad.pending_mobile) &&
	     !type_is(ad, muster_ad.pending_login)) ||
	    write_may_manage(w, e, ad))
		return LDAP_SUCCESS;
	snprintf(text, sizeof(text), "%s: write it once the member exists; mail is proved with the first reset",
	         ad->ad_type->sat_cname.bv_val);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

static int
check_add(struct write *w, Entry *e)
{
	int policy = is_entry_objectclass_or_sub(e, muster_oc_policy);
	Attribute *a;
	int rc = LDAP_SUCCESS;

	if (member_is(e) && is_entry_objectclass_or_sub(e, muster_oc_organization))
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, "an entry is a member or an organization, not both");
	for (a = e->e_attrs; a != NULL && rc == LDAP_SUCCESS; a = a->a_next) {
		if (type_is(a->a_desc, muster_ad.code))
			return write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
			                    "musterCode is not stored: enrol the second factor once the member exists");
		rc = check_state(w, e, a->a_desc);
		if (rc == LDAP_SUCCESS)
			rc = check_pending(w, e, a->a_desc);
		if (rc == LDAP_SUCCESS)
			rc = write_check_app_password(w, e, a->a_desc, a->a_vals);
		if (rc == LDAP_SUCCESS)
			rc = write_check_values(w, a->a_desc, a->a_vals, a->a_nvals, policy);
	}
	if (rc == LDAP_SUCCESS && policy && networks_check_count(e, NULL, w->text, sizeof(w->text)) < 0)
		rc = LDAP_CONSTRAINT_VIOLATION;
	if (rc == LDAP_SUCCESS && policy)
		rc = write_check_policy(w, e);
	if (rc == LDAP_SUCCESS)
		rc = check_add_names(w, e);
	if (rc == LDAP_SUCCESS)
		rc = write_check_service_added(w, e);
	if (rc == LDAP_SUCCESS)
		rc = write_check_application_class(w, is_entry_objectclass(e, muster_oc_application, 0) ||
		                                              is_entry_objectclass(e, muster_oc_document, 0));
	if (rc == LDAP_SUCCESS)
		rc = write_check_payment_class(w, is_entry_objectclass(e, muster_oc_payment, 0));
	return rc;
}

static int
check_new(Operation *op, SlapReply *rs, void *arg)
{
	struct write *w = arg;
	int rc;

	write_begin(w, op, rs);
	rc = check_add(w, op->ora_e);
	write_end(w);
	return rc;
}

int
write_check_new(Operation *op, struct muster *m, const struct internal_new *new, int whole, const char **rule_out, char *text)
{
	struct write w;
	int rc;

	if (!internal_may_add(op, m, new)) {
		snprintf(text, WRITE_TEXT_MAX, WRITE_TEXT_NO_ADD);
		return LDAP_INSUFFICIENT_ACCESS;
	}
	if (!whole)
		return LDAP_SUCCESS;
	rc = internal_check_new(op, m, new, check_new, &w);
	*rule_out = w.rule;
	snprintf(text, WRITE_TEXT_MAX, "%s", w.text);
	return rc;
}

int
write_has_own_way(const struct write *w)
{
	return write_is_application(w) || write_is_payment(w);
}

static int
own_way(struct write *w)
{
	return write_is_application(w) ? write_application_any(w) : write_payment_any(w);
}

/* walk - on to the database, with an audit line of how it went; entries that are none of ours have none */
static int
walk(struct write *w, enum write_subject subject, slap_operation_t which)
{
	int rc = write_carry_out(w, which, 1, END_NONE);

	if (subject != SUBJECT_OTHER)
		write_audit(w, rc);
	return rc;
}

int
add_hook(Operation *op, SlapReply *rs)
{
	enum write_subject subject;
	struct write w;
	int rc;

	if (write_is_replicated(op)) {
		write_numbers_replicated(muster_of(op), op->ora_e, NULL);
		return SLAP_CB_CONTINUE;
	}
	write_begin(&w, op, rs);
	w.of_member = member_is(op->ora_e);
	subject = write_subject_of(op->ora_e);
	write_audit_begin(&w, subject, NULL);
	/* Names are somebody's once, and an access URL is made of one. */
	if (subject == SUBJECT_ORGANIZATION || subject == SUBJECT_SERVICE)
		write_alone(&w);
	rc = check_connection(&w);
	if (rc == LDAP_SUCCESS)
		rc = check_add(&w, op->ora_e);
	if (rc == LDAP_SUCCESS)
		rc = write_numbers_add(&w, op->ora_e);
	if (rc != LDAP_SUCCESS) {
		write_audit(&w, rc);
		rc = write_answer(&w, rc);
	} else {
		rc = op->o_noop                  ? no_op_answer(&w, op_add)
		     : write_has_own_way(&w)           ? own_way(&w)
		     : subject == SUBJECT_MEMBER ? write_add_member(&w)
		                                 : walk(&w, subject, op_add);
	}
	write_numbers_end(&w, rc);
	write_end(&w);
	return rc;
}

/* --- modify --------------------------------------------------------------------------------------- */

/* What an entry is, before a modification and after it. */
struct kind {
	int member;  /* of either kind */
	int iam, account, organization, policy, service, payment, application; /* or a document of one */
};

static int
is_named(const struct berval *value, const ObjectClass *oc)
{
	char **name;

	if (strcasecmp(value->bv_val, oc->soc_oid) == 0)
		return 1;
	for (name = oc->soc_names; name != NULL && *name != NULL; name++)
		if (strcasecmp(value->bv_val, *name) == 0)
			return 1;
	return 0;
}

/* kind_change - count the classes of one change of objectClass in or out */
static void
kind_change(struct kind *kind, BerVarray values, int there)
{
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++) {
		if (is_named(&values[i], muster_oc_member))
			kind->iam = there;
		if (is_named(&values[i], muster_oc_account))
			kind->account = there;
		if (is_named(&values[i], muster_oc_organization))
			kind->organization = there;
		if (is_named(&values[i], muster_oc_policy))
			kind->policy = there;
		if (is_named(&values[i], muster_oc_service))
			kind->service = there;
		if (is_named(&values[i], muster_oc_payment))
			kind->payment = there;
		if (is_named(&values[i], muster_oc_application) || is_named(&values[i], muster_oc_document))
			kind->application = there;
	}
	kind->member = kind->iam || kind->account;
}

static void
kind_of(Operation *op, Entry *e, struct kind *before, struct kind *after)
{
	const Modifications *ml;

	before->member = member_is(e);
	before->iam = is_entry_objectclass(e, muster_oc_member, 0);
	before->account = is_entry_objectclass(e, muster_oc_account, 0);
	before->organization = is_entry_objectclass_or_sub(e, muster_oc_organization);
	before->policy = is_entry_objectclass_or_sub(e, muster_oc_policy);
	before->service = is_entry_objectclass(e, muster_oc_service, 0);
	before->payment = is_entry_objectclass(e, muster_oc_payment, 0);
	before->application = is_entry_objectclass(e, muster_oc_application, 0) || is_entry_objectclass(e, muster_oc_document, 0);
	*after = *before;
	for (ml = op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (!type_is(ml->sml_desc, slap_schema.si_ad_objectClass))
			continue;
		if (ml->sml_op == LDAP_MOD_REPLACE || ml->sml_values == NULL)
			memset(after, 0, sizeof(*after));
		kind_change(after, ml->sml_values, (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE);
	}
}

static int
has_secret(Entry *e)
{
	return attrs_find(e->e_attrs, slap_schema.si_ad_userPassword) != NULL ||
	       attrs_find(e->e_attrs, muster_ad.oath_secret) != NULL;
}

/* check_classes - a change of class is no way around a rule */
static int
check_classes(struct write *w, Entry *e, const struct kind *before, const struct kind *after)
{
	if (!write_changes(w, slap_schema.si_ad_objectClass))
		return LDAP_SUCCESS;
	if (before->member && w->self)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "members do not change their own object classes");
	if (write_check_application_class(w, after->application && !before->application) != LDAP_SUCCESS)
		return LDAP_OBJECT_CLASS_VIOLATION;
	if (write_check_payment_class(w, after->payment && !before->payment) != LDAP_SUCCESS)
		return LDAP_OBJECT_CLASS_VIOLATION;
	if (after->member && after->organization)
		return write_refuse(w, LDAP_OBJECT_CLASS_VIOLATION, "an entry is a member or an organization, not both");
	if (before->member && !after->member && !write_may_manage(w, e, slap_schema.si_ad_objectClass))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                    "a member stays one: suspend or delete it, or send the Relax control with the manage "
		                    "right");
	if (!before->member && after->member && has_secret(e) &&
	    !(write_may_manage(w, e, slap_schema.si_ad_userPassword) && write_may_manage(w, e, muster_ad.oath_secret)))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                    "no rule was kept when this entry got its password or oathSecret: remove them first, or "
		                    "send the Relax control with the manage right");
	if (before->member != after->member &&
	    (write_changes(w, slap_schema.si_ad_userPassword) || write_changes(w, muster_ad.oath_secret)))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "change the member's class first, password and second factor in another modification");
	return LDAP_SUCCESS;
}

/* check_names - what others could be confused with. Only who may write learns which names are taken. */
static int
check_names(struct write *w, Entry *e, const struct kind *before, const struct kind *after)
{
	int organization = after->organization && !before->organization, account = after->account && !before->account;
	const Modifications *ml;
	const Attribute *a;
	int rc;

	if (!account && !(after->organization && (organization || write_changes(w, muster_ad.o) ||
	                                          write_changes(w, muster_ad.domain))))
		return LDAP_SUCCESS;
	if (!write_may_modify(w, e))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_NO_ACCESS);
	rc = write_check_place(w, account, organization);
	for (ml = w->op->orm_modlist; after->organization && ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			rc = write_check_name(w, ml->sml_desc, ml->sml_values);
	for (a = e->e_attrs; organization && a != NULL && rc == LDAP_SUCCESS; a = a->a_next)
		rc = write_check_name(w, a->a_desc, a->a_vals);
	return rc;
}

/* check_owners - who may write them keeps one who is active */
static int
check_owners(struct write *w, Entry *e, const struct kind *before, const struct kind *after)
{
	if (!after->organization || !(write_changes(w, muster_ad.owner) || !before->organization) || !write_may_modify(w, e))
		return LDAP_SUCCESS;
	return write_check_owners_modified(w, e);
}

/* check_policies - a policy that can be used after the modification, and an organization that names one that can */
static int
check_policies(struct write *w, Entry *e, const struct kind *before, const struct kind *after)
{
	const Modifications *ml;
	int rc = LDAP_SUCCESS;

	if (after->policy)
		rc = write_check_policy_after(w, e, !before->policy);
	if (!after->organization || !write_changes(w, muster_ad.policy_entry) || !write_may_modify(w, e))
		return rc;
	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if (type_is(ml->sml_desc, muster_ad.policy_entry) && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			rc = write_check_policy_entry(w, ml->sml_nvalues != NULL ? ml->sml_nvalues : ml->sml_values, 0);
	return rc;
}

static int
check_modify(struct write *w, Entry *e, const struct kind *before, const struct kind *after)
{
	Modifications *ml;
	int rc = check_classes(w, e, before, after);

	if (rc == LDAP_SUCCESS)
		rc = check_names(w, e, before, after);
	if (rc == LDAP_SUCCESS)
		rc = check_owners(w, e, before, after);
	if (rc == LDAP_SUCCESS && after->service)
		rc = write_check_service_modified(w, e, !before->service);

	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next) {
		if (ml->sml_flags & SLAP_MOD_INTERNAL)
			continue;
		rc = check_state(w, e, ml->sml_desc);
		if (rc == LDAP_SUCCESS && ml->sml_op == LDAP_MOD_INCREMENT && write_is_guarded(ml->sml_desc))
			rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "replace the number instead of incrementing it");
		if (rc == LDAP_SUCCESS && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			rc = write_check_app_password(w, e, ml->sml_desc, ml->sml_values);
		if (rc == LDAP_SUCCESS && (ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE)
			rc = write_check_values(w, ml->sml_desc, ml->sml_values, ml->sml_nvalues,
			                        before->policy || after->policy);
	}
	if (rc == LDAP_SUCCESS && after->policy &&
	    networks_check_count(e, w->op->orm_modlist, w->text, sizeof(w->text)) < 0)
		rc = LDAP_CONSTRAINT_VIOLATION;
	if (rc == LDAP_SUCCESS)
		rc = check_policies(w, e, before, after);
	/* check_names() has asked whether it may be written, and the value is in lower case by now. */
	if (rc == LDAP_SUCCESS && after->organization && write_changes(w, muster_ad.domain))
		rc = write_follow_domain(w);
	if (rc == LDAP_SUCCESS && !before->member && write_changes(w, muster_ad.code))
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "musterCode is for members");
	return rc;
}

/* is_ours - 1 when a member's modification touches what we add something to */
static int
is_ours(struct write *w)
{
	return write_changes(w, slap_schema.si_ad_userPassword) || write_changes(w, muster_ad.oath_secret) ||
	       write_changes(w, muster_ad.code) || write_changes(w, muster_ad.status) ||
	       write_changes(w, muster_ad.mail) || write_changes(w, muster_ad.mobile) || write_is_address(w) ||
	       write_changes(w, muster_ad.app_password) || write_changes(w, muster_ad.pwd_locked) ||
	       write_changes(w, muster_ad.login_state) || write_changes_elsewhere(w);
}

/* needs_alone - what is looked at before the modification must hold when it is done */
static int
needs_alone(struct write *w, const struct kind *before, const struct kind *after)
{
	if (before->organization || after->organization)
		return write_changes(w, muster_ad.owner) || write_changes(w, muster_ad.o) || write_changes(w, muster_ad.domain) ||
		       write_changes(w, muster_ad.policy_entry) || write_changes(w, slap_schema.si_ad_objectClass);
	/* Who becomes a member has no secret that no rule was kept for, and gets none meanwhile. */
	if (before->member != after->member || (!before->member && (write_changes(w, slap_schema.si_ad_userPassword) ||
	                                                            write_changes(w, muster_ad.oath_secret))))
		return 1;
	return before->policy || after->policy || (after->service && !before->service);
}

/*
 * modify_begin - the entry, what it is and what it becomes; alone where that is needed.
 * out: NULL when there is no such entry
 */
static Entry *
modify_begin(struct write *w, struct kind *before, struct kind *after)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);

	if (e == NULL)
		return NULL;
	w->self = dn_match(&w->op->o_ndn, &w->op->o_req_ndn);
	kind_of(w->op, e, before, after);
	if (!needs_alone(w, before, after))
		return e;
	/* What is held is as old as it is. */
	write_entry_release(w, e);
	write_alone(w);
	e = write_entry_get(w, &w->op->o_req_ndn);
	if (e != NULL)
		kind_of(w->op, e, before, after);
	return e;
}

/* modify_check - before any rule: who may not write learns nothing of passwords and history from a refusal */
static int
modify_check(struct write *w, Entry *e, const struct kind *before, const struct kind *after, int ours)
{
	int rc = check_connection(w);

	/* Applications and payment methods have rules of their own, and no others. */
	if (write_has_own_way(w))
		return rc;
	if (rc == LDAP_SUCCESS && w->self && before->member)
		rc = write_check_self(w, e);
	if (rc == LDAP_SUCCESS && ours && !write_may_modify(w, e))
		rc = write_refuse(w, LDAP_INSUFFICIENT_ACCESS, TEXT_NO_ACCESS);
	else if (rc == LDAP_SUCCESS)
		rc = check_modify(w, e, before, after);
	if (ours) {
		w->manages_password = write_may_manage(w, e, slap_schema.si_ad_userPassword);
		w->manages_seed = write_may_manage(w, e, muster_ad.oath_secret);
		w->manages_pending = !w->self && write_may_manage(w, e, muster_ad.pending_mail);
		w->overrides_status = write_overrides(w, e, muster_ad.status);
	}
	return rc == LDAP_SUCCESS && w->op->o_noop ? no_op_check_modify(w, e, ours) : rc;
}

int
modify_hook(Operation *op, SlapReply *rs)
{
	enum write_subject subject;
	struct kind before, after;
	struct write w;
	Entry *e;
	int rc, ours;

	if (write_is_replicated(op))
		return write_replicated_modify(op, rs);
	write_begin(&w, op, rs);
	e = modify_begin(&w, &before, &after);
	if (e == NULL) {
		write_end(&w);
		return SLAP_CB_CONTINUE; /* the database says that there is no such entry */
	}
	w.of_member = before.member || after.member;
	subject = after.member && !before.member ? SUBJECT_MEMBER : write_subject_of(e);
	write_audit_begin(&w, subject, op->orm_modlist);
	ours = before.member && (is_ours(&w) || (w.self && write_self_is_fresh(&w)));
	rc = modify_check(&w, e, &before, &after, ours);
	write_entry_release(&w, e);
	if (rc == LDAP_SUCCESS && !op->o_noop)
		rc = write_numbers_modify(&w);
	if (rc != LDAP_SUCCESS) {
		write_audit(&w, rc);
		rc = write_answer(&w, rc);
	} else {
		rc = op->o_noop        ? no_op_answer(&w, op_modify)
		     : write_has_own_way(&w) ? own_way(&w)
		     : ours            ? write_modify_member(&w)
		                       : walk(&w, subject, op_modify);
	}
	write_numbers_end(&w, rc);
	write_end(&w);
	return rc;
}

/* --- modrdn --------------------------------------------------------------------------------------- */

/* is_number - 1 for uidNumber and gidNumber */
static int
is_number(const AttributeDescription *ad)
{
	return strcasecmp(ad->ad_type->sat_cname.bv_val, "uidNumber") == 0 ||
	       strcasecmp(ad->ad_type->sat_cname.bv_val, "gidNumber") == 0;
}

/* check_name - a new name is a way to write attributes, too */
static int
check_name(struct write *w)
{
	const Modifications *ml;
	char text[WRITE_TEXT_MAX];

	for (ml = w->op->orr_modlist; ml != NULL; ml = ml->sml_next) {
		if ((ml->sml_flags & SLAP_MOD_INTERNAL) && is_at_no_user_mod(ml->sml_desc->ad_type))
			continue;
		if (write_is_guarded(ml->sml_desc) || type_is(ml->sml_desc, slap_schema.si_ad_objectClass) ||
		    type_is(ml->sml_desc, muster_ad.policy_entry) || type_is(ml->sml_desc, muster_ad.owner) ||
		    (w->of_member && type_is(ml->sml_desc, muster_ad.mobile)) || is_number(ml->sml_desc)) {
			snprintf(text, sizeof(text), "%s cannot be part of a name: choose uid, cn or o",
			         ml->sml_desc->ad_type->sat_cname.bv_val);
			return write_refuse(w, LDAP_NAMING_VIOLATION, text);
		}
	}
	return LDAP_SUCCESS;
}

static int
name_changes(Operation *op, const AttributeDescription *type)
{
	const Modifications *ml;

	for (ml = op->orr_modlist; ml != NULL; ml = ml->sml_next)
		if (type_is(ml->sml_desc, type))
			return 1;
	return 0;
}

/* begin_entry - write_audit_begin() for a write of a stored entry as a whole */
static enum write_subject
begin_entry(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);
	enum write_subject subject = write_subject_of(e);

	w->of_member = e != NULL && member_is(e);
	if (e != NULL)
		write_entry_release(w, e);
	write_audit_begin(w, subject, NULL);
	return subject;
}

int
modrdn_hook(Operation *op, SlapReply *rs)
{
	enum write_subject subject;
	struct write w;
	int rc;

	if (write_is_replicated(op))
		return write_replicated_modrdn(op, rs);
	write_begin(&w, op, rs);
	/* Names of others depend on a name. */
	write_alone(&w);
	subject = begin_entry(&w);
	rc = check_connection(&w);
	if (rc == LDAP_SUCCESS)
		rc = no_op_refuse(&w);
	if (rc == LDAP_SUCCESS)
		rc = check_name(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_policy_gone(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_self_name(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_application_name(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_payment_name(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_rename(&w);
	if (rc != LDAP_SUCCESS) {
		write_audit(&w, rc);
		rc = write_answer(&w, rc);
		write_end(&w);
		return rc;
	}
	/* An address in the name is an address that has not been proved. */
	if (name_changes(op, muster_ad.mail)) {
		mods_add(&op->orr_modlist, SLAP_MOD_SOFTDEL, muster_ad.mail_verified, NULL);
		mods_add(&op->orr_modlist, SLAP_MOD_SOFTDEL, muster_ad.challenge, NULL);
	}
	/* Whoever gets the name next is somebody else. Other entries have members below them. */
	rc = write_carry_out(&w, op_modrdn, 1, END_ALL);
	if (subject != SUBJECT_OTHER)
		write_audit(&w, rc);
	write_end(&w);
	return rc;
}

/* --- delete --------------------------------------------------------------------------------------- */

/*
 * check_member_goes - who is deleted is not the last OWNER, and what names a member names it no more. The database refuses who may
 *                     not delete, and nothing is learnt here.
 */
static int
check_member_goes(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn), *copy;
	int rc = LDAP_SUCCESS;

	if (e == NULL)
		return LDAP_SUCCESS;
	copy = write_may_delete(w, e) && !write_has_children(w, e) ? entry_dup(e) : NULL;
	write_entry_release(w, e);
	if (copy == NULL)
		return LDAP_SUCCESS;
	if (!write_overrides(w, copy, slap_schema.si_ad_entry))
		rc = write_check_owner_stays(w, &w->op->o_req_ndn);
	if (rc == LDAP_SUCCESS)
		rc = write_follow_gone(w, copy);
	entry_free(copy);
	return rc;
}

int
delete_hook(Operation *op, SlapReply *rs)
{
	enum write_subject subject;
	struct write w;
	int rc;

	if (write_is_replicated(op))
		return write_replicated_delete(op, rs);
	write_begin(&w, op, rs);
	subject = begin_entry(&w);
	rc = check_connection(&w);
	if (rc == LDAP_SUCCESS)
		rc = no_op_refuse(&w);
	if (rc == LDAP_SUCCESS && subject == SUBJECT_POLICY)
		write_alone(&w);
	if (rc == LDAP_SUCCESS)
		rc = write_check_policy_gone(&w);
	if (rc == LDAP_SUCCESS && write_has_own_way(&w)) {
		rc = own_way(&w);
		write_end(&w);
		return rc;
	}
	if (rc == LDAP_SUCCESS && subject == SUBJECT_MEMBER) {
		write_alone(&w);
		rc = check_member_goes(&w);
	}
	if (rc == LDAP_SUCCESS)
		rc = write_numbers_delete(&w);
	if (rc != LDAP_SUCCESS) {
		write_audit(&w, rc);
		rc = write_answer(&w, rc);
	} else {
		rc = write_carry_out(&w, op_delete, 1, subject == SUBJECT_MEMBER ? END_ALL : END_NONE);
		if (subject != SUBJECT_OTHER)
			write_audit(&w, rc);
	}
	write_end(&w);
	return rc;
}
