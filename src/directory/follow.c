/*
 * follow.c - LDAP sync (RFC 4533, refreshAndPersist) over the entries that owe messages. A search of our own
 *            instead of libldap's ldap_sync_*: that one waits in whole seconds and destroys the connection
 *            with its session.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "directory/internal.h"

#define RECORD_ID_MAX 64

/* Sync State control, state (RFC 4533 section 2.2) */
enum sync_state { SYNC_PRESENT = 0, SYNC_ADD = 1, SYNC_MODIFY = 2, SYNC_DELETE = 3 };

struct follow {
	struct directory *d;
	directory_record_fn fn;
	directory_idle_fn idle;
	void *arg;
};

/* syncRequestValue ::= SEQUENCE { mode ENUMERATED { refreshAndPersist(3) } } */
static int
follow_start(struct directory *d, const char *base, int *msgid_out)
{
	static const char *const attrs[] = { "objectClass", "cn", "musterOutbox", NULL };
	unsigned char value[] = { 0x30, 0x03, 0x0a, 0x01, 0x03 };
	LDAPControl control = {
		.ldctl_oid = (char *)LDAP_CONTROL_SYNC,
		.ldctl_value = { .bv_val = (char *)value, .bv_len = sizeof(value) },
		.ldctl_iscritical = 1
	};
	LDAPControl *controls[] = { &control, NULL };
	int rc;

	rc = ldap_search_ext(d->ld, base, LDAP_SCOPE_SUBTREE, "(|(musterOutbox=*)(objectClass=musterRequest))",
	                     (char **)attrs, 0, controls, NULL, NULL, LDAP_NO_LIMIT, msgid_out);
	return call_error(d, rc);
}

/* Sync State control value ::= SEQUENCE { state ENUMERATED, entryUUID, cookie OPTIONAL } */
static int
message_state(LDAP *ld, LDAPMessage *message, ber_int_t *state_out)
{
	LDAPControl **controls = NULL, *control;
	BerElement *ber = NULL;
	int r = ERR_PROTO;

	*state_out = SYNC_DELETE;
	if (ldap_get_entry_controls(ld, message, &controls) != LDAP_SUCCESS || controls == NULL)
		return ERR_PROTO;
	control = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
	if (control != NULL)
		ber = exop_reader(&control->ldctl_value);
	if (ber != NULL) {
		if (ber_scanf(ber, "{e", state_out) != LBER_ERROR)
			r = 0;
		ber_free(ber, 1);
	}
	ldap_controls_free(controls);
	return r;
}

/* record_id: everything up to the first blank; error: ERR_INPUT when that is no record id */
static int
record_id_copy(const struct directory_value *value, char record_id[RECORD_ID_MAX + 1])
{
	size_t n;

	for (n = 0; n < value->len && value->data[n] != ' '; n++) {
		unsigned char c = value->data[n];

		if (n == RECORD_ID_MAX || c > 0x7f || (!isalnum(c) && c != '-' && c != '_'))
			return ERR_INPUT;
		record_id[n] = (char)c;
	}
	record_id[n] = '\0';
	return n > 0 ? 0 : ERR_INPUT;
}

static int
tell_values(struct follow *f, const struct directory_attribute *attribute)
{
	char record_id[RECORD_ID_MAX + 1];
	size_t i;

	for (i = 0; attribute != NULL && i < attribute->values_len; i++) {
		if (record_id_copy(&attribute->values[i], record_id) == 0 && f->fn(record_id, f->arg) != 0)
			return 1;
	}
	return 0;
}

static int
follow_entry(struct follow *f, LDAPMessage *message, int *stopped)
{
	struct directory_entry *entry = NULL;
	ber_int_t state;
	int r;

	r = message_state(f->d->ld, message, &state);
	if (r != 0 || (state != SYNC_ADD && state != SYNC_MODIFY))
		return r;
	r = entry_copy(f->d, message, &entry);
	if (r != 0)
		return r;
	*stopped = tell_values(f, directory_attribute(entry, directory_has_class(entry, "musterRequest") ? "cn" : "musterOutbox"));
	directory_entry_free(&entry);
	return 0;
}

/* The search never ends by itself: a result means the server gave it up. */
static int
follow_ended(struct directory *d, LDAPMessage *message)
{
	int r;

	r = call_result(d, message, NULL);
	if (r != 0)
		return r;
	if (d->result == LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
		return ERR_CONFIG; /* no syncprov on the database */
	r = result_error(d);
	return r != 0 ? r : ERR_UNREACHABLE;
}

/* One message, or none within poll_ms. */
static int
follow_step(struct follow *f, int msgid, int poll_ms, int *stopped)
{
	struct timeval tv = { .tv_sec = poll_ms / 1000, .tv_usec = (poll_ms % 1000) * 1000 };
	LDAPMessage *message = NULL;
	int type, rc = LDAP_OTHER, r = 0;

	type = ldap_result(f->d->ld, msgid, LDAP_MSG_ONE, &tv, &message);
	if (type == 0)
		return 0;
	if (type < 0 || message == NULL) {
		(void)ldap_get_option(f->d->ld, LDAP_OPT_RESULT_CODE, &rc);
		return call_error(f->d, rc != LDAP_SUCCESS ? rc : LDAP_SERVER_DOWN);
	}
	if (type == LDAP_RES_SEARCH_ENTRY)
		r = follow_entry(f, message, stopped);
	else if (type == LDAP_RES_SEARCH_RESULT)
		r = follow_ended(f->d, message);
	ldap_msgfree(message);
	return r;
}

int
directory_follow(struct directory *d, const char *base, directory_record_fn fn, directory_idle_fn idle, void *arg,
                 int poll_ms, volatile int *stop)
{
	struct follow f = { .d = d, .fn = fn, .idle = idle, .arg = arg };
	int msgid = -1, stopped = 0, r;

	r = call_begin(d);
	if (r == 0)
		r = follow_start(d, base, &msgid);
	while (r == 0 && !stopped && !*stop) {
		r = follow_step(&f, msgid, poll_ms, &stopped);
		if (r == 0 && !stopped && idle != NULL)
			idle(arg);
	}
	if (d->ld != NULL && msgid > 0)
		(void)ldap_abandon_ext(d->ld, msgid, NULL, NULL);
	return r;
}
