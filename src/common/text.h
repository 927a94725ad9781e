/*
 * text.h - UTF-8, numbers and times as text.
 */
#ifndef MUSTER_COMMON_TEXT_H
#define MUSTER_COMMON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * text_decode - the first code point of UTF-8 text.
 * in:    text     len octets
 * out:   cp_out   0 on error
 * return: octets it takes, 1 to 4; 0 when there is none: no octets, overlong, a surrogate,
 *         above U+10FFFF, or cut short
 * from:  RFC 3629 section 4
 */
size_t text_decode(const void *text, size_t len, uint32_t *cp_out);

/* text_is_utf8 - 1 when all of len octets are UTF-8. Empty text is. */
int text_is_utf8(const void *text, size_t len);

/* text_is_control - 1 for U+0000 to U+001F and U+007F to U+009F. */
int text_is_control(uint32_t cp);

/* text_is_clean - 1 when all of len octets are UTF-8 without a control character. */
int text_is_clean(const void *text, size_t len);

/*
 * text_number - read a decimal number: digits only, or a minus sign and digits; no blanks, no plus
 *               sign. Leading zeros are refused, so that one number has one text.
 * out:   number_out  0 on error
 * error: ERR_INPUT   not such a text
 *        ERR_RANGE   not in min to max, however many digits
 */
int text_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *number_out);

/* Text of a time that text_time_format() writes, its NUL included: 20261121051436Z. */
#define TEXT_TIME_MAX 16

/*
 * text_time_format - a time as LDAP's generalizedTime.
 * in:    when  seconds since 1970 UTC, year 0 to 9999
 * error: ERR_RANGE; then text_out is ""
 */
int text_time_format(int64_t when, char text_out[TEXT_TIME_MAX]);

/*
 * text_time_parse - read a generalizedTime: minutes and seconds may be missing, a fraction is
 *                   passed over, the zone is Z or +hhmm.
 * out:   when_out  seconds since 1970 UTC, 0 on error
 * error: ERR_INPUT (syntax), ERR_RANGE (no such day or hour)
 * from:  RFC 4517 section 3.3.13
 */
int text_time_parse(const char *text, size_t len, int64_t *when_out);

#endif
