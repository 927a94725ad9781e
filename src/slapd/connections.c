/*
 * connections.c - connections of members that may not be logged in any more.
 */
#include "slapd/muster.h"

int
connections_end(Operation *op, struct berval *ndn)
{
	ber_socket_t index;
	Connection *c;
	int own = 0;

	for (c = connection_first(&index); c != NULL; c = connection_next(c, &index)) {
		if (BER_BVISEMPTY(&c->c_ndn) || !dn_match(&c->c_ndn, ndn))
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

void
connections_end_own(Operation *op)
{
	ldap_pvt_thread_mutex_lock(&op->o_conn->c_mutex);
	/* slapd's listener sees the end of the socket and closes it in its own way. */
	if (op->o_conn->c_connid == op->o_connid)
		slapd_shutsock(op->o_conn->c_sd);
	ldap_pvt_thread_mutex_unlock(&op->o_conn->c_mutex);
}
