/*
 * key_file.c - the key file of this host: read and replaced as a whole, by one at a time. Key material stays in this process
 *              and in files of mode 0600 or narrower than the old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/key.h"

#define MODE_MAX 0640 /* slapd refuses a wider one */
#define LOCK_TRIES 50
#define LOCK_PAUSE_MS 100

static int
say_file(const struct keys *k, const char *what)
{
	say_error("%s: %s: %s", k->path, what, strerror(errno));
	return EXIT_FAILED;
}

/* The name of the file in its folder, and that of its successor while it is written. */
static const char *
file_name(const struct keys *k)
{
	return strrchr(k->path, '/') + 1;
}

static void
new_name(const struct keys *k, char name[NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%s.new", file_name(k));
}

/* Whoever may read the folder may lock it, and is not waited for without end. */
static int
lock_folder(const struct keys *k, const char *folder)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(k->folder, LOCK_EX | LOCK_NB) == 0)
			return EXIT_DONE;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return say_file(k, "its folder cannot be locked");
		(void)nanosleep(&pause, NULL);
	}
	say_error("%s is locked by another program: end it (fuser -v %s) or try again", folder, folder);
	return EXIT_FAILED;
}

/* Locks the folder: the file itself is another one after each change. */
static int
open_folder(struct keys *k)
{
	const char *slash = strrchr(k->path, '/');
	char folder[PATH_MAX];

	if (slash == NULL || slash[1] == '\0' || strlen(slash) > NAME_MAX - strlen(".new") ||
	    slash - k->path >= PATH_MAX) {
		say_error("%s: not the full path of a key file", k->path);
		return EXIT_FAILED;
	}
	snprintf(folder, sizeof(folder), "%.*s", slash == k->path ? 1 : (int)(slash - k->path), k->path);
	k->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return k->folder < 0 ? say_file(k, "its folder cannot be used") : lock_folder(k, folder);
}

static int
read_file(struct keys *k)
{
	int fd = openat(k->folder, file_name(k), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), line, status;
	char text[KEYRING_FILE_MAX + 1];
	ssize_t n = -1;

	if (fd < 0 || fstat(fd, &k->st) != 0 || !S_ISREG(k->st.st_mode)) {
		status = say_file(k, "cannot be read as a file; keys are changed on the host that slapd runs on, as root");
	} else if ((n = read(fd, text, sizeof(text))) < 0 || n > KEYRING_FILE_MAX ||
	           keyring_parse(text, (size_t)n, &k->ring, &line) != 0) {
		say_error("%s: is no key file", k->path);
		status = EXIT_FAILED;
	} else {
		memcpy(k->text, text, (size_t)n);
		k->text_len = (size_t)n;
		status = EXIT_DONE;
	}
	secret_wipe_array(text);
	if (fd >= 0)
		close(fd);
	return status;
}

int
key_file_open(struct keys *k)
{
	int status = open_folder(k);

	return status != EXIT_DONE ? status : read_file(k);
}

void
key_file_close(struct keys *k)
{
	if (k->folder >= 0)
		close(k->folder);
	k->folder = -1;
	keyring_free(&k->ring);
	secret_wipe_array(k->text);
}

/* A file beside the old one with its owner and, at most, its mode. What a run that was ended left behind goes first. */
static int
write_beside(struct keys *k, const char *name, const char *text, size_t len)
{
	int fd, good;

	(void)unlinkat(k->folder, name, 0);
	fd = openat(k->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_file(k, "no file can be made beside it");
	errno = 0;
	good = (fchown(fd, k->st.st_uid, k->st.st_gid) == 0 || (geteuid() != 0 && geteuid() == k->st.st_uid)) &&
	       fchmod(fd, k->st.st_mode & MODE_MAX) == 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	if (close(fd) != 0)
		good = 0;
	if (good)
		return EXIT_DONE;
	(void)say_file(k, "the new file cannot be written");
	(void)unlinkat(k->folder, name, 0);
	return EXIT_FAILED;
}

int
key_file_replace(struct keys *k, const char *text, size_t len)
{
	struct keyring *ring = NULL;
	char name[NAME_MAX + 1];
	int line, status, r = keyring_parse(text, len, &ring, &line);

	if (r != 0) {
		say_error("%s: %s", k->path,
		          r == ERR_RANGE ? "no room for more keys: retire one first" : "would be no key file any more");
		return EXIT_FAILED;
	}
	new_name(k, name);
	status = write_beside(k, name, text, len);
	if (status == EXIT_DONE && renameat(k->folder, name, k->folder, file_name(k)) != 0) {
		status = say_file(k, "cannot be replaced");
		(void)unlinkat(k->folder, name, 0);
	}
	if (status != EXIT_DONE) {
		keyring_free(&ring);
		return status;
	}
	(void)fsync(k->folder);
	keyring_free(&k->ring);
	k->ring = ring;
	secret_wipe_array(k->text);
	memcpy(k->text, text, len);
	k->text_len = len;
	return EXIT_DONE;
}
