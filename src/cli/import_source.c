/*
 * import_source.c - rows of a file: a table or LDIF, one by one.
 */
#include "cli/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_OCTETS 4096

struct source {
	FILE *file;
	uint64_t size;
	struct csv *csv;          /* NULL: LDIF */
	struct row_header header;
	int header_read;
	struct ldif_reader *ldif;
	struct ldif_record owners; /* a record that names OWNERs, one row for each; empty without */
	size_t owners_next;
	uint64_t owners_line;
};

/* --- the file -------------------------------------------------------------------------------------------- */

/* What cannot be read twice, nor measured, is copied first. */
static int
spool(struct import *im, FILE *from, FILE **to_out)
{
	char octets[65536];
	int fd = journal_nameless(im->journal), r = 0;
	FILE *to = fd >= 0 ? fdopen(fd, "w+") : NULL;
	size_t n;

	*to_out = NULL;
	if (to == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	while (r == 0 && (n = fread(octets, 1, sizeof(octets), from)) > 0)
		r = fwrite(octets, 1, n, to) == n ? 0 : ERR_IO;
	if (ferror(from) || fflush(to) != 0 || fseeko(to, 0, SEEK_SET) != 0)
		r = ERR_IO;
	if (r != 0)
		fclose(to);
	else
		*to_out = to;
	return r;
}

static FILE *
open_input(struct import *im, const char *path)
{
	int is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re"), *copy = NULL;
	struct stat st;

	if (file == NULL || fstat(fileno(file), &st) != 0 || S_ISDIR(st.st_mode)) {
		say_error("%s: cannot be read: %s", path, file != NULL && errno == 0 ? "it is a folder" : strerror(errno));
		if (file != NULL)
			fclose(file);
		return NULL;
	}
	if (S_ISREG(st.st_mode) && !is_stdin)
		return file;
	if (spool(im, file, &copy) != 0)
		say_error("%s: cannot be copied into %s", is_stdin ? "standard input" : path, journal_folder(im->journal));
	fclose(file);
	return copy;
}

/* LDIF begins with a DN or its version, behind comments. */
static int
looks_like_ldif(FILE *file)
{
	char text[LOOK_OCTETS + 1], *line, *next;
	size_t n = fread(text, 1, LOOK_OCTETS, file);

	text[n] = '\0';
	rewind(file);
	for (line = text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (*line != '#' && *line != '\n' && *line != '\r' && *line != ' ')
			break;
	}
	return strncasecmp(line, "dn:", 3) == 0 || strncasecmp(line, "version:", 8) == 0;
}

static int
is_ldif(const struct import *im, FILE *file, int *ldif_out)
{
	const char *format = im->s->args.value[OPT_FORMAT];

	*ldif_out = format != NULL ? strcasecmp(format, "ldif") == 0 : looks_like_ldif(file);
	if (format == NULL || *ldif_out || strcasecmp(format, "csv") == 0)
		return EXIT_DONE;
	say_error("--format is csv or ldif");
	return EXIT_USAGE;
}

int
source_open(struct import *im, const char *path, struct source **source_out)
{
	struct source *source = calloc(1, sizeof(*source));
	struct stat st;
	int ldif = 0, status = EXIT_DONE;

	*source_out = NULL;
	if (source == NULL)
		return say_failure(im->s, ERR_MEMORY, path);
	errno = 0;
	source->file = open_input(im, path);
	if (source->file == NULL) {
		free(source);
		return EXIT_USAGE;
	}
	source->size = fstat(fileno(source->file), &st) == 0 ? (uint64_t)st.st_size : 0;
	status = is_ldif(im, source->file, &ldif);
	if (status == EXIT_DONE &&
	    (ldif ? ldif_open(source->file, &source->ldif) : csv_open(source->file, &source->csv)) != 0)
		status = say_failure(im->s, ERR_MEMORY, path);
	if (status == EXIT_DONE)
		*source_out = source;
	else
		source_close(&source);
	return status;
}

void
source_close(struct source **source)
{
	struct source *one = source != NULL ? *source : NULL;

	if (one == NULL)
		return;
	csv_free(&one->csv);
	ldif_close(&one->ldif);
	ldif_record_clear(&one->owners);
	fclose(one->file);
	free(one);
	*source = NULL;
}

void
source_place(const struct source *source, uint64_t *at_out, uint64_t *size_out)
{
	off_t at = ftello(source->file);

	*at_out = at > 0 ? (uint64_t)at : 0;
	*size_out = source->size;
}

const char *
source_word(const struct source *source)
{
	return source->csv != NULL ? "row" : "line";
}

/* --- a table ----------------------------------------------------------------------------------------------- */

static int
next_of_table(struct source *source, struct row *row_out, char why[ROW_WHY_MAX], int *end_out)
{
	struct csv_record record;
	int r;

	r = csv_read(source->csv, &record);
	if (r == 0 && !source->header_read && record.n > 0) {
		source->header_read = 1;
		r = row_header_read(&record, &source->header, why);
		if (r != 0) {
			row_out->number = record.row;
			*end_out = 1;
			return r;
		}
		r = csv_read(source->csv, &record);
	}
	*end_out = r != 0 || record.n == 0;
	if (r != 0) {
		row_out->number = record.row;
		snprintf(why, ROW_WHY_MAX, "%s", csv_why(source->csv));
		return r == ERR_RANGE ? ERR_INPUT : r;
	}
	if (record.n > 0)
		return row_from_table(&source->header, &record, row_out, why);
	if (source->header_read)
		return 0;
	snprintf(why, ROW_WHY_MAX, "the file is empty: its first row names the columns, for example id,name,mail,owner");
	return ERR_INPUT;
}

/* --- LDIF ---------------------------------------------------------------------------------------------------- */

/* The next OWNER of a record "add: owner" of an organization. Values are DNs, of which the ID is what counts. */
static int
next_owner(struct source *source, struct row *row_out, char why[ROW_WHY_MAX])
{
	const struct ldif_change *change = &source->owners.changes[0];
	const char *dn = (const char *)change->values[source->owners_next++].data;
	struct ldif_change *uid = NULL;
	char *type = NULL, *id = NULL;
	int r;

	row_out->number = source->owners_line;
	row_out->owner = ROW_OWNER_ONLY;
	r = directory_dn_rdn(dn, &type, &id);
	if (r == 0 && strcasecmp(type, "uid") != 0)
		r = ERR_INPUT;
	if (r == 0)
		r = ldif_change_put(&row_out->entry, CHANGE_ADD, "uid", &uid);
	if (r == 0)
		r = ldif_value_put(uid, id);
	free(type);
	free(id);
	if (source->owners_next == change->values_len)
		ldif_record_clear(&source->owners);
	if (r == ERR_INPUT)
		snprintf(why, ROW_WHY_MAX, "owner is a DN that begins with uid=");
	return r;
}

static int
take_owners(struct source *source, struct ldif_record *record, uint64_t line, struct row *row_out, char why[ROW_WHY_MAX])
{
	if (record->changes_len != 1 || record->changes[0].op != CHANGE_ADD ||
	    strcasecmp(record->changes[0].attribute, "owner") != 0 || record->changes[0].values_len == 0) {
		ldif_record_clear(record);
		row_out->number = line;
		snprintf(why, ROW_WHY_MAX, "records that modify are read for \"add: owner\" of the organization alone");
		return ERR_INPUT;
	}
	source->owners = *record;
	source->owners_next = 0;
	source->owners_line = line;
	return next_owner(source, row_out, why);
}

static int
next_of_ldif(struct source *source, struct row *row_out, char why[ROW_WHY_MAX], int *end_out)
{
	struct ldif_record record;
	uint64_t line;
	int r;

	if (source->owners.dn != NULL)
		return next_owner(source, row_out, why);
	r = ldif_read(source->ldif, &record, &line);
	row_out->number = line;
	if (r != 0) {
		snprintf(why, ROW_WHY_MAX, "%s", ldif_why(source->ldif));
		*end_out = r != ERR_INPUT;
		return r == ERR_RANGE ? ERR_INPUT : r;
	}
	*end_out = record.dn == NULL;
	if (record.dn == NULL)
		return 0;
	return record.modify ? take_owners(source, &record, line, row_out, why) : row_from_ldif(&record, line, row_out, why);
}

int
source_next(struct source *source, struct row *row_out, char why[ROW_WHY_MAX], int *end_out)
{
	memset(row_out, 0, sizeof(*row_out));
	why[0] = '\0';
	*end_out = 0;
	return source->csv != NULL ? next_of_table(source, row_out, why, end_out) : next_of_ldif(source, row_out, why, end_out);
}
