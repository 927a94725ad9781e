/*
 * schema.c - the attributes and classes of schema/muster.schema, registered in code: cn=config refuses operational
 *            attributes in LDIF.
 *
 * slapd reads cn=module before cn=schema, so at a restart muster.so is loaded while core, cosine and inetorgperson are
 * still unknown, and access rules that name our classes are read before any overlay exists. So a class is registered at
 * load with the attributes known by then, and completed when the overlay is configured.
 */
#include "slapd/muster.h"

#include "common/err.h"

struct schema_row {
	const char *name, *oid, *definition;
};

#include "slapd/schema-table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct muster_ads muster_ad;
ObjectClass *muster_oc_member, *muster_oc_account, *muster_oc_organization, *muster_oc_policy, *muster_oc_request,
	*muster_oc_service, *muster_oc_payment, *muster_oc_application, *muster_oc_document;

/* Attribute descriptions by name: ours are there once schema_register() is done, the others when a database opens. */
struct wanted {
	AttributeDescription **ad;
	const char *name;
};

static const struct wanted own_attributes[] = {
	{ &muster_ad.domain, "musterDomain" },
	{ &muster_ad.policy_entry, "musterPolicyEntry" },
	{ &muster_ad.status, "musterStatus" },
	{ &muster_ad.mail_verified, "musterMailVerified" },
	{ &muster_ad.mobile_verified, "musterMobileVerified" },
	{ &muster_ad.code, "musterCode" },
	{ &muster_ad.outbox, "musterOutbox" },
	{ &muster_ad.challenge, "musterChallenge" },
	{ &muster_ad.recovery_code, "musterRecoveryCode" },
	{ &muster_ad.verified_mail, "musterVerifiedMail" },
	{ &muster_ad.login_state, "musterLoginState" },
	{ &muster_ad.lease, "musterLease" },
	{ &muster_ad.second_factor, "musterSecondFactor" },
	{ &muster_ad.pwd_require, "musterPwdRequire" },
	{ &muster_ad.token_lifetime, "musterTokenLifetime" },
	{ &muster_ad.pwd_min_length_factor, "musterPwdMinLengthFactor" },
	{ &muster_ad.pwd_blocklist, "musterPwdBlocklist" },
	{ &muster_ad.daily_password_failures, "musterDailyPasswordFailures" },
	{ &muster_ad.daily_code_failures, "musterDailyCodeFailures" },
	{ &muster_ad.code_window, "musterCodeWindow" },
	{ &muster_ad.max_app_passwords, "musterMaxAppPasswords" },
	{ &muster_ad.code_grace, "musterCodeGrace" },
	{ &muster_ad.network, "musterNetwork" },
	{ &muster_ad.app_password, "musterAppPassword" },
	{ &muster_ad.app_password_used, "musterAppPasswordUsed" },
	{ &muster_ad.known_source, "musterKnownSource" },
	{ &muster_ad.request_kind, "musterRequestKind" },
	{ &muster_ad.request_target, "musterRequestTarget" },
	{ &muster_ad.pending_mail, "musterPendingMail" },
	{ &muster_ad.pending_mobile, "musterPendingMobile" },
	{ &muster_ad.pending_login, "musterPendingLogin" },
	{ &muster_ad.code_count, "musterCodeCount" },
	{ &muster_ad.notice_off, "musterNoticeOff" },
	{ &muster_ad.member_type, "musterMemberType" },
	{ &muster_ad.terms_version, "musterTermsVersion" },
	{ &muster_ad.terms_accepted, "musterTermsAccepted" },
	{ &muster_ad.registration_number, "musterRegistrationNumber" },
	{ &muster_ad.unproved_until, "musterUnprovedUntil" },
	{ &muster_ad.billing_mail, "musterBillingMail" },
	{ &muster_ad.service_area, "musterServiceArea" },
	{ &muster_ad.payment_kind, "musterPaymentKind" },
	{ &muster_ad.payment_reference, "musterPaymentReference" },
	{ &muster_ad.payment_token, "musterPaymentToken" },
	{ &muster_ad.payment_brand, "musterPaymentBrand" },
	{ &muster_ad.payment_last_four, "musterPaymentLastFour" },
	{ &muster_ad.payment_expiry, "musterPaymentExpiry" },
	{ &muster_ad.payment_state, "musterPaymentState" },
	{ &muster_ad.payment_url, "musterPaymentUrl" },
	{ &muster_ad.payment_reason, "musterPaymentReason" },
	{ &muster_ad.nicknames, "musterNicknames" },
	{ &muster_ad.members_see, "musterMembersSee" },
	{ &muster_ad.next_number, "musterNextNumber" },
	{ &muster_ad.applicant, "musterApplicant" },
	{ &muster_ad.application_state, "musterApplicationState" },
	{ &muster_ad.application_change, "musterApplicationChange" },
	{ &muster_ad.application_reason, "musterApplicationReason" },
	{ &muster_ad.application_decided_by, "musterApplicationDecidedBy" },
	{ &muster_ad.application_decided, "musterApplicationDecided" },
	{ &muster_ad.document_content, "musterDocumentContent" },
	{ &muster_ad.document_type, "musterDocumentType" },
	{ &muster_ad.document_hash, "musterDocumentHash" },
	{ &muster_ad.request_data, "musterRequestData" },
	{ &muster_ad.business_proved, "musterBusinessProved" },
	{ &muster_ad.application_before, "musterApplicationBefore" },
	{ &muster_ad.oath_secret, "oathSecret" },
	{ &muster_ad.oath_last_step, "oathTOTPLastTimeStep" },
};

static const struct wanted ppolicy_attributes[] = {
	{ &muster_ad.pwd_changed, "pwdChangedTime" },
	{ &muster_ad.pwd_history, "pwdHistory" },
	{ &muster_ad.pwd_reset, "pwdReset" },
	{ &muster_ad.pwd_attribute, "pwdAttribute" },
	{ &muster_ad.pwd_min_length, "pwdMinLength" },
	{ &muster_ad.pwd_max_length, "pwdMaxLength" },
	{ &muster_ad.pwd_in_history, "pwdInHistory" },
	{ &muster_ad.pwd_max_age, "pwdMaxAge" },
	{ &muster_ad.pwd_max_failure, "pwdMaxFailure" },
	{ &muster_ad.pwd_min_delay, "pwdMinDelay" },
	{ &muster_ad.pwd_max_delay, "pwdMaxDelay" },
	{ &muster_ad.pwd_must_change, "pwdMustChange" },
	{ &muster_ad.pwd_lockout, "pwdLockout" },
	{ &muster_ad.pwd_lockout_duration, "pwdLockoutDuration" },
	{ &muster_ad.pwd_locked, "pwdAccountLockedTime" },
};

static const struct wanted standard_attributes[] = {
	{ &muster_ad.mail, "mail" },
	{ &muster_ad.mobile, "mobile" },
	{ &muster_ad.preferred_language, "preferredLanguage" },
	{ &muster_ad.uid, "uid" },
	{ &muster_ad.o, "o" },
	{ &muster_ad.ou, "ou" },
	{ &muster_ad.cn, "cn" },
	{ &muster_ad.sn, "sn" },
	{ &muster_ad.given_name, "givenName" },
	{ &muster_ad.display_name, "displayName" },
	{ &muster_ad.owner, "owner" },
	{ &muster_ad.country, "c" },
	{ &muster_ad.member, "member" },
	{ &muster_ad.labeled_uri, "labeledURI" },
	{ &muster_ad.description, "description" },
	{ &muster_ad.role_occupant, "roleOccupant" },
	{ &muster_ad.postal_address, "postalAddress" },
	{ &muster_ad.document_identifier, "documentIdentifier" },
};

static const struct {
	ObjectClass **oc;
	const char *name;
} own_classes[] = {
	{ &muster_oc_member, "musterMember" },
	{ &muster_oc_account, "musterAccount" },
	{ &muster_oc_organization, "musterOrganization" },
	{ &muster_oc_policy, "musterPolicy" },
	{ &muster_oc_request, "musterRequest" },
	{ &muster_oc_service, "musterService" },
	{ &muster_oc_payment, "musterPaymentMethod" },
	{ &muster_oc_application, "musterApplication" },
	{ &muster_oc_document, "musterDocument" },
};

/* find_attributes - NULL, else the name of the first that slapd does not know */
static const char *
find_attributes(const struct wanted *wanted, size_t count)
{
	const char *text = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		*wanted[i].ad = NULL;
		if (slap_str2ad(wanted[i].name, wanted[i].ad, &text) != LDAP_SUCCESS)
			return wanted[i].name;
	}
	return NULL;
}

/* already_there - 1 when slapd has the name with our OID; a name with another OID is somebody else's */
static int
already_there(const char *name, const char *oid, const char *found_oid, int *error)
{
	if (found_oid == NULL)
		return 0;
	if (strcmp(found_oid, oid) != 0) {
		fprintf(stderr, "muster: schema: %s is known with OID %s, not %s: another module or schema file took the "
		        "name\n", name, found_oid, oid);
		*error = LDAP_OTHER;
	}
	return 1;
}

static int
register_attribute(const struct schema_row *row)
{
	AttributeType *known = at_find(row->name);
	AttributeDescription *ad = NULL;
	int rc = LDAP_SUCCESS;

	if (already_there(row->name, row->oid, known != NULL ? known->sat_oid : NULL, &rc))
		return rc;
	rc = register_at(row->definition, &ad, 0);
	/* Backup, restore and an administrator's repair write what nobody else may. */
	if (rc == LDAP_SUCCESS && is_at_no_user_mod(ad->ad_type))
		ad->ad_type->sat_flags |= SLAP_AT_MANAGEABLE;
	return rc;
}

/* only_known - the names of a list that slapd knows; the strings are borrowed, NULL for an empty list */
static char **
only_known(char **names)
{
	char **known = NULL;
	size_t i, n = 0;

	for (i = 0; names != NULL && names[i] != NULL; i++) {
		if (at_find(names[i]) == NULL)
			continue;
		known = ch_realloc(known, (n + 2) * sizeof(*known));
		known[n++] = names[i];
		known[n] = NULL;
	}
	return known;
}

static int
register_class(const struct schema_row *row)
{
	ObjectClass *known = oc_find(row->name);
	LDAPObjectClass *oc = NULL;
	char **must, **may;
	const char *text = NULL;
	int rc = LDAP_SUCCESS;

	if (already_there(row->name, row->oid, known != NULL ? known->soc_oid : NULL, &rc))
		return rc;
	oc = ldap_str2objectclass(row->definition, &rc, &text, LDAP_SCHEMA_ALLOW_ALL);
	if (oc == NULL) {
		fprintf(stderr, "muster: schema: %s: %s\n", row->name, ldap_scherr2str(rc));
		return LDAP_OTHER;
	}
	must = oc->oc_at_oids_must;
	may = oc->oc_at_oids_may;
	oc->oc_at_oids_must = only_known(must);
	oc->oc_at_oids_may = only_known(may);
	rc = oc_add(oc, 0, &known, NULL, &text);
	ch_free(oc->oc_at_oids_must);
	ch_free(oc->oc_at_oids_may);
	oc->oc_at_oids_must = must;
	oc->oc_at_oids_may = may;
	if (rc != 0) {
		fprintf(stderr, "muster: schema: %s: %s (%s)\n", row->name, scherr2str(rc), text);
		ldap_objectclass_free(oc);
		return LDAP_OTHER;
	}
	/* What cn=subschema shows is the whole definition. slapd keeps the parts of oc. */
	known->soc_at_oids_must = must;
	known->soc_at_oids_may = may;
	ldap_memfree(oc);
	return LDAP_SUCCESS;
}

int
schema_register(void)
{
	const char *missing;
	size_t i;
	int rc;

	for (i = 0; i < COUNT(attribute_rows); i++) {
		rc = register_attribute(&attribute_rows[i]);
		if (rc != LDAP_SUCCESS)
			return rc;
	}
	for (i = 0; i < COUNT(class_rows); i++) {
		rc = register_class(&class_rows[i]);
		if (rc != LDAP_SUCCESS)
			return rc;
	}
	missing = find_attributes(own_attributes, COUNT(own_attributes));
	if (missing != NULL) {
		fprintf(stderr, "muster: schema: %s is missing\n", missing);
		return LDAP_OTHER;
	}
	for (i = 0; i < COUNT(own_classes); i++) {
		*own_classes[i].oc = oc_find(own_classes[i].name);
		if (*own_classes[i].oc == NULL)
			return LDAP_OTHER;
	}
	return LDAP_SUCCESS;
}

static int
in_list(AttributeType **list, const AttributeType *at)
{
	for (; list != NULL && *list != NULL; list++)
		if (*list == at)
			return 1;
	return 0;
}

/* complete_list - append the attributes named that are not in the list yet; NULL, else the name that is unknown */
static const char *
complete_list(AttributeType ***list, AttributeType **other, char **names)
{
	AttributeType *at;
	size_t n;

	for (; names != NULL && *names != NULL; names++) {
		at = at_find(*names);
		if (at == NULL)
			return *names;
		if (in_list(*list, at) || in_list(other, at))
			continue;
		for (n = 0; *list != NULL && (*list)[n] != NULL; n++)
			;
		*list = ch_realloc(*list, (n + 2) * sizeof(**list));
		(*list)[n] = at;
		(*list)[n + 1] = NULL;
	}
	return NULL;
}

const char *
schema_complete(void)
{
	const char *missing;
	ObjectClass *oc;
	size_t i;

	for (i = 0; i < COUNT(own_classes); i++) {
		oc = *own_classes[i].oc;
		missing = complete_list(&oc->soc_required, NULL, oc->soc_at_oids_must);
		if (missing == NULL)
			missing = complete_list(&oc->soc_allowed, oc->soc_required, oc->soc_at_oids_may);
		if (missing != NULL)
			return missing;
	}
	return NULL;
}

int
schema_resolve(char *msg, size_t msg_len)
{
	const char *missing = schema_complete();

	if (missing == NULL)
		missing = find_attributes(standard_attributes, COUNT(standard_attributes));
	if (missing != NULL) {
		snprintf(msg, msg_len, "muster: attribute %s is not known: load the schemas core, cosine and inetorgperson",
		         missing);
		return ERR_CONFIG;
	}
	missing = find_attributes(ppolicy_attributes, COUNT(ppolicy_attributes));
	if (missing != NULL) {
		snprintf(msg, msg_len, "muster: attribute %s is not known: load ppolicy.so before muster.so", missing);
		return ERR_CONFIG;
	}
	return 0;
}
