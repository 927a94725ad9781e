/*
 * gate_pool.h - connections of the gate to the directory servers: which server, reuse, and what a server's silence costs.
 */
#ifndef MUSTER_MUSTERD_GATE_POOL_H
#define MUSTER_MUSTERD_GATE_POOL_H

#include <stddef.h>

#include "common/conf.h"
#include "directory/directory.h"

struct pool;

/* A connection in somebody's hands. All zero: none. */
struct lease {
	struct directory *d;
	size_t server;
	int reused; /* it was idle before, so the server may have closed it meanwhile */
};

/* pool_new - opens nothing yet; to be called before there are threads. in: conf is used until pool_free(). error: ERR_MEMORY, ERR_CONFIG */
int pool_new(const struct conf *conf, struct pool **p_out);
void pool_free(struct pool **p);

/*
 * pool_get - an anonymous connection to the first server that is well, idle or new. A server that was silent comes last for
 *            some seconds, and only a few requests at a time wait for it.
 * in:    fresh  do not take an idle one
 * error: ERR_UNREACHABLE, ERR_TIMEOUT, ERR_PEER, ERR_CONFIG, ERR_MEMORY
 */
int pool_get(struct pool *p, int fresh, struct lease *lease_out);

/*
 * pool_put - give a connection back: it is made anonymous and kept, or closed.
 * in:    r  result of the last call on it
 */
void pool_put(struct pool *p, struct lease *lease, int r);
/* pool_drop - close it without a word to the server: never waits. */
void pool_drop(struct pool *p, struct lease *lease);

#endif
