/*
 * change.c - choosing a new password, with the old one or with a token from a mail.
 */
#include "module.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 3
#define TOKEN_PREFIX "mr1-"
#define TOKEN_LEN 47
#define CODE_LEN 6
#define CODE_TRIES 2

int
is_token(const struct secret *typed)
{
	size_t i;

	if (typed->len != TOKEN_LEN || memcmp(typed->data, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
		return 0;
	for (i = strlen(TOKEN_PREFIX); i < typed->len; i++)
		if (!isascii(typed->data[i]) || (!isalnum(typed->data[i]) && typed->data[i] != '-' && typed->data[i] != '_'))
			return 0;
	return 1;
}

/* take_new - a new password that a module before us asked for */
static int
take_new(struct call *c, struct secret **new_out)
{
	const void *chosen = NULL;

	if (pam_get_item(c->ph, PAM_AUTHTOK, &chosen) != PAM_SUCCESS || chosen == NULL || strlen(chosen) == 0)
		return PAM_AUTHTOK_RECOVERY_ERR;
	return secret_new(chosen, strlen(chosen), new_out) == 0 ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* ask_new - a new password, typed twice. PAM_TRY_AGAIN when the two differ. */
static int
ask_new(struct call *c, struct secret **new_out)
{
	struct secret *first = NULL, *second = NULL;
	int r;

	*new_out = NULL;
	if (c->takes_new)
		return take_new(c, new_out);
	r = ask_any(c, _("New password: "), &first);
	if (r == PAM_SUCCESS && first->len == 0) {
		(void)tell_error(c, "%s", _("No password was typed. Nothing has been changed."));
		r = PAM_AUTHTOK_ERR;
	}
	if (r == PAM_SUCCESS)
		r = ask_any(c, _("New password again: "), &second);
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

/* ask_gate - one request. A password that no message has room for is answered here, as the directory would. */
static int
ask_gate(struct call *c, const struct proto_message *request, struct proto_message **answer_out)
{
	if (request->new_password->len <= SECRET_MAX)
		return call_gate(c, request, answer_out);
	*answer_out = calloc(1, sizeof(**answer_out));
	if (*answer_out == NULL)
		return PAM_BUF_ERR;
	(*answer_out)->status = PROTO_RULES;
	(*answer_out)->broken_rules = RULE_BYTES;
	return PAM_SUCCESS;
}

/*
 * offer - one new password. The code that goes with the old one is asked for when it is missing, and when it was typed so
 *         long ago that it is good no more.
 */
static int
offer(struct call *c, struct proto_message *request, struct proto_message **answer_out)
{
	int i, r = ask_gate(c, request, answer_out);

	for (i = 0; r == PAM_SUCCESS && request->type == REQ_CHANGE && i < CODE_TRIES; i++) {
		int too_old = (*answer_out)->status == PROTO_DENIED && c->code != NULL;

		if ((*answer_out)->status != PROTO_MORE && !too_old)
			break;
		proto_free(answer_out);
		secret_free(&c->code);
		request->code = NULL;
		if (too_old)
			(void)tell_error(c, "%s", _("The code is not good any more. Type the one that is shown now."));
		r = ask(c, _("One-time code: "), &c->code);
		if (r != PAM_SUCCESS)
			break;
		request->code = c->code;
		r = ask_gate(c, request, answer_out);
	}
	return r;
}

/*
 * one_change - one new password.
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
	r = offer(c, request, &answer);
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

	for (i = 0; i < (c->takes_new ? 1 : TRIES); i++) {
		r = one_change(c, request);
		if (r != PAM_TRY_AGAIN)
			break;
	}
	if (r == PAM_SUCCESS)
		(void)tell(c, "%s", _("Your password has been changed."));
	return r == PAM_TRY_AGAIN ? PAM_AUTHTOK_ERR : r;
}

/* split_together - prompt=together: the code at the end of what was typed goes by itself, as the gate sends it */
static int
split_together(struct call *c)
{
	struct secret *password = NULL;
	size_t i, len = c->password->len;
	int r;

	if (!c->is_together || c->code != NULL || len <= CODE_LEN)
		return PAM_SUCCESS;
	for (i = len - CODE_LEN; i < len; i++)
		if (!isascii(c->password->data[i]) || !isdigit(c->password->data[i]))
			return PAM_SUCCESS;
	r = secret_new(c->password->data + len - CODE_LEN, CODE_LEN, &c->code);
	if (r == 0)
		r = secret_new(c->password->data, len - CODE_LEN, &password);
	if (r != 0)
		return PAM_BUF_ERR;
	secret_free(&c->password);
	c->password = password;
	return PAM_SUCCESS;
}

int
change_password(struct call *c)
{
	struct proto_message request = { .type = REQ_CHANGE };
	struct secret *old;
	int r = split_together(c);

	if (r != PAM_SUCCESS)
		return r;
	old = c->password;
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
