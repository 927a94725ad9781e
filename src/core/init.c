/*
 * init.c - make libsodium and liboath ready, once.
 *
 * libsodium's random octets come from getrandom(2). When the system gives none, libsodium ends the
 * process (sodium_misuse): no token, seed, key or nonce is ever made of anything else.
 */
#include "core/init.h"

#include <liboath/oath.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/err.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_result = ERR_INTERNAL;

/* oath_init() says nothing of threads; built with libgcrypt it sets that up. */
static void
init_libraries(void)
{
	if (sodium_init() < 0)
		return;
	if (oath_init() != OATH_OK)
		return;
	once_result = 0;
}

int
core_init(void)
{
	if (pthread_once(&once, init_libraries) != 0)
		return ERR_INTERNAL;
	return once_result;
}

void
core_init_random(void)
{
	if (core_init() != 0)
		abort();
}
