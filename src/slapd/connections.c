/*
 * connections.c - connections of members that may not be logged in any more.
 */
#include "slapd/muster.h"

/* end_all - op's own connection only becomes anonymous, so that the answer gets through; 1 when it was among them */
static int
end_all(Operation *op, struct berval *ndn)
{
	ber_socket_t index;
	Connection *c;
	int own = 0;

	for (c = connection_first(&index); c != NULL; c = connection_next(c, &index)) {
		if (BER_BVISEMPTY(&c->c_ndn) || !dnIsSuffix(&c->c_ndn, ndn))
			continue;
		/* Operations that wait on the connection find themselves anonymous. */
		connection2anonymous(c);
		if (c == op->o_conn)
			own = 1;
		else
			slapd_shutsock(c->c_sd);
	}
	connection_done(c);
	return own;
}

/* end_own - op's own connection, after the answer */
static void
end_own(Operation *op)
{
	ldap_pvt_thread_mutex_lock(&op->o_conn->c_mutex);
	/* slapd's listener sees the end of the socket and closes it in its own way. */
	if (op->o_conn->c_connid == op->o_connid)
		slapd_shutsock(op->o_conn->c_sd);
	ldap_pvt_thread_mutex_unlock(&op->o_conn->c_mutex);
}

struct ending {
	struct berval ndn;
	int own;
};

static int
written(Operation *op, SlapReply *rs)
{
	struct ending *ending = op->o_callback->sc_private;

	if (rs->sr_type == REP_RESULT && rs->sr_err == LDAP_SUCCESS)
		ending->own = end_all(op, &ending->ndn);
	return SLAP_CB_CONTINUE;
}

static void
unlink_callback(Operation *op, slap_callback *callback)
{
	slap_callback **cb;

	for (cb = &op->o_callback; *cb != NULL; cb = &(*cb)->sc_next) {
		if (*cb == callback) {
			*cb = callback->sc_next;
			return;
		}
	}
}

int
connections_end_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy)
{
	struct ending ending = { op->o_req_ndn, 0 };
	slap_callback callback = { .sc_next = op->o_callback, .sc_response = written, .sc_private = &ending };
	int rc;

	op->o_callback = &callback;
	rc = op_walk(op, rs, m, which, with_ppolicy);
	unlink_callback(op, &callback);
	if (ending.own)
		end_own(op);
	return rc;
}
