/*
 * queue.h - requests that wait for the courier, one queue entry each.
 */
#ifndef MUSTER_SLAPD_QUEUE_H
#define MUSTER_SLAPD_QUEUE_H

#include "slapd/overlay.h"

struct muster;

/*
 * queue_request - write a queue entry; the same cost whatever the target is. Nothing is written, and 0 returned,
 *                 while a request for the same target waits.
 * in:    target  "dn:<normalized dn>" or "login:<organization>/<login>", see exop_target_text()
 *        data    values of musterRequestData, NULL for none
 * error: ERR_NOT_FOUND (there is no queue), ERR_BUSY (too many), ERR_IO
 */
int queue_request(Operation *op, struct muster *m, const char *kind, const struct berval *target, BerVarray data);

/* queue_entry_dn - the DNs of a queue entry; ch_free() both. error: ERR_INPUT */
int queue_entry_dn(struct muster *m, const char *record_id, struct berval *dn_out, struct berval *ndn_out);

#endif
