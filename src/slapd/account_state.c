/*
 * account_state.c - failures in memory: counted at once, compared with what the entry says, handed to whoever writes them.
 *
 * The entry is the truth, and failures.c tells it what happened a moment later. So what is read from it may be older than
 * what is known here; it may also be newer, when an administrator unlocked the account, another server wrote, or a
 * backup was restored. Whatever is neither what we read last nor what we wrote came from somebody else and is taken over;
 * while a write of ours is under way what was read says nothing.
 */
#include "slapd/account_table.h"

#include <sodium.h>

#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/policy.h"
#include "slapd/source.h"

struct state_mark
account_mark_of(const struct accounts *a, const struct berval *text)
{
	struct state_mark mark;

	memset(&mark, 0, sizeof(mark));
	if (!BER_BVISEMPTY(text))
		crypto_generichash(mark.octets, sizeof(mark.octets), (const uint8_t *)text->bv_val, text->bv_len, a->key,
		                   sizeof(a->key));
	return mark;
}

static int
same_mark(const struct state_mark *one, const struct state_mark *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

static struct state_mark
state_mark(const struct account_try *t, const struct budget *state)
{
	char text[BUDGET_TEXT_MAX];
	struct berval bv = { 0, text };

	budget_format(state, text);
	bv.bv_len = strlen(text);
	return account_mark_of(t->table, &bv);
}

static void
state_read(const struct berval *text, int64_t now, struct budget *state)
{
	if (budget_parse(text->bv_val, text->bv_len, state) < 0)
		budget_unreadable(now, state);
}

static void
limits_of(const struct policy *policy, struct budget_limits *limits)
{
	limits->threshold = policy->threshold;
	limits->min_delay_sec = policy->min_delay_sec;
	limits->max_delay_sec = policy->max_delay_sec;
	limits->daily[BUDGET_PASSWORD] = policy->daily_password_failures;
	limits->daily[BUDGET_CODE] = policy->daily_code_failures;
	limits->lockout = policy->lockout;
}

/* --- may somebody try ----------------------------------------------------------------------------- */

/* lock_holds - of a lock the entry does not say yet, and on a copy of the directory never will */
static int
lock_holds(const struct account_try *t, const struct attempt *attempt)
{
	int64_t hold = attempt->policy->lockout_duration_sec;

	if (hold == 0)
		hold = attempt->policy->max_delay_sec;
	return t->lock_at != 0 && attempt->now < t->lock_at + hold;
}

static const char *
state_refuses(const struct budget *state, const struct attempt *attempt, int knows)
{
	struct budget_limits limits;

	limits_of(attempt->policy, &limits);
	if (!knows && budget_throttled(state, BUDGET_PASSWORD, &limits, &attempt->source->from, attempt->now))
		return "throttled";
	if (attempt->with_code && budget_throttled(state, BUDGET_CODE, &limits, &attempt->source->from, attempt->now))
		return "code-throttled";
	return NULL;
}

const char *
account_refused(const struct account_try *t, const struct attempt *attempt)
{
	static const struct berval nothing = BER_BVNULL;
	const struct berval *text = attempt->member != NULL ? &attempt->member->login_state : &nothing;
	/* Whoever has the account looks whether it is the very password. */
	int knows = attempt->two_steps && account_knows(t, attempt->connid, attempt->now);
	struct state_mark mark = account_mark_of(t->table, text);
	struct budget state;

	if ((attempt->member != NULL && member_locked(attempt->member, attempt->now)) || lock_holds(t, attempt))
		return "locked";
	/* What differs, or cannot be read, is looked at by whoever has the account. */
	if (!t->loaded)
		return budget_parse(text->bv_val, text->bv_len, &state) < 0 ? NULL : state_refuses(&state, attempt, knows);
	if (!t->busy && !same_mark(&mark, &t->seen))
		return NULL;
	return state_refuses(&t->state, attempt, knows);
}

unsigned
account_failures(const struct account_try *t, const struct attempt *attempt)
{
	return budget_failures(&t->state, &attempt->source->from, attempt->now);
}

const char *
account_throttled(struct account_try *t, const struct attempt *attempt, int knows)
{
	const char *rule = NULL;

	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	if ((attempt->member != NULL && member_locked(attempt->member, attempt->now)) || lock_holds(t, attempt))
		rule = "locked";
	else
		rule = state_refuses(&t->state, attempt, knows);
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
	return rule;
}

/* --- the entry and we ----------------------------------------------------------------------------- */

void
account_sync(struct account_try *t, const struct berval *text, int64_t now)
{
	struct accounts *a = t->table;
	struct state_mark mark = account_mark_of(a, text);

	ldap_pvt_thread_mutex_lock(&a->mutex);
	if (!t->loaded || (!t->mark_void && t->writing == 0 && t->mark == t->writes && !same_mark(&mark, &t->seen))) {
		state_read(text, now, &t->state);
		t->seen = mark;
		t->loaded = 1;
	}
	ldap_pvt_thread_mutex_unlock(&a->mutex);
}

void
account_record(struct account_try *t, enum account_event event, const struct attempt *attempt)
{
	enum budget_kind kind = event == ACCOUNT_CODE_WRONG ? BUDGET_CODE : BUDGET_PASSWORD;
	struct budget_limits limits;

	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	switch (event) {
	case ACCOUNT_PASSWORD_WRONG:
	case ACCOUNT_CODE_WRONG:
		limits_of(attempt->policy, &limits);
		if (budget_fail(&t->state, kind, &limits, &attempt->source->from, attempt->now))
			t->lock_at = attempt->now;
		break;
	case ACCOUNT_LOGIN:
		budget_login(&t->state, &attempt->source->from);
		break;
	case ACCOUNT_UNLOCK:
		memset(&t->state, 0, sizeof(t->state));
		memset(&t->seen, 0, sizeof(t->seen));
		t->lock_at = 0;
		break;
	}
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
}

/* tell_begin - the mutex is held */
static void
tell_begin(struct account_try *t, const struct budget *state)
{
	t->told = state_mark(t, state);
	t->writes++;
	t->writing++;
}

/* tell_end - the mutex is held. Of two writes at a time the one that began last has the say. */
static void
tell_end(struct account_try *t, unsigned began, int saved)
{
	t->writing--;
	if (saved && began == t->writes)
		t->seen = t->told;
}

unsigned
account_login_begin(struct account_try *t, const struct source *source, char text_out[BUDGET_TEXT_MAX])
{
	struct budget state;
	unsigned began;

	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	state = t->state;
	budget_login(&state, &source->from);
	budget_format(&state, text_out);
	tell_begin(t, &state);
	began = t->writes;
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
	return began;
}

void
account_login_end(struct account_try *t, const struct source *source, unsigned began, int saved)
{
	ldap_pvt_thread_mutex_lock(&t->table->mutex);
	if (saved)
		budget_login(&t->state, &source->from);
	tell_end(t, began, saved);
	ldap_pvt_thread_mutex_unlock(&t->table->mutex);
}

/* --- for whoever writes --------------------------------------------------------------------------- */

int
account_is_unsaved(const struct account_try *t)
{
	struct state_mark mark;

	if (BER_BVISNULL(&t->ndn) || !t->loaded)
		return 0;
	mark = state_mark(t, &t->state);
	return t->lock_at != 0 || !same_mark(&mark, &t->seen);
}

void
account_queue(struct account_try *t)
{
	struct accounts *a = t->table;

	if (t->queued || !a->m->open || SLAP_SINGLE_SHADOW(a->m->db) || !account_is_unsaved(t))
		return;
	t->queued = 1;
	t->next_queued = NULL;
	*a->queue_end = t;
	a->queue_end = &t->next_queued;
	failures_submit(a);
}

int
account_take(struct accounts *a, struct account_job *job)
{
	struct account_try *t;

	memset(job, 0, sizeof(*job));
	ldap_pvt_thread_mutex_lock(&a->mutex);
	t = a->queue;
	if (t != NULL) {
		a->queue = t->next_queued;
		if (a->queue == NULL)
			a->queue_end = &a->queue;
		job->t = t;
		job->writes = t->writes;
		ber_dupbv(&job->ndn, &t->ndn);
		memcpy(job->uuid, t->uuid, sizeof(job->uuid));
	}
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return t != NULL;
}

int
account_tell(struct account_job *job, const struct member *member)
{
	struct account_try *t = job->t;
	struct accounts *a = t->table;
	struct state_mark mark = account_mark_of(a, &member->login_state);

	ldap_pvt_thread_mutex_lock(&a->mutex);
	/* A login has written since, or is about to: it says the same and more. */
	job->again = t->writing > 0 || t->writes != job->writes;
	if (!job->again && !same_mark(&mark, &t->seen)) {
		state_read(&member->login_state, (int64_t)slap_get_time(), &t->state);
		t->seen = mark;
		t->lock_at = 0;
	}
	if (!job->again && account_is_unsaved(t)) {
		budget_format(&t->state, job->text);
		job->lock_at = t->lock_at;
		tell_begin(t, &t->state);
		job->began = t->writes;
	}
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return job->began != 0;
}

void
account_told(struct account_job *job, enum account_told told)
{
	struct account_try *t = job->t;
	struct accounts *a = t->table;

	ldap_pvt_thread_mutex_lock(&a->mutex);
	if (job->began != 0)
		tell_end(t, job->began, told == TOLD_DONE);
	if (told == TOLD_DONE && job->began != 0 && t->lock_at == job->lock_at)
		t->lock_at = 0;
	if (told == TOLD_NOBODY) {
		memset(&t->state, 0, sizeof(t->state));
		t->lock_at = 0;
		t->loaded = 0;
	}
	t->queued = 0;
	/* Whoever has the account does that when it is given back. */
	if (told != TOLD_FAILED && !t->busy)
		account_queue(t);
	account_settle(t, (int64_t)slap_get_time());
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	ch_free(job->ndn.bv_val);
	memset(job, 0, sizeof(*job));
}
