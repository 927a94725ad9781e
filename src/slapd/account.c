/*
 * account.c - tries in memory: who is being verified, and who waits for it.
 */
#include "slapd/account.h"

#include <sodium.h>

#include "common/err.h"
#include "common/secret.h"
#include "slapd/account_table.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/policy.h"
#include "slapd/source.h"

#define WAITERS_MAX 8      /* for one account */
#define WAIT_NSEC 1000000L /* between two looks at an account in use */
#define KEPT_MAX 4096      /* records nobody uses, of each list */
#define STRANGER_SEC 86400 /* failures of somebody who has no entry are kept so long */

int
accounts_new(struct muster *m, struct accounts **out)
{
	struct accounts *a = ch_calloc(1, sizeof(*a));

	a->m = m;
	a->queue_end = &a->queue;
	randombytes_buf(a->key, sizeof(a->key));
	ldap_pvt_thread_mutex_init(&a->mutex);
	*out = a;
	return 0;
}

static struct account_try **
bucket_of(struct accounts *a, const uint8_t id[ACCOUNT_ID_LEN])
{
	return &a->buckets[(id[0] | id[1] << 8) % ACCOUNT_BUCKETS];
}

static void
record_free(struct account_try *t)
{
	struct account_try **p = bucket_of(t->table, t->id);

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	ch_free(t->ndn.bv_val);
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
	for (i = 0; i < ACCOUNT_BUCKETS; i++)
		while (a->buckets[i] != NULL)
			record_free(a->buckets[i]);
	ldap_pvt_thread_mutex_destroy(&a->mutex);
	secret_wipe_object(a);
	ch_free(a);
	*accounts = NULL;
}

/* --- records nobody uses -------------------------------------------------------------------------- */

static void
list_remove(struct account_try *t)
{
	struct account_list *list = t->list;

	if (list == NULL)
		return;
	*(t->older != NULL ? &t->older->younger : &list->oldest) = t->younger;
	*(t->younger != NULL ? &t->younger->older : &list->youngest) = t->older;
	t->older = t->younger = NULL;
	t->list = NULL;
	list->len--;
}

static void
list_append(struct account_list *list, struct account_try *t)
{
	t->list = list;
	t->older = list->youngest;
	t->younger = NULL;
	*(list->youngest != NULL ? &list->youngest->younger : &list->oldest) = t;
	list->youngest = t;
	list->len++;
}

/* list_sweep - drop what has had its time, or is too much. Few at a time: this runs at each release. */
static void
list_sweep(struct account_list *list, int64_t now)
{
	struct account_try *t, *younger;
	int looked = 0;

	for (t = list->oldest; t != NULL && (looked < 4 || list->len > KEPT_MAX); t = younger, looked++) {
		younger = t->younger;
		if (t->keep_until > now && list->len <= KEPT_MAX)
			continue;
		list_remove(t);
		record_free(t);
	}
}

static int64_t
keep_until(const struct account_try *t, int64_t now)
{
	int64_t until = 0;
	int i;

	if (BER_BVISNULL(&t->ndn) && t->state.sources_len > 0)
		until = now + STRANGER_SEC;
	else if (!BER_BVISNULL(&t->ndn) && account_is_unsaved(t))
		return INT64_MAX;
	for (i = 0; i < ACCOUNT_REMEMBERED; i++)
		if (t->remembered[i].until > until)
			until = t->remembered[i].until;
	return until;
}

void
account_settle(struct account_try *t, int64_t now)
{
	struct accounts *a = t->table;

	if (t->busy || t->waiting > 0 || t->queued)
		return;
	t->keep_until = keep_until(t, now);
	/* Strangers are whoever somebody makes up: they must not push out what is known of members. */
	if (t->keep_until > now)
		list_append(BER_BVISNULL(&t->ndn) ? &a->strangers : &a->members, t);
	else
		record_free(t);
	list_sweep(&a->members, now);
	list_sweep(&a->strangers, now);
}

static struct account_try *
record_find(struct accounts *a, const struct attempt *attempt, uint8_t id_out[ACCOUNT_ID_LEN])
{
	struct account_try *t;

	crypto_generichash(id_out, ACCOUNT_ID_LEN, (const uint8_t *)attempt->key.bv_val, attempt->key.bv_len, a->key,
	                   sizeof(a->key));
	for (t = *bucket_of(a, id_out); t != NULL; t = t->next)
		if (memcmp(t->id, id_out, ACCOUNT_ID_LEN) == 0)
			return t;
	return NULL;
}

static struct account_try *
record_new(struct accounts *a, const uint8_t id[ACCOUNT_ID_LEN])
{
	struct account_try *t = ch_calloc(1, sizeof(*t));
	struct account_try **bucket = bucket_of(a, id);

	t->table = a;
	memcpy(t->id, id, ACCOUNT_ID_LEN);
	t->next = *bucket;
	*bucket = t;
	return t;
}

/* --- waiting -------------------------------------------------------------------------------------- */

/*
 * may_be_one_too_many - whether the tries of a source that are under way use up what it has left when all of them are wrong. So
 *                       however many come at once, none of those behind the first few is looked at.
 */
static int
may_be_one_too_many(const struct account_try *t, const struct attempt *attempt)
{
	const char *id = attempt->source->from.id;
	unsigned under_way = strcmp(t->holder, id) == 0;
	const struct waiter *w;

	for (w = t->table->waiters; w != NULL; w = w->next)
		under_way += w->at == t && strcmp(w->source->from.id, id) == 0;
	return account_failures(t, attempt) + under_way >= attempt->policy->threshold;
}

/*
 * seat_free - whether a source may wait. A thread that waits is one that slapd does not have for others, and whoever waits
 *             takes a turn from the next: no source gets more than five of eight seats, and the last one is for sources
 *             from which the member logged in before.
 */
static int
seat_free(const struct account_try *t, const struct source *source)
{
	unsigned seats = ((unsigned)connection_pool_max + 1) / 2, same = 0, all = 0;
	const struct waiter *w;

	for (w = t->table->waiters; w != NULL; w = w->next) {
		all++;
		same += memcmp(&w->source->place, &source->place, sizeof(source->place)) == 0;
	}
	if (t->waiting >= WAITERS_MAX || all >= seats || (seats > 1 && !source->from.known && all >= seats - 1))
		return 0;
	return same == 0 || same < seats * 5 / 8;
}

static void
waiter_remove(struct waiter **list, const struct waiter *waiter)
{
	struct waiter **w = list;

	while (*w != waiter)
		w = &(*w)->next;
	*w = waiter->next;
}

/* is_next - whether the account is free and nobody has waited longer */
static int
is_next(const struct account_try *t, const struct waiter *waiter)
{
	const struct waiter *w;

	/* The list begins with who came last. */
	for (w = waiter->next; w != NULL; w = w->next)
		if (w->at == t)
			return 0;
	return !t->busy;
}

/*
 * wait_for - until the account is ours, first come, first served.
 * in:    rule_out  not NULL: leave when the try would be refused in any case, so that its delay costs nobody a turn
 * error: ERR_BUSY, ERR_ATTEMPTS.
 *        To change its configuration slapd stops all threads; whoever has the account may be told to stop inside
 *        its write (syncprov does that), so those who wait for it have to stop as well, and look from time to time.
 */
static int
wait_for(struct account_try *t, const struct attempt *attempt, const char **rule_out)
{
	static const struct timespec pause = { 0, WAIT_NSEC };
	struct accounts *a = t->table;
	struct waiter waiter = { t, attempt->source, a->waiters };
	int r = 0;

	if (!seat_free(t, attempt->source) || (rule_out != NULL && may_be_one_too_many(t, attempt)))
		return ERR_BUSY;
	a->waiters = &waiter;
	t->waiting++;
	while (r == 0 && !is_next(t, &waiter)) {
		ldap_pvt_thread_mutex_unlock(&a->mutex);
		if (!ldap_pvt_thread_pool_pausecheck(&connection_pool))
			nanosleep(&pause, NULL);
		ldap_pvt_thread_mutex_lock(&a->mutex);
		if (rule_out != NULL && (*rule_out = account_refused(t, attempt)) != NULL)
			r = ERR_ATTEMPTS;
	}
	t->waiting--;
	waiter_remove(&a->waiters, &waiter);
	return r;
}

/* know_entry - where failures are to be written; an entry may have been renamed */
static void
know_entry(struct account_try *t, const struct member *member)
{
	if (!BER_BVISNULL(&t->ndn) && bvmatch(&t->ndn, &member->ndn))
		return;
	ch_free(t->ndn.bv_val);
	ber_dupbv(&t->ndn, (struct berval *)&member->ndn);
	memcpy(t->uuid, member->uuid, sizeof(t->uuid));
}

/* reserve - the mutex is held. error: ERR_BUSY, ERR_ATTEMPTS */
static int
reserve(struct accounts *a, const struct attempt *attempt, const char **rule_out, struct account_try **try_out)
{
	uint8_t id[ACCOUNT_ID_LEN];
	struct account_try *t = record_find(a, attempt, id);
	int r = 0;

	if (t != NULL && rule_out != NULL && (*rule_out = account_refused(t, attempt)) != NULL)
		return ERR_ATTEMPTS;
	if (t == NULL)
		t = record_new(a, id);
	else if (t->busy || t->waiting > 0)
		r = wait_for(t, attempt, rule_out);
	if (r < 0) {
		account_settle(t, attempt->now);
		return r;
	}
	list_remove(t);
	t->busy = 1;
	memcpy(t->holder, attempt->source->from.id, sizeof(t->holder));
	t->mark = t->writes;
	t->mark_void = t->writing > 0;
	if (attempt->member != NULL)
		know_entry(t, attempt->member);
	*try_out = t;
	return 0;
}

int
account_reserve(struct accounts *a, const struct attempt *attempt, struct account_try **try_out)
{
	int r;

	*try_out = NULL;
	ldap_pvt_thread_mutex_lock(&a->mutex);
	r = reserve(a, attempt, NULL, try_out);
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return r;
}

int
account_enter(struct accounts *a, const struct attempt *attempt, struct account_try **try_out, const char **rule_out)
{
	struct account_try alone;
	uint8_t id[ACCOUNT_ID_LEN];
	int r;

	*try_out = NULL;
	*rule_out = NULL;
	ldap_pvt_thread_mutex_lock(&a->mutex);
	if (record_find(a, attempt, id) == NULL) {
		/* What the entry says is all there is. */
		memset(&alone, 0, sizeof(alone));
		alone.table = a;
		*rule_out = account_refused(&alone, attempt);
	}
	r = *rule_out != NULL ? ERR_ATTEMPTS : reserve(a, attempt, rule_out, try_out);
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return r;
}

/*
 * Whoever is refused in any case is made to spend the time of a verification. Without a limit a flood of such tries would have
 * all of slapd's threads, and who comes with a new connection would wait behind each of them.
 */
int
account_spend_begin(struct accounts *a, const struct source *source, struct waiter *spender)
{
	unsigned most = ((unsigned)connection_pool_max + 1) / 2, same = 0, all = 0;
	const struct waiter *w;
	int r = ERR_BUSY;

	ldap_pvt_thread_mutex_lock(&a->mutex);
	for (w = a->spenders; w != NULL; w = w->next) {
		all++;
		same += memcmp(&w->source->place, &source->place, sizeof(source->place)) == 0;
	}
	if (all < most && (same == 0 || same < most / 2)) {
		spender->source = source;
		spender->at = NULL;
		spender->next = a->spenders;
		a->spenders = spender;
		r = 0;
	}
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return r;
}

void
account_spend_end(struct accounts *a, struct waiter *spender)
{
	ldap_pvt_thread_mutex_lock(&a->mutex);
	waiter_remove(&a->spenders, spender);
	ldap_pvt_thread_mutex_unlock(&a->mutex);
}

void
account_release(struct account_try **handle)
{
	struct account_try *t = *handle;
	struct accounts *a;

	*handle = NULL;
	if (t == NULL)
		return;
	a = t->table;
	ldap_pvt_thread_mutex_lock(&a->mutex);
	t->busy = 0;
	account_queue(t);
	account_settle(t, (int64_t)slap_get_time());
	ldap_pvt_thread_mutex_unlock(&a->mutex);
}

void
account_forget(struct accounts *a, const struct member *member)
{
	struct attempt attempt = { .member = member };
	uint8_t id[ACCOUNT_ID_LEN];
	struct account_try *t;

	ber_str2bv(member->uuid, 0, 0, &attempt.key);
	ldap_pvt_thread_mutex_lock(&a->mutex);
	t = record_find(a, &attempt, id);
	if (t != NULL) {
		memset(&t->state, 0, sizeof(t->state));
		memset(&t->seen, 0, sizeof(t->seen));
		t->lock_at = 0;
		t->loaded = 1;
		/* What was read before says nothing any more. */
		t->writes++;
	}
	ldap_pvt_thread_mutex_unlock(&a->mutex);
}
