/*
 * courier.c - claim and done: what the courier may know and when. A token exists in the clear only in the answer
 *             to a claim.
 */
#include "slapd/claim.h"

#include <time.h>

#include "common/err.h"
#include "common/secret.h"
#include "slapd/alone.h"
#include "slapd/application.h"
#include "slapd/exop.h"
#include "slapd/exop_target.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/queue.h"

#define KIND_VOID "void"
#define LANGUAGE_DEFAULT "en"
#define TAG_SECRET 0x80U
#define CLAIM_WAIT_NSEC 1000000L

#define TEXT_NO_RECORD "no such record"
#define TEXT_STORE "the claim cannot be stored: see slapd's log"

/*
 * Which kinds there are: queued ones, and those of an outbox that are more than a notice.
 */
static const struct claim_kind {
	const char *name;
	int queued;
	claim_take_fn *take;
} kinds[] = {
	{ "reset", 1, claim_reset },
	{ "sign-up", 1, claim_sign_up },
	{ "verify-mail", 0, claim_code },
	{ "verify-mobile", 0, claim_code },
	{ "login-mail", 0, claim_code },
	{ "login-mobile", 0, claim_code },
	{ "payment-check", 0, claim_payment },
	{ "payment-active", 0, claim_payment_notice },
	{ "payment-refused", 0, claim_payment_notice },
};

/* --- one claim at a time -------------------------------------------------------------------------- */

static ldap_pvt_thread_mutex_t claim_mutex;
static pthread_once_t claim_once = PTHREAD_ONCE_INIT;

static void
claim_start(void)
{
	ldap_pvt_thread_mutex_init(&claim_mutex);
}

/*
 * claim_lock - two records may be about one member, and minting reads before it writes. slapd stops all threads
 *              to change its configuration, and the one that holds this may wait for that in a write: so nobody
 *              else may be found waiting here without taking part in the stop.
 */
static void
claim_lock(void)
{
	static const struct timespec pause = { 0, CLAIM_WAIT_NSEC };

	pthread_once(&claim_once, claim_start);
	while (ldap_pvt_thread_mutex_trylock(&claim_mutex) != 0)
		if (!ldap_pvt_thread_pool_pausecheck(&connection_pool))
			nanosleep(&pause, NULL);
}

static void
claim_unlock(void)
{
	ldap_pvt_thread_mutex_unlock(&claim_mutex);
}

/* --- reading a record ----------------------------------------------------------------------------- */

void
claim_add_fact(struct claim *c, const char *name, const struct berval *value)
{
	if (c->facts_len == CLAIM_FACTS_MAX || BER_BVISEMPTY(value))
		return;
	c->facts[c->facts_len].name = name;
	ber_str2bv(value->bv_val, value->bv_len, 1, &c->facts[c->facts_len++].value);
}

void
claim_free(struct claim *c)
{
	int i;

	for (i = 0; i < c->facts_len; i++) {
		secret_wipe(c->facts[i].value.bv_val, c->facts[i].value.bv_len);
		ch_free(c->facts[i].value.bv_val);
	}
	ber_bvarray_free(c->data);
	ch_free(c->record.address.bv_val);
	ch_free(c->dn.bv_val);
	ch_free(c->ndn.bv_val);
	ch_free(c->value.bv_val);
	ch_free(c->target.bv_val);
	ch_free(c->lease.bv_val);
	member_free(&c->member);
	secret_wipe_object(c);
}

static const struct berval *
entry_value(Entry *e, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);

	return a != NULL ? &a->a_vals[0] : NULL;
}

static void
copy_value(const struct berval *value, struct berval *out)
{
	if (value != NULL)
		ber_str2bv(value->bv_val, value->bv_len, 1, out);
}

static void
copy_lease(Entry *e, struct claim *c)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.lease);

	if (a != NULL)
		copy_value(lease_find(a->a_vals, c->record.id, &c->lease_until), &c->lease);
}

/* read_queue - the queue entry of a record. error: ERR_NOT_FOUND */
static int
read_queue(struct exop *x, const struct berval *id, struct claim *c)
{
	BackendDB *bd = x->op->o_bd;
	const struct berval *kind, *cn;
	Entry *e = NULL;
	Attribute *a;
	int r = ERR_NOT_FOUND;

	snprintf(c->record.id, sizeof(c->record.id), "%.*s", (int)id->bv_len, id->bv_val);
	x->op->o_bd = select_backend(&x->m->queue_ndn, 0);
	if (x->op->o_bd == NULL || queue_entry_dn(x->m, c->record.id, &c->dn, &c->ndn) < 0 ||
	    be_entry_get_rw(x->op, &c->ndn, NULL, NULL, 0, &e) != LDAP_SUCCESS || e == NULL)
		goto out;
	kind = entry_value(e, muster_ad.request_kind);
	cn = entry_value(e, muster_ad.cn);
	/* DNs do not tell upper from lower case, record ids do. */
	if (kind != NULL && cn != NULL && bvmatch(cn, id)) {
		snprintf(c->record.kind, sizeof(c->record.kind), "%s", kind->bv_val);
		copy_value(entry_value(e, muster_ad.request_target), &c->target);
		a = attr_find(e->e_attrs, muster_ad.request_data);
		if (a != NULL)
			ber_bvarray_dup_x(&c->data, a->a_vals, NULL);
		copy_lease(e, c);
		r = 0;
	}
	be_entry_release_r(x->op, e);
out:
	x->op->o_bd = bd;
	return r;
}

struct outbox_search {
	struct claim *claim;
	const struct berval *id;
	int found;
};

static void
outbox_found(Entry *e, void *arg)
{
	struct outbox_search *s = arg;
	struct claim *c = s->claim;
	Attribute *a = attr_find(e->e_attrs, muster_ad.outbox);
	int i;

	for (i = 0; a != NULL && !s->found && !BER_BVISNULL(&a->a_vals[i]); i++) {
		const struct berval *value = &a->a_vals[i];

		if (value->bv_len <= s->id->bv_len || value->bv_val[s->id->bv_len] != ' ' ||
		    memcmp(value->bv_val, s->id->bv_val, s->id->bv_len) != 0 ||
		    outbox_parse(value, &c->record) < 0)
			continue;
		s->found = 1;
		copy_value(value, &c->value);
		copy_value(&e->e_name, &c->dn);
		copy_value(&e->e_nname, &c->ndn);
		copy_lease(e, c);
	}
}

/* read_outbox - the outbox value of a record, on the entry its id names. error: ERR_NOT_FOUND */
static int
read_outbox(struct exop *x, const struct berval *id, const char *uuid, struct claim *c)
{
	struct outbox_search s = { c, id, 0 };
	char filter[64];

	snprintf(filter, sizeof(filter), "(entryUUID=%s)", uuid);
	internal_search(x->op, x->be, &x->m->base_ndn, filter, 1, outbox_found, &s);
	return s.found ? 0 : ERR_NOT_FOUND;
}

int
claim_read(struct exop *x, struct claim *c)
{
	const struct berval *id = &x->args.record_id;
	char uuid[37];

	memset(c, 0, sizeof(*c));
	if (record_id_is_queue(id))
		return read_queue(x, id, c);
	if (record_id_is_outbox(id, uuid))
		return read_outbox(x, id, uuid, c);
	return ERR_NOT_FOUND;
}

/* --- writing to the record ------------------------------------------------------------------------ */

/* claim_write - change the entry that holds the record. out: LDAP result code */
static int
claim_write(struct exop *x, struct claim *c, Modifications **mods)
{
	if (BER_BVISNULL(&c->value))
		return internal_modify(x->op, select_backend(&x->m->queue_ndn, 0), &c->dn, &c->ndn, mods);
	return mods_write(x->op, x->m, &c->dn, &c->ndn, mods);
}

void
claim_plan_done(const struct claim *c, Modifications **mods)
{
	mods_add(mods, LDAP_MOD_DELETE, muster_ad.outbox, &c->value);
	if (!BER_BVISNULL(&c->lease))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.lease, &c->lease);
}

/* record_delete - nothing is owed any more. out: LDAP result code */
static int
record_delete(struct exop *x, struct claim *c)
{
	Modifications *mods = NULL;

	if (BER_BVISNULL(&c->value))
		return internal_delete(x->op, select_backend(&x->m->queue_ndn, 0), &c->dn, &c->ndn);
	claim_plan_done(c, &mods);
	return claim_write(x, c, &mods);
}

/* lease_take - exactly one courier can replace the value that was read */
static int
lease_take(struct exop *x, struct claim *c, int64_t now)
{
	Modifications *mods = NULL;
	char text[LEASE_TEXT_MAX];
	int rc;

	lease_text(c->record.id, now + x->m->lease_sec, text);
	if (!BER_BVISNULL(&c->lease))
		mods_add(&mods, LDAP_MOD_DELETE, muster_ad.lease, &c->lease);
	mods_add_text(&mods, LDAP_MOD_ADD, muster_ad.lease, text);
	rc = claim_write(x, c, &mods);
	if (rc == LDAP_SUCCESS) {
		ch_free(c->lease.bv_val);
		ber_str2bv(text, 0, 1, &c->lease);
	}
	return rc;
}

/* kind_take - how a record is carried out. NULL: a queued one that nobody knows */
static claim_take_fn *
kind_take(const struct claim *c)
{
	int queued = BER_BVISNULL(&c->value);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].queued == queued && strcmp(kinds[i].name, c->record.kind) == 0)
			return kinds[i].take;
	return queued ? NULL : claim_notice;
}

/* --- the answer ----------------------------------------------------------------------------------- */

static void
put_fact(BerElement *ber, const char *name, const struct berval *value)
{
	if (value != NULL && !BER_BVISEMPTY(value))
		ber_printf(ber, "{so}", name, value->bv_val, value->bv_len);
}

static void
put_number(BerElement *ber, const char *name, int64_t number)
{
	char text[24];
	struct berval value = { (ber_len_t)snprintf(text, sizeof(text), "%lld", (long long)number), text };

	put_fact(ber, name, &value);
}

/* recovery_codes_left - how many a member has not used yet */
static int
recovery_codes_left(const struct member *member)
{
	int n = 0;

	while (member->recovery_codes != NULL && !BER_BVISNULL(&member->recovery_codes[n]))
		n++;
	return n;
}

/* put_organization - the facts of the nearest organization above a member */
static void
put_organization(struct exop *x, BerElement *ber, const struct berval *member_ndn)
{
	struct berval ndn = *member_ndn, parent;
	BackendDB *bd = x->op->o_bd;
	int found = 0;
	Entry *e;

	x->op->o_bd = x->be;
	for (; !found && !dn_match(&ndn, &x->m->base_ndn) && dnIsSuffix(&ndn, &x->m->base_ndn); ndn = parent) {
		dnParent(&ndn, &parent);
		if (be_entry_get_rw(x->op, &parent, NULL, NULL, 0, &e) != LDAP_SUCCESS || e == NULL)
			continue;
		if (is_entry_objectclass(e, muster_oc_organization, 0)) {
			put_fact(ber, "organization", entry_value(e, muster_ad.o));
			put_fact(ber, "domain", entry_value(e, muster_ad.domain));
			found = 1;
		}
		be_entry_release_r(x->op, e);
	}
	x->op->o_bd = bd;
}

/* put_reason - why an application was decided so */
static void
put_reason(struct exop *x, BerElement *ber, const struct claim *c)
{
	struct berval reason;

	application_reason(x->op, x->m, c->record.about, &c->member->ndn, &reason);
	put_fact(ber, "reason", &reason);
	ch_free(reason.bv_val);
}

static void
put_facts(struct exop *x, BerElement *ber, const struct claim *c)
{
	const struct member *member = c->member;
	struct berval happened;
	int i;

	if (member == NULL)
		return;
	put_fact(ber, "name", &member->display_name);
	put_fact(ber, "login", &member->uid);
	put_organization(x, ber, &member->ndn);
	ber_str2bv(c->record.time, 0, 0, &happened);
	put_fact(ber, "time", &happened);
	if (c->record.about[0] != '\0' && strncmp(c->record.kind, "application-", STRLENOF("application-")) == 0)
		put_reason(x, ber, c);
	if (strcmp(c->record.kind, "recovery-code-used") == 0)
		put_number(ber, "remaining", recovery_codes_left(member));
	if (c->secret[0] != '\0')
		put_number(ber, "expires", c->expires);
	for (i = 0; i < c->facts_len; i++)
		put_fact(ber, c->facts[i].name, &c->facts[i].value);
}

/* claim_answer - in: kind KIND_VOID or the record's */
static void
claim_answer(struct exop *x, struct claim *c, const char *kind)
{
	const struct berval *language = c->member != NULL ? &c->member->language : &c->address;
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;

	ber_init_w_nullc(ber, LBER_USE_DER);
	ber_printf(ber, "{soo", kind, c->address.bv_val, c->address.bv_len,
	           BER_BVISEMPTY(language) ? LANGUAGE_DEFAULT : language->bv_val,
	           BER_BVISEMPTY(language) ? STRLENOF(LANGUAGE_DEFAULT) : language->bv_len);
	if (c->secret[0] != '\0')
		ber_printf(ber, "ts", TAG_SECRET, c->secret);
	ber_printf(ber, "{");
	put_facts(x, ber, c);
	ber_printf(ber, "N}N}");
	exop_answer_value(x, ber);
}

static void
claim_find_member(struct exop *x, struct claim *c)
{
	struct berval key;

	if (!BER_BVISNULL(&c->value)) {
		member_load(x->op, x->m, &c->ndn, &c->member);
	} else if (!BER_BVISNULL(&c->target)) {
		exop_target_find(x->op, x->m, x->be, &c->target, &c->member, &key);
		ch_free(key.bv_val);
	}
}

/* conflict - the result for the caller when a conditional write did not happen */
static int
conflict(int rc)
{
	return rc == LDAP_NO_SUCH_ATTRIBUTE || rc == LDAP_TYPE_OR_VALUE_EXISTS ? LDAP_BUSY : rc;
}

/* forget - nothing is owed: delete the record, and everything that could say something about anybody */
static int
forget(struct exop *x, struct claim *c)
{
	int rc = record_delete(x, c);

	member_free(&c->member);
	BER_BVSTR(&c->address, "");
	return rc == LDAP_NO_SUCH_OBJECT || rc == LDAP_NO_SUCH_ATTRIBUTE ? LDAP_SUCCESS : rc;
}

/*
 * claim_take - take the lease and find out what is to be sent.
 * out:   *void_out  why nothing is, NULL when something is
 *        LDAP result code
 */
static int
claim_take(struct exop *x, struct claim *c, const char **void_out)
{
	int64_t now = slap_get_time();
	claim_take_fn *take;
	int rc;

	*void_out = NULL;
	if (claim_read(x, c) < 0) {
		claim_free(c);
		alone_wait();
		if (claim_read(x, c) < 0)
			return LDAP_NO_SUCH_OBJECT;
	}
	if (c->lease_until > now)
		return LDAP_BUSY;
	rc = lease_take(x, c, now);
	if (rc != LDAP_SUCCESS)
		return conflict(rc);
	claim_find_member(x, c);
	take = kind_take(c);
	*void_out = take == NULL ? "unknown kind of request" : NULL;
	if (take != NULL)
		rc = take(x, c, now, void_out);
	return *void_out != NULL ? forget(x, c) : conflict(rc);
}

void
claim_handle(struct exop *x)
{
	const char *void_because;
	struct claim c;
	int rc;

	claim_lock();
	rc = claim_take(x, &c, &void_because);
	claim_unlock();
	switch (rc) {
	case LDAP_SUCCESS:
		x->subject = &c.dn;
		exop_accepted(x, void_because != NULL ? void_because : c.record.kind);
		claim_answer(x, &c, void_because != NULL ? KIND_VOID : c.record.kind);
		break;
	case LDAP_BUSY:
		exop_refuse(x, LDAP_BUSY, "leased", "another courier holds this record: try again later");
		break;
	case LDAP_NO_SUCH_OBJECT:
		exop_refuse(x, LDAP_NO_SUCH_OBJECT, "no such record", TEXT_NO_RECORD);
		break;
	default:
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", TEXT_STORE);
		break;
	}
	claim_free(&c);
}

void
done_handle(struct exop *x)
{
	static const char *const outcomes[] = { "sent", "failed" };
	struct claim c;
	int rc = LDAP_NO_SUCH_OBJECT;

	if (claim_read(x, &c) == 0)
		rc = record_delete(x, &c);
	if (rc == LDAP_SUCCESS) {
		x->subject = &c.dn;
		exop_accepted(x, outcomes[x->args.outcome]);
		exop_answer(x, LDAP_SUCCESS, NULL);
	} else if (rc == LDAP_NO_SUCH_OBJECT || rc == LDAP_NO_SUCH_ATTRIBUTE) {
		exop_refuse(x, LDAP_NO_SUCH_OBJECT, "no such record", TEXT_NO_RECORD);
	} else {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", TEXT_STORE);
	}
	claim_free(&c);
}
