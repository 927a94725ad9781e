/*
 * connections.c - connections of members that may not be logged in any more.
 */
#include "slapd/muster.h"

/*
 * Each loses its identity at once, so that operations which wait find themselves anonymous, and its socket is shut: slapd's
 * listener then sees the end of it and closes it in its own way. Also when it is the connection that asked for it.
 */
void
connections_end(struct berval *ndn)
{
	ber_socket_t index;
	Connection *c;

	for (c = connection_first(&index); c != NULL; c = connection_next(c, &index)) {
		if (BER_BVISEMPTY(&c->c_ndn) || !dn_match(&c->c_ndn, ndn))
			continue;
		connection2anonymous(c);
		slapd_shutsock(c->c_sd);
	}
	connection_done(c);
}
