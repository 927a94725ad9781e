/*
 * recovery.h - recovery codes.
 */
#ifndef MUSTER_SLAPD_RECOVERY_H
#define MUSTER_SLAPD_RECOVERY_H

#include "slapd/overlay.h"

struct member;
struct muster;
struct verify_result;

#define RECOVERY_CODES 10
#define RECOVERY_CODE_LEN 11 /* xxxxx-xxxxx */

/*
 * recovery_codes_new - ten fresh codes: the text for the member, the keyed hashes as modifications that replace
 *                      all older ones.
 * out:   codes_out  the caller wipes them
 * error: ERR_KEY
 */
int recovery_codes_new(struct muster *m, const struct member *member, char codes_out[RECOVERY_CODES][RECOVERY_CODE_LEN + 1],
                       Modifications **mods);

/*
 * recovery_match - compare what was typed as a code with the member's unused recovery codes (xxxxx-xxxxx in base32,
 *                  any case, with or without the dash: no TOTP code looks like that).
 * out:   *stored_out  the value of musterRecoveryCode it is, pointing into member; BER_BVNULL without a match
 * after: act on 1 only once the conditional delete (LDAP_MOD_DELETE of *stored_out) has succeeded
 */
int recovery_match(struct muster *m, const struct member *member, const void *typed, size_t len,
                   struct berval *stored_out);

/* recovery_owe_used - tell the member when a verification that is about to be written spends a recovery code */
void recovery_owe_used(const struct member *member, const struct verify_result *result, int64_t now, Modifications **mods);

#endif
