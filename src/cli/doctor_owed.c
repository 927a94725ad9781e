/*
 * doctor_owed.c - messages that wait for the courier: when the oldest waits too long, nobody carries them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/clock.h"
#include "common/text.h"

#define WAIT_SEC 900

struct owed {
	size_t n;
	int64_t oldest; /* unix seconds, 0 none */
};

static void
owed_put(struct owed *owed, int64_t when)
{
	owed->n++;
	if (owed->oldest == 0 || when < owed->oldest)
		owed->oldest = when;
}

/* musterOutbox: <record id> <kind> <unix time> [...] */
static int
look_at_member(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *values = directory_attribute(entry, "musterOutbox");
	long long when;
	size_t i;

	for (i = 0; values != NULL && i < values->values_len; i++) {
		if (sscanf((const char *)values->values[i].data, "%*s %*s %lld", &when) == 1)
			owed_put(arg, when);
	}
	return 0;
}

static int
look_at_request(const struct directory_entry *entry, void *arg)
{
	const char *value = directory_value(entry, "createTimestamp");
	int64_t when;

	if (value != NULL && text_time_parse(value, strlen(value), &when) == 0)
		owed_put(arg, when);
	return 0;
}

void
doctor_owed(struct doctor *doc)
{
	static const char *const member_attrs[] = { "musterOutbox", NULL }, *const request_attrs[] = {
		"createTimestamp", NULL
	};
	char *queue = directory_dn("ou=queue,%D", doc->s->base);
	struct owed owed = { .n = 0 };
	int64_t waits;
	int r;

	r = queue == NULL ? ERR_MEMORY
	                  : directory_search_paged(doc->s->d, queue, SCOPE_ONE, "(objectClass=musterRequest)",
	                                           request_attrs, look_at_request, &owed);
	if (r == 0)
		r = directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB, "(musterOutbox=*)", member_attrs,
		                           look_at_member, &owed);
	free(queue);
	if (r != 0) {
		doctor_unseen(doc, "messages that wait to be sent cannot be read: %s", err_str(r));
		return;
	}
	waits = clock_now() - owed.oldest;
	if (owed.n > 0 && waits > WAIT_SEC)
		doctor_find(doc, SEVERITY_ERROR, "mail-waits", NULL,
		            "look at musterd's log: does the courier run, does the relay answer?",
		            "%zu message%s wait%s to be sent, the oldest for %lld minutes", owed.n,
		            owed.n == 1 ? "" : "s", owed.n == 1 ? "s" : "", (long long)waits / 60);
}
