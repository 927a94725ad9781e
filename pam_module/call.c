/*
 * call.c - one PAM call: its beginning, its end, and what goes to the gate in between.
 */
#include "module.h"

#include <locale.h>
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

/* unavailable - no answer to be trusted: say why to the log, never to the person */
static int
unavailable(struct call *c, const char *what, int r)
{
	pam_syslog(c->ph, LOG_ERR, "%s %s: %s", what, c->options.socket, err_str(r));
	return r == ERR_MEMORY ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
}

int
call_begin(struct call *c, pam_handle_t *ph, int flags, int argc, const char **argv)
{
	const char *language;
	int r;

	memset(c, 0, sizeof(*c));
	c->ph = ph;
	c->silent = (flags & PAM_SILENT) != 0;
	r = options_parse(ph, argc, argv, &c->options);
	if (r != PAM_SUCCESS)
		return r;
	r = pam_get_user(ph, &c->user, NULL);
	if (r != PAM_SUCCESS)
		return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
	if (c->user == NULL || c->user[0] == '\0' || strlen(c->user) > PROTO_NAME_MAX)
		return PAM_USER_UNKNOWN;
	language = setlocale(LC_MESSAGES, NULL);
	r = client_open(c->options.socket, c->options.owner, c->options.timeout_sec * MSEC, item(ph, PAM_SERVICE),
	                item(ph, PAM_TTY), item(ph, PAM_RHOST), language, &c->client);
	return r < 0 ? unavailable(c, "cannot ask musterd at", r) : PAM_SUCCESS;
}

void
call_end(struct call *c)
{
	client_close(&c->client);
	secret_free(&c->password);
	secret_free(&c->code);
}

int
call_gate(struct call *c, const struct proto_message *request, struct proto_message **answer_out)
{
	int r = client_call(c->client, request, answer_out);

	/* A name or an answer that does not fit a message is a wrong one, not a broken daemon. */
	if (r == ERR_INPUT || r == ERR_RANGE)
		return PAM_AUTH_ERR;
	return r < 0 ? unavailable(c, "no usable answer from musterd at", r) : PAM_SUCCESS;
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
