/*
 * connections.c - connections of members that may not be logged in any more, or have to log in again.
 *
 * A login may be under way meanwhile: judged by what the entry said before, and without its identity yet. So each name has a
 * generation, counted on before its connections are looked for; a login compares it when it has its identity, and is over
 * when the generation is another. Names share the counters of a table: at worst a login that happens at the same moment is
 * refused for another's sake.
 */
#include "slapd/connections.h"

#include <sodium.h>

#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/reply.h"

#define GENERATIONS 65536

static struct {
	ldap_pvt_thread_mutex_t mutex;
	uint8_t key[crypto_shorthash_KEYBYTES];
	unsigned generations[GENERATIONS];
} table;

void
connections_ready(void)
{
	crypto_shorthash_keygen(table.key);
	ldap_pvt_thread_mutex_init(&table.mutex);
}

static unsigned *
generation_of(const struct berval *ndn)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const uint8_t *)ndn->bv_val, ndn->bv_len, table.key);
	return &table.generations[(hash[0] | hash[1] << 8) % GENERATIONS];
}

unsigned
connections_generation(const struct berval *ndn)
{
	unsigned generation;

	ldap_pvt_thread_mutex_lock(&table.mutex);
	generation = *generation_of(ndn);
	ldap_pvt_thread_mutex_unlock(&table.mutex);
	return generation;
}

static void
count_on(const struct berval *ndn)
{
	ldap_pvt_thread_mutex_lock(&table.mutex);
	++*generation_of(ndn);
	ldap_pvt_thread_mutex_unlock(&table.mutex);
}

int
connections_stands(Operation *op)
{
	Connection *c = op->o_conn;
	int stands;

	if (c == NULL || c->c_conn_idx < 0)
		return 1; /* slapd's own */
	ldap_pvt_thread_mutex_lock(&c->c_mutex);
	stands = c->c_connid == op->o_connid && !BER_BVISEMPTY(&c->c_ndn);
	ldap_pvt_thread_mutex_unlock(&c->c_mutex);
	return stands;
}

int
connections_end(Operation *op, const struct berval *ndn, enum connections_scope scope)
{
	ber_socket_t index;
	Connection *c;
	int own = 0;

	count_on(ndn);
	for (c = connection_first(&index); c != NULL; c = connection_next(c, &index)) {
		if (BER_BVISEMPTY(&c->c_ndn) || !dnIsSuffix(&c->c_ndn, ndn))
			continue;
		if (scope == END_OTHERS && (c == op->o_conn || c->c_ndn.bv_len != ndn->bv_len))
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
connections_end_others(Operation *op, const struct berval *ndn)
{
	(void)connections_end(op, ndn, END_OTHERS);
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

struct ending {
	struct berval ndn;
	enum connections_scope scope;
	int own;
};

static int
written(Operation *op, SlapReply *rs)
{
	struct ending *ending = op->o_callback->sc_private;

	if (rs->sr_type == REP_RESULT && rs->sr_err == LDAP_SUCCESS)
		ending->own = connections_end(op, &ending->ndn, ending->scope);
	return SLAP_CB_CONTINUE;
}

int
connections_end_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                     enum connections_scope scope)
{
	struct ending ending = { op->o_req_ndn, scope, 0 };
	slap_callback callback = { .sc_next = op->o_callback, .sc_response = written, .sc_private = &ending };
	int rc;

	op->o_callback = &callback;
	rc = op_walk(op, rs, m, which, with_ppolicy);
	reply_callback_unlink(op, &callback);
	if (ending.own)
		connections_end_own(op);
	return rc;
}
