/*
 * address.h - mail addresses and telephone numbers.
 */
#ifndef MUSTER_COMMON_ADDRESS_H
#define MUSTER_COMMON_ADDRESS_H

#include <stddef.h>

#define ADDRESS_MAX 320 /* octets: RFC 5321 section 4.5.3.1, 64 + 1 + 255 */
#define ADDRESS_NUMBER_MAX 16   /* octets: a plus and 15 digits, E.164 section 6 */

/*
 * address_is_mail - 1 when text can stand in an SMTP envelope and in a header as it is: local@domain of printable
 *                   ASCII, without blanks, quotes, commas, brackets and backslashes, so that nothing needs quoting.
 */
int address_is_mail(const char *text);

/* address_is_number - 1 when text is a number in the form of E.164 and nothing else: + and 7 to 15 digits, the first not 0. */
int address_is_number(const char *text);

/*
 * address_clean_number - take away the blanks and hyphens that people write into numbers; what is left is another matter.
 * in:    text  len octets, changed in place, no NUL needed
 * out:   how many octets are left
 */
size_t address_clean_number(char *text, size_t len);

/* address_same_mail - 1 when two addresses are the same to the directory: without case. */
int address_same_mail(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
