/*
 * courier_payment.h - ask the payment provider through the command of [payments]. muster.conf(5) says what such a command must do.
 */
#ifndef MUSTER_MUSTERD_COURIER_PAYMENT_H
#define MUSTER_MUSTERD_COURIER_PAYMENT_H

#include "common/conf.h"
#include "core/payment.h"
#include "directory/directory.h"
#include "musterd/command.h"

/*
 * payment_ask - what the provider says of a claimed payment-check. The command gets lines "name=value" on standard input and prints such
 *               lines; what it prints is looked at here as far as it can be read at all, and judged by the directory.
 * in:    record_id  the same for the same check, so that a provider that is asked twice can tell
 * out:   said_out   everything "" on error
 *        why        for the log; nothing of what was given or printed
 * error: ERR_CONFIG (no command, it cannot be run), ERR_INPUT (the claim cannot be put into lines), ERR_PROTO (the answer is not
 *        understood), and those of command_run(): ask again later
 */
int payment_ask(const struct conf *conf, const char *record_id, const struct directory_claim *claim, struct payment *said_out,
                char why[COMMAND_WHY_MAX]);

/* payment_read - the lines of an answer. error: ERR_PROTO  one of them is none, or no state is among them */
int payment_read(const char *text, size_t len, struct payment *said_out);

#endif
