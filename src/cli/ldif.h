/*
 * ldif.h - LDIF (RFC 2849): records that add and modify, read one by one or as a whole, printed and carried out.
 */
#ifndef MUSTER_CLI_LDIF_H
#define MUSTER_CLI_LDIF_H

#include <stdio.h>

#include "directory/directory.h"

struct ldif_change {
	enum directory_change_op op;
	char *attribute;
	struct directory_value *values;
	size_t values_len;
};

struct ldif_record {
	char *dn;
	int modify; /* 0: add */
	struct ldif_change *changes;
	size_t changes_len;
};

struct ldif {
	struct ldif_record *records;
	size_t records_len;
};

#define LDIF_RECORD_MAX (4 << 20) /* octets of one record as it is written */
#define LDIF_WHY_MAX 160

struct ldif_reader; /* one file being read; needs the memory of its largest record */

/*
 * ldif_open - read records from a stream: of entries, with "changetype: add" or "modify"; values as text and base64.
 * out:   *reader_out  NULL on error, freed with ldif_close()
 * owner: the caller closes the stream after that
 * error: ERR_MEMORY
 */
int ldif_open(FILE *in, struct ldif_reader **reader_out);

/*
 * ldif_read - the next record.
 * out:   record_out  empty, dn NULL, at the end of the file and on error; else to be cleared with ldif_record_clear()
 *        *line_out   of the file, where it begins
 * error: ERR_INPUT (ldif_why() says what; the next call goes on behind the record), ERR_RANGE (too long; nothing is read
 *        after it), ERR_IO, ERR_MEMORY
 */
int ldif_read(struct ldif_reader *reader, struct ldif_record *record_out, uint64_t *line_out);

/* ldif_why - what was wrong with the record that was read last, for a person; "" when nothing was */
const char *ldif_why(const struct ldif_reader *reader);
void ldif_close(struct ldif_reader **reader);

/*
 * ldif_parse - all records of a text.
 * out:   *ldif_out  NULL on error, freed with ldif_free()
 * error: ERR_INPUT, ERR_RANGE, ERR_IO, ERR_MEMORY
 */
int ldif_parse(const char *text, struct ldif **ldif_out);
void ldif_free(struct ldif **ldif);

/* ldif_change_put - append a change; *change_out NULL when memory is short */
int ldif_change_put(struct ldif_record *record, enum directory_change_op op, const char *attribute,
                    struct ldif_change **change_out);
/* ldif_value_put - append a copy of a value */
int ldif_value_put(struct ldif_change *change, const char *value);
/* ldif_octets_put - the same for a value that is no text; a NUL is kept behind it */
int ldif_octets_put(struct ldif_change *change, const void *data, size_t len);
void ldif_record_clear(struct ldif_record *record);
/* ldif_attribute - the change of that attribute, NULL */
struct ldif_change *ldif_attribute(const struct ldif_record *record, const char *attribute);

/* ldif_print - as a change record; a value that LDIF cannot hold as text goes as base64 */
void ldif_print(const struct ldif_record *record, FILE *out);
/* ldif_print_value - one line of it */
void ldif_print_value(const char *name, const struct directory_value *value, FILE *out);

/* ldif_write - carry the record out. error: as directory_add() and directory_modify() */
int ldif_write(struct directory *d, const struct ldif_record *record);

#endif
