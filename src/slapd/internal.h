/*
 * internal.h - the overlay's own operations, carried out as the rootdn.
 */
#ifndef MUSTER_SLAPD_INTERNAL_H
#define MUSTER_SLAPD_INTERNAL_H

#include "slapd/overlay.h"

struct muster;

typedef void internal_found(Entry *e, void *arg);

/*
 * internal_search - search a subtree; limit 0: none.
 * out:   LDAP result code; found is called for each entry
 */
int internal_search(Operation *op, BackendDB *be, struct berval *base_ndn, const char *filter, int limit,
                    internal_found *found, void *arg);
/* filter_text - a filter with a value escaped into it, for each %s of one or two; ch_free() by the caller */
char *filter_text(const char *format, const struct berval *value);
/* internal_add - add an entry, which is freed. out: LDAP result code */
int internal_add(Operation *op, BackendDB *be, Entry *e);
/* An entry that is added in somebody's name. */
struct internal_new {
	Entry *e;
	Entry *parent; /* one that is not stored yet; NULL: it is there */
	const struct berval *who_dn, *who_ndn;
};
/* internal_may_add - 1 when access rules let it be added. Its parent may be one that is not stored yet. */
int internal_may_add(Operation *op, struct muster *m, const struct internal_new *new);
/* internal_check_new - call check with the operation that would add it, as our own hook sees it. out: what check returns */
typedef int internal_check(Operation *op, SlapReply *rs, void *arg);
int internal_check_new(Operation *op, struct muster *m, const struct internal_new *new, internal_check *check, void *arg);
/*
 * internal_add_new - add it past our own hook, which has nothing to say any more; e is freed. op->o_bd is a copy as in a hook.
 * out:   text  what the database says of a failure
 *        LDAP result code
 */
int internal_add_new(Operation *op, struct muster *m, const struct internal_new *new, char *text, size_t text_len);

/* internal_delete - out: LDAP result code */
int internal_delete(Operation *op, BackendDB *be, struct berval *dn, struct berval *ndn);
/* internal_modify - carry out *mods through the whole stack of a database and free them. out: LDAP result code */
int internal_modify(Operation *op, BackendDB *be, struct berval *dn, struct berval *ndn, Modifications **mods);

#endif
