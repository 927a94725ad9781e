/*
 * memory.c - libldap's start. lber and libldap copy passwords, codes and seeds into request buffers of their own and
 *            free them as they are. Through lber's memory functions every buffer of theirs is wiped on its
 *            way back to the heap.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

static void *
wiping_malloc(ber_len_t size, void *context)
{
	(void)context;
	return malloc(size);
}

static void *
wiping_calloc(ber_len_t n, ber_len_t size, void *context)
{
	(void)context;
	return calloc(n, size);
}

static void
wiping_free(void *data, void *context)
{
	(void)context;
	if (data != NULL)
		secret_wipe(data, malloc_usable_size(data));
	free(data);
}

/* realloc() would leave the old octets behind when it moves them. */
static void *
wiping_realloc(void *data, ber_len_t size, void *context)
{
	size_t have = data != NULL ? malloc_usable_size(data) : 0;
	void *moved = malloc(size);

	if (moved == NULL)
		return NULL;
	if (data != NULL)
		memcpy(moved, data, have < size ? have : size);
	wiping_free(data, context);
	return moved;
}

static void
install(void)
{
	BerMemoryFunctions functions = {
		.bmf_malloc = wiping_malloc,
		.bmf_calloc = wiping_calloc,
		.bmf_realloc = wiping_realloc,
		.bmf_free = wiping_free
	};
	LDAPAPIInfo info = { .ldapai_info_version = LDAP_API_INFO_VERSION };

	/* Refused when the program set functions of its own before; then those stay. */
	(void)ber_set_option(NULL, LBER_OPT_MEMORY_FNS, &functions);
	/* Any question makes libldap initialize itself. */
	if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &info) == LDAP_OPT_SUCCESS) {
		ldap_memfree(info.ldapai_vendor_name);
		ber_memvfree((void **)info.ldapai_extensions);
	}
}

void
directory_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, install);
}
