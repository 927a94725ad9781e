/*
 * signup.h - what somebody who is no member yet says of itself. Nothing here looks anybody up.
 */
#ifndef MUSTER_CORE_SIGNUP_H
#define MUSTER_CORE_SIGNUP_H

#include <stddef.h>

#define SIGNUP_TEXT_MAX 192

/* Octets of the caller's; text NULL or len 0: left out. */
struct signup_field {
	const char *text;
	size_t len;
};

struct signup {
	struct signup_field mail, name, country, member_type, terms, language, business_name, registration_number;
};

/*
 * signup_check - whether all of it can be taken. The version of the terms is the caller's to compare.
 * out:   text_out  what to do about the first thing that is wrong, "" when nothing is
 * error: ERR_INPUT
 */
int signup_check(const struct signup *s, char text_out[SIGNUP_TEXT_MAX]);

/* signup_is_business - 1 for a business member */
int signup_is_business(const struct signup *s);

#endif
