/*
 * address.c - mail addresses.
 */
#include <string.h>

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
