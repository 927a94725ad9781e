/*
 * full.c - a disk without room, preloaded into slapd by the tests: nothing is written to files while the file that
 *          MUSTER_FULL names exists. LMDB writes a page with pwrite(), pages in a row with writev(), and its meta page last;
 *          a disk that takes the others and not that one is another fault, of which slapd ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int
is_full(void)
{
	const char *path = getenv("MUSTER_FULL");

	if (path == NULL || access(path, F_OK) != 0)
		return 0;
	errno = ENOSPC;
	return 1;
}

ssize_t
pwrite64(int fd, const void *buf, size_t n, off64_t offset)
{
	ssize_t (*next)(int, const void *, size_t, off64_t);

	*(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
	return is_full() ? -1 : next(fd, buf, n, offset);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return pwrite64(fd, buf, n, offset);
}

/* What slapd logs to and its connections are left alone. */
static int
is_stored(int fd)
{
	struct stat st;

	return fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*next)(int, const struct iovec *, int);

	*(void **)&next = dlsym(RTLD_NEXT, "writev");
	return is_stored(fd) && is_full() ? -1 : next(fd, parts, count);
}
