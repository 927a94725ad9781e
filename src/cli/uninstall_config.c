/*
 * uninstall_config.c - slapd's configuration without Muster: its overlays go, its module's place is taken by argon2, and access
 *                      rules, indexes and unique domains forget the attributes that nobody has any more. An attribute
 *                      taken out of a rule's list opens nothing: no entry has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/uninstall.h"

/* The value of an ordered attribute behind its "{n}". */
static const char *
bare(const char *value)
{
	const char *end = *value == '{' ? strchr(value, '}') : NULL;

	return end != NULL ? end + 1 : value;
}

static const char *
base_name(const char *value)
{
	const char *slash = strrchr(value, '/');

	return slash != NULL ? slash + 1 : bare(value);
}

static int
is_module(const struct slapcat_line *line, const char *name)
{
	const char *base = base_name(line->value);
	size_t len = strlen(name);

	return strcasecmp(line->name, "olcModuleLoad") == 0 && strncmp(base, name, len) == 0 &&
	       (base[len] == '\0' || base[len] == '.');
}

/* --- reading --------------------------------------------------------------------------------------------- */

static int
has_module(const struct plain_config *config, const char *name)
{
	size_t i, k;

	for (i = 0; i < config->n; i++)
		for (k = 0; k < config->entries[i].n; k++)
			if (is_module(&config->entries[i].lines[k], name))
				return 1;
	return 0;
}

/* below - 1 when an entry lies directly below another one */
static int
below(const char *dn, const char *parent)
{
	const char *comma = strchr(dn, ',');

	return comma != NULL && strcasecmp(comma + 1, parent) == 0;
}

/* has_overlay - 1 when the database has that overlay, and it is switched on */
static int
has_overlay(const struct plain_config *config, const char *name)
{
	const char *database = config->entries[config->database].lines[0].value, *overlay;
	size_t i;

	for (i = 0; i < config->n; i++) {
		overlay = slapcat_value(&config->entries[i], "olcOverlay");
		if (overlay != NULL && strcasecmp(bare(overlay), name) == 0 && below(config->entries[i].lines[0].value, database) &&
		    !slapcat_has(&config->entries[i], "olcDisabled", "TRUE"))
			return 1;
	}
	return 0;
}

static int
find_database(struct plain_config *config)
{
	const char *overlay = NULL;
	size_t i, found = 0;

	for (i = 0; i < config->n; i++)
		if (slapcat_has(&config->entries[i], "objectClass", "olcMusterConfig")) {
			overlay = config->entries[i].lines[0].value;
			found++;
		}
	if (found != 1) {
		say_error(found == 0 ? "this configuration has no overlay muster"
		                     : "several databases have the overlay muster: take it from all but one by hand first");
		return found == 0 ? EXIT_NOT_FOUND : EXIT_USAGE;
	}
	for (i = 0; i < config->n; i++)
		if (below(overlay, config->entries[i].lines[0].value)) {
			config->database = i;
			if (sscanf(config->entries[i].lines[0].value, "olcDatabase={%d}", &config->number) == 1)
				return EXIT_DONE;
		}
	say_error("the database of %s cannot be told", overlay);
	return EXIT_FAILED;
}

int
plain_config_read(FILE *in, struct plain_config *config_out)
{
	struct slapcat_entry entry, *grown;
	int r, status;

	memset(config_out, 0, sizeof(*config_out));
	while ((r = slapcat_next(in, &entry)) == 1) {
		grown = realloc(config_out->entries, (config_out->n + 1) * sizeof(*grown));
		if (grown == NULL) {
			slapcat_free(&entry);
			r = ERR_MEMORY;
			break;
		}
		config_out->entries = grown;
		grown[config_out->n++] = entry;
	}
	if (r != 0) {
		say_error("the configuration cannot be read: %s", err_str(r));
		return EXIT_FAILED;
	}
	config_out->has_otp = has_module(config_out, "otp");
	status = find_database(config_out);
	if (status == EXIT_DONE)
		config_out->otp_checks = config_out->has_otp && has_overlay(config_out, "otp");
	return status;
}

void
plain_config_free(struct plain_config *config)
{
	while (config->n > 0)
		slapcat_free(&config->entries[--config->n]);
	free(config->entries);
	config->entries = NULL;
}

/* --- names of attributes in values ------------------------------------------------------------------------- */

/* is_gone - 1 for a name of an attribute or a class that nobody knows without Muster */
static int
is_gone(const struct plain_config *config, const char *name, size_t len)
{
	return (len > 6 && strncasecmp(name, "muster", 6) == 0) ||
	       (!config->has_otp && len > 4 && strncasecmp(name, "oath", 4) == 0);
}

/*
 * shorten_list - the names of a list, separated by commas, that stay.
 * in:    list, len  is changed in place
 * out:   how many octets are left; 0: none
 */
static size_t
shorten_list(const struct plain_config *config, char *list, size_t len)
{
	size_t at = 0, kept = 0, n;

	while (at < len) {
		const char *comma = memchr(list + at, ',', len - at);

		n = comma != NULL ? (size_t)(comma - list) - at : len - at;
		if (!is_gone(config, list + at, n)) {
			if (kept > 0)
				list[kept++] = ',';
			memmove(list + kept, list + at, n);
			kept += n;
		}
		at += n + 1;
	}
	return kept;
}

/* shorten - the list at an offset of a value. out: 1 when nothing is left of the list */
static int
shorten(const struct plain_config *config, struct slapcat_line *line, size_t at)
{
	size_t len = strcspn(line->value + at, " \t\n"), kept = shorten_list(config, line->value + at, len);

	if (kept == 0)
		return 1;
	memmove(line->value + at + kept, line->value + at + len, line->len - at - len + 1);
	line->len -= len - kept;
	return 0;
}

/*
 * asks_for - the name that a rule's filter or set asks an entry for, or the class whose attributes it is about, and that is
 *            gone; NULL for none
 */
static const char *
asks_for(const struct plain_config *config, const char *rule)
{
	const char *p;

	for (p = rule; *p != '\0'; p++)
		if (strchr("(/=@!", *p) != NULL && is_gone(config, p + 1, strcspn(p + 1, "=)/ \t&|~<>,\"")) &&
		    (*p != '=' || (p - rule >= 11 && strncasecmp(p - 11, "objectClass", 11) == 0)))
			return p + 1;
	return NULL;
}

/* clause_end - where a "by" clause ends: before the next one, or at the end of the rule; blanks in quotes are no borders */
static char *
clause_end(char *clause)
{
	int quoted = 0;
	char *p;

	for (p = clause + 1; *p != '\0'; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (!quoted && strncmp(p, " by ", 4) == 0)
			break;
	}
	return p;
}

/*
 * never_matches - 1 for a clause of the rules that come with Muster whose people are named by an attribute that is gone. Those
 *                 only allow more; what an administrator wrote may as well keep somebody out.
 */
static int
never_matches(const char *clause, size_t len)
{
	static const char *const ours[] = { " by dnattr=musterApplicant ", "]/musterApplicant & user\"", "]/musterMembersSee & [members]\"" };
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (memmem(clause, len, ours[i], strlen(ours[i])) != NULL)
			return 1;
	return 0;
}

/* drop_clauses - what is said of people who cannot be there any more; for everybody else the rule stays what it is */
static void
drop_clauses(struct slapcat_line *line)
{
	char *clause = strstr(line->value, " by "), *end;

	while (clause != NULL && *clause != '\0') {
		end = clause_end(clause);
		if (never_matches(clause, (size_t)(end - clause))) {
			line->len -= (size_t)(end - clause);
			memmove(clause, end, strlen(end) + 1);
		} else {
			clause = end;
		}
	}
}

/* --- values ------------------------------------------------------------------------------------------------ */

enum fate { STAYS, GOES, REFUSED };

static enum fate
change_access(const struct plain_config *config, struct slapcat_line *line)
{
	/* Only what stands before the first "by" says what a rule is about. */
	char *by = strstr(line->value, " by "), *attrs = strstr(line->value, " attrs="), *name;
	const char *asked;

	if (attrs == NULL)
		attrs = strstr(line->value, " attr=");
	if (attrs != NULL && (by == NULL || attrs < by)) {
		name = strchr(attrs, '=') + 1;
		if (shorten(config, line, (size_t)(name - line->value)))
			return GOES;
	}
	drop_clauses(line);
	asked = asks_for(config, line->value);
	if (asked == NULL)
		return STAYS;
	say_error("an access rule asks for %.*s, which nobody will have: change it first, to what shall hold then: %.200s",
	          (int)strcspn(asked, "=)/ \t&|~<>,\""), asked, line->value);
	return REFUSED;
}

static enum fate
change_line(const struct plain_config *config, struct slapcat_line *line)
{
	if (strcasecmp(line->name, "olcAccess") == 0)
		return change_access(config, line);
	if (strcasecmp(line->name, "olcDbIndex") == 0)
		return shorten(config, line, 0) ? GOES : STAYS;
	if (strcasecmp(line->name, "olcUniqueURI") == 0 && strstr(line->value, "?muster") != NULL)
		return GOES;
	return STAYS;
}

/* Values of an ordered attribute are counted from 0 without a gap. */
static int
number_again(struct slapcat_entry *entry, const char *name)
{
	char *text = NULL;
	size_t i;
	int n = 0, r = 0;

	for (i = 0; r == 0 && i < entry->n; i++) {
		if (strcasecmp(entry->lines[i].name, name) != 0 || *entry->lines[i].value != '{')
			continue;
		if (asprintf(&text, "{%d}%s", n++, bare(entry->lines[i].value)) < 0)
			return ERR_MEMORY;
		r = slapcat_set(&entry->lines[i], text, strlen(text));
		free(text);
	}
	return r;
}

/* The module goes, argon2 takes its place unless it is loaded already. */
static int
change_modules(struct slapcat_entry *entry, int *has_argon2)
{
	size_t i;
	int r = 0;

	for (i = entry->n; r == 0 && i-- > 0;) {
		if (!is_module(&entry->lines[i], "muster"))
			continue;
		if (*has_argon2) {
			slapcat_drop(entry, i);
			continue;
		}
		/* With the index of what was there: number_again() writes it anew. */
		r = slapcat_set(&entry->lines[i], "{0}argon2", strlen("{0}argon2"));
		*has_argon2 = 1;
	}
	return r != 0 ? r : number_again(entry, "olcModuleLoad");
}

/* --- entries ----------------------------------------------------------------------------------------------- */

static int
entry_goes(const struct slapcat_entry *entry)
{
	return slapcat_has(entry, "objectClass", "olcMusterConfig") || slapcat_has(entry, "objectClass", "olcMusterSaslConfig") ||
	       (slapcat_has(entry, "objectClass", "olcUniqueConfig") && slapcat_value(entry, "olcUniqueURI") == NULL &&
	        slapcat_value(entry, "olcUniqueBase") == NULL);
}

static int
change_entry(struct plain_config *config, struct slapcat_entry *entry, int *has_argon2, unsigned *dropped)
{
	size_t i;
	int r;

	for (i = entry->n; i-- > 1;) {
		switch (change_line(config, &entry->lines[i])) {
		case STAYS:
			break;
		case GOES:
			*dropped += strcasecmp(entry->lines[i].name, "olcAccess") == 0;
			slapcat_drop(entry, i);
			break;
		case REFUSED:
			return EXIT_FAILED;
		}
	}
	r = change_modules(entry, has_argon2);
	if (r == 0)
		r = number_again(entry, "olcAccess");
	if (r == 0)
		return EXIT_DONE;
	say_error("%s", err_str(r));
	return EXIT_FAILED;
}

int
plain_config_make(struct plain_config *config, unsigned *dropped_out)
{
	int has_argon2 = has_module(config, "argon2"), status = EXIT_DONE;
	size_t i;

	*dropped_out = 0;
	for (i = 0; status == EXIT_DONE && i < config->n; i++)
		status = change_entry(config, &config->entries[i], &has_argon2, dropped_out);
	for (i = config->n; status == EXIT_DONE && i-- > 0;) {
		if (!entry_goes(&config->entries[i]))
			continue;
		slapcat_free(&config->entries[i]);
		config->n--;
		memmove(&config->entries[i], &config->entries[i + 1], (config->n - i) * sizeof(*config->entries));
		config->database -= i < config->database;
	}
	return status;
}
