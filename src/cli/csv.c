/*
 * csv.c - read and write tables as spreadsheets save them (RFC 4180).
 */
#include "cli/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define SEPARATORS ",;\t"
#define RISKY "=+-@\t\r"

struct csv {
	FILE *in;
	int separator; /* 0: not seen yet */
	int begun;     /* 1: the first record that is not empty was read */
	uint64_t row, line;
	int ended;     /* 1: the end, or an error, was told */
	char why[CSV_WHY_MAX];
	size_t used;
	char octets[CSV_RECORD_MAX];
};

/* What a record is made of while it is read. */
struct making {
	struct csv_record *record;
	size_t starts[CSV_FIELDS_MAX];
	size_t n;
	int any; /* there is more than an empty line */
};

int
csv_open(FILE *in, struct csv **csv_out)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	*csv_out = csv;
	if (csv == NULL)
		return ERR_MEMORY;
	csv->in = in;
	csv->line = 1;
	return 0;
}

const char *
csv_why(const struct csv *csv)
{
	return csv->why;
}

void
csv_free(struct csv **csv)
{
	if (csv == NULL)
		return;
	free(*csv);
	*csv = NULL;
}

static int
refuse(struct csv *csv, int r, uint64_t line, const char *what)
{
	csv->ended = 1;
	snprintf(csv->why, sizeof(csv->why), "line %" PRIu64 ": %s", line, what);
	return r;
}

static int
put_octet(struct csv *csv, int c)
{
	if (csv->used == sizeof(csv->octets))
		return ERR_RANGE;
	csv->octets[csv->used++] = (char)c;
	return 0;
}

/* Line ends are LF, CR LF or CR. */
static int
next_octet(struct csv *csv)
{
	int c = getc(csv->in);

	if (c == '\r') {
		c = getc(csv->in);
		if (c != '\n')
			(void)ungetc(c, csv->in);
		c = '\n';
	}
	csv->line += c == '\n';
	return c;
}

static int
is_separator(struct csv *csv, int c)
{
	if (csv->separator == 0 && !csv->begun && c > 0 && strchr(SEPARATORS, c) != NULL)
		csv->separator = c;
	return c == csv->separator && c != 0;
}

/* Behind the opening quote: all up to the closing one. out: *end_out what follows it */
static int
read_quoted(struct csv *csv, int *end_out)
{
	uint64_t began = csv->line;
	int c, r;

	for (;;) {
		c = next_octet(csv);
		if (c == EOF)
			return ferror(csv->in) ? ERR_IO : refuse(csv, ERR_INPUT, began, "a quote begins here and never ends");
		if (c == '\0')
			return refuse(csv, ERR_INPUT, csv->line, "there is a NUL: this is no text");
		if (c == '"') {
			c = next_octet(csv);
			if (c != '"')
				break;
		}
		r = put_octet(csv, c);
		if (r != 0)
			return refuse(csv, r, began, "a quote begins here and does not end within 64 KiB");
	}
	*end_out = c;
	if (c == EOF || c == '\n' || is_separator(csv, c))
		return 0;
	return refuse(csv, ERR_INPUT, csv->line, "there is text behind a closing quote: quotes inside are doubled");
}

static int
read_plain(struct csv *csv, int c, int *end_out)
{
	int r;

	for (; c != EOF && c != '\n' && !is_separator(csv, c); c = next_octet(csv)) {
		if (c == '\0')
			return refuse(csv, ERR_INPUT, csv->line, "there is a NUL: this is no text, or UTF-16; save it as UTF-8");
		r = put_octet(csv, c);
		if (r != 0)
			return refuse(csv, r, csv->line, "a row is longer than 64 KiB");
	}
	*end_out = c;
	return 0;
}

/* One field and its NUL. out: *end_out  the separator, '\n' or EOF */
static int
read_field(struct csv *csv, struct making *making, int *end_out)
{
	int c, r;

	if (making->n == CSV_FIELDS_MAX)
		return refuse(csv, ERR_RANGE, csv->line, "a row has more than 64 columns");
	making->starts[making->n++] = csv->used;
	c = next_octet(csv);
	making->any |= c != '\n' && c != EOF;
	r = c == '"' ? read_quoted(csv, end_out) : read_plain(csv, c, end_out);
	if (r == 0 && put_octet(csv, '\0') != 0)
		r = refuse(csv, ERR_RANGE, csv->line, "a row is longer than 64 KiB");
	return r;
}

static int
read_record(struct csv *csv, struct making *making, int *end_out)
{
	int r;

	making->n = 0;
	making->any = 0;
	csv->used = 0;
	csv->row++;
	making->record->row = csv->row;
	making->record->line = csv->line;
	do {
		r = read_field(csv, making, end_out);
	} while (r == 0 && *end_out != '\n' && *end_out != EOF);
	return r == 0 && ferror(csv->in) ? ERR_IO : r;
}

/* The mark of UTF-8 is passed over; that of UTF-16 is another encoding. */
static int
skip_mark(struct csv *csv)
{
	int c = getc(csv->in);

	if (c == 0xfe || c == 0xff)
		return refuse(csv, ERR_INPUT, 1, "this is UTF-16; save it as \"CSV UTF-8\"");
	if (c != 0xef) {
		(void)ungetc(c, csv->in);
		return 0;
	}
	if (getc(csv->in) != 0xbb || getc(csv->in) != 0xbf)
		return refuse(csv, ERR_INPUT, 1, "this is not UTF-8; save it as \"CSV UTF-8\"");
	return 0;
}

int
csv_read(struct csv *csv, struct csv_record *record_out)
{
	struct making making = { .record = record_out };
	int end = EOF, r = 0;
	size_t i;

	memset(record_out, 0, sizeof(*record_out));
	if (csv->ended)
		return *csv->why != '\0' ? ERR_INPUT : 0;
	if (csv->row == 0)
		r = skip_mark(csv);
	do {
		if (r == 0)
			r = read_record(csv, &making, &end);
	} while (r == 0 && !making.any && end != EOF);
	if (r != 0)
		return r;
	csv->ended = end == EOF;
	if (!making.any)
		return 0;
	csv->begun = 1;
	for (i = 0; i < making.n; i++)
		record_out->fields[i] = csv->octets + making.starts[i];
	record_out->n = making.n;
	return 0;
}

/* --- cells that spreadsheets would run --------------------------------------------------------------------- */

static int
is_risky(const char *cell)
{
	return *cell != '\0' && strchr(RISKY, *cell) != NULL;
}

void
csv_put(FILE *out, const char *cell, int first)
{
	int marked = is_risky(cell) || (*cell == '\'' && (is_risky(cell + 1) || cell[1] == '\''));
	int quoted = strpbrk(cell, "\",\r\n") != NULL || *cell == ' ' ||
	             (*cell != '\0' && cell[strlen(cell) - 1] == ' ');

	if (!first)
		putc(',', out);
	if (quoted)
		putc('"', out);
	if (marked)
		putc('\'', out);
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			putc('"', out);
		putc(*cell, out);
	}
	if (quoted)
		putc('"', out);
}

const char *
csv_plain(const char *cell)
{
	return *cell == '\'' && (is_risky(cell + 1) || cell[1] == '\'') ? cell + 1 : cell;
}
