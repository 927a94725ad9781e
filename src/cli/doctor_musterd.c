/*
 * doctor_musterd.c - musterd of this host: its configuration, its secrets' files, the gate, and its way to the directory.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/certificate.h"
#include "cli/doctor.h"
#include "client/client.h"

#define GATE_MS 5000

static void
check_secret(struct doctor *doc, const char *path, const char *user)
{
	const struct passwd *entry = *user != '\0' ? getpwnam(user) : NULL;
	char error[CONF_ERROR_MAX];

	if (*path == '\0')
		return;
	if (geteuid() == 0 && entry == NULL) {
		doctor_find(doc, SEVERITY_ERROR, "user-missing", path, "make that user, or name another in muster.conf",
		            "the user %s that reads it does not exist", user);
		return;
	}
	if (geteuid() != 0 && access(path, R_OK) != 0) {
		doctor_unseen(doc, "%s: may not be looked at by this user", path);
		return;
	}
	if (conf_check_secret(path, entry != NULL && geteuid() == 0 ? entry->pw_uid : geteuid(),
	                      entry != NULL && geteuid() == 0 ? entry->pw_gid : getegid(), error) != 0)
		doctor_find(doc, SEVERITY_ERROR, "secret-file", NULL, "give it to that user with mode 0600", "%s", error);
}

static void
check_gate(struct doctor *doc, const struct conf *conf)
{
	struct client *client = NULL;
	int r = client_open(conf->gate.socket, geteuid(), GATE_MS, "muster", "", "", "", &client);

	client_close(&client);
	if (r == ERR_PEER)
		doctor_find(doc, SEVERITY_ERROR, "gate-owner", conf->gate.socket,
		            "find out who listens there, and start musterd as root",
		            "the socket belongs to a user that pam_muster does not believe");
	else if (r != 0)
		doctor_find(doc, SEVERITY_ERROR, "gate", conf->gate.socket, "start musterd, and look at its log",
		            "the gate does not answer (%s): no member logs in to this host", err_str(r));
}

static void
check_directory(struct doctor *doc, const struct conf *conf)
{
	char error[512] = "";
	const struct directory_options options = { .uris = conf->directory.uris,
		.ca_file = *conf->directory.ca_file != '\0' ? conf->directory.ca_file : NULL,
		.start_tls = conf->directory.start_tls, .timeout_ms = conf->directory.timeout_ms, .error = error,
		.error_size = sizeof(error) };
	struct directory *d = NULL;
	uint8_t *der = NULL;
	size_t len;
	int r = directory_open(&options, &d);

	if (r != 0)
		doctor_find(doc, SEVERITY_ERROR, "directory", conf->directory.uris,
		            r == ERR_PEER ? "its certificate must lead to ca_file and be for that name"
		                          : "start it, or put uris in muster.conf right",
		            "the directory cannot be reached: %s%s%s%s", err_str(r), *error != '\0' ? " (" : "", error,
		            *error != '\0' ? ")" : "");
	else if (directory_certificate(d, &der, &len) == 0)
		certificate_check_der(doc, der, len, conf->directory.uris);
	free(der);
	directory_close(&d);
}

void
doctor_musterd(struct doctor *doc)
{
	const char *path = doc->s->args.value[OPT_CONF];
	char error[CONF_ERROR_MAX];
	struct conf *conf = NULL;
	int r;

	if (path == NULL)
		path = conf_default_path();
	if (access(path, R_OK) != 0 && errno == ENOENT && doc->s->args.value[OPT_CONF] == NULL) {
		doctor_find(doc, SEVERITY_NOTE, "not-used", path,
		            "see musterd(8) if members shall log in here, or mails go out from here",
		            "is not there: musterd does not run on this host");
		return;
	}
	if (access(path, R_OK) != 0 && errno == EACCES) {
		doctor_unseen(doc, "%s: may not be read by this user", path);
		return;
	}
	r = conf_load(path, &conf, error);
	if (r == 0)
		r = conf_check_daemon(conf, path, error);
	if (r != 0) {
		doctor_find(doc, SEVERITY_ERROR, "conf", NULL,
		            "put it right: musterd does not start with it, see muster.conf(5)", "%s",
		            *error != '\0' ? error : err_str(r));
	} else {
		if (conf->gate.enabled) {
			check_secret(doc, conf->gate.bind_password_file, conf->gate.user);
			check_gate(doc, conf);
		}
		if (conf->courier.enabled) {
			check_secret(doc, conf->courier.bind_password_file, conf->courier.user);
			check_secret(doc, conf->courier.smtp_password_file, conf->courier.user);
		}
		check_directory(doc, conf);
	}
	conf_free(&conf);
}
