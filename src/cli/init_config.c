/*
 * init_config.c - modules, overlays and indexes in cn=config: whatever of the templates is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"
#include "cli/ordered.h"

static int
say_memory(struct init *in)
{
	return say_failure(in->s, ERR_MEMORY, "configuration");
}

/* Drop the values that are there already. */
static void
keep_missing(struct ldif_change *change, int (*is_there)(const char *value, void *arg), void *arg)
{
	size_t i, kept = 0;

	for (i = 0; i < change->values_len; i++) {
		if (is_there((const char *)change->values[i].data, arg))
			free(change->values[i].data);
		else
			change->values[kept++] = change->values[i];
	}
	change->values_len = kept;
}

/* --- modules -------------------------------------------------------------------------------------------- */

/* "{1}/usr/lib/ldap/syncprov.la" is syncprov. */
static void
module_name(const char *value, char *name, size_t size)
{
	const char *slash = strrchr(value, '/'), *brace = strchr(value, '}');
	size_t len;

	if (slash != NULL)
		value = slash + 1;
	else if (*value == '{' && brace != NULL)
		value = brace + 1;
	len = strcspn(value, ".");
	snprintf(name, size, "%.*s", (int)len, value);
}

struct modules {
	struct init *in;
	char loaded[64][64];
	size_t n;
};

static int
look_at_modules(const struct directory_entry *entry, void *arg)
{
	struct modules *m = arg;
	const struct directory_attribute *loads = directory_attribute(entry, "olcModuleLoad");
	const char *path = directory_value(entry, "olcModulePath");
	size_t i;

	if (path != NULL) {
		free(m->in->module_path);
		m->in->module_path = strdup(path);
	}
	for (i = 0; loads != NULL && i < loads->values_len && m->n < sizeof(m->loaded) / sizeof(m->loaded[0]); i++)
		module_name((const char *)loads->values[i].data, m->loaded[m->n++], sizeof(m->loaded[0]));
	return 0;
}

static int
is_loaded(const char *value, void *arg)
{
	const struct modules *m = arg;
	char name[64];
	size_t i;

	module_name(value, name, sizeof(name));
	for (i = 0; i < m->n; i++) {
		if (strcmp(m->loaded[i], name) == 0)
			return 1;
	}
	return 0;
}

int
init_modules(struct init *in)
{
	static const char *const attrs[] = { "olcModuleLoad", "olcModulePath", NULL };
	struct modules modules = { .in = in };
	struct ldif_change *loads;
	struct ldif *ldif = NULL;
	int r, status;

	r = directory_search(in->s->d, "cn=config", SCOPE_ONE, "(objectClass=olcModuleList)", attrs, look_at_modules,
	                     &modules);
	if (r != 0)
		return say_failure(in->s, r, "modules");
	if (in->module_path == NULL)
		return say_memory(in);
	status = init_template(in, "10-modules", &ldif);
	if (status != EXIT_DONE)
		return status;
	loads = ldif_attribute(&ldif->records[0], "olcModuleLoad");
	if (loads != NULL) {
		keep_missing(loads, is_loaded, &modules);
		if (loads->values_len > 0)
			status = init_apply(in, &ldif->records[0], "modules");
	}
	ldif_free(&ldif);
	return status;
}

/* --- overlays ------------------------------------------------------------------------------------------- */

struct overlay {
	const char *name;
	char *dn; /* NULL: not there */
	char *key_file;
};

static int
look_at_overlay(const struct directory_entry *entry, void *arg)
{
	struct overlay *overlay = arg;
	const struct directory_attribute *names = directory_attribute(entry, "olcOverlay");
	const char *key_file = directory_value(entry, "olcMusterKeyFile");
	char *name = names != NULL && names->values_len > 0 ? ordered_bare(&names->values[0]) : NULL;
	int found = name != NULL && strcmp(name, overlay->name) == 0;

	free(name);
	if (!found)
		return 0;
	overlay->dn = strdup(entry->dn);
	overlay->key_file = key_file != NULL ? strdup(key_file) : NULL;
	return 1;
}

static void
overlay_clear(struct overlay *overlay)
{
	free(overlay->dn);
	free(overlay->key_file);
}

static int
find_overlay(struct init *in, const struct ldif_record *wanted, struct overlay *overlay)
{
	static const char *const attrs[] = { "olcOverlay", "olcMusterKeyFile", NULL };
	struct ldif_change *name = ldif_attribute(wanted, "olcOverlay");
	char *parent = directory_dn_parent(wanted->dn);
	int r = ERR_MEMORY;

	memset(overlay, 0, sizeof(*overlay));
	overlay->name = name != NULL ? (const char *)name->values[0].data : "";
	if (parent != NULL)
		r = directory_search(in->s->d, parent, SCOPE_ONE, "(objectClass=olcOverlayConfig)", attrs, look_at_overlay,
		                     overlay);
	free(parent);
	/* In a dry run the parent may be an entry that only --dry-run has not made yet. */
	return r == ERR_NOT_FOUND ? 0 : r;
}

struct unique {
	const struct ldif_change *wanted;
	int there;
};

static int
look_at_unique(const struct directory_entry *entry, void *arg)
{
	struct unique *unique = arg;
	const struct directory_attribute *uris = directory_attribute(entry, "olcUniqueURI");
	size_t i;

	for (i = 0; uris != NULL && i < uris->values_len; i++) {
		char *bare = ordered_bare(&uris->values[i]);

		if (bare != NULL && strcasecmp(bare, (const char *)unique->wanted->values[0].data) == 0)
			unique->there = 1;
		free(bare);
	}
	return 0;
}

/* An overlay unique of somebody else's gets our rule besides its own. */
static int
extend_unique(struct init *in, const char *dn, const struct ldif_record *wanted)
{
	static const char *const attrs[] = { "olcUniqueURI", NULL };
	struct unique unique = { .wanted = ldif_attribute(wanted, "olcUniqueURI") };
	struct ldif_record record = { .dn = strdup(dn), .modify = 1 };
	struct ldif_change *change;
	int r, status = EXIT_DONE;

	r = unique.wanted != NULL && record.dn != NULL
	        ? directory_search(in->s->d, dn, SCOPE_BASE, "(objectClass=*)", attrs, look_at_unique, &unique)
	        : ERR_MEMORY;
	if (r == 0 && !unique.there) {
		r = ldif_change_put(&record, CHANGE_ADD, "olcUniqueURI", &change);
		if (r == 0)
			r = ldif_value_put(change, (const char *)unique.wanted->values[0].data);
		if (r == 0)
			status = init_apply(in, &record, "unique domains");
	}
	ldif_record_clear(&record);
	return r == 0 ? status : say_failure(in->s, r, "overlay unique");
}

static int
one_overlay(struct init *in, const struct ldif_record *wanted)
{
	struct overlay overlay;
	char what[128];
	int r, status = EXIT_DONE;

	r = find_overlay(in, wanted, &overlay);
	if (r != 0) {
		status = say_failure(in->s, r, "overlays");
	} else if (overlay.dn == NULL) {
		snprintf(what, sizeof(what), "overlay %s", overlay.name);
		status = init_apply(in, wanted, what);
	} else if (strcmp(overlay.name, "unique") == 0) {
		status = extend_unique(in, overlay.dn, wanted);
	}
	overlay_clear(&overlay);
	return status;
}

int
init_overlays(struct init *in)
{
	struct ldif *ldif = NULL;
	size_t i;
	int status = init_template(in, "20-overlays", &ldif);

	for (i = 0; status == EXIT_DONE && i < ldif->records_len; i++)
		status = one_overlay(in, &ldif->records[i]);
	ldif_free(&ldif);
	return status;
}

/* An overlay muster that is there already keeps its key file: no other one must be made. */
int
init_find_key_file(struct init *in)
{
	struct overlay overlay;
	struct ldif *ldif = NULL;
	size_t i;
	int r = 0, status = init_template(in, "20-overlays", &ldif);

	for (i = 0; status == EXIT_DONE && r == 0 && i < ldif->records_len; i++) {
		r = find_overlay(in, &ldif->records[i], &overlay);
		if (r == 0 && overlay.key_file != NULL) {
			free(in->key_file);
			in->key_file = overlay.key_file;
			overlay.key_file = NULL;
			in->key_file_configured = 1;
		}
		overlay_clear(&overlay);
	}
	ldif_free(&ldif);
	return status != EXIT_DONE ? status : r == 0 ? EXIT_DONE : say_failure(in->s, r, "overlays");
}

/* --- indexes -------------------------------------------------------------------------------------------- */

/* Whether list, words separated by commas, has one word of it. */
static int
list_has(const char *list, size_t list_len, const char *word)
{
	size_t word_len = strlen(word), n;

	while (list_len > 0) {
		n = strcspn(list, ",");
		if (n > list_len)
			n = list_len;
		if (n == word_len && strncasecmp(list, word, n) == 0)
			return 1;
		if (n == list_len)
			break;
		list += n + 1;
		list_len -= n + 1;
	}
	return 0;
}

/* The database's indexes: what was there (NULL: new) and what shall be there. */
struct indexes {
	struct {
		char *old, *now;
	} list[256];
	size_t n;
};

static void
indexes_free(struct indexes *x)
{
	while (x->n > 0) {
		x->n--;
		free(x->list[x->n].old);
		free(x->list[x->n].now);
	}
}

static int
indexes_put(struct indexes *x, const char *old, const char *now)
{
	char *old_copy = old != NULL ? strdup(old) : NULL, *now_copy = strdup(now);

	if (x->n == sizeof(x->list) / sizeof(x->list[0]) || now_copy == NULL || (old != NULL && old_copy == NULL)) {
		free(old_copy);
		free(now_copy);
		return ERR_MEMORY;
	}
	x->list[x->n].old = old_copy;
	x->list[x->n++].now = now_copy;
	return 0;
}

/* One "attribute type" of the template: there already, a type more for a value that is there, or a value more. */
static int
indexes_want(struct indexes *x, const char *wanted)
{
	char attribute[64] = "", type[16] = "", *grown = NULL;
	size_t i, names_len;

	if (sscanf(wanted, "%63s %15s", attribute, type) != 2)
		return ERR_INPUT;
	for (i = 0; i < x->n; i++) {
		const char *value = x->list[i].now, *types;

		names_len = strcspn(value, " \t");
		if (!list_has(value, names_len, attribute))
			continue;
		types = value + names_len + strspn(value + names_len, " \t");
		if (list_has(types, strlen(types), type))
			return 0;
		if (asprintf(&grown, "%s%s%s", value, *types != '\0' ? "," : " ", type) < 0)
			return ERR_MEMORY;
		free(x->list[i].now);
		x->list[i].now = grown;
		return 0;
	}
	return indexes_put(x, NULL, wanted);
}

static int
put_change(struct ldif_record *record, enum directory_change_op op, const char *value)
{
	struct ldif_change *change;
	int r = ldif_change_put(record, op, "olcDbIndex", &change);

	return r != 0 ? r : ldif_value_put(change, value);
}

/* Only what differs is written: an index that stays is not built anew. */
static int
indexes_plan(const struct indexes *x, struct ldif_record *record)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < x->n; i++) {
		if (x->list[i].old != NULL && strcmp(x->list[i].old, x->list[i].now) == 0)
			continue;
		if (x->list[i].old != NULL)
			r = put_change(record, CHANGE_DELETE, x->list[i].old);
		if (r == 0)
			r = put_change(record, CHANGE_ADD, x->list[i].now);
	}
	return r;
}

int
init_indexes(struct init *in)
{
	const struct directory_attribute *have = directory_attribute(in->database, "olcDbIndex");
	struct ldif_record record = { .dn = strdup(in->database->dn), .modify = 1 };
	struct indexes indexes = { .n = 0 };
	struct ldif *ldif = NULL;
	size_t i, k;
	int r = record.dn != NULL ? 0 : ERR_MEMORY, status = init_template(in, "30-indexes", &ldif);

	for (i = 0; r == 0 && have != NULL && i < have->values_len; i++)
		r = indexes_put(&indexes, (const char *)have->values[i].data, (const char *)have->values[i].data);
	for (i = 0; status == EXIT_DONE && r == 0 && i < ldif->records[0].changes_len; i++) {
		const struct ldif_change *change = &ldif->records[0].changes[i];

		for (k = 0; r == 0 && k < change->values_len; k++)
			r = indexes_want(&indexes, (const char *)change->values[k].data);
	}
	if (r == 0 && status == EXIT_DONE)
		r = indexes_plan(&indexes, &record);
	if (r != 0)
		status = say_failure(in->s, r, "indexes");
	else if (status == EXIT_DONE && record.changes_len > 0)
		status = init_apply(in, &record, "indexes");
	indexes_free(&indexes);
	ldif_record_clear(&record);
	ldif_free(&ldif);
	return status;
}
