/*
 * courier_sms.c - text messages through a command.
 */
#include "common/err.h"
#include "musterd/command.h"
#include "musterd/courier_sms.h"

_Static_assert(MAIL_WHY_MAX >= COMMAND_WHY_MAX, "what a command says fits");

enum mail_result
sms_send(const struct conf *conf, const char *to, const void *text, size_t len, char why[MAIL_WHY_MAX])
{
	const struct command command = { .words = conf->sms.command, .argument = to, .input = text, .input_len = len,
		                         .timeout_ms = conf->sms.timeout_ms };
	int status;

	if (command_run(&command, &status, why) != 0)
		return MAIL_LATER;
	if (status == 0)
		return MAIL_SENT;
	command_status_text(status, why);
	return status == SMS_EXIT_TEXT || status == SMS_EXIT_NUMBER ? MAIL_NEVER : MAIL_LATER;
}
