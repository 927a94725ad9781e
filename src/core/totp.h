/*
 * totp.h - time-based one-time passwords, RFC 6238 with SHA-1, 6 digits, 30 seconds.
 */
#ifndef MUSTER_CORE_TOTP_H
#define MUSTER_CORE_TOTP_H

#include <stddef.h>
#include <stdint.h>

#define TOTP_DIGITS 6
#define TOTP_PERIOD_SEC 30
#define TOTP_SEED_MIN 20
#define TOTP_SEED_MAX 64
#define TOTP_BASE32_MAX 105 /* text of the longest seed, its NUL included */
#define TOTP_BACK_MAX 10    /* the most steps before the current one that can be accepted */

enum totp_match { TOTP_WRONG = 0, TOTP_SPENT = 1, TOTP_RIGHT = 2 };

/*
 * totp_code - the code of a seed at a time.
 * in:    seed, seed_len  TOTP_SEED_MIN to TOTP_SEED_MAX octets
 *        step            seconds since 1970 UTC divided by TOTP_PERIOD_SEC, not negative
 * out:   code_out        TOTP_DIGITS digits and a NUL
 * error: ERR_RANGE, ERR_INTERNAL
 * from:  RFC 4226 section 5.3, RFC 6238 section 4.2
 */
int totp_code(const uint8_t *seed, size_t seed_len, int64_t step, char code_out[TOTP_DIGITS + 1]);

/* Which steps are accepted: those of the window that come after the last one spent. None of the future ever is. */
struct totp_window {
	int64_t now;         /* seconds since 1970 UTC */
	unsigned back_steps; /* steps before the current one, 0 to TOTP_BACK_MAX */
	int64_t last_step;   /* the last step that was spent, -1 for none */
};

/*
 * totp_check - compare a typed code with every step of the window, those that were spent too.
 * in:    typed      typed_len octets; anything but TOTP_DIGITS digits is TOTP_WRONG
 * out:   match_out  TOTP_RIGHT, TOTP_SPENT (right, but at or before last_step) or TOTP_WRONG
 *        step_out   the step that the code belongs to, -1 unless TOTP_RIGHT
 * error: ERR_RANGE, ERR_INTERNAL; then TOTP_WRONG
 * after: act on TOTP_RIGHT only once the conditional write of *step_out has succeeded
 * from:  RFC 6238 section 5.2 (an accepted code is not accepted again)
 */
int totp_check(const uint8_t *seed, size_t seed_len, const uint8_t *typed, size_t typed_len,
               const struct totp_window *window, enum totp_match *match_out, int64_t *step_out);

/*
 * totp_seed_new - a fresh random seed.
 * out:   seed_out  TOTP_SEED_MIN octets, the caller wipes them
 */
void totp_seed_new(uint8_t seed_out[TOTP_SEED_MIN]);

/*
 * totp_seed_to_text, totp_seed_from_text - base32 without padding (RFC 4648), as
 * authenticators show and take it. Blanks and lower case are accepted when reading.
 * error: ERR_RANGE (length), ERR_INPUT
 */
int totp_seed_to_text(const uint8_t *seed, size_t seed_len, char text_out[TOTP_BASE32_MAX]);
int totp_seed_from_text(const char *text, uint8_t seed_out[TOTP_SEED_MAX], size_t *seed_len_out);

/*
 * totp_uri - the otpauth:// text of an enrolment QR code.
 * in:    issuer, account  UTF-8, percent-encoded here
 * out:   *uri_out         to be wiped with secret_wipe_string() and freed by the caller
 * error: ERR_MEMORY, ERR_RANGE, ERR_INPUT
 */
int totp_uri(const uint8_t *seed, size_t seed_len, const char *issuer, const char *account,
             char **uri_out);

#endif
