/*
 * account.c - tries in memory: who is being verified, how often it failed, which right password is remembered.
 *
 * A record exists while somebody uses it, while it holds a remembered password, and while it knows of failures that could
 * not be written to the entry. All else is read from the entry again, so memory stays small whatever strangers ask for.
 */
#include "slapd/muster.h"

#include <sodium.h>

#include "common/secret.h"

#define ID_LEN 16
#define BUCKETS 1024
#define WAITERS_MAX 8      /* for one account */
#define WAIT_NSEC 1000000L /* between two looks at an account in use */
#define KEPT_MAX 8192      /* records nobody uses */
#define REMEMBERED_MAX 4   /* right passwords of one account, on as many connections */
#define REMEMBER_SEC 60
#define MAC_LEN 32
#define STATE_TEXT_MAX 96

struct remembered {
	uint8_t mac[MAC_LEN];
	int64_t until; /* 0: free */
};

struct login_state {
	unsigned password_failures, code_failures;
	int64_t password_time, code_time; /* of the last failure */
};

/* The record of one account, and the handle of whoever has it reserved. */
struct account_try {
	struct accounts *table;
	struct account_try *next;            /* in the bucket */
	struct account_try *older, *younger; /* among those nobody uses */
	uint8_t id[ID_LEN];
	int busy;
	unsigned waiting;
	struct login_state state;
	char seen[STATE_TEXT_MAX]; /* what the entry said last, or was told */
	int unsaved;               /* state is newer than the entry */
	int64_t keep_until;
	struct remembered remembered[REMEMBERED_MAX];
};

struct accounts {
	ldap_pvt_thread_mutex_t mutex;
	uint8_t key[crypto_generichash_KEYBYTES];
	struct account_try *buckets[BUCKETS];
	struct account_try *oldest, *youngest;
	unsigned kept;
	int waiting; /* for whichever account */
};

int
accounts_new(struct accounts **out)
{
	struct accounts *a = ch_calloc(1, sizeof(*a));

	randombytes_buf(a->key, sizeof(a->key));
	ldap_pvt_thread_mutex_init(&a->mutex);
	*out = a;
	return 0;
}

static struct account_try **
bucket_of(struct accounts *a, const uint8_t id[ID_LEN])
{
	return &a->buckets[(id[0] | id[1] << 8) % BUCKETS];
}

static void
record_free(struct account_try *t)
{
	struct account_try **p = bucket_of(t->table, t->id);

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	secret_wipe_object(t);
	ch_free(t);
}

void
accounts_free(struct accounts **accounts)
{
	struct accounts *a = *accounts;
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < BUCKETS; i++)
		while (a->buckets[i] != NULL)
			record_free(a->buckets[i]);
	ldap_pvt_thread_mutex_destroy(&a->mutex);
	secret_wipe_object(a);
	ch_free(a);
	*accounts = NULL;
}

/* --- records nobody uses, oldest first ------------------------------------------------------------ */

static void
kept_remove(struct account_try *t)
{
	struct accounts *a = t->table;

	*(t->older != NULL ? &t->older->younger : &a->oldest) = t->younger;
	*(t->younger != NULL ? &t->younger->older : &a->youngest) = t->older;
	t->older = t->younger = NULL;
	a->kept--;
}

static void
kept_append(struct account_try *t)
{
	struct accounts *a = t->table;

	t->older = a->youngest;
	t->younger = NULL;
	*(a->youngest != NULL ? &a->youngest->younger : &a->oldest) = t;
	a->youngest = t;
	a->kept++;
}

/* kept_sweep - drop what has had its time, or is too much. Few at a time: this runs at each release. */
static void
kept_sweep(struct accounts *a, int64_t now)
{
	struct account_try *t, *younger;
	int looked = 0;

	for (t = a->oldest; t != NULL && (looked < 4 || a->kept > KEPT_MAX); t = younger, looked++) {
		younger = t->younger;
		if (t->keep_until > now && a->kept <= KEPT_MAX)
			continue;
		kept_remove(t);
		record_free(t);
	}
}

/* --- reserving ------------------------------------------------------------------------------------ */

static struct account_try *
record_find(struct accounts *a, const uint8_t id[ID_LEN])
{
	struct account_try *t;

	for (t = *bucket_of(a, id); t != NULL; t = t->next)
		if (memcmp(t->id, id, ID_LEN) == 0)
			return t;
	return NULL;
}

static struct account_try *
record_new(struct accounts *a, const uint8_t id[ID_LEN])
{
	struct account_try *t = ch_calloc(1, sizeof(*t));
	struct account_try **bucket = bucket_of(a, id);

	t->table = a;
	memcpy(t->id, id, ID_LEN);
	t->next = *bucket;
	*bucket = t;
	return t;
}

/*
 * wait_for - until the account is ours. error: ERR_BUSY. A thread that waits is one slapd's pool does not have.
 *            To change its configuration slapd stops all threads; whoever has the account may be told to stop inside
 *            its write (syncprov does that), so those who wait for it have to stop as well, and look from time to time.
 */
static int
wait_for(struct account_try *t)
{
	static const struct timespec pause = { 0, WAIT_NSEC };
	struct accounts *a = t->table;

	if (t->waiting >= WAITERS_MAX || a->waiting >= (connection_pool_max + 1) / 2)
		return ERR_BUSY;
	t->waiting++;
	a->waiting++;
	while (t->busy) {
		ldap_pvt_thread_mutex_unlock(&a->mutex);
		if (!ldap_pvt_thread_pool_pausecheck(&connection_pool))
			nanosleep(&pause, NULL);
		ldap_pvt_thread_mutex_lock(&a->mutex);
	}
	t->waiting--;
	a->waiting--;
	return 0;
}

int
account_reserve(struct accounts *a, const char *key, size_t key_len, const struct member *member,
                struct account_try **try_out)
{
	uint8_t id[ID_LEN];
	struct account_try *t;
	int r = 0;

	*try_out = NULL;
	crypto_generichash(id, sizeof(id), (const uint8_t *)key, key_len, a->key, sizeof(a->key));
	ldap_pvt_thread_mutex_lock(&a->mutex);
	t = record_find(a, id);
	if (t == NULL)
		t = record_new(a, id);
	else if (t->busy)
		r = wait_for(t);
	else if (t->waiting == 0)
		kept_remove(t);
	if (r == 0)
		t->busy = 1;
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	if (r < 0)
		return r;
	if (member != NULL)
		account_sync(t, &member->login_state);
	*try_out = t;
	return 0;
}

void
account_release(struct account_try **handle)
{
	struct account_try *t = *handle;
	int64_t now = (int64_t)slap_get_time();
	struct accounts *a;
	int i;

	*handle = NULL;
	if (t == NULL)
		return;
	a = t->table;
	ldap_pvt_thread_mutex_lock(&a->mutex);
	t->busy = 0;
	t->keep_until = t->unsaved ? INT64_MAX : 0;
	for (i = 0; i < REMEMBERED_MAX; i++)
		if (t->remembered[i].until > t->keep_until)
			t->keep_until = t->remembered[i].until;
	if (t->waiting == 0 && t->keep_until > now)
		kept_append(t);
	else if (t->waiting == 0)
		record_free(t);
	kept_sweep(a, now);
	ldap_pvt_thread_mutex_unlock(&a->mutex);
}

/* --- failures. From here on the account is the caller's alone, so nothing is locked. --------------- */

int
account_state(struct account_try *t, char *text, size_t text_len)
{
	const struct login_state *s = &t->state;

	if (s->password_failures == 0 && s->code_failures == 0) {
		text[0] = '\0';
		return 0;
	}
	return snprintf(text, text_len, "p=%u pt=%lld c=%u ct=%lld", s->password_failures, (long long)s->password_time,
	                s->code_failures, (long long)s->code_time);
}

/* state_parse - read musterLoginState; what cannot be read counts as the most failures there can be, now */
static void
state_parse(const char *text, struct login_state *out)
{
	long long password_time, code_time;
	struct login_state s = { 0 };
	int end = -1;

	memset(out, 0, sizeof(*out));
	if (text[0] == '\0')
		return;
	if (sscanf(text, "p=%9u pt=%18lld c=%9u ct=%18lld%n", &s.password_failures, &password_time, &s.code_failures,
	           &code_time, &end) < 4 || end < 0 || text[end] != '\0') {
		out->password_failures = out->code_failures = 1000;
		out->password_time = out->code_time = (int64_t)slap_get_time();
		return;
	}
	s.password_time = password_time;
	s.code_time = code_time;
	*out = s;
}

void
account_sync(struct account_try *t, const struct berval *login_state)
{
	char text[STATE_TEXT_MAX] = "";

	if (!BER_BVISNULL(login_state))
		snprintf(text, sizeof(text), "%s", login_state->bv_val);
	/* Somebody else wrote it: an administrator who unlocks, another server, a restore. */
	if (strcmp(text, t->seen) != 0 || !t->unsaved) {
		state_parse(text, &t->state);
		memcpy(t->seen, text, sizeof(text));
		t->unsaved = 0;
	}
}

void
account_saved(struct account_try *t, int saved)
{
	t->unsaved = !saved;
	if (saved)
		(void)account_state(t, t->seen, sizeof(t->seen));
}

void
account_record(struct account_try *t, enum account_event event, int64_t now)
{
	struct login_state *s = &t->state;

	switch (event) {
	case ACCOUNT_PASSWORD_WRONG:
		if (s->password_failures < 1000)
			s->password_failures++;
		s->password_time = now;
		break;
	case ACCOUNT_CODE_WRONG:
		if (s->code_failures < 1000)
			s->code_failures++;
		s->code_time = now;
		break;
	case ACCOUNT_SUCCESS:
	case ACCOUNT_UNLOCK:
		memset(s, 0, sizeof(*s));
		break;
	}
}

/* throttled - from the threshold on each failure doubles the delay, up to the longest */
static int
throttled(unsigned failures, int64_t last, const struct policy *policy, int64_t now)
{
	int64_t delay = policy->min_delay_sec;
	unsigned i;

	if (failures < policy->threshold)
		return 0;
	for (i = policy->threshold; i < failures && delay < policy->max_delay_sec; i++)
		delay *= 2;
	if (delay > policy->max_delay_sec)
		delay = policy->max_delay_sec;
	/* A clock that was set back a long way must not keep anybody out until it has caught up. */
	return now < last + delay && last - now <= policy->max_delay_sec;
}

int
account_throttled_password(struct account_try *t, const struct policy *policy, int64_t now)
{
	return throttled(t->state.password_failures, t->state.password_time, policy, now);
}

int
account_throttled_code(struct account_try *t, const struct policy *policy, int64_t now)
{
	return throttled(t->state.code_failures, t->state.code_time, policy, now);
}

/* --- remembered passwords ------------------------------------------------------------------------- */

static void
mac_part(crypto_generichash_state *state, const void *data, size_t len)
{
	uint64_t size = len;

	crypto_generichash_update(state, (const uint8_t *)&size, sizeof(size));
	crypto_generichash_update(state, data, len);
}

static int
password_mac(const struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
             const struct berval *password, uint8_t mac[MAC_LEN])
{
	uint8_t key[KEYRING_KEY_LEN];
	crypto_generichash_state state;
	int r;

	r = keyring_subkey(ring, NULL, KEYRING_MEMORY, key);
	if (r < 0)
		return r;
	crypto_generichash_init(&state, key, sizeof(key), MAC_LEN);
	mac_part(&state, &connid, sizeof(connid));
	mac_part(&state, t->id, sizeof(t->id));
	mac_part(&state, stored->bv_val, stored->bv_len);
	mac_part(&state, password->bv_val, password->bv_len);
	crypto_generichash_final(&state, mac, MAC_LEN);
	secret_wipe_array(key);
	secret_wipe_object(&state);
	return 0;
}

void
account_remember(struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
                 const struct berval *password, int64_t now)
{
	struct remembered *slot = &t->remembered[0];
	int i;

	for (i = 1; i < REMEMBERED_MAX; i++)
		if (t->remembered[i].until < slot->until)
			slot = &t->remembered[i];
	if (password_mac(t, ring, connid, stored, password, slot->mac) == 0)
		slot->until = now + REMEMBER_SEC;
	else
		slot->until = 0;
}

int
account_remembered(struct account_try *t, const struct keyring *ring, unsigned long connid, const struct berval *stored,
                   const struct berval *password, int64_t now)
{
	uint8_t mac[MAC_LEN];
	int i, found = 0;

	if (password_mac(t, ring, connid, stored, password, mac) < 0)
		return 0;
	for (i = 0; i < REMEMBERED_MAX; i++) {
		if (t->remembered[i].until <= now || t->remembered[i].until > now + REMEMBER_SEC)
			continue;
		if (secret_equal(mac, sizeof(mac), t->remembered[i].mac, MAC_LEN)) {
			secret_wipe_object(&t->remembered[i]);
			found = 1;
		}
	}
	secret_wipe_array(mac);
	return found;
}
