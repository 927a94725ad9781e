/*
 * import.h - members in bulk.
 *
 *   import.c         the command: which organization, which file, what next
 *   import_source.c  rows of a file, of either form
 *   import_check.c   every row is judged, by us and by the server, before the first is written
 *   import_write.c   all of them are written, or none stays
 *   invite.c         the mails that let members choose their first password
 */
#ifndef MUSTER_CLI_IMPORT_H
#define MUSTER_CLI_IMPORT_H

#include "cli/journal.h"
#include "cli/pipeline.h"
#include "cli/progress.h"
#include "cli/row.h"

#define RATE_DEFAULT 5.0
#define RATE_MAX 1000.0

struct import {
	struct session *s;
	struct directory_entry *org;
	const char *name;    /* of the organization */
	char *people;        /* DN that members lie below */
	char *identity;      /* who we are */
	struct journal *journal;
	double rate;         /* invitations a second */
	int posix, dry_run;
	/* what was found */
	uint64_t rows, records, wrong, owners; /* records: rows, and what names OWNERs */
	int status;          /* exit code that belongs to what is wrong */
};

/*
 * import_begin - bound, and the organization found; NULL: the only one the person can see. Prints what is wrong, returns an exit code.
 * after: import_end() in any case
 */
int import_begin(struct import *im, const char *organization);
void import_end(struct import *im);

/* Row numbers are those of a spreadsheet, or lines of LDIF. */
struct source;

/*
 * source_open - a file, or standard input for "-", which is copied into the journal's folder first. Prints what is wrong, returns an
 *               exit code.
 */
int source_open(struct import *im, const char *path, struct source **source_out);
void source_close(struct source **source);
/*
 * source_next - out:   row_out  to be cleared in any case
 *                      *end_out 1: there was no more
 * error: ERR_INPUT (why says what; the next row can be read when *end_out is 0), ERR_IO, ERR_MEMORY
 */
int source_next(struct source *source, struct row *row_out, char why[ROW_WHY_MAX], int *end_out);
/* source_place - how far that is into the file */
void source_place(const struct source *source, uint64_t *at_out, uint64_t *size_out);
/* source_word - what its rows are numbered by: "row", "line" */
const char *source_word(const struct source *source);

/* import_dn - of the member with that ID, to be freed */
char *import_dn(const struct import *im, const char *id);

/* import_check - read and judge all rows; those that are right go into rows. Prints what is wrong; returns an exit code. */
int import_check(struct import *im, struct source *source, FILE *rows);

/* import_write - from where the journal says to the end. import_undo - take back what the journal says. Exit codes. */
int import_write(struct import *im);
int import_undo(struct import *im);
/* import_invite - those of the journal that are left to be invited */
int import_invite(struct import *im);

/* import_stopped - 1 when the person asked to stop (SIGINT, SIGTERM, SIGHUP). import_watch - from now on */
void import_watch(void);
int import_stopped(void);

/* rate_read - of --rate. Prints what is wrong; an exit code. */
int rate_read(struct session *s, double *rate_out);

enum invited { INVITE_SENT, INVITE_HAS_PASSWORD, INVITE_NOT_ACTIVE, INVITE_GONE };
/*
 * invite_member - ask for the mail, if the member has no password yet and may log in.
 * error: as directory_request_reset(), but for ERR_BUSY, which is waited out
 */
int invite_member(struct session *s, const char *dn, enum invited *invited_out);
/* invite_pause - wait for the next one's turn. in: began_ms  when the first was due; n  how many were sent since */
void invite_pause(double rate, int64_t began_ms, uint64_t n);

#endif
