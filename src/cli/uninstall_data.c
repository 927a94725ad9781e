/*
 * uninstall_data.c - the entries of a directory without Muster. Passwords go on to work with slapd's own module argon2, whose
 *                    scheme takes the same text; whoever was kept out by Muster alone stays out.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/uninstall.h"
#include "core/pwhash.h"

#define PLAIN_SCHEME "{ARGON2}"
/* A scheme that no slapd knows, so that no password fits: taken away by hand when a member may log in again. */
#define SUSPENDED_SCHEME "{SUSPENDED}"

_Static_assert(sizeof(PLAIN_SCHEME) == sizeof(PWHASH_PREFIX), "lengths in pwdHistory stay right");

static int
begins(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int
is_member(const struct slapcat_entry *entry)
{
	return slapcat_has(entry, "objectClass", "musterMember") || slapcat_has(entry, "objectClass", "musterAccount");
}

static int
is_kept_out(const struct slapcat_entry *entry)
{
	const char *status = slapcat_value(entry, "musterStatus");

	return status != NULL && strcasecmp(status, "active") != 0;
}

static void
count_line(const struct slapcat_line *line, struct plain_counts *counts)
{
	const struct {
		const char *name;
		unsigned long *n;
	} rows[] = {
		{ "userPassword", &counts->passwords }, { "oathSecret", &counts->factors },
		{ "musterRecoveryCode", &counts->recovery_codes }, { "musterAppPassword", &counts->app_passwords },
		{ "musterChallenge", &counts->tokens }, { "pwdAccountLockedTime", &counts->locked },
		{ "pwdReset", &counts->must_change }
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(line->name, rows[i].name) == 0)
			++*rows[i].n;
}

/* The scheme of a stored password: ours becomes argon2's, and one of a member who is kept out becomes nobody's. */
static int
change_password(struct slapcat_line *line, int kept_out)
{
	const char *hash = line->value + (begins(line->value, PWHASH_PREFIX) ? strlen(PWHASH_PREFIX) : 0);
	size_t hash_len = line->len - (size_t)(hash - line->value), prefix_len;
	const char *prefix = kept_out ? SUSPENDED_SCHEME : PLAIN_SCHEME;
	char *text;
	int r;

	if (!kept_out && hash == line->value)
		return 0;
	prefix_len = strlen(prefix);
	text = malloc(prefix_len + hash_len + 1);
	if (text == NULL)
		return ERR_MEMORY;
	memcpy(text, prefix, prefix_len);
	memcpy(text + prefix_len, hash, hash_len);
	r = slapcat_set(line, text, prefix_len + hash_len);
	secret_wipe(text, prefix_len + hash_len);
	free(text);
	return r;
}

/* "time#syntax#length#{MUSTER}..." */
static void
change_history(struct slapcat_line *line)
{
	char *hash = strstr(line->value, "#" PWHASH_PREFIX "$");

	if (hash != NULL)
		memcpy(hash + 1, PLAIN_SCHEME, strlen(PLAIN_SCHEME));
}

/* has_otp_factor - 1 for who has a second factor of slapo-otp that was not taken over */
static int
has_otp_factor(const struct slapcat_entry *entry)
{
	return slapcat_value(entry, "oathSecret") == NULL &&
	       (slapcat_value(entry, "oathTOTPToken") != NULL || slapcat_value(entry, "oathHOTPToken") != NULL);
}

/* What becomes of what entries have of OATH. */
enum oath {
	OATH_STAYS, /* somebody else's */
	OATH_USER,  /* what names a token of slapo-otp stays, with its class */
	OATH_GOES   /* sealed, or of an attribute that nobody knows any more */
};

static enum oath
oath_of(const struct slapcat_entry *entry, int member, int has_otp)
{
	if (!has_otp)
		return OATH_GOES;
	return !member ? OATH_STAYS : has_otp_factor(entry) ? OATH_USER : OATH_GOES;
}

/* is_oath_of - in: kind  "User" of classes, "Token" of attributes */
static int
is_oath_of(const char *name, const char *kind)
{
	return (begins(name, "oathTOTP") || begins(name, "oathHOTP")) && strcasecmp(name + strlen("oathTOTP"), kind) == 0;
}

static int
goes(const struct slapcat_line *line, enum oath oath)
{
	int class = strcasecmp(line->name, "objectClass") == 0;
	const char *name = class ? line->value : line->name;

	if (begins(name, "muster"))
		return 1;
	if (oath == OATH_STAYS || !begins(name, "oath"))
		return 0;
	return oath == OATH_GOES || !is_oath_of(name, class ? "User" : "Token");
}

static int
change_member(struct slapcat_entry *entry, struct plain_counts *counts)
{
	int kept_out = is_kept_out(entry), r = 0;
	size_t i;

	counts->members++;
	counts->otp_factors += (unsigned long)has_otp_factor(entry);
	counts->suspended += (unsigned long)kept_out;
	for (i = 0; r == 0 && i < entry->n; i++) {
		count_line(&entry->lines[i], counts);
		if (strcasecmp(entry->lines[i].name, "userPassword") == 0)
			r = change_password(&entry->lines[i], kept_out);
		else if (strcasecmp(entry->lines[i].name, "pwdHistory") == 0)
			change_history(&entry->lines[i]);
	}
	return r;
}

/* allow_rest - Muster's classes allowed a password and addresses on any entry, and an organization its owners */
static int
allow_rest(struct slapcat_entry *entry, int member)
{
	if (!member && !slapcat_has(entry, "objectClass", "musterOrganization"))
		return 0;
	if ((member && slapcat_has(entry, "objectClass", "inetOrgPerson")) ||
	    slapcat_has(entry, "objectClass", "extensibleObject"))
		return 0;
	return slapcat_add(entry, "objectClass", "extensibleObject");
}

static int
change_entry(struct slapcat_entry *entry, int has_otp, struct plain_counts *counts)
{
	int member = is_member(entry), r = member ? change_member(entry, counts) : 0;
	enum oath oath = oath_of(entry, member, has_otp);
	size_t i;

	if (r == 0)
		r = allow_rest(entry, member);
	for (i = entry->n; r == 0 && i-- > 1;)
		if (goes(&entry->lines[i], oath))
			slapcat_drop(entry, i);
	return r;
}

int
plain_data(FILE *in, FILE *out, int has_otp, struct plain_counts *counts_out)
{
	struct slapcat_entry entry;
	int r;

	memset(counts_out, 0, sizeof(*counts_out));
	while ((r = slapcat_next(in, &entry)) == 1) {
		if (slapcat_has(&entry, "objectClass", "musterRequest")) {
			counts_out->requests++;
			r = 0;
		} else {
			counts_out->entries++;
			r = change_entry(&entry, has_otp, counts_out);
			if (r == 0 && out != NULL)
				r = slapcat_print(&entry, out);
		}
		slapcat_free(&entry);
		if (r != 0)
			return r;
	}
	return r;
}
