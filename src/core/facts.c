/*
 * facts.c - what may be written as a fact about a member.
 */
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "core/country.h"
#include "core/facts.h"

#define SUBTAG_MAX 8
#define LANGUAGE_MIN 2
#define NUMBER_MIN 4
#define NUMBER_MAX 32

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
fact_is_country(const char *code, size_t len)
{
	size_t i;

	for (i = 0; len == 2 && country_codes[i] != '\0'; i += 2)
		if (memcmp(country_codes + i, code, 2) == 0)
			return 1;
	return 0;
}

/* is_shown_text - UTF-8 without control characters, something to see in it, no blank at its ends */
static int
is_shown_text(const char *value, size_t len, size_t max_chars)
{
	size_t i, chars = 0;

	if (len == 0 || value[0] == ' ' || value[len - 1] == ' ' || !text_is_clean(value, len))
		return 0;
	for (i = 0; i < len; i++)
		chars += ((unsigned char)value[i] & 0xc0) != 0x80;
	return chars <= max_chars;
}

/* is_language - the shape of a tag of RFC 5646: 2 to 8 letters, then subtags of letters and digits */
static int
is_language(const char *value, size_t len)
{
	size_t i, part = 0, parts = 0;

	if (len < LANGUAGE_MIN || len > FACT_LANGUAGE_MAX)
		return 0;
	for (i = 0; i < len; i++) {
		if (value[i] == '-') {
			if (part == 0 || (parts == 0 && part < LANGUAGE_MIN))
				return 0;
			parts++;
			part = 0;
			continue;
		}
		if (++part > SUBTAG_MAX || !(is_letter(value[i]) || (parts > 0 && is_digit(value[i]))))
			return 0;
	}
	return part > 0 && (parts > 0 || part >= LANGUAGE_MIN);
}

static int
is_mail(const char *value, size_t len)
{
	char text[ADDRESS_MAX + 1];

	if (len == 0 || len > ADDRESS_MAX || memchr(value, '\0', len) != NULL)
		return 0;
	memcpy(text, value, len);
	text[len] = '\0';
	return address_is_mail(text);
}

/* is_address - from RFC 4517 section 3.3.28: lines with $ between, in which \24 is $ and \5C is \ */
static int
is_address(const char *value, size_t len)
{
	size_t i, seen = 0;

	if (len > FACT_ADDRESS_MAX || !text_is_clean(value, len))
		return 0;
	for (i = 0; i < len; i++) {
		if (value[i] == '\\' && (len - i < 3 || (memcmp(value + i, "\\24", 3) != 0 && memcmp(value + i, "\\5C", 3) != 0 &&
		                                         memcmp(value + i, "\\5c", 3) != 0)))
			return 0;
		seen += value[i] != '$' && value[i] != ' ';
	}
	return seen > 0;
}

static int
is_member_type(const char *value, size_t len)
{
	return (len == strlen("individual") && memcmp(value, "individual", len) == 0) ||
	       (len == strlen("business") && memcmp(value, "business", len) == 0);
}

static int
is_registration_number(const char *value, size_t len)
{
	size_t i;

	if (len < NUMBER_MIN || len > NUMBER_MAX)
		return 0;
	for (i = 0; i < len; i++)
		if (!is_letter(value[i]) && !is_digit(value[i]) &&
		    (i == 0 || i + 1 == len || strchr("-./ ", value[i]) == NULL || value[i] == '\0'))
			return 0;
	return 1;
}

static int
is_organization(const char *value, size_t len)
{
	static const char refused[] = ",+\"\\<>;=#*()/";
	size_t i;

	for (i = 0; i < len; i++)
		if (memchr(refused, value[i], sizeof(refused) - 1) != NULL)
			return 0;
	return is_shown_text(value, len, FACT_NAME_MAX);
}

static int
is_domain(const char *value, size_t len)
{
	size_t i;

	if (len < FACT_DOMAIN_MIN || len > FACT_DOMAIN_MAX || value[0] == '-')
		return 0;
	for (i = 0; i < len; i++)
		if (!is_letter(value[i]) && !is_digit(value[i]) && value[i] != '-')
			return 0;
	return 1;
}

static int
is_id(const char *value, size_t len)
{
	size_t i;

	if (len == 0 || len > FACT_ID_MAX || !(is_letter(value[0]) || is_digit(value[0]) || value[0] == '_'))
		return 0;
	for (i = 1; i < len; i++)
		if (!is_letter(value[i]) && !is_digit(value[i]) && memchr("._-@+", value[i], 5) == NULL)
			return 0;
	return 1;
}

const char *
fact_check(enum fact fact, const char *value, size_t len)
{
	switch (fact) {
	case FACT_NAME:
	case FACT_AREA:
		return is_shown_text(value, len, FACT_NAME_MAX)
		               ? NULL
		               : "use 1 to 64 characters of UTF-8 text, no control characters, no blank at the ends";
	case FACT_LANGUAGE:
		return is_language(value, len) ? NULL : "use a language tag like ko, en or en-GB";
	case FACT_ADDRESS:
		return is_address(value, len)
		               ? NULL
		               : "use at most 512 octets of UTF-8 text, lines with $ between; $ itself is \\24, \\ is \\5C";
	case FACT_MAIL:
		return is_mail(value, len) ? NULL : "use a mail address like name@example.com";
	case FACT_COUNTRY:
		return fact_is_country(value, len) ? NULL : "use a country code of ISO 3166 in upper case, like KR";
	case FACT_MEMBER_TYPE:
		return is_member_type(value, len) ? NULL : "use individual or business";
	case FACT_REGISTRATION_NUMBER:
		return is_registration_number(value, len)
		               ? NULL
		               : "use 4 to 32 letters and digits, with - . / or blanks between";
	case FACT_ORGANIZATION:
		return is_organization(value, len)
		               ? NULL
		               : "use 1 to 64 characters of UTF-8 text, none of ,+\"\\<>;=#*()/ and no control characters, no blank at "
		                 "the ends";
	case FACT_DOMAIN:
		return is_domain(value, len) ? NULL : "use 3 to 40 letters, digits and hyphens, the first a letter or digit";
	case FACT_ID:
		return is_id(value, len) ? NULL
		                         : "use 1 to 64 letters, digits and . _ - @ +, the first a letter, digit or _";
	}
	return "is none of the facts that are known";
}
