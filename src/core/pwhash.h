/*
 * pwhash.h - stored passwords: {MUSTER}$argon2id$v=19$m=19456,t=2,p=1$salt$hash.
 */
#ifndef MUSTER_CORE_PWHASH_H
#define MUSTER_CORE_PWHASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define PWHASH_PREFIX "{MUSTER}"
#define PWHASH_TEXT_MAX 144

struct pwhash_cost {
	uint32_t memory_kib; /* 8192 to 1048576 */
	uint32_t passes;     /* 1 to 10 */
};
#define PWHASH_COST_DEFAULT { .memory_kib = 19456, .passes = 2 }

/*
 * pwhash_cost_parse - read "m=19456 t=2".
 * error: ERR_INPUT, ERR_RANGE
 */
int pwhash_cost_parse(const char *text, struct pwhash_cost *cost_out);

/*
 * pwhash_make - hash a password after NFKC.
 * out:   text_out  NUL-terminated, prefix included
 * error: ERR_RANGE (longer than SECRET_MAX, or empty; cost out of range), ERR_INPUT (not UTF-8), ERR_MEMORY;
 *        then text_out is ""
 */
int pwhash_make(const struct pwhash_cost *cost, const uint8_t *password, size_t len,
                char text_out[PWHASH_TEXT_MAX]);

/*
 * pwhash_verify - compare a password with a stored value of ours.
 * in:    stored  stored_len octets; NULL, or a value that is not ours: the same time is spent
 *                on a hash of the given cost and the verdict is DENY
 * out:   verdict_out      set on every path
 *        renew_out        1 when allowed and the stored cost is not the given one; may be NULL
 * error: ERR_MEMORY, ERR_RANGE (the given cost is out of range); then DENY. Everything that is wrong with
 *        stored or password is 0 with DENY, after the same time.
 */
int pwhash_verify(const struct pwhash_cost *cost, const char *stored, size_t stored_len,
                  const uint8_t *password, size_t len, enum verdict *verdict_out, int *renew_out);

/* pwhash_is_ours - 1 when a stored value carries our scheme. */
int pwhash_is_ours(const char *stored, size_t stored_len);

#endif
