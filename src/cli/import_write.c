/*
 * import_write.c - rows that were judged are written, all of them or none: what is to be done is on disk before it is done, so that
 *                  whoever comes after SIGKILL or a lost connection goes on, or takes back, exactly what there is.
 *
 * Before a row is sent the journal says so ("sent"), for STRIDE rows at a time. A row up to there that turns out to exist is ours when
 * our identity made it: when the rows were judged it was not there.
 */
#include "cli/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRIDE 1000
#define RESULT_NO_SUCH_ATTRIBUTE 16
#define RESULT_ASSERTION_FAILED 122

struct writing {
	struct import *im;
	FILE *rows;
	struct pipeline *pipeline;
	struct progress progress;
	uint64_t before;   /* rows up to here may have been written by an earlier run */
	uint64_t done;     /* rows up to here are there */
	uint64_t next;     /* the row that is read next */
	/* the row that could not be written */
	uint64_t failed_row;
	char failed_id[128];
	char failed_why[ROW_WHY_MAX];
	int failed_r;
};

static int
say_no_journal(struct import *im)
{
	say_error("%s: cannot be written; the import stands still: \"muster member import %s --resume\" goes on, --undo takes it "
	          "back", journal_folder(im->journal), im->name);
	return EXIT_FAILED;
}

/* What is said when the rest has to wait for another time. */
static int
say_later(struct import *im, int r, uint64_t done)
{
	const struct journal_facts *facts = journal_facts(im->journal);
	int status = EXIT_FAILED;

	if (r != 0)
		status = say_failure(im->s, r, "the connection to the server is lost");
	say_error("%" PRIu64 " of %" PRIu64 " rows are written: \"muster member import %s --resume\" goes on, "
	          "\"muster member import %s --undo\" takes them back", done, facts->rows, im->name, im->name);
	return status;
}

static int
open_rows(struct writing *w)
{
	if (journal_rows(w->im->journal, &w->rows) == 0)
		return EXIT_DONE;
	say_error("%s/rows: cannot be read; what was written cannot be told any more", journal_folder(w->im->journal));
	return EXIT_FAILED;
}

/* --- is it ours? ------------------------------------------------------------------------------------------- */

static int
look_whose(struct import *im, const char *dn, int *ours_out)
{
	static const char *const attrs[] = { "creatorsName", NULL };
	struct directory_entry *entry = NULL;
	const char *creator;
	int r = directory_read(im->s->d, dn, attrs, &entry);

	*ours_out = 0;
	if (r != 0)
		return r;
	creator = directory_value(entry, "creatorsName");
	*ours_out = creator != NULL && directory_dn_equal(creator, im->identity);
	directory_entry_free(&entry);
	return 0;
}

/* --- rows ---------------------------------------------------------------------------------------------------- */

static void
remember_failure(struct writing *w, const struct flight *flight)
{
	if (w->failed_r != 0)
		return;
	w->failed_r = flight->r;
	w->failed_row = flight->row.number;
	snprintf(w->failed_id, sizeof(w->failed_id), "%s", row_id(&flight->row));
	snprintf(w->failed_why, sizeof(w->failed_why), "%s", flight->r == ERR_EXISTS ? "the ID is in use by now" : flight->why);
}

/* Take what was answered, in the order of the rows; wait where that is asked for. */
static int
take_answers(struct writing *w, int all)
{
	struct flight *flight;
	int r = 0;

	for (;;) {
		while ((flight = pipeline_first(w->pipeline)) != NULL) {
			if (flight->r != 0)
				remember_failure(w, flight);
			else if (w->failed_r == 0)
				w->done = flight->ordinal;
			pipeline_take(w->pipeline);
		}
		if (r != 0 || w->pipeline->n == 0 || (!all && pipeline_has_room(w->pipeline)))
			return r;
		r = pipeline_wait(w->pipeline);
	}
}

/* announce - before a row is sent: that it is, and those behind it */
static int
announce(struct writing *w, uint64_t ordinal)
{
	const struct journal_facts *facts = journal_facts(w->im->journal);
	uint64_t sent = ordinal + STRIDE - 1 < facts->rows ? ordinal + STRIDE - 1 : facts->rows;
	int r = 0;

	if (ordinal <= facts->sent)
		return 0;
	if (w->done > facts->done)
		r = journal_note(w->im->journal, "done", w->done);
	return r == 0 ? journal_say(w->im->journal, "sent", sent) : r;
}

/* One that an earlier run may have written already: by itself, for it has to be looked at. */
static int
write_again(struct writing *w, struct flight *flight)
{
	int ours = 0, r;

	r = take_answers(w, 1);
	if (r == 0)
		r = pipeline_put(w->pipeline, flight);
	while (r == 0 && pipeline_first(w->pipeline) == NULL)
		r = pipeline_wait(w->pipeline);
	if (r != 0)
		return r;
	flight = pipeline_first(w->pipeline);
	if (flight->r != ERR_EXISTS)
		return 0;
	r = look_whose(w->im, flight->dn, &ours);
	if (r == 0 && ours)
		flight->r = 0;
	return r == ERR_UNREACHABLE || r == ERR_TIMEOUT ? r : 0;
}

/* out: *lost_out  the connection's error; the journal's own failure is EXIT_FAILED */
static int
write_row(struct writing *w, struct row *row, int *lost_out)
{
	struct flight flight = { .ordinal = w->next, .row = *row };

	memset(row, 0, sizeof(*row));
	if (announce(w, flight.ordinal) != 0) {
		row_clear(&flight.row);
		return say_no_journal(w->im);
	}
	flight.dn = import_dn(w->im, row_id(&flight.row));
	if (flight.dn == NULL) {
		row_clear(&flight.row);
		return say_failure(w->im->s, ERR_MEMORY, "rows");
	}
	if (flight.ordinal <= w->before && flight.row.owner != ROW_OWNER_ONLY)
		*lost_out = write_again(w, &flight);
	else
		*lost_out = pipeline_put(w->pipeline, &flight);
	row_clear(&flight.row);
	free(flight.dn);
	return EXIT_DONE;
}

static int
write_rows(struct writing *w, int *lost_out)
{
	const struct journal_facts *facts = journal_facts(w->im->journal);
	struct row row;
	int end = 0, status = EXIT_DONE;

	while (status == EXIT_DONE && *lost_out == 0 && w->failed_r == 0 && !import_stopped()) {
		if (rows_get(w->rows, &row, &end) != 0) {
			say_error("%s/rows: is damaged", journal_folder(w->im->journal));
			return EXIT_FAILED;
		}
		if (end)
			break;
		if (++w->next <= facts->done) {
			row_clear(&row);
			continue;
		}
		*lost_out = take_answers(w, 0);
		if (*lost_out == 0 && w->failed_r == 0)
			status = write_row(w, &row, lost_out);
		row_clear(&row);
		progress_at(&w->progress, w->done, w->done - w->progress.first, facts->rows - w->progress.first);
	}
	if (*lost_out == 0)
		*lost_out = take_answers(w, 1);
	return status;
}

/* --- OWNERs --------------------------------------------------------------------------------------------------- */

static int
change_owner(struct import *im, enum directory_change_op op, const char *dn)
{
	struct record record = { .n = 0 };

	record_put(&record, op, "owner", dn);
	return record_modify(im->s->d, im->org->dn, &record);
}

/* Every row that makes an OWNER, one after the other: there are few. in: op  CHANGE_ADD or CHANGE_DELETE */
static int
change_owners(struct writing *w, enum directory_change_op op)
{
	struct row row;
	char *dn;
	int end = 0, r = 0;

	rewind(w->rows);
	while (r == 0) {
		r = rows_get(w->rows, &row, &end);
		if (r != 0 || end)
			break;
		if (row.owner == ROW_OWNER || row.owner == ROW_OWNER_ONLY) {
			dn = import_dn(w->im, row_id(&row));
			r = dn != NULL ? change_owner(w->im, op, dn) : ERR_MEMORY;
			free(dn);
			/* What an earlier run did is done. */
			if ((op == CHANGE_ADD && r == ERR_EXISTS) ||
			    (op == CHANGE_DELETE && directory_result(w->im->s->d) == RESULT_NO_SUCH_ATTRIBUTE))
				r = 0;
			if (r != 0) {
				w->failed_row = row.number;
				snprintf(w->failed_id, sizeof(w->failed_id), "%s", row_id(&row));
			}
		}
		row_clear(&row);
	}
	return r;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static int
begin(struct import *im, struct writing *w, enum directory_write write, const char *only_if)
{
	int status;

	memset(w, 0, sizeof(*w));
	w->im = im;
	w->pipeline = calloc(1, sizeof(*w->pipeline));
	status = w->pipeline != NULL ? open_rows(w) : say_failure(im->s, ERR_MEMORY, "rows");
	if (status == EXIT_DONE)
		pipeline_init(w->pipeline, im->s->d, write, 0, only_if);
	return status;
}

static void
end(struct writing *w)
{
	progress_end(&w->progress);
	if (w->pipeline != NULL)
		pipeline_clear(w->pipeline);
	free(w->pipeline);
	if (w->rows != NULL)
		fclose(w->rows);
}

static int
take_all_back(struct writing *w, const char *what)
{
	struct import *im = w->im;
	int status = w->failed_r == ERR_REFUSED ? EXIT_REFUSED : w->failed_r == ERR_EXISTS ? EXIT_IN_USE : EXIT_FAILED, undone;

	say_error("row %" PRIu64 " (%s) %s: %s; what was written is taken back", w->failed_row, w->failed_id, what, w->failed_why);
	undone = import_undo(im);
	return undone == EXIT_DONE ? status : undone;
}

/* The OWNERs are made when everybody is there. */
static int
write_owners(struct writing *w)
{
	struct import *im = w->im;
	int r = change_owners(w, CHANGE_ADD);

	if (r == ERR_UNREACHABLE || r == ERR_TIMEOUT)
		return say_later(im, r, w->done);
	if (r != 0) {
		w->failed_r = r;
		snprintf(w->failed_why, sizeof(w->failed_why), "%s",
		         *directory_text(im->s->d) != '\0' ? directory_text(im->s->d) : err_str(r));
		return take_all_back(w, "could not be made an OWNER");
	}
	return journal_say(im->journal, "written", 1) == 0 ? EXIT_DONE : say_no_journal(im);
}

int
import_write(struct import *im)
{
	const struct journal_facts *facts = journal_facts(im->journal);
	struct writing w;
	int lost = 0, status;

	status = begin(im, &w, WRITE_ADD, NULL);
	w.before = facts->sent;
	w.done = facts->done;
	if (status == EXIT_DONE) {
		progress_begin(&w.progress, im->s, "writing", facts->done);
		status = write_rows(&w, &lost);
		progress_end(&w.progress);
	}
	if (status == EXIT_DONE) {
		if (w.done > facts->done && journal_say(im->journal, "done", w.done) != 0)
			status = say_no_journal(im);
		else if (lost != 0 || (import_stopped() && w.failed_r == 0 && w.done < facts->rows))
			status = say_later(im, lost, w.done);
		else if (w.failed_r != 0)
			status = take_all_back(&w, "could not be written");
		else
			status = write_owners(&w);
	}
	end(&w);
	return status;
}

/* --- take it back -------------------------------------------------------------------------------------------------- */

struct undone {
	uint64_t gone, changed, failed;
};

static int
take_deleted(struct writing *w, struct undone *undone, int all)
{
	struct flight *flight;
	int r = 0;

	for (;;) {
		while ((flight = pipeline_first(w->pipeline)) != NULL) {
			if (flight->result == RESULT_ASSERTION_FAILED)
				undone->changed++;
			else if (flight->r != 0 && flight->r != ERR_NOT_FOUND) {
				undone->failed++;
				progress_clear(&w->progress);
				say_error("%s was written and could not be taken back: %s; delete it by hand", flight->dn, flight->why);
			} else {
				undone->gone += flight->r == 0;
			}
			w->done = flight->ordinal;
			pipeline_take(w->pipeline);
		}
		if (r != 0 || w->pipeline->n == 0 || (!all && pipeline_has_room(w->pipeline)))
			return r;
		r = pipeline_wait(w->pipeline);
	}
}

static int
delete_row(struct writing *w, struct row *row)
{
	struct flight flight = { .ordinal = w->next, .row = *row };
	int r;

	memset(row, 0, sizeof(*row));
	flight.dn = import_dn(w->im, row_id(&flight.row));
	r = flight.dn != NULL ? pipeline_put(w->pipeline, &flight) : ERR_MEMORY;
	row_clear(&flight.row);
	free(flight.dn);
	return r;
}

static int
delete_rows(struct writing *w, struct undone *undone)
{
	const struct journal_facts *facts = journal_facts(w->im->journal);
	struct row row;
	int end = 0, r = 0;

	rewind(w->rows);
	while (r == 0 && w->next < facts->sent) {
		r = rows_get(w->rows, &row, &end);
		if (r != 0 || end)
			break;
		w->next++;
		r = take_deleted(w, undone, 0);
		if (r == 0)
			r = delete_row(w, &row);
		row_clear(&row);
		progress_at(&w->progress, w->done, w->done, facts->sent);
	}
	return r == 0 ? take_deleted(w, undone, 1) : r;
}

static int
say_undone(struct import *im, const struct undone *undone, int r)
{
	if (r != 0) {
		(void)say_failure(im->s, r, "not everything was taken back");
		say_error("\"muster member import %s --undo\" goes on", im->name);
		return EXIT_FAILED;
	}
	if (undone->changed > 0)
		say_error("%" PRIu64 " entries with an ID of the file were made by somebody else meanwhile and stay", undone->changed);
	if (undone->failed > 0) {
		say_error("\"muster member import %s --undo\" tries again", im->name);
		return EXIT_FAILED;
	}
	say_note("taken back: %" PRIu64 " members that had been written", undone->gone);
	journal_remove(im->journal);
	return EXIT_DONE;
}

int
import_undo(struct import *im)
{
	const struct journal_facts *facts = journal_facts(im->journal);
	char *only_if = directory_filter("(creatorsName=%s)", im->identity);
	struct undone undone = { .gone = 0 };
	struct writing w;
	int r = 0, status;

	status = only_if != NULL ? begin(im, &w, WRITE_DELETE, only_if) : say_failure(im->s, ERR_MEMORY, "undo");
	if (only_if == NULL)
		return status;
	if (status == EXIT_DONE && !facts->undoing && journal_say(im->journal, "undo", 1) != 0)
		status = say_no_journal(im);
	if (status == EXIT_DONE) {
		progress_begin(&w.progress, im->s, "taking back", 0);
		/* OWNERs are made last, so there are none before all rows are there. */
		if (facts->done == facts->rows)
			r = change_owners(&w, CHANGE_DELETE);
		if (r == 0)
			r = delete_rows(&w, &undone);
		progress_end(&w.progress);
		status = say_undone(im, &undone, r);
	}
	end(&w);
	free(only_if);
	return status;
}
