/*
 * slapcat.c - LDIF as slapcat prints it with lines of any length: read entry by entry, changed, printed.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cli/uninstall.h"
#include "common/secret.h"

static void
line_free(struct slapcat_line *line)
{
	if (line->value != NULL)
		secret_wipe(line->value, line->len);
	free(line->name);
	free(line->value);
}

void
slapcat_free(struct slapcat_entry *entry)
{
	while (entry->n > 0)
		line_free(&entry->lines[--entry->n]);
	free(entry->lines);
	entry->lines = NULL;
}

int
slapcat_set(struct slapcat_line *line, const char *value, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(copy, value, len);
	copy[len] = '\0';
	if (line->value != NULL)
		secret_wipe(line->value, line->len);
	free(line->value);
	line->value = copy;
	line->len = len;
	return 0;
}

/* A line more, with a name of name_len octets and no value yet. */
static int
append(struct slapcat_entry *entry, const char *name, size_t name_len)
{
	struct slapcat_line *grown = realloc(entry->lines, (entry->n + 1) * sizeof(*grown));

	if (grown == NULL)
		return ERR_MEMORY;
	entry->lines = grown;
	memset(&grown[entry->n], 0, sizeof(*grown));
	grown[entry->n].name = strndup(name, name_len);
	if (grown[entry->n].name == NULL)
		return ERR_MEMORY;
	entry->n++;
	return 0;
}

int
slapcat_add(struct slapcat_entry *entry, const char *name, const char *value)
{
	int r = append(entry, name, strlen(name));

	return r != 0 ? r : slapcat_set(&entry->lines[entry->n - 1], value, strlen(value));
}

/* "name: text" or "name:: base64", without its line end */
static int
take_line(struct slapcat_entry *entry, char *text, size_t len)
{
	char *colon = memchr(text, ':', len), *value;
	size_t value_len;
	int r;

	if (colon == NULL || colon == text)
		return ERR_INPUT;
	r = append(entry, text, (size_t)(colon - text));
	if (r != 0)
		return r;
	value = colon + 1;
	if (*value == ':') {
		value++;
		value += *value == ' ';
		/* in place: what comes out is shorter */
		if (sodium_base642bin((unsigned char *)text, len, value, len - (size_t)(value - text), NULL, &value_len, NULL,
		                      sodium_base64_VARIANT_ORIGINAL) != 0)
			return ERR_INPUT;
		value = text;
	} else {
		value += *value == ' ';
		value_len = len - (size_t)(value - text);
	}
	return slapcat_set(&entry->lines[entry->n - 1], value, value_len);
}

int
slapcat_next(FILE *in, struct slapcat_entry *entry_out)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	memset(entry_out, 0, sizeof(*entry_out));
	while (r == 0 && (len = getline(&text, &size, in)) > 0) {
		if (text[len - 1] == '\n')
			text[--len] = '\0';
		if (len == 0 && entry_out->n > 0)
			break;
		if (len > 0 && text[0] != '#')
			r = text[0] == ' ' ? ERR_INPUT : take_line(entry_out, text, (size_t)len);
	}
	if (text != NULL)
		secret_wipe(text, size);
	free(text);
	if (r == 0 && ferror(in))
		r = ERR_IO;
	if (r == 0 && entry_out->n > 0 && strcmp(entry_out->lines[0].name, "dn") != 0)
		r = ERR_INPUT;
	if (r != 0)
		slapcat_free(entry_out);
	return r != 0 ? r : entry_out->n > 0;
}

/* RFC 2849: what a value may be to stand there as it is */
static int
is_safe(const struct slapcat_line *line)
{
	size_t i;

	if (line->len > 0 && (strchr(" :<", line->value[0]) != NULL || line->value[line->len - 1] == ' '))
		return 0;
	for (i = 0; i < line->len; i++)
		if ((unsigned char)line->value[i] < 0x20 || (unsigned char)line->value[i] >= 0x7f)
			return 0;
	return 1;
}

static int
print_line(const struct slapcat_line *line, FILE *out)
{
	size_t size;
	char *base64;

	if (is_safe(line)) {
		fprintf(out, "%s: %s\n", line->name, line->value);
		return 0;
	}
	size = sodium_base64_encoded_len(line->len, sodium_base64_VARIANT_ORIGINAL);
	base64 = malloc(size);
	if (base64 == NULL)
		return ERR_MEMORY;
	sodium_bin2base64(base64, size, (const unsigned char *)line->value, line->len, sodium_base64_VARIANT_ORIGINAL);
	fprintf(out, "%s:: %s\n", line->name, base64);
	secret_wipe(base64, size);
	free(base64);
	return 0;
}

int
slapcat_print(const struct slapcat_entry *entry, FILE *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < entry->n; i++)
		r = print_line(&entry->lines[i], out);
	fputc('\n', out);
	return r != 0 ? r : ferror(out) ? ERR_IO : 0;
}

int
slapcat_has(const struct slapcat_entry *entry, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < entry->n; i++)
		if (strcasecmp(entry->lines[i].name, name) == 0 && strcasecmp(entry->lines[i].value, value) == 0)
			return 1;
	return 0;
}

const char *
slapcat_value(const struct slapcat_entry *entry, const char *name)
{
	size_t i;

	for (i = 0; i < entry->n; i++)
		if (strcasecmp(entry->lines[i].name, name) == 0)
			return entry->lines[i].value;
	return NULL;
}

void
slapcat_drop(struct slapcat_entry *entry, size_t i)
{
	line_free(&entry->lines[i]);
	entry->n--;
	memmove(&entry->lines[i], &entry->lines[i + 1], (entry->n - i) * sizeof(*entry->lines));
}
