/*
 * application.c - an application with one PAM service in a private folder.
 */
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "muster-test"

const char *
call_name(enum call call)
{
	static const char *const names[CALLS] = { "auth", "setcred", "account", "change", "open", "close" };

	return names[call];
}

void
application_init(struct application *a, const char *module, const char *options)
{
	static const char *const groups[] = { "auth", "account", "password", "session" };
	char path[160];
	FILE *file;

	*a = (struct application){ .talk = TALK_RIGHT };
	(void)strcpy(a->folder, "/tmp/muster-pam-XXXXXX");
	if (mkdtemp(a->folder) == NULL)
		abort();
	(void)snprintf(a->socket, sizeof(a->socket), "%s/gate.sock", a->folder);
	(void)snprintf(path, sizeof(path), "%s/" SERVICE, a->folder);
	file = fopen(path, "w");
	if (file == NULL)
		abort();
	/* "die" hands the module's own return value through, PAM_IGNORE too. */
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		fprintf(file, "%s [success=ok default=die] %s socket=%s %s\n", groups[i], module, a->socket, options);
	if (fclose(file) != 0)
		abort();
}

void
application_free(struct application *a)
{
	char path[160];

	(void)unlink(a->socket);
	(void)snprintf(path, sizeof(path), "%s/" SERVICE, a->folder);
	(void)unlink(path);
	if (rmdir(a->folder) != 0)
		abort();
}

static int
answer(struct application *a, struct pam_response *response)
{
	if (a->talk == TALK_NO_TEXT)
		return PAM_SUCCESS;
	if (a->answers == NULL || a->answers[0] == NULL)
		return PAM_CONV_ERR;
	response->resp = strdup(a->answers[0]);
	if (a->answers[1] != NULL)
		a->answers++;
	return PAM_SUCCESS;
}

static int
converse(int n, const struct pam_message **messages, struct pam_response **responses_out, void *data)
{
	struct application *a = data;
	struct pam_response *responses;
	int r = PAM_SUCCESS;

	*responses_out = NULL;
	if (a->talk == TALK_ERROR)
		return PAM_CONV_ERR;
	if (a->talk == TALK_NO_RESPONSE)
		return PAM_SUCCESS;
	responses = calloc((size_t)n, sizeof(*responses));
	if (responses == NULL)
		abort();
	for (int i = 0; r == PAM_SUCCESS && i < n; i++) {
		size_t len = strlen(a->said);

		(void)snprintf(a->said + len, sizeof(a->said) - len, "%s\n", messages[i]->msg);
		if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
			r = answer(a, &responses[i]);
	}
	if (r != PAM_SUCCESS) {
		for (int i = 0; i < n; i++)
			free(responses[i].resp);
		free(responses);
		return r;
	}
	*responses_out = responses;
	return PAM_SUCCESS;
}

pam_handle_t *
application_start(struct application *a)
{
	const struct pam_conv conversation = { a->talk == TALK_NO_FUNCTION ? NULL : converse, a };
	pam_handle_t *ph = NULL;

	a->said[0] = '\0';
	if (pam_start_confdir(SERVICE, "alice", &conversation, a->folder, &ph) != PAM_SUCCESS)
		abort();
	return ph;
}

int
application_flags(pam_handle_t *ph, enum call call, int flags)
{
	switch (call) {
	case CALL_AUTH:
		return pam_authenticate(ph, flags);
	case CALL_SETCRED:
		return pam_setcred(ph, flags);
	case CALL_ACCOUNT:
		return pam_acct_mgmt(ph, flags);
	case CALL_CHANGE:
		return pam_chauthtok(ph, flags);
	case CALL_OPEN:
		return pam_open_session(ph, flags);
	default:
		return pam_close_session(ph, flags);
	}
}

int
application_next(pam_handle_t *ph, enum call call)
{
	return application_flags(ph, call, call == CALL_SETCRED ? PAM_ESTABLISH_CRED : 0);
}

int
application_call(struct application *a, enum call call)
{
	pam_handle_t *ph = application_start(a);
	int r = application_next(ph, call);

	if (pam_end(ph, r) != PAM_SUCCESS)
		abort();
	return r;
}
