/*
 * key.h - what the files of "muster key" share.
 */
#ifndef MUSTER_CLI_KEY_H
#define MUSTER_CLI_KEY_H

#include <sys/stat.h>

#include "cli/cli.h"
#include "core/keyring.h"

/* The overlay whose keys are meant, and its key file. */
struct keys {
	struct session *s;
	char *overlay_dn, *base, *path;
	int folder; /* descriptor of the file's folder, locked while it is open; -1 */
	struct stat st;
	char text[KEYRING_FILE_MAX]; /* of the file */
	size_t text_len;
	struct keyring *ring;
};

/* --- key_file.c. All of these print what is wrong and return an exit code. --------------------------- */

/* key_file_open - lock the folder, read the file. Released by key_file_close(). */
int key_file_open(struct keys *k);
void key_file_close(struct keys *k);

/*
 * key_file_replace - write another text in the place of the file: whole or not at all, owner and mode as they were.
 * in:    text  is checked to be a key file
 * after: k->ring and k->text are those of the new file
 */
int key_file_replace(struct keys *k, const char *text, size_t len);

/* --- key_use.c: what in the directory needs which key ------------------------------------------------- */

enum key_use { USE_SEED, USE_RECOVERY, USE_TOKEN, USE_APP_PASSWORD, USE_SOURCE, USES };

struct key_counts {
	struct key_count {
		char id[KEYRING_ID_MAX + 1]; /* "" for values that are not sealed */
		unsigned long n[USES];
	} list[2 * KEYRING_KEYS_MAX];
	size_t len;
	unsigned long others; /* values of still other ids */
};

/* key_use_count - an exit code */
int key_use_count(struct keys *k, struct key_counts *counts_out);
/* key_use_of - the counts of one id; all 0 when nothing needs it */
struct key_count key_use_of(const struct key_counts *counts, const char *id);
/* key_use_drop - delete every value that needs a key, except seeds. An exit code */
int key_use_drop(struct keys *k, const char *id);

#endif
