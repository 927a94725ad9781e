/*
 * conf_check.c - which options of the daemon belong together.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_file.h"

static int
check_directory(const struct conf *conf, const char *name, char error[CONF_ERROR_MAX])
{
	if (conf->directory.uris[0] == '\0')
		return conf_fail(error, "%s: [directory] uris names no server", name);
	if (strstr(conf->directory.uris, "ldap://") != NULL && !conf->directory.start_tls)
		return conf_fail(error, "%s: [directory] start_tls = no would send passwords over ldap:// in the clear; "
		                 "use ldaps://, ldapi:// or start_tls = yes", name);
	return 0;
}

static int
check_gate(const struct conf *conf, const char *name, char error[CONF_ERROR_MAX])
{
	if (conf->gate.socket[0] == '\0' || strrchr(conf->gate.socket, '/') == conf->gate.socket)
		return conf_fail(error, "%s: [gate] socket must name a socket in a folder of its own", name);
	if (conf->gate.dn_template[0] == '\0' && conf->gate.search_base[0] == '\0')
		return conf_fail(error, "%s: [gate] needs dn_template or search_base", name);
	if (conf->gate.dn_template[0] == '\0' && conf->gate.search_filter[0] == '\0')
		return conf_fail(error, "%s: [gate] search_base needs search_filter", name);
	if ((conf->gate.bind_dn[0] == '\0') != (conf->gate.bind_password_file[0] == '\0'))
		return conf_fail(error, "%s: [gate] bind_dn and bind_password_file need each other", name);
	return 0;
}

static int
check_courier(const struct conf *conf, const char *name, char error[CONF_ERROR_MAX])
{
	int smtps = strncmp(conf->courier.smtp_url, "smtps://", 8) == 0;

	if (conf->directory.base[0] == '\0')
		return conf_fail(error, "%s: [courier] needs [directory] base", name);
	if (conf->courier.from[0] == '\0')
		return conf_fail(error, "%s: [courier] needs from, the address that messages come from", name);
	if (conf->courier.smtp_url[0] == '\0')
		return conf_fail(error, "%s: [courier] needs smtp_url, the mail relay", name);
	if (conf->courier.service_name[0] == '\0')
		return conf_fail(error, "%s: [courier] needs service_name", name);
	if ((conf->courier.bind_dn[0] == '\0') != (conf->courier.bind_password_file[0] == '\0'))
		return conf_fail(error, "%s: [courier] bind_dn and bind_password_file need each other", name);
	if ((conf->courier.smtp_user[0] == '\0') != (conf->courier.smtp_password_file[0] == '\0'))
		return conf_fail(error, "%s: [courier] smtp_user and smtp_password_file need each other", name);
	if (conf->courier.smtp_user[0] != '\0' && !smtps && conf->courier.smtp_tls != CONF_SMTP_TLS_REQUIRED)
		return conf_fail(error, "%s: [courier] smtp_user needs smtp_tls = required or smtps://, or the password "
		                 "could be sent in the clear", name);
	return 0;
}

/* What is run with text messages or payments in its hands is nobody else's to change. */
static int
check_command(const char *command, const char *section, const char *name, char error[CONF_ERROR_MAX])
{
	size_t len = strcspn(command, " ");
	char path[CONF_ERROR_MAX];
	struct stat st;

	if (len == 0)
		return 0;
	if (len >= sizeof(path))
		return conf_fail(error, "%s: [%s] command is too long", name, section);
	memcpy(path, command, len);
	path[len] = '\0';
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return conf_fail(error, "%s: [%s] command: %s is no program", name, section, path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0022) != 0)
		return conf_fail(error, "%s: [%s] command: %s must be root's, and writable for nobody else", name, section, path);
	return 0;
}

int
conf_check_daemon(const struct conf *conf, const char *name, char error[CONF_ERROR_MAX])
{
	int r;

	error[0] = '\0';
	if (!conf->gate.enabled && !conf->courier.enabled)
		return conf_fail(error, "%s: both [gate] enabled and [courier] enabled are no: nothing to do", name);
	r = check_directory(conf, name, error);
	if (r == 0 && conf->gate.enabled)
		r = check_gate(conf, name, error);
	if (r == 0 && conf->courier.enabled)
		r = check_courier(conf, name, error);
	if (r == 0 && conf->courier.enabled)
		r = check_command(conf->sms.command, "sms", name, error);
	if (r == 0 && conf->courier.enabled)
		r = check_command(conf->payments.command, "payments", name, error);
	return r;
}
