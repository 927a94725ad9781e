/*
 * adopt_write.c - what was looked at becomes an organization. Each step is one write and looks at what is there, so that after a
 *                 failure the next run goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"

/* make_member - with the Relax control: what was stored before was stored under other rules */
static int
make_member(struct adopt *a, struct adoptee *one)
{
	struct record record = { .n = 0 };
	int r;

	if (one->is_member)
		return EXIT_DONE;
	record_put(&record, CHANGE_ADD, "objectClass", "musterMember");
	r = directory_repair(a->s->d, one->dn, record.changes, record.n);
	if (r != 0)
		return say_failure(a->s, r, one->dn);
	one->is_member = 1;
	return EXIT_DONE;
}

static int
make_owner_member(struct adopt *a)
{
	size_t i;

	for (i = 0; i < a->persons_len; i++)
		if (a->owner_dn != NULL && directory_dn_equal(a->persons[i].dn, a->owner_dn))
			return make_member(a, &a->persons[i]);
	return EXIT_DONE;
}

static int
make_organization(struct adopt *a)
{
	struct record record = { .n = 0 };
	int r;

	if (a->is_organization)
		return EXIT_DONE;
	record_put(&record, CHANGE_ADD, "objectClass", "musterOrganization");
	record_put(&record, CHANGE_REPLACE, "musterDomain", a->domain);
	record_put(&record, CHANGE_REPLACE, "owner", a->owner_dn);
	if (directory_attribute(a->root, "o") == NULL)
		record_put(&record, CHANGE_ADD, "o", a->name);
	r = record_modify(a->s->d, a->dn, &record);
	return r == 0 ? EXIT_DONE : say_failure(a->s, r, a->dn);
}

/* make_folder - one that other organizations have, where it is missing */
static int
make_folder(struct adopt *a, const char *name)
{
	char *dn = directory_dn("ou=%s,%D", name, a->dn);
	struct record record = { .n = 0 };
	int r = ERR_MEMORY;

	record_put(&record, CHANGE_ADD, "objectClass", "organizationalUnit");
	record_put(&record, CHANGE_ADD, "ou", name);
	if (dn != NULL)
		r = record_add(a->s->d, dn, &record);
	free(dn);
	return r == 0 || r == ERR_EXISTS ? EXIT_DONE : say_failure(a->s, r, name);
}

static int
make_parts(struct adopt *a)
{
	int status = make_folder(a, "services"), r;

	if (status == EXIT_DONE && !directory_dn_equal(a->people, a->dn))
		status = make_folder(a, "groups");
	if (status != EXIT_DONE || a->template == NULL)
		return status;
	r = policy_write_own(a->s, a->root, a->template);
	return r == 0 ? EXIT_DONE : say_failure(a->s, r, "policy");
}

int
adopt_write(struct adopt *a)
{
	static int (*const parts[])(struct adopt *) = { adopt_write_access, make_owner_member, make_organization, make_parts };
	int status = EXIT_DONE;
	size_t i;

	for (i = 0; status == EXIT_DONE && i < sizeof(parts) / sizeof(parts[0]); i++)
		status = parts[i](a);
	for (i = 0; status == EXIT_DONE && i < a->persons_len; i++) {
		status = make_member(a, &a->persons[i]);
		if (status == EXIT_DONE)
			status = adopt_take_factor(a, &a->persons[i]);
	}
	if (status != EXIT_DONE)
		say_error("it stopped there; what was written is right, run it again to go on");
	return status;
}
