/*
 * application_decide.c - operators: an application is approved or rejected, and documents of decided ones are deleted
 *                        when their time is over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/application.h"
#include "common/clock.h"
#include "common/text.h"
#include "core/application.h"

#define DAY_SEC 86400
#define DAYS_MAX 36500

/* --- approve, reject ---------------------------------------------------------------------------------------- */

static int
decide(struct session *s, const char *state)
{
	const char *id = s->args.words[0], *reason = s->args.value[OPT_REASON];
	struct record record = { .n = 0 };
	char *dn = NULL;
	int r, status;

	if (reason != NULL && application_reason_check(reason, strlen(reason)) != 0) {
		say_error("--reason: one text of 1 to %d characters on one line", APPLICATION_REASON_MAX);
		return EXIT_USAGE;
	}
	status = application_bind(s);
	if (status == EXIT_DONE)
		status = application_dn(s, id, &dn);
	if (status == EXIT_DONE) {
		record_put(&record, CHANGE_REPLACE, "musterApplicationState", state);
		record_put(&record, CHANGE_REPLACE, "musterApplicationReason", reason);
		r = record_modify(s->d, dn, &record);
		status = r != 0 ? application_failure(s, r, id)
		                : print_done(s, json_pack("{s:s, s:s}", "id", id, "state", state),
		                             "application %s is %s; its member gets a mail", id, state);
	}
	free(dn);
	return status;
}

int
application_approve(struct session *s)
{
	return decide(s, "approved");
}

int
application_reject(struct session *s)
{
	if (s->args.value[OPT_REASON] == NULL) {
		say_error("say why, for the member to read: --reason TEXT");
		return EXIT_USAGE;
	}
	return decide(s, "rejected");
}

/* --- purge -------------------------------------------------------------------------------------------------- */

struct names {
	char **dns;
	size_t n;
};

static int
names_put(const struct directory_entry *entry, void *arg)
{
	struct names *names = arg;
	char **more = reallocarray(names->dns, names->n + 1, sizeof(*more));

	if (more == NULL)
		return ERR_MEMORY;
	names->dns = more;
	names->dns[names->n] = strdup(entry->dn);
	return names->dns[names->n] != NULL ? (names->n++, 0) : ERR_MEMORY;
}

static void
names_free(struct names *names)
{
	while (names->n > 0)
		free(names->dns[--names->n]);
	free(names->dns);
}

/* decided_before - a filter for the applications that were decided that many days ago, to be freed; NULL: told */
static char *
decided_before(const char *days_text)
{
	char time[TEXT_TIME_MAX];
	int64_t days;

	if (text_number(days_text, strlen(days_text), 0, DAYS_MAX, &days) != 0) {
		say_error("--older-than is a number of days, 0 to %d", DAYS_MAX);
		return NULL;
	}
	if (text_time_format(clock_now() - days * DAY_SEC, time) != 0)
		return NULL;
	return directory_filter("(&(objectClass=musterApplication)(|(musterApplicationState=approved)"
	                        "(musterApplicationState=rejected))(musterApplicationDecided<=%s))",
	                        time);
}

/* find_applications - those to look at: one that is named, or all that are old enough */
static int
find_applications(struct session *s, const char *filter, struct names *names)
{
	static const char *const none[] = { "1.1", NULL };
	const char *id = s->args.words_len > 0 ? s->args.words[0] : NULL;
	char *base = NULL;
	int r, status = EXIT_DONE;

	if (id != NULL)
		status = application_dn(s, id, &base);
	else
		base = directory_dn("ou=applications,%D", s->base);
	if (status != EXIT_DONE)
		return status;
	r = base == NULL ? ERR_MEMORY
	    : id != NULL ? directory_search(s->d, base, SCOPE_BASE, filter, none, names_put, names)
	                 : directory_search_paged(s->d, base, SCOPE_ONE, filter, none, names_put, names);
	free(base);
	return r != 0 ? application_failure(s, r, id != NULL ? id : "applications") : EXIT_DONE;
}

/* purge_one - out: *n  counts documents whose contents were deleted, or would be */
static int
purge_one(struct session *s, const char *dn, int dry_run, int *n)
{
	static const char *const none[] = { "1.1", NULL };
	struct names documents = { NULL, 0 };
	struct record record = { .n = 0 };
	size_t i;
	int r = directory_search(s->d, dn, SCOPE_ONE, "(musterDocumentContent=*)", none, names_put, &documents);

	/* Replaced with nothing: right also when somebody else was faster. */
	record_put_values(&record, CHANGE_REPLACE, "musterDocumentContent", NULL, 0);
	for (i = 0; i < documents.n && r == 0; i++) {
		if (!dry_run)
			r = record_modify(s->d, documents.dns[i], &record);
		*n += r == 0;
	}
	names_free(&documents);
	return r;
}

static int
purge_all(struct session *s, const struct names *names)
{
	int dry_run = s->args.value[OPT_DRY_RUN] != NULL, documents = 0, applications = 0, before, status, r = 0;
	size_t i;

	for (i = 0; i < names->n && r == 0; i++) {
		before = documents;
		r = purge_one(s, names->dns[i], dry_run, &documents);
		applications += documents > before;
		/* Withdrawn or deleted meanwhile. */
		if (r == ERR_NOT_FOUND)
			r = 0;
	}
	if (r != 0) {
		status = say_failure(s, r, s->args.words_len > 0 ? s->args.words[0] : names->dns[i - 1]);
		if (documents > 0)
			say_note("%d documents were deleted before this", documents);
		return status;
	}
	return print_done(s, json_pack("{s:i, s:i, s:b}", "applications", applications, "documents", documents, "dry_run", dry_run),
	                  "%d document%s of %d application%s %s; their SHA-256 stay%s", documents, documents == 1 ? "" : "s",
	                  applications, applications == 1 ? "" : "s", dry_run ? "would be deleted" : "deleted",
	                  dry_run ? " then" : "");
}

int
application_purge(struct session *s)
{
	const char *days = s->args.value[OPT_OLDER_THAN];
	struct names names = { NULL, 0 };
	char *filter;
	int status;

	if ((days != NULL) == (s->args.words_len > 0)) {
		say_error("say which: an application's ID, or --older-than DAYS");
		return EXIT_USAGE;
	}
	filter = days != NULL ? decided_before(days) : strdup("(objectClass=musterApplication)");
	if (filter == NULL)
		return EXIT_USAGE;
	status = application_bind(s);
	if (status == EXIT_DONE)
		status = find_applications(s, filter, &names);
	if (status == EXIT_DONE)
		status = purge_all(s, &names);
	names_free(&names);
	free(filter);
	return status;
}
