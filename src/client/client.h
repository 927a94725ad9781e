/*
 * client.h - talk to the gate of musterd: what the PAM module calls.
 */
#ifndef MUSTER_CLIENT_H
#define MUSTER_CLIENT_H

#include <sys/types.h>

#include "proto/proto.h"

#define CLIENT_SOCKET_DEFAULT "/run/muster/gate.sock"

struct client;

/*
 * client_open - connect and say hello. The socket's owner must be root or owner_uid.
 * in:    deadline_ms  for this and every later call together, from now on (monotonic)
 * error: ERR_UNREACHABLE, ERR_PEER (owner), ERR_TIMEOUT, ERR_PROTO, ERR_IO, ERR_BUSY, ERR_MEMORY,
 *        ERR_INPUT, ERR_RANGE (service, tty, rhost or language cannot be sent)
 */
int client_open(const char *path, uid_t owner_uid, int deadline_ms, const char *service, const char *tty,
                const char *rhost, const char *language, struct client **c_out);
void client_close(struct client **c);

/* client_extend - a person was asked something: start the deadline anew. */
void client_extend(struct client *c);

/*
 * client_call - send one request, wait for its answer.
 * out:   *answer_out  of the type that belongs to the request, freed with proto_free()
 * error: ERR_TIMEOUT, ERR_PROTO (junk, wrong type), ERR_IO (gone), ERR_MEMORY,
 *        ERR_UNREACHABLE (gone before anything was sent: another client may be opened for the same request),
 *        ERR_INPUT, ERR_RANGE (the request cannot be sent, the connection stays good)
 */
int client_call(struct client *c, const struct proto_message *request, struct proto_message **answer_out);

#endif
