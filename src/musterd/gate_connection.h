/*
 * gate_connection.h - one client of the gate: its socket, the request that comes in, the answer that goes out.
 */
#ifndef MUSTER_MUSTERD_GATE_CONNECTION_H
#define MUSTER_MUSTERD_GATE_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include "musterd/gate_request.h"
#include "proto/proto.h"

/* Longest request: four names, or a name and three passwords, with room to spare. */
#define CONNECTION_REQUEST_MAX 4096
#define CONNECTION_LENGTH_SIZE 4

/* The loop has the connection, except in STAGE_WORKING, when the workers have all of it but stage and next. */
enum connection_stage {
	STAGE_READING,
	STAGE_WORKING, /* waiting for a worker, or in its hands */
	STAGE_WRITING
};

struct connection {
	struct connection *next;       /* all connections */
	struct connection *queue_next; /* waiting, or done */
	uint64_t id;
	unsigned requests;
	int fd;
	enum connection_stage stage;
	int64_t deadline_ms; /* of the stage, by clock_mono_ms() */
	int64_t held_until_ms;
	struct request_caller caller;
	uint8_t in[CONNECTION_LENGTH_SIZE + CONNECTION_REQUEST_MAX];
	size_t in_len;
	struct proto_message *request;
	struct secret *answer; /* frame; NULL after STAGE_WORKING: there is none, close */
	size_t answer_sent;
};

enum connection_io { IO_MORE = 0, IO_DONE = 1, IO_END = -1, IO_JUNK = -2 };

/*
 * connection_new - takes over fd on success; the uid comes from the kernel.
 * in:    owner  is trusted like uid 0
 * error: ERR_MEMORY, ERR_PEER
 */
int connection_new(int fd, uint64_t id, uid_t owner, struct connection **c_out);
void connection_free(struct request_site *site, struct connection **c);

/* connection_read - IO_DONE when c->request is complete; IO_JUNK when the octets are none of the protocol. */
enum connection_io connection_read(struct connection *c);

/* connection_write - IO_DONE when the whole answer is out. */
enum connection_io connection_write(struct connection *c);

/* connection_set_answer - encode; the request is wiped. error: ERR_MEMORY, ERR_INPUT, ERR_RANGE */
int connection_set_answer(struct connection *c, const struct proto_message *answer);

/* connection_is_gone - whether the client has hung up: nobody waits for the answer. */
int connection_is_gone(const struct connection *c);

/* connection_log - the audit line of an answered request. */
void connection_log(const struct connection *c, const struct proto_message *answer, int64_t took_ms);

#endif
