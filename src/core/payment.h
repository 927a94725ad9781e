/*
 * payment.h - methods of payment: what may be known of one, and what the answer of a payment provider means. The directory keeps
 *             a provider's token, the brand, the last four digits and the expiry of a card, never its number.
 */
#ifndef MUSTER_CORE_PAYMENT_H
#define MUSTER_CORE_PAYMENT_H

#include <stddef.h>
#include <stdint.h>

#define PAYMENT_EXPIRY_LEN 7 /* YYYY-MM */
#define PAYMENT_LAST_FOUR_LEN 4
#define PAYMENT_BRAND_MAX 64 /* octets */
#define PAYMENT_TOKEN_MAX 255
#define PAYMENT_REFERENCE_MAX 1024
#define PAYMENT_URL_MAX 1024
#define PAYMENT_REASON_MAX 255

enum payment_kind { PAYMENT_NO_KIND = 0, PAYMENT_CARD, PAYMENT_BANK_TRANSFER };
enum payment_state { PAYMENT_NO_STATE = 0, PAYMENT_PENDING, PAYMENT_AUTHENTICATE, PAYMENT_ACTIVE, PAYMENT_REFUSED };

/* payment_kind, payment_state - what a word means, without case; ..._NO_... for any other. payment_..._text - the word */
enum payment_kind payment_kind(const char *text, size_t len);
enum payment_state payment_state(const char *text, size_t len);
const char *payment_kind_text(enum payment_kind kind);
const char *payment_state_text(enum payment_state state);

/*
 * payment_expiry - when a card is over: the first second behind the month that is printed on it, UTC.
 * in:    text  YYYY-MM
 * out:   over_out  0 on error
 * error: ERR_INPUT
 */
int payment_expiry(const char *text, size_t len, int64_t *over_out);

/* What is known of a method of payment, or a provider says of one; "" for what it does not say. */
struct payment {
	char state[16];
	char kind[24];
	char token[PAYMENT_TOKEN_MAX + 1];
	char brand[PAYMENT_BRAND_MAX + 1];
	char last_four[PAYMENT_LAST_FOUR_LEN + 1];
	char expiry[PAYMENT_EXPIRY_LEN + 1];
	char url[PAYMENT_URL_MAX + 1];
	char reason[PAYMENT_REASON_MAX + 1];
};

/*
 * payment_set - one fact by its name, which is that of the field.
 * error: ERR_NOT_FOUND (no such fact), ERR_RANGE (too long), ERR_INPUT (said twice, no UTF-8 or with control characters);
 *        then the payment is as before
 */
int payment_set(struct payment *p, const char *name, size_t name_len, const char *value, size_t len);

/* payment_name - the name of the fact with that number from 0 on, NULL behind the last; *value_out what p says */
const char *payment_name(const struct payment *p, size_t number, const char **value_out);

/* payment_late - why a method is refused that nobody authenticated in time */
extern const char payment_late[];

/*
 * payment_kind_wrong - what keeps a member from filing a method of that kind, NULL for nothing.
 * in:    business  1: a business member
 */
const char *payment_kind_wrong(const char *kind, size_t len, int business);

/* What is known of a method of payment before the provider says something. */
struct payment_filed {
	enum payment_kind kind; /* as it was filed */
	int business;           /* its owner is a business member */
	int authenticating;     /* the provider had the person authenticate already */
};

/*
 * payment_judge - what a method of payment is after what somebody said of it, who may be wrong.
 * out:   reason_out  PAYMENT_REFUSED: why, for a person; points into p or is constant. Else ""
 * return: PAYMENT_ACTIVE, _AUTHENTICATE or _REFUSED. What is not exactly right is refused.
 */
enum payment_state payment_judge(const struct payment *p, const struct payment_filed *filed, int64_t now,
                                 const char **reason_out);

#endif
