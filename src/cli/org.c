/*
 * org.c - organizations: made with everything that belongs to one, or not at all.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_facts.h"

#define POLICY_DEFAULT "console-16"

/* What has been written so far, to be taken back when the rest fails. */
struct made {
	char *dns[8];
	size_t n;
};

struct organization {
	char *dn, *policy_dn, *people_dn, *owner_dn;
};

static void
organization_free(struct organization *org)
{
	free(org->dn);
	free(org->policy_dn);
	free(org->people_dn);
	free(org->owner_dn);
}

static int
organization_names(struct session *s, const char *name, struct organization *org)
{
	memset(org, 0, sizeof(*org));
	org->dn = directory_dn("o=%s,ou=organizations,%D", name, s->base);
	if (org->dn != NULL)
		org->policy_dn = directory_dn("cn=policy,%D", org->dn);
	if (org->policy_dn != NULL)
		org->people_dn = directory_dn("ou=people,%D", org->dn);
	if (org->people_dn != NULL)
		org->owner_dn = directory_dn("uid=%s,%D", s->args.value[OPT_OWNER_ID], org->people_dn);
	return org->owner_dn != NULL ? 0 : ERR_MEMORY;
}

static void
take_back(struct session *s, struct made *made)
{
	while (made->n > 0) {
		char *dn = made->dns[--made->n];
		int r = directory_delete(s->d, dn);

		if (r != 0)
			say_error("%s was written and could not be taken back: %s; delete it by hand", dn, err_str(r));
		free(dn);
	}
}

static void
made_free(struct made *made)
{
	while (made->n > 0)
		free(made->dns[--made->n]);
}

/* Remember dn before it is written: what cannot be remembered must not be written. */
static int
write_entry(struct session *s, struct made *made, const char *dn, const struct record *record)
{
	char *copy = strdup(dn);
	int r;

	if (copy == NULL || made->n == sizeof(made->dns) / sizeof(made->dns[0])) {
		free(copy);
		return ERR_MEMORY;
	}
	r = record_add(s->d, dn, record);
	if (r != 0) {
		free(copy);
		return r;
	}
	made->dns[made->n++] = copy;
	return 0;
}

static int
write_folder(struct session *s, struct made *made, const char *name, const char *parent)
{
	struct record record = { .n = 0 };
	char *dn = directory_dn("ou=%s,%D", name, parent);
	int r = ERR_MEMORY;

	record_put(&record, CHANGE_ADD, "objectClass", "organizationalUnit");
	record_put(&record, CHANGE_ADD, "ou", name);
	if (dn != NULL)
		r = write_entry(s, made, dn, &record);
	free(dn);
	return r;
}

/* The organization's own policy: the template's attributes under another name. */
static int
write_policy(struct session *s, struct made *made, const char *dn, const struct directory_entry *template)
{
	struct record record = { .n = 0 };

	policy_copy(template, &record);
	return write_entry(s, made, dn, &record);
}

static int
write_organization(struct session *s, struct made *made, const struct organization *org, const char *name)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"organization", .len = 12 },
		{ .data = (uint8_t *)"musterOrganization", .len = 18 }
	};
	struct record record = { .n = 0 };

	record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
	record_put(&record, CHANGE_ADD, "o", name);
	record_put(&record, CHANGE_ADD, "musterDomain", s->args.value[OPT_DOMAIN]);
	record_put(&record, CHANGE_ADD, "owner", org->owner_dn);
	record_put(&record, CHANGE_ADD, "musterPolicyEntry", org->policy_dn);
	return write_entry(s, made, org->dn, &record);
}

static int
write_all(struct session *s, const struct organization *org, const struct directory_entry *template,
          const struct person *owner)
{
	static const char *const folders[] = { "people", "groups", "services" };
	struct made made = { .n = 0 };
	size_t i;
	int r;

	r = write_organization(s, &made, org, s->args.words[0]);
	if (r == 0)
		r = write_policy(s, &made, org->policy_dn, template);
	for (i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = write_folder(s, &made, folders[i], org->dn);
	if (r == 0)
		r = person_add(s, org->owner_dn, owner);
	if (r == 0) {
		made_free(&made);
		return EXIT_DONE;
	}
	/* What is said must come before what the taking back says. */
	(void)say_failure(s, r, "the organization was not made");
	take_back(s, &made);
	return r == ERR_EXISTS ? EXIT_IN_USE : r == ERR_REFUSED ? EXIT_REFUSED : EXIT_FAILED;
}

struct taken {
	const char *name, *domain;
	int by_name, by_domain;
};

static int
look_if_taken(const struct directory_entry *entry, void *arg)
{
	struct taken *taken = arg;
	const struct directory_attribute *names = directory_attribute(entry, "o");
	const char *domain = directory_value(entry, "musterDomain");
	size_t i;

	for (i = 0; names != NULL && i < names->values_len; i++) {
		if (strcasecmp((const char *)names->values[i].data, taken->name) == 0)
			taken->by_name = 1;
	}
	if (domain != NULL && strcasecmp(domain, taken->domain) == 0)
		taken->by_domain = 1;
	return 0;
}

/* Names and domains are also kept unique by the server; this says it in words, and which of the two it is. */
static int
check_free(struct session *s)
{
	static const char *const attrs[] = { "o", "musterDomain", NULL };
	struct taken taken = { .name = s->args.words[0], .domain = s->args.value[OPT_DOMAIN] };
	char *base = directory_dn("ou=organizations,%D", s->base);
	char *filter = directory_filter("(&(objectClass=organization)(|(o=%s)(musterDomain=%s)))", taken.name,
	                                taken.domain);
	int r = ERR_MEMORY;

	if (base != NULL && filter != NULL)
		r = directory_search(s->d, base, SCOPE_ONE, filter, attrs, look_if_taken, &taken);
	free(base);
	free(filter);
	if (r == ERR_NOT_FOUND) {
		say_error("ou=organizations,%s is not there or not yours to see; has \"muster init\" been run?", s->base);
		return EXIT_NOT_FOUND;
	}
	if (r != 0)
		return say_failure(s, r, "organizations");
	if (taken.by_name)
		say_error("the name \"%s\" is already in use; choose another, or go on with \"muster member add %s ...\"",
		          taken.name, taken.name);
	if (taken.by_domain)
		say_error("the domain \"%s\" is already in use; choose another with --domain", taken.domain);
	return taken.by_name || taken.by_domain ? EXIT_IN_USE : EXIT_DONE;
}

static int
check_add(struct session *s, const struct person *owner)
{
	static const enum option_id needed[] = { OPT_DOMAIN, OPT_OWNER_ID, OPT_OWNER_NAME, OPT_OWNER_MAIL };
	size_t i;
	int status;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (s->args.value[needed[i]] == NULL) {
			say_error("--%s is missing: %s", option_find_id(needed[i])->name, option_find_id(needed[i])->help);
			return EXIT_USAGE;
		}
	}
	status = name_check_organization(s->args.words[0]);
	if (status == EXIT_DONE)
		status = name_check_domain(s->args.value[OPT_DOMAIN]);
	if (status == EXIT_DONE && s->args.value[OPT_POLICY] != NULL)
		status = name_check_person("the policy's name", s->args.value[OPT_POLICY]);
	return status != EXIT_DONE ? status : person_check(owner);
}

int
org_add(struct session *s)
{
	const struct person owner = {
		.id = s->args.value[OPT_OWNER_ID], .name = s->args.value[OPT_OWNER_NAME],
		.mail = s->args.value[OPT_OWNER_MAIL], .language = s->args.value[OPT_OWNER_LANGUAGE]
	};
	struct organization org = { .dn = NULL };
	struct directory_entry *template = NULL;
	int status;

	status = check_add(s, &owner);
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status == EXIT_DONE)
		status = check_free(s);
	if (status == EXIT_DONE)
		status = policy_template(s, s->args.value[OPT_POLICY] != NULL ? s->args.value[OPT_POLICY] : POLICY_DEFAULT,
		                         &template);
	if (status == EXIT_DONE && organization_names(s, s->args.words[0], &org) != 0)
		status = say_failure(s, ERR_MEMORY, "organization");
	if (status == EXIT_DONE)
		status = write_all(s, &org, template, &owner);
	if (status == EXIT_DONE)
		status = print_done(s, json_pack("{s:s, s:s, s:s, s:s, s:s}", "dn", org.dn, "name", s->args.words[0],
		                                 "domain", s->args.value[OPT_DOMAIN], "owner", owner.id, "owner_dn",
		                                 org.owner_dn),
		                    "organization %s with domain %s; OWNER %s has no password yet: "
		                    "muster password reset %s/%s", s->args.words[0], s->args.value[OPT_DOMAIN], owner.id,
		                    s->args.value[OPT_DOMAIN], owner.id);
	directory_entry_free(&template);
	organization_free(&org);
	return status;
}

/* --- list and show ---------------------------------------------------------------------------------- */

static json_t *
owners_json(const struct directory_entry *org)
{
	const struct directory_attribute *owners = directory_attribute(org, "owner");
	json_t *list = json_array();
	char *type, *id;
	size_t i;

	for (i = 0; owners != NULL && i < owners->values_len; i++) {
		if (directory_dn_rdn((const char *)owners->values[i].data, &type, &id) != 0)
			continue;
		(void)json_array_append_new(list, json_text(id));
		free(type);
		free(id);
	}
	return list;
}

static json_t *
organization_json(const struct directory_entry *org)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "dn", org->dn, "name", json_attribute(org, "o"),
	                 "domain", json_attribute(org, "musterDomain"), "owners", owners_json(org), "policy",
	                 json_attribute(org, "musterPolicyEntry"), "uuid", json_attribute(org, "entryUUID"),
	                 "registered", json_time(org, "createTimestamp"));
}

static int
list_one(const struct directory_entry *entry, void *arg)
{
	return json_array_append_new(arg, organization_json(entry));
}

int
org_list(struct session *s)
{
	static const char *const attrs[] = { "o", "musterDomain", "owner", "musterPolicyEntry", "entryUUID",
		"createTimestamp", NULL };
	static const struct column columns[] = { { "name", "NAME" }, { "domain", "DOMAIN" }, { "owners", "OWNERS" } };
	json_t *list = NULL;
	char *base;
	int r = ERR_MEMORY, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status != EXIT_DONE)
		return status;
	base = directory_dn("ou=organizations,%D", s->base);
	list = json_array();
	if (base != NULL && list != NULL)
		r = directory_search(s->d, base, SCOPE_ONE, "(objectClass=musterOrganization)", attrs, list_one, list);
	free(base);
	if (r != 0) {
		json_decref(list);
		return say_failure(s, r, "organizations");
	}
	return print_list(s, list, columns, 3);
}

int
org_show(struct session *s)
{
	struct column columns[6 + POLICY_COLUMNS] = {
		{ "name", "name" }, { "domain", "domain" }, { "owners", "owners" }, { "uuid", "UUID" },
		{ "registered", "registered" }, { "policy", "policy" }
	};
	struct directory_entry *org = NULL, *policy = NULL;
	json_t *object;
	char *dn = NULL;
	int status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_organization(s, s->args.words[0], &org);
	if (status != EXIT_DONE)
		return status;
	object = organization_json(org);
	/* Who may not read the rules sees the rest. */
	if (object != NULL && policy_of_organization(s, org, NULL, &dn, &policy) == 0)
		policy_put(policy, object);
	policy_columns(columns + 6);
	directory_entry_free(&policy);
	directory_entry_free(&org);
	free(dn);
	return print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
}
