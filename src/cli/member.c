/*
 * member.c - members of organizations: register, list, show, suspend, resume, unlock.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/member_facts.h"

int
person_check(const struct person *person)
{
	int status = name_check_id(person->id);

	if (status == EXIT_DONE)
		status = name_check_person("the member's name", person->name);
	if (status == EXIT_DONE)
		status = name_check_mail(person->mail);
	if (status == EXIT_DONE && person->mobile != NULL)
		status = name_check_mobile(person->mobile);
	if (status == EXIT_DONE && person->language != NULL)
		status = name_check_language(person->language);
	if (status == EXIT_DONE && person->nickname != NULL)
		status = name_check_person("the nickname", person->nickname);
	return status;
}

const char *
person_surname(const char *name)
{
	const char *last_blank = strrchr(name, ' ');

	return last_blank != NULL ? last_blank + 1 : name;
}

int
person_add(struct session *s, const char *dn, const struct person *person)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"inetOrgPerson", .len = 13 },
		{ .data = (uint8_t *)"musterMember", .len = 12 }
	};
	struct record record = { .n = 0 };

	record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
	record_put(&record, CHANGE_ADD, "uid", person->id);
	record_put(&record, CHANGE_ADD, "cn", person->name);
	/* inetOrgPerson demands a surname; nobody asked for one, so the last word has to do. */
	record_put(&record, CHANGE_ADD, "sn", person_surname(person->name));
	record_put(&record, CHANGE_ADD, "mail", person->mail);
	record_put(&record, CHANGE_ADD, "mobile", person->mobile);
	record_put(&record, CHANGE_ADD, "preferredLanguage", person->language);
	record_put(&record, CHANGE_ADD, "displayName", person->nickname);
	return record_add(s->d, dn, &record);
}

int
organization_has_owner(const struct directory_entry *org, const char *dn)
{
	const struct directory_attribute *owners = directory_attribute(org, "owner");
	size_t i;

	for (i = 0; owners != NULL && i < owners->values_len; i++) {
		if (directory_dn_equal((const char *)owners->values[i].data, dn))
			return 1;
	}
	return 0;
}

static int
make_owner(struct session *s, const char *org_dn, const char *dn)
{
	struct record record = { .n = 0 };

	record_put(&record, CHANGE_ADD, "owner", dn);
	return record_modify(s->d, org_dn, &record);
}

static int
add_to(struct session *s, const struct directory_entry *org, const struct person *person)
{
	int owner = s->args.value[OPT_OWNER] != NULL;
	char *dn = organization_member(org->dn, person->id);
	int r = dn != NULL ? person_add(s, dn, person) : ERR_MEMORY, status;

	if (r == 0 && owner) {
		r = make_owner(s, org->dn, dn);
		if (r != 0) {
			(void)say_failure(s, r, "the member could not be made an OWNER, so it was not registered");
			if (directory_delete(s->d, dn) != 0)
				say_error("%s was written and could not be taken back; delete it by hand", dn);
			free(dn);
			return r == ERR_REFUSED ? EXIT_REFUSED : EXIT_FAILED;
		}
	}
	if (r == ERR_EXISTS) {
		say_error("the ID \"%s\" is already in use in %s; choose another", person->id, org->dn);
		status = EXIT_IN_USE;
	} else if (r != 0) {
		status = say_failure(s, r, person->id);
	} else {
		status = print_done(s, json_pack("{s:s, s:s, s:s, s:s, s:b}", "dn", dn, "id", person->id, "name",
		                                 person->name, "mail", person->mail, "owner", owner),
		                    "%s%s registered; no password yet: muster password reset %s/%s",
		                    owner ? "OWNER " : "", person->id, directory_value(org, "o"), person->id);
	}
	free(dn);
	return status;
}

int
member_add(struct session *s)
{
	const struct person person = {
		.id = s->args.words[s->args.words_len - 1], .name = s->args.value[OPT_NAME],
		.mail = s->args.value[OPT_MAIL], .mobile = s->args.value[OPT_MOBILE],
		.language = s->args.value[OPT_LANGUAGE], .nickname = s->args.value[OPT_NICKNAME]
	};
	struct directory_entry *org = NULL;
	int status;

	if (person.name == NULL || person.mail == NULL) {
		say_error("--%s is missing", person.name == NULL ? "name" : "mail");
		return EXIT_USAGE;
	}
	status = person_check(&person);
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = s->args.words_len == 2 ? session_organization(s, s->args.words[0], &org)
		                                : session_only_organization(s, &org);
	if (status == EXIT_DONE)
		status = add_to(s, org, &person);
	directory_entry_free(&org);
	return status;
}

/* --- list and show ---------------------------------------------------------------------------------- */

static const char *const member_attrs[] = { "objectClass", "uid", "cn", "displayName", "mail", "mobile",
	"preferredLanguage", "musterStatus", "musterMailVerified", "pwdLastSuccess", "createTimestamp", "entryUUID",
	"pwdChangedTime", "pwdReset", NULL };

static json_t *
member_json(const struct directory_entry *entry, int owner)
{
	const char *status = directory_value(entry, "musterStatus");

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "dn", entry->dn, "id",
	                 json_attribute(entry, "uid"), "name", json_attribute(entry, "cn"), "nickname",
	                 json_attribute(entry, "displayName"), "mail", json_attribute(entry, "mail"), "mobile",
	                 json_attribute(entry, "mobile"), "language", json_attribute(entry, "preferredLanguage"),
	                 "status", status != NULL ? status : "active", "owner", owner, "mail_verified",
	                 json_time(entry, "musterMailVerified"), "last_login",
	                 json_time(entry, "pwdLastSuccess"), "registered",
	                 json_time(entry, "createTimestamp"), "uuid", json_attribute(entry, "entryUUID"));
}

struct listing {
	json_t *list;
	const struct directory_entry *org;
};

static int
list_one(const struct directory_entry *entry, void *arg)
{
	struct listing *listing = arg;

	return json_array_append_new(listing->list,
	                             member_json(entry, organization_has_owner(listing->org, entry->dn)));
}

static int
list_of(struct session *s, const struct directory_entry *org)
{
	static const struct column columns[] = { { "id", "ID" }, { "name", "NAME" }, { "mail", "MAIL" },
		{ "status", "STATUS" }, { "owner", "OWNER" }, { "last_login", "LAST LOGIN" } };
	struct listing listing = { .list = json_array(), .org = org };
	char *base = organization_people(org->dn);
	int r = ERR_MEMORY;

	if (base != NULL && listing.list != NULL)
		r = directory_search_paged(s->d, base, SCOPE_SUB, "(objectClass=musterMember)", member_attrs, list_one,
		                           &listing);
	free(base);
	if (r == 0)
		return print_list(s, listing.list, columns, sizeof(columns) / sizeof(columns[0]));
	json_decref(listing.list);
	if (r == ERR_NOT_FOUND || r == ERR_REFUSED) {
		say_error("only OWNERs and administrators may list the members of %s; your own entry: \"muster member "
		          "show WHO\"",
		          directory_value(org, "o"));
		return EXIT_REFUSED;
	}
	if (r == ERR_RANGE) {
		say_error("more members than the server gives you: an administrator raises olcLimits (size.prtotal)");
		return EXIT_FAILED;
	}
	return say_failure(s, r, "members");
}

int
member_list(struct session *s)
{
	struct directory_entry *org = NULL;
	int status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = s->args.words_len == 1 ? session_organization(s, s->args.words[0], &org)
		                                : session_only_organization(s, &org);
	if (status == EXIT_DONE)
		status = list_of(s, org);
	directory_entry_free(&org);
	return status;
}

/* An OWNER of the organization it lies in; 0 when that is not there or not to be seen. */
static int
owns_its_organization(struct session *s, const char *dn)
{
	struct directory_entry *org = NULL;
	int owner = session_organization_of(s, dn, &org) == 0 && organization_has_owner(org, dn);

	directory_entry_free(&org);
	return owner;
}

int
say_no_member(const char *dn)
{
	say_error("no member %s that you may see", dn);
	return EXIT_NOT_FOUND;
}

/* What is there of password and second factor, as words; nothing where it is not to be seen. */
static void
add_presence(struct session *s, const struct directory_entry *entry, json_t *object)
{
	struct member_facts facts;

	member_facts_presence(s, entry, &facts);
	(void)json_object_set_new(object, "password", facts.password == PASSWORD_UNKNOWN
	                                                      ? json_null()
	                                                      : json_boolean(facts.password != PASSWORD_NONE));
	(void)json_object_set_new(object, "password_set", json_time(entry, "pwdChangedTime"));
	(void)json_object_set_new(object, "must_change", json_boolean(facts.must_change));
	(void)json_object_set_new(object, "second_factor", facts.factor == FACTOR_UNKNOWN
	                                                           ? json_null()
	                                                           : json_boolean(facts.factor != FACTOR_ABSENT));
}

int
member_show(struct session *s)
{
	static const struct column columns[] = {
		{ "id", "ID" }, { "uuid", "UUID" }, { "name", "name" }, { "nickname", "nickname" }, { "mail", "mail" },
		{ "mail_verified", "mail verified" }, { "mobile", "mobile" }, { "language", "language" },
		{ "status", "status" }, { "owner", "OWNER" }, { "registered", "registered" },
		{ "last_login", "last login" }, { "password", "password" }, { "password_set", "set" },
		{ "must_change", "must be changed" }, { "second_factor", "second factor" }, { "dn", "DN" }
	};
	struct directory_entry *entry = NULL;
	char *dn = NULL;
	json_t *object;
	int r, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_dn_of_words(s, &dn);
	if (status != EXIT_DONE)
		return status;
	r = directory_read(s->d, dn, member_attrs, &entry);
	if (r != 0) {
		status = r == ERR_NOT_FOUND ? say_no_member(dn) : say_failure(s, r, dn);
	} else {
		object = member_json(entry, owns_its_organization(s, dn));
		if (object != NULL)
			add_presence(s, entry, object);
		status = print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
	}
	directory_entry_free(&entry);
	free(dn);
	return status;
}

/* member_change - carry out one change of a member and say what it is now */
static int
member_change(struct session *s, const struct record *record, const char *is)
{
	char *dn = NULL;
	int r, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_dn_of_words(s, &dn);
	if (status != EXIT_DONE)
		return status;
	r = record_modify(s->d, dn, record);
	if (r == ERR_NOT_FOUND)
		status = say_no_member(dn);
	else if (r != 0)
		status = say_failure(s, r, dn);
	else
		status = print_done(s, json_pack("{s:s, s:s}", "dn", dn, "status", is), "%s is %s", dn, is);
	free(dn);
	return status;
}

static int
set_status(struct session *s, const char *value)
{
	struct record record = { .n = 0 };

	record_put(&record, CHANGE_REPLACE, "musterStatus", value);
	return member_change(s, &record, value);
}

int
member_suspend(struct session *s)
{
	return set_status(s, "suspended");
}

int
member_resume(struct session *s)
{
	return set_status(s, "active");
}

int
member_unlock(struct session *s)
{
	struct record record = { .n = 0 };

	/* Replaced with nothing, which is right whether or not there is a lock: the delays of failed tries end too. */
	record_put_values(&record, CHANGE_REPLACE, "pwdAccountLockedTime", NULL, 0);
	return member_change(s, &record, "unlocked");
}

/* check_there - the server's refusal would not say which of the reasons it has */
static int
check_there(struct session *s, const char *dn)
{
	static const char *const none[] = { "1.1", NULL };
	struct directory_entry *entry = NULL;
	int r = directory_read(s->d, dn, none, &entry);

	directory_entry_free(&entry);
	if (r == ERR_NOT_FOUND)
		return say_no_member(dn);
	return r != 0 ? say_failure(s, r, dn) : EXIT_DONE;
}

/* organization_of - the one whose OWNER a member may be */
static int
organization_of(struct session *s, const char *dn, struct directory_entry **org_out)
{
	int r = session_organization_of(s, dn, org_out);

	if (r == ERR_NOT_FOUND) {
		say_error("%s lies in no organization that you may see: OWNERs are members of one", dn);
		return EXIT_USAGE;
	}
	return r == 0 ? EXIT_DONE : say_failure(s, r, dn);
}

/* set_owner - add a member to the OWNERs of the organization it lies in, or take it away */
static int
set_owner(struct session *s, enum directory_change_op op, const char *done)
{
	char *dn = NULL;
	struct directory_entry *org = NULL;
	struct record record = { .n = 0 };
	int r, status = session_bind(s);

	if (status == EXIT_DONE)
		status = who_dn_of_words(s, &dn);
	if (status == EXIT_DONE)
		status = organization_of(s, dn, &org);
	if (status == EXIT_DONE && op == CHANGE_ADD)
		status = check_there(s, dn);
	if (status == EXIT_DONE && organization_has_owner(org, dn) == (op == CHANGE_ADD)) {
		status = print_done(s, json_pack("{s:s, s:b}", "dn", dn, "owner", op == CHANGE_ADD), "%s %s already", dn, done);
	} else if (status == EXIT_DONE) {
		record_put(&record, op, "owner", dn);
		r = record_modify(s->d, org->dn, &record);
		status = r != 0 ? say_failure(s, r, dn)
		                : print_done(s, json_pack("{s:s, s:b}", "dn", dn, "owner", op == CHANGE_ADD), "%s %s", dn, done);
	}
	directory_entry_free(&org);
	free(dn);
	return status;
}

int
member_promote(struct session *s)
{
	return set_owner(s, CHANGE_ADD, "is an OWNER");
}

int
member_demote(struct session *s)
{
	return set_owner(s, CHANGE_DELETE, "is no OWNER");
}
