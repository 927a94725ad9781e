/*
 * doctor_slapd.c - cn=config: which modules and overlays there are, and in which order they see a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

#define LIST_MAX 128
#define NAME_MAX_LEN 64

/* Names in the order that {n} gives them. */
struct ordered {
	struct {
		long index;
		char name[NAME_MAX_LEN];
		char *dn;
	} list[LIST_MAX];
	size_t n;
};

static void
ordered_free(struct ordered *o)
{
	while (o->n > 0)
		free(o->list[--o->n].dn);
}

/* "{1}/usr/lib/ldap/ppolicy.la" is ppolicy, number 1 of its entry. */
static void
ordered_put(struct ordered *o, long offset, const char *value, const char *dn)
{
	const char *slash = strrchr(value, '/'), *brace = *value == '{' ? strchr(value, '}') : NULL, *name = value;
	long index = 0;
	size_t at;

	if (o->n == LIST_MAX)
		return;
	if (brace != NULL) {
		(void)sscanf(value, "{%ld}", &index);
		name = brace + 1;
	}
	if (slash != NULL)
		name = slash + 1;
	index += offset;
	for (at = o->n++; at > 0 && o->list[at - 1].index > index; at--)
		o->list[at] = o->list[at - 1];
	o->list[at].index = index;
	o->list[at].dn = strdup(dn);
	snprintf(o->list[at].name, NAME_MAX_LEN, "%.*s", (int)strcspn(name, "."), name);
}

/* Position of the first, -1 when it is not there. */
static int
ordered_find(const struct ordered *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->n; i++) {
		if (strcmp(o->list[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* --- modules -------------------------------------------------------------------------------------------- */

static int
look_at_modules(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *loads = directory_attribute(entry, "olcModuleLoad");
	const char *brace = strchr(entry->dn, '{');
	long number = 0;
	size_t i;

	/* cn=module{0} is loaded as a whole before cn=module{1}. */
	if (brace != NULL)
		(void)sscanf(brace, "{%ld}", &number);
	for (i = 0; loads != NULL && i < loads->values_len; i++)
		ordered_put(arg, number * 1000, (const char *)loads->values[i].data, entry->dn);
	return 0;
}

static void
check_modules(struct doctor *doc)
{
	static const char *const needed[] = { "muster", "ppolicy", "syncprov", "unique" };
	static const char *const attrs[] = { "olcModuleLoad", NULL };
	struct ordered modules = { .n = 0 };
	int muster, otp;
	size_t i;

	if (directory_search(doc->s->d, "cn=config", SCOPE_ONE, "(objectClass=olcModuleList)", attrs, look_at_modules,
	                     &modules) != 0)
		doctor_unseen(doc, "the modules of cn=config cannot be read");
	muster = ordered_find(&modules, "muster");
	otp = ordered_find(&modules, "otp");
	for (i = 0; modules.n > 0 && i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ordered_find(&modules, needed[i]) < 0)
			doctor_find(doc, SEVERITY_ERROR, "module-missing", NULL, "run \"muster init\"",
			            "the module %s is not in slapd's configuration", needed[i]);
	}
	if (muster >= 0 && ordered_find(&modules, "ppolicy") > muster)
		doctor_find(doc, SEVERITY_ERROR, "module-order", modules.list[muster].dn,
		            "load ppolicy first: slapd will not start again like this",
		            "muster is loaded before ppolicy, whose attributes it needs");
	if (muster >= 0 && otp > muster)
		doctor_find(doc, SEVERITY_ERROR, "module-order", modules.list[otp].dn,
		            "load otp before muster, or do without it: slapd will not start again like this",
		            "otp is loaded after muster, which has registered the same attributes");
	ordered_free(&modules);
}

/* --- overlays ------------------------------------------------------------------------------------------- */

struct overlays {
	struct ordered order;
	int unique_domains; /* some overlay unique keeps musterDomain unique */
};

static int
look_at_overlay(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *names = directory_attribute(entry, "olcOverlay");
	const struct directory_attribute *uris = directory_attribute(entry, "olcUniqueURI");
	struct overlays *overlays = arg;
	size_t i;

	if (names != NULL && names->values_len > 0)
		ordered_put(&overlays->order, 0, (const char *)names->values[0].data, entry->dn);
	for (i = 0; uris != NULL && i < uris->values_len; i++) {
		if (strcasestr((const char *)uris->values[i].data, "musterDomain") != NULL)
			overlays->unique_domains = 1;
	}
	return 0;
}

static int
read_overlays(struct doctor *doc, const char *dn, struct overlays *overlays)
{
	static const char *const attrs[] = { "olcOverlay", "olcUniqueURI", NULL };

	return directory_search(doc->s->d, dn, SCOPE_ONE, "(objectClass=olcOverlayConfig)", attrs, look_at_overlay,
	                        overlays);
}

/* The overlay with the highest number sees a request first. */
static void
check_order(struct doctor *doc, const struct ordered *order)
{
	int muster = ordered_find(order, "muster"), other;

	if (muster < 0) {
		doctor_find(doc, SEVERITY_ERROR, "overlay-missing", doc->database->dn, "run \"muster init\"",
		            "the overlay muster is not on this database: nobody judges its members");
		return;
	}
	for (other = muster + 1; other < (int)order->n; other++)
		doctor_find(doc, SEVERITY_ERROR, "overlay-order", order->list[other].dn,
		            "delete that overlay and add it again below muster, or add muster last",
		            "%s is above muster and answers before it", order->list[other].name);
	if (ordered_find(order, "syncprov") < 0)
		doctor_find(doc, SEVERITY_ERROR, "overlay-missing", doc->database->dn, "run \"muster init\"",
		            "the overlay syncprov is not on this database: the courier does not learn which mails are "
		            "owed");
	if (ordered_find(order, "otp") >= 0)
		doctor_find(doc, SEVERITY_ERROR, "otp-overlay", order->list[ordered_find(order, "otp")].dn,
		            "take it out of this database",
		            "the overlay otp asks for codes of its own, of which one can be used twice");
}

static void
check_overlays(struct doctor *doc)
{
	struct overlays overlays = { .unique_domains = 0 };

	if (doc->database == NULL) {
		doctor_unseen(doc, "no database of cn=config that may be read holds %s", doc->s->base);
		return;
	}
	if (read_overlays(doc, doc->database->dn, &overlays) != 0) {
		doctor_unseen(doc, "the overlays of %s cannot be read", doc->database->dn);
	} else {
		check_order(doc, &overlays.order);
		if (!overlays.unique_domains)
			doctor_find(
				doc, SEVERITY_WARNING, "domains-not-unique", doc->database->dn, "run \"muster init\"",
				"no overlay unique looks after musterDomain: two organizations can take the same one");
	}
	ordered_free(&overlays.order);
}

static int
look_at_frontend(const struct directory_entry *entry, void *arg)
{
	struct doctor *doc = arg;
	struct overlays overlays = { .unique_domains = 0 };

	if (strstr(entry->dn, "}frontend,") == NULL)
		return 0;
	if (read_overlays(doc, entry->dn, &overlays) != 0)
		doctor_unseen(doc, "the overlays of %s cannot be read", entry->dn);
	else if (ordered_find(&overlays.order, "mustersasl") < 0)
		doctor_find(doc, SEVERITY_ERROR, "sasl-open", entry->dn, "run \"muster init\"",
		            "the overlay mustersasl is missing: SASL mechanisms take passwords past the second factor");
	ordered_free(&overlays.order);
	return 1;
}

void
doctor_slapd(struct doctor *doc)
{
	static const char *const none[] = { "1.1", NULL };

	if (doc->global == NULL) {
		doctor_unseen(
			doc,
			"cn=config cannot be read as %s; run this on the server as root, with -H ldapi:/// --external",
			*doc->me != '\0' ? doc->me : "nobody");
		return;
	}
	check_modules(doc);
	check_overlays(doc);
	(void)directory_search(doc->s->d, "cn=config", SCOPE_ONE, "(objectClass=olcFrontendConfig)", none,
	                       look_at_frontend, doc);
	doctor_config(doc);
}
