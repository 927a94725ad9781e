/*
 * address.h - mail addresses.
 */
#ifndef MUSTER_COMMON_ADDRESS_H
#define MUSTER_COMMON_ADDRESS_H

#define ADDRESS_MAX 320 /* octets: RFC 5321 section 4.5.3.1, 64 + 1 + 255 */

/*
 * address_is_mail - 1 when text can stand in an SMTP envelope and in a header as it is: local@domain of printable
 *                   ASCII, without blanks, quotes, commas, brackets and backslashes, so that nothing needs quoting.
 */
int address_is_mail(const char *text);

#endif
