/*
 * outbox.h - messages owed to a member: record ids, values of musterOutbox, leases.
 */
#ifndef MUSTER_SLAPD_OUTBOX_H
#define MUSTER_SLAPD_OUTBOX_H

#include "slapd/overlay.h"

#include "core/application.h"

struct member;

#define RECORD_ID_MAX 64
#define LEASE_TEXT_MAX (RECORD_ID_MAX + 24)

/* What an outbox value or a queue entry says. */
struct record {
	char id[RECORD_ID_MAX];
	char kind[32];
	char time[24];         /* unix seconds when it happened; "" for a queue entry */
	struct berval address; /* an outbox value's own address; ch_free() by the caller, BER_BVNULL without */
	char about[APPLICATION_NAME_MAX + 1]; /* name of the application that a notice is about; "" for none */
};

/*
 * outbox_owe - append a notice to the member (no-op without an address, or when the policy switches it off). address: where to, NULL: mail on the entry, and the
 *              address that was proved last when that is another.
 */
void outbox_owe(const struct member *member, const char *kind, const struct berval *address, int64_t now,
                Modifications **mods);
/* outbox_owe_about - the same about an application or a payment method: what the courier is told comes from there. in: about  its
 *                    name, "" for none */
void outbox_owe_about(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods);
/* outbox_owe_task - something that the courier does for the member and that is no message */
void outbox_owe_task(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods);
/*
 * outbox_owe_message - append one message to one address, whatever is switched off: codes, and what outbox_owe() makes of a notice.
 */
void outbox_owe_message(const struct member *member, const char *kind, const struct berval *address, int64_t now,
                        Modifications **mods);
/* outbox_forget - append that what is owed of a kind is not owed any more. alone_begin() before, and the member read after it. */
void outbox_forget(const struct member *member, const char *kind, Modifications **mods);

/* record_id_is_queue, record_id_is_outbox - 1 when octets have the shape; the second copies the entryUUID out. */
int record_id_is_queue(const struct berval *id);
int record_id_is_outbox(const struct berval *id, char uuid_out[37]);

/* outbox_parse - read a value of musterOutbox. error: ERR_INPUT */
int outbox_parse(const struct berval *value, struct record *record_out);

/* lease_text - a value of musterLease. lease_find - the value of a record, NULL when there is none, and its end. */
void lease_text(const char *record_id, int64_t until, char text_out[LEASE_TEXT_MAX]);
const struct berval *lease_find(BerVarray leases, const char *record_id, int64_t *until_out);

#endif
