/*
 * listen.c - the gate's socket in the file system.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/err.h"
#include "musterd/listen.h"

#define BACKLOG 128

/* The folder must be ours alone to write: whoever can rename in it can put a socket of his own there. */
static int
check_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	memcpy(folder, path, strlen(path) + 1);
	*strrchr(folder, '/') = '\0';
	if (mkdir(folder, 0755) == 0) {
		if (chmod(folder, 0755) != 0) /* whatever the umask was */
			return ERR_IO;
	} else if (errno != EEXIST) {
		return ERR_IO;
	}
	if (lstat(folder, &st) != 0)
		return ERR_IO;
	if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return ERR_CONFIG;
	return 0;
}

/* A name that is left from a process that died is removed; one that is in use is not. */
static int
remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, r;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : ERR_IO;
	if (!S_ISSOCK(st.st_mode))
		return ERR_CONFIG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED ? 0 : ERR_EXISTS;
	close(fd);
	if (r == 0 && unlink(address->sun_path) != 0)
		r = ERR_IO;
	return r;
}

int
listen_open(const char *path, int *fd_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, saved, r;

	*fd_out = -1;
	if (strlen(path) >= sizeof(address.sun_path))
		return ERR_CONFIG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	r = check_folder(path);
	if (r == 0)
		r = remove_stale(&address);
	if (r != 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, 0666) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return ERR_IO;
	}
	*fd_out = fd;
	return 0;
}

void
listen_close(const char *path, int *fd)
{
	if (*fd < 0)
		return;
	unlink(path);
	close(*fd);
	*fd = -1;
}
