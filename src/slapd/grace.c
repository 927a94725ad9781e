/*
 * grace.c - credentials that were right moments ago, as keyed hashes in memory.
 */
#include "slapd/grace.h"

#include <sodium.h>

#include "common/err.h"
#include "common/secret.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/networks.h"
#include "slapd/policy.h"

#define SLOTS 512 /* credentials of one minute; when there are more, the oldest is forgotten */
#define MAC_LEN 32
#define LONGEST_SEC 60 /* as musterCodeGrace allows */
#define WAIT_NSEC 1000000L /* between two looks */

enum slot_state { SLOT_FREE = 0, SLOT_PENDING, SLOT_RIGHT, SLOT_REFUSED };

struct grace_slot {
	enum slot_state state;
	unsigned waiters; /* who still has to read what came of it */
	enum verify_outcome outcome;
	int64_t since; /* of the login, unix seconds */
	uint8_t mac[MAC_LEN];
};

struct grace_table {
	ldap_pvt_thread_mutex_t mutex;
	uint8_t key[crypto_generichash_KEYBYTES];
	unsigned used;
	struct grace_slot slots[SLOTS];
};

int
grace_new(struct grace_table **table_out)
{
	struct grace_table *table = sodium_malloc(sizeof(*table));

	*table_out = NULL;
	if (table == NULL)
		return ERR_MEMORY;
	memset(table, 0, sizeof(*table));
	randombytes_buf(table->key, sizeof(table->key));
	ldap_pvt_thread_mutex_init(&table->mutex);
	*table_out = table;
	return 0;
}

void
grace_free(struct grace_table **table)
{
	if (*table == NULL)
		return;
	ldap_pvt_thread_mutex_destroy(&(*table)->mutex);
	sodium_free(*table); /* wipes */
	*table = NULL;
}

/* --- a credential as a keyed hash ----------------------------------------------------------------- */

static void
mac_add(crypto_generichash_state *state, const void *data, size_t len)
{
	uint64_t size = len;

	crypto_generichash_update(state, (const uint8_t *)&size, sizeof(size));
	crypto_generichash_update(state, data, len);
}

/*
 * mac_make - over address, entry, what is stored of password and second factor, and all of the credential: another password or
 *            another seed, and it is another credential.
 * in:    instead  this value of userPassword is not there any more, renewed is; NULL: all are there
 */
static void
mac_make(const struct grace *grace, const char *key, size_t key_len, const struct member *member,
         const struct berval *instead, const char *renewed, uint8_t mac_out[MAC_LEN])
{
	crypto_generichash_state state;
	int i;

	crypto_generichash_init(&state, grace->table->key, sizeof(grace->table->key), MAC_LEN);
	mac_add(&state, &grace->address.family, sizeof(grace->address.family));
	mac_add(&state, grace->address.octets, sizeof(grace->address.octets));
	mac_add(&state, key, key_len);
	for (i = 0; member != NULL && member->passwords != NULL && !BER_BVISNULL(&member->passwords[i]); i++)
		if (instead == NULL || !bvmatch(&member->passwords[i], instead))
			mac_add(&state, member->passwords[i].bv_val, member->passwords[i].bv_len);
	if (instead != NULL)
		mac_add(&state, renewed, strlen(renewed));
	mac_add(&state, "seed", 4);
	if (member != NULL && !BER_BVISNULL(&member->seed_sealed))
		mac_add(&state, member->seed_sealed.bv_val, member->seed_sealed.bv_len);
	mac_add(&state, grace->credential->bv_val, grace->credential->bv_len);
	crypto_generichash_final(&state, mac_out, MAC_LEN);
	secret_wipe_object(&state);
}

/* --- slots; the table is locked ------------------------------------------------------------------- */

static void
slot_free(struct grace_table *table, struct grace_slot *slot)
{
	secret_wipe_object(slot);
	table->used--;
}

/* is_over - also when the clock was put back behind the login: for how long is not known then */
static int
is_over(const struct grace_slot *slot, int64_t now, unsigned seconds)
{
	return now < slot->since || now - slot->since >= (int64_t)seconds;
}

static void
sweep(struct grace_table *table, int64_t now)
{
	unsigned i;

	for (i = 0; i < SLOTS && table->used > 0; i++) {
		struct grace_slot *slot = &table->slots[i];

		if (slot->state == SLOT_RIGHT && slot->waiters == 0 && is_over(slot, now, LONGEST_SEC))
			slot_free(table, slot);
	}
}

static struct grace_slot *
slot_find(struct grace_table *table, const uint8_t mac[MAC_LEN])
{
	unsigned i;

	for (i = 0; i < SLOTS; i++) {
		struct grace_slot *slot = &table->slots[i];

		if ((slot->state == SLOT_PENDING || slot->state == SLOT_RIGHT) &&
		    sodium_memcmp(slot->mac, mac, MAC_LEN) == 0)
			return slot;
	}
	return NULL;
}

/* slot_new - a pending one, NULL when all are in use by binds under way */
static struct grace_slot *
slot_new(struct grace_table *table, const uint8_t mac[MAC_LEN])
{
	struct grace_slot *slot = NULL, *oldest = NULL;
	unsigned i;

	for (i = 0; i < SLOTS && slot == NULL; i++) {
		struct grace_slot *one = &table->slots[i];

		if (one->state == SLOT_FREE)
			slot = one;
		else if (one->state == SLOT_RIGHT && one->waiters == 0 && (oldest == NULL || one->since < oldest->since))
			oldest = one;
	}
	if (slot == NULL && oldest != NULL) {
		slot_free(table, oldest);
		slot = oldest;
	}
	if (slot == NULL)
		return NULL;
	slot->state = SLOT_PENDING;
	memcpy(slot->mac, mac, MAC_LEN);
	table->used++;
	return slot;
}

/*
 * wait_for - until what is under way has been judged. The last who waited for a refusal forgets it. To change its configuration
 *            slapd stops all threads, also one inside of the write of a login: so those who wait for it look from time to time.
 */
static void
wait_for(struct grace_table *table, struct grace_slot *slot, struct grace *out)
{
	static const struct timespec pause = { 0, WAIT_NSEC };

	slot->waiters++;
	while (slot->state == SLOT_PENDING) {
		ldap_pvt_thread_mutex_unlock(&table->mutex);
		if (!ldap_pvt_thread_pool_pausecheck(&connection_pool))
			nanosleep(&pause, NULL);
		ldap_pvt_thread_mutex_lock(&table->mutex);
	}
	slot->waiters--;
	out->state = slot->state == SLOT_RIGHT ? GRACE_AGAIN : GRACE_JUDGED;
	out->outcome = slot->outcome;
	if (slot->state == SLOT_REFUSED && slot->waiters == 0)
		slot_free(table, slot);
}

/* --- a bind --------------------------------------------------------------------------------------- */

/* seconds_for - how long the policy lets a client repeat itself, 0 not at all */
static unsigned
seconds_for(const struct policy *policy, const struct network_address *address)
{
	unsigned i, longest = 0;

	for (i = 0; i < policy->graces_len; i++)
		if (policy->graces[i].seconds > longest && network_contains(&policy->graces[i].network, address))
			longest = policy->graces[i].seconds;
	return longest;
}

/* seconds_of - for a missing entry by the policy it would live under */
static unsigned
seconds_of(Operation *op, struct muster *m, const struct member *member, const struct network_address *address)
{
	struct policy policy;

	if (member != NULL)
		return member->policy_usable ? seconds_for(&member->policy, address) : 0;
	return policy_load(op, m, &op->o_req_ndn, &policy) == 0 ? seconds_for(&policy, address) : 0;
}

void
grace_begin(Operation *op, struct muster *m, const struct member *member, const struct berval *credential,
            struct grace *grace_out)
{
	const char *key = member != NULL ? member->uuid : op->o_req_ndn.bv_val;
	int64_t now = (int64_t)slap_get_time();
	struct grace_table *table = m->grace;
	struct grace_slot *slot;
	uint8_t mac[MAC_LEN];
	unsigned seconds;

	memset(grace_out, 0, sizeof(*grace_out));
	grace_out->table = table;
	grace_out->credential = credential;
	client_address(op, &grace_out->address);
	seconds = seconds_of(op, m, member, &grace_out->address);
	if (seconds > 0)
		mac_make(grace_out, key, strlen(key), member, NULL, NULL, mac);
	ldap_pvt_thread_mutex_lock(&table->mutex);
	sweep(table, now);
	if (seconds == 0)
		goto out;
	slot = slot_find(table, mac);
	if (slot != NULL && slot->state == SLOT_RIGHT && is_over(slot, now, seconds)) {
		if (slot->waiters > 0)
			goto out;
		slot_free(table, slot);
		slot = NULL;
	}
	if (slot == NULL) {
		slot = slot_new(table, mac);
		grace_out->slot = slot;
		grace_out->state = slot != NULL ? GRACE_FIRST : GRACE_NONE;
	} else {
		wait_for(table, slot, grace_out);
	}
out:
	ldap_pvt_thread_mutex_unlock(&table->mutex);
	secret_wipe_array(mac);
}

void
grace_end(struct grace *grace, enum verify_outcome outcome, const struct member *member, const struct berval *stored,
          const char *renewed)
{
	struct grace_table *table = grace->table;
	struct grace_slot *slot = grace->slot;
	uint8_t mac[MAC_LEN];

	if (grace->state != GRACE_FIRST)
		return;
	if (outcome == VERIFY_OK)
		mac_make(grace, member->uuid, strlen(member->uuid), member, renewed[0] != '\0' ? stored : NULL, renewed, mac);
	ldap_pvt_thread_mutex_lock(&table->mutex);
	slot->outcome = outcome;
	slot->state = outcome == VERIFY_OK ? SLOT_RIGHT : SLOT_REFUSED;
	if (outcome == VERIFY_OK) {
		slot->since = (int64_t)slap_get_time();
		memcpy(slot->mac, mac, MAC_LEN);
	} else if (slot->waiters == 0) {
		slot_free(table, slot);
	}
	ldap_pvt_thread_mutex_unlock(&table->mutex);
	secret_wipe_array(mac);
	grace->slot = NULL;
	grace->state = GRACE_NONE;
}
