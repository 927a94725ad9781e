/*
 * secret.c - memory that holds passwords, codes, seeds and tokens. libc only: the PAM module links it.
 */
#include "common/secret.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"

int
secret_new(const void *data, size_t len, struct secret **s_out)
{
	struct secret *s;

	*s_out = NULL;
	if (len == SIZE_MAX)
		return ERR_MEMORY;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_MEMORY;
	s->data = malloc(len + 1);
	if (s->data == NULL) {
		free(s);
		return ERR_MEMORY;
	}
	if (len > 0)
		memcpy(s->data, data, len);
	s->data[len] = '\0';
	s->len = len;
	*s_out = s;
	return 0;
}

void
secret_free(struct secret **s)
{
	if (s == NULL || *s == NULL)
		return;
	secret_wipe((*s)->data, (*s)->len);
	free((*s)->data);
	free(*s);
	*s = NULL;
}

void
secret_wipe(void *data, size_t len)
{
	if (data != NULL && len > 0)
		explicit_bzero(data, len);
}

void
secret_wipe_string(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
}

int
secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	volatile uint8_t difference = 0;
	size_t i;

	if (a_len != b_len)
		return 0;
	for (i = 0; i < a_len; i++)
		difference |= x[i] ^ y[i];
	/* 0 only when difference is 0, without a branch on it */
	return (int)(1 & (((unsigned)difference - 1) >> 8));
}
