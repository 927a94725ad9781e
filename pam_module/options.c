/*
 * options.c - the words after the module's path in a PAM file.
 */
#include "module.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/text.h"

#define TIMEOUT_DEFAULT_SEC 5
#define TIMEOUT_MAX_SEC 120
#define MINIMUM_UID_DEFAULT 1000 /* login.defs: the first uid of a person */
#define PASSWD_BUFFER 16384

static int
bad(pam_handle_t *ph, const char *option, const char *allowed)
{
	pam_syslog(ph, LOG_ERR, "option %s: %s", option, allowed);
	return PAM_SERVICE_ERR;
}

static int
parse_uid(const char *value, uid_t *out)
{
	int64_t n;

	if (text_number(value, strlen(value), 0, UINT32_MAX - 1, &n) != 0)
		return PAM_SERVICE_ERR;
	*out = (uid_t)n;
	return PAM_SUCCESS;
}

static int
owner_find(const char *name, uid_t *uid_out)
{
	struct passwd entry, *found = NULL;
	char *buffer;
	int r;

	if (parse_uid(name, uid_out) == PAM_SUCCESS)
		return PAM_SUCCESS;
	buffer = malloc(PASSWD_BUFFER);
	if (buffer == NULL)
		return PAM_BUF_ERR;
	r = getpwnam_r(name, &entry, buffer, PASSWD_BUFFER, &found) == 0 && found != NULL ? PAM_SUCCESS : PAM_USER_UNKNOWN;
	if (r == PAM_SUCCESS)
		*uid_out = entry.pw_uid;
	free(buffer);
	return r;
}

static int
parse_prompt(const char *value, enum prompt *out)
{
	static const char *const names[] = { "after", "together", "always" };
	int i;

	for (i = 0; i < 3; i++)
		if (strcmp(value, names[i]) == 0) {
			*out = (enum prompt)i;
			return PAM_SUCCESS;
		}
	return PAM_SERVICE_ERR;
}

static int
parse_timeout(const char *value, int *out)
{
	int64_t n;

	if (text_number(value, strlen(value), 1, TIMEOUT_MAX_SEC, &n) != 0)
		return PAM_SERVICE_ERR;
	*out = (int)n;
	return PAM_SUCCESS;
}

/* value_of - what follows "name=", NULL when the word is another */
static const char *
value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static int
parse_word(pam_handle_t *ph, const char *word, struct options *o)
{
	const char *value;

	if (strcmp(word, "use_first_pass") == 0) {
		o->use_first_pass = 1;
	} else if (strcmp(word, "try_first_pass") == 0) {
		o->try_first_pass = 1;
	} else if (strcmp(word, "use_authtok") == 0) {
		o->use_authtok = 1;
	} else if ((value = value_of(word, "prompt")) != NULL) {
		if (parse_prompt(value, &o->prompt) != PAM_SUCCESS)
			return bad(ph, word, "prompt is after, together or always");
	} else if ((value = value_of(word, "timeout")) != NULL) {
		if (parse_timeout(value, &o->timeout_sec) != PAM_SUCCESS)
			return bad(ph, word, "timeout is 1 to 120 seconds");
	} else if ((value = value_of(word, "socket")) != NULL) {
		if (value[0] != '/')
			return bad(ph, word, "socket is an absolute path");
		o->socket = value;
	} else if ((value = value_of(word, "owner")) != NULL) {
		if (owner_find(value, &o->owner) != PAM_SUCCESS)
			return bad(ph, word, "owner is the name of an existing user, or a number");
	} else if ((value = value_of(word, "minimum_uid")) != NULL) {
		if (parse_uid(value, &o->minimum_uid) != PAM_SUCCESS)
			return bad(ph, word, "minimum_uid is a number");
	} else {
		return bad(ph, word, "unknown; pam_muster(8) lists what there is");
	}
	return PAM_SUCCESS;
}

int
options_parse(pam_handle_t *ph, int argc, const char **argv, struct options *o)
{
	int i, r;

	memset(o, 0, sizeof(*o));
	o->timeout_sec = TIMEOUT_DEFAULT_SEC;
	o->minimum_uid = MINIMUM_UID_DEFAULT;
	o->socket = CLIENT_SOCKET_DEFAULT;
	o->owner = geteuid(); /* whoever is that user already could do with this process as he likes */
	for (i = 0; i < argc; i++) {
		r = parse_word(ph, argv[i], o);
		if (r != PAM_SUCCESS)
			return r;
	}
	if (o->use_first_pass && o->try_first_pass)
		return bad(ph, "use_first_pass", "not together with try_first_pass");
	return PAM_SUCCESS;
}
