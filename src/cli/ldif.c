/*
 * ldif.c - read templates, print and carry out change records.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ldif.h"

void
ldif_record_clear(struct ldif_record *record)
{
	size_t i, k;

	for (i = 0; i < record->changes_len; i++) {
		for (k = 0; k < record->changes[i].values_len; k++)
			free(record->changes[i].values[k].data);
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
ldif_value_put(struct ldif_change *change, const char *value)
{
	struct directory_value *grown = realloc(change->values, (change->values_len + 1) * sizeof(*grown));
	char *copy;

	if (grown == NULL)
		return ERR_MEMORY;
	change->values = grown;
	copy = strdup(value);
	if (copy == NULL)
		return ERR_MEMORY;
	grown[change->values_len].data = (uint8_t *)copy;
	grown[change->values_len].len = strlen(copy);
	change->values_len++;
	return 0;
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

/* --- reading -------------------------------------------------------------------------------------------- */

/* Drop comments and join folded lines, in place: a line break and one blank vanish. */
static void
unfold(char *text)
{
	char *from = text, *to = text, *line_end;
	int comment = 0;

	while (*from != '\0') {
		if (*from == '#')
			comment = 1;
		else if (*from != ' ')
			comment = 0;
		line_end = from + strcspn(from, "\n");
		if (!comment) {
			if (*from == ' ' && to > text) {
				to--;
				from++;
			}
			memmove(to, from, (size_t)(line_end - from));
			to += line_end - from;
			*to++ = '\n';
		}
		from = *line_end == '\n' ? line_end + 1 : line_end;
	}
	*to = '\0';
}

/* "name: value"; cuts the line in two. */
static int
split_line(char *line, char **value_out)
{
	char *colon = strchr(line, ':');

	if (colon == NULL || colon == line || colon[1] == ':' || colon[1] == '<')
		return ERR_INPUT;
	*colon = '\0';
	*value_out = colon + 1 + strspn(colon + 1, " ");
	return 0;
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

/* A line behind dn and changetype. *current is the part of a modify record that values go to. */
static int
parse_body_line(struct ldif_record *record, char *line, struct ldif_change **current)
{
	enum directory_change_op op;
	char *value;
	int r;

	if (strcmp(line, "-") == 0) {
		*current = NULL;
		return record->modify ? 0 : ERR_INPUT;
	}
	r = split_line(line, &value);
	if (r != 0)
		return r;
	if (record->modify && *current == NULL) {
		r = change_op(line, &op);
		return r != 0 ? r : ldif_change_put(record, op, value, current);
	}
	if (!record->modify) {
		*current = ldif_attribute(record, line);
		if (*current == NULL)
			r = ldif_change_put(record, CHANGE_ADD, line, current);
	} else if (strcasecmp((*current)->attribute, line) != 0) {
		return ERR_INPUT;
	}
	return r != 0 ? r : ldif_value_put(*current, value);
}

static int
parse_line(struct ldif *ldif, char *line, int *open, struct ldif_change **current)
{
	struct ldif_record *grown, *record;
	char *value;

	if (*line == '\0') {
		*open = 0;
		*current = NULL;
		return 0;
	}
	if (!*open) {
		if (split_line(line, &value) != 0 || strcmp(line, "dn") != 0)
			return ERR_INPUT;
		grown = realloc(ldif->records, (ldif->records_len + 1) * sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		ldif->records = grown;
		record = &grown[ldif->records_len++];
		memset(record, 0, sizeof(*record));
		*open = 1;
		record->dn = strdup(value);
		return record->dn != NULL ? 0 : ERR_MEMORY;
	}
	record = &ldif->records[ldif->records_len - 1];
	if (strcmp(line, "changetype: add") == 0)
		return 0;
	if (strcmp(line, "changetype: modify") == 0) {
		record->modify = 1;
		return 0;
	}
	return parse_body_line(record, line, current);
}

int
ldif_parse(const char *text, struct ldif **ldif_out)
{
	struct ldif *ldif = calloc(1, sizeof(*ldif));
	struct ldif_change *current = NULL;
	char *copy = strdup(text), *line, *next;
	int open = 0, r = 0;

	*ldif_out = NULL;
	if (ldif == NULL || copy == NULL) {
		r = ERR_MEMORY;
		goto out;
	}
	unfold(copy);
	for (line = copy; *line != '\0' && r == 0; line = next) {
		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		r = parse_line(ldif, line, &open, &current);
	}
	if (r != 0)
		goto out;
	*ldif_out = ldif;
	ldif = NULL;
out:
	ldif_free(&ldif);
	free(copy);
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

static void
print_value(const char *name, const struct directory_value *value, FILE *out)
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

	print_value("dn", &dn, out);
	fprintf(out, "changetype: %s\n", record->modify ? "modify" : "add");
	for (i = 0; i < record->changes_len; i++) {
		const struct ldif_change *change = &record->changes[i];

		if (record->modify)
			fprintf(out, "%s: %s\n", verbs[change->op], change->attribute);
		for (k = 0; k < change->values_len; k++)
			print_value(change->attribute, &change->values[k], out);
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
