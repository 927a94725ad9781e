/*
 * key_ids.h - which keys a key file has, by their ids alone: the keys themselves are wiped at once.
 */
#ifndef MUSTER_CLI_KEY_IDS_H
#define MUSTER_CLI_KEY_IDS_H

#include <stddef.h>

#include "core/keyring.h"

struct key_ids {
	char id[KEYRING_KEYS_MAX][KEYRING_ID_MAX + 1];
	size_t n; /* 0: the file cannot be read */
};

void key_ids_read(const char *path, struct key_ids *ids_out);
int key_ids_has(const struct key_ids *ids, const char *id);

#endif
