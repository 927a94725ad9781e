/*
 * seen.c - which names came before: a hash table in a file.
 */
#include "cli/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "common/err.h"

#define SLOTS_FIRST ((uint64_t)1 << 15)
#define HASH_LEN 16

struct slot {
	unsigned char hash[HASH_LEN];
	uint64_t where; /* 0: nobody's */
};

struct seen {
	int folder, fd;
	uint64_t slots; /* a power of two */
	uint64_t used;
	unsigned char key[crypto_generichash_KEYBYTES];
};

/* A file without a name; where the file system knows none of these, its name is gone at once. */
static int
nameless(int folder)
{
	char name[32];
	int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	snprintf(name, sizeof(name), ".seen-%08x", (unsigned)randombytes_random());
	fd = openat(folder, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)unlinkat(folder, name, 0);
	return fd;
}

/* A file of empty slots that nobody else can open. A hole reads as zeros. */
static int
new_file(int folder, uint64_t slots)
{
	int fd = nameless(folder);

	if (fd >= 0 && ftruncate(fd, (off_t)(slots * sizeof(struct slot))) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
seen_open(const char *folder, struct seen **seen_out)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	*seen_out = NULL;
	if (seen == NULL)
		return ERR_MEMORY;
	seen->fd = -1;
	seen->slots = SLOTS_FIRST;
	seen->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (seen->folder >= 0)
		seen->fd = new_file(seen->folder, seen->slots);
	if (seen->fd < 0) {
		seen_free(&seen);
		return ERR_IO;
	}
	randombytes_buf(seen->key, sizeof(seen->key));
	*seen_out = seen;
	return 0;
}

void
seen_free(struct seen **seen)
{
	if (seen == NULL || *seen == NULL)
		return;
	if ((*seen)->fd >= 0)
		close((*seen)->fd);
	if ((*seen)->folder >= 0)
		close((*seen)->folder);
	free(*seen);
	*seen = NULL;
}

static off_t
offset_of(uint64_t slot)
{
	return (off_t)(slot * sizeof(struct slot));
}

/* look - out: *at_out  the slot that has the hash, or the one to put it into; slot_out->where 0 then */
static int
look(int fd, uint64_t slots, const unsigned char hash[HASH_LEN], uint64_t *at_out, struct slot *slot_out)
{
	uint64_t at, n;

	memcpy(&at, hash, sizeof(at));
	for (n = 0; n < slots; n++, at++) {
		at &= slots - 1;
		if (pread(fd, slot_out, sizeof(*slot_out), offset_of(at)) != (ssize_t)sizeof(*slot_out))
			return ERR_IO;
		if (slot_out->where == 0 || memcmp(slot_out->hash, hash, HASH_LEN) == 0) {
			*at_out = at;
			return 0;
		}
	}
	return ERR_INTERNAL;
}

static int
put_slot(int fd, uint64_t at, const struct slot *slot)
{
	return pwrite(fd, slot, sizeof(*slot), offset_of(at)) == (ssize_t)sizeof(*slot) ? 0 : ERR_IO;
}

static int
copy_slots(const struct seen *seen, int fd, uint64_t slots)
{
	struct slot slot, there;
	uint64_t i, at;
	int r = 0;

	for (i = 0; i < seen->slots && r == 0; i++) {
		if (pread(seen->fd, &slot, sizeof(slot), offset_of(i)) != (ssize_t)sizeof(slot))
			return ERR_IO;
		if (slot.where == 0)
			continue;
		r = look(fd, slots, slot.hash, &at, &there);
		if (r == 0)
			r = put_slot(fd, at, &slot);
	}
	return r;
}

static int
grow(struct seen *seen)
{
	uint64_t slots = 4 * seen->slots;
	int fd = new_file(seen->folder, slots), r;

	r = fd < 0 ? ERR_IO : copy_slots(seen, fd, slots);
	if (r != 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	close(seen->fd);
	seen->fd = fd;
	seen->slots = slots;
	return 0;
}

static int
hash_name(const struct seen *seen, const char *kind, const char *name, unsigned char hash[HASH_LEN])
{
	crypto_generichash_state state;

	if (crypto_generichash_init(&state, seen->key, sizeof(seen->key), HASH_LEN) != 0 ||
	    crypto_generichash_update(&state, (const unsigned char *)kind, strlen(kind) + 1) != 0 ||
	    crypto_generichash_update(&state, (const unsigned char *)name, strlen(name)) != 0 ||
	    crypto_generichash_final(&state, hash, HASH_LEN) != 0)
		return ERR_INTERNAL;
	return 0;
}

int
seen_find(struct seen *seen, const char *kind, const char *name, uint64_t *before_out)
{
	unsigned char hash[HASH_LEN];
	struct slot there;
	uint64_t at;
	int r;

	*before_out = 0;
	r = hash_name(seen, kind, name, hash);
	if (r == 0)
		r = look(seen->fd, seen->slots, hash, &at, &there);
	if (r == 0)
		*before_out = there.where;
	return r;
}

int
seen_put(struct seen *seen, const char *kind, const char *name, uint64_t where, uint64_t *before_out)
{
	struct slot slot = { .where = where }, there;
	uint64_t at;
	int r = 0;

	*before_out = 0;
	if (seen->used >= seen->slots / 2)
		r = grow(seen);
	if (r == 0)
		r = hash_name(seen, kind, name, slot.hash);
	if (r == 0)
		r = look(seen->fd, seen->slots, slot.hash, &at, &there);
	if (r != 0)
		return r;
	if (there.where != 0) {
		*before_out = there.where;
		return 0;
	}
	r = put_slot(seen->fd, at, &slot);
	seen->used += r == 0;
	return r;
}
