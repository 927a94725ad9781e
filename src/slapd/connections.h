/*
 * connections.h - connections that may not go on, or have to log in again.
 */
#ifndef MUSTER_SLAPD_CONNECTIONS_H
#define MUSTER_SLAPD_CONNECTIONS_H

#include "slapd/overlay.h"

struct muster;

/* connections_ready - once, when the module is loaded */
void connections_ready(void);

/*
 * connections_generation - another number once the connections of this name had to end: a login that was judged before that
 *                          and gets its identity later is over.
 */
unsigned connections_generation(const struct berval *ndn);

/* connections_stands - 0 once the login that an operation came with has ended */
int connections_stands(Operation *op);

/*
 * END_ALL: an entry, and those below it, may not be logged in by the name they had: also op's own connection.
 * END_OTHERS: the login of a member changed, and op is how: its own connection stays.
 */
enum connections_scope { END_NONE = 0, END_OTHERS, END_ALL };

/* connections_end_walk - op_walk() of a write; once it is done, and before anybody is told, connections end */
int connections_end_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                         enum connections_scope scope);

/*
 * connections_end - the connections of an entry, with END_ALL of those below it too. op's own with END_ALL only becomes
 *                   anonymous, so that the answer gets through.
 * out:  1 when op's own was among them: connections_end_own() after the answer
 */
int connections_end(Operation *op, const struct berval *ndn, enum connections_scope scope);
void connections_end_own(Operation *op);

/* connections_end_others - the same after a write of our own, before the answer */
void connections_end_others(Operation *op, const struct berval *ndn);

#endif
