/*
 * login.c - password, then code when the directory asks for one, then whatever must be done before the person is in.
 */
#include "module.h"

#include <string.h>

#include "common/err.h"

/* Questions the directory may put in one login: code, change, code, enrolment, code. */
#define ROUNDS_MAX 6

static int
ask_login(struct call *c, struct proto_message **answer_out)
{
	struct proto_message request = { .type = REQ_LOGIN };

	request.user = (char *)c->user;
	request.password = c->password;
	request.code = c->code;
	request.together = c->is_together && c->code == NULL;
	return call_gate(c, &request, answer_out);
}

/* code_used - a code works once; the next question needs another */
static void
code_used(struct call *c)
{
	secret_free(&c->code);
}

/* more - do what the directory wants before it lets the person in. out: PAM_SUCCESS to ask it again */
static int
more(struct call *c, uint8_t state)
{
	int r;

	switch (state) {
	case STATE_CODE_REQUIRED:
		if (c->code != NULL)
			return PAM_AUTH_ERR;
		return ask(c, _("One-time code: "), &c->code);
	case STATE_CHANGE_REQUIRED:
	case STATE_EXPIRED:
		(void)tell(c, "%s", state == STATE_EXPIRED ? _("Your password has expired. Choose a new one.")
		                                           : _("You must choose a new password."));
		r = change_password(c);
		if (r == PAM_SUCCESS && c->code != NULL)
			(void)tell(c, "%s", _("Wait for the next code: each is good once."));
		code_used(c);
		c->is_together = 0; /* the new password was typed by itself */
		return r;
	case STATE_ENROL_REQUIRED:
		r = enrol(c);
		code_used(c);
		return r;
	default:
		return PAM_AUTH_ERR;
	}
}

static int
try_login(struct call *c)
{
	struct proto_message *answer = NULL;
	int round, r = PAM_AUTH_ERR;

	for (round = 0; round < ROUNDS_MAX; round++) {
		uint8_t status, state;

		r = ask_login(c, &answer);
		if (r != PAM_SUCCESS)
			return r;
		status = answer->status;
		state = answer->state;
		c->previous_login = answer->previous_login;
		proto_free(&answer);
		if (status == PROTO_OK)
			return state == STATE_OK ? PAM_SUCCESS : PAM_AUTH_ERR;
		if (status != PROTO_MORE)
			return status_to_pam(status);
		r = more(c, state);
		if (r != PAM_SUCCESS)
			return r;
	}
	return PAM_AUTH_ERR;
}

/* first_password - what a module before us asked for. out: PAM_AUTH_ERR when there is none that can be used */
static int
first_password(struct call *c)
{
	const void *first = NULL;
	size_t len;

	if (pam_get_item(c->ph, PAM_AUTHTOK, &first) != PAM_SUCCESS || first == NULL)
		return PAM_AUTH_ERR;
	len = strlen(first);
	if (len == 0 || len > SECRET_MAX)
		return PAM_AUTH_ERR;
	return secret_new(first, len, &c->password) == 0 ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* typed_password - ask, and leave it for the modules behind us */
static int
typed_password(struct call *c)
{
	int r;

	secret_free(&c->password);
	r = ask(c, c->options.prompt == PROMPT_TOGETHER ? _("Password and one-time code: ") : _("Password: "), &c->password);
	if (r != PAM_SUCCESS)
		return r;
	/* A token is nothing for others, and neither is a password with a code at its end. */
	if (c->options.prompt != PROMPT_TOGETHER && !is_token(c->password) &&
	    pam_set_item(c->ph, PAM_AUTHTOK, c->password->data) != PAM_SUCCESS)
		return PAM_BUF_ERR;
	r = c->options.prompt == PROMPT_ALWAYS ? ask_optional(c, _("One-time code (empty if you have none): "), &c->code)
	                                       : PAM_SUCCESS;
	return r;
}

/* one_try - with the password that is there */
static int
one_try(struct call *c)
{
	struct secret *token;
	int r;

	c->is_together = c->options.prompt == PROMPT_TOGETHER;
	if (is_token(c->password)) {
		token = c->password;
		c->password = NULL;
		r = redeem_token(c, token);
		secret_free(&token);
		/* A token is no login: the new password is, with its code. */
		code_used(c);
		c->is_together = 0;
		if (r != PAM_SUCCESS)
			return r;
	}
	return try_login(c);
}

int
log_in(struct call *c)
{
	int r;

	if (c->options.use_first_pass || c->options.try_first_pass) {
		r = first_password(c);
		if (r == PAM_SUCCESS)
			r = one_try(c);
		if (r != PAM_AUTH_ERR || c->options.use_first_pass)
			return r;
		code_used(c);
	}
	r = typed_password(c);
	if (r != PAM_SUCCESS)
		return r;
	r = one_try(c);
	/* It may be a new one by now. */
	if (r == PAM_SUCCESS && c->options.prompt != PROMPT_TOGETHER &&
	    pam_set_item(c->ph, PAM_AUTHTOK, c->password->data) != PAM_SUCCESS)
		r = PAM_BUF_ERR;
	return r;
}
