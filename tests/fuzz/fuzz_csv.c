/*
 * fuzz_csv.c - tables of members, as spreadsheets save them and strangers send them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_row.h"

#define HEADER "first,second"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *
open_octets(const void *data, size_t size)
{
	FILE *in = fmemopen((void *)data, size, "r");

	if (in == NULL)
		abort();
	return in;
}

/* A record that was read, written as we write tables and read once more, has the same cells. */
static void
write_again(const struct csv_record *record)
{
	struct csv_record again;
	struct csv *csv = NULL;
	char *text = NULL;
	size_t len, i;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		abort();
	fputs(HEADER "\n", file);
	for (i = 0; i < record->n; i++)
		csv_put(file, record->fields[i], i == 0);
	fputc('\n', file);
	fclose(file);
	file = open_octets(text, len);
	if (csv_open(file, &csv) != 0 || csv_read(csv, &again) != 0 || again.n != 2)
		abort();
	if (csv_read(csv, &again) != 0) { /* with the quotes it is too long */
		if (len < CSV_RECORD_MAX)
			abort();
	} else {
		if (again.n != record->n && !(again.n == 0 && record->n == 1 && *record->fields[0] == '\0'))
			abort();
		for (i = 0; i < again.n; i++)
			if (strcmp(csv_plain(again.fields[i]), record->fields[i]) != 0)
				abort();
	}
	csv_free(&csv);
	fclose(file);
	free(text);
}

static void
take_row(const struct row_header *header, const struct csv_record *record, int posix)
{
	char why[ROW_WHY_MAX] = "";
	struct row row;
	int r = row_from_table(header, record, &row, why);

	if (r == ERR_INPUT && *why == '\0')
		abort();
	if (r == 0)
		judge_row(&row, posix);
	row_clear(&row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[ROW_WHY_MAX] = "";
	struct row_header header;
	struct csv_record record;
	struct csv *csv = NULL;
	uint64_t row = 0;
	int known = -1, r;
	FILE *in;

	if (size == 0) /* fmemopen() refuses no octets at all */
		return 0;
	in = open_octets(data, size);
	if (csv_open(in, &csv) != 0)
		abort();
	while ((r = csv_read(csv, &record)) == 0 && record.n > 0) {
		if (record.row <= row || record.line < record.row || record.n > CSV_FIELDS_MAX)
			abort();
		row = record.row;
		write_again(&record);
		if (known < 0)
			known = row_header_read(&record, &header, why) == 0;
		else if (known)
			take_row(&header, &record, (int)(size & 1));
		if (!known && *why == '\0')
			abort();
	}
	if ((r != 0) != (*csv_why(csv) != '\0'))
		abort();
	csv_free(&csv);
	fclose(in);
	return 0;
}
