/*
 * csv.h - read and write tables as spreadsheets save them: RFC 4180, UTF-8 with or without a byte order mark.
 */
#ifndef MUSTER_CLI_CSV_H
#define MUSTER_CLI_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CSV_RECORD_MAX 65536 /* octets of one record: what is longer is a quote that never ends */
#define CSV_FIELDS_MAX 64
#define CSV_WHY_MAX 160

struct csv; /* one file being read; needs the same memory for any number of records */

struct csv_record {
	uint64_t row;  /* as a spreadsheet counts them: the first is 1, empty ones count */
	uint64_t line; /* of the file, where it begins */
	size_t n;
	const char *fields[CSV_FIELDS_MAX]; /* valid until the next record */
};

/*
 * csv_open - read records from a stream. The separator is the first of "," ";" and tab that the first record has.
 * out:   *csv_out  NULL on error, freed with csv_free()
 * owner: the caller closes the stream after that
 * error: ERR_MEMORY
 */
int csv_open(FILE *in, struct csv **csv_out);

/*
 * csv_read - the next record that is not empty.
 * out:   record_out  n 0 at the end of the file
 * error: ERR_INPUT, ERR_RANGE (csv_why() says what and where; nothing is read after it), ERR_IO
 */
int csv_read(struct csv *csv, struct csv_record *record_out);

/* csv_why - what was wrong with the file, for a person; "" when nothing was */
const char *csv_why(const struct csv *csv);
void csv_free(struct csv **csv);

/*
 * A cell that begins with = + - @ or a control character is a formula to spreadsheets, whoever wrote it. It is written with an
 * apostrophe in front, and so is one that begins with an apostrophe followed by one of these or another apostrophe;
 * csv_plain() takes it away again.
 */
/* csv_put - write one cell, quoted where needed. in: first  1: nothing in front of it, 0: a comma */
void csv_put(FILE *out, const char *cell, int first);
/* csv_plain - a cell without the apostrophe that csv_put() set in front of it */
const char *csv_plain(const char *cell);

#endif
