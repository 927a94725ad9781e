/*
 * payment.c - payment methods: entries of class musterPaymentMethod below a platform member.
 */
#include "slapd/exop.h"

#include "core/payment.h"

#define ACTIVE_FILTER "(&(objectClass=musterPaymentMethod)(musterPaymentState=active))"

static struct berval
value_of(Entry *e, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	struct berval none = BER_BVNULL;

	return a != NULL ? a->a_vals[0] : none;
}

/* counts - 1 when a method that is active pays now: a card is good to the end of its month */
static int
counts(Entry *e, int64_t now)
{
	struct berval kind = value_of(e, muster_ad.payment_kind), expiry = value_of(e, muster_ad.payment_expiry);
	int64_t over;

	if (BER_BVISEMPTY(&kind))
		return 0;
	if (payment_kind(kind.bv_val, kind.bv_len) == PAYMENT_BANK_TRANSFER)
		return 1;
	return payment_kind(kind.bv_val, kind.bv_len) == PAYMENT_CARD && !BER_BVISEMPTY(&expiry) &&
	       payment_expiry(expiry.bv_val, expiry.bv_len, &over) == 0 && over > now;
}

struct usable {
	int64_t now;
	int found;
};

static void
usable_found(Entry *e, void *arg)
{
	struct usable *usable = arg;

	usable->found |= counts(e, usable->now);
}

int
payment_method_usable(Operation *op, struct muster *m, const struct berval *account_ndn)
{
	struct usable usable = { slap_get_time(), 0 };
	struct berval base = *account_ndn;

	return internal_search(op, m->db, &base, ACTIVE_FILTER, 0, usable_found, &usable) == LDAP_SUCCESS && usable.found;
}
