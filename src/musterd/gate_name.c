/*
 * gate_name.c - whether a login is spelled as the directory spells it.
 */
#include "musterd/gate_name.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define ATTRIBUTE_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.;"
#define VALUE_ENDS ",+)"

int
gate_name_of(const char *format, struct gate_name *out)
{
	const char *at = strstr(format, "%s"), *value, *attribute;
	int r = ERR_CONFIG;

	*out = (struct gate_name){ NULL, NULL, NULL };
	if (at == NULL)
		goto out;
	for (value = at; value > format && value[-1] != '='; value--)
		;
	if (value == format)
		goto out;
	for (attribute = value - 1; attribute > format && strchr(ATTRIBUTE_CHARS, attribute[-1]) != NULL; attribute--)
		;
	if (attribute == value - 1)
		goto out;
	r = ERR_MEMORY;
	out->attribute = strndup(attribute, value - 1 - attribute);
	out->before = strndup(value, at - value);
	out->after = strndup(at + 2, strcspn(at + 2, VALUE_ENDS));
	if (out->attribute != NULL && out->before != NULL && out->after != NULL)
		r = 0;
out:
	if (r != 0)
		gate_name_free(out);
	return r;
}

void
gate_name_free(struct gate_name *name)
{
	free(name->attribute);
	free(name->before);
	free(name->after);
	*name = (struct gate_name){ NULL, NULL, NULL };
}

int
gate_name_is_exact(const struct gate_name *name, const struct directory_entry *entry, const char *login)
{
	const struct directory_attribute *attribute = directory_attribute(entry, name->attribute);
	size_t before = strlen(name->before), middle = strlen(login), after = strlen(name->after);

	for (size_t i = 0; attribute != NULL && i < attribute->values_len; i++) {
		const struct directory_value *v = &attribute->values[i];

		if (v->len == before + middle + after && memcmp(v->data, name->before, before) == 0 &&
		    memcmp(v->data + before, login, middle) == 0 &&
		    memcmp(v->data + before + middle, name->after, after) == 0)
			return 1;
	}
	return 0;
}
