/*
 * gate.c - the gate's loop: take clients in, read their requests, hand them to the workers, write the answers.
 *
 * One thread does all that and never waits for anybody. A client that hangs costs a descriptor until its deadline; a directory
 * that hangs costs the workers that wait for it, each until its deadline. What waits too long in the queue is told to be busy.
 */
#include "musterd/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "musterd/gate_connection.h"
#include "musterd/gate_work.h"

#define TICK_MS 250            /* how exact deadlines are */
#define HELLO_MS 5000          /* from connecting to a complete hello */
#define FRAME_MS 5000          /* from the first octet of a request to its last */
#define WRITE_MS 5000
#define IDLE_MS 300000         /* between two requests: a person is thinking */
#define HELD_MS 60000          /* as long as the directory remembers a password that waits for its code */
#define ACCEPT_PAUSE_MS 250    /* when there are no descriptors left */
#define CONNECTIONS_MAX 4096
#define UID_CONNECTIONS_MAX 32 /* of one uid that is not trusted */
#define DESCRIPTORS_WANTED 8192
#define DESCRIPTORS_OURS 32    /* log, epoll and so on */
#define EVENTS_MAX 64

struct gate {
	struct request_site site;
	struct work *work;
	struct connection *connections;
	size_t connections_len, connections_max;
	size_t users_len; /* connections of callers who are not trusted, at most half of all */
	uid_t owner;      /* who started musterd: root, or without root the user that everything runs as */
	uint64_t last_id;
	int listen_fd, epoll_fd, wake_fd;
	int64_t accept_again_ms; /* 0: accepting */
	int64_t full_logged_ms;
};

static volatile sig_atomic_t ending;
static int signal_wake_fd = -1;

static void
on_signal(int number)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)number;
	ending = 1;
	if (write(signal_wake_fd, &one, sizeof(one)) < 0)
		ending = 1; /* the loop looks at it within TICK_MS anyway */
	errno = saved;
}

/* ---- which descriptors are watched ---- */

static int
watch(const struct gate *g, int op, int fd, uint32_t events, void *what)
{
	struct epoll_event event = { .events = events, .data = { .ptr = what } };

	return epoll_ctl(g->epoll_fd, op, fd, &event) == 0 ? 0 : ERR_IO;
}

static void
drop(struct gate *g, struct connection *c)
{
	struct connection **at = &g->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	g->connections_len--;
	if (!c->caller.trusted)
		g->users_len--;
	(void)watch(g, EPOLL_CTL_DEL, c->fd, 0, NULL); /* may not be watched now */
	connection_free(&g->site, &c);
}

static void
start_reading(struct gate *g, struct connection *c)
{
	c->stage = STAGE_READING;
	c->deadline_ms = clock_mono_ms() + (c->caller.greeted ? IDLE_MS : HELLO_MS);
	if (watch(g, EPOLL_CTL_ADD, c->fd, EPOLLIN, c) != 0)
		drop(g, c);
}

/* The answer mostly fits into the socket at once. */
static void
start_writing(struct gate *g, struct connection *c)
{
	enum connection_io io = connection_write(c);

	c->stage = STAGE_WRITING;
	c->deadline_ms = clock_mono_ms() + WRITE_MS;
	if (io == IO_DONE)
		start_reading(g, c);
	else if (io != IO_MORE || watch(g, EPOLL_CTL_ADD, c->fd, EPOLLOUT, c) != 0)
		drop(g, c);
}

/* ---- clients come ---- */

static size_t
count_uid(const struct gate *g, uid_t uid)
{
	size_t n = 0;

	for (const struct connection *c = g->connections; c != NULL; c = c->next)
		n += c->caller.uid == uid;
	return n;
}

static int
has_room(struct gate *g, const struct request_caller *caller)
{
	int room = g->connections_len < g->connections_max &&
	           (caller->trusted || (g->users_len < g->connections_max / 2 && count_uid(g, caller->uid) < UID_CONNECTIONS_MAX));

	if (!room && clock_mono_ms() >= g->full_logged_ms) {
		g->full_logged_ms = clock_mono_ms() + 1000;
		log_notice("too many connections: uid=%u refused, %zu are open", (unsigned)caller->uid, g->connections_len);
	}
	return room;
}

static void
take_in(struct gate *g, int fd)
{
	struct connection *c = NULL;

	if (connection_new(fd, ++g->last_id, g->owner, &c) != 0 || !has_room(g, &c->caller)) {
		if (c != NULL)
			connection_free(&g->site, &c);
		else
			(void)close(fd);
		return;
	}
	c->next = g->connections;
	g->connections = c;
	g->connections_len++;
	if (!c->caller.trusted)
		g->users_len++;
	start_reading(g, c);
}

static void
accept_clients(struct gate *g)
{
	for (int i = 0; i < EVENTS_MAX; i++) {
		int fd = accept4(g->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take_in(g, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_error("accept: %s", strerror(errno));
			(void)watch(g, EPOLL_CTL_DEL, g->listen_fd, 0, NULL);
			g->accept_again_ms = clock_mono_ms() + ACCEPT_PAUSE_MS;
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* ---- clients speak ---- */

static void
read_request(struct gate *g, struct connection *c)
{
	int was_empty = c->in_len == 0;
	int64_t now = clock_mono_ms();

	switch (connection_read(c)) {
	case IO_MORE:
		if (was_empty && c->in_len > 0 && c->caller.greeted)
			c->deadline_ms = now + FRAME_MS;
		return;
	case IO_DONE:
		(void)watch(g, EPOLL_CTL_DEL, c->fd, 0, NULL);
		c->stage = STAGE_WORKING;
		c->deadline_ms = now + g->site.conf->directory.timeout_ms;
		work_add(g->work, c);
		return;
	case IO_JUNK:
		log_notice("id=%llu uid=%u sent what is no request: closed", (unsigned long long)c->id, (unsigned)c->caller.uid);
		drop(g, c);
		return;
	case IO_END:
		drop(g, c);
		return;
	}
}

static void
write_answer(struct gate *g, struct connection *c)
{
	enum connection_io io = connection_write(c);

	if (io == IO_MORE)
		return;
	(void)watch(g, EPOLL_CTL_DEL, c->fd, 0, NULL);
	if (io == IO_DONE)
		start_reading(g, c);
	else
		drop(g, c);
}

static void
collect_done(struct gate *g)
{
	struct connection *c;

	while ((c = work_done(g->work)) != NULL) {
		c->held_until_ms = c->caller.held.d != NULL ? clock_mono_ms() + HELD_MS : 0;
		if (c->answer != NULL)
			start_writing(g, c);
		else
			drop(g, c);
	}
}

/* ---- time passes ---- */

static void
answer_busy(struct gate *g, struct connection *c)
{
	struct proto_message answer = { .type = (enum proto_type)(c->request->type - REQ_HELLO + ANS_HELLO),
		                        .version = PROTO_VERSION, .status = PROTO_BUSY };

	c->requests++;
	connection_log(c, &answer, g->site.conf->directory.timeout_ms);
	if (connection_set_answer(c, &answer) == 0)
		start_writing(g, c);
	else
		drop(g, c);
}

static void
look_at_clock(struct gate *g)
{
	int64_t now = clock_mono_ms();
	struct connection *c, *next;

	while ((c = work_expire(g->work, now)) != NULL)
		answer_busy(g, c);
	for (c = g->connections; c != NULL; c = next) {
		next = c->next;
		if (c->stage == STAGE_WORKING)
			continue;
		if (c->held_until_ms != 0 && c->held_until_ms <= now) {
			request_release(&g->site, &c->caller);
			c->held_until_ms = 0;
		}
		if (c->deadline_ms <= now)
			drop(g, c);
	}
	if (g->accept_again_ms != 0 && g->accept_again_ms <= now && watch(g, EPOLL_CTL_ADD, g->listen_fd, EPOLLIN, g) == 0)
		g->accept_again_ms = 0;
}

/* ---- the loop ---- */

/* Events carry the connection, the gate itself for new clients, or NULL for the workers' bell. */
static void
handle_event(struct gate *g, const struct epoll_event *event)
{
	struct connection *c = event->data.ptr;
	uint64_t bells;

	if (c == NULL) {
		/* collected after the events, since a connection may be dropped by one of them */
		if (read(g->wake_fd, &bells, sizeof(bells)) < 0 && errno != EAGAIN)
			log_error("eventfd: %s", strerror(errno));
	} else if (event->data.ptr == g) {
		accept_clients(g);
	} else if (c->stage == STAGE_READING) {
		read_request(g, c);
	} else {
		write_answer(g, c);
	}
}

static int
loop(struct gate *g)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t next_look = 0;

	while (!ending) {
		int n = epoll_wait(g->epoll_fd, events, EVENTS_MAX, TICK_MS);

		if (n < 0 && errno != EINTR) {
			log_error("epoll_wait: %s", strerror(errno));
			return ERR_IO;
		}
		for (int i = 0; i < n; i++)
			handle_event(g, &events[i]);
		collect_done(g);
		if (clock_mono_ms() >= next_look) {
			look_at_clock(g);
			next_look = clock_mono_ms() + TICK_MS;
		}
	}
	return 0;
}

/* ---- start and end ---- */

static int
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigemptyset(&action.sa_mask);
	if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		return ERR_INTERNAL;
	action.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &action, NULL) == 0 ? 0 : ERR_INTERNAL;
}

/* As many connections as there are descriptors, two for each worker and one for each idle directory connection left out. */
static size_t
room_for_connections(const struct conf *conf)
{
	struct rlimit limit;
	size_t ours = DESCRIPTORS_OURS + 4 * (size_t)conf->gate.workers;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	if (limit.rlim_cur < DESCRIPTORS_WANTED && limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
		if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return 1;
	}
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > ours + CONNECTIONS_MAX)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > ours + 2 ? (size_t)limit.rlim_cur - ours : 2;
}

/* The kernel remembers who made the socket a listening one: the parent. */
static int
find_owner(struct gate *g)
{
	struct ucred owner;
	socklen_t len = sizeof(owner);

	if (getsockopt(g->listen_fd, SOL_SOCKET, SO_PEERCRED, &owner, &len) != 0 || len != sizeof(owner))
		return ERR_PEER;
	g->owner = owner.uid;
	return 0;
}

static int
gate_init(struct gate *g, const struct conf *conf)
{
	int r;

	if ((r = find_owner(g)) != 0)
		return r;
	g->connections_max = room_for_connections(conf);
	g->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->epoll_fd < 0 || g->wake_fd < 0)
		return ERR_IO;
	signal_wake_fd = g->wake_fd;
	if ((r = catch_signals()) != 0)
		return r;
	if ((r = request_site_init(&g->site, conf)) != 0)
		return r;
	if ((r = work_new(&g->site, g->wake_fd, &g->work)) != 0)
		return r;
	if ((r = watch(g, EPOLL_CTL_ADD, g->listen_fd, EPOLLIN, g)) != 0)
		return r;
	return watch(g, EPOLL_CTL_ADD, g->wake_fd, EPOLLIN, NULL);
}

int
gate_main(const struct conf *conf, int listen_fd)
{
	struct gate g = { .listen_fd = listen_fd, .epoll_fd = -1, .wake_fd = -1 };
	int r = gate_init(&g, conf);

	if (r == 0) {
		log_info("ready: %d workers, room for %zu connections", conf->gate.workers, g.connections_max);
		r = loop(&g);
	} else {
		log_error_r(r, "the gate cannot start");
	}
	work_free(&g.work);
	while (g.connections != NULL) {
		if (g.connections->answer != NULL)
			(void)connection_write(g.connections); /* what is done in time is told */
		drop(&g, g.connections);
	}
	request_site_free(&g.site);
	signal_wake_fd = -1;
	if (g.epoll_fd >= 0)
		(void)close(g.epoll_fd);
	if (g.wake_fd >= 0)
		(void)close(g.wake_fd);
	return r;
}
