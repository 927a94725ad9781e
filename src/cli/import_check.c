/*
 * import_check.c - every row is judged before the first is written: its form, IDs that are twice in the file or taken, and by the
 *                  server itself, which carries out all of an add but the write. Rows are judged as they are read; nothing of
 *                  them stays in memory.
 */
#include "cli/import.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/seen.h"

#define IN_DIRECTORY UINT64_MAX /* where a name was seen: not in this file */
#define FOLDED_MAX 256

struct check {
	struct import *im;
	struct source *source;
	FILE *rows;
	struct seen *seen;
	struct pipeline *pipeline;
	struct progress progress;
	uint64_t read, owners_named;
	int owner_comes; /* a row is of a member whom the organization names as OWNER already */
	int as_json;
	int fatal;       /* an ERR_* code that ends it all */
};

/* --- the report -------------------------------------------------------------------------------------------- */

static void
report_json(struct check *c, uint64_t number, const char *id, const char *why)
{
	json_t *row = json_pack("{s:I, s:o, s:o}", source_word(c->source), (json_int_t)number, "id",
	                        *id != '\0' ? json_text(id) : json_null(), "problem", json_text(why));

	if (row == NULL)
		return;
	fputs(c->im->wrong > 1 ? ",\n  " : "{\"problems\": [\n  ", stdout);
	(void)json_dumpf(row, stdout, 0);
	json_decref(row);
}

/* A line for each row that is wrong: on standard output where it is what was asked for. */
static void
report(struct check *c, uint64_t number, const char *id, const char *why, int status)
{
	struct import *im = c->im;
	char whose[128] = "";

	im->wrong++;
	/* What is refused to this person, or taken, is told by the exit code when nothing else is wrong. */
	im->status = im->wrong == 1 || im->status == status ? status : EXIT_USAGE;
	progress_clear(&c->progress);
	if (*id != '\0')
		snprintf(whose, sizeof(whose), " (%.64s)", id);
	if (im->dry_run && c->as_json)
		report_json(c, number, id, why);
	else if (im->dry_run)
		print_plain("%s %" PRIu64 "%s: %s", source_word(c->source), number, whose, why);
	else
		say_error("%s %" PRIu64 "%s: %s", source_word(c->source), number, whose, why);
}

/* What the server says to one row, and what to do about it. */
static void
report_refused(struct check *c, struct flight *flight)
{
	char why[2 * ROW_WHY_MAX];
	int status = EXIT_USAGE;

	switch (flight->r) {
	case ERR_EXISTS:
		status = EXIT_IN_USE;
		snprintf(why, sizeof(why), "the ID is in use in %s: choose another, or take this out if it is the same person",
		         c->im->name);
		break;
	case ERR_REFUSED:
		status = EXIT_REFUSED;
		snprintf(why, sizeof(why), "no right to add this member: %s", flight->why);
		break;
	case ERR_NOT_FOUND:
		snprintf(why, sizeof(why), "%s is not there: make the folder first", c->im->people);
		break;
	default:
		snprintf(why, sizeof(why), "the server refuses it: %s", flight->why);
		break;
	}
	report(c, flight->row.number, row_id(&flight->row), why, status);
}

/* --- one row ------------------------------------------------------------------------------------------------ */

/* A row that was answered goes into the file of those to be written, or is told. */
static void
take_first(struct check *c)
{
	struct flight *flight = pipeline_first(c->pipeline);

	if (flight->judged != EXIT_DONE)
		report(c, flight->row.number, row_id(&flight->row), flight->why, flight->judged);
	else if (flight->r != 0)
		report_refused(c, flight);
	else if (rows_put(c->rows, &flight->row) != 0)
		c->fatal = ERR_IO;
	else
		c->im->records++;
	c->im->rows += flight->judged == EXIT_DONE && flight->r == 0 && flight->row.owner != ROW_OWNER_ONLY;
	if (flight->judged == EXIT_DONE && flight->r == 0 && (flight->row.owner == ROW_OWNER || flight->row.owner == ROW_OWNER_ONLY))
		c->im->owners++;
	pipeline_take(c->pipeline);
}

/* Until there is room for one more, or until nothing is left. */
static int
take_answers(struct check *c, int all)
{
	int r = 0;

	for (;;) {
		while (c->fatal == 0 && pipeline_first(c->pipeline) != NULL)
			take_first(c);
		if (c->fatal != 0 || r != 0 || c->pipeline->n == 0 || (!all && pipeline_has_room(c->pipeline)))
			break;
		r = pipeline_wait(c->pipeline);
	}
	return c->fatal != 0 ? c->fatal : r;
}

/* IDs are the same in whatever case. */
static void
fold(const char *name, char out[FOLDED_MAX])
{
	size_t len;

	for (len = 0; name[len] != '\0' && len < FOLDED_MAX - 1; len++)
		out[len] = (char)tolower((unsigned char)name[len]);
	out[len] = '\0';
}

/* in: kind, name  what must not be there twice */
static int
judge_twice(struct check *c, const char *kind, const char *name, uint64_t number, char why[ROW_WHY_MAX])
{
	char folded[FOLDED_MAX];
	uint64_t before;
	int r;

	fold(name, folded);
	r = seen_put(c->seen, kind, folded, number, &before);
	if (r != 0 || before == 0)
		return r;
	if (before == IN_DIRECTORY) {
		snprintf(why, ROW_WHY_MAX, "the ID is in use in another folder of %s: choose another", c->im->name);
		return ERR_EXISTS;
	}
	snprintf(why, ROW_WHY_MAX, "the %s \"%.64s\" is in %s %" PRIu64 " already: each is there once", kind, name,
	         source_word(c->source), before);
	return ERR_INPUT;
}

static int
judge_row(struct check *c, struct row *row, char why[ROW_WHY_MAX])
{
	const struct ldif_change *number;
	int r;

	r = row_finish(row, c->im->posix, why);
	if (r == 0)
		r = judge_twice(c, "ID", row_id(row), row->number, why);
	number = r == 0 ? ldif_attribute(&row->entry, "uidNumber") : NULL;
	if (number != NULL)
		r = judge_twice(c, "uid-number", (const char *)number->values[0].data, row->number, why);
	return r;
}

/* An OWNER that a record of LDIF names: one of the members before it. */
static int
judge_owner(struct check *c, const struct row *row, char why[ROW_WHY_MAX])
{
	char folded[FOLDED_MAX];
	uint64_t before;
	int r;

	fold(row_id(row), folded);
	r = seen_find(c->seen, "ID", folded, &before);
	if (r != 0 || (before != 0 && before != IN_DIRECTORY))
		return r;
	snprintf(why, ROW_WHY_MAX, "this names an OWNER who is no member of the file: its record comes before");
	return ERR_INPUT;
}

/* in: flight  why and r say what the file itself is wrong with; sends what is right so far */
static int
send_row(struct check *c, struct flight *flight)
{
	struct row *row = &flight->row;

	if (flight->r == 0)
		flight->r = row->owner == ROW_OWNER_ONLY ? judge_owner(c, row, flight->why) : judge_row(c, row, flight->why);
	if (flight->r == ERR_IO || flight->r == ERR_MEMORY || flight->r == ERR_INTERNAL)
		return flight->r;
	flight->dn = import_dn(c->im, row_id(row));
	if (flight->dn == NULL)
		return ERR_MEMORY;
	if (flight->r != 0)
		flight->judged = flight->r == ERR_EXISTS ? EXIT_IN_USE : EXIT_USAGE;
	if (flight->r == 0 && organization_has_owner(c->im->org, flight->dn)) {
		row->owner = row->owner == ROW_NO_OWNER || row->owner == ROW_OWNER ? ROW_NAMED_OWNER : row->owner;
		c->owner_comes = 1;
	}
	return pipeline_put(c->pipeline, flight);
}

static int
check_rows(struct check *c)
{
	struct flight flight;
	uint64_t at, size;
	int r = 0, end = 0;

	while (r == 0 && !end && !import_stopped()) {
		memset(&flight, 0, sizeof(flight));
		flight.r = source_next(c->source, &flight.row, flight.why, &end);
		if (end && flight.r == 0)
			break;
		if (flight.r == ERR_IO || flight.r == ERR_MEMORY)
			r = flight.r;
		if (r == 0)
			r = take_answers(c, 0);
		if (r == 0)
			r = send_row(c, &flight);
		row_clear(&flight.row);
		free(flight.dn);
		source_place(c->source, &at, &size);
		progress_at(&c->progress, ++c->read, at, size);
	}
	if (r == 0)
		r = take_answers(c, 1);
	return r;
}

/* --- the rest of the organization ------------------------------------------------------------------------------ */

static int
take_elsewhere(const struct directory_entry *entry, void *arg)
{
	struct check *c = arg;
	const struct directory_attribute *ids = directory_attribute(entry, "uid");
	char folded[FOLDED_MAX];
	uint64_t before;
	size_t i;

	for (i = 0; ids != NULL && i < ids->values_len && c->fatal == 0; i++) {
		fold((const char *)ids->values[i].data, folded);
		c->fatal = seen_put(c->seen, "ID", folded, IN_DIRECTORY, &before);
	}
	return c->fatal;
}

/* A login is of one member of the organization, in whatever folder: those that lie elsewhere than ours are looked up once. */
static int
look_elsewhere(struct check *c)
{
	static const char *const attrs[] = { "uid", NULL };
	char *filter = directory_filter("(&(objectClass=musterMember)(uid=*)(!(entryDN:dnOneLevelMatch:=%s)))", c->im->people);
	int r = filter != NULL ? directory_search_paged(c->im->s->d, c->im->org->dn, SCOPE_SUB, filter, attrs, take_elsewhere, c)
	                       : ERR_MEMORY;

	free(filter);
	return c->fatal != 0 ? c->fatal : r;
}

static int
has_owner_entry(struct import *im)
{
	static const char *const none[] = { "1.1", NULL };
	const struct directory_attribute *owners = directory_attribute(im->org, "owner");
	struct directory_entry *entry = NULL;
	size_t i;
	int found = 0;

	for (i = 0; owners != NULL && i < owners->values_len && !found; i++) {
		/* One who is there and not to be seen is as good as one who is seen. */
		found = directory_read(im->s->d, (const char *)owners->values[i].data, none, &entry) != ERR_NOT_FOUND;
		directory_entry_free(&entry);
	}
	return found;
}

/* Whether this person may make OWNERs: asked of the server with nobody in particular, without a write. */
static int
may_make_owners(struct check *c)
{
	struct import *im = c->im;
	char *dn = import_dn(im, "a-new-owner");
	struct directory_value value = { .data = (uint8_t *)dn, .len = dn != NULL ? strlen(dn) : 0 };
	struct directory_change change = { .op = CHANGE_ADD, .attribute = "owner", .values = &value, .values_len = 1 };
	int id, answer = 0, r;

	r = dn != NULL ? directory_write_begin(im->s->d, im->org->dn, WRITE_MODIFY, &change, 1, 1, NULL, &id) : ERR_MEMORY;
	if (r == 0)
		r = directory_collect(im->s->d, &id, &answer);
	free(dn);
	return r == 0 && answer == ERR_REFUSED ? 0 : 1;
}

static void
check_owners(struct check *c)
{
	struct import *im = c->im;

	if (im->owners > 0 && !may_make_owners(c))
		report(c, 0, "", "no right to make OWNERs: an administrator does that. Leave the column owner empty", EXIT_REFUSED);
	if (im->owners == 0 && !c->owner_comes && im->rows > 0 && !has_owner_entry(im))
		report(c, 0, "", "the organization has no OWNER who is there: mark at least one row with \"yes\" in the column owner",
		       EXIT_USAGE);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void
end_json(struct check *c)
{
	if (!c->im->dry_run || !c->as_json)
		return;
	printf("%s], \"rows\": %" PRIu64 ", \"wrong\": %" PRIu64 "}\n", c->im->wrong > 0 ? "\n" : "{\"problems\": [", c->read,
	       c->im->wrong);
}

static int
run_check(struct check *c)
{
	int r;

	r = seen_open(journal_folder(c->im->journal), &c->seen);
	if (r == 0)
		r = look_elsewhere(c);
	if (r == 0)
		r = check_rows(c);
	progress_end(&c->progress);
	if (r == 0 && !import_stopped())
		check_owners(c);
	return r;
}

int
import_check(struct import *im, struct source *source, FILE *rows)
{
	struct check c = { .im = im, .source = source, .rows = rows, .as_json = im->s->args.value[OPT_JSON] != NULL };
	int r;

	c.pipeline = calloc(1, sizeof(*c.pipeline));
	if (c.pipeline == NULL)
		return say_failure(im->s, ERR_MEMORY, "rows");
	pipeline_init(c.pipeline, im->s->d, WRITE_ADD, 1, NULL);
	progress_begin(&c.progress, im->s, "checking", 0);
	im->status = EXIT_DONE;
	r = run_check(&c);
	pipeline_clear(c.pipeline);
	free(c.pipeline);
	seen_free(&c.seen);
	if (r != 0)
		return say_failure(im->s, r, "the rows could not all be checked, and nothing was written");
	if (import_stopped()) {
		say_error("stopped; nothing was written");
		return EXIT_FAILED;
	}
	end_json(&c);
	return im->wrong > 0 ? im->status : EXIT_DONE;
}
