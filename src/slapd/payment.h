/*
 * payment.h - payment methods as the hooks and the courier's operations see them. doc/ARCHITECTURE.md, "Payment methods".
 *
 *   payment.c        where they lie, what is stored of one, which ones count
 *   write_payment.c  added, described, deleted
 *   claim_payment.c  checked with the payment provider
 */
#ifndef MUSTER_SLAPD_PAYMENT_H
#define MUSTER_SLAPD_PAYMENT_H

#include "slapd/overlay.h"

#include "core/payment.h"

struct member;
struct muster;

#define PAYMENT_METHODS_MAX 10 /* of one member */
#define PAYMENT_CHECK "payment-check" /* kind of the record that has one checked */

/* Where a DN lies: what may be there goes by that. */
enum payment_place {
	PAYMENT_PLACE_ELSEWHERE,
	PAYMENT_PLACE_METHOD, /* below a platform member */
	PAYMENT_PLACE_DEEPER
};
enum payment_place payment_place(const struct muster *m, const struct berval *ndn);

/* What is stored, copied out. */
struct payment_method {
	struct berval dn, ndn;
	enum payment_kind kind;
	enum payment_state state;
	struct berval reference, token, brand, last_four, url, reason; /* BER_BVNULL without */
	int business; /* its owner is a business member */
};

/*
 * payment_load - the method of that name of a platform member. op->o_bd does not matter.
 * error: ERR_NOT_FOUND
 */
int payment_load(Operation *op, struct muster *m, const struct member *owner, const char *name, struct payment_method *method_out);
void payment_free(struct payment_method *method);

/* payment_count - how many a member has, -1 when nobody can tell */
int payment_count(Operation *op, struct muster *m, const struct berval *owner_ndn);

/* payment_method_usable - 1 when a platform member has a payment method that counts now: active, and no card that has expired */
int payment_method_usable(Operation *op, struct muster *m, const struct berval *account_ndn);

/* payment_is_business - 1 for the entry of a business member */
int payment_is_business(Entry *owner);

/* payment_take - 1 when a member may have another one checked now; it then has one less. in: owner  its entry */
int payment_take(Entry *owner);

#endif
