/*
 * key_ids.c - the ids of a key file's keys.
 */
#include "cli/key_ids.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"

/* A line is "<key id> <64 hex digits>"; comments begin with '#'. */
static void
take_ids(struct key_ids *ids, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
		if (len > 0 && len <= KEYRING_ID_MAX && text[len] == ' ' && ids->n < KEYRING_KEYS_MAX)
			snprintf(ids->id[ids->n++], KEYRING_ID_MAX + 1, "%.*s", (int)len, text);
	}
}

void
key_ids_read(const char *path, struct key_ids *ids_out)
{
	char text[KEYRING_FILE_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	memset(ids_out, 0, sizeof(*ids_out));
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0) {
		text[n] = '\0';
		take_ids(ids_out, text);
	}
	secret_wipe_array(text);
}

int
key_ids_has(const struct key_ids *ids, const char *id)
{
	size_t i;

	for (i = 0; i < ids->n; i++) {
		if (strcmp(ids->id[i], id) == 0)
			return 1;
	}
	return 0;
}
