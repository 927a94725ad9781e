/*
 * pam-login.c - an application for the demo and the tests: PAM calls for one user, by a service file in a folder of one's own.
 *
 * usage: pam-login CONFDIR SERVICE USER [CALL...]
 *        CALL: auth, setcred, account, open, close, change, expired (change with PAM_CHANGE_EXPIRED_AUTHTOK),
 *              silent (the calls behind it are), rhost=NAME, tty=NAME, uid=NUMBER (become that user)
 * Calls are carried out in order on one handle, whatever the ones before returned. Without any it does what login(1) does:
 * auth, account, expired when account asks for it, open, until one is refused.
 *
 * Answers are read from standard input, one a line; at its end the conversation fails. Printed is what the person sees
 * ("prompt: ...", "info: ...", "error: ..."), then "CALL=number" for each call, or how the login went.
 * exit: 0 all calls succeeded, 1 one did not, 2 called wrongly
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define ANSWER_MAX (2 << 20)

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

/* One run: what the words so far have set and learned. */
struct run {
	pam_handle_t *ph;
	int flags;
	int last;   /* result of the last call */
	int refused; /* some call did not succeed */
};

/* --- the conversation ----------------------------------------------------------------------------- */

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* read_answer - the next line without its end; NULL when there is none */
static char *
read_answer(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);

	if (len <= 0 || len > ANSWER_MAX) {
		/* Without a line there is memory, and no NUL in it. */
		if (line != NULL)
			explicit_bzero(line, size);
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
			wipe(responses[i].resp);
		free(responses);
		responses = NULL;
	}
	*responses_out = responses;
	return r;
}

/* --- the calls ------------------------------------------------------------------------------------ */

static const struct call *
call_find(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(name, calls[i].name) == 0)
			return &calls[i];
	}
	return NULL;
}

static int
call_make(struct run *run, const char *name)
{
	const struct call *call = call_find(name);

	run->last = call->function(run->ph, call->flags | run->flags);
	run->refused |= run->last != PAM_SUCCESS;
	return run->last;
}

/* value_of - what follows "name=", NULL when the word is another */
static const char *
value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* word_carry_out - Returns -1 for a word that is none. */
static int
word_carry_out(struct run *run, const char *word)
{
	const char *value;

	if (strcmp(word, "silent") == 0) {
		run->flags = PAM_SILENT;
		return 0;
	}
	if ((value = value_of(word, "rhost")) != NULL)
		return pam_set_item(run->ph, PAM_RHOST, value) == PAM_SUCCESS ? 0 : -1;
	if ((value = value_of(word, "tty")) != NULL)
		return pam_set_item(run->ph, PAM_TTY, value) == PAM_SUCCESS ? 0 : -1;
	if ((value = value_of(word, "uid")) != NULL)
		return setuid((uid_t)strtoul(value, NULL, 10));
	if (call_find(word) == NULL)
		return -1;
	printf("%s=%d\n", word, call_make(run, word));
	return 0;
}

/* log_in - what login(1) does */
static void
log_in(struct run *run)
{
	int r = call_make(run, "auth");

	if (r == PAM_SUCCESS) {
		r = pam_acct_mgmt(run->ph, run->flags);
		run->last = r == PAM_NEW_AUTHTOK_REQD ? call_make(run, "expired") : r;
		run->refused = run->last != PAM_SUCCESS;
	}
	if (!run->refused)
		(void)call_make(run, "open");
	printf("%s\n", run->refused ? pam_strerror(run->ph, run->last) : "-> in");
}

int
main(int argc, char **argv)
{
	const struct pam_conv conversation = { converse, NULL };
	struct run run = { .last = PAM_ABORT };

	setlinebuf(stdout);
	if (argc < 4) {
		fprintf(stderr, "usage: pam-login CONFDIR SERVICE USER [CALL...]\n");
		return EXIT_USAGE;
	}
	if (pam_start_confdir(argv[2], argv[3], &conversation, argv[1], &run.ph) != PAM_SUCCESS) {
		fprintf(stderr, "pam-login: PAM does not start with %s/%s\n", argv[1], argv[2]);
		return EXIT_USAGE;
	}
	if (argc == 4)
		log_in(&run);
	for (int i = 4; i < argc; i++) {
		if (word_carry_out(&run, argv[i]) != 0) {
			fprintf(stderr, "pam-login: %s: not a call, or failed\n", argv[i]);
			(void)pam_end(run.ph, PAM_ABORT);
			return EXIT_USAGE;
		}
	}
	(void)pam_end(run.ph, run.last);
	return run.refused ? EXIT_REFUSED : EXIT_SUCCESS;
}
