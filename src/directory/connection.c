/*
 * connection.c - open and close, wait with a deadline, and what the server answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "directory/internal.h"

int
directory_open(const struct directory_options *options, struct directory **d_out)
{
	struct directory *d = NULL;
	char *text = NULL;
	int r;

	*d_out = NULL;
	if (options->uris == NULL || options->timeout_ms <= 0)
		return ERR_CONFIG;
	directory_init();
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ERR_MEMORY;
	d->timeout_ms = options->timeout_ms;
	d->result = -1;
	r = connect_any(options, &d->ld, &text);
	if (options->error != NULL && options->error_size > 0)
		snprintf(options->error, options->error_size, "%s", r != 0 && text != NULL ? text : "");
	ldap_memfree(text);
	if (r != 0) {
		directory_close(&d);
		return r;
	}
	*d_out = d;
	return 0;
}

void
directory_close(struct directory **d)
{
	if (d == NULL || *d == NULL)
		return;
	call_drop(*d);
	free((*d)->text);
	free(*d);
	*d = NULL;
}

const char *
directory_text(const struct directory *d)
{
	return d != NULL && d->text != NULL ? d->text : "";
}

int
directory_result(const struct directory *d)
{
	return d->result;
}

void
call_set_text(struct directory *d, const char *text)
{
	free(d->text);
	d->text = text != NULL && *text != '\0' ? strdup(text) : NULL;
}

int
call_begin(struct directory *d)
{
	d->result = -1;
	call_set_text(d, NULL);
	return d->ld != NULL ? 0 : ERR_UNREACHABLE;
}

void
call_drop(struct directory *d)
{
	if (d->ld != NULL)
		(void)ldap_unbind_ext(d->ld, NULL, NULL);
	d->ld = NULL;
}

int64_t
call_deadline(const struct directory *d)
{
	return clock_mono_ms() + d->timeout_ms;
}

int
call_error(struct directory *d, int ldap_rc)
{
	switch (ldap_rc) {
	case LDAP_SUCCESS:
		return 0;
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_UNAVAILABLE:
	case LDAP_BUSY: /* the socket takes no more: the server reads nothing */
		call_drop(d);
		return ERR_UNREACHABLE;
	case LDAP_TIMEOUT:
		call_drop(d);
		return ERR_TIMEOUT;
	case LDAP_NO_MEMORY:
		return ERR_MEMORY;
	case LDAP_PARAM_ERROR:
	case LDAP_FILTER_ERROR:
	case LDAP_ENCODING_ERROR:
		return ERR_INPUT;
	default:
		call_drop(d);
		return ERR_INTERNAL;
	}
}

int
call_wait(struct directory *d, int msgid, int all, int64_t deadline, LDAPMessage **message_out)
{
	int64_t left = deadline - clock_mono_ms();
	struct timeval tv;
	int type, rc = LDAP_OTHER;

	*message_out = NULL;
	if (left < 0)
		left = 0;
	tv.tv_sec = left / 1000;
	tv.tv_usec = (left % 1000) * 1000;
	type = ldap_result(d->ld, msgid, all, &tv, message_out);
	if (type > 0 && *message_out != NULL)
		return 0;
	if (type == 0)
		return call_error(d, LDAP_TIMEOUT);
	(void)ldap_get_option(d->ld, LDAP_OPT_RESULT_CODE, &rc);
	return call_error(d, rc != LDAP_SUCCESS ? rc : LDAP_SERVER_DOWN);
}

int
call_result(struct directory *d, LDAPMessage *message, LDAPControl ***controls_out)
{
	char *text = NULL;
	int rc;

	if (controls_out != NULL)
		*controls_out = NULL;
	rc = ldap_parse_result(d->ld, message, &d->result, NULL, &text, NULL, controls_out, 0);
	if (rc != LDAP_SUCCESS) {
		d->result = -1;
		ldap_memfree(text);
		return call_error(d, rc);
	}
	call_set_text(d, text);
	ldap_memfree(text);
	return 0;
}

int
call_finish(struct directory *d, int msgid)
{
	LDAPMessage *message = NULL;
	int r;

	r = call_wait(d, msgid, LDAP_MSG_ALL, call_deadline(d), &message);
	if (r != 0)
		return r;
	r = call_result(d, message, NULL);
	ldap_msgfree(message);
	return r != 0 ? r : result_error(d);
}

/* Outside of our operations 19 is about a password only when the text says so; otherwise a value is wrong or not
 * unique. */
static int
constraint_error(const struct directory *d)
{
	return strncmp(directory_text(d), RULES_TEXT, strlen(RULES_TEXT)) == 0 ? ERR_RULES : ERR_INPUT;
}

int
result_error(const struct directory *d)
{
	switch (d->result) {
	case LDAP_SUCCESS:
		return 0;
	case LDAP_CONSTRAINT_VIOLATION:
		return constraint_error(d);
	case LDAP_PROTOCOL_ERROR:
	case LDAP_INVALID_SYNTAX:
	case LDAP_INVALID_DN_SYNTAX:
	case LDAP_NAMING_VIOLATION:
	case LDAP_OBJECT_CLASS_VIOLATION:
	case LDAP_UNDEFINED_TYPE:
		return ERR_INPUT;
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_STRONG_AUTH_REQUIRED:
	case LDAP_ASSERTION_FAILED:
		return ERR_REFUSED;
	case LDAP_NO_SUCH_OBJECT:
		return ERR_NOT_FOUND;
	case LDAP_ALREADY_EXISTS:
	case LDAP_TYPE_OR_VALUE_EXISTS:
		return ERR_EXISTS;
	case LDAP_SIZELIMIT_EXCEEDED:
		return ERR_RANGE;
	case LDAP_BUSY:
		return ERR_BUSY;
	case LDAP_UNAVAILABLE:
		return ERR_UNREACHABLE;
	case LDAP_TIMELIMIT_EXCEEDED:
		return ERR_TIMEOUT;
	case LDAP_UNAVAILABLE_CRITICAL_EXTENSION:
		return ERR_NO_OVERLAY;
	default:
		return ERR_INTERNAL;
	}
}

int
directory_certificate(struct directory *d, uint8_t **der_out, size_t *len_out)
{
	struct berval der = { 0, NULL };
	int r = ERR_NOT_FOUND;

	*der_out = NULL;
	*len_out = 0;
	if (d->ld == NULL)
		return ERR_UNREACHABLE;
	if (!ldap_tls_inplace(d->ld) || ldap_get_option(d->ld, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS ||
	    der.bv_len == 0)
		goto out;
	r = ERR_MEMORY;
	*der_out = malloc(der.bv_len);
	if (*der_out == NULL)
		goto out;
	memcpy(*der_out, der.bv_val, der.bv_len);
	*len_out = der.bv_len;
	r = 0;
out:
	ber_memfree(der.bv_val);
	return r;
}
