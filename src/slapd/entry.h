/*
 * entry.h - one entry, by its name, and what it lies in. All of these look into the database of op->o_bd; an entry that they give
 *           goes back by be_entry_release_r().
 */
#ifndef MUSTER_SLAPD_ENTRY_H
#define MUSTER_SLAPD_ENTRY_H

#include "slapd/overlay.h"

struct muster;

/*
 * entry_read - an entry; NULL on error.
 * error: ERR_NOT_FOUND  it is not there
 *        ERR_IO         nobody can tell
 */
int entry_read(Operation *op, struct berval *ndn, Entry **e_out);
/* entry_fetch - the same, NULL when it is not there or nobody can tell */
Entry *entry_fetch(Operation *op, struct berval *ndn);

/* organization_find - the nearest organization above ndn; errors as entry_read() */
int organization_find(Operation *op, struct muster *m, const struct berval *ndn, Entry **e_out);
/* organization_above - the same, NULL for none or when nobody can tell */
Entry *organization_above(Operation *op, struct muster *m, const struct berval *ndn);

/* depth_below - how deep ndn lies in a folder of the base: 0 the folder itself, -1 elsewhere. in: rdn  of the folder, with a comma */
int depth_below(const struct muster *m, const char *rdn, const struct berval *ndn);

#endif
