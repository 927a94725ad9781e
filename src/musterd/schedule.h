/*
 * schedule.h - which record is to be tried when. In memory only: the directory is what remembers.
 */
#ifndef MUSTER_MUSTERD_SCHEDULE_H
#define MUSTER_MUSTERD_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct schedule;

/* One record. Pointers to it are valid until the next schedule_add() or schedule_remove(). */
struct schedule_record {
	char *id;
	int64_t due_ms;  /* in the clock of the caller */
	unsigned tries;  /* failed ones in a row */
	int delivered;   /* sent, or given up: only the directory has to hear of it */
	int outcome;     /* what it is to hear; the schedule does not look at it */
};

/* schedule_new - empty. error: ERR_MEMORY */
int schedule_new(struct schedule **s_out);
void schedule_free(struct schedule **s);

/* schedule_add - due at once; a record that is known keeps its time. error: ERR_MEMORY */
int schedule_add(struct schedule *s, const char *id, int64_t now_ms);

/* schedule_due - the record that has been due longest, NULL when none is due yet. */
struct schedule_record *schedule_due(struct schedule *s, int64_t now_ms);

/*
 * schedule_retry - try again later: after first_ms, doubled for each try before, longest_ms at most.
 */
void schedule_retry(struct schedule_record *record, int64_t now_ms, int64_t first_ms, int64_t longest_ms);

/* schedule_remove - forget a record. */
void schedule_remove(struct schedule *s, struct schedule_record *record);

/* schedule_len - number of records. */
size_t schedule_len(const struct schedule *s);

#endif
