/*
 * claim_payment.c - a payment method is checked: the courier claims the record, asks the payment provider, and says with settle what
 *                   that said. What comes of it is judged here, and stored together with the end of the record.
 */
#include "slapd/claim.h"

#include "common/secret.h"
#include "core/payment.h"
#include "slapd/alone.h"
#include "slapd/exop.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/payment.h"

#define AUTHENTICATE_SEC 86400 /* a person has a day, from when the method was added */
#define TEXT_FACTS "facts: not what a payment provider may say"
#define TEXT_STORE "what the payment provider said cannot be stored: see slapd's log"

/* --- settled ---------------------------------------------------------------------------------------------------- */

static void
set(Modifications **mods, AttributeDescription *ad, const char *text)
{
	mods_set_text(mods, ad, text, strlen(text));
}

/* plan_active, plan_authenticate, plan_refused - what is stored of a method then */
static void
plan_active(const struct payment *said, Modifications **mods)
{
	set(mods, muster_ad.payment_token, said->token);
	set(mods, muster_ad.payment_brand, said->brand);
	set(mods, muster_ad.payment_last_four, said->last_four);
	set(mods, muster_ad.payment_expiry, said->expiry);
	set(mods, muster_ad.payment_reference, "");
	set(mods, muster_ad.payment_url, "");
	set(mods, muster_ad.payment_reason, "");
}

static void
plan_authenticate(const struct payment *said, Modifications **mods)
{
	/* The provider may want it back when it is asked again. */
	if (*said->token != '\0')
		set(mods, muster_ad.payment_token, said->token);
	set(mods, muster_ad.payment_url, said->url);
}

static void
plan_refused(const char *reason, Modifications **mods)
{
	set(mods, muster_ad.payment_token, "");
	set(mods, muster_ad.payment_reference, "");
	set(mods, muster_ad.payment_url, "");
	set(mods, muster_ad.payment_reason, reason);
}

/* is_said_again - 1 when a person still has to authenticate, and nothing about that is new */
static int
is_said_again(const struct payment_method *method, const struct payment *said)
{
	const struct berval *url = &method->url, *token = &method->token;

	return method->state == PAYMENT_AUTHENTICATE && !BER_BVISNULL(url) && strcmp(url->bv_val, said->url) == 0 &&
	       (*said->token == '\0' || (!BER_BVISNULL(token) && strcmp(token->bv_val, said->token) == 0));
}

/* plan_record - what becomes of the record, and what its member is told */
static void
plan_record(const struct claim *c, enum payment_state state, int64_t now, Modifications **mods)
{
	char lease[LEASE_TEXT_MAX];

	if (state != PAYMENT_AUTHENTICATE) {
		claim_plan_done(c, mods);
		outbox_owe_about(c->member, state == PAYMENT_ACTIVE ? "payment-active" : "payment-refused", c->record.about, now, mods);
		return;
	}
	/* To be claimed again whenever the courier wants to ask again. */
	if (!BER_BVISNULL(&c->lease))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.lease, &c->lease);
	lease_text(c->record.id, 0, lease);
	mods_add_text(mods, SLAP_MOD_SOFTADD, muster_ad.lease, lease);
}

/* store - the method and its member's record together. Frees both. out: LDAP result code */
static int
store(struct exop *x, const struct claim *c, struct payment_method *method, Modifications **changes, Modifications **owed)
{
	struct berval dn = c->dn, ndn = c->ndn;
	struct transaction t;
	int rc = LDAP_SUCCESS;

	if (transaction_begin(x->op, x->m, &t) < 0)
		rc = LDAP_OTHER;
	else {
		if (*changes != NULL)
			rc = mods_write(x->op, x->m, &method->dn, &method->ndn, changes);
		if (rc == LDAP_SUCCESS)
			rc = mods_write(x->op, x->m, &dn, &ndn, owed);
		rc = transaction_end(&t, rc);
	}
	mods_free(changes);
	mods_free(owed);
	return rc;
}

/* settle - nobody else writes meanwhile. out: *state_out  what the method is now; LDAP result code */
static int
settle(struct exop *x, const struct claim *c, struct payment_method *method, const struct payment *said, enum payment_state *state_out)
{
	const struct payment_filed filed = { .kind = method->kind, .business = method->business,
		                             .authenticating = method->state == PAYMENT_AUTHENTICATE };
	Modifications *changes = NULL, *owed = NULL;
	int64_t now = slap_get_time();
	const char *reason;

	*state_out = payment_judge(said, &filed, now, &reason);
	if (*state_out == PAYMENT_ACTIVE)
		plan_active(said, &changes);
	else if (*state_out == PAYMENT_REFUSED)
		plan_refused(reason, &changes);
	else if (!is_said_again(method, said))
		plan_authenticate(said, &changes);
	if (changes != NULL)
		set(&changes, muster_ad.payment_state, payment_state_text(*state_out));
	plan_record(c, *state_out, now, &owed);
	return store(x, c, method, &changes, &owed);
}

/* is_open - 1 when a method is still to be checked */
static int
is_open(const struct payment_method *method)
{
	return method->state == PAYMENT_PENDING || method->state == PAYMENT_AUTHENTICATE;
}

/* settle_record - alone. in: c  read. out: as settle(); a record whose method is gone or settled is over */
static int
settle_record(struct exop *x, struct claim *c, const struct payment *said, enum payment_state *state_out)
{
	struct payment_method method;
	int rc;

	*state_out = PAYMENT_NO_STATE;
	if (strcmp(c->record.kind, PAYMENT_CHECK) != 0 || member_load(x->op, x->m, &c->ndn, &c->member) < 0)
		return LDAP_NO_SUCH_OBJECT;
	if (payment_load(x->op, x->m, c->member, c->record.about, &method) < 0 || !is_open(&method)) {
		Modifications *mods = NULL;

		claim_plan_done(c, &mods);
		rc = mods_write(x->op, x->m, &c->dn, &c->ndn, &mods);
	} else {
		rc = settle(x, c, &method, said, state_out);
	}
	payment_free(&method);
	return rc;
}

static int
read_facts(const struct exop_args *args, struct payment *said_out)
{
	int i, r = 0;

	memset(said_out, 0, sizeof(*said_out));
	for (i = 0; i < args->facts_len && r == 0; i++)
		r = payment_set(said_out, args->facts[i].name.bv_val, args->facts[i].name.bv_len, args->facts[i].value.bv_val,
		                args->facts[i].value.bv_len);
	return r;
}

void
settle_handle(struct exop *x)
{
	int rc = LDAP_NO_SUCH_OBJECT;
	enum payment_state state;
	struct payment said;
	struct claim c;

	if (read_facts(&x->args, &said) < 0) {
		exop_refuse(x, LDAP_CONSTRAINT_VIOLATION, TEXT_FACTS, TEXT_FACTS);
		return;
	}
	if (alone_begin() < 0) {
		exop_refuse(x, LDAP_BUSY, NULL, NULL);
		return;
	}
	if (claim_read(x, &c) == 0)
		rc = settle_record(x, &c, &said, &state);
	alone_end();
	x->subject = BER_BVISNULL(&c.dn) ? NULL : &c.dn;
	if (rc == LDAP_SUCCESS) {
		exop_accepted(x, state == PAYMENT_NO_STATE ? "gone" : payment_state_text(state));
		exop_answer(x, LDAP_SUCCESS, NULL);
	} else if (rc == LDAP_NO_SUCH_OBJECT) {
		exop_refuse(x, LDAP_NO_SUCH_OBJECT, "no such record", "no such record of a payment method");
	} else {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", TEXT_STORE);
	}
	secret_wipe_object(&said);
	claim_free(&c);
}

/* --- claimed ----------------------------------------------------------------------------------------------------- */

static void
add_text(struct claim *c, const char *name, const char *text)
{
	struct berval value;

	ber_str2bv(text, 0, 0, &value);
	claim_add_fact(c, name, &value);
}

static void
add_question(struct claim *c, const struct payment_method *method)
{
	BER_BVSTR(&c->address, ""); /* it is no message */
	add_text(c, "method", c->record.about);
	add_text(c, "kind", payment_kind_text(method->kind));
	add_text(c, "type", method->business ? "business" : "individual");
	add_text(c, "state", payment_state_text(method->state));
	claim_add_fact(c, "reference", &method->reference);
	claim_add_fact(c, "token", &method->token);
}

/* give_up - nobody authenticates any more. The record is gone after that. out: LDAP result code */
static int
give_up(struct exop *x, struct claim *c, struct payment_method *method)
{
	struct payment said = { .state = "refused" };
	enum payment_state state;
	int rc = LDAP_BUSY;

	snprintf(said.reason, sizeof(said.reason), "%s", payment_late);
	if (alone_begin() == 0) {
		rc = settle(x, c, method, &said, &state);
		alone_end();
	}
	return rc;
}

int
claim_payment(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct payment_method method;
	int rc = LDAP_SUCCESS;

	if (c->member == NULL || payment_load(x->op, x->m, c->member, c->record.about, &method) < 0) {
		*void_out = "no such payment method";
		return LDAP_SUCCESS;
	}
	if (!is_open(&method)) {
		*void_out = "it is settled already";
	} else if (method.state == PAYMENT_AUTHENTICATE && now - strtoll(c->record.time, NULL, 10) > AUTHENTICATE_SEC) {
		rc = give_up(x, c, &method);
		*void_out = rc == LDAP_SUCCESS ? "not authenticated in time" : NULL;
	} else {
		add_question(c, &method);
	}
	payment_free(&method);
	return rc;
}

int
claim_payment_notice(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct payment_method method;
	char text[PAYMENT_BRAND_MAX + PAYMENT_LAST_FOUR_LEN + 2];
	int rc = claim_notice(x, c, now, void_out);

	if (rc != LDAP_SUCCESS || *void_out != NULL || payment_load(x->op, x->m, c->member, c->record.about, &method) < 0)
		return rc;
	snprintf(text, sizeof(text), "%s %s", BER_BVISNULL(&method.brand) ? "" : method.brand.bv_val,
	         BER_BVISNULL(&method.last_four) ? "" : method.last_four.bv_val);
	add_text(c, "method", BER_BVISNULL(&method.brand) ? c->record.about : text);
	claim_add_fact(c, "reason", &method.reason);
	payment_free(&method);
	return rc;
}
