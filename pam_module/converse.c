/*
 * converse.c - what the person is asked and told.
 */
#include "module.h"

#include <libintl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
dgettext_muster(const char *text)
{
	return dgettext(TEXT_DOMAIN, text);
}

/* person_took_time - the gate did not: its deadline begins anew */
static void
person_took_time(struct call *c)
{
	if (c->client != NULL)
		client_extend(c->client);
}

/*
 * keep - what an application that wants silence (sudo) does not show, but the person has to know to answer: it goes in front of
 *        the next question. Text that cannot be kept is text less, nothing else.
 */
static void
keep(struct call *c, const char *format, va_list args)
{
	char *text = NULL, *joined = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	if (asprintf(&joined, "%s%s\n", c->untold != NULL ? c->untold : "", text) >= 0) {
		free(c->untold);
		c->untold = joined;
	}
	free(text);
}

int
ask_any(struct call *c, const char *prompt, struct secret **answer_out)
{
	char *typed = NULL;
	int r;

	*answer_out = NULL;
	r = pam_prompt(c->ph, PAM_PROMPT_ECHO_OFF, &typed, "%s%s", c->untold != NULL ? c->untold : "", prompt);
	free(c->untold);
	c->untold = NULL;
	person_took_time(c);
	if (r == PAM_SUCCESS && typed == NULL)
		r = PAM_CONV_ERR;
	if (r == PAM_SUCCESS)
		r = secret_new(typed, strlen(typed), answer_out) == 0 ? PAM_SUCCESS : PAM_BUF_ERR;
	secret_wipe_string(typed);
	free(typed);
	return r;
}

int
ask(struct call *c, const char *prompt, struct secret **answer_out)
{
	int r = ask_any(c, prompt, answer_out);

	if (r == PAM_SUCCESS && ((*answer_out)->len == 0 || (*answer_out)->len > SECRET_MAX)) {
		secret_free(answer_out);
		return PAM_AUTH_ERR;
	}
	return r;
}

int
ask_optional(struct call *c, const char *prompt, struct secret **answer_out)
{
	int r = ask_any(c, prompt, answer_out);

	if (r == PAM_SUCCESS && (*answer_out)->len == 0)
		secret_free(answer_out);
	else if (r == PAM_SUCCESS && (*answer_out)->len > SECRET_MAX) {
		secret_free(answer_out);
		return PAM_AUTH_ERR;
	}
	return r;
}

static int
tell_style(struct call *c, int style, const char *format, va_list args)
{
	char *ignored = NULL;
	int r;

	if (c->silent) {
		keep(c, format, args);
		return PAM_SUCCESS;
	}
	r = pam_vprompt(c->ph, style, &ignored, format, args);
	free(ignored);
	person_took_time(c); /* some applications wait until it is read */
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
	if (broken & RULE_BLOCKLIST)
		(void)tell_error(c, "%s", _("The new password is one that many people use or that has been stolen: choose another."));
	if (broken & RULE_CONTEXT)
		(void)tell_error(c, "%s", _("The new password is mostly your name, your organization's or the product's."));
	if (broken & RULE_BYTES)
		(void)tell_error(c, _("The new password is longer than %d octets."), SECRET_MAX);
	if (broken & RULE_ENCODING)
		(void)tell_error(c, "%s", _("The new password contains characters that cannot be used."));
	if (broken == 0)
		(void)tell_error(c, "%s", _("The new password breaks a rule of your organization."));
}
