/*
 * fault_wrap.c - linked into pam_faulty.so with --wrap: the module with system calls and allocations of its own that can
 *                fail. What libpam does is not touched.
 */
#include "fault_wrap.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static long armed, done;
static enum fault_kind kinds;

void
fault_arm(long nth, enum fault_kind which)
{
	armed = nth;
	kinds = which;
	done = 0;
}

long
fault_calls(void)
{
	return done;
}

static int
fails(enum fault_kind kind)
{
	return (kinds & kind) != 0 && ++done == armed;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *
__wrap_malloc(size_t size)
{
	return fails(FAULT_MEMORY) ? (errno = ENOMEM, NULL) : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	return fails(FAULT_MEMORY) ? (errno = ENOMEM, NULL) : __real_calloc(n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *
__wrap_strdup(const char *text)
{
	return fails(FAULT_MEMORY) ? (errno = ENOMEM, NULL) : __real_strdup(text);
}

ssize_t __real_recv(int fd, void *data, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
ssize_t
__wrap_recv(int fd, void *data, size_t len, int flags)
{
	return fails(FAULT_SYSTEM) ? (errno = EIO, -1) : __real_recv(fd, data, len, flags);
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
	return fails(FAULT_SYSTEM) ? (errno = EPIPE, -1) : __real_send(fd, data, len, flags);
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return fails(FAULT_SYSTEM) ? (errno = ECONNREFUSED, -1) : __real_connect(fd, address, len);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int
__wrap_socket(int domain, int type, int protocol)
{
	return fails(FAULT_SYSTEM) ? (errno = EMFILE, -1) : __real_socket(domain, type, protocol);
}

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int
__wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return fails(FAULT_SYSTEM) ? (errno = ENOPROTOOPT, -1) : __real_getsockopt(fd, level, name, value, len);
}

int __real_poll(struct pollfd *polls, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *polls, nfds_t n, int timeout_ms);
int
__wrap_poll(struct pollfd *polls, nfds_t n, int timeout_ms)
{
	return fails(FAULT_SYSTEM) ? (errno = EINVAL, -1) : __real_poll(polls, n, timeout_ms);
}

int __real_lstat(const char *path, struct stat *st);
int __wrap_lstat(const char *path, struct stat *st);
int
__wrap_lstat(const char *path, struct stat *st)
{
	return fails(FAULT_SYSTEM) ? (errno = EACCES, -1) : __real_lstat(path, st);
}
