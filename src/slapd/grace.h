/*
 * grace.h - the very same credential again: many applications bind twice in a row with what was typed once, and a code is good
 *           once. A client that musterCodeGrace names may do so for some seconds.
 *
 * While one bind with a credential is under way, others with the same one wait for what comes of it instead of being judged
 * themselves: whoever is first spends the code, the others would find it spent.
 */
#ifndef MUSTER_SLAPD_GRACE_H
#define MUSTER_SLAPD_GRACE_H

#include "slapd/overlay.h"

#include "core/network.h"
#include "slapd/verify.h"

struct grace_table;
struct member;
struct muster;

enum grace_state {
	GRACE_NONE = 0, /* judge it: nothing is known of it, and nothing will be remembered */
	GRACE_FIRST,    /* judge it, and say with grace_end() what came of it: others may wait for that */
	GRACE_AGAIN,    /* it was right moments ago, from there: nothing is spent */
	GRACE_JUDGED    /* it was judged just now, and refused with outcome */
};

struct grace_slot;

/* One bind. outcome: with GRACE_JUDGED */
struct grace {
	enum grace_state state;
	enum verify_outcome outcome;
	struct grace_table *table;
	struct grace_slot *slot;
	const struct berval *credential;
	struct network_address address;
};

int grace_new(struct grace_table **table_out);
void grace_free(struct grace_table **table);

/*
 * grace_begin - look whether this credential is one that may be repeated. May wait for another bind with it.
 * in:    member      NULL for a missing entry, which takes the same way: waiting must not tell who exists
 *        credential  all of it, password and code; lives until grace_end()
 * out:   grace_out   to be given back with grace_end() whatever the state is
 */
void grace_begin(Operation *op, struct muster *m, const struct member *member, const struct berval *credential,
                 struct grace *grace_out);

/*
 * grace_end - what came of it. in: member and renewed, the entry it was judged by and a hash that was stored with it ("" none)
 *             in place of stored; both only with VERIFY_OK
 */
void grace_end(struct grace *grace, enum verify_outcome outcome, const struct member *member,
               const struct berval *stored, const char *renewed);

#endif
