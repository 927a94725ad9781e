/*
 * fresh.h - how each connection was bound: by which member, when, and with what. doc/ARCHITECTURE.md, "Fresh authentication".
 */
#ifndef MUSTER_SLAPD_FRESH_H
#define MUSTER_SLAPD_FRESH_H

#include "slapd/overlay.h"

struct member;

#define FRESH_SEC 300
#define FRESH_TEXT "bind again: this takes a bind of your own with password and code, not older than 5 minutes"

/* What a member was let in with. */
enum login_how {
	LOGIN_NONE = 0,
	LOGIN_PASSWORD,     /* password, there was no second factor to give */
	LOGIN_FACTOR,       /* password and a code, of the authenticator or of recovery */
	LOGIN_REPEATED,     /* a credential that was spent before (same-code grace): never fresh */
	LOGIN_APP_PASSWORD  /* may change nothing */
};

#define FRESH_TEXT_APP "a connection bound with an app password changes nothing: bind with password and code"

/* fresh_init - a place for each connection slapd can have. Once, when the module is loaded. */
void fresh_init(void);

/* fresh_forget - op is about to bind its connection anew, or was refused: whatever was known of it is over */
void fresh_forget(Operation *op);

/* fresh_note - op, a simple bind, is let in */
void fresh_note(Operation *op, const struct member *member, enum login_how how);

/*
 * fresh_is - 1 when op is the member's own, on a connection that it bound itself with its password, and its second factor
 *            where it has one, at most FRESH_SEC ago. An identity taken over with a control (RFC 4370) or from SASL is none
 *            of that.
 */
int fresh_is(Operation *op, const struct member *member);

/* fresh_by_app_password - 1 when op comes over a connection that was bound with an app password */
int fresh_by_app_password(Operation *op);

#endif
