/*
 * pam_muster.c - the six entry points. Every one starts from failure; none ever answers PAM_IGNORE.
 */
#include "module.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATA_NAME "muster_login"
#define TIME_TEXT_MAX 64

/* What authentication leaves for the calls that follow on the same handle. */
struct login_data {
	int is_in; /* pam_sm_authenticate returned PAM_SUCCESS */
	int64_t previous_login;
	char user[];
};

/* A login has begun and was not let in, so far. */
static struct login_data not_in;

static void
data_free(pam_handle_t *ph, void *data, int error_status)
{
	(void)ph;
	(void)error_status;
	free(data);
}

/* data_put - the member is in. A login that the later calls cannot know of is none. */
static int
data_put(struct call *c)
{
	struct login_data *data = malloc(sizeof(*data) + strlen(c->user) + 1);

	if (data == NULL)
		return PAM_BUF_ERR;
	data->is_in = 1;
	data->previous_login = c->previous_login;
	memcpy(data->user, c->user, strlen(c->user) + 1);
	if (pam_set_data(c->ph, DATA_NAME, data, data_free) != PAM_SUCCESS) {
		free(data);
		return PAM_BUF_ERR;
	}
	return PAM_SUCCESS;
}

static const struct login_data *
data_get(pam_handle_t *ph)
{
	const void *data = NULL;

	return pam_get_data(ph, DATA_NAME, &data) == PAM_SUCCESS ? data : NULL;
}

int
pam_sm_authenticate(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	struct call c;
	int r;

	/* Whatever this handle was told before, it is about another login. */
	if (pam_set_data(ph, DATA_NAME, &not_in, NULL) != PAM_SUCCESS)
		return PAM_BUF_ERR;
	r = call_begin(&c, ph, flags, argc, argv);
	if (r == PAM_SUCCESS)
		r = log_in(&c);
	if (r == PAM_SUCCESS)
		r = data_put(&c);
	call_end(&c);
	return r;
}

int
pam_sm_setcred(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	const struct login_data *data = data_get(ph);
	struct options options;
	int r;

	(void)flags;
	r = options_parse(ph, argc, argv, &options);
	if (r != PAM_SUCCESS)
		return r;
	/*
	 * There are no credentials to set. Where nobody was asked for a password (cron, su by root, a key) this is no obstacle:
	 * whether the member may come in is decided by pam_sm_acct_mgmt. After a login that was refused it stays refused.
	 */
	return data == NULL || data->is_in ? PAM_SUCCESS : PAM_CRED_UNAVAIL;
}

/* account_result - a gate's answer about somebody who logged in without our password */
static int
account_result(uint8_t status, uint8_t state)
{
	if (status == PROTO_OK)
		return state == STATE_OK ? PAM_SUCCESS : PAM_ACCT_EXPIRED;
	if (status == PROTO_MORE && (state == STATE_CHANGE_REQUIRED || state == STATE_EXPIRED))
		return PAM_NEW_AUTHTOK_REQD;
	return status == PROTO_DENIED || status == PROTO_MORE ? PAM_PERM_DENIED : status_to_pam(status);
}

int
pam_sm_acct_mgmt(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	struct proto_message request = { .type = REQ_ACCOUNT }, *answer = NULL;
	const struct login_data *data = data_get(ph);
	const char *user = NULL;
	struct call c;
	int r;

	/* The directory has just judged this very user: suspended, expired and the rest are refused there. */
	if (data != NULL && data->is_in && pam_get_user(ph, &user, NULL) == PAM_SUCCESS &&
	    user != NULL && strcmp(user, data->user) == 0) {
		struct options options;

		return options_parse(ph, argc, argv, &options);
	}
	r = call_begin(&c, ph, flags, argc, argv);
	if (r == PAM_SUCCESS) {
		request.user = (char *)c.user;
		r = call_gate(&c, &request, &answer);
	}
	if (r == PAM_SUCCESS)
		r = account_result(answer->status, answer->state);
	proto_free(&answer);
	call_end(&c);
	return r;
}

/* old_password - typed, or what the modules before us asked for */
static int
old_password(struct call *c)
{
	const void *old = NULL;

	if (pam_get_item(c->ph, PAM_OLDAUTHTOK, &old) == PAM_SUCCESS && old != NULL && strlen(old) > 0 &&
	    strlen(old) <= SECRET_MAX)
		return secret_new(old, strlen(old), &c->password) == 0 ? PAM_SUCCESS : PAM_BUF_ERR;
	if (c->options.use_first_pass)
		return PAM_AUTHTOK_RECOVERY_ERR;
	return ask(c, _("Current password (or the token from a mail): "), &c->password);
}

/* prepare_update - the old password is asked for before any module asks for the new one; kept for update() */
static int
prepare_update(struct call *c)
{
	int r = old_password(c);

	if (r == PAM_SUCCESS && pam_set_item(c->ph, PAM_OLDAUTHTOK, c->password->data) != PAM_SUCCESS)
		r = PAM_BUF_ERR;
	return r;
}

/* update - the directory verifies the old password, and the code it asks for, together with the new one: this is no login */
static int
update(struct call *c)
{
	struct secret *token;
	int r;

	c->takes_new = c->options.use_authtok;
	r = old_password(c);
	if (r == PAM_SUCCESS && is_token(c->password)) {
		token = c->password;
		c->password = NULL;
		r = redeem_token(c, token);
		secret_free(&token);
	} else if (r == PAM_SUCCESS) {
		r = change_password(c);
	}
	if (r == PAM_SUCCESS && pam_set_item(c->ph, PAM_AUTHTOK, c->password->data) != PAM_SUCCESS)
		r = PAM_BUF_ERR;
	return r;
}

int
pam_sm_chauthtok(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	struct call c;
	int r;

	r = call_begin(&c, ph, flags, argc, argv);
	if (r == PAM_SUCCESS && (flags & PAM_PRELIM_CHECK))
		r = prepare_update(&c);
	else if (r == PAM_SUCCESS)
		r = (flags & PAM_UPDATE_AUTHTOK) ? update(&c) : PAM_SERVICE_ERR;
	if ((flags & PAM_PRELIM_CHECK) && r == PAM_AUTHINFO_UNAVAIL)
		r = PAM_TRY_AGAIN;
	call_end(&c);
	return r;
}

int
pam_sm_open_session(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	const struct login_data *data = data_get(ph);
	char text[TIME_TEXT_MAX];
	struct tm when;
	struct call c;
	time_t t;
	int r;

	r = call_prepare(&c, ph, flags, argc, argv);
	if (r == PAM_SUCCESS && data != NULL && data->is_in && data->previous_login > 0) {
		t = (time_t)data->previous_login;
		if (localtime_r(&t, &when) != NULL && strftime(text, sizeof(text), "%F %T %Z", &when) > 0)
			(void)tell(&c, _("Previous login: %s"), text);
	}
	call_end(&c);
	return r == PAM_SUCCESS ? PAM_SUCCESS : PAM_SESSION_ERR;
}

int
pam_sm_close_session(pam_handle_t *ph, int flags, int argc, const char **argv)
{
	struct options options;

	(void)flags;
	return options_parse(ph, argc, argv, &options) == PAM_SUCCESS ? PAM_SUCCESS : PAM_SESSION_ERR;
}
