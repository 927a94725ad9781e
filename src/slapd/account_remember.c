/*
 * account_remember.c - a right password on a connection, for one use within a minute: the second step of a login must not
 *                      cost Argon2 again.
 */
#include "slapd/account_table.h"

#include <sodium.h>

#include "common/secret.h"
#include "core/keyring.h"

#define REMEMBER_SEC 60

static void
mac_part(crypto_generichash_state *state, const void *data, size_t len)
{
	uint64_t size = len;

	crypto_generichash_update(state, (const uint8_t *)&size, sizeof(size));
	crypto_generichash_update(state, data, len);
}

static int
password_mac(const struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
             const struct berval *password, uint8_t mac[ACCOUNT_MAC_LEN])
{
	uint8_t key[KEYRING_KEY_LEN];
	crypto_generichash_state state;
	int r;

	r = keyring_subkey(ring, NULL, KEYRING_MEMORY, key);
	if (r < 0)
		return r;
	crypto_generichash_init(&state, key, sizeof(key), ACCOUNT_MAC_LEN);
	mac_part(&state, &connid, sizeof(connid));
	mac_part(&state, t->id, sizeof(t->id));
	mac_part(&state, stored->bv_val, stored->bv_len);
	mac_part(&state, password->bv_val, password->bv_len);
	crypto_generichash_final(&state, mac, ACCOUNT_MAC_LEN);
	secret_wipe_array(key);
	secret_wipe_object(&state);
	return 0;
}

/* is_live - a clock that was set back does not make a minute longer */
static int
is_live(const struct remembered *one, int64_t now)
{
	return one->until > now && one->until <= now + REMEMBER_SEC;
}

int
account_knows(const struct account_try *t, unsigned long connid, int64_t now)
{
	int i, found = 0;

	for (i = 0; i < ACCOUNT_REMEMBERED; i++)
		found |= t->remembered[i].connid == connid && is_live(&t->remembered[i], now);
	return found;
}

void
account_remember(struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
                 const struct berval *password, int64_t now)
{
	struct remembered *slot = &t->remembered[0], one = { .connid = connid };
	int i;

	if (password_mac(t, ring, connid, stored, password, one.mac) < 0)
		return;
	one.until = now + REMEMBER_SEC;
	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	for (i = 1; i < ACCOUNT_REMEMBERED; i++)
		if (t->remembered[i].until < slot->until)
			slot = &t->remembered[i];
	*slot = one;
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
	secret_wipe_object(&one);
}

int
account_remembered(struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
                   const struct berval *password, int64_t now)
{
	uint8_t mac[ACCOUNT_MAC_LEN];
	int i, found = 0;

	if (password_mac(t, ring, connid, stored, password, mac) < 0)
		return 0;
	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	for (i = 0; i < ACCOUNT_REMEMBERED; i++) {
		if (!is_live(&t->remembered[i], now))
			continue;
		if (secret_equal(mac, sizeof(mac), t->remembered[i].mac, ACCOUNT_MAC_LEN)) {
			secret_wipe_object(&t->remembered[i]);
			found = 1;
		}
	}
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
	secret_wipe_array(mac);
	return found;
}
