/*
 * nfkc.h - passwords in one spelling (Unicode normalization form KC), so that the same
 *          keys pressed on another system give the same octets.
 */
#ifndef MUSTER_CORE_NFKC_H
#define MUSTER_CORE_NFKC_H

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

/*
 * nfkc - normalize a password.
 * in:    text     len octets as typed
 * out:   *s_out   NULL on error; freed with secret_free(). May be longer than SECRET_MAX: a code point
 *                 can become 18.
 * error: ERR_RANGE (longer than SECRET_MAX), ERR_INPUT (not UTF-8), ERR_MEMORY
 * from:  NIST SP 800-63B-4 section 3.1.1.2, Unicode Standard Annex 15
 */
int nfkc(const uint8_t *text, size_t len, struct secret **s_out);

/*
 * nfkc_fold - the same without upper and lower case, for comparing with words.
 * in, out, error: as nfkc()
 * from:  Unicode Standard 3.13, toNFKC_Casefold
 */
int nfkc_fold(const uint8_t *text, size_t len, struct secret **s_out);

#endif
