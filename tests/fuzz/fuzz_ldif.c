/*
 * fuzz_ldif.c - records of members and changes in LDIF, as other directories write them and strangers send them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A record that was read, printed and read once more, says the same. */
static void
print_again(const struct ldif_record *record)
{
	struct ldif *again = NULL;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		abort();
	ldif_print(record, file);
	fclose(file);
	if (ldif_parse(text, &again) != 0 || again->records_len != 1 || !same_record(&again->records[0], record))
		abort();
	ldif_free(&again);
	free(text);
}

static void
take_row(struct ldif_record *record, uint64_t line, int posix)
{
	char why[ROW_WHY_MAX] = "";
	struct row row;
	int r = row_from_ldif(record, line, &row, why);

	if (record->dn != NULL || record->changes != NULL || (r == ERR_INPUT && *why == '\0'))
		abort();
	if (r == 0)
		judge_row(&row, posix);
	row_clear(&row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ldif_reader *reader = NULL;
	struct ldif_record record;
	uint64_t line, last = 0;
	FILE *in;
	int r;

	if (size == 0) /* fmemopen() refuses no octets at all */
		return 0;
	in = fmemopen((void *)data, size, "r");
	if (in == NULL || ldif_open(in, &reader) != 0)
		abort();
	for (;;) {
		r = ldif_read(reader, &record, &line);
		if ((r != 0) != (*ldif_why(reader) != '\0') || (r != 0 && record.dn != NULL))
			abort();
		if (r == 0 && record.dn == NULL)
			break;
		if (line <= last) /* it goes on behind what was wrong */
			abort();
		last = line;
		if (r != 0)
			continue;
		print_again(&record);
		if (record.modify)
			ldif_record_clear(&record);
		else
			take_row(&record, line, (int)(size & 1));
	}
	ldif_close(&reader);
	fclose(in);
	return 0;
}
