/*
 * app_password.c - passwords of programs: make one, list them, revoke one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "core/apppw.h"

#define ATTRIBUTE "musterAppPassword"
#define ATTRIBUTE_USED "musterAppPasswordUsed"

/* --- add ------------------------------------------------------------------------------------------------ */

static int
check_request(const struct session *s, const char *label)
{
	struct network network;
	int i;

	if (apppw_label_check(label, strlen(label)) != 0) {
		say_error("LABEL says which program it is for: 1 to %d characters, no blank at its ends", APPPW_LABEL_MAX);
		return EXIT_USAGE;
	}
	if (s->args.repeated_len > APPPW_NETWORKS_MAX) {
		say_error("at most %d networks", APPPW_NETWORKS_MAX);
		return EXIT_USAGE;
	}
	for (i = 0; i < s->args.repeated_len; i++) {
		if (network_parse(s->args.repeated[i], strlen(s->args.repeated[i]), &network) != 0) {
			say_error("--network: \"%s\" is no network; use 192.0.2.0/24 or 2001:db8::/32, no bits behind the prefix set",
			          s->args.repeated[i]);
			return EXIT_USAGE;
		}
	}
	return EXIT_DONE;
}

/* Printed as it is: only what this server makes. */
static int
show_new(struct session *s, const char *id, const struct secret *text)
{
	if (strlen(id) != APPPW_ID_LEN || !apppw_looks_like(text->data, text->len))
		return say_failure(s, ERR_PROTO, "the app password");
	if (s->args.value[OPT_JSON] != NULL) {
		printf("{\"id\": \"%s\", \"app_password\": \"%s\"}\n", id, (const char *)text->data);
		return EXIT_DONE;
	}
	printf("Give this to the program in place of the password. It is shown this once:\n\n  %s\n\n"
	       "When the program is not used any more: muster app-password revoke %s\n",
	       (const char *)text->data, id);
	return EXIT_DONE;
}

static int
send_new(struct session *s, const struct directory_target *target, const char *label, const struct secret *password)
{
	const char *const *networks = s->args.repeated;
	size_t n = (size_t)s->args.repeated_len;
	struct secret *code = NULL, *text = NULL;
	enum factor_state state;
	char *id = NULL;
	int r, status = EXIT_DONE;

	r = directory_new_app_password(s->d, target, password, NULL, label, networks, n, &id, &text, &state);
	if (r == ERR_REFUSED && state == FACTOR_CODE_REQUIRED) {
		status = prompt_secret("One-time code: ", &code);
		if (status == EXIT_DONE)
			r = directory_new_app_password(s->d, target, password, code, label, networks, n, &id, &text, &state);
		secret_free(&code);
	}
	if (status == EXIT_DONE && r == ERR_REFUSED) {
		say_error("the password or the code is wrong; no app password was made");
		status = EXIT_REFUSED;
	} else if (status == EXIT_DONE) {
		status = r != 0 ? say_failure(s, r, "no app password was made") : show_new(s, id, text);
	}
	secret_free(&text);
	free(id);
	return status;
}

int
app_password_add(struct session *s)
{
	const char *label = words_take(s);
	struct directory_target target;
	struct secret *password = NULL;
	struct who who = { .dn = NULL };
	int status = check_request(s, label);

	if (status == EXIT_DONE)
		status = who_parse_words(s, &who);
	if (status == EXIT_DONE)
		who_target(&who, &target);
	if (status == EXIT_DONE)
		status = session_connect(s);
	if (status == EXIT_DONE)
		status = prompt_secret("Password: ", &password);
	if (status == EXIT_DONE)
		status = send_new(s, &target, label, password);
	secret_free(&password);
	who_free(&who);
	return status;
}

/* --- list and revoke ------------------------------------------------------------------------------------ */

/* Bound as -D or EXTERNAL says, and the entry of the member. Both out values are freed by the caller. */
static int
read_member(struct session *s, char **dn_out, struct directory_entry **entry_out)
{
	static const char *const attrs[] = { ATTRIBUTE, ATTRIBUTE_USED, NULL };
	int r, status;

	*dn_out = NULL;
	*entry_out = NULL;
	status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_dn_of_words(s, dn_out);
	if (status != EXIT_DONE)
		return status;
	r = directory_read(s->d, *dn_out, attrs, entry_out);
	if (r == ERR_NOT_FOUND) {
		say_error("no member %s that you may see", *dn_out);
		return EXIT_NOT_FOUND;
	}
	return r == 0 ? EXIT_DONE : say_failure(s, r, *dn_out);
}

/* 2026-11-21T05:14:36Z */
static json_t *
json_unix(int64_t when)
{
	time_t seconds = (time_t)when;
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *
json_used(const struct directory_entry *entry, const char *id)
{
	const struct directory_attribute *used = directory_attribute(entry, ATTRIBUTE_USED);
	char one[APPPW_ID_LEN + 1];
	int64_t when, last = -1;
	size_t i;

	for (i = 0; used != NULL && i < used->values_len; i++) {
		if (apppw_used_parse((const char *)used->values[i].data, used->values[i].len, one, &when) == 0 &&
		    strcmp(one, id) == 0 && when > last)
			last = when;
	}
	return last >= 0 ? json_unix(last) : json_null();
}

/* An array of texts, empty for everywhere. On a terminal that is said. */
static json_t *
json_networks(struct session *s, const struct apppw *pw)
{
	json_t *list = json_array();
	char text[NETWORK_TEXT_MAX];
	size_t i;

	for (i = 0; i < pw->networks_len; i++) {
		network_format(&pw->networks[i], text);
		if (json_array_append_new(list, json_string(text)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	if (pw->networks_len > 0 || s->args.value[OPT_JSON] != NULL)
		return list;
	json_decref(list);
	return json_string("everywhere");
}

static int
by_time(const void *a, const void *b)
{
	const struct apppw *x = a, *y = b;

	return x->created != y->created ? (x->created < y->created ? -1 : 1) : strcmp(x->label, y->label);
}

static int
show_list(struct session *s, const struct directory_entry *entry)
{
	static const struct column columns[] = { { "id", "ID" }, { "label", "LABEL" }, { "networks", "NETWORKS" },
		{ "created", "CREATED" }, { "last_used", "LAST USED" } };
	const struct directory_attribute *values = directory_attribute(entry, ATTRIBUTE);
	size_t i, n = 0, len = values != NULL ? values->values_len : 0;
	struct apppw *all = calloc(len + 1, sizeof(*all));
	json_t *list = json_array();
	int r = all != NULL && list != NULL ? 0 : ERR_MEMORY;

	for (i = 0; r == 0 && i < len; i++) {
		if (apppw_parse((const char *)values->values[i].data, values->values[i].len, &all[n]) == 0)
			n++;
		else
			say_error("a value of " ATTRIBUTE " cannot be read");
	}
	if (r == 0)
		qsort(all, n, sizeof(*all), by_time);
	for (i = 0; r == 0 && i < n; i++) {
		if (json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o}", "id", all[i].id, "label",
		                                          json_text(all[i].label), "networks", json_networks(s, &all[i]),
		                                          "created", json_unix(all[i].created), "last_used",
		                                          json_used(entry, all[i].id))) != 0)
			r = ERR_MEMORY;
	}
	free(all);
	if (r != 0) {
		json_decref(list);
		return say_failure(s, r, "app passwords");
	}
	return print_list(s, list, columns, sizeof(columns) / sizeof(columns[0]));
}

int
app_password_list(struct session *s)
{
	struct directory_entry *entry = NULL;
	char *dn = NULL;
	int status;

	status = read_member(s, &dn, &entry);
	if (status == EXIT_DONE)
		status = show_list(s, entry);
	directory_entry_free(&entry);
	free(dn);
	return status;
}

static const struct directory_value *
find_value(const struct directory_entry *entry, const char *id)
{
	const struct directory_attribute *values = directory_attribute(entry, ATTRIBUTE);
	struct apppw pw;
	size_t i;

	for (i = 0; values != NULL && i < values->values_len; i++) {
		if (apppw_parse((const char *)values->values[i].data, values->values[i].len, &pw) == 0 && strcmp(pw.id, id) == 0)
			return &values->values[i];
	}
	return NULL;
}

static int
revoke(struct session *s, const char *dn, const struct directory_entry *entry, const char *id)
{
	const struct directory_value *value = find_value(entry, id);
	struct record record = { .n = 0 };
	int r;

	if (value == NULL) {
		say_error("%s has no app password with the ID \"%s\"; \"muster app-password list\" shows them", dn, id);
		return EXIT_NOT_FOUND;
	}
	record_put_values(&record, CHANGE_DELETE, ATTRIBUTE, value, 1);
	r = record_modify(s->d, dn, &record);
	if (r != 0)
		return say_failure(s, r, "the app password was not revoked");
	return print_done(s, json_pack("{s:s, s:s, s:b}", "dn", dn, "id", id, "revoked", 1),
	                  "app password %s of %s is revoked", id, dn);
}

int
app_password_revoke(struct session *s)
{
	const char *id = words_take(s);
	struct directory_entry *entry = NULL;
	char *dn = NULL;
	int status;

	status = read_member(s, &dn, &entry);
	if (status == EXIT_DONE)
		status = revoke(s, dn, entry, id);
	directory_entry_free(&entry);
	free(dn);
	return status;
}
