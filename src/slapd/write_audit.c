/*
 * write_audit.c - the audit lines of writes: every write of a member, an organization or a policy has one, with the names of
 *                 the attributes and never a value.
 */
#include "slapd/write.h"

#include "slapd/audit.h"
#include "slapd/member.h"
#include "slapd/muster.h"

enum write_subject
write_subject_of(Entry *e)
{
	if (e == NULL)
		return SUBJECT_OTHER;
	if (member_is(e))
		return SUBJECT_MEMBER;
	if (is_entry_objectclass_or_sub(e, muster_oc_organization))
		return SUBJECT_ORGANIZATION;
	if (is_entry_objectclass(e, muster_oc_service, 0))
		return SUBJECT_SERVICE;
	if (is_entry_objectclass(e, muster_oc_application, 0))
		return SUBJECT_APPLICATION;
	if (is_entry_objectclass(e, muster_oc_document, 0))
		return SUBJECT_DOCUMENT;
	if (is_entry_objectclass(e, muster_oc_payment, 0))
		return SUBJECT_PAYMENT;
	return is_entry_objectclass_or_sub(e, muster_oc_policy) ? SUBJECT_POLICY : SUBJECT_OTHER;
}

void
write_audit_begin(struct write *w, enum write_subject subject, const Modifications *changes)
{
	static const char *const operations[][4] = {
		[SUBJECT_OTHER] = { "add", "modify", "rename", "delete" },
		[SUBJECT_MEMBER] = { "add-member", "modify-member", "rename-member", "delete-member" },
		[SUBJECT_ORGANIZATION] = { "add-organization", "modify-organization", "rename-organization",
		                           "delete-organization" },
		[SUBJECT_POLICY] = { "add-policy", "modify-policy", "rename-policy", "delete-policy" },
		[SUBJECT_APPLICATION] = { "add-application", "modify-application", "rename-application",
		                          "delete-application" },
		[SUBJECT_DOCUMENT] = { "add-document", "modify-document", "rename-document", "delete-document" },
		[SUBJECT_PAYMENT] = { "add-payment", "modify-payment", "rename-payment", "delete-payment" },
		[SUBJECT_SERVICE] = { "add-service", "modify-service", "rename-service", "delete-service" },
	};
	size_t used = 0;
	int verb;

	switch (w->op->o_tag) {
	case LDAP_REQ_ADD:
		verb = 0;
		break;
	case LDAP_REQ_MODIFY:
		verb = 1;
		break;
	case LDAP_REQ_MODRDN:
		verb = 2;
		break;
	default:
		verb = 3;
		break;
	}
	w->what = operations[subject][verb];
	for (; changes != NULL && used < sizeof(w->changes); changes = changes->sml_next)
		if (!(changes->sml_flags & SLAP_MOD_INTERNAL))
			used += snprintf(w->changes + used, sizeof(w->changes) - used, "%s%s", used > 0 ? " " : "",
			                 changes->sml_desc->ad_cname.bv_val);
}

void
write_audit(struct write *w, int result)
{
	struct audit_event event = {
		.operation = w->what,
		.dn = &w->op->o_req_dn,
		.result = result,
		.factor = w->verified.factor,
		.rule = w->rule,
		.text = *w->text != '\0' ? w->text : w->changes,
	};

	/* Nothing has happened. */
	if (result == LDAP_X_NO_OPERATION)
		return;
	audit(w->op, &event);
}
