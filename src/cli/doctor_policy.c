/*
 * doctor_policy.c - policies: whether they can be used, and which requirements of ASVS 5.0 and NIST SP 800-63B-4 an
 *                   organization does not meet because of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/policy_facts.h"

/* Shortest password where it is the only factor, and beside a second one; longest that must be allowed. */
#define LENGTH_ALONE 15
#define LENGTH_WITH_FACTOR 8
#define LENGTH_ALLOWED 64
#define DAILY_FAILURES 100
#define WINDOW_STEPS 1

struct unmet {
	char text[1024];
	size_t used;
};

static void __attribute__((format(printf, 2, 3)))
unmet_put(struct unmet *unmet, const char *format, ...)
{
	char one[200];
	va_list args;

	va_start(args, format);
	vsnprintf(one, sizeof(one), format, args);
	va_end(args);
	if (unmet->used < sizeof(unmet->text))
		unmet->used += (size_t)snprintf(unmet->text + unmet->used, sizeof(unmet->text) - unmet->used, "%s%s",
		                                unmet->used > 0 ? ", " : "", one);
}

/* What an organization may have chosen with open eyes; the ids are of ASVS 5.0. */
static void
check_chosen(const struct policy_facts *facts, int no_breached_file, struct unmet *unmet)
{
	if (facts->max_length < LENGTH_ALLOWED)
		unmet_put(unmet, "6.2.9 (at most %lld characters; 64 are to be allowed)", (long long)facts->max_length);
	if (facts->composition)
		unmet_put(unmet, "6.2.5 (asks for kinds of characters)");
	if (!facts->blocklist)
		unmet_put(unmet, "6.2.4, 6.2.12 (common and breached passwords are not refused)");
	else if (no_breached_file)
		unmet_put(unmet, "6.2.12 (olcMusterBreached names no file of breached passwords)");
	if (facts->max_age_sec > 0)
		unmet_put(unmet, "6.2.10 (passwords expire without a reason)");
	if (facts->factor != FACTOR_RULE_REQUIRED)
		unmet_put(unmet, "6.3.3 (the second factor is %s)",
		          facts->factor == FACTOR_RULE_OFF ? "off" : "optional");
	if (facts->max_app_passwords > 0)
		unmet_put(unmet, "6.3.4 (app passwords need no code)");
	if (facts->code_grace)
		unmet_put(unmet, "6.5.1 (some clients may repeat a code)");
	if (facts->lockout)
		unmet_put(unmet, "6.1.1 (anybody can lock a member out by failing)");
	if (facts->daily_password_failures > DAILY_FAILURES)
		unmet_put(unmet, "6.3.1 (%lld wrong passwords a day)", (long long)facts->daily_password_failures);
	if (facts->code_window > WINDOW_STEPS)
		unmet_put(unmet, "6.5.5 (a code is good for %lld steps of 30 seconds)",
		          (long long)facts->code_window + 1);
}

static void
check_standards(struct doctor *doc, const char *org, const struct policy_facts *facts, int no_breached_file)
{
	struct unmet unmet = { .used = 0 };

	if (facts->factor != FACTOR_RULE_REQUIRED && facts->min_length < LENGTH_ALONE)
		doctor_find(doc, SEVERITY_WARNING, "short-alone", org,
		            "set musterSecondFactor: required, or pwdMinLength: 15",
		            "%lld characters are enough for a password that is the only factor (ASVS 6.2.1 and NIST "
		            "want 15, "
		            "or a second factor)",
		            (long long)facts->min_length);
	if (facts->min_length_factor < LENGTH_WITH_FACTOR)
		doctor_find(doc, SEVERITY_WARNING, "short", org,
		            "set musterPwdMinLengthFactor and pwdMinLength to 8 or more",
		            "%lld characters are enough for a password (ASVS 6.2.1 wants 8 beside a second factor)",
		            (long long)facts->min_length_factor);
	if (!facts->must_change)
		doctor_find(doc, SEVERITY_WARNING, "initial-stays", org, "set pwdMustChange: TRUE",
		            "a password that somebody else set need not be changed (ASVS 6.4.1, 6.4.6)");
	check_chosen(facts, no_breached_file, &unmet);
	if (unmet.used > 0)
		doctor_find(doc, SEVERITY_NOTE, "standards", org, "the template modern meets most of them",
		            "not met by its policy, ASVS 5.0: %s", unmet.text);
}

struct policies {
	struct doctor *doc;
	char *fallback;       /* olcMusterPolicy, NULL unknown */
	int no_breached_file; /* as far as cn=config shows */
};

static void
check_organization(const struct policies *p, const struct directory_entry *org)
{
	struct doctor *doc = p->doc;
	struct directory_entry *entry = NULL;
	struct policy_facts facts;
	char *dn = NULL, wrong[256];
	int r = policy_of_organization(doc->s, org, p->fallback, &dn, &entry);

	if (r == ERR_NOT_FOUND)
		doctor_find(doc, SEVERITY_ERROR, "policy-missing", org->dn,
		            "name a policy that is there in musterPolicyEntry",
		            "its policy %s is not there: none of its members gets in", dn != NULL ? dn : "");
	else if (r != 0)
		doctor_unseen(doc, "the policy of %s cannot be read: %s", org->dn, err_str(r));
	else if (policy_facts_read(entry, &facts, wrong, sizeof(wrong)) != 0)
		doctor_find(doc, SEVERITY_ERROR, "policy-unusable", org->dn, "put it right: none of its members gets in",
		            "%s: %s", dn != NULL ? dn : "policy", wrong);
	else
		check_standards(doc, org->dn, &facts, p->no_breached_file);
	directory_entry_free(&entry);
	free(dn);
}

/* --- all of them ------------------------------------------------------------------------------------------ */

static int
look_at_overlay(const struct directory_entry *entry, void *arg)
{
	struct policies *p = arg;
	const char *dn = directory_value(entry, "olcMusterPolicy");

	p->fallback = dn != NULL ? strdup(dn) : NULL;
	p->no_breached_file = directory_attribute(entry, "olcMusterBreached") == NULL;
	return 1;
}

static int
look_at_organization(const struct directory_entry *org, void *arg)
{
	check_organization(arg, org);
	return 0;
}

static int
look_at_template(const struct directory_entry *entry, void *arg)
{
	const struct policies *p = arg;
	struct policy_facts facts;
	char wrong[256];

	if (policy_facts_read(entry, &facts, wrong, sizeof(wrong)) != 0)
		doctor_find(p->doc, SEVERITY_WARNING, "template-unusable", entry->dn, "put it right before it is used",
		            "%s", wrong);
	return 0;
}

void
doctor_policies(struct doctor *doc)
{
	static const char *const org_attrs[] = { "musterPolicyEntry", NULL };
	struct policies policies = { .doc = doc };
	struct directory_entry *entry = NULL;
	char *base;

	if (doc->database != NULL)
		(void)directory_search(doc->s->d, doc->database->dn, SCOPE_ONE, "(objectClass=olcMusterConfig)", NULL,
		                       look_at_overlay, &policies);
	if (policies.fallback != NULL && directory_read(doc->s->d, policies.fallback, NULL, &entry) == ERR_NOT_FOUND)
		doctor_find(doc, SEVERITY_ERROR, "policy-missing", policies.fallback,
		            "make it, or name another in olcMusterPolicy",
		            "is named by olcMusterPolicy and not there: platform members do not get in");
	directory_entry_free(&entry);
	base = directory_dn("ou=policies,%D", doc->s->base);
	if (base != NULL)
		(void)directory_search(doc->s->d, base, SCOPE_SUB, "(objectClass=pwdPolicy)", NULL, look_at_template,
		                       &policies);
	free(base);
	(void)directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB, "(objectClass=musterOrganization)", org_attrs,
	                             look_at_organization, &policies);
	free(policies.fallback);
}
