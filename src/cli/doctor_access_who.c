/*
 * doctor_access_who.c - whom the part access asks about: a few organizations with their people, and everybody the rules
 *                       name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_access.h"

/* --- the sample ------------------------------------------------------------------------------------------- */

static int
take_organization(const struct directory_entry *entry, void *arg)
{
	struct access *a = arg;
	struct sample *sample = &a->samples[a->samples_len++];
	const char *policy = directory_value(entry, "musterPolicyEntry"), *owner = directory_value(entry, "owner");

	sample->organization = strdup(entry->dn);
	sample->policy = policy != NULL ? strdup(policy) : NULL;
	sample->owner = owner != NULL ? strdup(owner) : NULL;
	return a->samples_len == SAMPLE_MAX;
}

struct first {
	const char *owner;
	char *dn;
};

static int
take_first(const struct directory_entry *entry, void *arg)
{
	struct first *first = arg;

	if (first->owner == NULL || !directory_dn_equal(entry->dn, first->owner))
		first->dn = strdup(entry->dn);
	return first->dn != NULL;
}

char *
access_first_below(struct access *a, const char *base, const char *filter, const char *owner)
{
	static const char *const none[] = { "1.1", NULL };
	struct first first = { .owner = owner };

	if (base != NULL)
		(void)directory_search(a->doc->s->d, base, SCOPE_SUB, filter, none, take_first, &first);
	return first.dn;
}

static void
take_sample(struct access *a)
{
	static const char *const attrs[] = { "owner", "musterPolicyEntry", NULL };
	char *people;
	size_t i;

	(void)directory_search(a->doc->s->d, a->doc->s->base, SCOPE_SUB, "(objectClass=musterOrganization)", attrs,
	                       take_organization, a);
	for (i = 0; i < a->samples_len; i++) {
		people = a->samples[i].organization != NULL ? organization_people(a->samples[i].organization) : NULL;
		a->samples[i].member = access_first_below(a, people, ACCESS_MEMBERS, a->samples[i].owner);
		free(people);
	}
}

/* --- identities ------------------------------------------------------------------------------------------- */

/* Whoever runs this and the database's root get everything, and are meant to. */
static void
name_put(struct access *a, const char *dn, size_t len)
{
	const char *root = directory_value(a->doc->database, "olcRootDN");
	char *copy = strndup(dn, len);
	size_t i;
	int skip = copy == NULL || len == 0 || a->named_len == NAMED_MAX || directory_dn_check(copy) != 0;

	if (!skip)
		skip = directory_dn_equal(copy, a->doc->me) || (root != NULL && directory_dn_equal(copy, root)) ||
		       (a->courier != NULL && directory_dn_equal(copy, a->courier));
	for (i = 0; !skip && i < a->named_len; i++)
		skip = directory_dn_equal(copy, a->named[i]);
	if (skip)
		free(copy);
	else
		a->named[a->named_len++] = copy;
}

/* The first member of a group that rules name. */
static void
name_put_member(struct access *a, const char *dn)
{
	static const char *const attrs[] = { "member", "uniqueMember", "roleOccupant", NULL };
	struct directory_entry *group = NULL;
	const char *member = NULL;
	size_t i;

	if (directory_read(a->doc->s->d, dn, attrs, &group) == 0) {
		for (i = 0; attrs[i] != NULL && member == NULL; i++)
			member = directory_value(group, attrs[i]);
		if (member != NULL)
			name_put(a, member, strlen(member));
	}
	directory_entry_free(&group);
}

/* One "by ...=" of a rule: its value says who that may be. in: form  up to the '=' */
static void
take_who(struct access *a, const char *form, size_t form_len, const char *value, size_t len)
{
	char dn[1024], *below = NULL;

	snprintf(dn, sizeof(dn), "%.*s", (int)len, value);
	if (memchr(value, '$', len) != NULL || directory_dn_check(dn) != 0)
		return;
	if (strncmp(form, "group", 5) == 0) {
		name_put_member(a, dn);
	} else if (form_len == 2 || strncmp(form, "dn.exact", form_len) == 0 || strncmp(form, "dn.base", form_len) == 0) {
		name_put(a, dn, strlen(dn));
	} else if (strncmp(form, "dn.regex", 8) != 0) {
		below = directory_dn("cn=muster-doctor,%D", dn);
		if (below != NULL)
			name_put(a, below, strlen(below));
		free(below);
	}
}

/*
 * Whom the rules name: by dn="...", somebody below a DN (children, subtree, one), a member of a group. Patterns and sets name
 * nobody in particular.
 */
static void
take_named(struct access *a)
{
	const struct directory_attribute *rules = directory_attribute(a->doc->database, "olcAccess");
	const char *p, *form, *value;
	size_t i;

	for (i = 0; rules != NULL && i < rules->values_len; i++) {
		for (p = (const char *)rules->values[i].data; (p = strstr(p, "by ")) != NULL; p++) {
			form = p + 3;
			value = form + strcspn(form, "= ");
			if (value[0] == '=' && value[1] == '"' &&
			    (strncmp(form, "dn", 2) == 0 || strncmp(form, "group", 5) == 0))
				take_who(a, form, (size_t)(value - form), value + 2, strcspn(value + 2, "\""));
		}
	}
}

static int
look_at_courier(const struct directory_entry *entry, void *arg)
{
	struct access *a = arg;
	const char *courier = directory_value(entry, "olcMusterCourier");

	a->courier = courier != NULL ? strdup(courier) : NULL;
	return 1;
}

static void
take_identities(struct access *a)
{
	static const char *const attrs[] = { "olcMusterCourier", NULL };
	const char *base = a->doc->s->base;

	(void)directory_search(a->doc->s->d, a->doc->database->dn, SCOPE_ONE, "(objectClass=olcMusterConfig)", attrs,
	                       look_at_courier, a);
	a->host = directory_dn("cn=muster-doctor,ou=hosts,%D", base);
	a->account = directory_dn("uid=muster-doctor,ou=accounts,%D", base);
	a->queue = directory_dn("ou=queue,%D", base);
	take_named(a);
}

void
access_take(struct access *a)
{
	take_identities(a);
	take_sample(a);
}

void
access_free(struct access *a)
{
	size_t i;

	for (i = 0; i < a->samples_len; i++) {
		free(a->samples[i].organization);
		free(a->samples[i].policy);
		free(a->samples[i].owner);
		free(a->samples[i].member);
	}
	while (a->named_len > 0)
		free(a->named[--a->named_len]);
	free(a->courier);
	free(a->host);
	free(a->account);
	free(a->queue);
	json_decref(a->told);
}
