/*
 * gate_work.c - the threads that wait for the directory.
 *
 * The queue is first come, first served, except that one uid other than 0 gets a quarter of the threads at most: a user's
 * programs cannot keep others from logging in.
 */
#include "musterd/gate_work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

struct work {
	struct request_site *site;
	int wake_fd;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	struct connection *waiting, **waiting_end;
	struct connection *done;
	struct connection **working; /* one place a thread */
	pthread_t *threads;
	size_t threads_len, threads_max;
	size_t share; /* most threads for one uid that is not trusted */
	int ending;
};

static int
may_start(const struct work *w, const struct request_caller *caller)
{
	size_t n = 0;

	for (size_t i = 0; !caller->trusted && i < w->threads_max; i++)
		n += w->working[i] != NULL && w->working[i]->caller.uid == caller->uid;
	return n < w->share;
}

static struct connection *
unlink_at(struct work *w, struct connection **at)
{
	struct connection *c = *at;

	*at = c->queue_next;
	if (w->waiting_end == &c->queue_next)
		w->waiting_end = at;
	c->queue_next = NULL;
	return c;
}

/* Call with the lock held. */
static struct connection *
take_waiting(struct work *w)
{
	for (struct connection **at = &w->waiting; *at != NULL; at = &(*at)->queue_next) {
		if (may_start(w, &(*at)->caller))
			return unlink_at(w, at);
	}
	return NULL;
}

/* Leaves the answer in the connection, if there is one to give. */
static void
carry_out(struct work *w, struct connection *c, struct lease *used, int *used_r)
{
	struct proto_message *answer = NULL;
	int64_t begin = clock_mono_ms();
	int r;

	*used = (struct lease){ NULL, 0, 0 };
	*used_r = 0;
	if (connection_is_gone(c))
		return;
	c->requests++;
	r = request_answer(w->site, &c->caller, c->request, &answer, used, used_r);
	if (r == 0) {
		connection_log(c, answer, clock_mono_ms() - begin);
		r = connection_set_answer(c, answer);
	}
	if (r != 0)
		log_notice_r(r, "id=%llu uid=%u closed", (unsigned long long)c->id, (unsigned)c->caller.uid);
	proto_free(&answer);
}

static void
hand_over(struct work *w, struct connection **place)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&w->lock);
	(*place)->queue_next = w->done;
	w->done = *place;
	*place = NULL;
	(void)pthread_cond_broadcast(&w->changed); /* one of the same uid may go on */
	(void)pthread_mutex_unlock(&w->lock);
	if (write(w->wake_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		log_error("the gate's loop cannot be woken"); /* it looks by itself a moment later */
}

/* The place in w->working that belongs to the calling thread. Call with the lock held. */
static struct connection **
own_place(struct work *w)
{
	size_t i = 0;

	while (!pthread_equal(w->threads[i], pthread_self()))
		i++;
	return &w->working[i];
}

static void *
work_main(void *arg)
{
	struct work *w = arg;
	struct connection **place;

	(void)pthread_mutex_lock(&w->lock);
	place = own_place(w);
	while (!w->ending) {
		struct connection *c = take_waiting(w);
		struct lease used;
		int used_r;

		if (c == NULL) {
			(void)pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		*place = c;
		(void)pthread_mutex_unlock(&w->lock);
		carry_out(w, c, &used, &used_r);
		hand_over(w, place);
		pool_put(w->site->pool, &used, used_r);
		(void)pthread_mutex_lock(&w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals are for the loop. */
static int
start_threads(struct work *w)
{
	sigset_t all, before;
	int r = 0;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return ERR_INTERNAL;
	(void)pthread_mutex_lock(&w->lock); /* no thread looks for its place before all are listed */
	while (r == 0 && w->threads_len < w->threads_max) {
		if (pthread_create(&w->threads[w->threads_len], NULL, work_main, w) == 0)
			w->threads_len++;
		else
			r = ERR_MEMORY;
	}
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
work_new(struct request_site *site, int wake_fd, struct work **w_out)
{
	struct work *w = calloc(1, sizeof(*w));
	int r = ERR_MEMORY;

	*w_out = NULL;
	if (w == NULL)
		return ERR_MEMORY;
	w->site = site;
	w->wake_fd = wake_fd;
	w->waiting_end = &w->waiting;
	w->threads_max = (size_t)site->conf->gate.workers;
	w->share = (w->threads_max + 3) / 4;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->changed, NULL);
	w->threads = calloc(w->threads_max, sizeof(*w->threads));
	w->working = calloc(w->threads_max, sizeof(struct connection *));
	if (w->threads == NULL || w->working == NULL)
		goto out;
	if ((r = start_threads(w)) != 0)
		goto out;
	*w_out = w;
	w = NULL;
out:
	work_free(&w);
	return r;
}

void
work_free(struct work **w)
{
	if (*w == NULL)
		return;
	(void)pthread_mutex_lock(&(*w)->lock);
	(*w)->ending = 1;
	(void)pthread_cond_broadcast(&(*w)->changed);
	(void)pthread_mutex_unlock(&(*w)->lock);
	for (size_t i = 0; i < (*w)->threads_len; i++)
		(void)pthread_join((*w)->threads[i], NULL);
	(void)pthread_cond_destroy(&(*w)->changed);
	(void)pthread_mutex_destroy(&(*w)->lock);
	free((*w)->threads);
	free((*w)->working);
	free(*w);
	*w = NULL;
}

void
work_add(struct work *w, struct connection *c)
{
	(void)pthread_mutex_lock(&w->lock);
	c->queue_next = NULL;
	*w->waiting_end = c;
	w->waiting_end = &c->queue_next;
	(void)pthread_cond_signal(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
}

struct connection *
work_expire(struct work *w, int64_t now_ms)
{
	struct connection *c = NULL;

	(void)pthread_mutex_lock(&w->lock);
	for (struct connection **at = &w->waiting; *at != NULL && c == NULL;) {
		if ((*at)->deadline_ms <= now_ms)
			c = unlink_at(w, at);
		else
			at = &(*at)->queue_next;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return c;
}

struct connection *
work_done(struct work *w)
{
	struct connection *c;

	(void)pthread_mutex_lock(&w->lock);
	c = w->done;
	if (c != NULL)
		w->done = c->queue_next;
	(void)pthread_mutex_unlock(&w->lock);
	return c;
}
