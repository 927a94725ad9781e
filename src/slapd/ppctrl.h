/*
 * ppctrl.h - the password policy control, answered for members.
 */
#ifndef MUSTER_SLAPD_PPCTRL_H
#define MUSTER_SLAPD_PPCTRL_H

#include "slapd/overlay.h"

/* ppctrl_answer - answer the ppolicy control in rs when the request asked for it. error: -1 none, else its enum */
enum ppctrl_error { PPCTRL_NONE = -1, PPCTRL_EXPIRED = 0, PPCTRL_LOCKED = 1, PPCTRL_CHANGE_AFTER_RESET = 2,
	PPCTRL_MUST_SUPPLY_OLD = 4, PPCTRL_QUALITY = 5, PPCTRL_TOO_SHORT = 6, PPCTRL_IN_HISTORY = 8, PPCTRL_TOO_LONG = 9 };
void ppctrl_answer(Operation *op, SlapReply *rs, enum ppctrl_error error);
/* ppctrl_of_rules - the control's word for the rules that a text of pwrules_format() names */
enum ppctrl_error ppctrl_of_rules(const char *text);

#endif
