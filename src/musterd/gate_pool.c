/*
 * gate_pool.c - connections of the gate to the directory servers.
 */
#include "musterd/gate_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define IDLE_LONGEST_MS 30000 /* servers close idle connections sooner or later; better we do */
#define HUNG_MS 5000          /* one that was silent is asked by few only for so long */
#define GONE_MS 1000          /* one that refused is asked last for so long */
#define CONNECT_LEAST_MS 500

enum health { HEALTH_WELL, HEALTH_GONE, HEALTH_HUNG };

struct idle {
	struct directory *d;
	int64_t since_ms;
};

struct server {
	char *uri;
	enum health health;
	int64_t until_ms; /* end of being gone or hung */
	size_t leased;
	struct idle *idle;
	size_t idle_len;
};

struct pool {
	const struct conf *conf;
	pthread_mutex_t lock; /* for all below */
	struct server *servers;
	size_t servers_len;
	size_t idle_max;    /* of each server */
	size_t probes_max;  /* requests that may wait for a server that hangs */
};

static int
add_server(struct pool *p, const char *uri, size_t len)
{
	struct server *servers = realloc(p->servers, (p->servers_len + 1) * sizeof(*servers));
	struct server *s;

	if (servers == NULL)
		return ERR_MEMORY;
	p->servers = servers;
	s = &servers[p->servers_len++];
	*s = (struct server){ .health = HEALTH_WELL };
	s->uri = strndup(uri, len);
	s->idle = calloc(p->idle_max, sizeof(*s->idle));
	return s->uri != NULL && s->idle != NULL ? 0 : ERR_MEMORY;
}

int
pool_new(const struct conf *conf, struct pool **p_out)
{
	struct pool *p = NULL;
	int r = ERR_MEMORY;

	*p_out = NULL;
	directory_init();
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_MEMORY;
	p->conf = conf;
	p->idle_max = (size_t)conf->gate.workers;
	p->probes_max = (p->idle_max + 3) / 4;
	if (pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p);
		return ERR_MEMORY;
	}
	for (const char *s = conf->directory.uris; *s != '\0';) {
		size_t len = strcspn(s, " \t");

		if (len > 0 && (r = add_server(p, s, len)) != 0)
			goto out;
		s += len + strspn(s + len, " \t");
	}
	r = p->servers_len > 0 ? 0 : ERR_CONFIG;
	if (r == 0) {
		*p_out = p;
		p = NULL;
	}
out:
	pool_free(&p);
	return r;
}

void
pool_free(struct pool **p)
{
	if (p == NULL || *p == NULL)
		return;
	for (size_t i = 0; i < (*p)->servers_len; i++) {
		struct server *s = &(*p)->servers[i];

		while (s->idle_len > 0)
			directory_close(&s->idle[--s->idle_len].d);
		free(s->idle);
		free(s->uri);
	}
	free((*p)->servers);
	(void)pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

/* Call with the lock held. */
static enum health
health_now(struct server *s)
{
	if (s->health != HEALTH_WELL && clock_mono_ms() >= s->until_ms)
		s->health = HEALTH_WELL;
	return s->health;
}

static void
note_health(struct pool *p, size_t server, int r)
{
	struct server *s = &p->servers[server];
	enum health before;

	(void)pthread_mutex_lock(&p->lock);
	before = s->health;
	if (r == ERR_TIMEOUT) {
		s->health = HEALTH_HUNG;
		s->until_ms = clock_mono_ms() + HUNG_MS;
	} else if (r == ERR_UNREACHABLE || r == ERR_PEER) {
		s->health = HEALTH_GONE;
		s->until_ms = clock_mono_ms() + GONE_MS;
	} else {
		s->health = HEALTH_WELL;
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (before == HEALTH_WELL && (r == ERR_TIMEOUT || r == ERR_UNREACHABLE || r == ERR_PEER))
		log_notice_r(r, "directory server %s", s->uri);
}

static void
note_leased(struct pool *p, size_t server, int change)
{
	(void)pthread_mutex_lock(&p->lock);
	p->servers[server].leased += (size_t)change;
	(void)pthread_mutex_unlock(&p->lock);
}

/* The youngest idle connection of a server, the oldest ones are closed. */
static struct directory *
take_idle(struct pool *p, size_t server)
{
	struct server *s = &p->servers[server];
	int64_t oldest = clock_mono_ms() - IDLE_LONGEST_MS;
	struct directory *d = NULL;

	(void)pthread_mutex_lock(&p->lock);
	while (s->idle_len > 0 && d == NULL) {
		struct idle *last = &s->idle[s->idle_len - 1];

		if (last->since_ms < oldest)
			directory_close(&last->d);
		else
			d = last->d;
		s->idle_len--;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return d;
}

static int
open_server(struct pool *p, size_t server, size_t candidates, struct directory **d_out)
{
	char error[256] = "";
	int share_ms = p->conf->directory.timeout_ms / (int)candidates;
	const struct directory_options options = {
		.uris = p->servers[server].uri,
		.ca_file = p->conf->directory.ca_file[0] != '\0' ? p->conf->directory.ca_file : NULL,
		.start_tls = p->conf->directory.start_tls,
		.timeout_ms = p->conf->directory.timeout_ms,
		.connect_ms = share_ms > CONNECT_LEAST_MS ? share_ms : CONNECT_LEAST_MS,
		.error = error,
		.error_size = sizeof(error)
	};
	int r = directory_open(&options, d_out);

	if (r != 0 && error[0] != '\0')
		log_notice_r(r, "directory server %s: %s", options.uris, error);
	note_health(p, server, r);
	return r;
}

/* Servers in the order in which they are to be asked; one that hangs is asked by a few requests at a time. */
static size_t
choose_servers(struct pool *p, size_t *order)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->servers_len; i++) {
		if (health_now(&p->servers[i]) == HEALTH_WELL)
			order[n++] = i;
	}
	for (size_t i = 0; i < p->servers_len; i++) {
		if (p->servers[i].health == HEALTH_GONE)
			order[n++] = i;
	}
	for (size_t i = 0; i < p->servers_len; i++) {
		if (p->servers[i].health == HEALTH_HUNG && p->servers[i].leased < p->probes_max)
			order[n++] = i;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return n;
}

int
pool_get(struct pool *p, int fresh, struct lease *lease_out)
{
	size_t *order = NULL;
	size_t n;
	int r = ERR_UNREACHABLE;

	*lease_out = (struct lease){ NULL, 0, 0 };
	order = calloc(p->servers_len, sizeof(*order));
	if (order == NULL)
		return ERR_MEMORY;
	n = choose_servers(p, order);
	for (size_t i = 0; i < n; i++) {
		struct directory *d = fresh ? NULL : take_idle(p, order[i]);
		int reused = d != NULL;

		note_leased(p, order[i], 1);
		r = reused ? 0 : open_server(p, order[i], n - i, &d);
		if (r != 0)
			note_leased(p, order[i], -1);
		if (r == 0) {
			*lease_out = (struct lease){ .d = d, .server = order[i], .reused = reused };
			break;
		}
	}
	free(order);
	return r;
}

void
pool_put(struct pool *p, struct lease *lease, int r)
{
	struct server *s;

	if (lease->d == NULL)
		return;
	s = &p->servers[lease->server];
	note_leased(p, lease->server, -1);
	/* A reused connection that broke says nothing about the server's health. */
	if (r != ERR_UNREACHABLE || !lease->reused)
		note_health(p, lease->server, r);
	if (r != ERR_TIMEOUT && r != ERR_UNREACHABLE && directory_anonymous(lease->d) == 0) {
		(void)pthread_mutex_lock(&p->lock);
		if (s->idle_len < p->idle_max) {
			s->idle[s->idle_len++] = (struct idle){ .d = lease->d, .since_ms = clock_mono_ms() };
			lease->d = NULL;
		}
		(void)pthread_mutex_unlock(&p->lock);
	}
	directory_close(&lease->d);
	*lease = (struct lease){ NULL, 0, 0 };
}

void
pool_drop(struct pool *p, struct lease *lease)
{
	if (lease->d == NULL)
		return;
	note_leased(p, lease->server, -1);
	directory_close(&lease->d);
	*lease = (struct lease){ NULL, 0, 0 };
}
