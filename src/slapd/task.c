/*
 * task.c - tasks of slapd's run queue.
 */
#include "slapd/task.h"

#include <ldap_rq.h>

#include "slapd/muster.h"

struct task {
	struct muster *m;
	struct re_s *entry;
	task_work *work;
	void *arg;
};

static int
carry_out(void *ctx, struct task *task)
{
	struct muster *m = task->m;
	Connection conn = { 0 };
	OperationBuffer buffer;
	Operation *op = &buffer.ob_op;
	BackendDB db;

	/* A copy's values are the provider's; without keys nothing can be sealed or minted until they are read again. */
	if (!m->open || m->ring == NULL || SLAP_SINGLE_SHADOW(m->db) || slapd_shutdown)
		return TASK_REST;
	connection_fake_init2(&conn, &buffer, ctx, 1);
	db = *m->db;
	db.be_flags |= SLAP_DBFLAG_OVERLAY;
	db.bd_info = (BackendInfo *)m->on;
	op->o_bd = &db;
	op->o_dn = m->db->be_rootdn;
	op->o_ndn = m->db->be_rootndn;
	return task->work(op, m, task->arg);
}

static void *
run(void *ctx, void *arg)
{
	struct re_s *entry = arg;
	struct task *task = entry->arg;
	int next = carry_out(ctx, task);

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (ldap_pvt_runqueue_isrunning(&slapd_rq, entry))
		ldap_pvt_runqueue_stoptask(&slapd_rq, entry);
	if (next != TASK_REST)
		entry->interval.tv_sec = next;
	ldap_pvt_runqueue_resched(&slapd_rq, entry, next == TASK_REST);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return NULL;
}

void
task_wish(struct task **task, struct muster *m, const char *name, int in_sec, task_work *work, void *arg)
{
	struct task *t = *task;

	if (t == NULL) {
		t = ch_calloc(1, sizeof(*t));
		t->m = m;
		*task = t;
	}
	t->work = work;
	t->arg = arg;
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (t->entry == NULL) {
		t->entry = ldap_pvt_runqueue_insert(&slapd_rq, in_sec, run, t, (char *)name, m->db->be_suffix[0].bv_val);
	}
	if (t->entry != NULL && !ldap_pvt_runqueue_isrunning(&slapd_rq, t->entry)) {
		t->entry->interval.tv_sec = in_sec;
		ldap_pvt_runqueue_resched(&slapd_rq, t->entry, 0);
	}
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
}

/*
 * retract - a task that is waiting for its turn must not begin any more. slapd's own thread marks a task as running before it
 *           hands it to the pool and says how to take it back.
 */
static void
retract(struct re_s *entry)
{
	while (ldap_pvt_runqueue_isrunning(&slapd_rq, entry) && entry->pool_cookie == NULL) {
		ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
		ldap_pvt_thread_yield();
		ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	}
	if (!ldap_pvt_runqueue_isrunning(&slapd_rq, entry))
		return;
	ldap_pvt_runqueue_stoptask(&slapd_rq, entry);
	(void)ldap_pvt_thread_pool_retract(entry->pool_cookie);
}

void
task_end(struct task **task)
{
	struct task *t = *task;

	if (t == NULL)
		return;
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (t->entry != NULL) {
		retract(t->entry);
		ldap_pvt_runqueue_remove(&slapd_rq, t->entry);
	}
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	ch_free(t);
	*task = NULL;
}
