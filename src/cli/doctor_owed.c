/*
 * doctor_owed.c - what waits for the courier: messages, and payment methods that the provider is to be asked about. When the
 *                 oldest waits too long, nobody carries them.
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

/* musterOutbox: <record id> <kind> <unix time> [...]; a payment-check is no message, and may wait for a day until the person has authenticated */
static int
look_at_member(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *values = directory_attribute(entry, "musterOutbox");
	char kind[32];
	long long when;
	size_t i;

	for (i = 0; values != NULL && i < values->values_len; i++) {
		if (sscanf((const char *)values->values[i].data, "%*s %31s %lld", kind, &when) == 2 &&
		    strcmp(kind, "payment-check") != 0)
			owed_put(arg, when);
	}
	return 0;
}

static int
look_at_made(const struct directory_entry *entry, void *arg)
{
	const char *value = directory_value(entry, "createTimestamp");
	int64_t when;

	if (value != NULL && text_time_parse(value, strlen(value), &when) == 0)
		owed_put(arg, when);
	return 0;
}

static const char *const made_attrs[] = { "createTimestamp", NULL };

/* waits_for - minutes that the oldest waits, 0 when that is not too long */
static long long
waits_for(const struct owed *owed)
{
	int64_t waits = owed->n > 0 ? clock_now() - owed->oldest : 0;

	return waits > WAIT_SEC ? (long long)waits / 60 : 0;
}

static void
doctor_messages(struct doctor *doc)
{
	static const char *const member_attrs[] = { "musterOutbox", NULL };
	char *queue = directory_dn("ou=queue,%D", doc->s->base);
	struct owed owed = { .n = 0 };
	int r;

	r = queue == NULL ? ERR_MEMORY
	                  : directory_search_paged(doc->s->d, queue, SCOPE_ONE, "(objectClass=musterRequest)",
	                                           made_attrs, look_at_made, &owed);
	if (r == 0)
		r = directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB, "(musterOutbox=*)", member_attrs,
		                           look_at_member, &owed);
	free(queue);
	if (r != 0) {
		doctor_unseen(doc, "messages that wait to be sent cannot be read: %s", err_str(r));
		return;
	}
	if (waits_for(&owed) > 0)
		doctor_find(doc, SEVERITY_ERROR, "mail-waits", NULL,
		            "look at musterd's log: does the courier run, does the relay answer?",
		            "%zu message%s wait%s to be sent, the oldest for %lld minutes", owed.n,
		            owed.n == 1 ? "" : "s", owed.n == 1 ? "s" : "", waits_for(&owed));
}

static void
doctor_payments(struct doctor *doc)
{
	struct owed owed = { .n = 0 };
	int r = directory_search_paged(doc->s->d, doc->s->base, SCOPE_SUB, "(musterPaymentState=pending)", made_attrs, look_at_made, &owed);

	if (r != 0)
		doctor_unseen(doc, "payment methods cannot be read: %s", err_str(r));
	else if (waits_for(&owed) > 0)
		doctor_find(doc, SEVERITY_ERROR, "payments-wait", NULL,
		            "look at musterd's log: does the courier run, does [payments] command answer?",
		            "%zu payment method%s wait%s until the provider is asked, the oldest for %lld minutes", owed.n,
		            owed.n == 1 ? "" : "s", owed.n == 1 ? "s" : "", waits_for(&owed));
}

void
doctor_owed(struct doctor *doc)
{
	doctor_messages(doc);
	doctor_payments(doc);
}
