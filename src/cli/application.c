/*
 * application.c - required information of a platform member: the member applies for a change, with documents that
 *                 prove it, and withdraws what is not decided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/application.h"
#include "core/application.h"
#include "core/facts.h"

#define NAME_TRIES 3

static const struct {
	enum option_id option;
	enum application_field field;
} fields[] = {
	{ OPT_NAME, APPLICATION_NAME },
	{ OPT_SURNAME, APPLICATION_SURNAME },
	{ OPT_GIVEN_NAME, APPLICATION_GIVEN_NAME },
	{ OPT_TYPE, APPLICATION_MEMBER_TYPE },
	{ OPT_BUSINESS_NAME, APPLICATION_BUSINESS_NAME },
	{ OPT_REGISTRATION_NUMBER, APPLICATION_REGISTRATION_NUMBER },
	{ OPT_COUNTRY, APPLICATION_COUNTRY },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

_Static_assert(FIELDS == APPLICATION_FIELDS, "everything that is applied for has an option");

/* What is filed. */
struct filing {
	char changes[FIELDS][APPLICATION_CHANGE_MAX + 1];
	struct directory_value values[FIELDS]; /* of the changes */
	size_t changes_len;
	struct document *documents[APPLICATION_DOCUMENTS_MAX];
	int documents_len;
};

/* --- which one ----------------------------------------------------------------------------------------- */

int
application_bind(struct session *s)
{
	int status = session_bind(s);

	return status == EXIT_DONE ? session_base(s) : status;
}

int
application_dn(struct session *s, const char *id, char **dn_out)
{
	*dn_out = NULL;
	if (application_name_check(id, strlen(id)) != 0) {
		say_error("an application's ID is letters, digits, - and _; \"muster application list\" shows it");
		return EXIT_USAGE;
	}
	*dn_out = directory_dn("cn=%s,ou=applications,%D", id, s->base);
	return *dn_out != NULL ? EXIT_DONE : say_failure(s, ERR_MEMORY, id);
}

int
application_failure(struct session *s, int r, const char *id)
{
	if (r != ERR_NOT_FOUND)
		return say_failure(s, r, id);
	say_error("no application \"%s\" that you may see; \"muster application list\" lists them", id);
	return EXIT_NOT_FOUND;
}

int
application_read(struct session *s, const char *id, char **dn_out, struct directory_entry **entry_out)
{
	static const char *const attrs[] = { "*", "+", NULL };
	int r, status;

	*dn_out = NULL;
	*entry_out = NULL;
	status = application_bind(s);
	if (status == EXIT_DONE)
		status = application_dn(s, id, dn_out);
	if (status != EXIT_DONE)
		return status;
	r = directory_read(s->d, *dn_out, attrs, entry_out);
	return r == 0 ? EXIT_DONE : application_failure(s, r, id);
}

/* --- file ------------------------------------------------------------------------------------------------ */

static int
say_missing(void)
{
	say_error("say what is to change, like --business-name \"Acme Ltd.\"; \"muster application file --help\" lists it");
	return EXIT_USAGE;
}

/* without_attribute - what is wrong with a value, for people who gave an option and not "attribute: value" */
static const char *
without_attribute(const char *wrong, enum application_field field)
{
	const char *attribute = application_field_attribute(field);
	size_t len = strlen(attribute);

	return strncmp(wrong, attribute, len) == 0 && strncmp(wrong + len, ": ", 2) == 0 ? wrong + len + 2 : wrong;
}

/* take_changes - each as the directory stores it, looked at by the rules it has for them */
static int
take_changes(const struct session *s, struct filing *filing)
{
	char wrong[APPLICATION_TEXT_MAX];
	struct application_value value;
	enum application_field field;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const char *text = s->args.value[fields[i].option];
		char *change = filing->changes[filing->changes_len];
		int len;

		if (text == NULL)
			continue;
		len = snprintf(change, sizeof(filing->changes[0]), "%s: %s", application_field_attribute(fields[i].field), text);
		if (len < 0 || (size_t)len >= sizeof(filing->changes[0]) ||
		    application_change_parse(change, (size_t)len, &field, &value, wrong) != 0) {
			say_error("--%s: %s", option_find_id(fields[i].option)->name,
			          len >= 0 && (size_t)len < sizeof(filing->changes[0]) ? without_attribute(wrong, fields[i].field)
			                                                               : "this is too long");
			return EXIT_USAGE;
		}
		filing->values[filing->changes_len++] = (struct directory_value){ .data = (uint8_t *)change, .len = (size_t)len };
	}
	return filing->changes_len > 0 ? EXIT_DONE : say_missing();
}

static int
take_documents(const char *const *paths, int n, struct filing *filing)
{
	int status = EXIT_DONE;

	if (n > APPLICATION_DOCUMENTS_MAX) {
		say_error("an application has at most %d documents", APPLICATION_DOCUMENTS_MAX);
		return EXIT_USAGE;
	}
	while (filing->documents_len < n && status == EXIT_DONE) {
		status = document_read(paths[filing->documents_len], &filing->documents[filing->documents_len]);
		if (status == EXIT_DONE)
			filing->documents_len++;
	}
	return status;
}

static void
filing_free(struct filing *filing)
{
	while (filing->documents_len > 0)
		document_free(&filing->documents[--filing->documents_len]);
}

static int
check_note(const char *note)
{
	const char *wrong = note != NULL ? fact_check(FACT_NAME, note, strlen(note)) : NULL;

	if (wrong == NULL)
		return EXIT_DONE;
	say_error("--note: %s", wrong);
	return EXIT_USAGE;
}

static int
add_application(struct session *s, const struct filing *filing, char id[APPLICATION_NAME_MAX + 1], char **dn_out)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"applicationProcess", .len = 18 },
		{ .data = (uint8_t *)"musterApplication", .len = 17 }
	};
	int r = ERR_EXISTS, tries;

	*dn_out = NULL;
	for (tries = 0; tries < NAME_TRIES && r == ERR_EXISTS; tries++) {
		struct record record = { .n = 0 };

		id_make("", id);
		free(*dn_out);
		*dn_out = directory_dn("cn=%s,ou=applications,%D", id, s->base);
		if (*dn_out == NULL)
			return ERR_MEMORY;
		record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
		record_put(&record, CHANGE_ADD, "cn", id);
		record_put_values(&record, CHANGE_ADD, "musterApplicationChange", filing->values, filing->changes_len);
		record_put(&record, CHANGE_ADD, "description", s->args.value[OPT_NOTE]);
		r = record_add(s->d, *dn_out, &record);
	}
	return r;
}

/* send - the application and its documents, or nothing */
static int
send(struct session *s, const struct filing *filing)
{
	char id[APPLICATION_NAME_MAX + 1], *dn = NULL;
	int i, status, r = add_application(s, filing, id, &dn);

	if (r != 0) {
		status = say_failure(s, r, "the application was not filed");
		free(dn);
		return status;
	}
	for (i = 0; i < filing->documents_len && r == 0; i++)
		r = document_add(s, dn, i + 1, filing->documents[i]);
	if (r != 0) {
		status = say_failure(s, r, "a document was not taken, so nothing is filed");
		if (directory_delete(s->d, dn) != 0)
			say_error("application %s was filed and could not be taken back: muster application withdraw %s", id, id);
	} else {
		status = print_done(s, json_pack("{s:s, s:s, s:i, s:s}", "id", id, "dn", dn, "documents", filing->documents_len,
		                                 "state", "filed"),
		                    "application %s is filed, with %d document%s; you will get a mail when it is decided", id,
		                    filing->documents_len, filing->documents_len == 1 ? "" : "s");
	}
	free(dn);
	return status;
}

int
application_file(struct session *s)
{
	struct filing filing = { .changes_len = 0 };
	int status = take_changes(s, &filing);

	if (status == EXIT_DONE)
		status = check_note(s->args.value[OPT_NOTE]);
	if (status == EXIT_DONE)
		status = take_documents(s->args.repeated, s->args.repeated_len, &filing);
	if (status == EXIT_DONE)
		status = application_bind(s);
	if (status == EXIT_DONE)
		status = send(s, &filing);
	filing_free(&filing);
	return status;
}

/* --- attach ------------------------------------------------------------------------------------------------ */

/* next_number - the first that no document has from there on; past the last one when nobody can tell */
static int
next_number(const json_t *documents, int from)
{
	char name[16];
	const json_t *one;
	size_t i;
	int used = 1;

	for (; used && from <= APPLICATION_DOCUMENTS_MAX; from += used) {
		snprintf(name, sizeof(name), "%d", from);
		used = 0;
		json_array_foreach(documents, i, one) {
			const char *id = json_string_value(json_object_get(one, "id"));

			used |= id != NULL && strcmp(id, name) == 0;
		}
	}
	return from;
}

static int
attach(struct session *s, const char *id, const char *dn, const struct filing *filing)
{
	json_t *documents = NULL;
	int i, number = 0, r = 0, status = documents_json(s, id, dn, &documents);

	if (status != EXIT_DONE)
		return status;
	for (i = 0; i < filing->documents_len && r == 0; i++) {
		number = next_number(documents, number + 1);
		r = document_add(s, dn, number, filing->documents[i]);
	}
	json_decref(documents);
	if (r != 0 && i > 1)
		say_note("%d of %d documents were added before this", i - 1, filing->documents_len);
	if (r != 0)
		return application_failure(s, r, id);
	return print_done(s, json_pack("{s:s, s:i}", "id", id, "added", filing->documents_len),
	                  "application %s has %d more document%s", id, filing->documents_len,
	                  filing->documents_len == 1 ? "" : "s");
}

int
application_attach(struct session *s)
{
	struct filing filing = { .changes_len = 0 };
	const char *id = s->args.words[0];
	char *dn = NULL;
	int status = take_documents(s->args.words + 1, s->args.words_len - 1, &filing);

	if (status == EXIT_DONE)
		status = application_bind(s);
	if (status == EXIT_DONE)
		status = application_dn(s, id, &dn);
	if (status == EXIT_DONE)
		status = attach(s, id, dn, &filing);
	filing_free(&filing);
	free(dn);
	return status;
}

/* --- withdraw ------------------------------------------------------------------------------------------------ */

int
application_withdraw(struct session *s)
{
	const char *id = s->args.words[0];
	char *dn = NULL;
	int r, status = application_bind(s);

	if (status == EXIT_DONE)
		status = application_dn(s, id, &dn);
	if (status == EXIT_DONE && s->args.words_len > 1) {
		status = document_delete(s, id, dn, s->args.words[1]);
	} else if (status == EXIT_DONE) {
		r = directory_delete(s->d, dn);
		status = r != 0 ? application_failure(s, r, id)
		                : print_done(s, json_pack("{s:s, s:s}", "id", id, "state", "withdrawn"),
		                             "application %s is withdrawn, and its documents are gone", id);
	}
	free(dn);
	return status;
}
