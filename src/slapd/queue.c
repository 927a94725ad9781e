/*
 * queue.c - requests whose member must not be revealed: one queue entry each, whatever the target is, and a limit
 *           on how many.
 */
#include "slapd/queue.h"

#include <sodium.h>

#include "common/err.h"
#include "slapd/internal.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

#define QUEUE_RANDOM_LEN 16    /* octets: 22 characters of base64url */
#define QUEUE_OPEN_MAX 1024    /* requests waiting for the courier at a time */
#define QUEUE_LOOK_AHEAD 16    /* slots looked at for one that is done */

/* A request that was queued lately. Whether it still is, its entry tells. */
struct slot {
	unsigned char target[crypto_generichash_BYTES];
	char record_id[RECORD_ID_MAX]; /* empty: free */
	int writing;
};

/* A kind of request has its own, so that a flood of one keeps nobody from the others. */
struct lane {
	const char *kind;
	unsigned burst, per_sec; /* new requests at once, then so many a second */
	unsigned budget;
	int64_t budget_time;
	struct slot slots[QUEUE_OPEN_MAX];
	unsigned next;
};

static struct {
	ldap_pvt_thread_mutex_t mutex;
	pthread_once_t once;
	unsigned char key[crypto_generichash_KEYBYTES]; /* so that nobody can choose colliding targets */
	struct lane lanes[2];
} queue = {
	.once = PTHREAD_ONCE_INIT,
	.lanes = { { .kind = "reset", .burst = 500, .per_sec = 20 }, { .kind = "sign-up", .burst = 200, .per_sec = 2 } }
};

#define LANES (sizeof(queue.lanes) / sizeof(queue.lanes[0]))

static void
queue_start(void)
{
	size_t i;

	ldap_pvt_thread_mutex_init(&queue.mutex);
	randombytes_buf(queue.key, sizeof(queue.key));
	for (i = 0; i < LANES; i++) {
		queue.lanes[i].budget = queue.lanes[i].burst;
		queue.lanes[i].budget_time = slap_get_time();
	}
}

static struct lane *
lane_of(const char *kind)
{
	size_t i;

	for (i = 0; i + 1 < LANES && strcmp(queue.lanes[i].kind, kind) != 0; i++)
		;
	return &queue.lanes[i];
}

int
queue_entry_dn(struct muster *m, const char *record_id, struct berval *dn_out, struct berval *ndn_out)
{
	struct berval raw, rdn = BER_BVNULL;
	char rdn_text[RECORD_ID_MAX + 4];
	int rc;

	BER_BVZERO(dn_out);
	BER_BVZERO(ndn_out);
	snprintf(rdn_text, sizeof(rdn_text), "cn=%s", record_id);
	ber_str2bv(rdn_text, 0, 0, &rdn);
	build_new_dn(&raw, &m->queue_dn, &rdn, NULL);
	rc = dnPrettyNormal(NULL, &raw, dn_out, ndn_out, NULL);
	ch_free(raw.bv_val);
	return rc == LDAP_SUCCESS ? 0 : ERR_INPUT;
}

/* still_queued - 1 when a record's entry is there. Reads the directory: not to be called with the mutex held. */
static int
still_queued(Operation *op, struct muster *m, const char *record_id)
{
	struct berval dn, ndn;
	BackendDB *be = select_backend(&m->queue_ndn, 0), *bd = op->o_bd;
	Entry *e = NULL;
	int found = 0;

	if (be == NULL || queue_entry_dn(m, record_id, &dn, &ndn) < 0)
		return 0;
	op->o_bd = be;
	if (be_entry_get_rw(op, &ndn, NULL, NULL, 0, &e) == LDAP_SUCCESS && e != NULL) {
		found = 1;
		be_entry_release_r(op, e);
	}
	op->o_bd = bd;
	ch_free(dn.bv_val);
	ch_free(ndn.bv_val);
	return found;
}

/* slot_find - the slot of a target, -1 when there is none. The mutex is held. */
static int
slot_find(const struct lane *lane, const unsigned char target[crypto_generichash_BYTES])
{
	int i;

	for (i = 0; i < QUEUE_OPEN_MAX; i++)
		if (lane->slots[i].record_id[0] != '\0' &&
		    memcmp(lane->slots[i].target, target, crypto_generichash_BYTES) == 0)
			return i;
	return -1;
}

/* slot_done - 1 when the slot can be used: free, or its request is done. Releases the mutex for a moment. */
static int
slot_done(Operation *op, struct muster *m, struct lane *lane, int i)
{
	char id[RECORD_ID_MAX];
	int done;

	if (lane->slots[i].record_id[0] == '\0')
		return 1;
	if (lane->slots[i].writing)
		return 0;
	memcpy(id, lane->slots[i].record_id, sizeof(id));
	ldap_pvt_thread_mutex_unlock(&queue.mutex);
	done = !still_queued(op, m, id);
	ldap_pvt_thread_mutex_lock(&queue.mutex);
	/* Somebody may have taken the slot meanwhile. */
	return done && !lane->slots[i].writing && strcmp(lane->slots[i].record_id, id) == 0;
}

static int
budget_take(struct lane *lane)
{
	int64_t now = slap_get_time(), elapsed = now - lane->budget_time;

	if (elapsed > 0) {
		lane->budget_time = now;
		lane->budget = elapsed >= lane->burst / lane->per_sec || lane->budget + elapsed * lane->per_sec > lane->burst
		                       ? lane->burst
		                       : lane->budget + elapsed * lane->per_sec;
	}
	if (lane->budget == 0)
		return 0;
	lane->budget--;
	return 1;
}

/*
 * slot_take - a slot for a request that is about to be written.
 * out:   *slot_out  -1 when a request for the same target is waiting already
 * error: ERR_BUSY   too many are waiting, or too many came at once
 */
static int
slot_take(Operation *op, struct muster *m, struct lane *lane, const unsigned char target[crypto_generichash_BYTES],
          const char *record_id, int *slot_out)
{
	int i, tries, r = ERR_BUSY;

	*slot_out = -1;
	ldap_pvt_thread_mutex_lock(&queue.mutex);
	i = slot_find(lane, target);
	if (i >= 0 && !slot_done(op, m, lane, i)) {
		r = 0;
		goto out;
	}
	if (!budget_take(lane))
		goto out;
	for (tries = 0; i < 0 && tries < QUEUE_LOOK_AHEAD; tries++) {
		int candidate = (lane->next + tries) % QUEUE_OPEN_MAX;

		if (slot_done(op, m, lane, candidate)) {
			i = candidate;
			lane->next = (candidate + 1) % QUEUE_OPEN_MAX;
		}
	}
	if (i < 0)
		goto out;
	memcpy(lane->slots[i].target, target, crypto_generichash_BYTES);
	snprintf(lane->slots[i].record_id, sizeof(lane->slots[i].record_id), "%s", record_id);
	lane->slots[i].writing = 1;
	*slot_out = i;
	r = 0;
out:
	ldap_pvt_thread_mutex_unlock(&queue.mutex);
	return r;
}

static void
slot_written(struct lane *lane, int i, int written)
{
	ldap_pvt_thread_mutex_lock(&queue.mutex);
	lane->slots[i].writing = 0;
	if (!written)
		lane->slots[i].record_id[0] = '\0';
	ldap_pvt_thread_mutex_unlock(&queue.mutex);
}

static void
entry_text(Entry *e, AttributeDescription *ad, const char *text)
{
	struct berval value;

	ber_str2bv(text, 0, 0, &value);
	attr_merge_normalize_one(e, ad, &value, NULL);
}

/* queue_write - the queue entry. error: ERR_NOT_FOUND (no queue), ERR_IO (the directory refused it) */
static int
queue_write(Operation *op, struct muster *m, const char *record_id, const char *kind, const struct berval *target,
            BerVarray data)
{
	static struct berval classes[] = { BER_BVC("applicationProcess"), BER_BVC("musterRequest"), BER_BVNULL };
	BackendDB *be = select_backend(&m->queue_ndn, 0);
	struct berval value = *target;
	char lease[LEASE_TEXT_MAX];
	Entry *e;
	int rc;

	if (be == NULL)
		return ERR_NOT_FOUND;
	e = entry_alloc();
	if (queue_entry_dn(m, record_id, &e->e_name, &e->e_nname) < 0) {
		entry_free(e);
		return ERR_INTERNAL;
	}
	attr_merge_normalize(e, slap_schema.si_ad_objectClass, classes, NULL);
	entry_text(e, muster_ad.cn, record_id);
	entry_text(e, muster_ad.request_kind, kind);
	attr_merge_normalize_one(e, muster_ad.request_target, &value, NULL);
	if (data != NULL)
		attr_merge_normalize(e, muster_ad.request_data, data, NULL);
	lease_text(record_id, 0, lease);
	entry_text(e, muster_ad.lease, lease);
	rc = internal_add(op, be, e);
	return rc == LDAP_SUCCESS ? 0 : rc == LDAP_NO_SUCH_OBJECT || rc == LDAP_REFERRAL ? ERR_NOT_FOUND : ERR_IO;
}

int
queue_request(Operation *op, struct muster *m, const char *kind, const struct berval *target, BerVarray data)
{
	struct lane *lane = lane_of(kind);
	unsigned char random[QUEUE_RANDOM_LEN], hash[crypto_generichash_BYTES];
	char record_id[RECORD_ID_MAX] = "q-";
	int slot, r;

	pthread_once(&queue.once, queue_start);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)target->bv_val, target->bv_len, queue.key,
	                   sizeof(queue.key));
	randombytes_buf(random, sizeof(random));
	sodium_bin2base64(record_id + 2, sizeof(record_id) - 2, random, sizeof(random),
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	r = slot_take(op, m, lane, hash, record_id, &slot);
	if (r < 0 || slot < 0)
		return r;
	r = queue_write(op, m, record_id, kind, target, data);
	slot_written(lane, slot, r == 0);
	return r;
}
