/*
 * init_files.c - the two files of "muster init": sealing keys for slapd, the courier's password for musterd. Both are
 *                made once, with mode 0600, and never changed afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/init.h"
#include "cli/slapd_process.h"
#include "core/keyring.h"
#include "core/token.h"

#define KEY_ID "k1"
#define COURIER_USER "_muster-courier"

struct owner {
	uid_t uid;
	gid_t gid;
	int known; /* 0: leave the file to whoever runs this */
};

static int
owner_by_name(const char *name, struct owner *owner)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL)
		return ERR_NOT_FOUND;
	owner->uid = user->pw_uid;
	owner->gid = user->pw_gid;
	owner->known = 1;
	return 0;
}

/* Whoever runs slapd must read the key file. */
static void
owner_of_slapd(const struct init *in, struct owner *owner)
{
	struct slapd_process process;

	slapd_process_find(in->global, &process);
	owner->uid = process.uid;
	owner->gid = process.gid;
	owner->known = process.known;
	slapd_process_free(&process);
}

/* A new file with nothing but our text. A file, link or folder of that name is an error. */
static int
write_new_file(const char *path, const char *text, size_t len, const struct owner *owner)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = 0;

	if (fd < 0) {
		say_error("%s: cannot be made: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (write(fd, text, len) != (ssize_t)len || fsync(fd) != 0)
		error = errno != 0 ? errno : EIO;
	if (error == 0 && owner->known && owner->uid != geteuid() && fchown(fd, owner->uid, owner->gid) != 0)
		error = errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0)
		return EXIT_DONE;
	(void)unlink(path);
	say_error("%s: cannot be written: %s", path, strerror(error));
	return EXIT_FAILED;
}

int
init_key_file(struct init *in)
{
	const char *name = in->s->args.value[OPT_KEY_OWNER];
	struct owner owner = { .known = 0 };
	char line[KEYRING_LINE_MAX];
	struct stat st;
	int status;

	if (in->key_file_configured || lstat(in->key_file, &st) == 0)
		return EXIT_DONE;
	if (name == NULL) {
		owner_of_slapd(in, &owner);
	} else if (owner_by_name(name, &owner) != 0) {
		say_error("--key-owner: there is no user \"%s\"", name);
		return EXIT_USAGE;
	}
	if (!in->dry_run) {
		if (keyring_generate(KEY_ID, line) != 0)
			return say_failure(in->s, ERR_RANDOM, "key");
		status = write_new_file(in->key_file, line, strlen(line), &owner);
		secret_wipe_array(line);
		if (status != EXIT_DONE)
			return status;
	}
	init_step(in, "sealing key %s", in->key_file);
	return EXIT_DONE;
}

/* The first line of a file that others cannot read. */
static int
read_password(const char *path, struct secret **password_out)
{
	char line[SECRET_MAX + 2] = "";
	struct stat st;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), status = EXIT_FAILED;

	if (fd < 0) {
		say_error("%s: cannot be read: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		say_error("%s: must be a file that only its owner can read (chmod 600)", path);
	else
		n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n >= 0) {
		size_t len = strcspn(line, "\r\n");

		if (len == 0 || len > SECRET_MAX)
			say_error("%s: the first line must be the password", path);
		else
			status = secret_new(line, len, password_out) == 0 ? EXIT_DONE : EXIT_FAILED;
	}
	secret_wipe_array(line);
	return status;
}

/* The folder that holds the file, one level, when it is not there. */
static int
make_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (*folder == '\0' || stat(folder, &st) == 0 || mkdir(folder, 0755) == 0)
		return EXIT_DONE;
	say_error("%s: cannot be made: %s", folder, strerror(errno));
	return EXIT_FAILED;
}

int
init_courier_file(struct init *in, struct secret **password_out)
{
	const struct conf *conf = in->s->conf;
	struct owner owner = { .known = 0 };
	char text[TOKEN_TEXT_LEN + 2] = "";
	struct stat st;
	int status;

	*password_out = NULL;
	if (lstat(in->courier_file, &st) == 0)
		return read_password(in->courier_file, password_out);
	if (geteuid() == 0)
		(void)owner_by_name(conf != NULL && *conf->courier.user != '\0' ? conf->courier.user : COURIER_USER, &owner);
	if (!in->dry_run) {
		status = make_folder(in->courier_file);
		if (status != EXIT_DONE)
			return status;
		token_new(text);
		if (secret_new(text, strlen(text), password_out) != 0)
			return say_failure(in->s, ERR_MEMORY, "password");
		text[strlen(text)] = '\n';
		status = write_new_file(in->courier_file, text, TOKEN_TEXT_LEN + 1, &owner);
		secret_wipe_array(text);
		if (status != EXIT_DONE) {
			secret_free(password_out);
			return status;
		}
	}
	init_step(in, "courier's password %s", in->courier_file);
	return EXIT_DONE;
}
