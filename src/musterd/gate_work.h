/*
 * gate_work.h - the threads that wait for the directory, so that the loop never does.
 */
#ifndef MUSTER_MUSTERD_GATE_WORK_H
#define MUSTER_MUSTERD_GATE_WORK_H

#include "musterd/gate_connection.h"

struct work;

/*
 * work_new - start the threads.
 * in:    wake_fd  eventfd that gets 1 when a connection is done
 * error: ERR_MEMORY, ERR_INTERNAL
 */
int work_new(struct request_site *site, int wake_fd, struct work **w_out);

/* work_free - let the threads finish what they have begun, and end them. */
void work_free(struct work **w);

/* work_add - queue a connection whose request is complete. */
void work_add(struct work *w, struct connection *c);

/* work_expire - the first connection that has waited past its deadline, taken out of the queue; NULL when there is none. */
struct connection *work_expire(struct work *w, int64_t now_ms);

/* work_done - the next connection that the workers are done with, NULL when there is none. */
struct connection *work_done(struct work *w);

#endif
