/*
 * factor_control.h - the SecondFactor control, doc/ARCHITECTURE.md "Bind of a member".
 */
#ifndef MUSTER_SLAPD_FACTOR_CONTROL_H
#define MUSTER_SLAPD_FACTOR_CONTROL_H

#include "slapd/overlay.h"

/* States of the SecondFactor control's response. */
enum factor_state {
	FACTOR_OK = 0,
	FACTOR_CODE_REQUIRED = 1,
	FACTOR_ENROL_REQUIRED = 2,
	FACTOR_CHANGE_REQUIRED = 3,
	FACTOR_EXPIRED = 4
};

/* A request; the octets belong to the operation. BER_BVNULL for what was left out. */
struct factor_request {
	struct berval code, service, rhost;
};

/* factor_request_of - the request of a bind, NULL without the control */
const struct factor_request *factor_request_of(Operation *op);

/* factor_answer - put a response into rs. in: previous_login  seconds since 1970, 0 to leave it out */
void factor_answer(Operation *op, SlapReply *rs, enum factor_state state, int64_t previous_login);

#endif
