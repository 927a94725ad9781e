/*
 * doctor.c - "muster doctor": the parts that are looked at, one line for each finding, and the report.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/doctor.h"

#define TEXT_MAX 2048
#define NAMES_SHOWN 3   /* in a line of text */
#define NAMES_KEPT 1000 /* in JSON */

static const char *const severity_names[] = { "note", "warning", "error" };

static const struct part {
	const char *name;
	int needs_directory;
	void (*look)(struct doctor *doc);
} parts[] = {
	{ "slapd", 1, doctor_slapd },
	{ "access", 1, doctor_access },
	{ "data", 1, doctor_data },
	{ "musterd", 0, doctor_musterd },
	{ "pam", 0, doctor_pam },
	{ "clock", 0, doctor_clock }
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* --- findings ------------------------------------------------------------------------------------------- */

static void
print_line(struct doctor *doc, const char *word, const char *id, const char *text)
{
	if (doc->s->args.value[OPT_JSON] == NULL)
		print_plain("%-8s %s%s%s: %s", word, doc->part, id != NULL ? "/" : "", id != NULL ? id : "", text);
}

static void
put(struct doctor *doc, enum severity severity, const char *id, const char *about, json_t *names, const char *text,
    const char *advice)
{
	json_t *finding =
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "severity", severity_names[severity], "part", doc->part,
	                  "id", id, "about", json_text(about), "text", json_text(text), "do", advice);

	if (finding != NULL && names != NULL)
		(void)json_object_set(finding, "names", names);
	(void)json_array_append_new(doc->findings, finding);
	doc->counts[severity]++;
}

void
doctor_find(struct doctor *doc, enum severity severity, const char *id, const char *about, const char *advice,
            const char *format, ...)
{
	char text[TEXT_MAX], line[2 * TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(doc, severity, id, about, NULL, text, advice);
	snprintf(line, sizeof(line), "%s%s%s; %s", about != NULL ? about : "", about != NULL ? ": " : "", text, advice);
	print_line(doc, severity_names[severity], id, line);
}

void
doctor_list_add(struct doctor_list *list, const char *name)
{
	if (list->names == NULL)
		list->names = json_array();
	if (list->n++ < NAMES_KEPT)
		(void)json_array_append_new(list->names, json_text(name));
}

void
doctor_find_list(struct doctor *doc, enum severity severity, const char *id, struct doctor_list *list,
                 const char *advice, const char *text)
{
	char line[2 * TEXT_MAX];
	size_t i, used;

	if (list->n > 0) {
		put(doc, severity, id, NULL, list->names, text, advice);
		used = (size_t)snprintf(line, sizeof(line), "%zu %s: ", list->n, text);
		for (i = 0; i < list->n && i < NAMES_SHOWN; i++) {
			const char *name = json_string_value(json_array_get(list->names, i));

			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%.300s", i > 0 ? " | " : "",
			                         name != NULL ? name : "");
		}
		if (list->n > NAMES_SHOWN)
			used += (size_t)snprintf(line + used, sizeof(line) - used, " and %zu more",
			                         list->n - NAMES_SHOWN);
		snprintf(line + used, sizeof(line) - used, "; %s", advice);
		print_line(doc, severity_names[severity], id, line);
	}
	json_decref(list->names);
	list->names = NULL;
	list->n = 0;
}

void
doctor_unseen(struct doctor *doc, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)json_array_append_new(doc->unseen, json_pack("{s:s, s:o}", "part", doc->part, "text", json_text(text)));
	print_line(doc, "unseen", NULL, text);
}

void
doctor_secret_file(struct doctor *doc, const char *id, const char *path, uid_t owner)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (errno == EACCES)
			doctor_unseen(doc, "%s: may not be looked at by this user", path);
		else
			doctor_find(doc, SEVERITY_ERROR, id, path, "make it, or name the right file", "%s",
			            strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode))
		doctor_find(doc, SEVERITY_ERROR, id, path, "put a plain file there", "is not a regular file");
	else if (st.st_uid != 0 && st.st_uid != owner)
		doctor_find(doc, SEVERITY_ERROR, id, path, "chown it to the user that reads it",
		            "belongs to uid %ld, who is neither root nor the user that reads it", (long)st.st_uid);
	else if ((st.st_mode & 037) != 0)
		doctor_find(doc, SEVERITY_ERROR, id, path, "chmod 600", "can be read or written by others (mode %04o)",
		            (unsigned)(st.st_mode & 07777));
}

/* --- running -------------------------------------------------------------------------------------------- */

static int
is_part(const char *word)
{
	size_t i;

	for (i = 0; i < PARTS; i++) {
		if (strcmp(parts[i].name, word) == 0)
			return 1;
	}
	return 0;
}

/* Without words every part is asked for. */
static int
asked_for(const struct session *s, const char *name)
{
	int i;

	for (i = 0; i < s->args.words_len; i++) {
		if (strcmp(s->args.words[i], name) == 0)
			return 1;
	}
	return s->args.words_len == 0;
}

static int
check_words(const struct session *s)
{
	int i;

	for (i = 0; i < s->args.words_len; i++) {
		if (is_part(s->args.words[i]))
			continue;
		say_error("\"%s\" is no part; there are slapd, access, data, musterd, pam and clock", s->args.words[i]);
		return 0;
	}
	return 1;
}

/* A host's own parts do without the directory; they say more with it, for whoever says who he is. */
static int
needs_directory(const struct session *s)
{
	size_t i;

	if (s->args.value[OPT_BIND_DN] != NULL || s->args.value[OPT_EXTERNAL] != NULL ||
	    s->args.value[OPT_MECHANISM] != NULL)
		return 1;
	for (i = 0; i < PARTS; i++) {
		if (parts[i].needs_directory && asked_for(s, parts[i].name))
			return 1;
	}
	return 0;
}

/* The database of cn=config that holds the base. */
static int
look_at_database(const struct directory_entry *entry, void *arg)
{
	struct doctor *doc = arg;
	const struct directory_attribute *suffixes = directory_attribute(entry, "olcSuffix");
	size_t i;

	for (i = 0; suffixes != NULL && i < suffixes->values_len; i++) {
		if (directory_dn_equal((const char *)suffixes->values[i].data, doc->s->base))
			(void)directory_read(doc->s->d, entry->dn, NULL, &doc->database);
	}
	return doc->database != NULL;
}

/*
 * What the rules of the access part and the files of the slapd part start from. That cn=config is not to be seen is said by
 * the parts that need it.
 */
static void
read_configuration(struct doctor *doc)
{
	static const char *const attrs[] = { "olcSuffix", NULL };

	if (directory_read(doc->s->d, "cn=config", NULL, &doc->global) != 0)
		return;
	(void)directory_search(doc->s->d, "cn=config", SCOPE_ONE, "(olcSuffix=*)", attrs, look_at_database, doc);
	if (session_is_local(doc->s))
		slapd_process_find(doc->global, &doc->process);
}

static void
bind_directory(struct doctor *doc)
{
	if (session_bind(doc->s) != EXIT_DONE || session_base(doc->s) != EXIT_DONE ||
	    directory_whoami(doc->s->d, &doc->me) != 0)
		return;
	doc->bound = 1;
	read_configuration(doc);
}

static void
look(struct doctor *doc)
{
	size_t i;

	for (i = 0; i < PARTS; i++) {
		if (!asked_for(doc->s, parts[i].name))
			continue;
		doc->part = parts[i].name;
		if (parts[i].needs_directory && !doc->bound)
			doctor_unseen(doc, "the directory cannot be asked");
		else
			parts[i].look(doc);
	}
}

static int
report(struct doctor *doc)
{
	size_t found = doc->counts[SEVERITY_ERROR] + doc->counts[SEVERITY_WARNING];
	int unseen = json_array_size(doc->unseen) > 0, status;

	if (doc->s->args.value[OPT_JSON] != NULL) {
		status = print_object(doc->s, json_pack("{s:O, s:O, s:I, s:I, s:I}", "findings", doc->findings, "unseen",
		                                        doc->unseen, "errors", (json_int_t)doc->counts[SEVERITY_ERROR],
		                                        "warnings", (json_int_t)doc->counts[SEVERITY_WARNING], "notes",
		                                        (json_int_t)doc->counts[SEVERITY_NOTE]), NULL, 0);
		if (status != EXIT_DONE)
			return DOCTOR_UNSEEN;
	} else if (found == 0) {
		print_plain("nothing found%s", unseen ? " in what could be looked at" : "");
	} else {
		print_plain("%zu error%s, %zu warning%s", doc->counts[SEVERITY_ERROR],
		            doc->counts[SEVERITY_ERROR] == 1 ? "" : "s", doc->counts[SEVERITY_WARNING],
		            doc->counts[SEVERITY_WARNING] == 1 ? "" : "s");
	}
	return unseen ? DOCTOR_UNSEEN : found > 0 ? DOCTOR_FINDINGS : DOCTOR_HEALTHY;
}

int
doctor_run(struct session *s)
{
	struct doctor doc = { .s = s, .findings = json_array(), .unseen = json_array(), .part = "doctor" };
	int status = DOCTOR_UNSEEN;

	if (doc.findings == NULL || doc.unseen == NULL)
		say_error("out of memory");
	else if (check_words(s)) {
		if (needs_directory(s))
			bind_directory(&doc);
		look(&doc);
		status = report(&doc);
	}
	json_decref(doc.findings);
	json_decref(doc.unseen);
	directory_entry_free(&doc.global);
	directory_entry_free(&doc.database);
	slapd_process_free(&doc.process);
	free(doc.me);
	return status;
}
