/*
 * org.c - organizations: made, listed, shown.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_facts.h"

#define SHOWN 9 /* columns of org show before the rules */

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

static int
add(struct session *s, const struct directory_new_organization *asked)
{
	struct directory_made_organization made;
	int r = directory_new_organization(s->d, asked, &made), status;

	if (r != 0)
		return say_failure(s, r, "the organization was not made");
	status = print_done(s, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "dn", made.dn, "name", asked->name, "domain",
	                                 asked->domain, "owner", asked->owner_id, "owner_dn", made.owner_dn, "access_url",
	                                 made.access_url),
	                    "organization %s with domain %s%s%s; OWNER %s has no password yet: muster password reset %s/%s",
	                    asked->name, asked->domain, *made.access_url != '\0' ? ", " : "", made.access_url,
	                    asked->owner_id, asked->domain, asked->owner_id);
	directory_made_organization_free(&made);
	return status;
}

int
org_add(struct session *s)
{
	const struct person owner = {
		.id = s->args.value[OPT_OWNER_ID], .name = s->args.value[OPT_OWNER_NAME],
		.mail = s->args.value[OPT_OWNER_MAIL], .language = s->args.value[OPT_OWNER_LANGUAGE]
	};
	const struct directory_new_organization asked = {
		.name = s->args.words[0], .domain = s->args.value[OPT_DOMAIN], .policy = s->args.value[OPT_POLICY],
		.owner_id = owner.id, .owner_name = owner.name, .owner_mail = owner.mail, .language = owner.language,
		.service = s->args.value[OPT_SERVICE], .service_title = s->args.value[OPT_TITLE]
	};
	struct directory_entry *template = NULL;
	int status;

	status = check_add(s, &owner);
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status == EXIT_DONE)
		status = check_free(s);
	if (status == EXIT_DONE && asked.policy != NULL)
		status = policy_template(s, asked.policy, &template);
	if (status == EXIT_DONE)
		status = add(s, &asked);
	directory_entry_free(&template);
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
	int r = ERR_MEMORY, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status != EXIT_DONE)
		return status;
	list = json_array();
	if (list != NULL)
		r = directory_search(s->d, s->base, SCOPE_SUB, "(objectClass=musterOrganization)", attrs, list_one, list);
	if (r != 0) {
		json_decref(list);
		return say_failure(s, r, "organizations");
	}
	return print_list(s, list, columns, 3);
}

/* put_settings - what the organization chose beside its rules, and its services with their access URLs */
static int
put_settings(struct session *s, const struct directory_entry *org, json_t *object)
{
	const char *see = directory_value(org, "musterMembersSee"), *nicknames = directory_value(org, "musterNicknames");
	json_t *services = NULL, *urls = json_array();
	size_t i;
	int r = service_list_json(s, org, &services);

	for (i = 0; r == 0 && i < json_array_size(services); i++)
		(void)json_array_append(urls, json_object_get(json_array_get(services, i), "access_url"));
	if (r == 0 && (json_object_set_new(object, "services", services) != 0 || json_object_set_new(object, "access_urls", urls) != 0 ||
	               json_object_set_new(object, "members_see", json_string(see != NULL ? see : "self")) != 0 ||
	               json_object_set_new(object, "nicknames",
	                                   json_boolean(nicknames == NULL || strcasecmp(nicknames, "TRUE") == 0)) != 0))
		r = ERR_MEMORY;
	return r == 0 ? EXIT_DONE : say_failure(s, r, "services");
}

/* yes_or_no - TRUE or FALSE as the directory writes it, NULL for neither */
static const char *
yes_or_no(const char *text)
{
	if (strcasecmp(text, "yes") == 0)
		return "TRUE";
	return strcasecmp(text, "no") == 0 ? "FALSE" : NULL;
}

int
org_set(struct session *s)
{
	const char *domain = s->args.value[OPT_DOMAIN], *see = s->args.value[OPT_MEMBERS_SEE];
	const char *nicknames = s->args.value[OPT_NICKNAMES];
	struct directory_entry *org = NULL;
	struct record record = { .n = 0 };
	int r, status = EXIT_DONE;

	if (domain == NULL && see == NULL && nicknames == NULL) {
		say_error("nothing to set: give --domain, --members-see or --nicknames");
		return EXIT_USAGE;
	}
	if (domain != NULL)
		status = name_check_domain(domain);
	if (status == EXIT_DONE && nicknames != NULL && yes_or_no(nicknames) == NULL) {
		say_error("--nicknames is yes or no");
		status = EXIT_USAGE;
	}
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_organization(s, s->args.words[0], &org);
	if (status != EXIT_DONE)
		return status;
	record_put(&record, CHANGE_REPLACE, "musterDomain", domain);
	record_put(&record, CHANGE_REPLACE, "musterMembersSee", see);
	record_put(&record, CHANGE_REPLACE, "musterNicknames", nicknames != NULL ? yes_or_no(nicknames) : NULL);
	r = record_modify(s->d, org->dn, &record);
	status = r != 0 ? say_failure(s, r, s->args.words[0])
	                : print_done(s, json_pack("{s:s}", "dn", org->dn), "%s is changed", s->args.words[0]);
	directory_entry_free(&org);
	return status;
}

int
org_show(struct session *s)
{
	struct column columns[SHOWN + POLICY_COLUMNS] = {
		{ "name", "name" }, { "domain", "domain" }, { "owners", "owners" }, { "access_urls", "access URLs" },
		{ "members_see", "members see" }, { "nicknames", "nicknames" }, { "uuid", "UUID" },
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
	status = put_settings(s, org, object);
	if (status != EXIT_DONE) {
		json_decref(object);
		directory_entry_free(&org);
		return status;
	}
	/* Who may not read the rules sees the rest. */
	if (object != NULL && policy_of_organization(s, org, NULL, &dn, &policy) == 0)
		policy_put(policy, object);
	policy_columns(columns + SHOWN);
	directory_entry_free(&policy);
	directory_entry_free(&org);
	free(dn);
	return print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
}
