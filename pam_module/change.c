/*
 * change.c - choosing a new password, with the old one or with a token from a mail.
 */
#include "module.h"

#include <string.h>

#define TRIES 3
#define TOKEN_PREFIX "mr1-"
#define TOKEN_LEN 47

int
is_token(const struct secret *typed)
{
	return typed->len == TOKEN_LEN && memcmp(typed->data, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) == 0;
}

/* ask_new - a new password, typed twice. PAM_TRY_AGAIN when the two differ. */
static int
ask_new(struct call *c, struct secret **new_out)
{
	struct secret *first = NULL, *second = NULL;
	int r;

	*new_out = NULL;
	r = ask(c, _("New password: "), &first);
	if (r == PAM_SUCCESS)
		r = ask(c, _("New password again: "), &second);
	if (r == PAM_SUCCESS && !secret_equal(first->data, first->len, second->data, second->len)) {
		(void)tell_error(c, "%s", _("The two are not the same."));
		r = PAM_TRY_AGAIN;
	}
	if (r == PAM_SUCCESS) {
		*new_out = first;
		first = NULL;
	}
	secret_free(&first);
	secret_free(&second);
	return r;
}

/*
 * one_change - one new password, one request.
 * out:   PAM_TRY_AGAIN for another new password; on PAM_SUCCESS it is c->password
 */
static int
one_change(struct call *c, struct proto_message *request)
{
	struct proto_message *answer = NULL;
	struct secret *chosen = NULL;
	int r;

	r = ask_new(c, &chosen);
	if (r != PAM_SUCCESS)
		return r;
	request->user = (char *)c->user;
	request->new_password = chosen;
	r = call_gate(c, request, &answer);
	if (r == PAM_SUCCESS && answer->status == PROTO_RULES) {
		tell_rules(c, answer);
		r = PAM_TRY_AGAIN;
	} else if (r == PAM_SUCCESS) {
		r = status_to_pam(answer->status);
	}
	if (r == PAM_SUCCESS) {
		secret_free(&c->password);
		c->password = chosen;
		chosen = NULL;
	}
	proto_free(&answer);
	secret_free(&chosen);
	return r;
}

static int
change_by(struct call *c, struct proto_message *request)
{
	int i, r = PAM_AUTHTOK_ERR;

	for (i = 0; i < TRIES; i++) {
		r = one_change(c, request);
		if (r != PAM_TRY_AGAIN)
			break;
	}
	if (r == PAM_SUCCESS)
		(void)tell(c, "%s", _("Your password has been changed."));
	return r == PAM_TRY_AGAIN ? PAM_AUTHTOK_ERR : r;
}

int
change_password(struct call *c)
{
	struct proto_message request = { .type = REQ_CHANGE };
	struct secret *old = c->password;
	int r;

	c->password = NULL;
	request.password = old;
	request.code = c->code;
	r = change_by(c, &request);
	secret_free(&old);
	return r;
}

int
redeem_token(struct call *c, const struct secret *token)
{
	struct proto_message request = { .type = REQ_REDEEM };

	request.token = (struct secret *)token;
	return change_by(c, &request);
}
