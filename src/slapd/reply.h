/*
 * reply.h - what is added to slapd's answers: controls and callbacks.
 */
#ifndef MUSTER_SLAPD_REPLY_H
#define MUSTER_SLAPD_REPLY_H

#include "slapd/overlay.h"

/*
 * reply_control - add a response control whose value is what ber holds; ber stays the caller's.
 * reply_callback - have response called for each reply to op, below slapd's own; freed with the operation.
 * reply_callback_free - the sc_cleanup of a callback from op's memory.
 * reply_callback_unlink - take a callback of the caller's out of op again, if it still is in.
 */
void reply_control(Operation *op, SlapReply *rs, const char *oid, BerElement *ber);
void reply_callback(Operation *op, slap_response *response);
int reply_callback_free(Operation *op, SlapReply *rs);
void reply_callback_unlink(Operation *op, slap_callback *callback);

#endif
