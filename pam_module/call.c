/*
 * call.c - one PAM call: its beginning, its end, and what goes to the gate in between.
 */
#include "module.h"

#include <libintl.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/err.h"

#define MSEC 1000

static const char *
item(pam_handle_t *ph, int type)
{
	const void *value = NULL;

	return pam_get_item(ph, type, &value) == PAM_SUCCESS && value != NULL ? value : "";
}

/* language_name - of the session to be, when somebody has set it already, else of the process */
static const char *
language_name(pam_handle_t *ph)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *value = pam_getenv(ph, "LANG");
	size_t i;

	for (i = 0; (value == NULL || value[0] == '\0') && i < sizeof(names) / sizeof(names[0]); i++)
		value = getenv(names[i]);
	return value != NULL ? value : "";
}

/* language_begin - for this thread and until language_end(): setlocale() would change the application */
static void
language_begin(struct call *c)
{
	(void)bindtextdomain(TEXT_DOMAIN, LOCALEDIR);
	(void)bind_textdomain_codeset(TEXT_DOMAIN, "UTF-8");
	c->language = newlocale(LC_MESSAGES_MASK | LC_CTYPE_MASK, language_name(c->ph), (locale_t)0);
	if (c->language != (locale_t)0)
		c->language_before = uselocale(c->language);
}

static void
language_end(struct call *c)
{
	if (c->language == (locale_t)0)
		return;
	(void)uselocale(c->language_before);
	freelocale(c->language);
	c->language = (locale_t)0;
}

/* tell_unavailable - the person need not doubt the password; why it is so is for the log */
static void
tell_unavailable(struct call *c)
{
	(void)tell_error(c, "%s", _("Logins cannot be checked now. Try again later, or tell your administrator."));
}

/* unavailable - no answer to be trusted */
static int
unavailable(struct call *c, const char *what, int r)
{
	pam_syslog(c->ph, LOG_ERR, "%s %s: %s", what, c->options.socket, err_str(r));
	tell_unavailable(c);
	return r == ERR_MEMORY ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
}

static int
connect_gate(struct call *c)
{
	return client_open(c->options.socket, c->options.owner, c->options.timeout_sec * MSEC, item(c->ph, PAM_SERVICE),
	                   item(c->ph, PAM_TTY), item(c->ph, PAM_RHOST), language_name(c->ph), &c->client);
}

/* is_system_account - a name that this host has given to root or to a service */
static int
is_system_account(const struct call *c)
{
	const struct passwd *entry = pam_modutil_getpwnam(c->ph, c->user);

	return entry != NULL && entry->pw_uid < c->options.minimum_uid;
}

int
call_prepare(struct call *c, pam_handle_t *ph, int flags, int argc, const char **argv)
{
	memset(c, 0, sizeof(*c));
	c->ph = ph;
	c->silent = (flags & PAM_SILENT) != 0;
	language_begin(c);
	return options_parse(ph, argc, argv, &c->options);
}

int
call_begin(struct call *c, pam_handle_t *ph, int flags, int argc, const char **argv)
{
	int r = call_prepare(c, ph, flags, argc, argv);

	if (r != PAM_SUCCESS)
		return r;
	r = pam_get_user(ph, &c->user, NULL);
	if (r != PAM_SUCCESS)
		return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
	if (c->user == NULL || c->user[0] == '\0' || strlen(c->user) > PROTO_NAME_MAX)
		return PAM_USER_UNKNOWN;
	if (is_system_account(c)) {
		pam_syslog(ph, LOG_NOTICE, "%s is an account of this host (minimum_uid=%u): the directory is not asked", c->user,
		           (unsigned)c->options.minimum_uid);
		return PAM_USER_UNKNOWN;
	}
	r = connect_gate(c);
	return r < 0 ? unavailable(c, "cannot ask musterd at", r) : PAM_SUCCESS;
}

void
call_end(struct call *c)
{
	client_close(&c->client);
	secret_free(&c->password);
	secret_free(&c->code);
	free(c->untold);
	c->untold = NULL;
	language_end(c);
}

int
call_gate(struct call *c, const struct proto_message *request, struct proto_message **answer_out)
{
	int r;

	*answer_out = NULL;
	r = c->client != NULL ? client_call(c->client, request, answer_out) : ERR_UNREACHABLE;

	/* The gate hung up while somebody was typing: it does so when it is restarted, and after some minutes. */
	if (r == ERR_UNREACHABLE) {
		client_close(&c->client);
		r = connect_gate(c);
		if (r == 0)
			r = client_call(c->client, request, answer_out);
	}
	/* A name or an answer that does not fit a message is a wrong one, not a broken daemon. */
	if (r == ERR_INPUT || r == ERR_RANGE)
		return PAM_AUTH_ERR;
	if (r < 0)
		return unavailable(c, "no usable answer from musterd at", r);
	if ((*answer_out)->status == PROTO_UNAVAILABLE || (*answer_out)->status == PROTO_BUSY)
		tell_unavailable(c);
	return PAM_SUCCESS;
}

int
status_to_pam(uint8_t status)
{
	switch (status) {
	case PROTO_OK:
		return PAM_SUCCESS;
	case PROTO_RULES:
		return PAM_AUTHTOK_ERR;
	case PROTO_DENIED:
	case PROTO_MORE:
		return PAM_AUTH_ERR;
	case PROTO_NOT_ALLOWED:
		return PAM_PERM_DENIED;
	default:
		return PAM_AUTHINFO_UNAVAIL;
	}
}
