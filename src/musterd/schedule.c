/*
 * schedule.c - which record is to be tried when: an array in the order of the ids.
 */
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "musterd/schedule.h"

struct schedule {
	struct schedule_record *records;
	size_t len, capacity;
};

int
schedule_new(struct schedule **s_out)
{
	*s_out = calloc(1, sizeof(**s_out));
	return *s_out != NULL ? 0 : ERR_MEMORY;
}

void
schedule_free(struct schedule **s)
{
	size_t i;

	if (s == NULL || *s == NULL)
		return;
	for (i = 0; i < (*s)->len; i++)
		free((*s)->records[i].id);
	free((*s)->records);
	free(*s);
	*s = NULL;
}

/* Index of an id, or where it belongs. */
static size_t
find_place(const struct schedule *s, const char *id, int *found_out)
{
	size_t low = 0, high = s->len;

	*found_out = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(s->records[middle].id, id);

		if (order == 0) {
			*found_out = 1;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
schedule_add(struct schedule *s, const char *id, int64_t now_ms)
{
	int found;
	size_t place = find_place(s, id, &found);
	char *copy;

	if (found)
		return 0;
	if (s->len == s->capacity) {
		size_t capacity = s->capacity > 0 ? 2 * s->capacity : 64;
		struct schedule_record *grown = reallocarray(s->records, capacity, sizeof(*grown));

		if (grown == NULL)
			return ERR_MEMORY;
		s->records = grown;
		s->capacity = capacity;
	}
	copy = strdup(id);
	if (copy == NULL)
		return ERR_MEMORY;
	memmove(s->records + place + 1, s->records + place, (s->len - place) * sizeof(*s->records));
	s->records[place] = (struct schedule_record){ .id = copy, .due_ms = now_ms };
	s->len++;
	return 0;
}

struct schedule_record *
schedule_due(struct schedule *s, int64_t now_ms)
{
	struct schedule_record *longest = NULL;
	size_t i;

	for (i = 0; i < s->len; i++)
		if (s->records[i].due_ms <= now_ms && (longest == NULL || s->records[i].due_ms < longest->due_ms))
			longest = &s->records[i];
	return longest;
}

void
schedule_retry(struct schedule_record *record, int64_t now_ms, int64_t first_ms, int64_t longest_ms)
{
	int64_t wait_ms = first_ms;
	unsigned i;

	for (i = 0; i < record->tries && wait_ms < longest_ms; i++)
		wait_ms *= 2;
	record->due_ms = now_ms + (wait_ms < longest_ms ? wait_ms : longest_ms);
	record->tries++;
}

void
schedule_remove(struct schedule *s, struct schedule_record *record)
{
	size_t place = (size_t)(record - s->records);

	free(record->id);
	memmove(s->records + place, s->records + place + 1, (s->len - place - 1) * sizeof(*s->records));
	s->len--;
}

size_t
schedule_len(const struct schedule *s)
{
	return s->len;
}
