/*
 * adopt_access.c - the access rules that "muster init" wrote for organizations below ou=organizations, once more for one that lies
 *                  elsewhere, each behind the one it is a copy of; and who of those who are adopted has rights that others do not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"
#include "cli/init.h"
#include "cli/ordered.h"
#include "common/text.h"

/* What an organization is in those rules: "(o=[^,]+,ou=organizations,BASE)"; in those of contrib/nss without a group. */
#define ANY_GROUP "(o=[^,]+,ou=organizations,"
#define ANY "o=[^,]+,ou=organizations,"
#define PEOPLE "^(.+,)?ou=people,"
#define PEOPLE_AND_GROUPS "^(.+,)?ou=(people|groups),"
#define PEOPLE_BY "\"ou=people,$2\""
/* Members of a folder, and what lies below one. */
#define NAMED_BY_UID "uid=[^,]+,|uid=[^,]+,.+,"
#define MEMBERS "^(" NAMED_BY_UID "|.+,uid=[^,]+,|.+,uid=[^,]+,.+,)"
#define ALL_MEMBERS "^(.+,)?(" NAMED_BY_UID ")"
/* What would end a quoted DN or mean something in a regular expression; a dot is written as [.] */
#define DN_REFUSED "\"\\*+?()[]{}|^$\n"

/* --- the name --------------------------------------------------------------------------------------------------- */

/*
 * is_plain - 1 when slapd compares a character as it stands: it does not change when DNs are normalized, but for the case of ASCII,
 *            which access rules do not look at.
 */
static int
is_plain(uint32_t cp)
{
	return (cp >= 0x20 && cp < 0x7f) || (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0x4e00 && cp <= 0x9fff) ||
	       (cp >= 0x3041 && cp <= 0x3096) || (cp >= 0x30a1 && cp <= 0x30fa);
}

/* is_usable - 1 when a regular expression can be written that the DN matches, and no other one */
static int
is_usable(const char *dn)
{
	size_t left = strlen(dn), taken;
	uint32_t cp;

	if (strpbrk(dn, DN_REFUSED) != NULL || strstr(dn, "  ") != NULL)
		return 0;
	for (; left > 0; dn += taken, left -= taken) {
		taken = text_decode(dn, left, &cp);
		if (taken == 0 || !is_plain(cp))
			return 0;
	}
	return 1;
}

/* expression - of the DN alone; to be freed */
static char *
expression(const char *dn)
{
	char *out = malloc(3 * strlen(dn) + 1), *to = out;

	for (; out != NULL && *dn != '\0'; dn++) {
		if (*dn == '.')
			to = stpcpy(to, "[.]");
		else
			*to++ = *dn;
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

/* --- copies ----------------------------------------------------------------------------------------------------- */

/* swap - text with the first occurrence of a part replaced, up to where end begins (NULL: the part alone); text is freed */
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

/* copy_of - a rule about all organizations as one about this; NULL when memory is short */
static char *
copy_of(const struct adopt *a, const char *rule)
{
	char *dn = expression(a->dn), *group = NULL, *copy = NULL;

	if (dn != NULL && asprintf(&group, "(%s", dn) >= 0)
		copy = strstr(rule, ANY_GROUP) != NULL ? swap(strdup(rule), ANY_GROUP, ")", group) : swap(strdup(rule), ANY, "$\"", dn);
	/* A folder that is an organization has its members in itself. */
	if (directory_dn_equal(a->people, a->dn)) {
		copy = swap(copy, PEOPLE, NULL, MEMBERS);
		copy = swap(copy, PEOPLE_AND_GROUPS, NULL, ALL_MEMBERS);
		copy = swap(copy, PEOPLE_BY, NULL, "\"$2\"");
	}
	free(dn);
	free(group);
	return copy;
}

/* place_of - where the copy of rule i stands behind it, before the next of the usual ones; 0: nowhere */
static size_t
place_of(const struct ordered *have, const struct ordered *usual, size_t i, const char *copy)
{
	size_t k;

	for (k = i + 1; k < have->n && !ordered_has_subject(usual, have->values[k]); k++)
		if (strcasecmp(have->values[k], copy) == 0)
			return k;
	return 0;
}

/* plan - out: the rules as they are to be in rules */
static int
plan(struct adopt *a, const struct ordered *have, const struct ordered *usual, struct ordered *rules)
{
	struct ordered missing = { .n = 0 }; /* "" for a rule that is no original, or whose copy is there */
	size_t i;
	char *copy;
	int r = 0;

	for (i = 0; i < have->n && r == 0; i++) {
		copy = strstr(have->values[i], ANY) != NULL ? copy_of(a, have->values[i]) : strdup("");
		if (copy != NULL && *copy != '\0' && place_of(have, usual, i, copy) > 0)
			*copy = '\0';
		r = ordered_put(&missing, copy);
	}
	for (i = 0; i < have->n && r == 0; i++) {
		/* A copy that stands elsewhere, or is one of a rule that was another, makes place. */
		if (!ordered_has_subject(&missing, have->values[i]))
			r = ordered_put(rules, strdup(have->values[i]));
		if (r == 0 && *missing.values[i] != '\0') {
			r = ordered_put(rules, strdup(missing.values[i]));
			a->rules_new++;
		}
	}
	ordered_free(&missing);
	return r;
}

/* take - the rules as the values of a change */
static int
take(struct adopt *a, struct ordered *rules)
{
	size_t i;

	a->rules = calloc(rules->n + 1, sizeof(*a->rules));
	for (i = 0; a->rules != NULL && i < rules->n; i++) {
		a->rules[i].data = (uint8_t *)rules->values[i];
		a->rules[i].len = strlen(rules->values[i]);
		rules->values[i] = NULL;
		a->rules_len++;
	}
	return a->rules != NULL ? 0 : ERR_MEMORY;
}

/* --- what is there ---------------------------------------------------------------------------------------------- */

/* read_usual - out: the rules of "muster init"; who administers is not known here, so only what they are about is */
static int
read_usual(struct adopt *a, struct ordered *usual)
{
	struct directory_entry database = { .dn = a->rules_dn };
	struct init in = { .s = a->s, .base = directory_dn_clean(a->s->base), .admin = a->me, .database = &database, .key_file = a->me,
		.module_path = a->me };
	struct ldif *ldif = NULL;
	const struct ldif_change *access = NULL;
	int r = ERR_MEMORY;

	if (in.base != NULL && init_template(&in, "40-access", &ldif) == EXIT_DONE)
		access = ldif_attribute(&ldif->records[0], "olcAccess");
	if (access != NULL)
		r = ordered_from(usual, access->values, access->values_len);
	ldif_free(&ldif);
	free(in.base);
	return r;
}

/* check_usual - a rule that is not there cannot be copied, and without it members would be as open as everything else */
static void
check_usual(struct adopt *a, const struct ordered *have, const struct ordered *usual)
{
	size_t i, missing = 0;

	for (i = 0; i < usual->n; i++)
		missing += strstr(usual->values[i], ANY) != NULL && !ordered_has_subject(have, usual->values[i]);
	if (missing > 0)
		adopt_say(a, ADOPT_CONFLICT, a->rules_dn,
		          "%zu of the access rules of organizations are not there, or not to be seen as %s: run \"muster init\" again", missing, a->me);
}

/* check_named - 1 when a value of cn=config gives a right to somebody who is adopted: an OWNER may set that one's password */
static void
check_named(struct adopt *a, const char *what, const char *value, const char *from)
{
	char *needle = NULL;

	if (from != NULL && asprintf(&needle, ",%s\"", a->dn) >= 0 && strcasestr(from, needle) != NULL)
		adopt_say(a, ADOPT_CONFLICT, a->dn, "a value of %s names somebody in it, who would be in the hands of its OWNERs: move that one out "
		          "of it, or take the right away: %.200s", what, value);
	free(needle);
}

struct database {
	struct adopt *a;
	struct ordered rules, limits;
	int r;
};

static int
look_at_database(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *suffixes = directory_attribute(entry, "olcSuffix");
	struct database *found = arg;
	const char *root = directory_value(entry, "olcRootDN");
	size_t i;

	for (i = 0; suffixes != NULL && i < suffixes->values_len; i++) {
		if (!directory_dn_equal((const char *)suffixes->values[i].data, found->a->s->base))
			continue;
		found->a->rules_dn = strdup(entry->dn);
		found->r = ordered_from_attribute(&found->rules, directory_attribute(entry, "olcAccess"));
		if (found->r == 0)
			found->r = ordered_from_attribute(&found->limits, directory_attribute(entry, "olcLimits"));
		if (root != NULL && adopt_is_below(root, found->a->dn))
			adopt_say(found->a, ADOPT_CONFLICT, root, "is the root of the database (olcRootDN), and would be in the hands of OWNERs");
		return 1;
	}
	return 0;
}

/* is_usual_place - 1 when the rules that are there speak of it */
static int
is_usual_place(const struct adopt *a)
{
	char *parent = directory_dn_parent(a->dn), *usual = directory_dn("ou=organizations,%D", a->s->base);
	int is = parent != NULL && usual != NULL && directory_dn_equal(parent, usual) && strncasecmp(a->dn, "o=", 2) == 0;

	free(parent);
	free(usual);
	return is;
}

/* look_at_rules - those that are there, and those that are needed */
static int
look_at_rules(struct adopt *a, struct database *found)
{
	struct ordered usual = { .n = 0 }, rules = { .n = 0 };
	size_t i;
	int r = found->r;

	for (i = 0; i < found->rules.n; i++)
		check_named(a, "olcAccess", found->rules.values[i], strstr(found->rules.values[i], " by "));
	for (i = 0; i < found->limits.n; i++)
		check_named(a, "olcLimits", found->limits.values[i], found->limits.values[i]);
	if (r != 0 || is_usual_place(a))
		return r;
	r = read_usual(a, &usual);
	if (r == 0)
		check_usual(a, &found->rules, &usual);
	if (r == 0)
		r = plan(a, &found->rules, &usual, &rules);
	if (r == 0)
		r = take(a, &rules);
	ordered_free(&usual);
	ordered_free(&rules);
	return r;
}

int
adopt_look_at_access(struct adopt *a)
{
	static const char *const attrs[] = { "olcSuffix", "olcAccess", "olcLimits", "olcRootDN", NULL };
	struct database found = { .a = a, .r = 0 };
	int r;

	if (!is_usual_place(a) && !is_usable(a->dn)) {
		adopt_say(a, ADOPT_CONFLICT, a->dn, "access rules cannot be written for this name: rename it to one of ASCII, Hangul, kana or CJK, "
		          "with single blanks and none of %.*s", (int)strlen(DN_REFUSED) - 1, DN_REFUSED);
		return EXIT_DONE;
	}
	if (adopt_is_below(a->me, a->dn))
		adopt_say(a, ADOPT_CONFLICT, a->me, "is who runs this, and would be in the hands of OWNERs: be somebody else, or move it out of it");
	(void)directory_search(a->s->d, "cn=config", SCOPE_ONE, "(olcSuffix=*)", attrs, look_at_database, &found);
	if (a->rules_dn == NULL && !is_usual_place(a))
		adopt_say(a, ADOPT_CONFLICT, a->dn, "its access rules are written to cn=config, which %s may not see: be root on the server and "
		          "use -H ldapi:/// --external", *a->me != '\0' ? a->me : "nobody");
	r = a->rules_dn != NULL ? look_at_rules(a, &found) : 0;
	ordered_free(&found.rules);
	ordered_free(&found.limits);
	if (r != 0)
		return say_failure(a->s, r, "access rules");
	if (a->rules_new > 0) {
		adopt_say(a, ADOPT_CHANGE, a->rules_dn, "has %zu access rules more (olcAccess): those of organizations, for this one", a->rules_new);
		adopt_say(a, ADOPT_NOTE, a->dn, "who reads or writes persons in it by other access rules does not any more: see what programs and login "
		          "hosts need, for example contrib/nss/access.ldif");
	}
	return EXIT_DONE;
}

int
adopt_write_access(struct adopt *a)
{
	const struct directory_change change = { CHANGE_REPLACE, "olcAccess", a->rules, a->rules_len };
	int r = a->rules_new > 0 ? directory_modify(a->s->d, a->rules_dn, &change, 1) : 0;

	return r == 0 ? EXIT_DONE : say_failure(a->s, r, "access rules");
}
