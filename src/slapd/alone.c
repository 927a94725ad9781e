/*
 * alone.c - writes that must be alone in the database, and writes of several entries that are stored together or not at all.
 *
 * A rule about several entries (an organization keeps an OWNER, a domain is somebody's once) is looked at before a write and must
 * hold after it. So every write counts itself in while it is below us, and who asks for more waits until none is there, with
 * no new one let in. Only then may a transaction of the database be open while other overlays are passed: they have locks of
 * their own (syncprov one for each entry, unique one for all), and whoever held one of them would wait for the database's only
 * writer, which is us.
 *
 * Waiting looks out for slapd's own wish to be alone, which it has when cn=config changes: both would wait for each other.
 */
#include "slapd/alone.h"

#include <time.h>

#include "common/err.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

#define WAIT_NSEC 200000L

static struct {
	ldap_pvt_thread_mutex_t mutex;
	unsigned writers;
	int alone;
} gate;

/* How deep this thread is in writes: overlays below us write while they are told of a write. */
static __thread unsigned depth;

void
alone_ready(void)
{
	ldap_pvt_thread_mutex_init(&gate.mutex);
}

static void
wait_a_moment(void)
{
	static const struct timespec pause = { 0, WAIT_NSEC };

	if (!ldap_pvt_thread_pool_pausecheck(&connection_pool))
		nanosleep(&pause, NULL);
}

/* enter - 1 when nobody is alone: then count on another writer, or be the one that is alone */
static int
enter(int alone)
{
	int entered;

	ldap_pvt_thread_mutex_lock(&gate.mutex);
	entered = !gate.alone;
	if (entered && alone)
		gate.alone = 1;
	else if (entered)
		gate.writers++;
	ldap_pvt_thread_mutex_unlock(&gate.mutex);
	return entered;
}

static int
others_are_there(void)
{
	unsigned writers;

	ldap_pvt_thread_mutex_lock(&gate.mutex);
	writers = gate.writers;
	ldap_pvt_thread_mutex_unlock(&gate.mutex);
	return writers > 0;
}

void
writes_enter(void)
{
	if (depth++ > 0)
		return;
	while (!enter(0))
		wait_a_moment();
}

void
writes_leave(void)
{
	if (--depth > 0)
		return;
	ldap_pvt_thread_mutex_lock(&gate.mutex);
	gate.writers--;
	ldap_pvt_thread_mutex_unlock(&gate.mutex);
}

static int
somebody_is_alone(void)
{
	int alone;

	ldap_pvt_thread_mutex_lock(&gate.mutex);
	alone = gate.alone;
	ldap_pvt_thread_mutex_unlock(&gate.mutex);
	return alone;
}

void
alone_wait(void)
{
	while (depth == 0 && somebody_is_alone())
		wait_a_moment();
}

int
alone_begin(void)
{
	if (depth > 0)
		return ERR_BUSY;
	while (!enter(1))
		wait_a_moment();
	while (others_are_there())
		wait_a_moment();
	/* What this thread writes from now on does not count itself in. */
	depth++;
	return 0;
}

void
alone_end(void)
{
	depth--;
	ldap_pvt_thread_mutex_lock(&gate.mutex);
	gate.alone = 0;
	ldap_pvt_thread_mutex_unlock(&gate.mutex);
}

/* --- several entries ------------------------------------------------------------------------------ */

/* call_txn - the database's own part of a transaction, for op. out: 0, else it failed */
static int
call_txn(Operation *op, struct muster *m, int what, OpExtra **extra)
{
	BackendInfo *database = m->on->on_info->oi_orig;
	BackendDB *bd = op->o_bd, copy = *m->db;
	int rc;

	copy.bd_info = database;
	op->o_bd = &copy;
	rc = database->bi_op_txn(op, what, extra);
	op->o_bd = bd;
	return rc;
}

int
transaction_begin(Operation *op, struct muster *m, struct transaction *t)
{
	memset(t, 0, sizeof(*t));
	if (m->on->on_info->oi_orig->bi_op_txn == NULL)
		return ERR_IO;
	t->op = op;
	t->m = m;
	/* What op has read so far was not in the transaction. */
	t->before = LDAP_SLIST_FIRST(&op->o_extra);
	LDAP_SLIST_INIT(&op->o_extra);
	if (call_txn(op, m, SLAP_TXN_BEGIN, &t->extra) != 0) {
		LDAP_SLIST_FIRST(&op->o_extra) = t->before;
		return ERR_IO;
	}
	return 0;
}

int
transaction_end(struct transaction *t, int rc)
{
	int failed;

	/* Its end frees it. */
	LDAP_SLIST_FIRST(&t->op->o_extra) = t->before;
	failed = call_txn(t->op, t->m, rc == LDAP_SUCCESS ? SLAP_TXN_COMMIT : SLAP_TXN_ABORT, &t->extra);
	return rc == LDAP_SUCCESS && failed ? LDAP_OTHER : rc;
}

/* held - the database's answer to a walk in a transaction is kept back: it is not stored yet */
static int
held(Operation *op, SlapReply *rs)
{
	struct transaction_answer *answer = op->o_callback->sc_private;

	if (rs->sr_type != REP_RESULT)
		return SLAP_CB_CONTINUE;
	answer->result = rs->sr_err;
	snprintf(answer->text, sizeof(answer->text), "%s", rs->sr_text != NULL ? rs->sr_text : "");
	return LDAP_SUCCESS;
}

int
transaction_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                 struct transaction_answer *answer)
{
	slap_callback callback = { .sc_response = held, .sc_private = answer }, *before = op->o_callback;

	answer->result = LDAP_OTHER;
	answer->text[0] = '\0';
	/* Nobody above hears of it, nor is freed, before it is stored. */
	op->o_callback = &callback;
	op_walk(op, rs, m, which, with_ppolicy);
	op->o_callback = before;
	rs->sr_text = NULL;
	/* Controls of an answer (pre- and post-read) were the database's own, and are gone. */
	rs->sr_ctrls = NULL;
	return answer->result;
}

int
transaction_answer(Operation *op, SlapReply *rs, struct muster *m, const struct transaction_answer *answer)
{
	BackendInfo *own = op->o_bd->bd_info;

	op->o_bd->bd_info = (BackendInfo *)m->on->on_info;
	rs->sr_err = answer->result;
	rs->sr_text = answer->text[0] != '\0' ? answer->text : NULL;
	send_ldap_result(op, rs);
	rs->sr_text = NULL;
	op->o_bd->bd_info = own;
	return answer->result;
}
