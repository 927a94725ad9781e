/*
 * breached.h - search a file of the SHA-1 hashes of breached passwords. It may have a billion lines, so it is neither loaded
 *              nor read through: some thirty lines are looked at. Reading is the caller's.
 *
 * The file: a line a hash, 40 hexadecimal digits, sorted; what follows a colon or a blank is passed over. That is the form in
 * which Have I Been Pwned publishes its list "ordered by hash". SHA-1 because the published lists have it: it protects
 * nothing here, and nothing that was not public before is hashed with it and kept.
 */
#ifndef MUSTER_CORE_BREACHED_H
#define MUSTER_CORE_BREACHED_H

#include <stddef.h>
#include <stdint.h>

#define BREACHED_HASH_LEN 20
#define BREACHED_LINE_MAX 128 /* octets of a line, its end included */

/* breached_read - len octets of the file from an offset on. error: ERR_IO, also when there are fewer */
typedef int breached_read(void *arg, int64_t offset, void *data, size_t len);

/*
 * breached_find - look for a hash.
 * in:    size  octets of the file
 * out:   found_out  1 or 0; 0 on error
 * error: ERR_INPUT  a line that was looked at has another form, or is not where a sorted file would have it
 *        ERR_IO     from read
 */
int breached_find(breached_read *read, void *arg, int64_t size, const uint8_t hash[BREACHED_HASH_LEN], int *found_out);

/*
 * breached_check - whether a file looks like one: lines from all over it have the right form and order.
 * error: as breached_find(); ERR_INPUT for an empty file, too
 */
int breached_check(breached_read *read, void *arg, int64_t size);

#endif
