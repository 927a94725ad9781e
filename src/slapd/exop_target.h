/*
 * exop_target.h - from a target to a member, and which names organizations have.
 */
#ifndef MUSTER_SLAPD_EXOP_TARGET_H
#define MUSTER_SLAPD_EXOP_TARGET_H

#include "slapd/overlay.h"

struct exop_target;
struct member;
struct muster;

/*
 * exop_target_text - the target as one line: "dn:<normalized dn>" or "login:<organization>/<login>", '%' and '/' of the
 *                    organization percent-encoded. The form that is stored in musterRequestTarget.
 * out:   *text_out  NUL-terminated, ch_free() by the caller
 * error: ERR_INPUT  not a DN, not UTF-8, too long
 */
int exop_target_text(const struct exop_target *target, struct berval *text_out);

/*
 * exop_target_find - the member such a text names. A login must match exactly one member.
 * out:   *member_out  NULL when there is none, for whatever reason
 *        *key_out     what to reserve tries under when there is no member; ch_free() by the caller
 */
void exop_target_find(Operation *op, struct muster *m, BackendDB *be, const struct berval *text,
                      struct member **member_out, struct berval *key_out);

/* organization_named - 1 when a name is that of an organization other than the one at own_ndn, o or musterDomain */
int organization_named(Operation *op, struct muster *m, const struct berval *name, const struct berval *own_ndn);

#endif
