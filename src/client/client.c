/*
 * client.c - the PAM module's end of the socket to the gate. Runs inside sshd, sudo and login: poll instead of
 *            select (they may have thousands of descriptors), no signal, close-on-exec, one deadline for all.
 */
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/err.h"

#define LENGTH_SIZE 4
#define BACKLOG_WAIT_MS 20 /* before another try when the gate's backlog is full */

struct client {
	int fd;
	int allowance_ms;    /* what the deadline was set to */
	int64_t deadline_ms; /* by clock_mono_ms() */
};

static int
time_left_ms(const struct client *c)
{
	int64_t left = c->deadline_ms - clock_mono_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* Wait until the descriptor can be read or written. error: ERR_TIMEOUT, ERR_IO */
static int
wait_for(const struct client *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int left = time_left_ms(c);
		int n;

		if (left == 0)
			return ERR_TIMEOUT;
		n = poll(&p, 1, left);
		if (n > 0)
			return p.revents & POLLNVAL ? ERR_IO : 0;
		if (n < 0 && errno != EINTR)
			return ERR_IO;
	}
}

static int
is_trusted(uid_t uid, uid_t owner_uid)
{
	return uid == 0 || uid == owner_uid;
}

/* The owner of the socket's name; the one behind the connection is checked in check_peer(). */
static int
check_path(const char *path, uid_t owner_uid)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return ERR_UNREACHABLE;
	if (!S_ISSOCK(st.st_mode) || !is_trusted(st.st_uid, owner_uid))
		return ERR_PEER;
	return 0;
}

/* Who called listen(), from the kernel: the name in the file system may have been exchanged since. */
static int
check_peer(int fd, uid_t owner_uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof(peer))
		return ERR_PEER;
	return is_trusted(peer.uid, owner_uid) ? 0 : ERR_PEER;
}

/* Never 0, 1 or 2: in a program that has closed them, whatever it writes for the person would go to the gate. */
static int
socket_new(int *fd_out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*fd_out = fd;
	if (fd >= 0 && fd <= STDERR_FILENO) {
		*fd_out = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		(void)close(fd);
	}
	return *fd_out >= 0 ? 0 : ERR_UNREACHABLE;
}

static int
connect_until_deadline(const struct client *c, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return ERR_UNREACHABLE;
	memcpy(addr.sun_path, path, strlen(path));
	for (;;) {
		int left = time_left_ms(c);

		if (left == 0)
			return ERR_TIMEOUT;
		if (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EISCONN)
			return 0;
		if (errno == EAGAIN)
			(void)poll(NULL, 0, left < BACKLOG_WAIT_MS ? left : BACKLOG_WAIT_MS);
		else if (errno != EINTR)
			return ERR_UNREACHABLE;
	}
}

static int
send_all(const struct client *c, const struct secret *frame)
{
	size_t sent = 0;

	while (sent < frame->len) {
		ssize_t n = send(c->fd, frame->data + sent, frame->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return ERR_IO;
		if ((r = wait_for(c, POLLOUT)) != 0)
			return r;
	}
	return 0;
}

static int
receive_all(const struct client *c, uint8_t *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		int r = wait_for(c, POLLIN);
		ssize_t n;

		if (r != 0)
			return r;
		n = recv(c->fd, data + got, len - got, MSG_DONTWAIT);
		if (n > 0)
			got += (size_t)n;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return ERR_IO;
	}
	return 0;
}

/*
 * An answer belongs to a question: octets that wait before one is asked are none of our protocol. While a person was typing
 * the gate may have hung up.
 */
static int
check_silent(const struct client *c)
{
	uint8_t octet;
	ssize_t n = recv(c->fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK);

	if (n > 0)
		return ERR_PROTO;
	return n < 0 && errno == EAGAIN ? 0 : ERR_UNREACHABLE;
}

static int
receive_message(const struct client *c, struct proto_message **m_out)
{
	uint8_t head[LENGTH_SIZE];
	uint8_t *body = NULL;
	uint32_t len;
	int r = ERR_INTERNAL;

	*m_out = NULL;
	if ((r = receive_all(c, head, sizeof(head))) != 0)
		return r;
	len = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
	if (len < 2 || len > PROTO_FRAME_MAX)
		return ERR_PROTO;
	body = malloc(len);
	if (body == NULL)
		return ERR_MEMORY;
	r = receive_all(c, body, len);
	if (r == 0)
		r = proto_decode(body, len, m_out);
	secret_wipe(body, len);
	free(body);
	return r;
}

int
client_call(struct client *c, const struct proto_message *request, struct proto_message **answer_out)
{
	struct secret *frame = NULL;
	struct proto_message *answer = NULL;
	int r = ERR_INTERNAL;

	*answer_out = NULL;
	if (c->fd < 0)
		return ERR_UNREACHABLE;
	if ((r = proto_encode(request, &frame)) != 0)
		return r; /* nothing was sent, the connection stays good */
	if ((r = check_silent(c)) != 0)
		goto out;
	if ((r = send_all(c, frame)) != 0)
		goto out;
	if ((r = receive_message(c, &answer)) != 0)
		goto out;
	if (answer->type >> 8 != ANS_HELLO >> 8 || (answer->type & 0xff) != (request->type & 0xff)) {
		r = ERR_PROTO;
		goto out;
	}
	*answer_out = answer;
	answer = NULL;
	r = 0;
out:
	if (r != 0) {
		(void)close(c->fd);
		c->fd = -1;
	}
	proto_free(&answer);
	secret_free(&frame);
	return r;
}

static int
say_hello(struct client *c, const char *service, const char *tty, const char *rhost, const char *language)
{
	struct proto_message *hello = calloc(1, sizeof(*hello));
	struct proto_message *answer = NULL;
	int r = ERR_MEMORY;

	if (hello == NULL)
		return ERR_MEMORY;
	hello->type = REQ_HELLO;
	hello->version = PROTO_VERSION;
	hello->service = strdup(service != NULL ? service : "");
	hello->tty = strdup(tty != NULL ? tty : "");
	hello->rhost = strdup(rhost != NULL ? rhost : "");
	hello->language = strdup(language != NULL ? language : "");
	if (hello->service == NULL || hello->tty == NULL || hello->rhost == NULL || hello->language == NULL)
		goto out;
	if ((r = client_call(c, hello, &answer)) != 0)
		goto out;
	if (answer->status == PROTO_BUSY)
		r = ERR_BUSY;
	else if (answer->version != PROTO_VERSION || answer->status != PROTO_OK)
		r = ERR_PROTO;
out:
	proto_free(&answer);
	proto_free(&hello);
	return r;
}

int
client_open(const char *path, uid_t owner_uid, int deadline_ms, const char *service, const char *tty,
            const char *rhost, const char *language, struct client **c_out)
{
	struct client *c = NULL;
	int r = ERR_INTERNAL;

	*c_out = NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_MEMORY;
	c->fd = -1;
	c->allowance_ms = deadline_ms;
	client_extend(c);
	if ((r = check_path(path, owner_uid)) != 0)
		goto out;
	if ((r = socket_new(&c->fd)) != 0)
		goto out;
	if ((r = connect_until_deadline(c, path)) != 0)
		goto out;
	if ((r = check_peer(c->fd, owner_uid)) != 0)
		goto out;
	if ((r = say_hello(c, service, tty, rhost, language)) != 0)
		goto out;
	*c_out = c;
	c = NULL;
	r = 0;
out:
	client_close(&c);
	return r;
}

void
client_close(struct client **c)
{
	if (c == NULL || *c == NULL)
		return;
	if ((*c)->fd >= 0)
		(void)close((*c)->fd);
	free(*c);
	*c = NULL;
}

void
client_extend(struct client *c)
{
	c->deadline_ms = clock_mono_ms() + c->allowance_ms;
}
