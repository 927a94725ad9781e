/*
 * application_show.c - applications as members and operators look at them.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/application.h"

/* The login that a DN names; the DN itself when it names none: that of a member who is gone, of an administrator. */
static json_t *
login_of(const char *dn)
{
	char *type = NULL, *value = NULL;
	json_t *login = NULL;

	if (dn != NULL && directory_dn_rdn(dn, &type, &value) == 0 && strcasecmp(type, "uid") == 0)
		login = json_text(value);
	free(type);
	free(value);
	return login != NULL ? login : json_text(dn);
}

static json_t *
all_values(const struct directory_entry *entry, const char *name)
{
	const struct directory_attribute *a = directory_attribute(entry, name);
	json_t *list = json_array();
	size_t i;

	for (i = 0; a != NULL && i < a->values_len; i++)
		(void)json_array_append_new(list, json_text((const char *)a->values[i].data));
	return list;
}

static json_t *
application_json(const struct directory_entry *entry)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "id", json_attribute(entry, "cn"), "state",
	                 json_attribute(entry, "musterApplicationState"), "member",
	                 login_of(directory_value(entry, "musterApplicant")), "changes",
	                 all_values(entry, "musterApplicationChange"), "before", all_values(entry, "musterApplicationBefore"),
	                 "note", json_attribute(entry, "description"), "filed", json_time(entry, "createTimestamp"), "decided",
	                 json_time(entry, "musterApplicationDecided"), "decided_by",
	                 login_of(directory_value(entry, "musterApplicationDecidedBy")), "reason",
	                 json_attribute(entry, "musterApplicationReason"), "dn", entry->dn);
}

/* --- list --------------------------------------------------------------------------------------------------- */

static int
list_one(const struct directory_entry *entry, void *list)
{
	return json_array_append_new(list, application_json(entry));
}

/* list_filter - NULL: memory, or a state that there is not, which is told. To be freed. */
static char *
list_filter(struct session *s)
{
	const char *state = s->args.value[OPT_STATE];

	if (state == NULL)
		return directory_filter("(objectClass=musterApplication)");
	if (strcmp(state, "filed") != 0 && strcmp(state, "approved") != 0 && strcmp(state, "rejected") != 0) {
		say_error("--state is filed, approved or rejected");
		return NULL;
	}
	return directory_filter("(&(objectClass=musterApplication)(musterApplicationState=%s))", state);
}

int
application_list(struct session *s)
{
	static const char *const attrs[] = { "cn", "createTimestamp", "musterApplicant", "musterApplicationState",
		"musterApplicationChange", "musterApplicationBefore", "description", "musterApplicationDecided",
		"musterApplicationDecidedBy", "musterApplicationReason", NULL };
	static const struct column columns[] = { { "id", "ID" }, { "state", "STATE" }, { "member", "MEMBER" },
		{ "filed", "FILED" }, { "changes", "CHANGES" } };
	char *filter = list_filter(s), *base = NULL;
	json_t *list = NULL;
	int r = ERR_MEMORY, status;

	if (filter == NULL)
		return EXIT_USAGE;
	status = application_bind(s);
	if (status == EXIT_DONE) {
		base = directory_dn("ou=applications,%D", s->base);
		list = json_array();
		if (base != NULL && list != NULL)
			r = directory_search_paged(s->d, base, SCOPE_ONE, filter, attrs, list_one, list);
		if (r == 0) {
			status = print_list(s, list, columns, sizeof(columns) / sizeof(columns[0]));
		} else {
			json_decref(list);
			status = say_failure(s, r, "applications");
		}
	}
	free(base);
	free(filter);
	return status;
}

/* --- show --------------------------------------------------------------------------------------------------- */

/* Documents are a line each in text, as they are objects in JSON. */
static void
print_documents(const struct session *s, const json_t *documents)
{
	const json_t *one;
	size_t i;

	if (s->args.value[OPT_JSON] != NULL)
		return;
	json_array_foreach(documents, i, one) {
		const char *note = json_string_value(json_object_get(one, "note")),
			   *hash = json_string_value(json_object_get(one, "sha256")),
			   *id = json_string_value(json_object_get(one, "id")),
			   *type = json_string_value(json_object_get(one, "type"));

		print_plain("%-16s %s, %s%s%s%s, SHA-256 %s", "document", id != NULL ? id : "?", type != NULL ? type : "?",
		            note != NULL ? ", " : "", note != NULL ? note : "",
		            json_is_true(json_object_get(one, "kept")) ? "" : ", content deleted", hash != NULL ? hash : "?");
	}
}

int
application_show(struct session *s)
{
	static const struct column columns[] = { { "id", "ID" }, { "state", "state" }, { "member", "member" },
		{ "changes", "asks for" }, { "before", "instead of" }, { "note", "note" }, { "filed", "filed" },
		{ "decided", "decided" }, { "decided_by", "by" }, { "reason", "reason" } };
	struct directory_entry *entry = NULL;
	json_t *object, *documents = NULL;
	char *dn = NULL;
	int status = application_read(s, s->args.words[0], &dn, &entry);

	if (status == EXIT_DONE)
		status = documents_json(s, s->args.words[0], dn, &documents);
	if (status == EXIT_DONE) {
		object = application_json(entry);
		if (object != NULL)
			(void)json_object_set(object, "documents", documents);
		status = print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
	}
	if (status == EXIT_DONE)
		print_documents(s, documents);
	json_decref(documents);
	directory_entry_free(&entry);
	free(dn);
	return status;
}
