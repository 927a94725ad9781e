/*
 * journal.h - what an import has done so far, in a private folder, so that it can go on or be taken back whenever and however it ended.
 *
 * The folder is named after the organization (its UUID), one for each: rows (rows.c), journal (lines of text, appended, each
 * on disk before what it announces is done), lock. It is gone when the import is complete or taken back.
 */
#ifndef MUSTER_CLI_JOURNAL_H
#define MUSTER_CLI_JOURNAL_H

#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"

/* What the lines say. Rows are counted in the order of the file, the first is 1. */
struct journal_facts {
	int there;         /* there is a journal of an import that began to write */
	char *organization; /* DN */
	char *identity;    /* DN of who imports; entries of others are not taken for ours */
	char *since;       /* when it began, for a person */
	uint64_t rows;
	uint64_t sent;     /* rows up to here may have been written */
	uint64_t done;     /* rows up to here are there */
	int undoing;       /* is being taken back */
	int written;       /* rows and OWNERs are there */
	int invites;       /* members are to be invited when they are there */
	double rate;       /* invitations a second */
	uint64_t invited;  /* rows up to here */
};

struct journal;

/*
 * journal_open - the journal of what is done to an organization, locked. Prints what is wrong and returns an exit code.
 * in:    kind  "import" or "invite"
 *        uuid  of the organization
 * out:   *journal_out  NULL on error, freed with journal_close()
 */
int journal_open(struct session *s, const char *kind, const char *uuid, struct journal **journal_out);
/* journal_scratch - a folder that is gone when it is closed, for what writes nothing */
int journal_scratch(struct session *s, struct journal **journal_out);
void journal_close(struct journal **journal);

const struct journal_facts *journal_facts(const struct journal *journal);
/* journal_folder - where it lies */
const char *journal_folder(const struct journal *journal);

/* journal_nameless - a file in it that is gone when it is closed; -1 on error */
int journal_nameless(const struct journal *journal);
/* journal_rows_new - an empty file of rows in place of an older one. journal_rows - the one that is there, from its beginning */
int journal_rows_new(struct journal *journal, FILE **rows_out);
int journal_rows(struct journal *journal, FILE **rows_out);

/*
 * journal_begin - rows are complete: what was announced so far is on disk, and writing may begin.
 * in:    facts  organization, identity, rows, invites, rate
 */
int journal_begin(struct journal *journal, FILE *rows, const struct journal_facts *facts);
/*
 * journal_say - append a line and have it on disk. The facts are what it says from then on.
 * in:    what   "sent", "done", "undo", "written", "invited"
 * error: ERR_IO
 */
int journal_say(struct journal *journal, const char *what, uint64_t number);
/* journal_note - the same without waiting for the disk: a line that may be lost */
int journal_note(struct journal *journal, const char *what, uint64_t number);
/* journal_remove - it is over: nothing of it stays */
void journal_remove(struct journal *journal);

#endif
