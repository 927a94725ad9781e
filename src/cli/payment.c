/*
 * payment.c - payment methods of a platform member: add one by what the payment provider's page gave, look at them, remove one.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/application.h"
#include "core/card.h"
#include "core/payment.h"

#define KIND_DEFAULT "card"
#define PREFIX "pay-"

/* --- which one ---------------------------------------------------------------------------------------- */

/* The member that words name. Bound; *dn_out is freed by the caller, also on failure. */
static int
bind_member(struct session *s, char **dn_out)
{
	int status = session_bind(s);

	*dn_out = NULL;
	return status == EXIT_DONE ? who_dn_of_words(s, dn_out) : status;
}

/* The method that an ID names, of the member that words name. */
static int
method_dn(struct session *s, const char *id, char **dn_out)
{
	char *member = NULL;
	int status;

	*dn_out = NULL;
	if (application_name_check(id, strlen(id)) != 0) {
		say_error("a payment method's ID is letters, digits, - and _; \"muster payment list\" shows it");
		return EXIT_USAGE;
	}
	status = bind_member(s, &member);
	if (status == EXIT_DONE) {
		*dn_out = directory_dn("cn=%s,%D", id, member);
		if (*dn_out == NULL)
			status = say_failure(s, ERR_MEMORY, id);
	}
	free(member);
	return status;
}

static int
say_method_failure(struct session *s, int r, const char *id)
{
	if (r != ERR_NOT_FOUND)
		return say_failure(s, r, id);
	say_error("no payment method \"%s\" that you may see; \"muster payment list\" lists them", id);
	return EXIT_NOT_FOUND;
}

/* --- add ------------------------------------------------------------------------------------------------ */

/* check_kind - what the directory would refuse is told before anybody is asked; whether it is a business it knows */
static int
check_kind(const char *kind)
{
	const char *wrong = payment_kind_wrong(kind, strlen(kind), 1);

	if (wrong == NULL)
		return EXIT_DONE;
	say_error("--kind: %s", wrong);
	return EXIT_USAGE;
}

/* ask_reference - a number of a card stays here */
static int
ask_reference(struct secret **reference_out)
{
	int status = prompt_secret("Reference, as the payment provider's page gave it: ", reference_out);

	if (status != EXIT_DONE || !card_number_in((const char *)(*reference_out)->data, (*reference_out)->len))
		return status;
	secret_free(reference_out);
	say_error("this looks like the full number of a card: type it on the payment provider's page, and here what that page gives");
	return EXIT_USAGE;
}

static int
add_method(struct session *s, const char *member, const char *kind, const struct secret *reference)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"applicationProcess", .len = 18 },
		{ .data = (uint8_t *)"musterPaymentMethod", .len = 19 }
	};
	const struct directory_value value = { .data = reference->data, .len = reference->len };
	char id[APPLICATION_NAME_MAX + 1], *dn;
	struct record record = { .n = 0 };
	int r, status;

	id_make(PREFIX, id);
	dn = directory_dn("cn=%s,%D", id, member);
	if (dn == NULL)
		return say_failure(s, ERR_MEMORY, member);
	record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
	record_put(&record, CHANGE_ADD, "cn", id);
	record_put(&record, CHANGE_ADD, "musterPaymentKind", kind);
	record_put_values(&record, CHANGE_ADD, "musterPaymentReference", &value, 1);
	r = record_add(s->d, dn, &record);
	status = r != 0 ? say_failure(s, r, "the payment method was not added")
	                : print_done(s, json_pack("{s:s, s:s, s:s}", "id", id, "dn", dn, "state", "pending"),
	                             "payment method %s is being checked with the payment provider: muster payment show %s", id, id);
	free(dn);
	return status;
}

int
payment_add(struct session *s)
{
	const char *kind = s->args.value[OPT_KIND] != NULL ? s->args.value[OPT_KIND] : KIND_DEFAULT;
	struct secret *reference = NULL;
	char *member = NULL;
	int status = check_kind(kind);

	if (status == EXIT_DONE)
		status = bind_member(s, &member);
	if (status == EXIT_DONE)
		status = ask_reference(&reference);
	if (status == EXIT_DONE)
		status = add_method(s, member, kind, reference);
	secret_free(&reference);
	free(member);
	return status;
}

/* --- list and show -------------------------------------------------------------------------------------- */

static const char *const shown[] = { "cn", "musterPaymentKind", "musterPaymentState", "musterPaymentBrand", "musterPaymentLastFour",
	"musterPaymentExpiry", "musterPaymentUrl", "musterPaymentReason", "description", "createTimestamp", NULL };

static json_t *
payment_json(const struct directory_entry *entry)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "id", json_attribute(entry, "cn"), "kind",
	                 json_attribute(entry, "musterPaymentKind"), "state", json_attribute(entry, "musterPaymentState"), "brand",
	                 json_attribute(entry, "musterPaymentBrand"), "last_four", json_attribute(entry, "musterPaymentLastFour"),
	                 "expiry", json_attribute(entry, "musterPaymentExpiry"), "authenticate_at",
	                 json_attribute(entry, "musterPaymentUrl"), "reason", json_attribute(entry, "musterPaymentReason"), "note",
	                 json_attribute(entry, "description"), "added", json_time(entry, "createTimestamp"), "dn", entry->dn);
}

static int
list_one(const struct directory_entry *entry, void *list)
{
	return json_array_append_new(list, payment_json(entry));
}

int
payment_list(struct session *s)
{
	static const struct column columns[] = { { "id", "ID" }, { "kind", "KIND" }, { "state", "STATE" }, { "brand", "BRAND" },
		{ "last_four", "LAST FOUR" }, { "expiry", "EXPIRY" } };
	json_t *list = json_array();
	char *member = NULL;
	int r, status = bind_member(s, &member);

	if (status == EXIT_DONE) {
		r = list == NULL ? ERR_MEMORY
		                 : directory_search_paged(s->d, member, SCOPE_ONE, "(objectClass=musterPaymentMethod)", shown, list_one, list);
		status = r != 0 ? say_failure(s, r, "payment methods")
		                : print_list(s, json_incref(list), columns, sizeof(columns) / sizeof(columns[0]));
	}
	json_decref(list);
	free(member);
	return status;
}

int
payment_show(struct session *s)
{
	static const struct column columns[] = { { "id", "ID" }, { "kind", "kind" }, { "state", "state" }, { "brand", "brand" },
		{ "last_four", "last four" }, { "expiry", "expiry" }, { "authenticate_at", "authenticate at" }, { "reason", "reason" },
		{ "note", "note" }, { "added", "added" } };
	struct directory_entry *entry = NULL;
	const char *id = words_take(s);
	char *dn = NULL;
	int r, status = method_dn(s, id, &dn);

	if (status == EXIT_DONE) {
		r = directory_read(s->d, dn, shown, &entry);
		status = r != 0 ? say_method_failure(s, r, id)
		                : print_object(s, payment_json(entry), columns, sizeof(columns) / sizeof(columns[0]));
	}
	directory_entry_free(&entry);
	free(dn);
	return status;
}

/* --- remove --------------------------------------------------------------------------------------------- */

int
payment_remove(struct session *s)
{
	const char *id = words_take(s);
	char *dn = NULL;
	int r, status = method_dn(s, id, &dn);

	if (status == EXIT_DONE) {
		r = directory_delete(s->d, dn);
		status = r != 0 ? say_method_failure(s, r, id)
		                : print_done(s, json_pack("{s:s, s:b}", "id", id, "removed", 1), "payment method %s is removed", id);
	}
	free(dn);
	return status;
}
