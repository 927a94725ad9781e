/*
 * address.c - mail addresses and telephone numbers.
 */
#include <string.h>
#include <strings.h>

#include "common/address.h"

int
address_is_mail(const char *text)
{
	const char *at = strchr(text, '@');
	const char *p;

	if (strlen(text) > ADDRESS_MAX || at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return 0;
	for (p = text; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("()<>[]:;\\,\"", *p) != NULL)
			return 0;
	return 1;
}

int
address_is_number(const char *text)
{
	size_t digits;

	if (text[0] != '+' || text[1] == '0')
		return 0;
	digits = strspn(text + 1, "0123456789");
	return digits >= 7 && digits <= ADDRESS_NUMBER_MAX - 1 && text[1 + digits] == '\0';
}

size_t
address_clean_number(char *text, size_t len)
{
	size_t used = 0, i;

	for (i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '-')
			text[used++] = text[i];
	return used;
}

int
address_same_mail(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || strncasecmp(a, b, a_len) == 0);
}
