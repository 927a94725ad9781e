/*
 * pipeline.c - many writes, several under way at once.
 */
#include "cli/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUSY_TRIES 200
#define BUSY_MS 50

void
pipeline_init(struct pipeline *p, struct directory *d, enum directory_write write, int only_try, const char *only_if)
{
	memset(p, 0, sizeof(*p));
	p->d = d;
	p->write = write;
	p->only_try = only_try;
	p->only_if = only_if;
}

static void
flight_clear(struct flight *flight)
{
	row_clear(&flight->row);
	free(flight->dn);
	memset(flight, 0, sizeof(*flight));
}

void
pipeline_clear(struct pipeline *p)
{
	for (; p->n > 0; p->n--) {
		flight_clear(&p->ring[p->first]);
		p->first = (p->first + 1) % PIPELINE_MAX;
	}
}

static size_t
octets_of(const struct flight *flight)
{
	size_t i, k, n = strlen(flight->dn) + 128;

	for (i = 0; i < flight->row.entry.changes_len; i++) {
		n += strlen(flight->row.entry.changes[i].attribute) + 16;
		for (k = 0; k < flight->row.entry.changes[i].values_len; k++)
			n += flight->row.entry.changes[i].values[k].len + 8;
	}
	return n;
}

static void
say_why(struct pipeline *p, struct flight *flight)
{
	const char *text = directory_text(p->d);

	flight->result = directory_result(p->d);
	snprintf(flight->why, sizeof(flight->why), "%s", *text != '\0' ? text : err_str(flight->r));
}

/* Whether the connection can go on after an error of sending or receiving. */
static int
is_lost(int r)
{
	return r == ERR_UNREACHABLE || r == ERR_TIMEOUT || r == ERR_INTERNAL;
}

static int
send_one(struct pipeline *p, struct flight *flight)
{
	struct directory_change *changes = calloc(flight->row.entry.changes_len + 1, sizeof(*changes));
	size_t i;
	int r;

	if (changes == NULL)
		return ERR_MEMORY;
	for (i = 0; i < flight->row.entry.changes_len; i++) {
		changes[i].op = flight->row.entry.changes[i].op;
		changes[i].attribute = flight->row.entry.changes[i].attribute;
		changes[i].values = flight->row.entry.changes[i].values;
		changes[i].values_len = flight->row.entry.changes[i].values_len;
	}
	r = directory_write_begin(p->d, flight->dn, p->write, changes,
	                          p->write == WRITE_DELETE ? 0 : flight->row.entry.changes_len, p->only_try, p->only_if,
	                          &flight->id);
	free(changes);
	if (r == 0)
		return 0;
	flight->r = r;
	flight->result = -1;
	snprintf(flight->why, sizeof(flight->why), "%s", err_str(r));
	return is_lost(r) ? r : 0;
}

int
pipeline_has_room(const struct pipeline *p)
{
	return p->n < PIPELINE_MAX && (p->n == 0 || p->octets < PIPELINE_OCTETS_MAX);
}

int
pipeline_put(struct pipeline *p, struct flight *flight)
{
	struct flight *place = &p->ring[(p->first + p->n) % PIPELINE_MAX];

	*place = *flight;
	memset(flight, 0, sizeof(*flight));
	p->n++;
	place->id = -1;
	place->result = -1;
	if (place->judged != EXIT_DONE || place->row.owner == ROW_OWNER_ONLY)
		return 0;
	place->octets = octets_of(place);
	p->octets += place->octets;
	return send_one(p, place);
}

static struct flight *
find_flight(struct pipeline *p, int id)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct flight *flight = &p->ring[(p->first + i) % PIPELINE_MAX];

		if (flight->id == id)
			return flight;
	}
	return NULL;
}

static int
any_under_way(const struct pipeline *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->ring[(p->first + i) % PIPELINE_MAX].id >= 0)
			return 1;
	}
	return 0;
}

int
pipeline_wait(struct pipeline *p)
{
	const struct timespec pause = { .tv_nsec = BUSY_MS * 1000000L };
	struct flight *flight;
	int id, answer, r;

	if (!any_under_way(p))
		return 0;
	r = directory_collect(p->d, &id, &answer);
	if (r != 0)
		return r;
	flight = find_flight(p, id);
	if (flight == NULL)
		return 0; /* what nobody asked for */
	flight->id = -1;
	flight->r = answer;
	if (answer == ERR_BUSY && flight->tries++ < BUSY_TRIES) {
		flight->r = 0;
		(void)nanosleep(&pause, NULL);
		return send_one(p, flight);
	}
	if (answer != 0)
		say_why(p, flight);
	return 0;
}

struct flight *
pipeline_first(struct pipeline *p)
{
	struct flight *flight = &p->ring[p->first];

	return p->n > 0 && flight->id < 0 ? flight : NULL;
}

void
pipeline_take(struct pipeline *p)
{
	struct flight *flight = &p->ring[p->first];

	p->octets -= flight->octets;
	flight_clear(flight);
	p->first = (p->first + 1) % PIPELINE_MAX;
	p->n--;
}
