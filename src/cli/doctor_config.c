/*
 * doctor_config.c - cn=config: transport, passwords of slapd itself, the key file, and settings that undo others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/certificate.h"
#include "cli/doctor.h"
#include "common/clock.h"
#include "common/text.h"
#include "core/pwhash.h"

#define MIN_SSF_DEFAULT 71 /* what slapd gives ldapi; TLS has more */

int
config_has_word(const struct directory_entry *entry, const char *attribute, const char *word)
{
	const struct directory_attribute *a = directory_attribute(entry, attribute);
	size_t i, len = strlen(word), n;
	const char *p;

	for (i = 0; a != NULL && i < a->values_len; i++) {
		for (p = (const char *)a->values[i].data; *p != '\0'; p += n) {
			p += strspn(p, " \t");
			n = strcspn(p, " \t");
			if (n >= len && strncasecmp(p, word, len) == 0 && (n == len || p[len] == '='))
				return 1;
		}
	}
	return 0;
}

/* --- transport ------------------------------------------------------------------------------------------ */

/* Some listener that takes passwords in the clear from other machines; without -h it is ldap:///. */
static int
listens_in_clear(const struct slapd_process *process)
{
	const char *p = process->listeners != NULL ? process->listeners : "ldap:///";

	for (; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		if (strncasecmp(p, "ldap://", 7) == 0 && strncmp(p + 7, "127.", 4) != 0 &&
		    strncmp(p + 7, "[::1]", 5) != 0 && strncasecmp(p + 7, "localhost", 9) != 0)
			return 1;
	}
	return 0;
}

static void
check_clear_binds(struct doctor *doc)
{
	int secured = config_has_word(doc->global, "olcSecurity", "simple_bind") ||
	              config_has_word(doc->global, "olcSecurity", "ssf") ||
	              (doc->database != NULL && (config_has_word(doc->database, "olcSecurity", "simple_bind") ||
	                                         config_has_word(doc->database, "olcSecurity", "ssf")));

	if (!secured && (!doc->process.known || listens_in_clear(&doc->process)))
		doctor_find(doc, doc->process.known ? SEVERITY_WARNING : SEVERITY_NOTE, "clear-binds", "cn=config",
		            "set olcSecurity: simple_bind=71",
		            "olcSecurity does not keep administrators and programs from sending passwords over ldap:// "
		            "in the clear");
}

static void
check_tls(struct doctor *doc)
{
	const char *certificate = directory_value(doc->global, "olcTLSCertificateFile");
	const char *key = directory_value(doc->global, "olcTLSCertificateKeyFile");
	const char *oldest = directory_value(doc->global, "olcTLSProtocolMin");

	if ((certificate == NULL && directory_attribute(doc->global, "olcTLSCertificate") == NULL) ||
	    (key == NULL && directory_attribute(doc->global, "olcTLSCertificateKey") == NULL)) {
		doctor_find(doc, SEVERITY_ERROR, "tls-missing", "cn=config",
		            "set olcTLSCertificateFile and olcTLSCertificateKeyFile",
		            "slapd has no certificate: no other machine can log in members");
		return;
	}
	if (oldest != NULL && strtod(oldest, NULL) < 3.3)
		doctor_find(doc, SEVERITY_WARNING, "tls-old", "cn=config", "set it to 3.3 (TLS 1.2)",
		            "olcTLSProtocolMin %s lets TLS before 1.2 in", oldest);
	if (doc->process.known && key != NULL)
		doctor_secret_file(doc, "tls-key-file", key, doc->process.uid);
	if (doc->process.known && certificate != NULL)
		certificate_check_file(doc, certificate);
	check_clear_binds(doc);
}

/* --- what slapd allows ---------------------------------------------------------------------------------- */

static void
check_global(struct doctor *doc)
{
	static const struct { const char *word, *text;
	} risky[] = { { "bind_anon_cred", "a bind with a password and no name succeeds as anonymous" },
		      { "bind_anon_dn", "a bind with a name and an empty password succeeds as anonymous, which "
		                        "applications take for a login" },
		      { "update_anon", "strangers' changes are put to the access rules" },
		      { "bind_v2", "LDAPv2 knows no controls and no TLS" } };
	size_t i;

	for (i = 0; i < sizeof(risky) / sizeof(risky[0]); i++) {
		if (config_has_word(doc->global, "olcAllows", risky[i].word))
			doctor_find(doc, SEVERITY_WARNING, "allows", "cn=config", "take it out of olcAllows",
			            "olcAllows %s: %s", risky[i].word, risky[i].text);
	}
}

/* The scheme of a stored password that is no better than none, as people know it; NULL when it will do. */
static const char *
weak_scheme(const char *stored)
{
	static const char *const schemes[] = { "{SHA}", "{MD5}", "{SMD5}", "{CRYPT}", "{CLEARTEXT}", "{LANMAN}" };
	size_t i;

	if (*stored != '{')
		return "clear text";
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(stored, schemes[i], strlen(schemes[i])) == 0)
			return schemes[i];
	}
	return NULL;
}

struct databases {
	struct doctor *doc;
	int frontend_rules; /* the frontend's access rules hold where a database has none */
};

/* Also a database beside ours may hold copies of secrets: accesslog's does. */
static void
check_rules(const struct databases *all, const struct directory_entry *entry)
{
	if (directory_attribute(entry, "olcSuffix") != NULL && directory_attribute(entry, "olcAccess") == NULL &&
	    !all->frontend_rules)
		doctor_find(all->doc, SEVERITY_ERROR, "no-access-rules", entry->dn,
		            "give it olcAccess (\"muster init\" for members)",
		            "there are no access rules: everybody reads everything");
}

static int
look_at_frontend(const struct directory_entry *entry, void *arg)
{
	struct databases *all = arg;

	all->frontend_rules = directory_attribute(entry, "olcAccess") != NULL;
	return 1;
}

static int
look_at_database(const struct directory_entry *entry, void *arg)
{
	const struct databases *all = arg;
	struct doctor *doc = all->doc;
	const struct directory_attribute *hashes = directory_attribute(entry, "olcPasswordHash");
	const char *root = directory_value(entry, "olcRootPW"), *weak = root != NULL ? weak_scheme(root) : NULL;
	size_t i;

	check_rules(all, entry);
	if (weak != NULL)
		doctor_find(doc, SEVERITY_ERROR, "rootpw", entry->dn,
		            "replace it with what slappasswd prints, or remove it", "olcRootPW is stored as %s", weak);
	for (i = 0; hashes != NULL && i < hashes->values_len; i++) {
		weak = weak_scheme((const char *)hashes->values[i].data);
		if (weak != NULL)
			doctor_find(doc, SEVERITY_WARNING, "password-hash", entry->dn,
			            "set {SSHA}, or {ARGON2} with its module",
			            "olcPasswordHash stores passwords of administrators and programs as %s", weak);
	}
	return 0;
}

static int
is_true(const struct directory_entry *entry, const char *attribute, int absent)
{
	const char *value = directory_value(entry, attribute);

	return value == NULL ? absent : strcasecmp(value, "TRUE") == 0;
}

static void
check_main_database(struct doctor *doc)
{
	const struct directory_entry *db = doc->database;

	if (!is_true(db, "olcAddContentAcl", 0))
		doctor_find(doc, SEVERITY_ERROR, "add-content", db->dn, "set it to TRUE, as \"muster init\" does",
		            "olcAddContentAcl is off: who may add a member may give it any attribute");
	if (!is_true(db, "olcLastMod", 1))
		doctor_find(doc, SEVERITY_ERROR, "lastmod", db->dn, "remove olcLastMod",
		            "olcLastMod is FALSE: entries have no entryUUID, which everything secret is bound to");
	if (is_true(db, "olcDbNoSync", 0))
		doctor_find(doc, SEVERITY_WARNING, "nosync", db->dn, "remove olcDbNoSync",
		            "olcDbNoSync is TRUE: after a power cut a spent code may be good again");
}

/* --- the overlay's own settings --------------------------------------------------------------------------- */

static void
check_argon2(struct doctor *doc, const struct directory_entry *overlay)
{
	const struct pwhash_cost least = PWHASH_COST_DEFAULT;
	const char *text = directory_value(overlay, "olcMusterArgon2");
	struct pwhash_cost cost;

	if (text != NULL && pwhash_cost_parse(text, &cost) == 0 &&
	    (cost.memory_kib < least.memory_kib || cost.passes < least.passes))
		doctor_find(doc, SEVERITY_WARNING, "argon2-weak", overlay->dn, "remove olcMusterArgon2",
		            "new passwords are hashed with %s, less than m=%u t=%u", text, least.memory_kib,
		            least.passes);
}

/* Word lists are read by slapd each time: one that is gone refuses every new password that it should be compared with. */
static void
check_lists(struct doctor *doc, const struct directory_entry *overlay)
{
	static const char *const names[] = { "olcMusterBlocklist", "olcMusterBreached" };
	const struct directory_attribute *a;
	struct stat st;
	size_t i, k;

	for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		a = directory_attribute(overlay, names[k]);
		for (i = 0; a != NULL && i < a->values_len; i++) {
			const char *path = (const char *)a->values[i].data;

			if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
				doctor_find(doc, SEVERITY_ERROR, "list-file", path,
				            "put it back, or take it out of the overlay's configuration",
				            "is named by %s and not there: new passwords are refused where the policy "
				            "asks for it",
				            names[k]);
			else if ((st.st_mode & S_IROTH) == 0 && st.st_uid != doc->process.uid &&
			         st.st_gid != doc->process.gid)
				doctor_find(doc, SEVERITY_ERROR, "list-file", path, "chmod 644",
				            "is named by %s and cannot be read by slapd: new passwords are refused "
				            "where the policy asks for it",
				            names[k]);
		}
	}
}

static int
look_at_muster(const struct directory_entry *entry, void *arg)
{
	struct doctor *doc = arg;
	const char *keys = directory_value(entry, "olcMusterKeyFile");
	const char *ssf = directory_value(entry, "olcMusterMinSSF");
	int64_t min_ssf = MIN_SSF_DEFAULT;

	if (keys == NULL)
		doctor_find(doc, SEVERITY_ERROR, "key-file", entry->dn, "name the file with the sealing keys",
		            "olcMusterKeyFile is not set: every member is refused");
	else if (doc->process.known)
		doctor_secret_file(doc, "key-file", keys, doc->process.uid);
	if (ssf != NULL && text_number(ssf, strlen(ssf), 0, 4096, &min_ssf) == 0 && min_ssf < MIN_SSF_DEFAULT)
		doctor_find(doc, min_ssf == 0 ? SEVERITY_ERROR : SEVERITY_WARNING, "min-ssf", entry->dn,
		            "remove olcMusterMinSSF, or set at least 71",
		            "members' passwords are taken from connections of strength %lld%s", (long long)min_ssf,
		            min_ssf == 0 ? ", in the clear" : "");
	check_argon2(doc, entry);
	if (doc->process.known)
		check_lists(doc, entry);
	return 0;
}

void
doctor_config(struct doctor *doc)
{
	static const char *const attrs[] = { "olcRootPW", "olcPasswordHash", "olcSuffix", "olcAccess", NULL };
	struct databases all = { .doc = doc };

	check_tls(doc);
	check_global(doc);
	(void)directory_search(doc->s->d, "cn=config", SCOPE_ONE, "(objectClass=olcFrontendConfig)", attrs,
	                       look_at_frontend, &all);
	(void)directory_search(doc->s->d, "cn=config", SCOPE_ONE, "(objectClass=olcDatabaseConfig)", attrs,
	                       look_at_database, &all);
	if (doc->database == NULL)
		return;
	check_main_database(doc);
	(void)directory_search(doc->s->d, doc->database->dn, SCOPE_ONE, "(objectClass=olcMusterConfig)", NULL,
	                       look_at_muster, doc);
}
