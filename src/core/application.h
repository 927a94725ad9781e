/*
 * application.h - required information of a platform member, and the changes of it that are applied for.
 *
 * A change is a text "attribute: value", one blank behind the colon. Attribute names have no case.
 */
#ifndef MUSTER_CORE_APPLICATION_H
#define MUSTER_CORE_APPLICATION_H

#include <stddef.h>

#include "common/err.h"

#define APPLICATION_OPEN_MAX 5        /* of one member */
#define APPLICATION_DOCUMENTS_MAX 5   /* of one application */
#define APPLICATION_NAME_MAX 64       /* octets of its cn, and of a document's number */
#define APPLICATION_REASON_MAX 500    /* code points */
#define APPLICATION_CHANGE_MAX 320    /* octets: an attribute and a value of FACT_NAME_MAX code points */
#define APPLICATION_TEXT_MAX 240      /* of what is wrong, its NUL included */

enum application_field {
	APPLICATION_NAME, APPLICATION_SURNAME, APPLICATION_GIVEN_NAME, APPLICATION_BUSINESS_NAME, APPLICATION_MEMBER_TYPE,
	APPLICATION_REGISTRATION_NUMBER, APPLICATION_COUNTRY, APPLICATION_FIELDS
};

/* A value of one field; NULL: none. Not NUL-terminated. */
struct application_value {
	const char *value;
	size_t len;
};

/* application_field_attribute - the attribute of the member's entry */
const char *application_field_attribute(enum application_field field);

/* application_name_check - 0 for 1 to APPLICATION_NAME_MAX letters, digits, - and _. error: ERR_INPUT */
int application_name_check(const char *name, size_t len);

/* application_reason_check - 0 for text of at most APPLICATION_REASON_MAX code points; line breaks are none. error: ERR_INPUT */
int application_reason_check(const char *reason, size_t len);

/*
 * application_change_parse - one change, its value checked.
 * out:   field_out, value_out  value_out points into text
 *        wrong_out             what is wrong, "" with 0
 * error: ERR_INPUT
 */
int application_change_parse(const char *text, size_t len, enum application_field *field_out,
                             struct application_value *value_out, char wrong_out[APPLICATION_TEXT_MAX]);

/*
 * application_apply - what a member's required information is once changes are applied, and whether that goes together: a
 *                     business has a name and a registration number, who becomes an individual loses them.
 * in:    now      values the member has, by field
 *        changes  values asked for, by field
 * out:   after    by field; points to the values of now and changes
 *        wrong_out  what is wrong, "" with 0
 * error: ERR_RULES
 */
int application_apply(const struct application_value now[APPLICATION_FIELDS],
                      const struct application_value changes[APPLICATION_FIELDS],
                      struct application_value after[APPLICATION_FIELDS], char wrong_out[APPLICATION_TEXT_MAX]);

/* application_is_business - 1 when a value of APPLICATION_MEMBER_TYPE says business */
int application_is_business(const struct application_value *type);

/* application_concerns_business - 1 when a change is about what a certificate of a business proves */
int application_concerns_business(const struct application_value changes[APPLICATION_FIELDS]);

#endif
