/*
 * parent.c - start, watch and end the roles. Sees no byte of a client and no answer of the directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "musterd/listen.h"
#include "musterd/parent.h"
#include "musterd/priv.h"

#define RESTART_FIRST_MS 100   /* doubled for each end that follows quickly */
#define RESTART_LONGEST_MS 10000
#define QUICK_END_MS 500       /* an end sooner than this is a failed start */
#define TERM_GRACE_MS 10000    /* from SIGTERM to SIGKILL */
#define HIGH_FD 10             /* our descriptors stay above the numbers that roles get */

enum role_number { ROLE_GATE, ROLE_COURIER, ROLES };

struct role {
	const char *name;
	const char *argument;
	pid_t pid;          /* 0: not running */
	int64_t started_ms; /* clock_mono_ms() */
	int64_t start_at_ms;
	int quick_ends;     /* in a row */
};

struct parent {
	const char *path;
	struct conf **conf;
	int foreground;
	int signal_fd;
	int listen_fd;
	struct role roles[ROLES];
};

static int
role_enabled(const struct conf *conf, int role)
{
	return role == ROLE_GATE ? conf->gate.enabled : conf->courier.enabled;
}

/* The user of a role: the caller when we are not root. */
static int
role_user(const char *name, uid_t *uid_out, gid_t *gid_out, const char *option, char error[CONF_ERROR_MAX])
{
	int r;

	*uid_out = geteuid();
	*gid_out = getegid();
	if (geteuid() != 0)
		return 0;
	r = priv_find_user(name, uid_out, gid_out);
	if (r == ERR_NOT_FOUND)
		snprintf(error, CONF_ERROR_MAX, "%s: there is no user \"%s\"; run: useradd --system %s", option, name, name);
	else if (r == ERR_CONFIG)
		snprintf(error, CONF_ERROR_MAX, "%s: \"%s\" is root or has root's group", option, name);
	else if (r != 0)
		snprintf(error, CONF_ERROR_MAX, "%s: users cannot be looked up", option);
	return r == 0 ? 0 : ERR_CONFIG;
}

static int
check_secret(const char *path, uid_t uid, gid_t gid, char error[CONF_ERROR_MAX])
{
	return path[0] == '\0' ? 0 : conf_check_secret(path, uid, gid, error);
}

int
parent_check_users(const struct conf *conf, char error[CONF_ERROR_MAX])
{
	uid_t uid;
	gid_t gid;
	int r = 0;

	error[0] = '\0';
	if (conf->gate.enabled) {
		r = role_user(conf->gate.user, &uid, &gid, "[gate] user", error);
		if (r == 0)
			r = check_secret(conf->gate.bind_password_file, uid, gid, error);
	}
	if (r == 0 && conf->courier.enabled) {
		r = role_user(conf->courier.user, &uid, &gid, "[courier] user", error);
		if (r == 0)
			r = check_secret(conf->courier.bind_password_file, uid, gid, error);
		if (r == 0)
			r = check_secret(conf->courier.smtp_password_file, uid, gid, error);
	}
	return r;
}

static int
move_high(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (fd >= 0)
		close(fd);
	return high;
}

/* The configuration as a file without a name. Each role gets one of its own, so that none moves another's offset. */
static int
snapshot_new(const struct conf *conf)
{
	int fd = move_high(memfd_create("muster.conf", MFD_CLOEXEC));
	int copy = fd < 0 ? -1 : dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
	int r = file == NULL ? ERR_IO : conf_print(conf, file);

	if (file != NULL && fclose(file) != 0)
		r = ERR_IO;
	else if (file == NULL && copy >= 0)
		close(copy);
	if (r == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * What a role inherits of our environment: where things are, how to debug. Not LDAP*, not *_proxy: they would change
 * where secrets are sent.
 */
static char **
role_environment(void)
{
	static const char *const kept[] = { "MUSTER_LOCALEDIR", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };
	enum { KEPT = sizeof(kept) / sizeof(kept[0]) };
	static char text[KEPT][512];
	static char *environment[KEPT + 3];
	size_t i, n = 0;

	environment[n++] = (char *)(uintptr_t)"PATH=/usr/bin:/bin";
	environment[n++] = (char *)(uintptr_t)"LDAPNOINIT=1";
	for (i = 0; i < KEPT; i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL && (size_t)snprintf(text[i], sizeof(text[i]), "%s=%s", kept[i], value) < sizeof(text[i]))
			environment[n++] = text[i];
	}
	environment[n] = NULL;
	return environment;
}

/* Between fork and exec. Does not return. */
static void
role_exec(const struct parent *p, const struct role *role, int snapshot, pid_t parent_pid)
{
	char parent_argument[32];
	char program[] = "musterd";
	char *argv[] = { program, (char *)(uintptr_t)role->argument, parent_argument, NULL };
	unsigned first_unused = ROLE_CONF_FD + 1;
	sigset_t none;

	snprintf(parent_argument, sizeof(parent_argument), "--parent=%ld", (long)parent_pid);
	sigemptyset(&none);
	if (dup2(snapshot, ROLE_CONF_FD) < 0)
		_exit(EXIT_FAILURE);
	if (role == &p->roles[ROLE_GATE]) {
		if (dup2(p->listen_fd, ROLE_LISTEN_FD) < 0)
			_exit(EXIT_FAILURE);
		first_unused = ROLE_LISTEN_FD + 1;
	}
	if (close_range(first_unused, ~0U, 0) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		_exit(EXIT_FAILURE);
	execve("/proc/self/exe", argv, role_environment());
	_exit(EXIT_FAILURE);
}

static void
role_start(struct parent *p, struct role *role)
{
	int snapshot = snapshot_new(*p->conf);
	pid_t self = getpid(), pid;

	role->started_ms = clock_mono_ms();
	role->start_at_ms = role->started_ms + RESTART_LONGEST_MS;
	if (snapshot < 0) {
		log_error("%s: cannot start: %s", role->name, strerror(errno));
		return;
	}
	pid = fork();
	if (pid == 0)
		role_exec(p, role, snapshot, self);
	if (pid < 0)
		log_error("%s: cannot start: %s", role->name, strerror(errno));
	else
		role->pid = pid;
	if (pid > 0)
		log_info("%s: started, pid %ld", role->name, (long)pid);
	close(snapshot);
}

static void
role_ended(struct role *role, int status)
{
	int64_t now = clock_mono_ms();
	int64_t wait_ms = RESTART_FIRST_MS;
	int i;

	role->quick_ends = now - role->started_ms < QUICK_END_MS ? role->quick_ends + 1 : 0;
	for (i = 1; i < role->quick_ends && wait_ms < RESTART_LONGEST_MS; i++)
		wait_ms *= 2;
	if (wait_ms > RESTART_LONGEST_MS)
		wait_ms = RESTART_LONGEST_MS;
	role->start_at_ms = now + wait_ms;
	if (WIFSIGNALED(status))
		log_error("%s: pid %ld ended by signal %d, started again in %lld ms", role->name, (long)role->pid,
		          WTERMSIG(status), (long long)wait_ms);
	else
		log_error("%s: pid %ld ended with status %d, started again in %lld ms", role->name, (long)role->pid,
		          WEXITSTATUS(status), (long long)wait_ms);
	role->pid = 0;
}

static void
reap(struct parent *p)
{
	int i, status;

	for (i = 0; i < ROLES; i++)
		if (p->roles[i].pid != 0 && waitpid(p->roles[i].pid, &status, WNOHANG) == p->roles[i].pid)
			role_ended(&p->roles[i], status);
}

/* End every role and wait for it: SIGTERM, and SIGKILL for one that does not listen. */
static void
end_roles(struct parent *p)
{
	int64_t kill_at_ms = clock_mono_ms() + TERM_GRACE_MS;
	int i, status, left = 0;

	for (i = 0; i < ROLES; i++) {
		if (p->roles[i].pid != 0) {
			kill(p->roles[i].pid, SIGTERM);
			left++;
		}
	}
	while (left > 0) {
		if (clock_mono_ms() >= kill_at_ms)
			for (i = 0; i < ROLES; i++)
				if (p->roles[i].pid != 0)
					kill(p->roles[i].pid, SIGKILL);
		for (i = 0; i < ROLES; i++) {
			if (p->roles[i].pid != 0 && waitpid(p->roles[i].pid, &status, WNOHANG) == p->roles[i].pid) {
				p->roles[i].pid = 0;
				p->roles[i].quick_ends = 0;
				p->roles[i].start_at_ms = 0;
				left--;
			}
		}
		if (left > 0)
			poll(NULL, 0, 20);
	}
}

static int
open_socket(const struct conf *conf, int *fd_out, char error[CONF_ERROR_MAX])
{
	const char *path = conf->gate.socket;
	int r, fd;

	*fd_out = -1;
	error[0] = '\0';
	if (!conf->gate.enabled)
		return 0;
	r = listen_open(path, &fd);
	if (r == ERR_CONFIG)
		snprintf(error, CONF_ERROR_MAX, "%s: the name is too long or taken, or others may write its folder", path);
	else if (r == ERR_EXISTS)
		snprintf(error, CONF_ERROR_MAX, "%s: another process listens there", path);
	else if (r != 0)
		snprintf(error, CONF_ERROR_MAX, "%s: %s", path, strerror(errno));
	if (r != 0)
		return r;
	*fd_out = move_high(fd);
	return *fd_out < 0 ? ERR_IO : 0;
}

/* A detached process has nobody on stderr, so its log goes to syslog. */
static void
start_log(const struct parent *p)
{
	if (!p->foreground)
		(*p->conf)->log.target = LOG_TO_SYSLOG;
	log_open("musterd", (enum log_to)(*p->conf)->log.target, (enum log_level)(*p->conf)->log.level);
}

/* The socket stays open when its path stays, so that nobody who waits in line is sent away. */
static void
reload(struct parent *p)
{
	char error[CONF_ERROR_MAX];
	struct conf *fresh = NULL;
	int fd = p->listen_fd, same_socket, r;

	r = conf_load(p->path, &fresh, error);
	if (r == 0)
		r = conf_check_daemon(fresh, p->path, error);
	if (r == 0)
		r = parent_check_users(fresh, error);
	same_socket = r == 0 && fresh->gate.enabled && (*p->conf)->gate.enabled &&
	              strcmp(fresh->gate.socket, (*p->conf)->gate.socket) == 0;
	if (r == 0 && !same_socket)
		r = open_socket(fresh, &fd, error);
	if (r != 0) {
		log_error("the configuration stays as it was: %s", error);
		conf_free(&fresh);
		return;
	}
	end_roles(p);
	if (!same_socket)
		listen_close((*p->conf)->gate.socket, &p->listen_fd);
	p->listen_fd = fd;
	conf_free(p->conf);
	*p->conf = fresh;
	start_log(p);
	log_notice("%s read again", p->path);
}

/* Start what is due; return milliseconds until the next is. */
static int
start_due(struct parent *p)
{
	int64_t now = clock_mono_ms(), wait_ms = -1;
	int i;

	for (i = 0; i < ROLES; i++) {
		struct role *role = &p->roles[i];

		if (role->pid != 0 || !role_enabled(*p->conf, i))
			continue;
		if (role->start_at_ms <= now)
			role_start(p, role);
		if (role->pid == 0 && (wait_ms < 0 || role->start_at_ms - now < wait_ms))
			wait_ms = role->start_at_ms - now;
	}
	return (int)wait_ms;
}

static void
loop(struct parent *p)
{
	struct pollfd waiting = { .fd = p->signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(&waiting, 1, start_due(p)) <= 0)
			continue;
		if (read(p->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			continue;
		if (info.ssi_signo == SIGCHLD)
			reap(p);
		else if (info.ssi_signo == SIGHUP)
			reload(p);
		else
			return;
	}
}

static int
detach(void)
{
	return daemon(0, 0) == 0 ? 0 : ERR_IO;
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return move_high(signalfd(-1, &set, SFD_CLOEXEC));
}

int
parent_run(const char *path, struct conf **conf, int foreground)
{
	struct parent p = {
		.path = path, .conf = conf, .foreground = foreground, .signal_fd = -1, .listen_fd = -1,
		.roles = { { .name = "gate", .argument = "--role=gate" }, { .name = "courier", .argument = "--role=courier" } },
	};
	char error[CONF_ERROR_MAX];
	int status = EXIT_FAILURE;

	/* Before there is anything to clean up, so that a signal at any moment leaves no socket behind. */
	p.signal_fd = open_signals();
	if (p.signal_fd < 0) {
		log_error("cannot wait for signals: %s", strerror(errno));
		goto out;
	}
	if (open_socket(*conf, &p.listen_fd, error) != 0) {
		log_error("%s", error);
		goto out;
	}
	if (geteuid() != 0)
		log_notice("started without root: everything runs as uid %u, the gate and the courier are not separated",
		           (unsigned)geteuid());
	if (!foreground && detach() != 0) {
		log_error("cannot detach from the terminal: %s", strerror(errno));
		goto out;
	}
	start_log(&p);
	log_notice("ready");
	loop(&p);
	end_roles(&p);
	log_notice("ended");
	status = EXIT_SUCCESS;
out:
	listen_close((*conf)->gate.socket, &p.listen_fd);
	if (p.signal_fd >= 0)
		close(p.signal_fd);
	return status;
}
