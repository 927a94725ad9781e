/*
 * pam-login.c - what login(1) does, for the demo and the tests: authentication and account management of one user by
 *               a PAM service file in a folder of one's own. Answers are read from standard input, one a line.
 *
 * usage: pam-login CONFDIR SERVICE USER [change]
 * exit:  0 the person is in (with "change": has a new password), 1 refused, 2 called wrongly
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (2 << 20)

static void
wipe(char *text)
{
	if (text != NULL) {
		explicit_bzero(text, strlen(text));
		free(text);
	}
}

/* read_answer - the next line without its end; NULL when there is none */
static char *
read_answer(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);

	if (len <= 0 || len > ANSWER_MAX) {
		wipe(line);
		return NULL;
	}
	if (line[len - 1] == '\n')
		line[len - 1] = '\0';
	return line;
}

static void
answers_free(struct pam_response *answers, int n)
{
	for (int i = 0; i < n; i++)
		wipe(answers[i].resp);
	free(answers);
}

static int
converse(int n, const struct pam_message **messages, struct pam_response **answers_out, void *data)
{
	struct pam_response *answers = calloc(n, sizeof(*answers));

	(void)data;
	*answers_out = NULL;
	if (answers == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		const struct pam_message *m = messages[i];

		printf("%s\n", m->msg);
		if (m->msg_style != PAM_PROMPT_ECHO_OFF && m->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		answers[i].resp = read_answer();
		if (answers[i].resp == NULL) {
			answers_free(answers, n);
			return PAM_CONV_ERR;
		}
	}
	*answers_out = answers;
	return PAM_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct pam_conv conversation = { converse, NULL };
	pam_handle_t *ph = NULL;
	int r, change = argc == 5 && strcmp(argv[4], "change") == 0;

	if (argc != 4 && !change) {
		fprintf(stderr, "usage: pam-login CONFDIR SERVICE USER [change]\n");
		return 2;
	}
	r = pam_start_confdir(argv[2], argv[3], &conversation, argv[1], &ph);
	if (r != PAM_SUCCESS) {
		fprintf(stderr, "pam-login: PAM does not start with %s/%s\n", argv[1], argv[2]);
		return 2;
	}
	if (change) {
		r = pam_chauthtok(ph, 0);
	} else {
		r = pam_authenticate(ph, 0);
		if (r == PAM_SUCCESS)
			r = pam_acct_mgmt(ph, 0);
		if (r == PAM_NEW_AUTHTOK_REQD)
			r = pam_chauthtok(ph, PAM_CHANGE_EXPIRED_AUTHTOK);
		if (r == PAM_SUCCESS)
			r = pam_open_session(ph, 0);
	}
	printf("%s\n", r == PAM_SUCCESS ? "-> in" : pam_strerror(ph, r));
	pam_end(ph, r);
	return r == PAM_SUCCESS ? 0 : 1;
}
