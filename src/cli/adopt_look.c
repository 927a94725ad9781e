/*
 * adopt_look.c - who lies in what is adopted, and whether each of them can be a member as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"
#include "core/pwhash.h"

#define CLASSES "(objectClass=person)(objectClass=account)(objectClass=posixAccount)(objectClass=uidObject)(objectClass=musterMember)"
#define PERSONS "(|" CLASSES ")"
#define OTHERS "(&(userPassword=*)(!(|" CLASSES ")))"

struct look {
	struct adopt *a;
	json_t *ids, *numbers; /* the DN that has it, by what it is in small letters */
	json_t *odd;           /* [[DN, uid], ...]: which the server alone can tell apart */
	size_t passwords, changed;
};

/* claim - out: the DN that had it before, NULL when it is this one's now */
static const char *
claim(struct adopt *a, json_t *owners, const char *text, const char *dn)
{
	char *key = adopt_small(strdup(text));
	const char *before = key != NULL ? json_string_value(json_object_get(owners, key)) : NULL;

	if (key == NULL || (before == NULL && json_object_set_new(owners, key, json_string(dn)) != 0))
		a->short_of_memory = 1;
	free(key);
	return before != NULL && !directory_dn_equal(before, dn) ? before : NULL;
}

/* --- one person ------------------------------------------------------------------------------------------------ */

static void
look_at_place(struct adopt *a, const struct directory_entry *entry, const char *id)
{
	char *expected = organization_member(a->dn, id);
	int is_folder = directory_dn_equal(a->people, a->dn);

	/* The access rules of a folder that is an organization go by the name. */
	if (is_folder && strncasecmp(entry->dn, "uid=", 4) != 0)
		adopt_say(a, ADOPT_CONFLICT, entry->dn, "is not named by its uid: rename it first (ldapmodify, changetype: modrdn)");
	if (!adopt_is_below(entry->dn, a->people))
		adopt_say(a, ADOPT_CONFLICT, entry->dn, "lies outside of %s: move it there first (ldapmodify, changetype: modrdn with newsuperior)",
		          a->people);
	else if (expected != NULL && !directory_dn_equal(expected, entry->dn))
		adopt_say(a, ADOPT_NOTE, entry->dn, "is not %s: muster finds it by its DN, not by ORG/ID", expected);
	free(expected);
}

/* is_odd - 1 when the server may take it for the same as another one that looks different */
static int
is_odd(const char *id)
{
	const char *p;

	for (p = id; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x7f || (*p == ' ' && (p == id || p[1] == ' ' || p[1] == '\0')))
			return 1;
	return 0;
}

static void
look_at_id(struct look *look, const struct directory_entry *entry)
{
	const struct directory_attribute *ids = directory_attribute(entry, "uid");
	const char *other;
	size_t i;

	if (ids == NULL || ids->values_len == 0) {
		adopt_say(look->a, ADOPT_CONFLICT, entry->dn, "has no uid to log in with: give it one");
		return;
	}
	if (ids->values_len > 1)
		adopt_say(look->a, ADOPT_NOTE, entry->dn, "has %zu values of uid: it logs in with each of them", ids->values_len);
	for (i = 0; i < ids->values_len; i++) {
		if (is_odd((const char *)ids->values[i].data) &&
		    json_array_append_new(look->odd, json_pack("[s, s]", entry->dn, (const char *)ids->values[i].data)) != 0)
			look->a->short_of_memory = 1;
		other = claim(look->a, look->ids, (const char *)ids->values[i].data, entry->dn);
		if (other != NULL)
			adopt_say(look->a, ADOPT_CONFLICT, entry->dn, "the uid %s is that of %s as well: change one of them",
			          (const char *)ids->values[i].data, other);
	}
}

/* What slapd knows without a module, and what Muster stores itself. */
static int
is_known_scheme(const char *stored)
{
	static const char *const schemes[] = { PWHASH_PREFIX, "{SSHA}", "{SHA}", "{SMD5}", "{MD5}", "{CRYPT}" };
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(stored, schemes[i], strlen(schemes[i])) == 0)
			return 1;
	return 0;
}

static void
look_at_password(struct look *look, const struct directory_entry *entry)
{
	const struct directory_attribute *passwords = directory_attribute(entry, "userPassword");
	const char *stored;
	size_t i;

	if (passwords == NULL || passwords->values_len == 0)
		return;
	look->passwords++;
	if (passwords->values_len > 1)
		adopt_say(look->a, ADOPT_NOTE, entry->dn, "has %zu passwords: each is right until one is changed", passwords->values_len);
	for (i = 0; i < passwords->values_len; i++) {
		stored = (const char *)passwords->values[i].data;
		if (*stored != '{')
			adopt_say(look->a, ADOPT_NOTE, entry->dn, "its password is stored in the clear: slapd hashes it, and it is to be taken for known");
		else if (!is_known_scheme(stored))
			adopt_say(look->a, ADOPT_NOTE, entry->dn, "its password is stored as %.*s: slapd must know that scheme, or it needs a reset",
			          (int)strcspn(stored, "}") + 1, stored);
	}
}

static void
look_at_state(struct adopt *a, const struct directory_entry *entry)
{
	if (directory_attribute(entry, "mail") == NULL)
		adopt_say(a, ADOPT_NOTE, entry->dn, "has no mail address: no reset and no notice reaches it");
	if (directory_attribute(entry, "pwdPolicySubentry") != NULL)
		adopt_say(a, ADOPT_NOTE, entry->dn, "its pwdPolicySubentry does not count any more: the organization's rules do");
	if (directory_attribute(entry, "pwdAccountLockedTime") != NULL)
		adopt_say(a, ADOPT_NOTE, entry->dn, "is locked (pwdAccountLockedTime) and stays so: \"muster member unlock\"");
}

/* copy_of - to be freed; NULL without a value */
static char *
copy_of(const struct directory_entry *entry, const char *attribute)
{
	const char *value = directory_value(entry, attribute);

	return value != NULL ? strdup(value) : NULL;
}

static int
look_at_person(const struct directory_entry *entry, void *arg)
{
	struct look *look = arg;
	struct adopt *a = look->a;
	struct adoptee *grown = realloc(a->persons, (a->persons_len + 1) * sizeof(*grown)), *one;
	const char *id = directory_value(entry, "uid");
	char *key;

	if (grown == NULL)
		return ERR_MEMORY;
	a->persons = grown;
	one = &grown[a->persons_len];
	memset(one, 0, sizeof(*one));
	one->dn = strdup(entry->dn);
	if (one->dn == NULL)
		return ERR_MEMORY;
	a->persons_len++;
	key = adopt_key(entry->dn);
	if (key == NULL || json_object_set_new(a->names, key, json_string(entry->dn)) != 0) {
		free(key);
		return ERR_MEMORY;
	}
	free(key);
	one->id = copy_of(entry, "uid");
	one->number = copy_of(entry, "uidNumber");
	one->token = copy_of(entry, "oathTOTPToken");
	one->token_is_own = one->token != NULL && directory_dn_equal(one->token, one->dn);
	one->hotp = directory_attribute(entry, "oathHOTPToken") != NULL;
	one->is_totp_user = directory_has_class(entry, "oathTOTPUser");
	one->is_member = directory_has_class(entry, "musterMember");
	if (directory_dn_equal(entry->dn, a->dn)) {
		adopt_say(a, ADOPT_CONFLICT, entry->dn, "is a person: name the folder that persons lie in");
		return 0;
	}
	look_at_place(a, entry, id != NULL ? id : "");
	look_at_id(look, entry);
	look_at_password(look, entry);
	look->changed += directory_attribute(entry, "pwdChangedTime") != NULL;
	a->members += (size_t)one->is_member;
	if (!one->is_member) {
		look_at_state(a, entry);
		adopt_say(a, ADOPT_CHANGE, entry->dn, "becomes a member");
	}
	return 0;
}

/* --- all of them together -------------------------------------------------------------------------------------- */

struct same {
	struct adopt *a;
	const char *dn, *id;
};

static int
look_at_same(const struct directory_entry *entry, void *arg)
{
	const struct same *same = arg;

	if (!directory_dn_equal(entry->dn, same->dn))
		adopt_say(same->a, ADOPT_CONFLICT, same->dn, "the uid %s is that of %s as well: change one of them", same->id, entry->dn);
	return 0;
}

/* check_odd - IDs that are not plain ASCII, as the server compares them */
static int
check_odd(struct look *look)
{
	static const char *const none[] = { "1.1", NULL };
	struct adopt *a = look->a;
	json_t *row;
	size_t i;
	int r = 0;

	json_array_foreach(look->odd, i, row) {
		struct same same = { a, json_string_value(json_array_get(row, 0)), json_string_value(json_array_get(row, 1)) };
		char *filter = same.id != NULL ? directory_filter("(uid=%s)", same.id) : NULL;

		r = filter != NULL ? directory_search(a->s->d, a->dn, SCOPE_SUB, filter, none, look_at_same, &same) : ERR_MEMORY;
		free(filter);
		if (r != 0)
			break;
	}
	return r;
}

/* look_at_number - of somebody who is not adopted */
static int
look_at_number(const struct directory_entry *entry, void *arg)
{
	struct look *look = arg;
	const char *number = directory_value(entry, "uidNumber");
	const char *ours = number != NULL ? json_string_value(json_object_get(look->numbers, number)) : NULL;
	char *key = adopt_key(entry->dn);

	if (ours != NULL && key != NULL && json_object_get(look->a->names, key) == NULL)
		adopt_say(look->a, ADOPT_CONFLICT, ours, "its uidNumber %s is that of %s as well: hosts take them for one, change one of them",
		          number, entry->dn);
	free(key);
	return 0;
}

/* check_numbers - of who is adopted, against all of the directory */
static int
check_numbers(struct look *look)
{
	static const char *const attrs[] = { "uidNumber", NULL };
	struct adopt *a = look->a;
	size_t i, accounts = 0;

	for (i = 0; i < a->persons_len; i++) {
		const char *other = a->persons[i].number != NULL ? claim(a, look->numbers, a->persons[i].number, a->persons[i].dn) : NULL;

		accounts += a->persons[i].number != NULL;
		if (other != NULL)
			adopt_say(a, ADOPT_CONFLICT, a->persons[i].dn,
			          "its uidNumber %s is that of %s as well: hosts take them for one, change one of them", a->persons[i].number, other);
	}
	return accounts == 0 ? 0 : directory_search_paged(a->s->d, a->s->base, SCOPE_SUB, "(uidNumber=*)", attrs, look_at_number, look);
}

struct dangling {
	struct look *look;
	json_t *members; /* [[group, member], ...] that are no person of it */
};

static void
put_dangling(struct dangling *dangling, const struct directory_entry *group, const char *attribute)
{
	const struct directory_attribute *members = directory_attribute(group, attribute);
	struct adopt *a = dangling->look->a;
	size_t i;

	for (i = 0; members != NULL && i < members->values_len; i++) {
		const char *member = (const char *)members->values[i].data;
		char *key = adopt_key(member);

		if (key != NULL && json_object_get(a->names, key) == NULL && adopt_is_below(member, a->dn) &&
		    json_array_append_new(dangling->members, json_pack("[s, s]", group->dn, member)) != 0)
			a->short_of_memory = 1;
		free(key);
	}
}

/* Groups of hosts name people by uid. */
static void
look_at_uids(struct look *look, const struct directory_entry *group)
{
	const struct directory_attribute *uids = directory_attribute(group, "memberUid");
	size_t i;

	for (i = 0; uids != NULL && i < uids->values_len; i++) {
		const char *uid = (const char *)uids->values[i].data;
		char *key = adopt_small(strdup(uid));

		if (key == NULL)
			look->a->short_of_memory = 1;
		else if (json_object_get(look->ids, key) == NULL && adopt_is_below(group->dn, look->a->dn))
			adopt_say(look->a, ADOPT_NOTE, group->dn, "names the uid %s, which nobody in it has: whoever is given it is in the group at once",
			          uid);
		free(key);
	}
}

static int
look_at_group(const struct directory_entry *entry, void *arg)
{
	struct dangling *dangling = arg;

	put_dangling(dangling, entry, "member");
	put_dangling(dangling, entry, "uniqueMember");
	look_at_uids(dangling->look, entry);
	return 0;
}

/* check_groups - groups stay as they are, wherever they lie; a name in one that is free in what is adopted is told */
static int
check_groups(struct look *look)
{
	static const char *const attrs[] = { "member", "uniqueMember", "memberUid", NULL }, *const none[] = { "1.1", NULL };
	struct dangling dangling = { look, json_array() };
	struct adopt *a = look->a;
	int r = directory_search_paged(a->s->d, a->s->base, SCOPE_SUB, "(|(member=*)(uniqueMember=*)(memberUid=*))", attrs, look_at_group,
	                               &dangling);
	json_t *row;
	size_t i;

	json_array_foreach(dangling.members, i, row) {
		const char *group = json_string_value(json_array_get(row, 0)), *member = json_string_value(json_array_get(row, 1));
		struct directory_entry *entry = NULL;

		if (directory_read(a->s->d, member, none, &entry) == ERR_NOT_FOUND)
			adopt_say(a, ADOPT_NOTE, group, "names %s, which is not there: whoever is given that name is in the group at once", member);
		directory_entry_free(&entry);
	}
	json_decref(dangling.members);
	return r;
}

static int
look_at_other(const struct directory_entry *entry, void *arg)
{
	adopt_say(arg, ADOPT_NOTE, entry->dn, "has a password, is no person, and is not adopted: it is nobody's to judge but slapd's");
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

/* find_owner - the person who becomes OWNER, by its uid */
static int
find_owner(struct adopt *a)
{
	size_t i;

	if (a->owner_id == NULL)
		return 0;
	for (i = 0; i < a->persons_len && a->owner_dn == NULL; i++)
		if (a->persons[i].id != NULL && strcasecmp(a->persons[i].id, a->owner_id) == 0) {
			a->owner_dn = strdup(a->persons[i].dn);
			if (a->owner_dn == NULL)
				return ERR_MEMORY;
		}
	if (a->owner_dn == NULL)
		adopt_say(a, ADOPT_CONFLICT, a->dn, "nobody in it has the uid %s: --owner-id names who becomes its OWNER", a->owner_id);
	else if (a->is_organization && !organization_has_owner(a->root, a->owner_dn))
		adopt_say(a, ADOPT_CONFLICT, a->dn, "is an organization that has its OWNERs, and %s is none of them: leave --owner-id out",
		          a->owner_dn);
	return 0;
}

static void
note_unseen(const struct look *look)
{
	if (look->passwords == 0 && look->changed > 0)
		adopt_say(look->a, ADOPT_NOTE, look->a->dn, "stored passwords cannot be read as %s, so how they are hashed was not looked at",
		          *look->a->me != '\0' ? look->a->me : "nobody");
}

int
adopt_look(struct adopt *a)
{
	static const char *const attrs[] = { "objectClass", "uid", "mail", "userPassword", "uidNumber", "oathTOTPToken", "oathHOTPToken",
		"pwdPolicySubentry", "pwdAccountLockedTime", "pwdChangedTime", NULL }, *const none[] = { "1.1", NULL };
	struct look look = { .a = a, .ids = json_object(), .numbers = json_object(), .odd = json_array() };
	int r = directory_search_paged(a->s->d, a->dn, SCOPE_SUB, PERSONS, attrs, look_at_person, &look);

	if (r == 0)
		r = check_odd(&look);
	if (r == 0)
		r = check_numbers(&look);
	if (r == 0)
		r = check_groups(&look);
	if (r == 0)
		r = directory_search_paged(a->s->d, a->dn, SCOPE_SUB, OTHERS, none, look_at_other, a);
	if (r == 0)
		r = find_owner(a);
	note_unseen(&look);
	json_decref(look.ids);
	json_decref(look.numbers);
	json_decref(look.odd);
	if (r != 0)
		return say_failure(a->s, r, a->dn);
	if (a->persons_len == 0)
		adopt_say(a, ADOPT_CONFLICT, a->dn, "there is no person in it (inetOrgPerson, posixAccount) that you may see");
	return EXIT_DONE;
}
