/*
 * context.h - names that somebody who guesses a member's password tries first: the member's own, those of the organization and
 *             of the product.
 */
#ifndef MUSTER_CORE_CONTEXT_H
#define MUSTER_CORE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

/* Shorter words say nothing: they are in too many passwords by chance. */
#define CONTEXT_WORD_MIN 4 /* code points */

struct context;

/* context_new - no words yet. error: ERR_MEMORY */
int context_new(struct context **context_out);
void context_free(struct context **context);

/*
 * context_add - a name: its words, and all of it written in one. "Acme Trading" adds acme, trading and acmetrading. The most
 *               important names come first: a thousand words are taken.
 * in:    value  len octets; what is longer than SECRET_MAX or not UTF-8 is passed over
 * error: ERR_MEMORY
 */
int context_add(struct context *context, const char *value, size_t len);

/*
 * context_refuses - whether such words make up at least half of a password. Case and everything but letters and digits is left
 *                   out on both sides.
 * out:   refused_out  1 or 0; 0 on error
 * error: as nfkc_fold()
 */
int context_refuses(const struct context *context, const uint8_t *password, size_t len, int *refused_out);

#endif
