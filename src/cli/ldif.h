/*
 * ldif.h - the part of LDIF (RFC 2849) that templates are written in: add and modify records.
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

/*
 * ldif_parse - read records. Base64 and file values are not among what templates need.
 * out:   *ldif_out  NULL on error, freed with ldif_free()
 * error: ERR_INPUT, ERR_MEMORY
 */
int ldif_parse(const char *text, struct ldif **ldif_out);
void ldif_free(struct ldif **ldif);

/* ldif_change_put - append a change; *change_out NULL when memory is short */
int ldif_change_put(struct ldif_record *record, enum directory_change_op op, const char *attribute,
                    struct ldif_change **change_out);
/* ldif_value_put - append a copy of a value */
int ldif_value_put(struct ldif_change *change, const char *value);
void ldif_record_clear(struct ldif_record *record);
/* ldif_attribute - the change of that attribute, NULL */
struct ldif_change *ldif_attribute(const struct ldif_record *record, const char *attribute);

/* ldif_print - as a change record; a value that LDIF cannot hold as text goes as base64 */
void ldif_print(const struct ldif_record *record, FILE *out);

/* ldif_write - carry the record out. error: as directory_add() and directory_modify() */
int ldif_write(struct directory *d, const struct ldif_record *record);

#endif
