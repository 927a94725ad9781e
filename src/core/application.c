/*
 * application.c - required information of a platform member, and the changes of it that are applied for.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "core/application.h"
#include "core/facts.h"

static const struct {
	const char *attribute;
	enum fact fact;
} fields[APPLICATION_FIELDS] = {
	[APPLICATION_NAME] = { "cn", FACT_NAME },
	[APPLICATION_SURNAME] = { "sn", FACT_NAME },
	[APPLICATION_GIVEN_NAME] = { "givenName", FACT_NAME },
	[APPLICATION_BUSINESS_NAME] = { "o", FACT_NAME },
	[APPLICATION_MEMBER_TYPE] = { "musterMemberType", FACT_MEMBER_TYPE },
	[APPLICATION_REGISTRATION_NUMBER] = { "musterRegistrationNumber", FACT_REGISTRATION_NUMBER },
	[APPLICATION_COUNTRY] = { "c", FACT_COUNTRY },
};

const char *
application_field_attribute(enum application_field field)
{
	return fields[field].attribute;
}

int
application_name_check(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > APPLICATION_NAME_MAX)
		return ERR_INPUT;
	for (i = 0; i < len; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || name[i] == '-' || name[i] == '_'))
			return ERR_INPUT;
	return 0;
}

int
application_reason_check(const char *reason, size_t len)
{
	size_t i, chars = 0, seen = 0;

	for (i = 0; i < len; i++) {
		chars += ((unsigned char)reason[i] & 0xc0) != 0x80;
		seen += reason[i] != ' ';
	}
	return seen > 0 && chars <= APPLICATION_REASON_MAX && text_is_clean(reason, len) ? 0 : ERR_INPUT;
}

/* field_named - APPLICATION_FIELDS when there is none of that name */
static enum application_field
field_named(const char *name, size_t len)
{
	int i;

	for (i = 0; i < APPLICATION_FIELDS; i++)
		if (strlen(fields[i].attribute) == len && strncasecmp(fields[i].attribute, name, len) == 0)
			break;
	return (enum application_field)i;
}

int
application_change_parse(const char *text, size_t len, enum application_field *field_out,
                         struct application_value *value_out, char wrong_out[APPLICATION_TEXT_MAX])
{
	const char *colon = len <= APPLICATION_CHANGE_MAX ? memchr(text, ':', len) : NULL, *wrong;
	size_t name_len = colon != NULL ? (size_t)(colon - text) : 0;

	*field_out = APPLICATION_FIELDS;
	*value_out = (struct application_value){ NULL, 0 };
	wrong_out[0] = '\0';
	if (colon == NULL || name_len + 2 > len || colon[1] != ' ') {
		snprintf(wrong_out, APPLICATION_TEXT_MAX, "write \"attribute: value\", at most %d octets", APPLICATION_CHANGE_MAX);
		return ERR_INPUT;
	}
	*field_out = field_named(text, name_len);
	if (*field_out == APPLICATION_FIELDS) {
		snprintf(wrong_out, APPLICATION_TEXT_MAX,
		         "only cn, sn, givenName, o, musterMemberType, musterRegistrationNumber and c are applied for");
		return ERR_INPUT;
	}
	wrong = fact_check(fields[*field_out].fact, colon + 2, len - name_len - 2);
	if (wrong != NULL) {
		snprintf(wrong_out, APPLICATION_TEXT_MAX, "%s: %s", fields[*field_out].attribute, wrong);
		return ERR_INPUT;
	}
	value_out->value = colon + 2;
	value_out->len = len - name_len - 2;
	return 0;
}

int
application_is_business(const struct application_value *type)
{
	return type->value != NULL && type->len == strlen("business") && strncasecmp(type->value, "business", type->len) == 0;
}

int
application_concerns_business(const struct application_value changes[APPLICATION_FIELDS])
{
	return changes[APPLICATION_BUSINESS_NAME].value != NULL || changes[APPLICATION_MEMBER_TYPE].value != NULL ||
	       changes[APPLICATION_REGISTRATION_NUMBER].value != NULL || changes[APPLICATION_COUNTRY].value != NULL;
}

int
application_apply(const struct application_value now[APPLICATION_FIELDS],
                  const struct application_value changes[APPLICATION_FIELDS],
                  struct application_value after[APPLICATION_FIELDS], char wrong_out[APPLICATION_TEXT_MAX])
{
	const char *wrong = NULL;
	int i;

	wrong_out[0] = '\0';
	for (i = 0; i < APPLICATION_FIELDS; i++)
		after[i] = changes[i].value != NULL ? changes[i] : now[i];
	if (application_is_business(&after[APPLICATION_MEMBER_TYPE])) {
		if (after[APPLICATION_BUSINESS_NAME].value == NULL)
			wrong = "a business has a name: apply for o as well";
		else if (after[APPLICATION_REGISTRATION_NUMBER].value == NULL)
			wrong = "a business has a registration number: apply for musterRegistrationNumber as well";
	} else if (changes[APPLICATION_BUSINESS_NAME].value != NULL ||
	           changes[APPLICATION_REGISTRATION_NUMBER].value != NULL) {
		wrong = "o and musterRegistrationNumber are of business members: apply for \"musterMemberType: business\" as well";
	} else if (changes[APPLICATION_MEMBER_TYPE].value != NULL) {
		after[APPLICATION_BUSINESS_NAME] = after[APPLICATION_REGISTRATION_NUMBER] = (struct application_value){ NULL, 0 };
	}
	if (wrong == NULL)
		return 0;
	snprintf(wrong_out, APPLICATION_TEXT_MAX, "%s", wrong);
	return ERR_RULES;
}
