/*
 * fake_gate.c - a gate that says what a test wants it to say.
 */
#include "fake_gate.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/proto.h"

#define LENGTH_SIZE 4
#define CLIENTS_MAX 8
#define GONE INT_MIN

struct fake_gate {
	char *path;
	struct fake_step steps[FAKE_STEPS_MAX];
	size_t steps_len;
	atomic_size_t at; /* step of the next request */
	int listen_fd, end_fd, end_write_fd;
	pthread_t thread;
};

static int
read_all(int fd, uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, data, len, 0);

		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
send_all(int fd, const void *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) < 0)
		return; /* the module hung up, as it may */
}

static struct secret *
answer_to(const struct proto_message *request, const struct fake_step *step)
{
	struct proto_message answer = { .type = (enum proto_type)(request->type + 0x100), .version = PROTO_VERSION,
		                        .status = step->status, .state = step->state, .previous_login = 1700000000,
		                        .broken_rules = RULE_MIN_LENGTH | RULE_DIGIT, .min_length = 8 };
	struct secret *codes[2] = { NULL, NULL };
	struct secret *frame = NULL;

	if (secret_new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 32, &answer.setup_key) != 0 ||
	    secret_new("otpauth://x", 11, &answer.uri) != 0 || secret_new("##\n", 3, &answer.qr) != 0 ||
	    secret_new("abcde-fghij", 11, &codes[0]) != 0 || secret_new("klmno-pqrst", 11, &codes[1]) != 0)
		abort();
	answer.recovery_codes = codes;
	answer.recovery_codes_len = 2;
	if (proto_encode(&answer, &frame) != 0)
		abort();
	secret_free(&answer.setup_key);
	secret_free(&answer.uri);
	secret_free(&answer.qr);
	secret_free(&codes[0]);
	secret_free(&codes[1]);
	return frame;
}

static struct secret *
answer_to_other(const struct proto_message *request)
{
	struct proto_message other = { .type = request->type == REQ_ACCOUNT ? REQ_LOGIN : REQ_ACCOUNT };
	const struct fake_step right = { FAKE_STATUS, PROTO_OK, STATE_OK };

	return answer_to(&other, &right);
}

/* Returns -1 to hang up, 1 to fall silent. */
static int
misbehave(int fd, const struct fake_step *step, const struct proto_message *request, const uint8_t *frame, size_t frame_len)
{
	const struct fake_step right = { FAKE_STATUS, PROTO_OK, STATE_OK };
	struct secret *answer = answer_to(request, &right), *other = answer_to_other(request);
	int result = 1;

	switch (step->kind) {
	case FAKE_CLOSE:
		result = -1;
		break;
	case FAKE_HALF_CLOSE:
		send_all(fd, answer->data, answer->len / 2);
		result = -1;
		break;
	case FAKE_HALF_HANG:
		send_all(fd, answer->data, answer->len / 2);
		break;
	case FAKE_JUNK:
		send_all(fd, "\0\0\0\x10HTTP/1.1 200 OK\r\n", 21);
		break;
	case FAKE_HUGE:
		send_all(fd, "\xff\xff\xff\xff\x02\x02", 6);
		break;
	case FAKE_EMPTY:
		send_all(fd, "\0\0\0\0", 4);
		break;
	case FAKE_OTHER_TYPE:
		send_all(fd, other->data, other->len);
		break;
	case FAKE_REQUEST:
		send_all(fd, frame, frame_len);
		break;
	case FAKE_LEFT_OVER:
		answer->data[3]++;
		send_all(fd, answer->data, answer->len + 1); /* the NUL behind it */
		break;
	case FAKE_TWICE:
		send_all(fd, answer->data, answer->len);
		send_all(fd, answer->data, answer->len);
		result = 0;
		break;
	default: /* FAKE_HANG */
		break;
	}
	secret_free(&answer);
	secret_free(&other);
	return result;
}

/* Returns as misbehave(). */
static int
serve(struct fake_gate *g, int fd)
{
	static const struct fake_step ok = { FAKE_STATUS, PROTO_OK, STATE_OK };
	const struct fake_step *step;
	uint8_t frame[LENGTH_SIZE + PROTO_FRAME_MAX];
	struct proto_message *request = NULL;
	struct secret *answer;
	size_t len, at = 0;
	int result = 0;

	if (read_all(fd, frame, LENGTH_SIZE) != 0)
		return -1;
	len = (size_t)frame[2] << 8 | frame[3];
	if (frame[0] != 0 || frame[1] != 0 || len > PROTO_FRAME_MAX || read_all(fd, frame + LENGTH_SIZE, len) != 0 ||
	    proto_decode(frame + LENGTH_SIZE, len, &request) != 0)
		return -1;
	if (request->type != REQ_HELLO)
		at = atomic_fetch_add(&g->at, 1);
	if (g->steps_len > 0 && at >= g->steps_len)
		at = g->steps_len - 1;
	step = g->steps_len > 0 ? &g->steps[at] : &ok;
	if (step->kind == FAKE_STATUS) {
		answer = answer_to(request, step);
		send_all(fd, answer->data, answer->len);
		secret_free(&answer);
	} else {
		result = misbehave(fd, step, request, frame, LENGTH_SIZE + len);
	}
	proto_free(&request);
	return result;
}

static void
take_in(struct fake_gate *g, struct pollfd *polls, size_t *n)
{
	int fd = accept(g->listen_fd, NULL, NULL);

	if (fd < 0)
		return;
	if (*n == CLIENTS_MAX)
		abort();
	polls[2 + *n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	(*n)++;
}

/* A negative descriptor is not polled any more; it stays open until the end. */
static void
look_at(struct fake_gate *g, struct pollfd *p)
{
	int result;

	if (p->fd < 0 || p->revents == 0)
		return;
	result = serve(g, p->fd);
	if (result < 0)
		(void)close(p->fd);
	if (result != 0)
		p->fd = result < 0 ? GONE : -p->fd;
}

static void *
fake_main(void *arg)
{
	struct fake_gate *g = arg;
	struct pollfd polls[2 + CLIENTS_MAX] = { { .fd = g->listen_fd, .events = POLLIN }, { .fd = g->end_fd, .events = POLLIN } };
	size_t n = 0;

	while (poll(polls, 2 + n, -1) >= 0 && polls[1].revents == 0) {
		for (size_t i = 0; i < n; i++)
			look_at(g, &polls[2 + i]);
		while (n > 0 && polls[2 + n - 1].fd == GONE)
			n--;
		if (polls[0].revents != 0)
			take_in(g, polls, &n);
	}
	for (size_t i = 0; i < n; i++) {
		if (polls[2 + i].fd != GONE)
			(void)close(abs(polls[2 + i].fd));
	}
	return NULL;
}

void
fake_gate_rewind(struct fake_gate *g)
{
	atomic_store(&g->at, 1);
}

struct fake_gate *
fake_gate_new(const char *path, const struct fake_step *steps, size_t n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_gate *g = calloc(1, sizeof(*g));
	int ends[2];

	if (g == NULL || n > FAKE_STEPS_MAX || strlen(path) >= sizeof(address.sun_path) || pipe(ends) != 0)
		abort();
	if (n > 0)
		memcpy(g->steps, steps, n * sizeof(*steps));
	g->steps_len = n;
	atomic_init(&g->at, 1);
	g->path = strdup(path);
	g->end_fd = ends[0];
	g->end_write_fd = ends[1];
	memcpy(address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	g->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(g->listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(g->listen_fd, CLIENTS_MAX) != 0 ||
	    pthread_create(&g->thread, NULL, fake_main, g) != 0)
		abort();
	return g;
}

void
fake_gate_free(struct fake_gate **g)
{
	if (*g == NULL)
		return;
	if (write((*g)->end_write_fd, "", 1) != 1)
		abort();
	(void)pthread_join((*g)->thread, NULL);
	(void)close((*g)->listen_fd);
	(void)close((*g)->end_fd);
	(void)close((*g)->end_write_fd);
	(void)unlink((*g)->path);
	free((*g)->path);
	free(*g);
	*g = NULL;
}
