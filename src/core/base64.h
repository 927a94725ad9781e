/*
 * base64.h - inside of src/core: strict reading of base64.
 */
#ifndef MUSTER_CORE_BASE64_H
#define MUSTER_CORE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/*
 * base64_decode - read base64 that has exactly one spelling: no octet outside the alphabet, no missing or wrong
 *                 padding, no bits left over. libsodium's own decoder takes octets from 0x80 up for characters
 *                 of the alphabet (1.0.18), so that one value would have many texts.
 * in:    variant  sodium_base64_VARIANT_*
 * out:   out      out_size octets; zeroed on error
 * error: ERR_INPUT  not base64, or longer than out_size
 */
int base64_decode(const char *text, size_t len, int variant, uint8_t *out, size_t out_size, size_t *len_out);

#endif
