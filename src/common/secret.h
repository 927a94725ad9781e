/*
 * secret.h - memory that holds passwords, codes, seeds and tokens.
 */
#ifndef MUSTER_COMMON_SECRET_H
#define MUSTER_COMMON_SECRET_H

#include <stddef.h>
#include <stdint.h>

/* Longest password, token or code accepted anywhere, in octets. */
#define SECRET_MAX 1000

/* Octets, always NUL-terminated behind len so that text can be used as a string. */
struct secret {
	uint8_t *data;
	size_t len;
};

/*
 * secret_new - copy octets into a secret.
 * in:    data  len octets, may be NULL when len is 0
 * out:   *s_out  NULL on error
 * owner: the caller frees *s_out with secret_free() and wipes data
 * error: ERR_MEMORY
 */
int secret_new(const void *data, size_t len, struct secret **s_out);

/*
 * secret_free - wipe, free and set to NULL. NULL and a pointer to NULL are accepted.
 */
void secret_free(struct secret **s);

/*
 * secret_wipe - overwrite octets; not dropped by the optimizer (explicit_bzero).
 */
void secret_wipe(void *data, size_t len);

/* The three kinds of things to wipe, each refusing the wrong argument at compile time. */
#define secret_wipe_array(a)                                                                      \
	secret_wipe((a), sizeof(a) + 0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(        \
	                                                     __typeof__(a), __typeof__(&(a)[0]))]))
#define secret_wipe_object(p) secret_wipe((p), sizeof(*(p)))

/*
 * secret_wipe_string - overwrite a NUL-terminated string; NULL is accepted.
 */
void secret_wipe_string(char *s);

/*
 * secret_equal - compare in constant time for equal lengths.
 * out:   1 equal, 0 different; unequal lengths are different at once
 */
int secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
