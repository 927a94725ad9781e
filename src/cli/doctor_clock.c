/*
 * doctor_clock.c - clocks: codes are good for half a minute, so they have to agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "cli/doctor.h"
#include "common/clock.h"
#include "common/text.h"

#define DRIFT_WARN_SEC 10 /* a third of a step: logins fail now and then */
#define DRIFT_SEC 30

static void
check_kernel(struct doctor *doc)
{
	struct timex state = { .modes = 0 };
	int r = adjtimex(&state);

	if (r == TIME_ERROR || (r >= 0 && (state.status & STA_UNSYNC) != 0))
		doctor_find(doc, SEVERITY_WARNING, "unsynchronised", NULL,
		            "run chrony or systemd-timesyncd, here or on the machine below",
		            "nothing keeps this host's clock right, as far as its kernel knows");
}

/* in: ahead  how far the directory's clock is before ours */
static void
tell_difference(struct doctor *doc, int64_t ahead)
{
	int64_t apart = ahead < 0 ? -ahead : ahead;

	if (apart > DRIFT_WARN_SEC)
		doctor_find(doc, apart > DRIFT_SEC ? SEVERITY_ERROR : SEVERITY_WARNING, "difference", NULL,
		            "set both clocks by NTP: codes are judged by the directory's",
		            "the directory's clock is %lld seconds %s this host's", (long long)apart,
		            ahead > 0 ? "ahead of" : "behind");
}

static int
time_of(const char *value, int64_t *when_out)
{
	return value != NULL ? text_time_parse(value, strcspn(value, "#"), when_out) : ERR_NOT_FOUND;
}

/*
 * cn=monitor says what time it is there. Without it the newest change tells at least whether that clock is, or was,
 * ahead: contextCSN begins with its time.
 */
static void
check_directory(struct doctor *doc)
{
	static const char *const monitor_attrs[] = { "monitorTimestamp", NULL }, *const base_attrs[] = { "contextCSN",
		                                                                                         NULL };
	struct directory_entry *entry = NULL;
	int64_t when;

	if (directory_read(doc->s->d, "cn=Current,cn=Time,cn=Monitor", monitor_attrs, &entry) == 0 &&
	    time_of(directory_value(entry, "monitorTimestamp"), &when) == 0) {
		tell_difference(doc, when - clock_now());
	} else {
		directory_entry_free(&entry);
		if (directory_read(doc->s->d, doc->s->base, base_attrs, &entry) == 0 &&
		    time_of(directory_value(entry, "contextCSN"), &when) == 0 && when - clock_now() > DRIFT_WARN_SEC)
			tell_difference(doc, when - clock_now());
	}
	directory_entry_free(&entry);
}

void
doctor_clock(struct doctor *doc)
{
	check_kernel(doc);
	if (doc->bound)
		check_directory(doc);
}
