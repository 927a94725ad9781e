/*
 * conf_file.c - the files of the configuration: opened first, then looked at through the descriptor, so that
 *               what is checked is what is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_file.h"

int
conf_fail(char error[CONF_ERROR_MAX], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error, CONF_ERROR_MAX, format, ap);
	va_end(ap);
	return ERR_CONFIG;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static int
open_regular(const char *path, int *fd_out, struct stat *st_out, char error[CONF_ERROR_MAX])
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	*fd_out = -1;
	if (fd < 0 && errno == ELOOP)
		return conf_fail(error, "%s: is a symbolic link; name the file itself", path);
	if (fd < 0)
		return conf_fail(error, "%s: %s", path, strerror(errno));
	if (fstat(fd, st_out) != 0)
		r = conf_fail(error, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st_out->st_mode))
		r = conf_fail(error, "%s: is not a regular file", path);
	else
		r = 0;
	if (r != 0) {
		close(fd);
		return r;
	}
	*fd_out = fd;
	return 0;
}

int
conf_file_open(const char *path, int *fd_out, char error[CONF_ERROR_MAX])
{
	struct stat st;
	int r;

	r = open_regular(path, fd_out, &st, error);
	if (r != 0)
		return r;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		r = conf_fail(error, "%s: must belong to root", path);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		r = conf_fail(error, "%s: others than its owner may write it; run: chmod go-w %s", path, path);
	if (r != 0) {
		close(*fd_out);
		*fd_out = -1;
	}
	return r;
}

/* Who may touch a file with a secret: root, the one process that needs it, nobody else. */
static int
check_secret_stat(const char *path, const struct stat *st, uid_t uid, gid_t gid, char error[CONF_ERROR_MAX])
{
	if (st->st_uid != 0 && st->st_uid != uid)
		return conf_fail(error, "%s: must belong to root or to the user that reads it", path);
	if (st->st_mode & (S_IRWXO | S_IWGRP | S_IXGRP))
		return conf_fail(error, "%s: others than its reader have access; run: chmod 600 %s", path, path);
	if ((st->st_mode & S_IRGRP) && st->st_gid != 0 && st->st_gid != gid)
		return conf_fail(error, "%s: a group that does not need it may read it; run: chmod 600 %s", path, path);
	return 0;
}

int
conf_check_secret(const char *path, uid_t uid, gid_t gid, char error[CONF_ERROR_MAX])
{
	struct stat st;
	int fd, r;

	r = open_regular(path, &fd, &st, error);
	if (r != 0)
		return r;
	close(fd);
	r = check_secret_stat(path, &st, uid, gid, error);
	if (r != 0)
		return r;
	if (uid != 0 && !(st.st_uid == uid && (st.st_mode & S_IRUSR)) &&
	    !(st.st_gid == gid && (st.st_mode & S_IRGRP)))
		return conf_fail(error, "%s: uid %u, which needs it, cannot read it", path, (unsigned)uid);
	return 0;
}

int
conf_read_secret(const char *path, struct secret **secret_out, char error[CONF_ERROR_MAX])
{
	char text[SECRET_MAX + 2];
	size_t len = 0;
	struct stat st;
	ssize_t n;
	int fd, r;

	*secret_out = NULL;
	error[0] = '\0';
	r = open_regular(path, &fd, &st, error);
	if (r != 0)
		return r;
	r = check_secret_stat(path, &st, geteuid(), getegid(), error);
	if (r != 0)
		goto out;
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) != 0) {
		if (n < 0) {
			r = conf_fail(error, "%s: %s", path, strerror(errno));
			goto out;
		}
		len += (size_t)n;
	}
	if (memchr(text, '\n', len) != NULL)
		len = (size_t)((char *)memchr(text, '\n', len) - text);
	if (len == 0 || len > SECRET_MAX || memchr(text, '\0', len) != NULL) {
		r = conf_fail(error, "%s: its first line must be a password of 1 to %d octets", path, SECRET_MAX);
		goto out;
	}
	r = secret_new(text, len, secret_out);
	if (r != 0)
		snprintf(error, CONF_ERROR_MAX, "%s: %s", path, err_str(r));
out:
	secret_wipe(text, sizeof(text));
	close(fd);
	return r;
}
