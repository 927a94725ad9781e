/*
 * row.h - one member of a file: read from a table or from LDIF, judged, and as the entry that is to be written.
 */
#ifndef MUSTER_CLI_ROW_H
#define MUSTER_CLI_ROW_H

#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/ldif.h"

#define ROW_WHY_MAX 512

enum row_owner {
	ROW_NO_OWNER = 0,
	ROW_OWNER = 1,       /* is to be an OWNER */
	ROW_NAMED_OWNER = 2, /* the organization names it as one already */
	ROW_OWNER_ONLY = 3   /* says of a member that came before that it is to be an OWNER; nothing else is in it but the ID */
};

struct row {
	uint64_t number; /* of a table's row, of the line in LDIF */
	enum row_owner owner;
	struct ldif_record entry; /* its attributes; dn is not used */
};

void row_clear(struct row *row);
/* row_id - the member's ID; "" when there is none */
const char *row_id(const struct row *row);

/* --- tables ---------------------------------------------------------------------------------------------- */

/* One column as people name it, and the attribute that it is. */
struct row_column {
	const char *name;
	const char *attribute; /* NULL: owner */
	const char *also;      /* other names of it, separated by blanks */
};

/* row_column_list - every column that is known */
const struct row_column *row_column_list(size_t *n_out);

/* What each column of a file is. */
struct row_header {
	const struct row_column *columns[CSV_FIELDS_MAX];
	size_t n;
};

/*
 * row_header_read - from the first record of a table.
 * out:   why  on error what is wrong: an unknown column, one that is there twice, one that is missing
 * error: ERR_INPUT
 */
int row_header_read(const struct csv_record *record, struct row_header *header_out, char why[ROW_WHY_MAX]);

/* row_from_table - error: ERR_INPUT, ERR_MEMORY. row_out is to be cleared in any case, and says number and ID when it can. */
int row_from_table(const struct row_header *header, const struct csv_record *record, struct row *row_out,
                   char why[ROW_WHY_MAX]);

/* --- LDIF ------------------------------------------------------------------------------------------------- */

/*
 * row_from_ldif - the same from a record of an entry. Its place is not looked at: a file may come from another directory.
 * owner: takes record over and empties it
 */
int row_from_ldif(struct ldif_record *record, uint64_t line, struct row *row_out, char why[ROW_WHY_MAX]);

/* row_is_withheld - 1 for attributes that are neither exported nor imported: secrets, and what the server writes */
int row_is_withheld(const char *attribute);

/* --- judging ---------------------------------------------------------------------------------------------- */

/*
 * row_finish - judge what is there and put in what an entry needs besides: classes, a surname.
 * in:    posix  1: the member is an account of login hosts (posixAccount), as one with a number of its own is anyway
 * error: ERR_INPUT, ERR_MEMORY
 */
int row_finish(struct row *row, int posix, char why[ROW_WHY_MAX]);

/* --- rows.c: rows as a file of our own, which is read again as often as needed ---------------------------------- */

/* rows_put - append. error: ERR_IO, ERR_MEMORY, ERR_RANGE */
int rows_put(FILE *file, const struct row *row);
/* rows_get - the next one. out: *end_out  1: there is none. error: ERR_IO, ERR_PROTO (damaged), ERR_MEMORY */
int rows_get(FILE *file, struct row *row_out, int *end_out);

#endif
