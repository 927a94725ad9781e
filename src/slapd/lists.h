/*
 * lists.h - what new passwords are compared with: olcMusterBlocklist, olcMusterBreached, olcMusterContextWord.
 */
#ifndef MUSTER_SLAPD_LISTS_H
#define MUSTER_SLAPD_LISTS_H

#include "slapd/overlay.h"

struct muster;

/*
 * lists_config - olcMusterBlocklist, olcMusterBreached, olcMusterContextWord
 * lists_open, lists_close - with the database; what cannot be read is logged and fails when it is needed
 * lists_breached - look for a SHA-1 hash in the file of breached passwords. error: ERR_IO, which is logged
 */
ConfigDriver lists_config;
void lists_open(struct muster *m);
void lists_close(struct muster *m);
void lists_free(struct muster *m);
int lists_breached(Operation *op, struct muster *m, const uint8_t *hash, int *found_out);

/* config_value_remove - one of several values of a configuration attribute; in: which  -1: all of them */
void config_value_remove(BerVarray *values, int which);

#endif
