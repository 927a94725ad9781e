/*
 * token.h - one-time tokens for mail, codes for SMS and mail, and what is kept of them.
 */
#ifndef MUSTER_CORE_TOKEN_H
#define MUSTER_CORE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "core/keyring.h"

#define TOKEN_PREFIX "mr1-"
#define TOKEN_TEXT_LEN 47
#define TOKEN_TRIES 5
#define CODE_DIGITS 6
#define CHALLENGE_RECORD_MAX 64
#define CHALLENGE_ADDRESS_MAX 320
#define CHALLENGE_TEXT_MAX 768

/*
 * token_new - a fresh token: TOKEN_PREFIX and 256 random bits in base64url.
 * out:   text_out  NUL-terminated, the caller wipes it
 */
void token_new(char text_out[TOKEN_TEXT_LEN + 1]);

/* token_looks_like - 1 when octets have a token's shape (prefix, length, alphabet). */
int token_looks_like(const void *text, size_t len);

/* code_new - CODE_DIGITS random digits, evenly distributed. The caller wipes it. */
void code_new(char text_out[CODE_DIGITS + 1]);

/* A stored challenge; the text form is one value of musterChallenge. */
struct challenge {
	char purpose[24]; /* "reset" */
	char record_id[CHALLENGE_RECORD_MAX + 1];
	int64_t minted;  /* seconds since 1970 UTC */
	int64_t expires;
	unsigned tries; /* wrong answers so far */
	char key_id[KEYRING_ID_MAX + 1]; /* of the key that the hash was made with */
	uint8_t hash[32];
	char address[CHALLENGE_ADDRESS_MAX + 1]; /* where the secret was sent */
};

/*
 * challenge_set_secret - put the keyed hash of a secret into a challenge whose purpose, record_id and
 *                        address are set: it proves that request and that address alone. in: entry
 *                        entryUUID text, so that a value copied to another entry is worthless.
 * error: ERR_KEY, ERR_RANGE
 */
int challenge_set_secret(struct challenge *ch, const struct keyring *ring, const char *entry,
                         size_t entry_len, const char *secret, size_t secret_len);

/*
 * challenge_check - compare a typed secret with a challenge.
 * in:    purpose  what the secret is offered for
 *        now      seconds since 1970 UTC
 * out:   verdict  set on every path; ALLOW only when 0 is returned
 * error: ERR_EXPIRED, ERR_ATTEMPTS (TOKEN_TRIES wrong answers), ERR_KEY (that key is gone); a wrong secret is 0 with DENY
 * after: act on ALLOW only once the conditional delete of the stored value has succeeded
 */
int challenge_check(const struct challenge *ch, const struct keyring *ring, const char *purpose,
                    const char *entry, size_t entry_len, const void *typed, size_t typed_len,
                    int64_t now, enum verdict *verdict);

/* challenge_format, challenge_parse - the stored text. error: ERR_INPUT, ERR_RANGE */
int challenge_format(const struct challenge *ch, char text_out[CHALLENGE_TEXT_MAX]);
int challenge_parse(const char *text, size_t len, struct challenge *ch_out);

#endif
