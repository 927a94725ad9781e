/*
 * internal.h - what the files of this folder share. libldap's types and result codes stop here.
 */
#ifndef MUSTER_DIRECTORY_INTERNAL_H
#define MUSTER_DIRECTORY_INTERNAL_H

#include <lber.h>
#include <ldap.h>

#include "directory/directory.h"

#define OID_ARC "2.25.154254282437691369581785512569447189437"
#define OID_SECOND_FACTOR OID_ARC ".3.1"
#define OID_REQUEST_RESET OID_ARC ".4.1"
#define OID_REDEEM OID_ARC ".4.2"
#define OID_CHANGE_PASSWORD OID_ARC ".4.3"
#define OID_ENROL_TOTP OID_ARC ".4.4"
#define OID_REMOVE_TOTP OID_ARC ".4.7"
#define OID_NEW_RECOVERY_CODES OID_ARC ".4.10"
#define OID_CLAIM OID_ARC ".4.5"
#define OID_DONE OID_ARC ".4.6"
#define OID_NEW_APP_PASSWORD OID_ARC ".4.8"
#define OID_CHECK_ACCOUNT OID_ARC ".4.9"
#define OID_SIGN_UP OID_ARC ".4.11"
#define OID_NEW_ORGANIZATION OID_ARC ".4.12"
#define OID_SETTLE OID_ARC ".4.13"

#define TAG_CONTEXT_0 ((ber_tag_t)(LBER_CLASS_CONTEXT | LBER_PRIMITIVE | 0))
#define TAG_CONTEXT_1 ((ber_tag_t)(LBER_CLASS_CONTEXT | LBER_PRIMITIVE | 1))
#define TAG_CONTEXT_2 ((ber_tag_t)(LBER_CLASS_CONTEXT | LBER_PRIMITIVE | 2))
#define TAG_CONTEXT_1_SEQUENCE ((ber_tag_t)(LBER_CLASS_CONTEXT | LBER_CONSTRUCTED | 1))
#define TAG_UTF8STRING ((ber_tag_t)0x0C)

/* How the overlay's text of a refused password begins (doc/ARCHITECTURE.md, "Extended operations"). */
#define RULES_TEXT "password refused: "

/* Longest name or text sent or taken, and most values of a list in an answer. */
#define TEXT_MAX 4096
#define LIST_MAX 64

struct directory {
	LDAP *ld; /* NULL once the connection is unusable */
	int timeout_ms;
	int result; /* LDAP result code of the last operation, -1 none */
	char *text; /* diagnosticMessage, NULL none */
};

/* connect.c: sockets and TLS of one connection. error: like directory_open() */
int connect_any(const struct directory_options *options, LDAP **ld_out, char **text_out);

/* call_begin - forget the last operation. error: ERR_UNREACHABLE when the connection is gone */
int call_begin(struct directory *d);
/* call_drop - end a connection that nobody knows the state of. */
void call_drop(struct directory *d);
/* call_error - translate a failure of libldap itself, and drop the connection when it is gone. */
int call_error(struct directory *d, int ldap_rc);
/* call_deadline - milliseconds of clock_mono_ms() at which an operation that begins now must be over. */
int64_t call_deadline(const struct directory *d);
/*
 * call_wait - the next message of an operation.
 * in:    deadline  when passed, the connection is dropped: what the server does later is unknown
 * error: ERR_TIMEOUT, ERR_UNREACHABLE, ERR_INTERNAL
 */
int call_wait(struct directory *d, int msgid, int all, int64_t deadline, LDAPMessage **message_out);
/*
 * call_result - the LDAP result in a message; sets d->result and d->text.
 * out:   controls_out  freed with ldap_controls_free(); may be NULL
 * return: 0 when the message could be read, whatever the result says
 */
int call_result(struct directory *d, LDAPMessage *message, LDAPControl ***controls_out);
/* call_finish - wait for the result of an operation that answers nothing else; its error as an ERR_* code. */
int call_finish(struct directory *d, int msgid);
/* result_error - the ERR_* code of an LDAP result code. */
int result_error(const struct directory *d);
/* call_set_text - a text of our own for directory_text(); memory shortage leaves none. */
void call_set_text(struct directory *d, const char *text);

/* search.c: one entry as our own struct. */
int entry_copy(struct directory *d, LDAPMessage *message, struct directory_entry **entry_out);

/* exop_codec.c: values of the extended operations. */
struct exop_field {
	ber_tag_t tag;
	const void *data; /* NULL: the field is left out */
	size_t len;
};
/* exop_value - SEQUENCE { target unless NULL, fields }. error: ERR_INPUT, ERR_RANGE, ERR_MEMORY */
int exop_value(const struct directory_target *target, const struct exop_field *fields, size_t n,
               struct berval **value_out);
/* exop_call - send, wait, answer's value or NULL. error: as all extended operations in directory.h */
int exop_call(struct directory *d, const char *oid, struct berval *value, struct berval **answer_out);
/*
 * exop_reader - read an answer, to be freed with ber_free(ber, 1). NULL when it is empty, which liblber cannot read, or
 *               memory is short.
 */
BerElement *exop_reader(struct berval *value);
/* exop_read_octets - the next OCTET STRING or UTF8String of an answer, in place. error: ERR_PROTO */
int exop_read_octets(BerElement *ber, struct berval *octets_out);
/* exop_read_text - the same as text without NUL, a copy. error: ERR_PROTO, ERR_MEMORY */
int exop_read_text(BerElement *ber, char **text_out);
/*
 * exop_read_any_text - the same for what somebody wrote into an entry: of any length, a NUL as a blank. Whether it can be used is
 *                      for the caller to judge; a member must not make its own messages unreadable.
 */
int exop_read_any_text(BerElement *ber, char **text_out);
/* exop_read_end - error: ERR_PROTO when octets are left over */
int exop_read_end(BerElement *ber);

#endif
