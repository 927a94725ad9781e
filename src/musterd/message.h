/*
 * message.h - the mail or the text message that a claimed record asks for.
 */
#ifndef MUSTER_MUSTERD_MESSAGE_H
#define MUSTER_MUSTERD_MESSAGE_H

#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"
#include "directory/directory.h"

/*
 * message_build - one mail in the language of its receiver, complete with headers and CRLF.
 *                 Facts it uses: login, organization, name (how to address the member), time (when it happened),
 *                 expires (end of the token or code), remaining (recovery codes), url (of a service), owner (its ID) and
 *                 reason; times in seconds since 1970 UTC. A missing one is left out of the text.
 * in:    claim  as the directory gave it; nothing in it is trusted to be clean
 *        now    seconds since 1970 UTC
 * out:   *message_out  NULL on error; freed with buf_free(), which wipes it
 * error: ERR_INPUT (no such mail, address unusable, secret not what it must be), ERR_NOT_FOUND (a kind we do not know), ERR_RANDOM,
 *        ERR_MEMORY, ERR_RANGE
 * after: language_init() was called
 */
int message_build(const struct directory_claim *claim, const struct conf *conf, int64_t now, struct buf **message_out);

#define MESSAGE_SMS_SINGLE 160 /* characters of one SMS in its own alphabet, GSM 03.38 */
#define MESSAGE_SMS_OTHER 70   /* in any other, UTF-16 units */

/*
 * message_build_sms - one text message in the language of its receiver, never longer than one SMS: the name of the service is cut.
 * in:    claim  as above, its address a number
 * out:   *text_out  UTF-8 without a line end, not NUL-terminated; NULL on error; freed with buf_free(), which wipes it
 * error: ERR_INPUT (no such text message, no number, secret not a code), ERR_NOT_FOUND, ERR_MEMORY, ERR_RANGE
 */
int message_build_sms(const struct directory_claim *claim, const struct conf *conf, struct buf **text_out);

struct message_kind;
/* message_secret_fits - 1 when a secret has the form that a kind of message must carry */
int message_secret_fits(const struct message_kind *kind, const struct secret *secret);

#endif
