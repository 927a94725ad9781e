/*
 * card.h - what looks like the number of a payment card, so that none is ever stored.
 */
#ifndef MUSTER_CORE_CARD_H
#define MUSTER_CORE_CARD_H

#include <stddef.h>

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

/*
 * card_number_in - 1 when a full card number seems to be somewhere in text: 13 to 19 digits whose check digit is right. Digits
 *                  of any script count; blanks, dashes, dots, underscores and what nobody sees between them do not. A number
 *                  begins and ends where a group of digits does, so that not every long row of digits is one.
 * in:    text  len octets of UTF-8; what is none parts digits like a letter
 * from:  ISO/IEC 7812-1: length, and the check digit of annex B (Luhn)
 */
int card_number_in(const char *text, size_t len);

#endif
