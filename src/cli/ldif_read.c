/*
 * ldif_read.c - LDIF from a stream, record by record (RFC 2849).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "cli/ldif.h"

#define DESCRIPTION "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-;._"

struct ldif_reader {
	FILE *in;
	uint64_t line;       /* of the file, the one that is read next */
	uint64_t line_began; /* where the logical line in text begins */
	int ended;           /* nothing more is read */
	int begun;           /* behind the version */
	char why[LDIF_WHY_MAX];
	char *text;          /* one logical line, NUL-terminated */
	size_t len, size;
	size_t taken;        /* octets of the present record */
};

int
ldif_open(FILE *in, struct ldif_reader **reader_out)
{
	struct ldif_reader *reader = calloc(1, sizeof(*reader));

	*reader_out = reader;
	if (reader == NULL)
		return ERR_MEMORY;
	reader->in = in;
	reader->line = 1;
	return 0;
}

const char *
ldif_why(const struct ldif_reader *reader)
{
	return reader->why;
}

void
ldif_close(struct ldif_reader **reader)
{
	if (reader == NULL || *reader == NULL)
		return;
	if ((*reader)->text != NULL)
		secret_wipe((*reader)->text, (*reader)->size);
	free((*reader)->text);
	free(*reader);
	*reader = NULL;
}

static int
refuse(struct ldif_reader *reader, int r, const char *what)
{
	snprintf(reader->why, sizeof(reader->why), "line %" PRIu64 ": %s", reader->line_began, what);
	return r;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

static int
put_octet(struct ldif_reader *reader, int c)
{
	size_t size = reader->size == 0 ? 4096 : 2 * reader->size;
	char *grown;

	if (reader->taken++ == LDIF_RECORD_MAX) {
		reader->ended = 1;
		return refuse(reader, ERR_RANGE, "a record is longer than 4 MiB");
	}
	if (reader->len == reader->size) {
		grown = malloc(size);
		if (grown == NULL)
			return ERR_MEMORY;
		if (reader->text != NULL) {
			memcpy(grown, reader->text, reader->len);
			secret_wipe(reader->text, reader->size);
			free(reader->text);
		}
		reader->text = grown;
		reader->size = size;
	}
	reader->text[reader->len++] = (char)c;
	return 0;
}

/* The next octet; CR LF is one line end. */
static int
next_octet(struct ldif_reader *reader)
{
	int c = getc(reader->in);

	if (c == '\r') {
		c = getc(reader->in);
		if (c != '\n') {
			(void)ungetc(c, reader->in);
			c = '\r';
		}
	}
	reader->line += c == '\n';
	return c;
}

/* One line with all that continue it. out: *end_out  1: nothing is left of the file, and nothing was read */
static int
read_folded(struct ldif_reader *reader, int *end_out)
{
	int c, r = 0, zeros = 0;

	reader->len = 0;
	reader->line_began = reader->line;
	*end_out = 0;
	for (c = next_octet(reader); r == 0; c = next_octet(reader)) {
		if (c == '\n' && reader->len > 0) {
			c = getc(reader->in);
			if (c == ' ')
				continue;
			(void)ungetc(c, reader->in);
			break;
		}
		if (c == EOF || c == '\n')
			break;
		zeros |= c == '\0';
		r = put_octet(reader, c);
	}
	if (r == 0 && ferror(reader->in))
		r = ERR_IO;
	if (r != 0)
		return r;
	*end_out = c == EOF && reader->len == 0;
	r = put_octet(reader, '\0');
	reader->len--;
	if (r == 0 && zeros)
		r = refuse(reader, ERR_INPUT, "there is a NUL: values that are no text go as base64");
	return r;
}

/* A line that is no comment; empty between records. */
static int
read_line(struct ldif_reader *reader, int *end_out)
{
	int r;

	do {
		r = read_folded(reader, end_out);
	} while (r == 0 && !*end_out && *reader->text == '#');
	return r;
}

/* --- what a line says ------------------------------------------------------------------------------------ */

/* One line taken apart, in place. */
struct said {
	char *name;
	char *value; /* decoded, NUL-terminated */
	size_t len;
};

static int
decode(struct ldif_reader *reader, struct said *said)
{
	size_t len = 0;

	/* The octets take less room than their text. */
	if (sodium_base642bin((unsigned char *)said->value, said->len, said->value, said->len, NULL, &len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		return refuse(reader, ERR_INPUT, "this is not base64");
	said->value[len] = '\0';
	said->len = len;
	return 0;
}

/* "name: text" or "name:: base64"; "name:< file" is refused: a file must not name what else is read. */
static int
take_apart(struct ldif_reader *reader, struct said *said)
{
	char *colon = strchr(reader->text, ':');
	int encoded;

	if (colon == NULL || colon == reader->text)
		return refuse(reader, ERR_INPUT, "\"name: value\" is expected");
	if (colon[1] == '<')
		return refuse(reader, ERR_INPUT, "values in other files are not read");
	encoded = colon[1] == ':';
	*colon = '\0';
	said->name = reader->text;
	said->value = colon + 1 + encoded;
	said->value += strspn(said->value, " ");
	said->len = strlen(said->value);
	return encoded ? decode(reader, said) : 0;
}

static int
is_text(const struct said *said)
{
	return strlen(said->value) == said->len;
}

/* The name of an attribute, with its options. In what modifies it comes as a value, which could hold anything. */
static int
is_description(const char *name, size_t len)
{
	return len > 0 && strspn(name, DESCRIPTION) == len;
}

static int
change_op(const char *word, enum directory_change_op *op_out)
{
	if (strcmp(word, "add") == 0)
		*op_out = CHANGE_ADD;
	else if (strcmp(word, "delete") == 0)
		*op_out = CHANGE_DELETE;
	else if (strcmp(word, "replace") == 0)
		*op_out = CHANGE_REPLACE;
	else
		return ERR_INPUT;
	return 0;
}

/* --- records --------------------------------------------------------------------------------------------- */

/* An entry's value, or one of a modification. *current is the part of a modification that values go to. */
static int
take_value(struct ldif_reader *reader, struct ldif_record *record, const struct said *said, struct ldif_change **current)
{
	enum directory_change_op op;
	int r = 0;

	if (record->modify && *current == NULL) {
		if (change_op(said->name, &op) != 0 || !is_description(said->value, said->len))
			return refuse(reader, ERR_INPUT, "\"add: attribute\", \"delete: attribute\" or \"replace: attribute\" is expected");
		return ldif_change_put(record, op, said->value, current);
	}
	if (!is_description(said->name, strlen(said->name)))
		return refuse(reader, ERR_INPUT, "this is not the name of an attribute");
	if (!record->modify) {
		*current = ldif_attribute(record, said->name);
		if (*current == NULL)
			r = ldif_change_put(record, CHANGE_ADD, said->name, current);
	} else if (strcasecmp((*current)->attribute, said->name) != 0) {
		return refuse(reader, ERR_INPUT, "the value is of another attribute than the one that is changed");
	}
	return r != 0 ? r : ldif_octets_put(*current, said->value, said->len);
}

static int
take_changetype(struct ldif_reader *reader, struct ldif_record *record, const struct said *said)
{
	if (record->changes_len > 0)
		return refuse(reader, ERR_INPUT, "\"changetype\" comes first");
	if (strcasecmp(said->value, "modify") == 0)
		record->modify = 1;
	else if (strcasecmp(said->value, "add") != 0)
		return refuse(reader, ERR_INPUT, "records that add or modify an entry are read, no others");
	return 0;
}

static int
take_line(struct ldif_reader *reader, struct ldif_record *record, struct ldif_change **current)
{
	struct said said;
	int r;

	if (strcmp(reader->text, "-") == 0) {
		*current = NULL;
		return record->modify ? 0 : refuse(reader, ERR_INPUT, "\"-\" belongs to records that modify");
	}
	r = take_apart(reader, &said);
	if (r != 0)
		return r;
	if (strcasecmp(said.name, "changetype") == 0)
		return take_changetype(reader, record, &said);
	if (strcasecmp(said.name, "control") == 0)
		return refuse(reader, ERR_INPUT, "controls are not read");
	return take_value(reader, record, &said, current);
}

static int
take_dn(struct ldif_reader *reader, struct ldif_record *record)
{
	struct said said;
	int r = take_apart(reader, &said);

	if (r != 0)
		return r;
	if (strcasecmp(said.name, "dn") != 0)
		return refuse(reader, ERR_INPUT, "a record begins with \"dn: \"");
	if (!is_text(&said) || said.len == 0 || directory_dn_check(said.value) != 0)
		return refuse(reader, ERR_INPUT, "this is not a DN");
	record->dn = strdup(said.value);
	return record->dn != NULL ? 0 : ERR_MEMORY;
}

/* Behind an error: on to the line between two records. */
static void
skip_record(struct ldif_reader *reader)
{
	int end = 0;

	while (!reader->ended && !end && reader->len > 0) {
		reader->taken = 0;
		if (read_folded(reader, &end) == ERR_IO)
			reader->ended = 1;
	}
	reader->ended |= end;
}

/* The first line of a record; empty lines and the version are passed over. */
static int
read_first(struct ldif_reader *reader, int *end_out)
{
	int r;

	do {
		reader->taken = 0;
		r = read_line(reader, end_out);
		if (r == 0 && reader->len > 0 && !reader->begun) {
			reader->begun = 1;
			if (strncasecmp(reader->text, "version:", 8) == 0)
				continue;
		}
		if (r != 0 || *end_out || reader->len > 0)
			break;
	} while (1);
	return r;
}

static int
read_record(struct ldif_reader *reader, struct ldif_record *record, uint64_t *line_out)
{
	struct ldif_change *current = NULL;
	int end, r;

	r = read_first(reader, &end);
	*line_out = reader->line_began;
	if (r == 0 && end)
		reader->ended = 1;
	if (r != 0 || end)
		return r;
	r = take_dn(reader, record);
	while (r == 0) {
		r = read_line(reader, &end);
		if (r != 0 || reader->len == 0)
			break;
		r = take_line(reader, record, &current);
	}
	return r;
}

int
ldif_read(struct ldif_reader *reader, struct ldif_record *record_out, uint64_t *line_out)
{
	int r;

	memset(record_out, 0, sizeof(*record_out));
	*line_out = reader->line;
	reader->why[0] = '\0';
	if (reader->ended)
		return 0;
	r = read_record(reader, record_out, line_out);
	if (r == 0)
		return 0;
	ldif_record_clear(record_out);
	if (r == ERR_INPUT)
		skip_record(reader);
	else
		reader->ended = 1;
	return r;
}
