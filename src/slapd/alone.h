/*
 * alone.h - writes that must be alone in the database, and writes of several entries that are stored together or not at all.
 */
#ifndef MUSTER_SLAPD_ALONE_H
#define MUSTER_SLAPD_ALONE_H

#include "slapd/overlay.h"

struct muster;

/* alone_ready - once, when the module is loaded */
void alone_ready(void);

/* writes_enter, writes_leave - around each write below us, see op_walk(); on one thread one inside of another counts once */
void writes_enter(void);
void writes_leave(void);

/*
 * alone_begin - wait until no other write is in the databases of this server, and let none in until alone_end(). For rules
 *               about several entries: look, then write.
 * error: ERR_BUSY  this thread is inside of a write already
 * after: take no lock and no account (account_enter(), verify_begin()) before alone_end(): who has it may be waiting for us
 */
int alone_begin(void);
void alone_end(void);
/* alone_wait - until what somebody writes who is alone now is stored: syncprov tells of it before that */
void alone_wait(void);

/* A transaction of the database. */
struct transaction {
	Operation *op;
	struct muster *m;
	OpExtra *extra;  /* the database's own */
	OpExtra *before; /* what op had */
};

/*
 * transaction_begin - what is written on behalf of op from now on (mods_write(), internal_add() and the like with op,
 *                     transaction_walk()) is stored together by transaction_end(), or not at all. Reads see it.
 * error: ERR_IO  the database has no transactions, or cannot begin one now
 * after: alone_begin() before, entries released; nothing is answered to the client until transaction_end()
 */
int transaction_begin(Operation *op, struct muster *m, struct transaction *t);
/* transaction_end - LDAP_SUCCESS stores it, anything else drops it. out: rc, LDAP_OTHER when storing failed */
int transaction_end(struct transaction *t, int rc);

/* The answer to a client's operation that is part of a transaction. */
struct transaction_answer {
	int result;
	char text[256];
};
/* transaction_walk - op_walk() whose answer is kept back. out: the result */
int transaction_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                     struct transaction_answer *answer);
/* transaction_answer - send it; what a hook returns */
int transaction_answer(Operation *op, SlapReply *rs, struct muster *m, const struct transaction_answer *answer);

#endif
