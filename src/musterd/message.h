/*
 * message.h - the mail that a claimed record asks for.
 */
#ifndef MUSTER_MUSTERD_MESSAGE_H
#define MUSTER_MUSTERD_MESSAGE_H

#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"
#include "directory/directory.h"

/*
 * message_build - one mail in the language of its receiver, complete with headers and CRLF.
 *                 Facts it uses: login, organization, name (how to address the member), time (when it happened) and
 *                 expires (end of the token); both times in seconds since 1970 UTC. A missing one is left out of the text.
 * in:    claim  as the directory gave it; nothing in it is trusted to be clean
 *        now    seconds since 1970 UTC
 * out:   *message_out  NULL on error; freed with buf_free(), which wipes it
 * error: ERR_INPUT (address unusable, secret not a token), ERR_NOT_FOUND (a kind we do not know), ERR_RANDOM,
 *        ERR_MEMORY, ERR_RANGE
 * after: language_init() was called
 */
int message_build(const struct directory_claim *claim, const struct conf *conf, int64_t now, struct buf **message_out);

#endif
