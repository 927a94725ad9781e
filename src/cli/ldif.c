/*
 * ldif.c - records of LDIF: built, printed and carried out. ldif_read.c reads them.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ldif.h"

void
ldif_record_clear(struct ldif_record *record)
{
	size_t i, k;

	for (i = 0; i < record->changes_len; i++) {
		for (k = 0; k < record->changes[i].values_len; k++) {
			/* Files of members have had passwords in them. */
			secret_wipe(record->changes[i].values[k].data, record->changes[i].values[k].len);
			free(record->changes[i].values[k].data);
		}
		free(record->changes[i].values);
		free(record->changes[i].attribute);
	}
	free(record->changes);
	free(record->dn);
	memset(record, 0, sizeof(*record));
}

void
ldif_free(struct ldif **ldif)
{
	size_t i;

	if (ldif == NULL || *ldif == NULL)
		return;
	for (i = 0; i < (*ldif)->records_len; i++)
		ldif_record_clear(&(*ldif)->records[i]);
	free((*ldif)->records);
	free(*ldif);
	*ldif = NULL;
}

int
ldif_change_put(struct ldif_record *record, enum directory_change_op op, const char *attribute,
                struct ldif_change **change_out)
{
	struct ldif_change *grown = realloc(record->changes, (record->changes_len + 1) * sizeof(*grown));
	struct ldif_change *change;

	*change_out = NULL;
	if (grown == NULL)
		return ERR_MEMORY;
	record->changes = grown;
	change = &grown[record->changes_len];
	memset(change, 0, sizeof(*change));
	change->op = op;
	change->attribute = strdup(attribute);
	if (change->attribute == NULL)
		return ERR_MEMORY;
	record->changes_len++;
	*change_out = change;
	return 0;
}

int
ldif_octets_put(struct ldif_change *change, const void *data, size_t len)
{
	struct directory_value *grown = realloc(change->values, (change->values_len + 1) * sizeof(*grown));
	uint8_t *copy;

	if (grown == NULL)
		return ERR_MEMORY;
	change->values = grown;
	copy = malloc(len + 1);
	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(copy, data, len);
	copy[len] = '\0';
	grown[change->values_len].data = copy;
	grown[change->values_len].len = len;
	change->values_len++;
	return 0;
}

int
ldif_value_put(struct ldif_change *change, const char *value)
{
	return ldif_octets_put(change, value, strlen(value));
}

struct ldif_change *
ldif_attribute(const struct ldif_record *record, const char *attribute)
{
	size_t i;

	for (i = 0; i < record->changes_len; i++) {
		if (strcasecmp(record->changes[i].attribute, attribute) == 0)
			return &record->changes[i];
	}
	return NULL;
}

/* --- all of a text -------------------------------------------------------------------------------------- */

static int
take_record(struct ldif *ldif, struct ldif_record *record)
{
	struct ldif_record *grown = realloc(ldif->records, (ldif->records_len + 1) * sizeof(*grown));

	if (grown == NULL) {
		ldif_record_clear(record);
		return ERR_MEMORY;
	}
	ldif->records = grown;
	grown[ldif->records_len++] = *record;
	return 0;
}

int
ldif_parse(const char *text, struct ldif **ldif_out)
{
	struct ldif *ldif = calloc(1, sizeof(*ldif));
	/* fmemopen() refuses no octets at all; a line end is as empty */
	FILE *in = *text != '\0' ? fmemopen((char *)text, strlen(text), "r") : fmemopen((char *)"\n", 1, "r");
	struct ldif_reader *reader = NULL;
	struct ldif_record record = { .dn = NULL };
	uint64_t line;
	int r = ERR_MEMORY;

	*ldif_out = NULL;
	if (ldif == NULL || in == NULL)
		goto out;
	r = ldif_open(in, &reader);
	while (r == 0) {
		r = ldif_read(reader, &record, &line);
		if (r != 0 || record.dn == NULL)
			break;
		r = take_record(ldif, &record);
	}
	if (r != 0)
		goto out;
	*ldif_out = ldif;
	ldif = NULL;
out:
	ldif_close(&reader);
	if (in != NULL)
		fclose(in);
	ldif_free(&ldif);
	return r;
}

/* --- printing ------------------------------------------------------------------------------------------- */

/* SAFE-STRING of RFC 2849 */
static int
is_safe(const struct directory_value *value)
{
	size_t i;

	if (value->len > 0 && (value->data[0] == ' ' || value->data[0] == ':' || value->data[0] == '<' ||
	                       value->data[value->len - 1] == ' '))
		return 0;
	for (i = 0; i < value->len; i++) {
		if (value->data[i] < ' ' || value->data[i] > '~')
			return 0;
	}
	return 1;
}

static void
print_base64(const struct directory_value *value, FILE *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < value->len; i += 3) {
		size_t left = value->len - i;
		unsigned long group = (unsigned long)value->data[i] << 16;

		if (left > 1)
			group |= (unsigned long)value->data[i + 1] << 8;
		if (left > 2)
			group |= value->data[i + 2];
		fputc(digits[group >> 18 & 63], out);
		fputc(digits[group >> 12 & 63], out);
		fputc(left > 1 ? digits[group >> 6 & 63] : '=', out);
		fputc(left > 2 ? digits[group & 63] : '=', out);
	}
}

void
ldif_print_value(const char *name, const struct directory_value *value, FILE *out)
{
	if (is_safe(value)) {
		fprintf(out, "%s: %s\n", name, (const char *)value->data);
		return;
	}
	fprintf(out, "%s:: ", name);
	print_base64(value, out);
	fputc('\n', out);
}

void
ldif_print(const struct ldif_record *record, FILE *out)
{
	static const char *const verbs[] = { [CHANGE_ADD] = "add", [CHANGE_DELETE] = "delete",
		[CHANGE_REPLACE] = "replace" };
	const struct directory_value dn = { .data = (uint8_t *)record->dn, .len = strlen(record->dn) };
	size_t i, k;

	ldif_print_value("dn", &dn, out);
	fprintf(out, "changetype: %s\n", record->modify ? "modify" : "add");
	for (i = 0; i < record->changes_len; i++) {
		const struct ldif_change *change = &record->changes[i];

		if (record->modify)
			fprintf(out, "%s: %s\n", verbs[change->op], change->attribute);
		for (k = 0; k < change->values_len; k++)
			ldif_print_value(change->attribute, &change->values[k], out);
		if (record->modify)
			fprintf(out, "-\n");
	}
	fputc('\n', out);
}

int
ldif_write(struct directory *d, const struct ldif_record *record)
{
	struct directory_change *changes = calloc(record->changes_len + 1, sizeof(*changes));
	size_t i;
	int r;

	if (changes == NULL)
		return ERR_MEMORY;
	for (i = 0; i < record->changes_len; i++) {
		changes[i].op = record->changes[i].op;
		changes[i].attribute = record->changes[i].attribute;
		changes[i].values = record->changes[i].values;
		changes[i].values_len = record->changes[i].values_len;
	}
	r = record->modify ? directory_modify(d, record->dn, changes, record->changes_len)
	                   : directory_add(d, record->dn, changes, record->changes_len);
	free(changes);
	return r;
}
