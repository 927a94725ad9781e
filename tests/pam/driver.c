/*
 * driver.c - an application for tests: carries out PAM calls in order on one handle and prints what each returned.
 *
 * usage: driver CONFDIR SERVICE USER CALL...
 *        CALL: auth, setcred, account, open, close, change, expired (change with PAM_CHANGE_EXPIRED_AUTHTOK),
 *              silent (the calls behind it are), rhost=NAME, tty=NAME, uid=NUMBER (become that user)
 * Answers are read from standard input, one a line; at its end the conversation fails. Printed: "prompt: ...", "info: ...",
 * "error: ...", "CALL=number". Exit status 0 unless called wrongly.
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

struct call {
	const char *name;
	int (*function)(pam_handle_t *ph, int flags);
	int flags;
};

static const struct call calls[] = {
	{ "auth", pam_authenticate, 0 },
	{ "setcred", pam_setcred, PAM_ESTABLISH_CRED },
	{ "account", pam_acct_mgmt, 0 },
	{ "open", pam_open_session, 0 },
	{ "close", pam_close_session, 0 },
	{ "change", pam_chauthtok, 0 },
	{ "expired", pam_chauthtok, PAM_CHANGE_EXPIRED_AUTHTOK },
};

static char *
read_answer(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);

	if (len <= 0) {
		free(line);
		return NULL;
	}
	if (line[len - 1] == '\n')
		line[len - 1] = '\0';
	return line;
}

static int
answer_one(const struct pam_message *m, struct pam_response *response)
{
	const char *kind = m->msg_style == PAM_TEXT_INFO ? "info" : m->msg_style == PAM_ERROR_MSG ? "error" : "prompt";

	printf("%s: %s\n", kind, m->msg);
	if (strcmp(kind, "prompt") != 0)
		return PAM_SUCCESS;
	response->resp = read_answer();
	return response->resp != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int
converse(int n, const struct pam_message **messages, struct pam_response **responses_out, void *data)
{
	struct pam_response *responses = calloc((size_t)n, sizeof(*responses));
	int r = responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;

	(void)data;
	for (int i = 0; r == PAM_SUCCESS && i < n; i++)
		r = answer_one(messages[i], &responses[i]);
	if (r != PAM_SUCCESS) {
		for (int i = 0; responses != NULL && i < n; i++)
			free(responses[i].resp);
		free(responses);
		responses = NULL;
	}
	*responses_out = responses;
	return r;
}

static const char *
value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* Returns -1 for a word that is none. */
static int
carry_out(pam_handle_t *ph, const char *word, int *flags)
{
	const char *value;

	if (strcmp(word, "silent") == 0)
		return *flags = PAM_SILENT, 0;
	if ((value = value_of(word, "rhost")) != NULL)
		return pam_set_item(ph, PAM_RHOST, value) == PAM_SUCCESS ? 0 : -1;
	if ((value = value_of(word, "tty")) != NULL)
		return pam_set_item(ph, PAM_TTY, value) == PAM_SUCCESS ? 0 : -1;
	if ((value = value_of(word, "uid")) != NULL)
		return setuid((uid_t)strtoul(value, NULL, 10));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(word, calls[i].name) == 0) {
			printf("%s=%d\n", word, calls[i].function(ph, calls[i].flags | *flags));
			return 0;
		}
	}
	return -1;
}

int
main(int argc, char **argv)
{
	const struct pam_conv conversation = { converse, NULL };
	pam_handle_t *ph = NULL;
	int flags = 0;

	setlinebuf(stdout);
	if (argc < 5 || pam_start_confdir(argv[2], argv[3], &conversation, argv[1], &ph) != PAM_SUCCESS) {
		fprintf(stderr, "usage: driver CONFDIR SERVICE USER CALL...\n");
		return EXIT_USAGE;
	}
	for (int i = 4; i < argc; i++) {
		if (carry_out(ph, argv[i], &flags) != 0) {
			fprintf(stderr, "driver: %s: not a call, or failed\n", argv[i]);
			(void)pam_end(ph, PAM_ABORT);
			return EXIT_USAGE;
		}
	}
	return pam_end(ph, PAM_SUCCESS) == PAM_SUCCESS ? 0 : EXIT_USAGE;
}
