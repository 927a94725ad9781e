/*
 * init_tree.c - base entries, templates of policies, and the courier's identity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"

static int
is_there(struct init *in, const char *dn, int *there_out)
{
	static const char *const none[] = { "1.1", NULL };
	struct directory_entry *entry = NULL;
	int r = directory_read(in->s->d, dn, none, &entry);

	*there_out = r == 0;
	directory_entry_free(&entry);
	if (r == 0 || r == ERR_NOT_FOUND || (in->dry_run && r == ERR_REFUSED))
		return EXIT_DONE;
	return say_failure(in->s, r, dn);
}

static int
add_missing(struct init *in, const struct ldif_record *record)
{
	int there = 0, status = is_there(in, record->dn, &there);

	if (status != EXIT_DONE || there)
		return status;
	return init_apply(in, record, record->dn);
}

static int
add_template(struct init *in, const char *name)
{
	struct ldif *ldif = NULL;
	size_t i;
	int status = init_template(in, name, &ldif);

	for (i = 0; status == EXIT_DONE && i < ldif->records_len; i++)
		status = add_missing(in, &ldif->records[i]);
	ldif_free(&ldif);
	return status;
}

int
init_tree(struct init *in)
{
	static const char *const names[] = { "50-tree", "console-15", "console-16", "modern" };
	size_t i;
	int there = 0, status = is_there(in, in->base, &there);

	if (status == EXIT_DONE && !there && !in->dry_run) {
		say_error("the database is empty: add the entry %s first, then run this again", in->base);
		return EXIT_NOT_FOUND;
	}
	for (i = 0; status == EXIT_DONE && i < sizeof(names) / sizeof(names[0]); i++)
		status = add_template(in, names[i]);
	return status;
}

/* --- courier -------------------------------------------------------------------------------------------- */

/* Whether the courier can log in with what its file says, on a connection of its own. */
static int
courier_password_works(struct init *in, const char *dn, const struct secret *password)
{
	struct session probe = { .args = in->s->args };
	int works = 0;

	if (session_connect(&probe) == EXIT_DONE)
		works = directory_bind_simple(probe.d, dn, password) == 0;
	session_free(&probe);
	return works;
}

static int
set_courier_password(struct init *in, const char *dn, const struct secret *password)
{
	int r;

	if (in->dry_run || courier_password_works(in, dn, password))
		return EXIT_DONE;
	r = directory_set_password(in->s->d, dn, password);
	if (r != 0)
		return say_failure(in->s, r, "courier's password");
	init_step(in, "courier's password set in the directory");
	return EXIT_DONE;
}

int
init_courier(struct init *in)
{
	struct secret *password = NULL;
	struct ldif *ldif = NULL;
	int status = init_courier_file(in, &password);

	if (status == EXIT_DONE)
		status = init_template(in, "60-courier", &ldif);
	if (status == EXIT_DONE)
		status = add_missing(in, &ldif->records[0]);
	if (status == EXIT_DONE)
		status = set_courier_password(in, ldif->records[0].dn, password);
	ldif_free(&ldif);
	secret_free(&password);
	return status;
}
