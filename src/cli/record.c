/*
 * record.c - attributes of an entry to be written.
 */
#include <string.h>

#include "cli/cli.h"

void
record_put(struct record *record, enum directory_change_op op, const char *attribute, const char *value)
{
	struct directory_value *v;

	if (value == NULL)
		return;
	if (record->n == RECORD_MAX) {
		record->overflow = 1;
		return;
	}
	v = &record->values[record->n];
	v->data = (uint8_t *)value;
	v->len = strlen(value);
	record_put_values(record, op, attribute, v, 1);
}

void
record_put_values(struct record *record, enum directory_change_op op, const char *attribute,
                  const struct directory_value *values, size_t n)
{
	struct directory_change *change;

	if (record->n == RECORD_MAX) {
		record->overflow = 1;
		return;
	}
	change = &record->changes[record->n++];
	change->op = op;
	change->attribute = attribute;
	change->values = values;
	change->values_len = n;
}

int
record_add(struct directory *d, const char *dn, const struct record *record)
{
	return record->overflow ? ERR_RANGE : directory_add(d, dn, record->changes, record->n);
}

int
record_modify(struct directory *d, const char *dn, const struct record *record)
{
	return record->overflow ? ERR_RANGE : directory_modify(d, dn, record->changes, record->n);
}
