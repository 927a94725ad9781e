/*
 * uninstall.c - a plain directory out of one with Muster: new files beside the old ones, made and proved with slapd's own tools.
 *               The present directory is read and never changed, so there is nothing that could be half done.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/uninstall.h"

#define CONFIG_DIR_DEFAULT "/etc/ldap/slapd.d"
#define SLAPD_DEFAULT "/usr/sbin/slapd"

struct uninstall {
	struct session *s;
	const char *slapd, *config_dir, *to;
	struct stat owner; /* of the configuration: whom new files belong to, and who makes them */
	struct plain_config config;
	struct plain_counts counts;
	unsigned dropped_rules;
	char *database_dir; /* olcDbDirectory */
};

static int
say_system(const char *path)
{
	say_error("%s: %s", path, strerror(errno));
	return EXIT_FAILED;
}

/* --- slapd's tools ------------------------------------------------------------------------------------------ */

/* In the child: root does slapd's work as slapd's user, so that the files are his. */
static int
become_owner(const struct stat *owner)
{
	if (geteuid() != 0 || owner->st_uid == 0)
		return 0;
	return setgroups(1, &owner->st_gid) == 0 && setgid(owner->st_gid) == 0 && setuid(owner->st_uid) == 0 ? 0 : -1;
}

/*
 * start - one of slapd's tools.
 * in:    args     after "slapd -T", ends with NULL
 *        out      -1, or where its output goes
 */
static pid_t
start(const struct uninstall *u, const char *const *args, int out)
{
	const char *argv[16] = { u->slapd, "-T" };
	pid_t pid;
	size_t n;

	for (n = 0; args[n] != NULL && n + 3 < sizeof(argv) / sizeof(argv[0]); n++)
		argv[n + 2] = args[n];
	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	if (become_owner(&u->owner) == 0 && (out < 0 || dup2(out, STDOUT_FILENO) >= 0)) {
		umask(077);
		execv(u->slapd, (char *const *)argv);
	}
	fprintf(stderr, "muster: %s: %s\n", u->slapd, strerror(errno));
	_exit(127);
}

/* finish - 0 when the tool has done its work */
static int
finish(pid_t pid)
{
	int status = -1;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int
run(const struct uninstall *u, const char *what, const char *const *args)
{
	if (finish(start(u, args, -1)) == 0)
		return EXIT_DONE;
	say_error("%s did not succeed; nothing of the present directory was changed", what);
	return EXIT_FAILED;
}

/* A database as LDIF: read is given the pipe. */
static int
cat(struct uninstall *u, const char *config_dir, int number, int (*take)(struct uninstall *u, FILE *in, void *arg), void *arg)
{
	char text[16];
	const char *args[] = { "cat", "-F", config_dir, "-n", text, "-o", "ldif-wrap=no", NULL };
	int ends[2], status;
	FILE *in;
	pid_t pid;

	snprintf(text, sizeof(text), "%d", number);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return say_system("pipe");
	pid = start(u, args, ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "r");
	if (in == NULL) {
		close(ends[0]);
		(void)finish(pid);
		return say_system("pipe");
	}
	status = take(u, in, arg);
	fclose(in);
	if (finish(pid) != 0 && status == EXIT_DONE) {
		say_error("slapcat did not succeed on %s", config_dir);
		status = EXIT_FAILED;
	}
	return status;
}

static int
take_config(struct uninstall *u, FILE *in, void *arg)
{
	(void)arg;
	return plain_config_read(in, &u->config);
}

static int
take_data(struct uninstall *u, FILE *in, void *arg)
{
	int r = plain_data(in, arg, u->config.has_otp, &u->counts);

	if (r == 0)
		return EXIT_DONE;
	say_error("the data cannot be copied: %s", err_str(r));
	return EXIT_FAILED;
}

static int
take_count(struct uninstall *u, FILE *in, void *arg)
{
	unsigned long *entries = arg;
	struct slapcat_entry entry;
	int r;

	(void)u;
	while ((r = slapcat_next(in, &entry)) == 1) {
		++*entries;
		slapcat_free(&entry);
	}
	return r == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* --- files -------------------------------------------------------------------------------------------------- */

/* Of the file that is open, whatever slapd's user, who owns the folder, has put in its place since. */
static int
give(const struct uninstall *u, int fd)
{
	return geteuid() != 0 ? 0 : fchown(fd, u->owner.st_uid, u->owner.st_gid);
}

static int
make_folder(const struct uninstall *u, const char *folder, const char *name, char path_out[PATH_MAX])
{
	int fd = -1, good;

	if (snprintf(path_out, PATH_MAX, "%s%s", folder, name) >= PATH_MAX)
		errno = ENAMETOOLONG;
	else if (mkdir(path_out, 0700) == 0)
		fd = open(path_out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	good = fd >= 0 && give(u, fd) == 0;
	if (!good)
		(void)say_system(path_out);
	if (fd >= 0)
		close(fd);
	return good ? EXIT_DONE : EXIT_FAILED;
}

static FILE *
make_file(const struct uninstall *u, const char *folder, const char *name, char path_out[PATH_MAX])
{
	FILE *file = NULL;
	int fd = -1;

	if (snprintf(path_out, PATH_MAX, "%s%s", folder, name) < PATH_MAX)
		fd = open(path_out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	else
		errno = ENAMETOOLONG;
	if (fd >= 0 && give(u, fd) == 0)
		file = fdopen(fd, "w");
	if (file == NULL) {
		(void)say_system(path_out);
		if (fd >= 0)
			close(fd);
	}
	return file;
}

static int
close_file(FILE *file, const char *path)
{
	int bad = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0;

	if (fclose(file) != 0 || bad)
		return say_system(path);
	return EXIT_DONE;
}

/* The configuration with another folder for the database's files; NULL: the one that is there. */
static int
write_config(struct uninstall *u, const char *folder, const char *name, const char *database_dir, char path_out[PATH_MAX])
{
	struct slapcat_entry *database = &u->config.entries[u->config.database];
	FILE *out = make_file(u, folder, name, path_out);
	size_t i;
	int r = 0;

	if (out == NULL)
		return EXIT_FAILED;
	for (i = 0; r == 0 && i < database->n; i++)
		if (strcasecmp(database->lines[i].name, "olcDbDirectory") == 0)
			r = slapcat_set(&database->lines[i], database_dir, strlen(database_dir));
	for (i = 0; r == 0 && i < u->config.n; i++)
		r = slapcat_print(&u->config.entries[i], out);
	if (r != 0) {
		fclose(out);
		say_error("%s: %s", path_out, err_str(r));
		return EXIT_FAILED;
	}
	return close_file(out, path_out);
}

/* --- steps -------------------------------------------------------------------------------------------------- */

/* slapd_pid - of the slapd that has this configuration open, 0 when none has */
static long
slapd_pid(const struct uninstall *u)
{
	const char *path = NULL;
	char proc[64], comm[32] = "";
	FILE *file;
	long pid = 0;
	size_t i;

	for (i = 0; path == NULL && i < u->config.n; i++)
		path = slapcat_value(&u->config.entries[i], "olcPidFile");
	file = path != NULL ? fopen(path, "re") : NULL;
	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	fclose(file);
	snprintf(proc, sizeof(proc), "/proc/%ld/comm", pid);
	file = pid > 0 ? fopen(proc, "re") : NULL;
	if (file == NULL)
		return 0;
	if (fscanf(file, "%31s", comm) != 1)
		comm[0] = '\0';
	fclose(file);
	return strstr(comm, "slapd") != NULL ? pid : 0;
}

static int
begin(struct uninstall *u)
{
	const char *const *value = u->s->args.value;
	const char *database_dir;
	int status;

	u->slapd = value[OPT_SLAPD] != NULL ? value[OPT_SLAPD] : SLAPD_DEFAULT;
	u->config_dir = value[OPT_SLAPD_CONFIG] != NULL ? value[OPT_SLAPD_CONFIG] : CONFIG_DIR_DEFAULT;
	u->to = value[OPT_TO];
	if (u->to == NULL && value[OPT_DRY_RUN] == NULL) {
		say_error("say where the plain directory goes: --to FOLDER, one that is not there yet; or --dry-run");
		return EXIT_USAGE;
	}
	if (u->to != NULL && (*u->to != '/' || strlen(u->to) > PATH_MAX - 32)) {
		say_error("--to needs a full path, beginning with /");
		return EXIT_USAGE;
	}
	if (stat(u->config_dir, &u->owner) != 0)
		return say_system(u->config_dir);
	status = cat(u, u->config_dir, 0, take_config, NULL);
	if (status != EXIT_DONE)
		return status;
	database_dir = slapcat_value(&u->config.entries[u->config.database], "olcDbDirectory");
	u->database_dir = database_dir != NULL ? strdup(database_dir) : NULL;
	if (u->database_dir == NULL) {
		say_error("the database has no olcDbDirectory");
		return EXIT_FAILED;
	}
	return plain_config_make(&u->config, &u->dropped_rules);
}

static int
must_be_stopped(const struct uninstall *u)
{
	long pid = slapd_pid(u);

	if (pid == 0)
		return EXIT_DONE;
	say_error("slapd runs (process %ld): stop it first, what it writes from now on would be missing; --dry-run works now", pid);
	return EXIT_FAILED;
}

static int
write_data(struct uninstall *u, const char *folder, char path_out[PATH_MAX])
{
	FILE *out = make_file(u, folder, "/data.ldif", path_out);
	int status;

	if (out == NULL)
		return EXIT_FAILED;
	status = cat(u, u->config_dir, u->config.number, take_data, out);
	return close_file(out, path_out) == EXIT_DONE ? status : EXIT_FAILED;
}

/* load - the data into FOLDER/db, by way of a configuration that says so, and count what is there then */
static int
load(struct uninstall *u, const char *folder, const char *data)
{
	char build[PATH_MAX], ldif[PATH_MAX], db[PATH_MAX], number[16];
	const char *const config_add[] = { "add", "-F", build, "-n", "0", "-l", ldif, NULL };
	const char *const data_add[] = { "add", "-F", build, "-n", number, "-l", data, NULL };
	const char *const test[] = { "test", "-F", build, "-u", NULL };
	unsigned long entries = 0;
	int status;

	snprintf(number, sizeof(number), "%d", u->config.number);
	status = make_folder(u, folder, "/db", db);
	if (status == EXIT_DONE)
		status = make_folder(u, folder, "/build.d", build);
	if (status == EXIT_DONE)
		status = write_config(u, folder, "/build.ldif", db, ldif);
	if (status == EXIT_DONE)
		status = run(u, "loading the plain configuration", config_add);
	if (status == EXIT_DONE)
		status = run(u, "checking the plain configuration", test);
	if (status == EXIT_DONE)
		status = run(u, "loading the plain data", data_add);
	if (status == EXIT_DONE)
		status = cat(u, build, u->config.number, take_count, &entries);
	if (status == EXIT_DONE && entries != u->counts.entries) {
		say_error("%lu entries should be in the plain directory, %lu are", u->counts.entries, entries);
		status = EXIT_FAILED;
	}
	return status;
}

/* The configuration as it will be used, with the present folder of the database. */
static int
configure(struct uninstall *u, const char *folder)
{
	char config_dir[PATH_MAX], ldif[PATH_MAX];
	const char *const add[] = { "add", "-F", config_dir, "-n", "0", "-l", ldif, NULL };
	int status = make_folder(u, folder, "/slapd.d", config_dir);

	if (status == EXIT_DONE)
		status = write_config(u, folder, "/config.ldif", u->database_dir, ldif);
	return status == EXIT_DONE ? run(u, "loading the plain configuration", add) : status;
}

/* What was only there to load the data with. */
static int
remove_build(const char *folder)
{
	char *build = NULL, *ldif = NULL;
	int good = asprintf(&build, "%s/build.d", folder) > 0 && asprintf(&ldif, "%s/build.ldif", folder) > 0;
	const char *argv[] = { "rm", "-rf", "--", build, ldif, NULL };
	pid_t pid = good ? fork() : -1;

	if (pid == 0) {
		execv("/bin/rm", (char *const *)argv);
		_exit(127);
	}
	free(build);
	free(ldif);
	return finish(pid) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Everything under another name first: a folder with the name that was given is whole. */
static int
make(struct uninstall *u)
{
	char folder[PATH_MAX], data[PATH_MAX];
	struct stat st;
	int status;

	if (lstat(u->to, &st) == 0) {
		say_error("%s is there already: name a folder that is not", u->to);
		return EXIT_IN_USE;
	}
	status = make_folder(u, u->to, ".part", folder);
	if (status != EXIT_DONE)
		return status;
	status = write_data(u, folder, data);
	if (status == EXIT_DONE)
		status = load(u, folder, data);
	if (status == EXIT_DONE)
		status = configure(u, folder);
	if (status == EXIT_DONE)
		status = remove_build(folder);
	if (status == EXIT_DONE && rename(folder, u->to) != 0)
		status = say_system(u->to);
	if (status != EXIT_DONE)
		say_error("what was made so far is in %s: look at it and delete it", folder);
	return status;
}

/* --- the report --------------------------------------------------------------------------------------------- */

/* factors_lost - those of slapo-otp are asked for while its overlay is there */
static unsigned long
factors_lost(const struct uninstall *u)
{
	return u->counts.factors + (u->config.otp_checks ? 0 : u->counts.otp_factors);
}

static unsigned long
factors_kept(const struct uninstall *u)
{
	return u->config.otp_checks ? u->counts.otp_factors : 0;
}

static json_t *
report_json(const struct uninstall *u)
{
	const struct plain_counts *c = &u->counts;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "entries", (json_int_t)c->entries, "members",
	                 (json_int_t)c->members, "passwords", (json_int_t)c->passwords, "second_factors", (json_int_t)factors_lost(u),
	                 "second_factors_kept", (json_int_t)factors_kept(u), "recovery_codes", (json_int_t)c->recovery_codes, "app_passwords", (json_int_t)c->app_passwords, "tokens",
	                 (json_int_t)c->tokens, "requests", (json_int_t)c->requests, "suspended", (json_int_t)c->suspended,
	                 "locked", (json_int_t)c->locked, "must_change", (json_int_t)c->must_change, "access_rules",
	                 (int)u->dropped_rules);
}

static int
report(const struct uninstall *u)
{
	const struct plain_counts *c = &u->counts;
	int dry = u->s->args.value[OPT_DRY_RUN] != NULL;

	if (u->s->args.value[OPT_JSON] != NULL)
		return print_object(u->s, report_json(u), NULL, 0);
	printf("%s:\n", dry ? "A plain directory would have" : "The plain directory has");
	printf("  %lu entries, among them %lu members; %lu passwords go on to work, by slapd's module argon2\n", c->entries, c->members,
	       c->passwords);
	printf("  %lu suspended or closed members, whose passwords fit no more (scheme {SUSPENDED})\n", c->suspended);
	if (factors_kept(u) > 0)
		printf("  %lu second factors of slapo-otp that were not taken over, for its overlay to ask for\n", factors_kept(u));
	printf("%s:\n", dry ? "Lost would be" : "Lost are");
	printf("  %lu SECOND FACTORS: a password alone lets these members in\n", factors_lost(u));
	printf("  %lu recovery codes, %lu app passwords, %lu mailed tokens, %lu requests for mails\n", c->recovery_codes,
	       c->app_passwords, c->tokens, c->requests);
	printf("  rules for new passwords, delays after failures, allowed networks, %lu locks, %lu marks that a password must be\n"
	       "  changed (kept as pwd* attributes, for slapo-ppolicy to judge), domains and status of organizations and members\n",
	       c->locked, c->must_change);
	printf("  %u access rules that were about Muster's attributes only\n", u->dropped_rules);
	if (dry) {
		printf("Nothing was changed. To make it: stop slapd, muster uninstall --to FOLDER\n");
		return EXIT_DONE;
	}
	printf("The directory as it was is unchanged. To change over, while slapd is stopped:\n"
	       "  mv %s %s.muster && mv %s %s.muster\n"
	       "  mv %s/slapd.d %s && mv %s/db %s\n"
	       "then start slapd, and delete %s, %s.muster and %s.muster once you are sure.\n",
	       u->config_dir, u->config_dir, u->database_dir, u->database_dir, u->to, u->config_dir, u->to, u->database_dir, u->to,
	       u->config_dir, u->database_dir);
	return EXIT_DONE;
}

int
uninstall_run(struct session *s)
{
	struct uninstall u = { .s = s };
	int status = begin(&u);

	if (status == EXIT_DONE && s->args.value[OPT_DRY_RUN] != NULL)
		status = cat(&u, u.config_dir, u.config.number, take_data, NULL);
	else if (status == EXIT_DONE && (status = must_be_stopped(&u)) == EXIT_DONE)
		status = make(&u);
	if (status == EXIT_DONE)
		status = report(&u);
	plain_config_free(&u.config);
	free(u.database_dir);
	return status;
}
