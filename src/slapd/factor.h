/*
 * factor.h - a code against a member's second factor.
 */
#ifndef MUSTER_SLAPD_FACTOR_H
#define MUSTER_SLAPD_FACTOR_H

#include "slapd/overlay.h"

#include "core/totp.h"

struct member;
struct muster;

/*
 * factor_match - compare a code with a member's seed, in the window of its policy.
 * out:   match_out, step_out  as totp_check()
 * error: ERR_KEY, ERR_INPUT, ERR_RANGE and others: seed or last step cannot be used, which is logged; then TOTP_WRONG
 * after: act on TOTP_RIGHT only once the conditional write of *step_out has succeeded
 */
int factor_match(Operation *op, struct muster *m, const struct member *member, const struct berval *code, int64_t now,
                 enum totp_match *match_out, int64_t *step_out);

#endif
