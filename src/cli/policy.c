/*
 * policy.c - the login rules of an organization: shown with what holds where nothing is said, changed, made anew from a
 *            template.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy_facts.h"
#include "common/text.h"
#include "core/policy.h"

#define VALUES_MAX 64

enum kind { KIND_NUMBER, KIND_SWITCH, KIND_WORD, KIND_LIST };

/* One row per rule, in the order people read them. */
static const struct rule {
	const char *word;      /* what "policy set" takes, beside the attribute itself */
	const char *attribute;
	enum kind kind;
	const char *absent;    /* what holds then; NULL: policy_limits says, or nothing does */
} rules[] = {
	{ "min-length", "pwdMinLength", KIND_NUMBER, NULL },
	{ "max-length", "pwdMaxLength", KIND_NUMBER, NULL },
	{ "min-length-factor", "musterPwdMinLengthFactor", KIND_NUMBER, NULL },
	{ "require", "musterPwdRequire", KIND_LIST, "letter,digit,special" },
	{ "blocklist", "musterPwdBlocklist", KIND_SWITCH, "FALSE" },
	{ "history", "pwdInHistory", KIND_NUMBER, NULL },
	{ "max-age", "pwdMaxAge", KIND_NUMBER, NULL },
	{ "must-change", "pwdMustChange", KIND_SWITCH, "TRUE" },
	{ "max-failure", "pwdMaxFailure", KIND_NUMBER, NULL },
	{ "min-delay", "pwdMinDelay", KIND_NUMBER, NULL },
	{ "max-delay", "pwdMaxDelay", KIND_NUMBER, NULL },
	{ "lockout", "pwdLockout", KIND_SWITCH, "FALSE" },
	{ "lockout-duration", "pwdLockoutDuration", KIND_NUMBER, NULL },
	{ "daily-password-failures", "musterDailyPasswordFailures", KIND_NUMBER, NULL },
	{ "daily-code-failures", "musterDailyCodeFailures", KIND_NUMBER, NULL },
	{ "second-factor", "musterSecondFactor", KIND_WORD, "optional" },
	{ "code-window", "musterCodeWindow", KIND_NUMBER, NULL },
	{ "app-passwords", "musterMaxAppPasswords", KIND_NUMBER, NULL },
	{ "code-grace", "musterCodeGrace", KIND_LIST, NULL },
	{ "network", "musterNetwork", KIND_LIST, NULL },
	{ "token-lifetime", "musterTokenLifetime", KIND_NUMBER, NULL },
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

_Static_assert(RULES <= RECORD_MAX, "all rules fit into one modification");
_Static_assert(RULES == POLICY_COLUMNS, "all rules are shown");

/* --- show ------------------------------------------------------------------------------------------ */

static json_t *
number_absent(const char *attribute)
{
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++) {
		if (strcmp(policy_limits[i].attribute, attribute) == 0)
			return json_integer(policy_limits[i].absent);
	}
	return json_null();
}

/* A number or a switch as JSON has them; what is neither, as it stands there. */
static json_t *
value_json(const char *text, enum kind kind)
{
	int64_t number;

	if (text != NULL && kind == KIND_NUMBER && text_number(text, strlen(text), INT64_MIN, INT64_MAX, &number) == 0)
		return json_integer(number);
	if (text != NULL && kind == KIND_SWITCH && (strcasecmp(text, "TRUE") == 0 || strcasecmp(text, "FALSE") == 0))
		return json_boolean(strcasecmp(text, "TRUE") == 0);
	return json_text(text);
}

/* list_absent - the words of "letter,digit" */
static json_t *
list_absent(const char *words)
{
	json_t *list = json_array();
	size_t len;

	while (words != NULL && *words != '\0') {
		len = strcspn(words, ",");
		(void)json_array_append_new(list, json_stringn(words, len));
		words += words[len] == ',' ? len + 1 : len;
	}
	return list;
}

static json_t *
list_present(const struct directory_attribute *a)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < a->values_len; i++)
		(void)json_array_append_new(list, json_text((const char *)a->values[i].data));
	return list;
}

static json_t *
rule_value(const struct directory_entry *policy, const struct rule *rule)
{
	const struct directory_attribute *a = policy != NULL ? directory_attribute(policy, rule->attribute) : NULL;

	if (rule->kind == KIND_LIST)
		return a != NULL ? list_present(a) : list_absent(rule->absent);
	if (a != NULL)
		return value_json(directory_value(policy, rule->attribute), rule->kind);
	return rule->absent != NULL ? value_json(rule->absent, rule->kind) : number_absent(rule->attribute);
}

void
policy_put(const struct directory_entry *policy, json_t *object)
{
	size_t i;

	for (i = 0; i < RULES; i++)
		(void)json_object_set_new(object, rules[i].attribute, rule_value(policy, &rules[i]));
	if (policy == NULL || directory_attribute(policy, policy_limits[POLICY_MIN_LENGTH_FACTOR].attribute) == NULL)
		(void)json_object_set(object, policy_limits[POLICY_MIN_LENGTH_FACTOR].attribute,
		                      json_object_get(object, policy_limits[POLICY_MIN_LENGTH].attribute));
}

void
policy_columns(struct column columns[POLICY_COLUMNS])
{
	size_t i;

	for (i = 0; i < RULES; i++) {
		columns[i].key = rules[i].attribute;
		columns[i].title = rules[i].word;
	}
}

/* find - an organization, and the policy its members live under. *policy_out NULL: the server's default */
static int
find(struct session *s, struct directory_entry **org_out, char **dn_out, struct directory_entry **policy_out)
{
	int status, r;

	*org_out = NULL;
	*dn_out = NULL;
	*policy_out = NULL;
	status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_organization(s, s->args.words[0], org_out);
	if (status != EXIT_DONE)
		return status;
	r = policy_of_organization(s, *org_out, NULL, dn_out, policy_out);
	return r == 0 ? EXIT_DONE : say_failure(s, r, *dn_out != NULL ? *dn_out : "policy");
}

int
policy_show(struct session *s)
{
	struct column columns[POLICY_COLUMNS + 2] = { { "organization", "organization" }, { "policy", "policy" } };
	struct directory_entry *org, *policy;
	json_t *object = NULL;
	int status;
	char *dn;

	status = find(s, &org, &dn, &policy);
	if (status == EXIT_DONE) {
		object = json_pack("{s:o, s:o}", "organization", json_attribute(org, "o"), "policy", json_text(dn));
		if (object != NULL)
			policy_put(policy, object);
		if (policy == NULL)
			say_note("it has no policy of its own: these are built in, unless the server's olcMusterPolicy names "
			         "another; \"muster policy use\" makes one");
		policy_columns(columns + 2);
		status = print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
	}
	directory_entry_free(&org);
	directory_entry_free(&policy);
	free(dn);
	return status;
}

static int
list_one(const struct directory_entry *entry, void *arg)
{
	json_t *row = json_pack("{s:o, s:o, s:s}", "name", json_attribute(entry, "cn"), "description",
	                        json_attribute(entry, "description"), "dn", entry->dn);

	if (row != NULL)
		policy_put(entry, row);
	return json_array_append_new(arg, row);
}

int
policy_list(struct session *s)
{
	static const struct column columns[] = { { "name", "NAME" }, { "description", "DESCRIPTION" } };
	json_t *list = NULL;
	char *base = NULL;
	int r = ERR_MEMORY, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_base(s);
	if (status != EXIT_DONE)
		return status;
	base = directory_dn("ou=policies,%D", s->base);
	list = json_array();
	if (base != NULL && list != NULL)
		r = directory_search(s->d, base, SCOPE_ONE, "(objectClass=musterPolicy)", NULL, list_one, list);
	free(base);
	if (r != 0) {
		json_decref(list);
		return say_failure(s, r, "templates");
	}
	return print_list(s, list, columns, 2);
}

/* --- set --------------------------------------------------------------------------------------------- */

/* What the words of "policy set" ask for. */
struct changes {
	struct record record;
	char *texts[RULES]; /* copies that values point into */
	struct directory_value values[VALUES_MAX];
	size_t values_len;
};

static void
changes_free(struct changes *c)
{
	size_t i;

	for (i = 0; i < RULES; i++)
		free(c->texts[i]);
}

static const struct rule *
rule_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < RULES; i++) {
		if ((strlen(rules[i].word) == len && strncasecmp(rules[i].word, name, len) == 0) ||
		    (strlen(rules[i].attribute) == len && strncasecmp(rules[i].attribute, name, len) == 0))
			return &rules[i];
	}
	return NULL;
}

static int
unknown_rule(const char *name, size_t len)
{
	size_t i, distance, best = 4, near = RULES;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)len, name);
	for (i = 0; i < RULES; i++) {
		distance = name_distance(word, rules[i].word);
		if (distance < best) {
			best = distance;
			near = i;
		}
	}
	if (near < RULES)
		say_error("unknown rule %s; did you mean %s?", word, rules[near].word);
	else
		say_error("unknown rule %s; \"muster policy show\" lists them", word);
	return EXIT_USAGE;
}

/* switch_text - what the directory calls it, NULL for neither */
static const char *
switch_text(const char *value)
{
	static const char *const words[][2] = { { "TRUE", "TRUE" }, { "yes", "TRUE" }, { "on", "TRUE" }, { "FALSE", "FALSE" },
		                                { "no", "FALSE" }, { "off", "FALSE" } };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i][0]) == 0)
			return words[i][1];
	}
	return NULL;
}

/* put_values - the values of one rule; a list is separated by commas. None: back to what holds when absent */
static int
put_values(struct changes *c, const struct rule *rule, char *text)
{
	struct directory_value *first = &c->values[c->values_len];
	size_t n = 0;
	char *next;

	for (; text != NULL && *text != '\0'; text = next) {
		next = rule->kind == KIND_LIST ? strchr(text, ',') : NULL;
		if (next != NULL)
			*next++ = '\0';
		if (c->values_len == VALUES_MAX)
			return ERR_RANGE;
		c->values[c->values_len].data = (uint8_t *)text;
		c->values[c->values_len++].len = strlen(text);
		n++;
	}
	record_put_values(&c->record, CHANGE_REPLACE, rule->attribute, n > 0 ? first : NULL, n);
	return 0;
}

static int
put_change(struct changes *c, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct rule *rule = rule_find(word, len);
	const char *value = word + len + 1;

	if (word[len] == '\0') {
		say_error("%s: say what it is to be: %s=VALUE, or %s= for the default", word, word, word);
		return EXIT_USAGE;
	}
	if (rule == NULL)
		return unknown_rule(word, len);
	if (c->texts[rule - rules] != NULL) {
		say_error("%s is given twice; separate the values of a list with commas", rule->word);
		return EXIT_USAGE;
	}
	if (rule->kind == KIND_SWITCH && *value != '\0') {
		value = switch_text(value);
		if (value == NULL) {
			say_error("%s is TRUE or FALSE", rule->word);
			return EXIT_USAGE;
		}
	}
	c->texts[rule - rules] = strdup(value);
	if (c->texts[rule - rules] == NULL || put_values(c, rule, c->texts[rule - rules]) != 0) {
		say_error("%s: too many values", rule->word);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* own_dn - the DN of an organization's own policy */
static char *
own_dn(const struct directory_entry *org)
{
	return directory_dn("cn=policy,%D", org->dn);
}

/* check_own - a template is not changed for everybody by changing it for one */
static int
check_own(const struct directory_entry *org, const struct directory_entry *policy)
{
	const char *name = directory_value(org, "o");
	char *own = own_dn(org);
	int status = EXIT_DONE;

	if (policy == NULL || own == NULL || strcasecmp(policy->dn, own) != 0) {
		say_error("%s has no policy of its own%s%s; make one from a template: muster policy use %s console-16", name,
		          policy != NULL ? " but lives under " : "", policy != NULL ? policy->dn : "", name);
		status = EXIT_NOT_FOUND;
	}
	free(own);
	return status;
}

static int
say_changed(struct session *s, const struct directory_entry *org, const char *dn)
{
	return print_done(s, json_pack("{s:o, s:s}", "organization", json_attribute(org, "o"), "policy", dn),
	                  "the rules of %s are changed, for all its members at once", directory_value(org, "o"));
}

int
policy_set(struct session *s)
{
	struct changes changes = { .values_len = 0 };
	struct directory_entry *org = NULL, *policy = NULL;
	int i, r, status = EXIT_DONE;
	char *dn = NULL;

	for (i = 1; i < s->args.words_len && status == EXIT_DONE; i++)
		status = put_change(&changes, s->args.words[i]);
	if (status == EXIT_DONE)
		status = find(s, &org, &dn, &policy);
	if (status == EXIT_DONE)
		status = check_own(org, policy);
	if (status == EXIT_DONE) {
		r = record_modify(s->d, policy->dn, &changes.record);
		status = r == 0 ? say_changed(s, org, policy->dn) : say_failure(s, r, policy->dn);
	}
	directory_entry_free(&org);
	directory_entry_free(&policy);
	free(dn);
	changes_free(&changes);
	return status;
}

/* --- use --------------------------------------------------------------------------------------------------- */

int
policy_template(struct session *s, const char *name, struct directory_entry **template_out)
{
	char *dn = directory_dn("cn=%s,ou=policies,%D", name, s->base);
	int r = dn != NULL ? directory_read(s->d, dn, NULL, template_out) : ERR_MEMORY;

	free(dn);
	if (r == ERR_NOT_FOUND) {
		say_error("no policy \"%s\" below ou=policies,%s; \"muster policy list\" lists them", name, s->base);
		return EXIT_NOT_FOUND;
	}
	return r == 0 ? EXIT_DONE : say_failure(s, r, name);
}

void
policy_copy(const struct directory_entry *template, struct record *record)
{
	size_t i;

	record_put(record, CHANGE_ADD, "cn", "policy");
	for (i = 0; i < template->attributes_len; i++) {
		const struct directory_attribute *a = &template->attributes[i];

		if (strcasecmp(a->name, "cn") != 0)
			record_put_values(record, CHANGE_ADD, a->name, a->values, a->values_len);
	}
}

/* replace_rules - each rule as the template has it, what it does not have gone */
static int
replace_rules(struct session *s, const char *dn, const struct directory_entry *template)
{
	static const char *const others[] = { "description" };
	struct record record = { .n = 0 };
	const struct directory_attribute *a;
	size_t i;

	for (i = 0; i < RULES + sizeof(others) / sizeof(others[0]); i++) {
		const char *name = i < RULES ? rules[i].attribute : others[i - RULES];

		a = directory_attribute(template, name);
		record_put_values(&record, CHANGE_REPLACE, name, a != NULL ? a->values : NULL, a != NULL ? a->values_len : 0);
	}
	return record_modify(s->d, dn, &record);
}

int
policy_write_own(struct session *s, const struct directory_entry *org, const struct directory_entry *template)
{
	const char *named = directory_value(org, "musterPolicyEntry");
	struct record record = { .n = 0 }, name = { .n = 0 };
	char *dn = own_dn(org);
	int r = dn != NULL ? replace_rules(s, dn, template) : ERR_MEMORY;

	if (r == ERR_NOT_FOUND) {
		policy_copy(template, &record);
		r = record_add(s->d, dn, &record);
	}
	if (r == 0 && (named == NULL || strcasecmp(named, dn) != 0)) {
		record_put(&name, CHANGE_REPLACE, "musterPolicyEntry", dn);
		r = record_modify(s->d, org->dn, &name);
	}
	free(dn);
	return r;
}

int
policy_use(struct session *s)
{
	struct directory_entry *org = NULL, *template = NULL;
	const char *name = s->args.words[1];
	char *dn = NULL;
	int r, status;

	status = name_check_person("the policy's name", name);
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = session_organization(s, s->args.words[0], &org);
	if (status == EXIT_DONE)
		status = policy_template(s, name, &template);
	if (status == EXIT_DONE) {
		dn = own_dn(org);
		r = dn != NULL ? policy_write_own(s, org, template) : ERR_MEMORY;
		status = r == 0 ? say_changed(s, org, dn) : say_failure(s, r, dn != NULL ? dn : "policy");
	}
	directory_entry_free(&org);
	directory_entry_free(&template);
	free(dn);
	return status;
}
