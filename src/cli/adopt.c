/*
 * adopt.c - "muster adopt": an existing part of a directory becomes an organization in place. First all of it is looked at; what
 *           stands in the way is told, and nothing is written before all of it is out of the way.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"

#define TEXT_MAX 2048

void
adopt_say(struct adopt *a, enum adopt_kind kind, const char *dn, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* What cannot be told must not be passed over. */
	if (json_array_append_new(a->found[kind], json_pack("{s:s, s:s}", "dn", dn, "text", text)) != 0)
		a->short_of_memory = 1;
}

char *
adopt_small(char *text)
{
	char *p;

	for (p = text; p != NULL && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

char *
adopt_key(const char *dn)
{
	return adopt_small(directory_dn_clean(dn));
}

/* --- the organization itself --------------------------------------------------------------------------------- */

int
adopt_is_below(const char *dn, const char *base)
{
	char *at = strdup(dn), *up;
	int below = 0;

	while (at != NULL && !(below = directory_dn_equal(at, base))) {
		up = directory_dn_parent(at);
		free(at);
		at = up;
	}
	free(at);
	return below;
}

static int
check_words(struct adopt *a)
{
	struct session *s = a->s;
	const char *dn = s->args.words[0];
	int status = EXIT_DONE;

	if (directory_dn_check(dn) != 0 || *dn == '\0') {
		say_error("\"%s\" is not a DN", dn);
		return EXIT_USAGE;
	}
	a->domain = s->args.value[OPT_DOMAIN];
	a->owner_id = s->args.value[OPT_OWNER_ID];
	a->policy = s->args.value[OPT_POLICY] != NULL ? s->args.value[OPT_POLICY] : "console-16";
	if (a->domain != NULL)
		status = name_check_domain(a->domain);
	if (status == EXIT_DONE && s->args.value[OPT_ORGANIZATION] != NULL)
		status = name_check_organization(s->args.value[OPT_ORGANIZATION]);
	return status == EXIT_DONE ? name_check_person("the policy's name", a->policy) : status;
}

static int
read_root(struct adopt *a)
{
	struct session *s = a->s;
	int r;

	if (!adopt_is_below(s->args.words[0], s->base) || directory_dn_equal(s->args.words[0], s->base)) {
		say_error("%s cannot be one organization: name a part that lies below %s, which has other entries of Muster beside it",
		          s->args.words[0], s->base);
		return EXIT_USAGE;
	}
	r = directory_read(s->d, s->args.words[0], NULL, &a->root);
	if (r == ERR_NOT_FOUND) {
		say_error("%s is not there, or not yours to see", s->args.words[0]);
		return EXIT_NOT_FOUND;
	}
	if (r != 0)
		return say_failure(s, r, s->args.words[0]);
	a->dn = a->root->dn;
	a->is_organization = directory_has_class(a->root, "musterOrganization");
	a->people = organization_people(a->dn);
	return a->people != NULL ? EXIT_DONE : say_failure(s, ERR_MEMORY, a->dn);
}

/* settle_name - what is said, else what the entry says; a folder's name says nothing about whose it is */
static int
settle_name(struct adopt *a)
{
	const char *name = a->s->args.value[OPT_ORGANIZATION], *present = directory_value(a->root, "o");
	char *type = NULL, *value = NULL;

	if (name != NULL && present != NULL && strcasecmp(name, present) != 0) {
		say_error("%s is called \"%s\": leave --organization out, or rename it first", a->dn, present);
		return EXIT_USAGE;
	}
	if (name == NULL)
		name = present;
	if (name == NULL && directory_dn_rdn(a->dn, &type, &value) == 0 && strcasecmp(type, "dc") == 0)
		name = value;
	a->name = name != NULL ? strdup(name) : NULL;
	free(type);
	free(value);
	if (a->name != NULL)
		return EXIT_DONE;
	say_error("say what the organization is called: --organization NAME");
	return EXIT_USAGE;
}

static int
settle(struct adopt *a)
{
	const char *present = directory_value(a->root, "musterDomain");
	int status = settle_name(a);

	if (status != EXIT_DONE)
		return status;
	if (a->domain != NULL && present != NULL && strcasecmp(a->domain, present) != 0) {
		say_error("%s has the domain \"%s\": leave --domain out; \"muster org set\" changes it", a->dn, present);
		return EXIT_USAGE;
	}
	if (a->domain == NULL)
		a->domain = present;
	if (a->domain == NULL) {
		say_error("--domain is missing: %s", option_find_id(OPT_DOMAIN)->help);
		return EXIT_USAGE;
	}
	if (a->owner_id == NULL && !a->is_organization) {
		say_error("--owner-id is missing: the uid of the person who becomes its OWNER");
		return EXIT_USAGE;
	}
	/* One that has its rules keeps them. */
	if (a->s->args.value[OPT_POLICY] == NULL && directory_attribute(a->root, "musterPolicyEntry") != NULL)
		return EXIT_DONE;
	return policy_template(a->s, a->policy, &a->template);
}

static int
other_one(const struct directory_entry *entry, void *arg)
{
	struct adopt *a = arg;

	if (!directory_dn_equal(entry->dn, a->dn))
		adopt_say(a, ADOPT_CONFLICT, entry->dn, "is an organization that has the name %s or the domain %s: choose another",
		          a->name, a->domain);
	return 0;
}

static int
inner_one(const struct directory_entry *entry, void *arg)
{
	struct adopt *a = arg;

	if (!directory_dn_equal(entry->dn, a->dn))
		adopt_say(a, ADOPT_CONFLICT, entry->dn, "%s lies in it, and neither goes into an organization: adopt a smaller part",
		          directory_has_class(entry, "musterAccount") ? "a platform member" : "an organization");
	return 0;
}

/* look_above - organizations do not nest */
static int
look_above(struct adopt *a)
{
	static const char *const attrs[] = { "objectClass", NULL };
	char *at = directory_dn_parent(a->dn), *up;
	struct directory_entry *entry = NULL;
	int r = 0;

	while (r == 0 && at != NULL && adopt_is_below(at, a->s->base)) {
		r = directory_read(a->s->d, at, attrs, &entry);
		if (r == 0 && directory_has_class(entry, "musterOrganization"))
			adopt_say(a, ADOPT_CONFLICT, a->dn, "lies in the organization %s: organizations do not nest", at);
		directory_entry_free(&entry);
		up = directory_dn_parent(at);
		free(at);
		at = up;
	}
	free(at);
	return r;
}

static int
look_at_organization(struct adopt *a)
{
	static const char *const attrs[] = { "objectClass", NULL };
	char *filter = directory_filter("(&(objectClass=musterOrganization)(|(o=%s)(musterDomain=%s)(o=%s)(musterDomain=%s)))", a->name,
	                                a->name, a->domain, a->domain);
	int r = filter != NULL ? directory_search(a->s->d, a->s->base, SCOPE_SUB, filter, attrs, other_one, a) : ERR_MEMORY;

	free(filter);
	if (r == 0)
		r = directory_search(a->s->d, a->dn, SCOPE_SUB, "(|(objectClass=musterOrganization)(objectClass=musterAccount))", attrs,
		                     inner_one, a);
	if (r == 0)
		r = look_above(a);
	if (r != 0)
		return say_failure(a->s, r, a->dn);
	if (!a->is_organization)
		adopt_say(a, ADOPT_CHANGE, a->dn, "becomes the organization %s with domain %s and OWNER %s", a->name, a->domain, a->owner_id);
	return EXIT_DONE;
}

/* look_at_policy - rules that say "off" would let people in without the second factor they have */
static int
look_at_policy(struct adopt *a)
{
	static const char *const attrs[] = { "musterSecondFactor", NULL };
	const char *named = directory_value(a->root, "musterPolicyEntry"), *factor;
	struct directory_entry *policy = NULL;
	char *own = directory_dn("cn=policy,%D", a->dn);
	int r = own != NULL ? 0 : ERR_MEMORY;

	if (r == 0 && a->template == NULL)
		r = directory_read(a->s->d, named != NULL ? named : own, attrs, &policy);
	if (r == ERR_NOT_FOUND)
		r = 0;
	factor = a->template != NULL ? directory_value(a->template, attrs[0]) : policy != NULL ? directory_value(policy, attrs[0]) : NULL;
	if (r == 0 && a->factors > 0 && factor != NULL && strcasecmp(factor, "off") == 0)
		adopt_say(a, ADOPT_CONFLICT, a->dn, "its rules switch second factors off, and %zu persons have one of slapo-otp: choose other rules",
		          a->factors);
	directory_entry_free(&policy);
	free(own);
	return r == 0 ? EXIT_DONE : say_failure(a->s, r, "policy");
}

/* --- what is told --------------------------------------------------------------------------------------------- */

static void
print_found(const struct adopt *a)
{
	static const char *const words[ADOPT_KINDS] = { "conflict", "note", "change" };
	json_t *row;
	size_t i;
	int kind;

	for (kind = ADOPT_KINDS - 1; kind >= 0; kind--)
		json_array_foreach(a->found[kind], i, row)
			print_plain("%s: %s: %s", words[kind], json_string_value(json_object_get(row, "dn")),
			            json_string_value(json_object_get(row, "text")));
}

static int
report(struct adopt *a, int done)
{
	size_t conflicts = json_array_size(a->found[ADOPT_CONFLICT]);
	json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:O, s:O, s:O, s:b}", "dn", a->dn, "name", a->name, "domain", a->domain,
	                           "persons", (int)a->persons_len, "members_already", (int)a->members, "factors", (int)a->factors,
	                           "conflicts", a->found[ADOPT_CONFLICT], "notes", a->found[ADOPT_NOTE], "changes",
	                           a->found[ADOPT_CHANGE], "done", done);
	int status;

	if (a->s->args.value[OPT_JSON] == NULL && (!done || conflicts > 0))
		print_found(a);
	if (done)
		status = print_done(a->s, object, "%s is the organization %s now, with %zu members; %zu second factors of slapo-otp were taken over",
		                    a->dn, a->name, a->persons_len, a->factors);
	else
		status = print_done(a->s, object, "%zu persons, %zu of them members already, %zu second factors of slapo-otp: %zu conflicts, %zu notes; "
		                    "nothing was changed", a->persons_len, a->members, a->factors, conflicts,
		                    json_array_size(a->found[ADOPT_NOTE]));
	if (status == EXIT_DONE && conflicts > 0) {
		say_error("there are conflicts: solve them, then run it again");
		status = EXIT_FAILED;
	}
	return status;
}

/* --- the command ---------------------------------------------------------------------------------------------- */

static int
look(struct adopt *a)
{
	static int (*const parts[])(struct adopt *) = { read_root, settle, look_at_organization, adopt_look, adopt_look_at_factors,
		look_at_policy, adopt_look_at_access };
	int status = EXIT_DONE;
	size_t i;

	for (i = 0; status == EXIT_DONE && i < sizeof(parts) / sizeof(parts[0]); i++)
		status = parts[i](a);
	return status;
}

static void
clear(struct adopt *a)
{
	size_t i;

	for (i = 0; i < a->persons_len; i++) {
		free(a->persons[i].dn);
		free(a->persons[i].id);
		free(a->persons[i].number);
		free(a->persons[i].token);
	}
	free(a->persons);
	for (i = 0; i < a->rules_len; i++)
		free(a->rules[i].data);
	free(a->rules);
	free(a->rules_dn);
	json_decref(a->names);
	for (i = 0; i < ADOPT_KINDS; i++)
		json_decref(a->found[i]);
	directory_entry_free(&a->root);
	directory_entry_free(&a->template);
	free(a->name);
	free(a->me);
	free(a->people);
	free(a->owner_dn);
}

int
adopt_run(struct session *s)
{
	struct adopt a = { .s = s, .names = json_object(), .found = { json_array(), json_array(), json_array() } };
	int status = check_words(&a), r, done = 0;

	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status == EXIT_DONE) {
		r = directory_whoami(s->d, &a.me);
		status = r == 0 ? look(&a) : say_failure(s, r, "who am I");
	}
	if (status == EXIT_DONE && a.short_of_memory)
		status = say_failure(s, ERR_MEMORY, a.dn);
	if (status == EXIT_DONE && s->args.value[OPT_DRY_RUN] == NULL && json_array_size(a.found[ADOPT_CONFLICT]) == 0) {
		status = adopt_write(&a);
		done = 1;
	}
	if (status == EXIT_DONE)
		status = report(&a, done);
	clear(&a);
	return status;
}
