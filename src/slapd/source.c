/*
 * source.c - where a try comes from, and from where a member logged in before.
 *
 * Addresses are not kept: a source is a hash under a subkey of the sealing key, bound to the entry, so that two members
 * who share an address cannot be seen to.
 */
#include "slapd/source.h"

#include <sodium.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/network.h"
#include "slapd/account.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/networks.h"

#define HASH_LEN 32
#define HASH_TEXT_MAX sodium_base64_ENCODED_LEN(HASH_LEN, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
#define VALUE_MAX (KEYRING_ID_MAX + 1 + HASH_TEXT_MAX + 24)
#define KNOWN_MAX 8
#define KNOWN_DAYS 90
#define DAY_SEC 86400

/* One value of musterKnownSource: "<key id>$<hash> <day>". */
struct known {
	struct berval hashed; /* key id and hash */
	int64_t day;          /* since 1970 */
};

/* --- names of places ------------------------------------------------------------------------------ */

/* place_of - who a client is taken for. Who has an IPv6 address has 2^64 of them. */
static void
place_of(const struct network_address *address, struct source_place *place_out)
{
	size_t len = address->family == NETWORK_IPV4 ? 4 : address->family == NETWORK_IPV6 ? 8 : 0;

	memset(place_out, 0, sizeof(*place_out));
	place_out->octets[0] = (uint8_t)address->family;
	memcpy(place_out->octets + 1, address->octets, len);
}

void
source_place(Operation *op, struct source_place *place_out)
{
	struct network_address address;

	client_address(op, &address);
	place_of(&address, place_out);
}

static void
hash_part(crypto_generichash_state *state, const void *data, size_t len)
{
	uint64_t size = len;

	crypto_generichash_update(state, (const uint8_t *)&size, sizeof(size));
	crypto_generichash_update(state, data, len);
}

/* hash_rhost - an address counts as one, however it is written; any other text is taken without regard to case */
static void
hash_rhost(crypto_generichash_state *state, const struct berval *rhost)
{
	struct network_address address;
	struct source_place place;
	char *name;
	ber_len_t i;

	if (rhost == NULL || BER_BVISEMPTY(rhost))
		return;
	if (network_address_parse(rhost->bv_val, rhost->bv_len, &address) == 0) {
		place_of(&address, &place);
		hash_part(state, place.octets, sizeof(place.octets));
		return;
	}
	name = ch_malloc(rhost->bv_len);
	for (i = 0; i < rhost->bv_len; i++)
		name[i] = (char)TOLOWER((unsigned char)rhost->bv_val[i]);
	hash_part(state, name, rhost->bv_len);
	ch_free(name);
}

/* hash_text - the hash of a source under one key. error: ERR_KEY */
static int
hash_text(const struct keyring *ring, const char *key_id, const char *uuid, const struct source_place *place,
          const struct berval *rhost, char text_out[HASH_TEXT_MAX])
{
	uint8_t key[KEYRING_KEY_LEN], hash[HASH_LEN];
	crypto_generichash_state state;

	text_out[0] = '\0';
	if (keyring_subkey(ring, key_id, KEYRING_SOURCE, key) < 0)
		return ERR_KEY;
	crypto_generichash_init(&state, key, sizeof(key), sizeof(hash));
	hash_part(&state, uuid, strlen(uuid));
	hash_part(&state, place->octets, sizeof(place->octets));
	hash_rhost(&state, rhost);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2base64(text_out, HASH_TEXT_MAX, hash, sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	secret_wipe_array(key);
	secret_wipe_object(&state);
	return 0;
}

/* --- sources that are known ------------------------------------------------------------------------ */

/* known_parse - error: ERR_INPUT */
static int
known_parse(const struct berval *value, struct known *known_out)
{
	const char *blank = memchr(value->bv_val, ' ', value->bv_len), *p;
	const char *end = value->bv_val + value->bv_len;

	memset(known_out, 0, sizeof(*known_out));
	if (blank == NULL || end - blank < 2 || end - blank > 8)
		return ERR_INPUT;
	for (p = blank + 1; p < end; p++) {
		if (*p < '0' || *p > '9')
			return ERR_INPUT;
		known_out->day = known_out->day * 10 + (*p - '0');
	}
	known_out->hashed.bv_val = value->bv_val;
	known_out->hashed.bv_len = (ber_len_t)(blank - value->bv_val);
	return 0;
}

/* is_of - whether a known source is the one that is hashed again under the key it names */
static int
is_of(const struct known *known, const struct keyring *ring, const char *uuid, const struct source_place *place,
      const struct berval *rhost)
{
	const char *dollar = memchr(known->hashed.bv_val, '$', known->hashed.bv_len);
	char key_id[KEYRING_ID_MAX + 1], hash[HASH_TEXT_MAX];
	size_t id_len, hash_len;

	if (dollar == NULL || dollar - known->hashed.bv_val > KEYRING_ID_MAX)
		return 0;
	id_len = (size_t)(dollar - known->hashed.bv_val);
	hash_len = known->hashed.bv_len - id_len - 1;
	snprintf(key_id, sizeof(key_id), "%.*s", (int)id_len, known->hashed.bv_val);
	return hash_text(ring, key_id, uuid, place, rhost, hash) == 0 && hash_len == strlen(hash) &&
	       memcmp(dollar + 1, hash, hash_len) == 0;
}

static int
is_fresh(const struct known *known, int64_t now)
{
	/* A clock that was set back makes nobody a stranger. */
	return now / DAY_SEC - known->day <= KNOWN_DAYS;
}

void
source_of(Operation *op, struct muster *m, const struct member *member, const struct berval *rhost,
          struct source *source)
{
	const struct berval *peer = op->o_conn != NULL ? &op->o_conn->c_peer_name : NULL;
	const char *uuid = member != NULL ? member->uuid : "";
	struct network_address address = { .family = NETWORK_NONE };
	struct known known;
	char hash[HASH_TEXT_MAX];
	int i;

	memset(source, 0, sizeof(*source));
	if (peer != NULL && !BER_BVISNULL(peer))
		(void)network_peer_parse(peer->bv_val, peer->bv_len, &address);
	place_of(&address, &source->place);
	if (m->ring == NULL || hash_text(m->ring, keyring_active_id(m->ring), uuid, &source->place, rhost, hash) < 0) {
		/* Nobody is let in without keys; whoever tries is one source. */
		memset(source->from.id, '-', BUDGET_ID_LEN);
		return;
	}
	memcpy(source->from.id, hash, BUDGET_ID_LEN);
	snprintf(source->hashed, sizeof(source->hashed), "%s$%s", keyring_active_id(m->ring), hash);
	for (i = 0; member != NULL && member->known_sources != NULL && !BER_BVISNULL(&member->known_sources[i]); i++) {
		if (known_parse(&member->known_sources[i], &known) < 0 || !is_fresh(&known, (int64_t)slap_get_time()) ||
		    !is_of(&known, m->ring, uuid, &source->place, rhost))
			continue;
		source->from.known = 1;
		source->stored = member->known_sources[i];
	}
}

void
attempt_at(Operation *op, struct muster *m, const struct member *member, const struct berval *key,
           const struct berval *rhost, struct source *source, struct attempt *attempt)
{
	memset(attempt, 0, sizeof(*attempt));
	source_of(op, m, member, rhost, source);
	attempt->key = *key;
	if (member != NULL && member->uuid[0] != '\0')
		ber_str2bv(member->uuid, 0, 0, &attempt->key);
	attempt->member = member;
	attempt->policy = member != NULL ? &member->policy : NULL;
	attempt->source = source;
	attempt->now = (int64_t)slap_get_time();
	attempt->connid = op->o_connid;
}

/* make_room - delete what is too old or cannot be read, and the oldest of what is left when it is too many */
static void
make_room(const struct member *member, const struct source *source, int64_t now, Modifications **mods)
{
	const struct berval *value, *oldest = NULL;
	struct known known;
	int64_t oldest_day = INT64_MAX;
	unsigned kept = 0;

	for (value = member->known_sources; value != NULL && !BER_BVISNULL(value); value++) {
		if (source->from.known && bvmatch(value, &source->stored))
			continue;
		if (known_parse(value, &known) < 0 || !is_fresh(&known, now)) {
			mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.known_source, value);
			continue;
		}
		kept++;
		if (known.day < oldest_day) {
			oldest_day = known.day;
			oldest = value;
		}
	}
	if (kept >= KNOWN_MAX)
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.known_source, oldest);
}

void
source_remember(const struct member *member, const struct source *source, int64_t now, Modifications **mods)
{
	char value[VALUE_MAX];
	size_t len;

	if (source->hashed[0] == '\0')
		return;
	len = (size_t)snprintf(value, sizeof(value), "%s %lld", source->hashed, (long long)(now / DAY_SEC));
	if (source->from.known && source->stored.bv_len == len && memcmp(source->stored.bv_val, value, len) == 0)
		return;
	make_room(member, source, now, mods);
	if (source->from.known)
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.known_source, &source->stored);
	mods_add_text(mods, SLAP_MOD_SOFTADD, muster_ad.known_source, value);
}
