/*
 * output.c - facts on standard output, as text or JSON; everything else on standard error.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "cli/cli.h"
#include "common/log.h"
#include "common/text.h"
#include "core/pwrules.h"

/* LDAP result codes that mean something to a person here (RFC 4511 appendix A). */
#define RESULT_CONFIDENTIALITY_REQUIRED 13
#define RESULT_CONSTRAINT 19
#define RESULT_UNWILLING 53

#define LINE_MAX_OCTETS 4096
#define TITLE_WIDTH 16

static int as_json;

void
say_as_json(void)
{
	as_json = 1;
}

/* in: key  what the line is in JSON */
static void
say(const char *key, const char *format, va_list args)
{
	char line[LINE_MAX_OCTETS], safe[2 * LINE_MAX_OCTETS];
	json_t *object;

	vsnprintf(line, sizeof(line), format, args);
	log_escape(line, strlen(line), safe, sizeof(safe));
	fflush(stdout);
	object = as_json ? json_pack("{s:s}", key, safe) : NULL;
	if (object == NULL) {
		fprintf(stderr, "muster: %s\n", safe);
		return;
	}
	(void)json_dumpf(object, stderr, 0);
	fputc('\n', stderr);
	json_decref(object);
}

void
say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("error", format, args);
	va_end(args);
}

void
say_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("note", format, args);
	va_end(args);
}

static int
exit_code_of(int r)
{
	switch (r) {
	case 0:
		return EXIT_DONE;
	case ERR_REFUSED:
		return EXIT_REFUSED;
	case ERR_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case ERR_EXISTS:
		return EXIT_IN_USE;
	case ERR_RULES:
		return EXIT_RULES;
	case ERR_UNREACHABLE:
	case ERR_TIMEOUT:
	case ERR_PEER:
	case ERR_BUSY:
		return EXIT_UNREACHABLE;
	case ERR_NO_OVERLAY:
		return EXIT_NO_MUSTER;
	case ERR_INPUT:
	case ERR_CONFIG:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

/* What a person would say about an error code, where err_str() is for the log. */
static const char *
reason_of(struct session *s, int r)
{
	if (s->d != NULL && directory_result(s->d) == RESULT_CONFIDENTIALITY_REQUIRED)
		return "the connection is too weak for secrets; use ldaps:// or ldapi://";
	/* A value that is somebody else's is not malformed. */
	if (s->d != NULL && r == ERR_INPUT && directory_result(s->d) == RESULT_CONSTRAINT)
		return "not accepted";
	if (s->d != NULL && r == ERR_INTERNAL && directory_result(s->d) == RESULT_UNWILLING)
		return "the server does not do this"; /* its text says why */
	switch (r) {
	case ERR_REFUSED:
		return "refused";
	case ERR_BUSY:
		return "the server is busy; try again";
	case ERR_NO_OVERLAY:
		return "this server does not run Muster; see \"muster init\"";
	default:
		return err_str(r);
	}
}

int
say_failure(struct session *s, int r, const char *what)
{
	const char *text = s->d != NULL ? directory_text(s->d) : "";

	if (r == ERR_RULES)
		return say_rules(s);
	say_error("%s: %s%s%s%s", what, reason_of(s, r), *text != '\0' ? " (" : "", text, *text != '\0' ? ")" : "");
	return exit_code_of(r);
}

static void
rule_text(const struct pwrules *rules, enum pwrule rule, char *text, size_t size)
{
	switch (rule) {
	case PWRULE_MIN_LENGTH:
		snprintf(text, size, "it needs at least %u characters", rules->min_length);
		break;
	case PWRULE_MAX_LENGTH:
		snprintf(text, size, "it may have at most %u characters", rules->max_length);
		break;
	case PWRULE_LETTER:
		snprintf(text, size, "it needs a letter");
		break;
	case PWRULE_DIGIT:
		snprintf(text, size, "it needs a digit");
		break;
	case PWRULE_SPECIAL:
		snprintf(text, size, "it needs a special character");
		break;
	case PWRULE_HISTORY:
		if (rules->history > 1)
			snprintf(text, size, "it is one of the %u most recent passwords", rules->history);
		else
			snprintf(text, size, "it is the password in use");
		break;
	case PWRULE_BYTES:
		snprintf(text, size, "it is longer than %d octets", SECRET_MAX);
		break;
	case PWRULE_ENCODING:
		snprintf(text, size, "it is not UTF-8 or has a control character in it");
		break;
	case PWRULE_BLOCKLIST:
		snprintf(text, size, "it is one that many people use or that has been stolen");
		break;
	case PWRULE_CONTEXT:
		snprintf(text, size, "it is mostly a name of the member, the organization or the product");
		break;
	}
}

int
say_rules(struct session *s)
{
	static const enum pwrule all[] = { PWRULE_MIN_LENGTH, PWRULE_MAX_LENGTH, PWRULE_LETTER, PWRULE_DIGIT,
		PWRULE_SPECIAL, PWRULE_HISTORY, PWRULE_BLOCKLIST, PWRULE_CONTEXT, PWRULE_BYTES, PWRULE_ENCODING };
	struct pwrules rules;
	unsigned broken = 0;
	char line[LINE_MAX_OCTETS] = "", one[128];
	size_t i, used = 0;

	if (pwrules_parse(directory_text(s->d), &rules, &broken) != 0 || broken == 0) {
		say_error("the new password was refused: %s", directory_text(s->d));
		return EXIT_RULES;
	}
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if ((broken & all[i]) == 0)
			continue;
		rule_text(&rules, all[i], one, sizeof(one));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", used > 0 ? "; " : "", one);
	}
	say_error("the new password was refused: %s", line);
	return EXIT_RULES;
}

json_t *
json_text(const char *value)
{
	if (value == NULL || !text_is_utf8(value, strlen(value)))
		return json_null();
	return json_string(value);
}

json_t *
json_attribute(const struct directory_entry *entry, const char *name)
{
	return json_text(directory_value(entry, name));
}

/* 2026-11-21T05:14:36Z */
static json_t *
time_json(int64_t when)
{
	time_t seconds = (time_t)when;
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *
json_unix_time(int64_t when)
{
	return when != 0 ? time_json(when) : json_null();
}

/* null when the attribute is absent or no time */
json_t *
json_time(const struct directory_entry *entry, const char *name)
{
	const char *value = directory_value(entry, name);
	int64_t when;

	return value != NULL && text_time_parse(value, strlen(value), &when) == 0 ? time_json(when) : json_null();
}

static int
dump(json_t *value)
{
	int r = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);

	putchar('\n');
	json_decref(value);
	if (r == 0)
		return EXIT_DONE;
	say_error("the output could not be written");
	return EXIT_FAILED;
}

static int
no_memory(json_t *value)
{
	json_decref(value);
	say_error("out of memory");
	return EXIT_FAILED;
}

/* A value as text: nothing for null, several values separated by a comma, no control characters. */
static void
value_text(const json_t *value, char *out, size_t size)
{
	char part[LINE_MAX_OCTETS];
	size_t i, used = 0;

	out[0] = '\0';
	if (json_is_string(value))
		log_escape(json_string_value(value), json_string_length(value), out, size);
	else if (json_is_boolean(value))
		snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		snprintf(out, size, "%lld", (long long)json_integer_value(value));
	for (i = 0; i < json_array_size(value) && used < size; i++) {
		value_text(json_array_get(value, i), part, sizeof(part));
		used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", part);
	}
}

int
print_object(struct session *s, json_t *object, const struct column *columns, size_t n)
{
	char text[LINE_MAX_OCTETS];
	size_t i, width = TITLE_WIDTH;

	if (object == NULL)
		return no_memory(object);
	if (s->args.value[OPT_JSON] != NULL)
		return dump(object);
	for (i = 0; i < n; i++) {
		if (strlen(columns[i].title) > width)
			width = strlen(columns[i].title);
	}
	for (i = 0; i < n; i++) {
		value_text(json_object_get(object, columns[i].key), text, sizeof(text));
		if (*text != '\0')
			printf("%-*s %s\n", (int)width, columns[i].title, text);
	}
	json_decref(object);
	return EXIT_DONE;
}

/* Columns that UTF-8 text takes on a terminal: Hangul and its like take two. */
static size_t
shown_width(const char *text)
{
	size_t left = strlen(text), taken, n = 0;
	uint32_t cp;
	int width;

	for (; left > 0; text += taken, left -= taken) {
		taken = text_decode(text, left, &cp);
		if (taken == 0)
			taken = 1;
		width = wcwidth((wchar_t)cp);
		n += width >= 0 ? (size_t)width : 1;
	}
	return n;
}

static void
print_cell(const char *text, size_t width, int last)
{
	size_t shown = shown_width(text);

	printf("%s%*s%s", text, last || shown >= width ? 0 : (int)(width - shown), "", last ? "\n" : "  ");
}

int
print_list(struct session *s, json_t *list, const struct column *columns, size_t n)
{
	char text[LINE_MAX_OCTETS];
	size_t widths[8] = { 0 };
	json_t *row;
	size_t i, k;

	if (list == NULL || n > 8)
		return no_memory(list);
	if (s->args.value[OPT_JSON] != NULL)
		return dump(list);
	for (k = 0; k < n; k++) {
		widths[k] = strlen(columns[k].title);
		json_array_foreach(list, i, row) {
			value_text(json_object_get(row, columns[k].key), text, sizeof(text));
			if (shown_width(text) > widths[k])
				widths[k] = shown_width(text);
		}
	}
	for (k = 0; k < n; k++)
		print_cell(columns[k].title, widths[k], k + 1 == n);
	json_array_foreach(list, i, row) {
		for (k = 0; k < n; k++) {
			value_text(json_object_get(row, columns[k].key), text, sizeof(text));
			print_cell(text, widths[k], k + 1 == n);
		}
	}
	json_decref(list);
	return EXIT_DONE;
}

void
print_plain(const char *format, ...)
{
	char line[LINE_MAX_OCTETS], safe[2 * LINE_MAX_OCTETS];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_escape(line, strlen(line), safe, sizeof(safe));
	puts(safe);
}

int
print_done(struct session *s, json_t *object, const char *format, ...)
{
	char line[LINE_MAX_OCTETS], safe[2 * LINE_MAX_OCTETS];
	va_list args;

	if (object == NULL)
		return no_memory(object);
	if (s->args.value[OPT_JSON] != NULL)
		return dump(object);
	json_decref(object);
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_escape(line, strlen(line), safe, sizeof(safe));
	puts(safe);
	return EXIT_DONE;
}
