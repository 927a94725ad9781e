/*
 * courier_sms.h - hand text messages to the command of [sms]. muster.conf(5) says what such a command must do.
 */
#ifndef MUSTER_MUSTERD_COURIER_SMS_H
#define MUSTER_MUSTERD_COURIER_SMS_H

#include <stddef.h>

#include "common/conf.h"
#include "musterd/courier_mail.h"

/* Exit statuses of the command that end a record for good, as sysexits.h names them; 0 is sent, any other is tried again. */
#define SMS_EXIT_TEXT 65   /* EX_DATAERR: this text will not be sent */
#define SMS_EXIT_NUMBER 67 /* EX_NOUSER: nor anything to this number */

/*
 * sms_send - one text to one number. The command is run without a shell and with a clean environment; the number is its last
 *            argument, the text comes on its standard input, so that no code is in a list of processes.
 * in:    to    a number that address_is_number() takes
 *        text  len octets of UTF-8
 * out:   why   what went wrong, for the log; nothing of what the command printed, which may hold the text; "" when sent
 */
enum mail_result sms_send(const struct conf *conf, const char *to, const void *text, size_t len, char why[MAIL_WHY_MAX]);

#endif
