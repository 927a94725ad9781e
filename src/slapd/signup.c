/*
 * signup.c - how many sign-ups there may be, and the end of those that nobody proves: a task looks for them each minute.
 */
#include "slapd/signup.h"

#include "core/facts.h"
#include "core/rate.h"
#include "slapd/alone.h"
#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/source.h"
#include "slapd/task.h"

#define SOURCE_BURST 20      /* sign-ups of one client at once */
#define SOURCE_EVERY_SEC 120 /* then one in so long */
#define UNPROVED_MAX 10000   /* accounts that wait for their proof */
#define LOOK_SEC 60
#define DUE_MAX 1000         /* names held in memory; the others are found the next time, which is soon */
#define SOON_SEC 1

#define FILTER "(musterUnprovedUntil=*)"

struct signups {
	ldap_pvt_thread_mutex_t mutex;
	struct rate rate;
	unsigned unproved; /* as it was looked at last, and what is known to have come and gone since */
	struct task *task;
	int told;          /* that one cannot be taken away */
};

/* --- configuration -------------------------------------------------------------------------------- */

int
signups_config(ConfigArgs *c)
{
	struct muster *m = ((slap_overinst *)c->bi)->on_bi.bi_private;
	const char *wrong;

	if (c->op == SLAP_CONFIG_EMIT)
		return BER_BVISEMPTY(&m->terms) ? 1 : value_add_one(&c->rvalue_vals, &m->terms);
	if (c->op != LDAP_MOD_DELETE) {
		wrong = fact_check(FACT_NAME, c->argv[1], strlen(c->argv[1]));
		if (wrong != NULL) {
			snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterTerms: %s", wrong);
			Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
			return ARG_BAD_CONF;
		}
	}
	ch_free(m->terms.bv_val);
	BER_BVZERO(&m->terms);
	if (c->op != LDAP_MOD_DELETE)
		ber_str2bv(c->argv[1], 0, 1, &m->terms);
	return 0;
}

int
signups_new(struct muster *m)
{
	m->signups = ch_calloc(1, sizeof(*m->signups));
	m->signups->rate.burst = SOURCE_BURST;
	m->signups->rate.every_sec = SOURCE_EVERY_SEC;
	ldap_pvt_thread_mutex_init(&m->signups->mutex);
	return 0;
}

void
signups_free(struct muster *m)
{
	ch_free(m->terms.bv_val);
	BER_BVZERO(&m->terms);
	ldap_pvt_thread_mutex_destroy(&m->signups->mutex);
	ch_free(m->signups);
	m->signups = NULL;
}

/* --- how many ------------------------------------------------------------------------------------- */

int
signups_take(Operation *op, struct muster *m)
{
	struct signups *s = m->signups;
	struct source_place place;
	int taken;

	source_place(op, &place);
	ldap_pvt_thread_mutex_lock(&s->mutex);
	taken = s->unproved < UNPROVED_MAX && rate_take(&s->rate, place.octets, sizeof(place.octets), slap_get_time());
	ldap_pvt_thread_mutex_unlock(&s->mutex);
	return taken;
}

int
signups_full(struct muster *m)
{
	int full;

	ldap_pvt_thread_mutex_lock(&m->signups->mutex);
	full = m->signups->unproved >= UNPROVED_MAX;
	ldap_pvt_thread_mutex_unlock(&m->signups->mutex);
	return full;
}

void
signups_made(struct muster *m)
{
	ldap_pvt_thread_mutex_lock(&m->signups->mutex);
	m->signups->unproved++;
	ldap_pvt_thread_mutex_unlock(&m->signups->mutex);
}

void
signups_proved(struct muster *m)
{
	ldap_pvt_thread_mutex_lock(&m->signups->mutex);
	if (m->signups->unproved > 0)
		m->signups->unproved--;
	ldap_pvt_thread_mutex_unlock(&m->signups->mutex);
}

/* --- who vanishes --------------------------------------------------------------------------------- */

/* What a look at the unproved sign-ups finds. */
struct look {
	int64_t now;
	unsigned unproved;
	BerVarray due; /* normalized names */
	int due_len;
};

/* is_over - 1 when an entry's time to be proved is over; a mark that is no time is not one that anybody wrote here */
static int
is_over(Entry *e, int64_t now)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.unproved_until);
	struct lutil_timet t;
	struct lutil_tm tm;

	return a != NULL && lutil_parsetime(a->a_nvals[0].bv_val, &tm) == 0 && lutil_tm2time(&tm, &t) == 0 &&
	       (int64_t)t.tt_sec <= now;
}

/* is_proved - 1 when somebody has the account all the same: an administrator gave it a password or proved its address */
static int
is_proved(Entry *e)
{
	return attr_find(e->e_attrs, slap_schema.si_ad_userPassword) != NULL ||
	       attr_find(e->e_attrs, muster_ad.mail_verified) != NULL;
}

static void
look_at(Entry *e, void *arg)
{
	struct look *look = arg;
	struct berval name;

	look->unproved++;
	if (!is_over(e, look->now) || look->due_len == DUE_MAX)
		return;
	ber_dupbv(&name, &e->e_nname);
	ber_bvarray_add(&look->due, &name);
	look->due_len++;
}

/* vanish - out: LDAP result code. Nobody else writes meanwhile, so what is looked at is what is deleted. */
static int
vanish(Operation *op, struct muster *m, struct berval *ndn, int64_t now)
{
	BackendDB *hook = op->o_bd;
	Modifications *mods = NULL;
	struct berval dn = BER_BVNULL;
	int over = 0, proved = 0;
	Entry *e;

	op->o_bd = m->db;
	e = entry_fetch(op, ndn);
	if (e != NULL) {
		over = is_over(e, now);
		proved = is_proved(e);
		ber_dupbv(&dn, &e->e_name);
		be_entry_release_r(op, e);
	}
	op->o_bd = hook;
	if (over && proved)
		mods_add(&mods, SLAP_MOD_SOFTDEL, muster_ad.unproved_until, NULL);
	over = !over ? LDAP_SUCCESS : proved ? mods_write(op, m, &dn, ndn, &mods) : internal_delete(op, m->db, &dn, ndn);
	ch_free(dn.bv_val);
	return over == LDAP_NO_SUCH_OBJECT ? LDAP_SUCCESS : over;
}

static int
look_and_delete(Operation *op, struct muster *m, void *arg)
{
	struct look look = { .now = slap_get_time() };
	struct signups *s = arg;
	int i, rc, gone = 0, failed = LDAP_SUCCESS;

	rc = internal_search(op, m->db, &m->base_ndn, FILTER, 0, look_at, &look);
	for (i = 0; rc == LDAP_SUCCESS && i < look.due_len && !slapd_shutdown; i++) {
		if (alone_begin() < 0)
			break;
		rc = vanish(op, m, &look.due[i], look.now);
		alone_end();
		gone += rc == LDAP_SUCCESS;
		failed = rc != LDAP_SUCCESS ? rc : failed;
		/* One that has something below it is in nobody else's way. */
		rc = rc == LDAP_NOT_ALLOWED_ON_NONLEAF ? LDAP_SUCCESS : rc;
	}
	ber_bvarray_free(look.due);
	ldap_pvt_thread_mutex_lock(&s->mutex);
	s->unproved = look.unproved - (unsigned)gone;
	ldap_pvt_thread_mutex_unlock(&s->mutex);
	if (failed != LDAP_SUCCESS && !s->told)
		Debug(LDAP_DEBUG_ANY, "muster: a sign-up that nobody proved cannot be deleted (%d): it is tried again\n", failed);
	s->told = failed != LDAP_SUCCESS;
	return look.due_len == DUE_MAX && failed == LDAP_SUCCESS ? SOON_SEC : LOOK_SEC;
}

void
signups_wish(struct muster *m)
{
	task_wish(&m->signups->task, m, "muster_signups", SOON_SEC, look_and_delete, m->signups);
}

void
signups_end(struct muster *m)
{
	task_end(&m->signups->task);
}
