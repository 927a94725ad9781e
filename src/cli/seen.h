/*
 * seen.h - which names came before, of any number of them, in constant memory.
 *
 * A table of keyed hashes with open addressing in a file without a name. Hashes have 128 bits (BLAKE2b, a random key for each table):
 * two names with one hash do not happen, so names themselves need not be kept nor compared again. 24 octets a slot, at most half
 * of them in use: 100,000 names take 6 MiB of disk and none of memory.
 */
#ifndef MUSTER_CLI_SEEN_H
#define MUSTER_CLI_SEEN_H

#include <stdint.h>

struct seen;

/*
 * seen_open - an empty table.
 * in:    folder  where its file lies until it is closed
 * error: ERR_IO, ERR_MEMORY
 */
int seen_open(const char *folder, struct seen **seen_out);

/*
 * seen_put - remember a name, or say where it was.
 * in:    kind   names of one kind do not meet those of another
 *        where  not 0
 * out:   *before_out  where the same name came first; 0: it is new, and remembered
 * error: ERR_IO, ERR_MEMORY
 */
int seen_put(struct seen *seen, const char *kind, const char *name, uint64_t where, uint64_t *before_out);

/* seen_find - the same without remembering it */
int seen_find(struct seen *seen, const char *kind, const char *name, uint64_t *before_out);
void seen_free(struct seen **seen);

#endif
