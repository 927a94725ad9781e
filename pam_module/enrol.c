/*
 * enrol.c - registering an authenticator at the login prompt, where the organization requires one.
 */
#include "module.h"

#include <string.h>

#define TRIES 3

/* has_room - whether the QR code is seen whole, with the question below it */
static int
has_room(const struct secret *qr)
{
	unsigned lines = 0, columns = 0, longest = 0;
	size_t i;

	for (i = 0; i < qr->len; i++) {
		if (qr->data[i] == '\n') {
			lines++;
			columns = 0;
		} else if ((qr->data[i] & 0xc0) != 0x80) { /* UTF-8: a character begins */
			columns++;
		}
		longest = columns > longest ? columns : longest;
	}
	return terminal_has_room(lines + 1, longest);
}

/*
 * show - what the authenticator needs, as text and as a picture. The picture comes last, since it must not leave the screen. Where
 *        there is no room for it the address in it is shown, which some apps can open.
 */
static int
show(struct call *c, const struct proto_message *start)
{
	int has_qr = start->qr != NULL && start->qr->len > 0 && has_room(start->qr);
	int r;

	r = tell(c, _("Your organization requires an authenticator app (TOTP). Type this setup key into it: %s"),
	         (const char *)start->setup_key->data);
	if (r == PAM_SUCCESS && has_qr)
		r = tell(c, _("or scan this code with it:\n%s"), (const char *)start->qr->data);
	else if (r == PAM_SUCCESS && start->uri != NULL && start->uri->len > 0)
		r = tell(c, _("or open this address with it (the terminal is too small for a QR code):\n%s"),
		         (const char *)start->uri->data);
	return r;
}

static int
show_recovery_codes(struct call *c, const struct proto_message *answer)
{
	int i, r = PAM_SUCCESS;

	if (answer->recovery_codes_len == 0)
		return PAM_SUCCESS;
	r = tell(c, "%s", _("Keep these recovery codes where only you find them. Each works once, in place of a code:"));
	for (i = 0; i < answer->recovery_codes_len && r == PAM_SUCCESS; i++)
		r = tell(c, "%s", (const char *)answer->recovery_codes[i]->data);
	return r;
}

/* one_code - PAM_TRY_AGAIN for a code that is wrong */
static int
one_code(struct call *c, const struct proto_message *start, struct proto_message **answer_out)
{
	struct proto_message request = { .type = REQ_ENROL };
	struct secret *code = NULL;
	int r;

	*answer_out = NULL;
	r = ask(c, _("The 6-digit code that the app shows: "), &code);
	if (r != PAM_SUCCESS)
		return r;
	request.user = (char *)c->user;
	request.password = c->password;
	request.setup_key = start->setup_key;
	request.code = code;
	r = call_gate(c, &request, answer_out);
	secret_free(&code);
	if (r == PAM_SUCCESS && (*answer_out)->status == PROTO_DENIED) {
		(void)tell_error(c, "%s", _("This code is wrong."));
		r = PAM_TRY_AGAIN;
	} else if (r == PAM_SUCCESS) {
		r = status_to_pam((*answer_out)->status);
	}
	if (r != PAM_SUCCESS)
		proto_free(answer_out);
	return r;
}

static int
confirm(struct call *c, const struct proto_message *start)
{
	struct proto_message *answer = NULL;
	int i, r = PAM_TRY_AGAIN;

	for (i = 0; i < TRIES && r == PAM_TRY_AGAIN; i++)
		r = one_code(c, start, &answer);
	if (r == PAM_SUCCESS)
		r = show_recovery_codes(c, answer);
	if (r == PAM_SUCCESS)
		(void)tell(c, "%s", _("The authenticator is registered. Log in with the next code it shows."));
	proto_free(&answer);
	return r == PAM_TRY_AGAIN ? PAM_AUTH_ERR : r;
}

int
enrol(struct call *c)
{
	struct proto_message request = { .type = REQ_ENROL_START }, *start = NULL;
	int r;

	/* A setup key that cannot be shown would lock the person out. */
	if (c->silent)
		return PAM_AUTH_ERR;
	request.user = (char *)c->user;
	r = call_gate(c, &request, &start);
	if (r == PAM_SUCCESS)
		r = status_to_pam(start->status);
	if (r == PAM_SUCCESS && (start->setup_key == NULL || start->setup_key->len == 0))
		r = PAM_AUTHINFO_UNAVAIL;
	if (r == PAM_SUCCESS)
		r = show(c, start);
	if (r == PAM_SUCCESS)
		r = confirm(c, start);
	proto_free(&start);
	return r;
}
