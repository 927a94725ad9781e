/*
 * payment.c - payment methods: entries of class musterPaymentMethod below a platform member.
 */
#include "slapd/payment.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/application.h"
#include "core/rate.h"
#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define FILTER "(objectClass=musterPaymentMethod)"
#define ACTIVE_FILTER "(&(objectClass=musterPaymentMethod)(musterPaymentState=active))"
#define FOLDER_RDN "ou=accounts,"
#define CHECKS_BURST 10      /* a member has so many checked at once */
#define CHECKS_EVERY_SEC 600 /* then one in so long */

static struct {
	pthread_once_t once;
	ldap_pvt_thread_mutex_t mutex;
	struct rate rate;
} checks = { .once = PTHREAD_ONCE_INIT, .rate = { .burst = CHECKS_BURST, .every_sec = CHECKS_EVERY_SEC } };

enum payment_place
payment_place(const struct muster *m, const struct berval *ndn)
{
	int depth = depth_below(m, FOLDER_RDN, ndn);

	return depth < 2 ? PAYMENT_PLACE_ELSEWHERE : depth == 2 ? PAYMENT_PLACE_METHOD : PAYMENT_PLACE_DEEPER;
}

static struct berval
value_of(Entry *e, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	struct berval none = BER_BVNULL;

	return a != NULL ? a->a_vals[0] : none;
}

/* --- one of them ---------------------------------------------------------------------------------- */

int
payment_is_business(Entry *owner)
{
	struct berval type = value_of(owner, muster_ad.member_type);
	struct application_value value = { type.bv_val, type.bv_len };

	return application_is_business(&value);
}

/* fetch - a copy of an entry, NULL when it is not there */
static Entry *
fetch(Operation *op, struct muster *m, struct berval *ndn)
{
	BackendDB *own = op->o_bd;
	Entry *e, *copy = NULL;

	op->o_bd = m->db;
	e = entry_fetch(op, ndn);
	if (e != NULL) {
		copy = entry_dup(e);
		be_entry_release_r(op, e);
	}
	op->o_bd = own;
	return copy;
}

static void
copy_value(Entry *e, AttributeDescription *ad, struct berval *out)
{
	struct berval value = value_of(e, ad);

	if (!BER_BVISNULL(&value))
		ber_dupbv(out, &value);
}

static void
copy_method(Entry *e, struct payment_method *method)
{
	struct berval kind = value_of(e, muster_ad.payment_kind), state = value_of(e, muster_ad.payment_state);

	ber_dupbv(&method->dn, &e->e_name);
	ber_dupbv(&method->ndn, &e->e_nname);
	method->kind = BER_BVISNULL(&kind) ? PAYMENT_NO_KIND : payment_kind(kind.bv_val, kind.bv_len);
	method->state = BER_BVISNULL(&state) ? PAYMENT_NO_STATE : payment_state(state.bv_val, state.bv_len);
	copy_value(e, muster_ad.payment_reference, &method->reference);
	copy_value(e, muster_ad.payment_token, &method->token);
	copy_value(e, muster_ad.payment_brand, &method->brand);
	copy_value(e, muster_ad.payment_last_four, &method->last_four);
	copy_value(e, muster_ad.payment_url, &method->url);
	copy_value(e, muster_ad.payment_reason, &method->reason);
}

int
payment_load(Operation *op, struct muster *m, const struct member *owner, const char *name, struct payment_method *method_out)
{
	struct berval owner_dn = owner->dn, owner_ndn = owner->ndn, rdn, raw, ndn = BER_BVNULL;
	char text[APPLICATION_NAME_MAX + STRLENOF("cn=") + 1];
	Entry *e = NULL, *account;

	memset(method_out, 0, sizeof(*method_out));
	if (application_name_check(name, strlen(name)) < 0)
		return ERR_NOT_FOUND;
	rdn.bv_val = text;
	rdn.bv_len = (ber_len_t)snprintf(text, sizeof(text), "cn=%s", name);
	build_new_dn(&raw, &owner_dn, &rdn, NULL);
	if (dnNormalize(0, NULL, NULL, &raw, &ndn, NULL) == LDAP_SUCCESS)
		e = fetch(op, m, &ndn);
	account = fetch(op, m, &owner_ndn);
	ch_free(raw.bv_val);
	ch_free(ndn.bv_val);
	if (e != NULL && account != NULL && is_entry_objectclass(e, muster_oc_payment, 0)) {
		copy_method(e, method_out);
		method_out->business = payment_is_business(account);
	}
	if (e != NULL)
		entry_free(e);
	if (account != NULL)
		entry_free(account);
	return BER_BVISNULL(&method_out->dn) ? ERR_NOT_FOUND : 0;
}

static void
wipe_value(struct berval *value)
{
	if (!BER_BVISNULL(value))
		secret_wipe(value->bv_val, value->bv_len);
	ch_free(value->bv_val);
}

void
payment_free(struct payment_method *method)
{
	ch_free(method->dn.bv_val);
	ch_free(method->ndn.bv_val);
	wipe_value(&method->reference);
	wipe_value(&method->token);
	ch_free(method->brand.bv_val);
	ch_free(method->last_four.bv_val);
	ch_free(method->url.bv_val);
	ch_free(method->reason.bv_val);
	memset(method, 0, sizeof(*method));
}

/* --- how many ------------------------------------------------------------------------------------- */

static void
count_one(Entry *e, void *arg)
{
	(void)e;
	++*(int *)arg;
}

int
payment_count(Operation *op, struct muster *m, const struct berval *owner_ndn)
{
	struct berval base = *owner_ndn;
	int n = 0;

	return internal_search(op, m->db, &base, FILTER, 0, count_one, &n) == LDAP_SUCCESS ? n : -1;
}

static void
checks_start(void)
{
	ldap_pvt_thread_mutex_init(&checks.mutex);
}

int
payment_take(Entry *owner)
{
	Attribute *uuid = attr_find(owner->e_attrs, slap_schema.si_ad_entryUUID);
	int taken;

	if (uuid == NULL || uuid->a_nvals[0].bv_len > RATE_KEY_LEN)
		return 0;
	pthread_once(&checks.once, checks_start);
	ldap_pvt_thread_mutex_lock(&checks.mutex);
	taken = rate_take(&checks.rate, uuid->a_nvals[0].bv_val, uuid->a_nvals[0].bv_len, slap_get_time());
	ldap_pvt_thread_mutex_unlock(&checks.mutex);
	return taken;
}

/* --- which ones count ------------------------------------------------------------------------------ */

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
