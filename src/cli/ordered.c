/*
 * ordered.c - the ordered values of an attribute of cn=config, like olcAccess.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ordered.h"
#include "common/err.h"

char *
ordered_bare(const struct directory_value *value)
{
	const char *p = (const char *)value->data;
	char *out = malloc(value->len + 1), *to = out;

	if (out == NULL)
		return NULL;
	if (*p == '{' && strchr(p, '}') != NULL)
		p = strchr(p, '}') + 1;
	for (; *p != '\0'; p++) {
		if (!isspace((unsigned char)*p))
			*to++ = *p;
		else if (to > out && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

void
ordered_free(struct ordered *list)
{
	while (list->n > 0)
		free(list->values[--list->n]);
	free(list->values);
	list->values = NULL;
}

int
ordered_put(struct ordered *list, char *value)
{
	char **grown = value != NULL ? realloc(list->values, (list->n + 1) * sizeof(*grown)) : NULL;

	if (grown == NULL) {
		free(value);
		return ERR_MEMORY;
	}
	list->values = grown;
	list->values[list->n++] = value;
	return 0;
}

int
ordered_has(const struct ordered *list, const char *value)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcasecmp(list->values[i], value) == 0)
			return 1;
	}
	return 0;
}

/* subject_of - how much of an access rule says what it is about */
static size_t
subject_of(const char *rule)
{
	const char *by = strstr(rule, " by ");

	return by != NULL ? (size_t)(by - rule) : strlen(rule);
}

int
ordered_has_subject(const struct ordered *list, const char *rule)
{
	size_t i, len = subject_of(rule);

	for (i = 0; i < list->n; i++)
		if (subject_of(list->values[i]) == len && strncasecmp(list->values[i], rule, len) == 0)
			return 1;
	return 0;
}

int
ordered_from(struct ordered *list, const struct directory_value *values, size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		r = ordered_put(list, ordered_bare(&values[i]));
	return r;
}

/* cn=config gives back ordered values in any order; {n} says which is where. */
static int
by_index(const void *a, const void *b)
{
	const struct directory_value *va = *(const struct directory_value *const *)a;
	const struct directory_value *vb = *(const struct directory_value *const *)b;
	long na = 0, nb = 0;

	(void)sscanf((const char *)va->data, "{%ld}", &na);
	(void)sscanf((const char *)vb->data, "{%ld}", &nb);
	return na < nb ? -1 : na > nb;
}

int
ordered_from_attribute(struct ordered *list, const struct directory_attribute *attribute)
{
	const struct directory_value **order;
	size_t i;
	int r = 0;

	if (attribute == NULL)
		return 0;
	order = calloc(attribute->values_len + 1, sizeof(*order));
	if (order == NULL)
		return ERR_MEMORY;
	for (i = 0; i < attribute->values_len; i++)
		order[i] = &attribute->values[i];
	qsort(order, attribute->values_len, sizeof(*order), by_index);
	for (i = 0; r == 0 && i < attribute->values_len; i++)
		r = ordered_put(list, ordered_bare(order[i]));
	free(order);
	return r;
}
