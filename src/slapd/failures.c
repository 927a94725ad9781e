/*
 * failures.c - failures are written by a task of their own, so that nobody's answer and nobody's next try waits for the disk.
 *
 * Failures that come while one is being written go into the next write together. A write is conditional on what the entry said,
 * so an unlock that comes in between is not undone. What is not written when slapd is killed is lost, as is at most what
 * came since the last write began; an orderly end writes everything.
 */
#include "slapd/failures.h"

#include "slapd/account_table.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

static void
mods_of(const struct account_job *job, const struct member *member, Modifications **mods)
{
	if (!BER_BVISNULL(&member->login_state))
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.login_state, &member->login_state);
	if (job->text[0] != '\0')
		mods_add_text(mods, LDAP_MOD_ADD, muster_ad.login_state, job->text);
	/* An administrator's lock lasts longer than ours. */
	if (job->lock_at == 0 || member_locked_for_good(member))
		return;
	if (!BER_BVISNULL(&member->locked))
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.pwd_locked, &member->locked);
	mods_add_time(mods, LDAP_MOD_ADD, muster_ad.pwd_locked, job->lock_at);
	outbox_owe(member, "locked", NULL, job->lock_at, mods);
}

static enum account_told
write_about(Operation *op, struct muster *m, struct account_job *job)
{
	struct member *member = NULL;
	Modifications *mods = NULL;
	enum account_told told = TOLD_NOBODY;
	int rc;

	if (member_load(op, m, &job->ndn, &member) < 0 || strcmp(member->uuid, job->uuid) != 0)
		goto out;
	told = TOLD_DONE;
	if (!account_tell(job, member)) {
		told = job->again ? TOLD_OVERTAKEN : TOLD_DONE;
		goto out;
	}
	mods_of(job, member, &mods);
	rc = mods_write(op, m, &member->dn, &member->ndn, &mods);
	switch (rc) {
	case LDAP_SUCCESS:
		break;
	case LDAP_NO_SUCH_ATTRIBUTE:
	case LDAP_TYPE_OR_VALUE_EXISTS:
	case LDAP_NO_SUCH_OBJECT:
		told = TOLD_OVERTAKEN;
		break;
	default:
		told = TOLD_FAILED;
		Debug(LDAP_DEBUG_ANY, "muster: failed logins of %s cannot be written (%d), they are kept in memory\n",
		      member->dn.bv_val, rc);
		break;
	}
out:
	member_free(&member);
	return told;
}

/* write_queued - in: stop  1: leave the rest when slapd wants to stop its threads */
static void
write_queued(struct muster *m, void *ctx, int stop)
{
	Connection conn = { 0 };
	OperationBuffer buffer;
	struct account_job job;
	Operation *op;

	connection_fake_init2(&conn, &buffer, ctx, 0);
	op = &buffer.ob_op;
	op->o_bd = m->db;
	op->o_dn = m->db->be_rootdn;
	op->o_ndn = m->db->be_rootndn;
	while (!(stop && ldap_pvt_thread_pool_pausing(&connection_pool) > 0) && account_take(m->accounts, &job))
		account_told(&job, write_about(op, m, &job));
}

static void *
task(void *ctx, void *arg)
{
	struct muster *m = arg;
	struct accounts *a = m->accounts;

	ldap_pvt_thread_mutex_lock(&a->mutex);
	a->writer_cookie = NULL;
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	write_queued(m, ctx, 1);
	ldap_pvt_thread_mutex_lock(&a->mutex);
	a->writer = 0;
	if (a->queue != NULL)
		failures_submit(a);
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	return NULL;
}

void
failures_submit(struct accounts *a)
{
	if (a->writer)
		return;
	a->writer = 1;
	/* Without a thread they wait for the next failure, or for the end. */
	if (ldap_pvt_thread_pool_submit2(&connection_pool, task, a->m, &a->writer_cookie) != 0)
		a->writer = 0;
}

void
failures_flush(struct muster *m)
{
	struct accounts *a = m->accounts;

	ldap_pvt_thread_mutex_lock(&a->mutex);
	/* One that has not begun would find nobody when it does. */
	if (a->writer_cookie != NULL && ldap_pvt_thread_pool_retract(a->writer_cookie) == 1)
		a->writer = 0;
	a->writer_cookie = NULL;
	ldap_pvt_thread_mutex_unlock(&a->mutex);
	write_queued(m, ldap_pvt_thread_pool_context(), 0);
}

int
failures_being_written(struct muster *m)
{
	int begun;

	ldap_pvt_thread_mutex_lock(&m->accounts->mutex);
	begun = m->accounts->writer;
	ldap_pvt_thread_mutex_unlock(&m->accounts->mutex);
	return begun;
}
