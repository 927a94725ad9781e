/*
 * judge_row.h - what holds of every row that a file of members gave, whatever the file was.
 */
#ifndef MUSTER_FUZZ_JUDGE_ROW_H
#define MUSTER_FUZZ_JUDGE_ROW_H

#include "cli/row.h"

/* same_record - 1 when both say the same, in the same order */
int same_record(const struct ldif_record *a, const struct ldif_record *b);

/*
 * judge_row - finish the row; one that is accepted names a member, holds nothing that is withheld, and comes out of the journal as
 *             it went in. Calls abort() when that is not so.
 */
void judge_row(struct row *row, int posix);

#endif
