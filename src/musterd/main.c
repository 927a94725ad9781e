/*
 * main.c - musterd: options, and the way from an executed role to its loop.
 */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config.h"

#include "common/conf.h"
#include "common/log.h"
#include "musterd/courier.h"
#include "musterd/gate.h"
#include "musterd/parent.h"
#include "musterd/priv.h"

enum { EXIT_USAGE = 2 };

enum action { ACTION_RUN, ACTION_TEST, ACTION_PRINT, ACTION_SAMPLE };

struct arguments {
	const char *path;
	const char *role;   /* internal: set when the parent executes us */
	const char *parent; /* internal: its pid */
	enum action action;
	int foreground;
};

static void
usage(FILE *out)
{
	fputs("usage: musterd [-f] [-c FILE]       run; -f: stay in the foreground\n"
	      "       musterd -t [-c FILE]         check the configuration\n"
	      "       musterd -T [-c FILE]         print the effective settings\n"
	      "       musterd -S                   print a sample configuration\n"
	      "See musterd(8).\n", out);
}

/* Returns 0, or the exit status plus 1 with which to end. */
static int
read_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "role", required_argument, NULL, 'r' },
		{ "parent", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	a->path = conf_default_path();
	while ((c = getopt_long(argc, argv, "c:fhtTSV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			a->path = optarg;
			break;
		case 'f':
			a->foreground = 1;
			break;
		case 't':
			a->action = ACTION_TEST;
			break;
		case 'T':
			a->action = ACTION_PRINT;
			break;
		case 'S':
			a->action = ACTION_SAMPLE;
			break;
		case 'r':
			a->role = optarg;
			break;
		case 'p':
			a->parent = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS + 1;
		case 'V':
			puts(PACKAGE_STRING);
			return EXIT_SUCCESS + 1;
		default:
			usage(stderr);
			return EXIT_USAGE + 1;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EXIT_USAGE + 1;
	}
	return 0;
}

/* A detached parent has left the folder that a relative path begins in. */
static int
absolute_path(const char *path, char out[PATH_MAX])
{
	char folder[PATH_MAX];
	int n;

	if (path[0] == '/')
		n = snprintf(out, PATH_MAX, "%s", path);
	else if (getcwd(folder, sizeof(folder)) != NULL)
		n = snprintf(out, PATH_MAX, "%s/%s", folder, path);
	else
		return ERR_IO;
	return n < PATH_MAX ? 0 : ERR_RANGE;
}

/* Become the user of the role for good, and make sure to end with the parent. */
static int
role_confine(const char *user, pid_t parent)
{
	uid_t uid;
	gid_t gid;
	int r = priv_harden();

	if (r == 0 && geteuid() == 0) {
		r = priv_find_user(user, &uid, &gid);
		if (r == 0)
			r = priv_drop(uid, gid);
		if (r == 0)
			r = priv_harden();
	}
	/* A change of ids forgets the wish, so it comes last; the parent may be gone by now. */
	if (r == 0 && (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != parent))
		r = ERR_INTERNAL;
	return r;
}

static int
role_main(const char *role, const char *parent)
{
	int is_gate = strcmp(role, "gate") == 0;
	char error[CONF_ERROR_MAX];
	struct conf *conf = NULL;
	int status = EXIT_FAILURE;
	int r;

	if ((!is_gate && strcmp(role, "courier") != 0) || parent == NULL) {
		usage(stderr);
		return EXIT_USAGE;
	}
	r = conf_load_fd(ROLE_CONF_FD, "configuration from the parent", &conf, error);
	close(ROLE_CONF_FD);
	if (r != 0) {
		log_error("%s: %s", role, error);
		return EXIT_FAILURE;
	}
	log_open(is_gate ? "musterd: gate" : "musterd: courier", (enum log_to)conf->log.target,
	         (enum log_level)conf->log.level);
	r = role_confine(is_gate ? conf->gate.user : conf->courier.user, (pid_t)strtol(parent, NULL, 10));
	if (r != 0)
		log_error_r(r, "cannot give up privileges");
	else if (is_gate)
		status = gate_main(conf, ROLE_LISTEN_FD) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	else
		status = courier_main(conf) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	conf_free(&conf);
	return status;
}

static int
configured_main(const struct arguments *a)
{
	char path[PATH_MAX], error[CONF_ERROR_MAX] = "";
	struct conf *conf = NULL;
	int status = EXIT_FAILURE;
	int r;

	r = absolute_path(a->path, path);
	if (r == 0)
		r = conf_load(path, &conf, error);
	if (r == 0 && a->action != ACTION_PRINT)
		r = conf_check_daemon(conf, path, error);
	if (r == 0 && a->action != ACTION_PRINT)
		r = parent_check_users(conf, error);
	if (r != 0)
		fprintf(stderr, "musterd: %s\n", error[0] != '\0' ? error : err_str(r));
	else if (a->action == ACTION_PRINT)
		status = conf_print(conf, stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	else if (a->action == ACTION_TEST)
		status = EXIT_SUCCESS;
	else
		status = parent_run(path, &conf, a->foreground);
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a = { .action = ACTION_RUN };
	int r;

	log_open("musterd", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
	r = priv_harden();
	if (r != 0) {
		fprintf(stderr, "musterd: core dumps and tracing cannot be switched off\n");
		return EXIT_FAILURE;
	}
	r = read_arguments(argc, argv, &a);
	if (r != 0)
		return r - 1;
	if (a.role != NULL)
		return role_main(a.role, a.parent);
	if (a.action == ACTION_SAMPLE)
		return conf_print_sample(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	return configured_main(&a);
}
