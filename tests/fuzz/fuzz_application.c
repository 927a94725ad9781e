/*
 * fuzz_application.c - changes that are applied for, documents and facts: octets that members send.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/application.h"
#include "core/document.h"
#include "core/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A change that is taken leads to required information that goes together, or to words why not. */
static void
parse_change(const char *text, size_t len)
{
	static const struct application_value now[APPLICATION_FIELDS] = {
		[APPLICATION_NAME] = { "Kim", 3 }, [APPLICATION_SURNAME] = { "Kim", 3 }
	};
	struct application_value changes[APPLICATION_FIELDS] = { { NULL, 0 } }, after[APPLICATION_FIELDS], value;
	enum application_field field;
	char wrong[APPLICATION_TEXT_MAX];

	if (application_change_parse(text, len, &field, &value, wrong) != 0) {
		if (*wrong == '\0' || value.value != NULL)
			abort();
		return;
	}
	if (field >= APPLICATION_FIELDS || value.len == 0 || value.value < text || value.value + value.len != text + len ||
	    memchr(value.value, '\0', value.len) != NULL)
		abort();
	changes[field] = value;
	if ((application_apply(now, changes, after, wrong) == 0) != (*wrong == '\0') || after[APPLICATION_NAME].value == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	enum document_type type = document_type_of(data, size);
	const char *name = document_type_name(type);
	char hash[DOCUMENT_HASH_LEN + 1];
	int fact;

	parse_change(text, size);
	if (document_type_named(name, strlen(name)) != type)
		abort();
	(void)document_type_named(text, size);
	document_hash(data, size, hash);
	if (strlen(hash) != DOCUMENT_HASH_LEN)
		abort();
	for (fact = FACT_NAME; fact <= FACT_REGISTRATION_NUMBER; fact++)
		if (fact_check((enum fact)fact, text, size) == NULL && (size == 0 || memchr(data, '\0', size) != NULL))
			abort();
	(void)application_name_check(text, size);
	(void)application_reason_check(text, size);
	return 0;
}
