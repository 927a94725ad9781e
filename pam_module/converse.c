/*
 * converse.c - what the person is asked and told.
 */
#include "module.h"

#include <libintl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *
dgettext_muster(const char *text)
{
	/* Where the texts are; the language is the application's business. */
	(void)bindtextdomain("muster", LOCALEDIR);
	return dgettext("muster", text);
}

static int
ask_secret(struct call *c, const char *prompt, int may_be_empty, struct secret **answer_out)
{
	char *typed = NULL;
	size_t len;
	int r;

	*answer_out = NULL;
	r = pam_prompt(c->ph, PAM_PROMPT_ECHO_OFF, &typed, "%s", prompt);
	/* A person took time, not the gate. */
	if (c->client != NULL)
		client_extend(c->client);
	if (r != PAM_SUCCESS)
		goto out;
	r = PAM_CONV_ERR;
	if (typed == NULL)
		goto out;
	len = strlen(typed);
	if (len == 0 && may_be_empty)
		r = PAM_SUCCESS;
	else if (len == 0 || len > SECRET_MAX)
		r = PAM_AUTH_ERR;
	else
		r = secret_new(typed, len, answer_out) == 0 ? PAM_SUCCESS : PAM_BUF_ERR;
out:
	secret_wipe_string(typed);
	free(typed);
	return r;
}

int
ask(struct call *c, const char *prompt, struct secret **answer_out)
{
	return ask_secret(c, prompt, 0, answer_out);
}

int
ask_optional(struct call *c, const char *prompt, struct secret **answer_out)
{
	return ask_secret(c, prompt, 1, answer_out);
}

static int
tell_style(struct call *c, int style, const char *format, va_list args)
{
	char *ignored = NULL;
	int r;

	if (c->silent)
		return PAM_SUCCESS;
	r = pam_vprompt(c->ph, style, &ignored, format, args);
	free(ignored);
	return r;
}

int
tell(struct call *c, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = tell_style(c, PAM_TEXT_INFO, format, args);
	va_end(args);
	return r;
}

int
tell_error(struct call *c, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = tell_style(c, PAM_ERROR_MSG, format, args);
	va_end(args);
	return r;
}

void
tell_rules(struct call *c, const struct proto_message *answer)
{
	uint32_t broken = answer->broken_rules;

	if (broken & RULE_MIN_LENGTH)
		(void)tell_error(c, _("The new password is too short: at least %u characters."), answer->min_length);
	if (broken & RULE_MAX_LENGTH)
		(void)tell_error(c, _("The new password is too long: at most %u characters."), answer->max_length);
	if (broken & RULE_LETTER)
		(void)tell_error(c, "%s", _("The new password needs a letter (A-Z, a-z)."));
	if (broken & RULE_DIGIT)
		(void)tell_error(c, "%s", _("The new password needs a digit."));
	if (broken & RULE_SPECIAL)
		(void)tell_error(c, "%s", _("The new password needs a special character."));
	if (broken & RULE_HISTORY)
		(void)tell_error(c, _("The new password is one of the %u you used last."), answer->history);
	if (broken & RULE_BYTES)
		(void)tell_error(c, _("The new password is longer than %d octets."), SECRET_MAX);
	if (broken & RULE_ENCODING)
		(void)tell_error(c, "%s", _("The new password contains characters that cannot be used."));
	if (broken == 0)
		(void)tell_error(c, "%s", _("The new password breaks a rule of your organization."));
}
