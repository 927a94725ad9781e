/*
 * key_use.c - which stored values need which key. All of them name it; doc/ARCHITECTURE.md, "Values the overlay writes".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/key.h"
#include "common/text.h"
#include "core/seal.h"

static const char *const attributes[] = { [USE_SEED] = "oathSecret", [USE_RECOVERY] = "musterRecoveryCode",
	[USE_TOKEN] = "musterChallenge", [USE_APP_PASSWORD] = "musterAppPassword", [USE_SOURCE] = "musterKnownSource",
	[USES] = NULL };

/* The id that ends at a character; 0 when there is none. */
static int
id_before(const char *text, char end, char id_out[KEYRING_ID_MAX + 1])
{
	const char *stop = strchr(text, end);

	if (stop == NULL || stop == text || stop - text > KEYRING_ID_MAX)
		return 0;
	snprintf(id_out, KEYRING_ID_MAX + 1, "%.*s", (int)(stop - text), text);
	return 1;
}

/* "<purpose> <recordId> <minted> <expires> <tries> <key id>$...": one that is late needs no key any more */
static int
id_of_token(const char *text, char id_out[KEYRING_ID_MAX + 1])
{
	long long expires;
	int at = 0;

	if (sscanf(text, "%*23s %*64s %*20s %20lld %*10s %n", &expires, &at) != 1 || at == 0 || expires <= (long long)time(NULL))
		return 0;
	return id_before(text + at, '$', id_out);
}

/* The id of the key that a value needs, "" for a plain seed; 0 when it needs none. */
static int
id_of(enum key_use use, const struct directory_value *value, char id_out[KEYRING_ID_MAX + 1])
{
	const char *text = (const char *)value->data, *hash;

	id_out[0] = '\0';
	switch (use) {
	case USE_SEED:
		return !seal_is_sealed(text, value->len) || seal_key_id(text, value->len, id_out) == 0;
	case USE_RECOVERY:
		return id_before(text, ' ', id_out);
	case USE_TOKEN:
		return id_of_token(text, id_out);
	case USE_APP_PASSWORD:
		hash = strstr(text, " hash=");
		return hash != NULL && id_before(hash + strlen(" hash="), '$', id_out);
	case USE_SOURCE:
		return id_before(text, '$', id_out);
	default:
		return 0;
	}
}

/* --- rights ---------------------------------------------------------------------------------------------- */

/* manages - 1 when an access rule gives somebody every right on everything, and none before it says otherwise */
static int
manages(const char *rule, const char *me)
{
	const char *by, *end;
	char dn[512];

	if (strncmp(rule, "{0}to *", strlen("{0}to *")) != 0)
		return 0;
	for (by = strstr(rule, "by dn."); by != NULL; by = strstr(by + 1, "by dn.")) {
		by += strcspn(by, "\"");
		end = *by == '"' ? strchr(by + 1, '"') : NULL;
		if (end == NULL || end - by > (ptrdiff_t)sizeof(dn))
			return 0;
		snprintf(dn, sizeof(dn), "%.*s", (int)(end - by - 1), by + 1);
		if (directory_dn_equal(dn, me))
			return strncmp(end, "\" manage", strlen("\" manage")) == 0;
	}
	return 0;
}

/*
 * sees_everything - values that access rules hide look like values that are not there, and a key would be retired that somebody
 *                   needs. So who counts must be the database's root, or the first rule must give him everything.
 */
static int
sees_everything(struct keys *k)
{
	static const char *const attrs[] = { "olcAccess", "olcRootDN", NULL };
	const struct directory_attribute *rules;
	struct directory_entry *database = NULL;
	char *me = NULL, *parent = directory_dn_parent(k->overlay_dn);
	int r = parent != NULL ? directory_read(k->s->d, parent, attrs, &database) : ERR_MEMORY, all = 0;
	size_t i;

	if (r == 0)
		r = directory_whoami(k->s->d, &me);
	if (r == 0) {
		rules = directory_attribute(database, "olcAccess");
		all = directory_value(database, "olcRootDN") != NULL && directory_dn_equal(directory_value(database, "olcRootDN"), me);
		for (i = 0; rules != NULL && i < rules->values_len; i++)
			all |= manages((const char *)rules->values[i].data, me);
	}
	if (r == 0 && !all)
		say_error("%s may not see everything below %s, so nobody can tell what needs which key: run \"muster init\" as the same, "
		          "which gives that right by the first access rule", *me != '\0' ? me : "nobody", k->base);
	directory_entry_free(&database);
	free(parent);
	free(me);
	return r != 0 ? say_failure(k->s, r, "access rules") : all ? EXIT_DONE : EXIT_REFUSED;
}

/* --- counting ------------------------------------------------------------------------------------------- */

struct counting {
	struct key_counts *counts;
	enum key_use use;
};

static void
count(struct key_counts *counts, const char *id, enum key_use use)
{
	size_t i;

	for (i = 0; i < counts->len && strcmp(counts->list[i].id, id) != 0; i++)
		;
	if (i == sizeof(counts->list) / sizeof(counts->list[0])) {
		counts->others++;
		return;
	}
	if (i == counts->len)
		snprintf(counts->list[counts->len++].id, sizeof(counts->list[0].id), "%s", id);
	counts->list[i].n[use]++;
}

static int
count_entry(const struct directory_entry *entry, void *arg)
{
	struct counting *counting = arg;
	const struct directory_attribute *a = directory_attribute(entry, attributes[counting->use]);
	char id[KEYRING_ID_MAX + 1];
	size_t i;

	for (i = 0; a != NULL && i < a->values_len; i++)
		if (id_of(counting->use, &a->values[i], id))
			count(counting->counts, id, counting->use);
	return 0;
}

/* search - entries that have an attribute, with it */
static int
search(struct keys *k, enum key_use use, directory_entry_fn fn, void *arg)
{
	const char *const attrs[] = { attributes[use], NULL };
	char *filter = directory_filter("(%s=*)", attributes[use]);
	int r = filter != NULL ? directory_search(k->s->d, k->base, SCOPE_SUB, filter, attrs, fn, arg) : ERR_MEMORY;

	free(filter);
	return r;
}

int
key_use_count(struct keys *k, struct key_counts *counts_out)
{
	struct counting counting = { .counts = counts_out };
	int r = 0, status;

	memset(counts_out, 0, sizeof(*counts_out));
	/* The file's keys have their places, however many other ids there are. */
	while (counts_out->len < KEYRING_KEYS_MAX && keyring_id(k->ring, counts_out->len) != NULL) {
		snprintf(counts_out->list[counts_out->len].id, KEYRING_ID_MAX + 1, "%s", keyring_id(k->ring, counts_out->len));
		counts_out->len++;
	}
	status = sees_everything(k);
	if (status != EXIT_DONE)
		return status;
	for (counting.use = 0; r == 0 && counting.use < USES; counting.use++)
		r = search(k, counting.use, count_entry, &counting);
	return r == 0 ? EXIT_DONE : say_failure(k->s, r, "what needs which key cannot be counted");
}

struct key_count
key_use_of(const struct key_counts *counts, const char *id)
{
	struct key_count none = { .id = "" };
	size_t i;

	for (i = 0; i < counts->len; i++)
		if (strcmp(counts->list[i].id, id) == 0)
			return counts->list[i];
	return none;
}

/* --- dropping ------------------------------------------------------------------------------------------- */

/* The entries that have something to drop. Written after the search: one connection carries one operation. */
struct dropping {
	const char *id;
	enum key_use use;
	char **names;
	size_t len;
	int r;
};

static int
needs(const struct directory_entry *entry, enum key_use use, size_t i, const char *id)
{
	const struct directory_attribute *a = directory_attribute(entry, attributes[use]);
	char its[KEYRING_ID_MAX + 1];

	return id_of(use, &a->values[i], its) && strcmp(its, id) == 0;
}

static int
name_entry(const struct directory_entry *entry, void *arg)
{
	struct dropping *dropping = arg;
	const struct directory_attribute *a = directory_attribute(entry, attributes[dropping->use]);
	char **grown;
	size_t i;

	for (i = 0; a != NULL && i < a->values_len && !needs(entry, dropping->use, i, dropping->id); i++)
		;
	if (a == NULL || i == a->values_len)
		return 0;
	grown = realloc(dropping->names, (dropping->len + 1) * sizeof(*grown));
	if (grown != NULL)
		dropping->names = grown;
	if (grown == NULL || (grown[dropping->len] = strdup(entry->dn)) == NULL) {
		dropping->r = ERR_MEMORY;
		return 1;
	}
	dropping->len++;
	return 0;
}

static int
drop_values(struct keys *k, const struct directory_entry *entry, enum key_use use, const char *id)
{
	const struct directory_attribute *a = directory_attribute(entry, attributes[use]);
	struct directory_value *values;
	struct directory_change change = { .op = CHANGE_DELETE, .attribute = attributes[use] };
	size_t i, n = 0;
	int r = 0;

	values = a != NULL ? calloc(a->values_len, sizeof(*values)) : NULL;
	if (values == NULL)
		return a != NULL ? ERR_MEMORY : 0;
	for (i = 0; i < a->values_len; i++)
		if (needs(entry, use, i, id))
			values[n++] = a->values[i];
	change.values = values;
	change.values_len = n;
	if (n > 0)
		r = directory_repair(k->s->d, entry->dn, &change, 1);
	free(values);
	return r;
}

static int
drop_entry(struct keys *k, const char *dn, const char *id)
{
	struct directory_entry *entry = NULL;
	enum key_use use;
	int r = directory_read(k->s->d, dn, attributes, &entry);

	for (use = USE_RECOVERY; r == 0 && use < USES; use++)
		r = drop_values(k, entry, use, id);
	directory_entry_free(&entry);
	return r == ERR_NOT_FOUND ? 0 : r;
}

int
key_use_drop(struct keys *k, const char *id)
{
	struct dropping dropping = { .id = id };
	size_t i;
	int r = 0;

	for (dropping.use = USE_RECOVERY; r == 0 && dropping.use < USES; dropping.use++)
		r = search(k, dropping.use, name_entry, &dropping);
	if (dropping.r != 0)
		r = dropping.r;
	for (i = 0; i < dropping.len; i++) {
		if (r == 0)
			r = drop_entry(k, dropping.names[i], id);
		free(dropping.names[i]);
	}
	free(dropping.names);
	return r == 0 ? EXIT_DONE : say_failure(k->s, r, "what needs the key");
}
