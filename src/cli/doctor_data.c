/*
 * doctor_data.c - organizations and members: what the overlay refuses, or could not judge, once it meets it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/key_ids.h"
#include "common/clock.h"
#include "common/text.h"
#include "core/pwhash.h"
#include "core/seal.h"

#define STEP_SEC 30

struct data {
	struct doctor *doc;
	struct key_ids keys;
	json_t *domains; /* seen so far, in small letters */
	size_t members, passwords, changed;
	struct doctor_list plain_seeds, lost_keys, lost_codes, future_steps, foreign_hashes, clear_passwords, low_costs,
		many_passwords, no_owner, asleep_owners, lost_owners, same_domains, bad_status;
};

static int
look_at_muster(const struct directory_entry *entry, void *arg)
{
	struct data *data = arg;
	const char *path = directory_value(entry, "olcMusterKeyFile");

	if (path != NULL && data->doc->process.known)
		key_ids_read(path, &data->keys);
	return 1;
}

/* --- members ---------------------------------------------------------------------------------------------- */

static void
check_seed(struct data *data, const struct directory_entry *entry)
{
	const struct directory_attribute *seeds = directory_attribute(entry, "oathSecret");
	char id[KEYRING_ID_MAX + 1];

	if (seeds == NULL || seeds->values_len == 0)
		return;
	if (!seal_is_sealed((const char *)seeds->values[0].data, seeds->values[0].len))
		doctor_list_add(&data->plain_seeds, entry->dn);
	else if (seal_key_id((const char *)seeds->values[0].data, seeds->values[0].len, id) != 0 ||
	         (data->keys.n > 0 && !key_ids_has(&data->keys, id)))
		doctor_list_add(&data->lost_keys, entry->dn);
}

/* Recovery codes and app passwords are kept as hashes under a key: "<key id> <hash>", "... hash=<key id>$<hash>". */
static void
check_hashed(struct data *data, const struct directory_entry *entry)
{
	static const struct { const char *attribute, *before, *end; } kept[] = { { "musterRecoveryCode", "", " " },
		{ "musterAppPassword", " hash=", "$" } };
	const struct directory_attribute *a;
	char id[KEYRING_ID_MAX + 1];
	const char *at;
	size_t i, k;

	for (k = 0; data->keys.n > 0 && k < sizeof(kept) / sizeof(kept[0]); k++) {
		a = directory_attribute(entry, kept[k].attribute);
		for (i = 0; a != NULL && i < a->values_len; i++) {
			at = strstr((const char *)a->values[i].data, kept[k].before);
			at = at != NULL ? at + strlen(kept[k].before) : "";
			snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, kept[k].end), at);
			if (!key_ids_has(&data->keys, id)) {
				doctor_list_add(&data->lost_codes, entry->dn);
				return;
			}
		}
	}
}

/* Spent steps lie in the past; one that does not refuses every code until it does. */
static void
check_step(struct data *data, const struct directory_entry *entry)
{
	const char *value = directory_value(entry, "oathTOTPLastTimeStep");
	int64_t step;

	if (value != NULL &&
	    (text_number(value, strlen(value), 0, INT64_MAX, &step) != 0 || step > clock_now() / STEP_SEC + 1))
		doctor_list_add(&data->future_steps, entry->dn);
}

static void
check_password(struct data *data, const struct directory_entry *entry)
{
	const struct pwhash_cost least = PWHASH_COST_DEFAULT;
	const struct directory_attribute *passwords = directory_attribute(entry, "userPassword");
	unsigned memory = 0, passes = 0;
	const char *stored;

	data->changed += directory_attribute(entry, "pwdChangedTime") != NULL;
	if (passwords == NULL || passwords->values_len == 0)
		return;
	data->passwords++;
	if (passwords->values_len > 1)
		doctor_list_add(&data->many_passwords, entry->dn);
	stored = (const char *)passwords->values[0].data;
	if (!pwhash_is_ours(stored, passwords->values[0].len)) {
		doctor_list_add(*stored == '{' ? &data->foreign_hashes : &data->clear_passwords, entry->dn);
		return;
	}
	if (sscanf(stored, PWHASH_PREFIX "$argon2id$v=19$m=%u,t=%u,", &memory, &passes) != 2)
		doctor_list_add(&data->foreign_hashes, entry->dn);
	else if (memory < least.memory_kib || passes < least.passes)
		doctor_list_add(&data->low_costs, entry->dn);
}

static int
look_at_member(const struct directory_entry *entry, void *arg)
{
	struct data *data = arg;
	const char *status = directory_value(entry, "musterStatus");

	data->members++;
	check_seed(data, entry);
	check_hashed(data, entry);
	check_step(data, entry);
	check_password(data, entry);
	if (status != NULL && strcasecmp(status, "active") != 0 && strcasecmp(status, "suspended") != 0 &&
	    strcasecmp(status, "closed") != 0)
		doctor_list_add(&data->bad_status, entry->dn);
	return 0;
}

static void
check_members(struct data *data)
{
	static const char *const attrs[] = { "userPassword", "oathSecret", "oathTOTPLastTimeStep", "pwdChangedTime",
		"musterStatus", "musterRecoveryCode", "musterAppPassword", NULL };
	struct doctor *doc = data->doc;
	int r = directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB,
	                               "(|(objectClass=musterMember)(objectClass=musterAccount))", attrs, look_at_member,
	                               data);

	if (r != 0)
		doctor_unseen(doc, "members cannot all be read: %s", err_str(r));
	else if (data->members > 0 && data->passwords == 0 && data->changed > 0)
		doctor_unseen(doc, "stored passwords and seeds cannot be read as %s; run this on the server as root",
		              doc->me);
	else if (data->passwords > 0 && data->keys.n == 0)
		doctor_unseen(doc, "which keys sealed the seeds cannot be told: the key file is not to be read");
}

/* --- organizations ---------------------------------------------------------------------------------------- */

static int
is_there(struct doctor *doc, const char *dn)
{
	static const char *const none[] = { "1.1", NULL };
	struct directory_entry *entry = NULL;
	int r = directory_read(doc->s->d, dn, none, &entry);

	directory_entry_free(&entry);
	return r != ERR_NOT_FOUND;
}

/* is_active - out: ERR_NOT_FOUND when there is no such member; who cannot be read is taken for active */
static int
is_active(struct doctor *doc, const char *dn, int *active_out)
{
	static const char *const attrs[] = { "musterStatus", NULL };
	struct directory_entry *entry = NULL;
	const char *status;
	int r = directory_read(doc->s->d, dn, attrs, &entry);

	status = r == 0 ? directory_value(entry, "musterStatus") : NULL;
	*active_out = r != ERR_NOT_FOUND && (status == NULL || strcasecmp(status, "active") == 0);
	directory_entry_free(&entry);
	return r;
}

static void
check_owners(struct data *data, const struct directory_entry *org)
{
	const struct directory_attribute *owners = directory_attribute(org, "owner");
	size_t i, there = 0, active = 0;
	int is;

	for (i = 0; owners != NULL && i < owners->values_len; i++) {
		if (is_active(data->doc, (const char *)owners->values[i].data, &is) == ERR_NOT_FOUND)
			doctor_list_add(&data->lost_owners, (const char *)owners->values[i].data);
		else
			there++;
		active += (size_t)is;
	}
	if (there == 0)
		doctor_list_add(&data->no_owner, org->dn);
	else if (active == 0)
		doctor_list_add(&data->asleep_owners, org->dn);
}

static int
look_at_organization(const struct directory_entry *org, void *arg)
{
	struct data *data = arg;
	const char *domain = directory_value(org, "musterDomain");
	char key[256];
	size_t i;

	check_owners(data, org);
	for (i = 0; domain != NULL && domain[i] != '\0' && i + 1 < sizeof(key); i++)
		key[i] = (char)tolower((unsigned char)domain[i]);
	if (domain == NULL)
		return 0;
	key[i] = '\0';
	if (json_object_get(data->domains, key) != NULL)
		doctor_list_add(&data->same_domains, org->dn);
	else
		(void)json_object_set_new(data->domains, key, json_true());
	return 0;
}

static void
check_organizations(struct data *data)
{
	static const char *const attrs[] = { "owner", "musterDomain", NULL };
	struct doctor *doc = data->doc;
	int r;

	data->domains = json_object();
	r = directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB, "(objectClass=musterOrganization)", attrs,
	                           look_at_organization, data);
	if (r != 0)
		doctor_unseen(doc, "organizations cannot all be read: %s", err_str(r));
	json_decref(data->domains);
}

static void
tell(struct data *data)
{
	struct doctor *doc = data->doc;

	doctor_find_list(doc, SEVERITY_ERROR, "plain-seed", &data->plain_seeds,
	                 "look again in a minute: slapd seals what is a seed; who stays has to enrol again (\"muster "
	                 "otp remove\")",
	                 "seeds are stored in the clear, as slapadd does it");
	doctor_find_list(doc, SEVERITY_ERROR, "key-missing", &data->lost_keys,
	                 "put that key back into the key file, or have them enrol again",
	                 "seeds are sealed with a key that is not in the key file");
	doctor_find_list(doc, SEVERITY_WARNING, "code-key-missing", &data->lost_codes,
	                 "put that key back into the key file, or have new ones made",
	                 "members have recovery codes or app passwords under a key that is not in the key file");
	doctor_find_list(doc, SEVERITY_ERROR, "step-future", &data->future_steps,
	                 "set the clock right; then delete oathTOTPLastTimeStep of each as the directory's root",
	                 "members have spent a code of the future: their codes are refused until then");
	doctor_find_list(
		doc, SEVERITY_ERROR, "clear-password", &data->clear_passwords,
		"look again in a minute: slapd hashes what it can; all of them are to be taken for known and changed",
		"passwords are stored in the clear, as slapadd does it");
	doctor_find_list(doc, SEVERITY_WARNING, "foreign-hash", &data->foreign_hashes,
	                 "nothing where slapd knows the scheme: each is hashed anew at its next login; else \"muster password "
	                 "reset\"",
	                 "passwords are hashed by another scheme than Muster's, which may be a weak one");
	doctor_find_list(doc, SEVERITY_WARNING, "low-cost", &data->low_costs,
	                 "nothing: each is hashed anew at its next login",
	                 "passwords are hashed with less than m=19456 t=2");
	doctor_find_list(doc, SEVERITY_WARNING, "several-passwords", &data->many_passwords,
	                 "set one (\"muster password reset\")", "members have more than one password");
	doctor_find_list(doc, SEVERITY_ERROR, "status-unknown", &data->bad_status, "set active, suspended or closed",
	                 "members have a musterStatus that nobody knows, and do not get in");
	doctor_find_list(doc, SEVERITY_ERROR, "no-owner", &data->no_owner,
	                 "name a member in its attribute owner", "organizations have no OWNER that exists");
	doctor_find_list(doc, SEVERITY_ERROR, "no-active-owner", &data->asleep_owners,
	                 "make an active member OWNER (\"muster member promote\"), or let one in again (\"muster member resume\")",
	                 "organizations have no OWNER who may log in: all of them are suspended or closed");
	doctor_find_list(doc, SEVERITY_WARNING, "owner-missing", &data->lost_owners,
	                 "delete that value of owner: whoever is given this name is OWNER at once",
	                 "OWNERs do not exist");
	doctor_find_list(doc, SEVERITY_ERROR, "domain-twice", &data->same_domains, "give each its own musterDomain",
	                 "organizations have the domain of another: logins by domain are refused");
}

void
doctor_data(struct doctor *doc)
{
	static const char *const attrs[] = { "olcMusterKeyFile", NULL };
	struct data data = { .doc = doc };
	char *base = directory_dn("ou=organizations,%D", doc->s->base);

	if (base == NULL || !is_there(doc, base)) {
		doctor_unseen(doc, "%s is not there, or not to be seen as %s", base != NULL ? base : "organizations",
		              *doc->me != '\0' ? doc->me : "nobody");
	} else {
		if (doc->database != NULL)
			(void)directory_search(doc->s->d, doc->database->dn, SCOPE_ONE, "(objectClass=olcMusterConfig)",
			                       attrs, look_at_muster, &data);
		check_organizations(&data);
		check_members(&data);
		tell(&data);
		doctor_owed(doc);
		doctor_policies(doc);
	}
	free(base);
}
