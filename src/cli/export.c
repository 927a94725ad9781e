/*
 * export.c - the members of an organization as a table or LDIF that "member import" reads again. Nothing secret is in it.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/row.h"

struct export {
	struct session *s;
	struct directory_entry *org;
	FILE *out;
	int ldif;
	uint64_t members;
	struct ldif_record owners; /* who of the members is an OWNER, to be said at the end of LDIF */
	int r;
};

/* --- a table ------------------------------------------------------------------------------------------------- */

static const char *
cell_of(const struct export *ex, const struct row_column *column, const struct directory_entry *entry)
{
	const char *value;

	if (column->attribute == NULL)
		return organization_has_owner(ex->org, entry->dn) ? "yes" : "";
	value = directory_value(entry, column->attribute);
	return value != NULL ? value : "";
}

static void
put_header(const struct export *ex)
{
	const struct row_column *columns;
	size_t i, n;

	columns = row_column_list(&n);
	for (i = 0; i < n; i++)
		csv_put(ex->out, columns[i].name, i == 0);
	fputs("\r\n", ex->out);
}

static void
put_cells(const struct export *ex, const struct directory_entry *entry)
{
	const struct row_column *columns;
	size_t i, n;

	columns = row_column_list(&n);
	for (i = 0; i < n; i++)
		csv_put(ex->out, cell_of(ex, &columns[i], entry), i == 0);
	fputs("\r\n", ex->out);
}

/* --- LDIF ------------------------------------------------------------------------------------------------------ */

static int
put_attribute(struct ldif_record *record, const struct directory_attribute *attribute)
{
	struct ldif_change *change;
	size_t i;
	int r;

	r = ldif_change_put(record, CHANGE_ADD, attribute->name, &change);
	for (i = 0; i < attribute->values_len && r == 0; i++)
		r = ldif_octets_put(change, attribute->values[i].data, attribute->values[i].len);
	return r;
}

static int
remember_owner(struct export *ex, const char *dn)
{
	struct ldif_change *change = ldif_attribute(&ex->owners, "owner");
	int r = 0;

	if (change == NULL)
		r = ldif_change_put(&ex->owners, CHANGE_ADD, "owner", &change);
	return r == 0 ? ldif_value_put(change, dn) : r;
}

static int
put_record(struct export *ex, const struct directory_entry *entry)
{
	struct ldif_record record = { .dn = entry->dn };
	size_t i;
	int r = 0;

	for (i = 0; i < entry->attributes_len && r == 0; i++) {
		if (!row_is_withheld(entry->attributes[i].name))
			r = put_attribute(&record, &entry->attributes[i]);
	}
	if (r == 0)
		ldif_print(&record, ex->out);
	if (r == 0 && organization_has_owner(ex->org, entry->dn))
		r = remember_owner(ex, entry->dn);
	record.dn = NULL;
	ldif_record_clear(&record);
	return r;
}

static void
put_owners(struct export *ex)
{
	if (ex->owners.changes_len == 0)
		return;
	ex->owners.modify = 1;
	ex->owners.dn = strdup(ex->org->dn);
	if (ex->owners.dn != NULL)
		ldif_print(&ex->owners, ex->out);
	else
		ex->r = ERR_MEMORY;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static int
take_member(const struct directory_entry *entry, void *arg)
{
	struct export *ex = arg;

	ex->members++;
	if (ex->ldif)
		ex->r = put_record(ex, entry);
	else
		put_cells(ex, entry);
	if (ex->r == 0 && ferror(ex->out))
		ex->r = ERR_IO;
	return ex->r;
}

static int
export_to(struct export *ex)
{
	int r;

	if (!ex->ldif)
		put_header(ex);
	r = directory_search_paged(ex->s->d, ex->org->dn, SCOPE_SUB, "(objectClass=musterMember)", NULL, take_member, ex);
	if (r == 0 && ex->r == 0 && ex->ldif)
		put_owners(ex);
	if (ex->r != 0)
		r = ex->r;
	if (r == 0 && (fflush(ex->out) != 0 || ferror(ex->out)))
		r = ERR_IO;
	if (r == ERR_RANGE) {
		say_error("more members than the server gives you: an administrator raises olcLimits (size.prtotal)");
		return EXIT_FAILED;
	}
	return r == 0 ? EXIT_DONE : say_failure(ex->s, r, "members");
}

/* A file that nobody else reads, and that is complete when it has its name. */
static int
export_to_file(struct export *ex, const char *path)
{
	char *unfinished = NULL;
	int fd, status;

	if (asprintf(&unfinished, "%s.XXXXXX", path) < 0)
		return say_failure(ex->s, ERR_MEMORY, path);
	fd = mkostemp(unfinished, O_CLOEXEC); /* 0600 */
	ex->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ex->out == NULL) {
		say_error("%s: cannot be written: %s", path, strerror(errno));
		free(unfinished);
		return EXIT_USAGE;
	}
	status = export_to(ex);
	if (status == EXIT_DONE && (fsync(fd) != 0 || rename(unfinished, path) != 0)) {
		say_error("%s: cannot be written: %s", path, strerror(errno));
		status = EXIT_FAILED;
	}
	if (status != EXIT_DONE)
		(void)unlink(unfinished);
	fclose(ex->out);
	free(unfinished);
	if (status == EXIT_DONE)
		say_note("%" PRIu64 " members in %s", ex->members, path);
	return status;
}

static int
read_format(const struct session *s, int *ldif_out)
{
	const char *format = s->args.value[OPT_FORMAT];

	*ldif_out = format != NULL && strcasecmp(format, "ldif") == 0;
	if (format == NULL || *ldif_out || strcasecmp(format, "csv") == 0)
		return EXIT_DONE;
	say_error("--format is csv or ldif");
	return EXIT_USAGE;
}

int
member_export(struct session *s)
{
	struct export ex = { .s = s, .out = stdout };
	const char *path = s->args.value[OPT_OUTPUT];
	int status;

	status = read_format(s, &ex.ldif);
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = s->args.words_len == 1 ? session_organization(s, s->args.words[0], &ex.org)
		                                : session_only_organization(s, &ex.org);
	if (status == EXIT_DONE)
		status = path != NULL ? export_to_file(&ex, path) : export_to(&ex);
	ldif_record_clear(&ex.owners);
	directory_entry_free(&ex.org);
	return status;
}
