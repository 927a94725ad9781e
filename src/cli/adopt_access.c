/*
 * adopt_access.c - the access rules that "muster init" wrote for organizations below ou=organizations, once more for one that lies
 *                  elsewhere, each right behind the one it is a copy of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"
#include "cli/ordered.h"

/* What an organization is in those rules: "(o=[^,]+,ou=organizations,BASE)" */
#define ANY_ORGANIZATION "(o=[^,]+,ou=organizations,"
#define PEOPLE "^(.+,)?ou=people,("
#define ALL "^(.+,)?ou=(people|groups),("
#define PEOPLE_BY "\"ou=people,$2\""
/* What would end a quoted DN or mean something in a regular expression */
#define DN_REFUSED "\"\\*+?()[]{}|^$\n"

/* swap - text with the first occurrence of one part replaced, from where it begins to end (NULL: as long as it is); text is freed */
static char *
swap(char *text, const char *part, const char *end, const char *with)
{
	char *at = text != NULL ? strstr(text, part) : NULL, *stop, *out = NULL;

	if (at == NULL)
		return text;
	stop = end != NULL ? strstr(at, end) : at + strlen(part);
	if (stop == NULL)
		return text;
	if (asprintf(&out, "%.*s%s%s", (int)(at - text), text, with, stop) < 0)
		out = NULL;
	free(text);
	return out;
}

/* rule_for - the copy of a rule; NULL when memory is short */
static char *
rule_for(const struct adopt *a, const char *rule)
{
	char *organization = NULL, *copy;

	if (asprintf(&organization, "(%s", a->dn) < 0)
		return NULL;
	copy = swap(strdup(rule), ANY_ORGANIZATION, ")", organization);
	free(organization);
	/* A folder that is an organization has its members in itself. */
	if (directory_dn_equal(a->people, a->dn)) {
		copy = swap(copy, PEOPLE, NULL, "^(uid=[^,]+,|uid=[^,]+,.+,)(");
		copy = swap(copy, ALL, NULL, "^(uid=[^,]+,(.+,)?)(");
		copy = swap(copy, PEOPLE_BY, NULL, "\"$2\"");
	}
	return copy;
}

/* plan - out: the rules as they are to be; a->rules_new of them new */
static int
plan(struct adopt *a, const struct ordered *have)
{
	struct ordered rules = { .n = 0 };
	size_t i;
	char *copy;
	int r = 0;

	for (i = 0; i < have->n && r == 0; i++) {
		r = ordered_put(&rules, strdup(have->values[i]));
		if (r != 0 || strstr(have->values[i], ANY_ORGANIZATION) == NULL)
			continue;
		copy = rule_for(a, have->values[i]);
		if (copy != NULL && ordered_has(have, copy)) {
			free(copy);
			continue;
		}
		r = ordered_put(&rules, copy);
		a->rules_new++;
	}
	a->rules = r == 0 ? calloc(rules.n + 1, sizeof(*a->rules)) : NULL;
	for (i = 0; a->rules != NULL && i < rules.n; i++) {
		a->rules[i].data = (uint8_t *)rules.values[i];
		a->rules[i].len = strlen(rules.values[i]);
		rules.values[i] = NULL;
		a->rules_len++;
	}
	r = a->rules != NULL ? 0 : ERR_MEMORY;
	ordered_free(&rules);
	return r;
}

/* is_usual - 1 when the rules that are there speak of it */
static int
is_usual(const struct adopt *a)
{
	char *parent = directory_dn_parent(a->dn), *usual = directory_dn("ou=organizations,%D", a->s->base);
	int is = parent != NULL && usual != NULL && directory_dn_equal(parent, usual) && strncasecmp(a->dn, "o=", 2) == 0;

	free(parent);
	free(usual);
	return is;
}

struct database {
	struct adopt *a;
	struct ordered rules;
	int r;
};

static int
look_at_database(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *suffixes = directory_attribute(entry, "olcSuffix");
	struct database *found = arg;
	size_t i;

	for (i = 0; suffixes != NULL && i < suffixes->values_len; i++) {
		if (!directory_dn_equal((const char *)suffixes->values[i].data, found->a->s->base))
			continue;
		found->a->rules_dn = strdup(entry->dn);
		found->r = ordered_from_attribute(&found->rules, directory_attribute(entry, "olcAccess"));
		return 1;
	}
	return 0;
}

int
adopt_look_at_access(struct adopt *a)
{
	static const char *const attrs[] = { "olcSuffix", "olcAccess", NULL };
	struct database found = { .a = a, .rules = { .n = 0 } };
	int r = 0;

	if (is_usual(a))
		return EXIT_DONE;
	if (strpbrk(a->dn, DN_REFUSED) != NULL) {
		adopt_say(a, ADOPT_CONFLICT, a->dn, "access rules cannot be written for this name: rename it, without any of %.*s",
		          (int)strlen(DN_REFUSED) - 1, DN_REFUSED);
		return EXIT_DONE;
	}
	(void)directory_search(a->s->d, "cn=config", SCOPE_ONE, "(olcSuffix=*)", attrs, look_at_database, &found);
	if (a->rules_dn == NULL)
		adopt_say(a, ADOPT_CONFLICT, a->dn, "its access rules are written to cn=config, which %s may not see: be root on the server and "
		          "use -H ldapi:/// --external", *a->me != '\0' ? a->me : "nobody");
	else if (found.r == 0)
		r = plan(a, &found.rules);
	ordered_free(&found.rules);
	if (r == 0)
		r = found.r;
	if (r != 0)
		return say_failure(a->s, r, "access rules");
	if (a->rules_new > 0)
		adopt_say(a, ADOPT_CHANGE, a->rules_dn, "has %zu access rules more (olcAccess): those of organizations, for this one", a->rules_new);
	return EXIT_DONE;
}

int
adopt_write_access(struct adopt *a)
{
	const struct directory_change change = { CHANGE_REPLACE, "olcAccess", a->rules, a->rules_len };
	int r = a->rules_new > 0 ? directory_modify(a->s->d, a->rules_dn, &change, 1) : 0;

	return r == 0 ? EXIT_DONE : say_failure(a->s, r, "access rules");
}
