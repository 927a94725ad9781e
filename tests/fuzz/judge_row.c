/*
 * judge_row.c - what holds of every row that a file of members gave.
 */
#include "judge_row.h"

#include <stdlib.h>
#include <string.h>

/* What is wrong with a row is handed back, not said: src/cli/output.c is not here. */
void
say_error(const char *format, ...)
{
	(void)format;
	abort();
}

static int
same_change(const struct ldif_change *a, const struct ldif_change *b)
{
	size_t i;

	if (a->op != b->op || strcmp(a->attribute, b->attribute) != 0 || a->values_len != b->values_len)
		return 0;
	for (i = 0; i < a->values_len; i++)
		if (a->values[i].len != b->values[i].len || memcmp(a->values[i].data, b->values[i].data, a->values[i].len) != 0)
			return 0;
	return 1;
}

int
same_record(const struct ldif_record *a, const struct ldif_record *b)
{
	size_t i;

	if ((a->dn == NULL) != (b->dn == NULL) || (a->dn != NULL && strcmp(a->dn, b->dn) != 0) || a->modify != b->modify ||
	    a->changes_len != b->changes_len)
		return 0;
	for (i = 0; i < a->changes_len; i++)
		if (!same_change(&a->changes[i], &b->changes[i]))
			return 0;
	return 1;
}

/* Written to a file of ours and read from it, it is the same row, and the only one. */
static void
store(const struct row *row)
{
	struct row again = { .number = 0 };
	FILE *file = tmpfile();
	int end;

	if (file == NULL)
		abort();
	if (rows_put(file, row) == 0) {
		rewind(file);
		if (rows_get(file, &again, &end) != 0 || end || again.number != row->number || again.owner != row->owner ||
		    !same_record(&again.entry, &row->entry))
			abort();
		row_clear(&again);
		if (rows_get(file, &again, &end) != 0 || !end)
			abort();
	}
	row_clear(&again);
	fclose(file);
}

void
judge_row(struct row *row, int posix)
{
	char why[ROW_WHY_MAX] = "";
	int r = row_finish(row, posix, why);
	size_t i;

	if (r == ERR_INPUT && (*why == '\0' || memchr(why, '\0', sizeof(why)) == NULL))
		abort();
	if (r != 0)
		return;
	if (*row_id(row) == '\0' || ldif_attribute(&row->entry, "sn") == NULL || ldif_attribute(&row->entry, "mail") == NULL)
		abort();
	for (i = 0; i < row->entry.changes_len; i++)
		if (row_is_withheld(row->entry.changes[i].attribute))
			abort();
	store(row);
}
