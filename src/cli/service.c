/*
 * service.c - services that an organization uses: each has an access URL, which the server makes from the organization's domain.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct column columns[] = { { "service", "SERVICE" }, { "title", "TITLE" }, { "access_url", "ACCESS URL" } };
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static json_t *
service_json(const struct directory_entry *entry)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "dn", entry->dn, "service", json_attribute(entry, "cn"), "title",
	                 json_attribute(entry, "displayName"), "access_url", json_attribute(entry, "labeledURI"));
}

static int
list_one(const struct directory_entry *entry, void *arg)
{
	return json_array_append_new(arg, service_json(entry));
}

int
service_list_json(struct session *s, const struct directory_entry *org, json_t **list_out)
{
	static const char *const attrs[] = { "cn", "displayName", "labeledURI", NULL };
	char *base = directory_dn("ou=services,%D", org->dn);
	json_t *list = json_array();
	int r = ERR_MEMORY;

	*list_out = NULL;
	if (base != NULL && list != NULL)
		r = directory_search(s->d, base, SCOPE_ONE, "(objectClass=musterService)", attrs, list_one, list);
	free(base);
	/* An organization may have no folder for them. */
	if (r == 0 || r == ERR_NOT_FOUND) {
		*list_out = list;
		return 0;
	}
	json_decref(list);
	return r;
}

/* begin - bound, and the organization of the first word */
static int
begin(struct session *s, struct directory_entry **org_out)
{
	int status = session_bind(s);

	*org_out = NULL;
	return status == EXIT_DONE ? session_organization(s, s->args.words[0], org_out) : status;
}

int
service_list(struct session *s)
{
	struct directory_entry *org = NULL;
	json_t *list = NULL;
	int r, status = begin(s, &org);

	if (status != EXIT_DONE)
		return status;
	r = service_list_json(s, org, &list);
	directory_entry_free(&org);
	return r != 0 ? say_failure(s, r, "services") : print_list(s, list, columns, COLUMNS);
}

/* What is done to one service, and how it is told. */
typedef int service_change(struct session *s, const char *dn);

static int
add_entry(struct session *s, const char *dn)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"applicationProcess", .len = 18 }, { .data = (uint8_t *)"musterService", .len = 13 }
	};
	struct record record = { .n = 0 };

	record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
	record_put(&record, CHANGE_ADD, "cn", s->args.words[1]);
	record_put(&record, CHANGE_ADD, "displayName", s->args.value[OPT_TITLE]);
	return record_add(s->d, dn, &record);
}

static int
rename_entry(struct session *s, const char *dn)
{
	struct record record = { .n = 0 };

	record_put(&record, CHANGE_REPLACE, "displayName", s->args.value[OPT_TITLE]);
	return record_modify(s->d, dn, &record);
}

static int
remove_entry(struct session *s, const char *dn)
{
	return directory_delete(s->d, dn);
}

/* show_one - the service as it is now, its access URL above all */
static int
show_one(struct session *s, const char *dn)
{
	static const char *const attrs[] = { "cn", "displayName", "labeledURI", NULL };
	struct directory_entry *entry = NULL;
	int status, r = directory_read(s->d, dn, attrs, &entry);

	status = r != 0 ? say_failure(s, r, dn) : print_object(s, service_json(entry), columns, COLUMNS);
	directory_entry_free(&entry);
	return status;
}

static int
change(struct session *s, service_change *carry_out, int stays)
{
	struct directory_entry *org = NULL;
	const char *service = s->args.words[1];
	char *dn = NULL;
	int r = ERR_MEMORY, status = begin(s, &org);

	if (status != EXIT_DONE)
		return status;
	dn = directory_dn("cn=%s,ou=services,%D", service, org->dn);
	if (dn != NULL)
		r = carry_out(s, dn);
	if (r == ERR_NOT_FOUND) {
		say_error("%s has no service %s: \"muster service list %s\" shows those it has", s->args.words[0], service,
		          s->args.words[0]);
		status = EXIT_NOT_FOUND;
	} else if (r != 0) {
		status = say_failure(s, r, service);
	} else if (stays) {
		status = show_one(s, dn);
	} else {
		status = print_done(s, json_pack("{s:s, s:s}", "dn", dn, "service", service), "service %s is removed from %s", service,
		                    s->args.words[0]);
	}
	free(dn);
	directory_entry_free(&org);
	return status;
}

int
service_add(struct session *s)
{
	return change(s, add_entry, 1);
}

int
service_rename(struct session *s)
{
	if (s->args.value[OPT_TITLE] == NULL) {
		say_error("--title is missing: %s", option_find_id(OPT_TITLE)->help);
		return EXIT_USAGE;
	}
	return change(s, rename_entry, 1);
}

int
service_remove(struct session *s)
{
	return change(s, remove_entry, 0);
}
