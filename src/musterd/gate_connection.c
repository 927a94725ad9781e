/*
 * gate_connection.c - one client of the gate.
 */
#include "musterd/gate_connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

#define LOG_VALUE_MAX (3 * PROTO_NAME_MAX + 1)

int
connection_new(int fd, uint64_t id, uid_t owner, struct connection **c_out)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct connection *c;

	*c_out = NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof(peer))
		return ERR_PEER;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_MEMORY;
	c->fd = fd;
	c->id = id;
	c->caller.uid = peer.uid;
	c->caller.trusted = peer.uid == 0 || peer.uid == owner;
	c->stage = STAGE_READING;
	*c_out = c;
	return 0;
}

void
connection_free(struct request_site *site, struct connection **c)
{
	struct connection *p = *c;

	if (p == NULL)
		return;
	(void)close(p->fd);
	request_release(site, &p->caller);
	free(p->caller.service);
	free(p->caller.rhost);
	free(p->caller.tty);
	proto_free(&p->request);
	secret_free(&p->answer);
	secret_wipe_object(p);
	free(p);
	*c = NULL;
}

static size_t
body_len(const struct connection *c)
{
	return (size_t)c->in[0] << 24 | (size_t)c->in[1] << 16 | (size_t)c->in[2] << 8 | c->in[3];
}

/* Read to a length and not an octet further: what follows belongs to the next request. */
static enum connection_io
read_until(struct connection *c, size_t len)
{
	while (c->in_len < len) {
		ssize_t n = recv(c->fd, c->in + c->in_len, len - c->in_len, MSG_DONTWAIT);

		if (n > 0)
			c->in_len += (size_t)n;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return n == 0 && c->in_len > 0 ? IO_JUNK : IO_END;
		else if (errno == EAGAIN)
			return IO_MORE;
	}
	return IO_DONE;
}

enum connection_io
connection_read(struct connection *c)
{
	enum connection_io io = read_until(c, CONNECTION_LENGTH_SIZE);
	int r;

	if (io != IO_DONE)
		return io;
	if (body_len(c) < 2 || body_len(c) > CONNECTION_REQUEST_MAX)
		return IO_JUNK;
	io = read_until(c, CONNECTION_LENGTH_SIZE + body_len(c));
	if (io != IO_DONE)
		return io;
	r = proto_decode(c->in + CONNECTION_LENGTH_SIZE, body_len(c), &c->request);
	secret_wipe(c->in, c->in_len);
	c->in_len = 0;
	return r == 0 ? IO_DONE : r == ERR_MEMORY ? IO_END : IO_JUNK;
}

enum connection_io
connection_write(struct connection *c)
{
	while (c->answer_sent < c->answer->len) {
		ssize_t n = send(c->fd, c->answer->data + c->answer_sent, c->answer->len - c->answer_sent,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			c->answer_sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return IO_MORE;
		else if (n == 0 || errno != EINTR)
			return IO_END;
	}
	secret_free(&c->answer);
	c->answer_sent = 0;
	return IO_DONE;
}

int
connection_set_answer(struct connection *c, const struct proto_message *answer)
{
	proto_free(&c->request);
	c->answer_sent = 0;
	return proto_encode(answer, &c->answer);
}

int
connection_is_gone(const struct connection *c)
{
	uint8_t octet;

	return recv(c->fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* A value as one word of the line: blanks and what would look like another field are percent-encoded. */
static const char *
log_value(const char *text, char out[LOG_VALUE_MAX])
{
	size_t n = 0;

	if (text == NULL || text[0] == '\0')
		return "-";
	for (; *text != '\0' && n + 4 <= LOG_VALUE_MAX; text++) {
		if (*text > 0x20 && *text < 0x7f && strchr("%=\"\\", *text) == NULL)
			out[n++] = *text;
		else if ((unsigned char)*text >= 0x80)
			out[n++] = *text;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02x", (unsigned)(unsigned char)*text);
	}
	out[n] = '\0';
	return out;
}

void
connection_log(const struct connection *c, const struct proto_message *answer, int64_t took_ms)
{
	char user[LOG_VALUE_MAX], service[LOG_VALUE_MAX], rhost[LOG_VALUE_MAX], tty[LOG_VALUE_MAX];

	if (c->request->type == REQ_HELLO && answer->status == PROTO_OK)
		return;
	/* The fields of slapd's audit line that the gate knows, in the same order; then its own. */
	log_info("outcome=%s operation=%s user=%s uid=%u service=%s rhost=%s tty=%s rule=%s id=%" PRIu64 ".%u ms=%" PRId64,
	         answer->status == PROTO_OK ? "accepted" : "refused", request_name(c->request),
	         log_value(c->request->user, user), (unsigned)c->caller.uid, log_value(c->caller.service, service),
	         log_value(c->caller.rhost, rhost), log_value(c->caller.tty, tty), request_rule(answer), c->id, c->requests,
	         took_ms);
}
