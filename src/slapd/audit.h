/*
 * audit.h - one line per outcome in slapd's log.
 */
#ifndef MUSTER_SLAPD_AUDIT_H
#define MUSTER_SLAPD_AUDIT_H

#include "slapd/overlay.h"

/* One outcome. operation, factor and rule are constants, one word each: doc/OPERATIONS.md lists them. */
struct audit_event {
	const char *operation;
	const struct berval *dn; /* whom it is about, as it was said where that is nobody; NULL: nobody */
	int result;              /* what is answered: LDAP_SUCCESS is accepted, everything else refused */
	const char *factor;      /* what was proved, however it ended; NULL: nothing */
	const char *rule;        /* which rule refused, the true one; NULL: the one result stands for */
	const char *text;        /* more for who reads the log, never a value of a secret; NULL: nothing */
	const struct berval *service, *rhost; /* of an extended operation that has them; a bind has them in its control */
};

/*
 * audit - the one line of an outcome: fixed fields, control characters escaped, never a secret. Who did it and from where
 *         is taken from op.
 */
void audit(Operation *op, const struct audit_event *event);
/* audit_text - octets of a stranger as a part of such a line, cut to size */
void audit_text(const struct berval *in, char *out, size_t size);

#endif
