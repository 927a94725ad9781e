/*
 * key.c - sealing keys: list, add, activate, rotate, retire. Changes are made to the key file of this host and taken over by
 *         slapd while it runs, by writing olcMusterKeyFile again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/key.h"

#define ID_NUMBER_MAX 999999

/* --- which overlay -------------------------------------------------------------------------------------- */

/* The overlays there are. */
struct found {
	char *dn[8], *path[8];
	size_t n;
};

/* suffix_of - of the database that an overlay's entry lies below; to be freed. NULL: *r_out is why */
static char *
suffix_of(struct session *s, const char *overlay_dn, int *r_out)
{
	static const char *const attrs[] = { "olcSuffix", NULL };
	char *parent = directory_dn_parent(overlay_dn), *suffix = NULL;
	struct directory_entry *database = NULL;

	*r_out = parent != NULL ? directory_read(s->d, parent, attrs, &database) : ERR_MEMORY;
	if (*r_out == 0) {
		suffix = directory_value(database, "olcSuffix") != NULL ? strdup(directory_value(database, "olcSuffix")) : NULL;
		*r_out = suffix != NULL ? 0 : ERR_INTERNAL;
	}
	directory_entry_free(&database);
	free(parent);
	return suffix;
}

static int
look_at_overlay(const struct directory_entry *entry, void *arg)
{
	struct found *found = arg;
	const char *path = directory_value(entry, "olcMusterKeyFile");

	if (path == NULL || found->n == sizeof(found->dn) / sizeof(found->dn[0]))
		return 0;
	found->dn[found->n] = strdup(entry->dn);
	found->path[found->n] = strdup(path);
	if (found->dn[found->n] != NULL && found->path[found->n] != NULL)
		found->n++;
	return 0;
}

/* take_over - of the overlays that were found the only one, or that of the base. out: how many there are */
static size_t
take_over(struct keys *k, const struct found *found, const char *base, int *r_out)
{
	size_t i, matches = 0;
	char *suffix;

	for (i = 0; i < found->n && *r_out == 0; i++) {
		suffix = suffix_of(k->s, found->dn[i], r_out);
		if (suffix == NULL || (base != NULL && !directory_dn_equal(base, suffix)) || matches++ > 0) {
			free(suffix);
			continue;
		}
		k->base = suffix;
		k->overlay_dn = strdup(found->dn[i]);
		k->path = strdup(found->path[i]);
		if (k->overlay_dn == NULL || k->path == NULL)
			*r_out = ERR_MEMORY;
	}
	return matches;
}

static int
find_overlay(struct keys *k)
{
	static const char *const attrs[] = { "olcMusterKeyFile", NULL };
	const char *base = k->s->args.value[OPT_BASE];
	struct found found = { .n = 0 };
	size_t matches = 0;
	int status, r;

	status = session_bind(k->s);
	if (status == EXIT_DONE && !session_is_local(k->s)) {
		say_error("keys are in a file of the server: run this there, with -H ldapi:///");
		status = EXIT_USAGE;
	}
	if (status != EXIT_DONE)
		return status;
	r = directory_search(k->s->d, "cn=config", SCOPE_SUB, "(objectClass=olcMusterConfig)", attrs, look_at_overlay, &found);
	if (r == 0)
		matches = take_over(k, &found, base, &r);
	while (found.n > 0) {
		found.n--;
		free(found.dn[found.n]);
		free(found.path[found.n]);
	}
	if (r != 0 && r != ERR_NOT_FOUND && r != ERR_REFUSED)
		return say_failure(k->s, r, "cn=config");
	if (matches == 1)
		return EXIT_DONE;
	if (matches > 1)
		say_error("several databases have the overlay: say which one with --base DN");
	else
		say_error("no overlay muster with a key file can be seen in cn=config; be root and use -H ldapi:/// --external");
	return matches > 1 ? EXIT_USAGE : EXIT_NOT_FOUND;
}

static int
keys_begin(struct keys *k, struct session *s)
{
	int status;

	memset(k, 0, sizeof(*k));
	k->s = s;
	k->folder = -1;
	status = find_overlay(k);
	return status != EXIT_DONE ? status : key_file_open(k);
}

static void
keys_end(struct keys *k)
{
	key_file_close(k);
	free(k->overlay_dn);
	free(k->base);
	free(k->path);
}

/* --- steps ---------------------------------------------------------------------------------------------- */

/* read_again - have slapd take the file over. It keeps the keys it has when the file cannot be used. */
static int
read_again(struct keys *k)
{
	struct record record = { .n = 0 };
	int r;

	record_put(&record, CHANGE_REPLACE, "olcMusterKeyFile", k->path);
	r = record_modify(k->s->d, k->overlay_dn, &record);
	if (r == 0)
		return EXIT_DONE;
	say_error("slapd does not take %s over and goes on with the keys it has", k->path);
	return say_failure(k->s, r, "olcMusterKeyFile");
}

static int
has_key(const struct keyring *ring, const char *id)
{
	size_t i;

	for (i = 0; keyring_id(ring, i) != NULL; i++)
		if (strcmp(keyring_id(ring, i), id) == 0)
			return 1;
	return 0;
}

static int
must_have_key(const struct keys *k, const char *id)
{
	if (has_key(k->ring, id))
		return EXIT_DONE;
	say_error("%s has no key \"%s\"; \"muster key list\" shows them", k->path, id);
	return EXIT_NOT_FOUND;
}

/* new_id - one that neither the file nor a stored value uses, so that no old value seems to be of the new key */
static int
new_id(struct keys *k, char id_out[KEYRING_ID_MAX + 1])
{
	struct key_counts counts;
	int number, status = key_use_count(k, &counts);
	size_t i;

	if (status != EXIT_DONE)
		return status;
	for (number = 1; number <= ID_NUMBER_MAX; number++) {
		snprintf(id_out, KEYRING_ID_MAX + 1, "k%d", number);
		for (i = 0; i < counts.len && strcmp(counts.list[i].id, id_out) != 0; i++)
			;
		if (!has_key(k->ring, id_out) && i == counts.len)
			return EXIT_DONE;
	}
	return EXIT_FAILED;
}

static int
add(struct keys *k, char id_out[KEYRING_ID_MAX + 1])
{
	char line[KEYRING_LINE_MAX], text[KEYRING_FILE_MAX];
	size_t len = 0;
	int r, status = new_id(k, id_out);

	if (status != EXIT_DONE)
		return status;
	r = keyring_generate(id_out, line);
	if (r == 0)
		r = keyring_text_add(k->text, k->text_len, line, text, &len);
	status = r == 0 ? key_file_replace(k, text, len) : say_failure(k->s, r, k->path);
	secret_wipe_array(line);
	secret_wipe_array(text);
	return status == EXIT_DONE ? read_again(k) : status;
}

static int
activate(struct keys *k, const char *id)
{
	char text[KEYRING_FILE_MAX];
	size_t len = 0;
	int r = keyring_text_activate(k->text, k->text_len, id, text, &len);
	int status = r == 0 ? key_file_replace(k, text, len) : say_failure(k->s, r, k->path);

	secret_wipe_array(text);
	return status == EXIT_DONE ? read_again(k) : status;
}

/* --- commands ------------------------------------------------------------------------------------------- */

int
key_add(struct session *s)
{
	char id[KEYRING_ID_MAX + 1] = "";
	struct keys k;
	int status = keys_begin(&k, s);

	if (status == EXIT_DONE)
		status = add(&k, id);
	if (status == EXIT_DONE)
		status = print_done(s, json_pack("{s:s, s:s}", "key", id, "key_file", k.path),
		                    "key %s is in %s and does not seal yet; once every server has it: muster key activate %s", id,
		                    k.path, id);
	keys_end(&k);
	return status;
}

static int
print_active(struct keys *k, const char *id)
{
	return print_done(k->s, json_pack("{s:s, s:s}", "key", id, "key_file", k->path),
	                  "key %s seals from now on, the server seals anew what other keys hold; back up %s, and see \"muster key "
	                  "list\" before you retire an old key", id, k->path);
}

int
key_activate(struct session *s)
{
	const char *id = s->args.words[0];
	struct keys k;
	int status = keys_begin(&k, s);

	if (status == EXIT_DONE)
		status = must_have_key(&k, id);
	if (status == EXIT_DONE)
		status = activate(&k, id);
	if (status == EXIT_DONE)
		status = print_active(&k, id);
	keys_end(&k);
	return status;
}

int
key_rotate(struct session *s)
{
	char id[KEYRING_ID_MAX + 1] = "";
	struct keys k;
	int status = keys_begin(&k, s);

	if (status == EXIT_DONE)
		status = add(&k, id);
	if (status == EXIT_DONE) {
		status = activate(&k, id);
		if (status != EXIT_DONE)
			say_error("key %s was added and does not seal; go on with: muster key activate %s", id, id);
	}
	if (status == EXIT_DONE)
		status = print_active(&k, id);
	keys_end(&k);
	return status;
}

int
key_reload(struct session *s)
{
	struct keys k;
	int status = keys_begin(&k, s);

	if (status == EXIT_DONE)
		status = read_again(&k);
	if (status == EXIT_DONE)
		status = print_done(s, json_pack("{s:s, s:s}", "active", keyring_active_id(k.ring), "key_file", k.path),
		                    "%s was read again, key %s seals", k.path, keyring_active_id(k.ring));
	keys_end(&k);
	return status;
}

/* --- list ----------------------------------------------------------------------------------------------- */

static json_t *
key_json(const char *id, const char *state, const struct key_count *count)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "key", id, "state", state, "seeds", (json_int_t)count->n[USE_SEED],
	                 "recovery_codes", (json_int_t)count->n[USE_RECOVERY], "tokens", (json_int_t)count->n[USE_TOKEN],
	                 "app_passwords", (json_int_t)count->n[USE_APP_PASSWORD], "known_addresses",
	                 (json_int_t)count->n[USE_SOURCE]);
}

int
key_list(struct session *s)
{
	static const struct column columns[] = { { "key", "KEY" }, { "state", "STATE" }, { "seeds", "SEEDS" },
		{ "recovery_codes", "RECOVERY CODES" }, { "tokens", "TOKENS" }, { "app_passwords", "APP PASSWORDS" },
		{ "known_addresses", "KNOWN ADDRESSES" } };
	json_t *list = json_array();
	struct key_counts counts;
	struct key_count one;
	struct keys k;
	size_t i;
	int status = keys_begin(&k, s);

	if (status == EXIT_DONE)
		status = key_use_count(&k, &counts);
	if (status != EXIT_DONE) {
		json_decref(list);
		keys_end(&k);
		return status;
	}
	for (i = 0; keyring_id(k.ring, i) != NULL; i++) {
		one = key_use_of(&counts, keyring_id(k.ring, i));
		(void)json_array_append_new(list, key_json(keyring_id(k.ring, i), i == 0 ? "seals" : "opens", &one));
	}
	/* What nobody can open with this file, and seeds that came past the overlay. */
	for (i = 0; i < counts.len; i++)
		if (!has_key(k.ring, counts.list[i].id))
			(void)json_array_append_new(list, key_json(*counts.list[i].id != '\0' ? counts.list[i].id : "-",
			                                           *counts.list[i].id != '\0' ? "missing" : "not sealed",
			                                           &counts.list[i]));
	status = print_list(s, list, columns, sizeof(columns) / sizeof(columns[0]));
	keys_end(&k);
	return status;
}

/* --- retire --------------------------------------------------------------------------------------------- */

/* may_retire - an exit code; *drop_out: values are to be dropped first */
static int
may_retire(struct keys *k, const char *id, int *drop_out)
{
	int force = k->s->args.value[OPT_FORCE] != NULL;
	struct key_counts counts;
	struct key_count need;
	int status = must_have_key(k, id);

	*drop_out = 0;
	if (status == EXIT_DONE && strcmp(id, keyring_active_id(k->ring)) == 0) {
		say_error("key %s seals: make another one active first (muster key rotate)", id);
		status = EXIT_FAILED;
	}
	if (status == EXIT_DONE)
		status = key_use_count(k, &counts);
	if (status != EXIT_DONE)
		return status;
	need = key_use_of(&counts, id);
	if (need.n[USE_SEED] > 0) {
		say_error("%lu second factors are still sealed with key %s; the server seals them anew in the background, and says in "
		          "its log when it cannot", need.n[USE_SEED], id);
		return EXIT_FAILED;
	}
	*drop_out = need.n[USE_RECOVERY] + need.n[USE_TOKEN] + need.n[USE_APP_PASSWORD] + need.n[USE_SOURCE] > 0;
	if (need.n[USE_RECOVERY] + need.n[USE_TOKEN] + need.n[USE_APP_PASSWORD] == 0 || force)
		return EXIT_DONE;
	say_error("key %s is needed for %lu recovery codes, %lu mailed tokens and %lu app passwords, which cannot be made over; "
	          "have their owners make new ones, or drop them with --force", id, need.n[USE_RECOVERY], need.n[USE_TOKEN],
	          need.n[USE_APP_PASSWORD]);
	return EXIT_FAILED;
}

int
key_retire(struct session *s)
{
	const char *id = s->args.words[0];
	char text[KEYRING_FILE_MAX];
	size_t len = 0;
	struct keys k;
	int r, drop = 0, status = keys_begin(&k, s);

	/* slapd must seal with what the file says, else it could seal one more value with this key after they were counted. */
	if (status == EXIT_DONE)
		status = read_again(&k);
	if (status == EXIT_DONE)
		status = may_retire(&k, id, &drop);
	if (status == EXIT_DONE && drop)
		status = key_use_drop(&k, id);
	if (status == EXIT_DONE) {
		r = keyring_text_remove(k.text, k.text_len, id, text, &len);
		status = r == 0 ? key_file_replace(&k, text, len) : say_failure(s, r, k.path);
		secret_wipe_array(text);
	}
	if (status == EXIT_DONE)
		status = read_again(&k);
	if (status == EXIT_DONE)
		status = print_done(s, json_pack("{s:s, s:s}", "key", id, "key_file", k.path),
		                    "key %s is gone from %s; keep your backup of it as long as you keep backups of the directory "
		                    "that need it", id, k.path);
	keys_end(&k);
	return status;
}
