/*
 * source.h - where a try comes from, doc/ARCHITECTURE.md "Guessing".
 */
#ifndef MUSTER_SLAPD_SOURCE_H
#define MUSTER_SLAPD_SOURCE_H

#include "slapd/overlay.h"

#include "core/budget.h"
#include "core/keyring.h"

struct attempt;
struct member;
struct muster;

/* Who a client is taken for: IPv4 whole, IPv6 the first 64 bits, all local sockets one. */
struct source_place {
	uint8_t octets[9];
};

/* Where a try comes from. */
struct source {
	struct source_place place; /* the client itself, whatever it says of others */
	struct budget_from from;
	char hashed[KEYRING_ID_MAX + 1 + 44]; /* as musterKnownSource has it, without the day; "" without keys */
	struct berval stored;                 /* the value it is known by, pointing into the member */
};

/* source_place - who op's client is taken for: IPv4 whole, IPv6 the first 64 bits, all local sockets one */
void source_place(Operation *op, struct source_place *place_out);

/*
 * source_of - the source of op's try at an account.
 * in:    member  NULL: nobody there
 *        rhost   what a login host says about its client, NULL or empty: nothing
 */
void source_of(Operation *op, struct muster *m, const struct member *member, const struct berval *rhost,
               struct source *source_out);

/*
 * attempt_at - op's try at an account, now; what it brings is left to the caller.
 * in:    member  NULL: nobody there; key then says who was meant
 *        rhost   as source_of() takes it
 * out:   attempt_out  policy is NULL for somebody who is not there; source_out is the source it points to
 */
void attempt_at(Operation *op, struct muster *m, const struct member *member, const struct berval *key,
                const struct berval *rhost, struct source *source_out, struct attempt *attempt_out);

/*
 * source_remember - append to mods what a login from a source changes in musterKnownSource: nothing when the source is
 *                   known and was seen today, so that it costs no more than the login itself.
 */
void source_remember(const struct member *member, const struct source *source, int64_t now, Modifications **mods);

#endif
