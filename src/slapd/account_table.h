/*
 * account_table.h - tries in memory: what account*.c share with failures.c and nobody else needs.
 *
 *   account.c           records, who may verify and who waits
 *   account_state.c     failures: counted, compared with the entry, handed to whoever writes them
 *   account_remember.c  right passwords of the last minute
 *
 * A record exists while somebody uses it, while it holds a remembered password, and while it knows of failures that are not
 * in the entry. All else is read from the entry again, so memory stays small whatever strangers ask for.
 */
#ifndef MUSTER_SLAPD_ACCOUNT_TABLE_H
#define MUSTER_SLAPD_ACCOUNT_TABLE_H

#include "slapd/overlay.h"

#include "core/budget.h"
#include "slapd/account.h"

struct member;
struct muster;

#define ACCOUNT_ID_LEN 16
#define ACCOUNT_BUCKETS 1024
#define ACCOUNT_REMEMBERED 4 /* right passwords of one account, on as many connections */
#define ACCOUNT_MAC_LEN 32

/* musterLoginState in short: all 0 for none */
struct state_mark {
	uint8_t octets[16];
};

struct remembered {
	uint8_t mac[ACCOUNT_MAC_LEN];
	unsigned long connid;
	int64_t until; /* 0: free */
};

/* Records nobody uses, oldest first. */
struct account_list {
	struct account_try *oldest, *youngest;
	unsigned len;
};

/* The record of one account, and the handle of whoever has it reserved. Everything is the table's mutex's. */
struct account_try {
	struct accounts *table;
	struct account_try *next;            /* in the bucket */
	struct account_list *list;           /* NULL: somebody uses it */
	struct account_try *older, *younger; /* in the list */
	uint8_t id[ACCOUNT_ID_LEN];
	int busy;
	char holder[BUDGET_ID_LEN + 1]; /* source of who has it */
	unsigned waiting;
	int64_t keep_until;
	struct remembered remembered[ACCOUNT_REMEMBERED];

	struct budget state;
	int loaded;              /* state is of an entry, or of somebody who has none */
	int64_t lock_at;         /* the account is locked since then, and the entry does not say so yet; 0: it is not */
	struct state_mark seen;  /* what the entry said last, or was told */
	struct state_mark told;  /* what it is being told, while it is */
	unsigned writes;         /* of the state, begun */
	unsigned writing;        /* begun and not ended */
	unsigned mark;           /* for who has it reserved: writes, when that began */
	int mark_void;           /* a write was under way then */

	struct berval ndn;              /* of the entry to write to; BER_BVNULL for somebody who has none */
	char uuid[37];
	int queued;                     /* to be written, or being written by failures.c */
	struct account_try *next_queued;
};

struct accounts {
	struct muster *m;
	ldap_pvt_thread_mutex_t mutex;
	uint8_t key[32];
	struct account_try *buckets[ACCOUNT_BUCKETS];
	struct account_list members, strangers;
	struct waiter *waiters;  /* for whichever account, who came last first */
	struct waiter *spenders; /* spending time on what is refused */
	struct account_try *queue, **queue_end;
	int writer;          /* a task is submitted, or runs */
	void *writer_cookie; /* of the task while it has not begun */
};

/* account_settle - the mutex is held, and somebody has finished with a record: keep it, or let it go */
void account_settle(struct account_try *t, int64_t now);

/* account_mark_of - a stored state in short */
struct state_mark account_mark_of(const struct accounts *a, const struct berval *text);

/* account_refused - the mutex is held: why a try is refused now without being looked at, NULL when it is not */
const char *account_refused(const struct account_try *t, const struct attempt *attempt);

/* account_failures - the mutex is held: of an attempt's source, passwords or codes, whichever is more */
unsigned account_failures(const struct account_try *t, const struct attempt *attempt);

/* account_knows - the mutex is held: whether a right password is remembered on a connection */
int account_knows(const struct account_try *t, unsigned long connid, int64_t now);

/* account_is_unsaved - the mutex is held: whether the entry has still to be told of failures */
int account_is_unsaved(const struct account_try *t);

/* account_queue - the mutex is held: have a record's failures written; nothing happens when there are none */
void account_queue(struct account_try *t);

/* What failures.c has to write. */
enum account_told { TOLD_DONE, TOLD_OVERTAKEN, TOLD_FAILED, TOLD_NOBODY };
struct account_job {
	struct account_try *t;
	struct berval ndn;
	char uuid[37];
	unsigned writes, began;
	int again;                   /* somebody else is writing: come back */
	char text[BUDGET_TEXT_MAX];  /* what musterLoginState is to say, "" for nothing */
	int64_t lock_at;             /* pwdAccountLockedTime, 0: not to be written */
};

/*
 * account_take - the next record whose failures are to be written, 0 when there is none. Ends with account_told().
 * account_tell - fill in what is to be written about a member as it is now, 0 when there is nothing.
 * account_told - TOLD_OVERTAKEN: somebody else wrote meanwhile, so it is looked at again; TOLD_FAILED: kept in memory.
 */
int account_take(struct accounts *a, struct account_job *job);
int account_tell(struct account_job *job, const struct member *member);
void account_told(struct account_job *job, enum account_told told);

/* failures.c: have a task write what is queued; the mutex is held */
void failures_submit(struct accounts *a);

#endif
