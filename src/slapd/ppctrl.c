/*
 * ppctrl.c - the password policy control of draft-behera-ldap-password-policy, answered for members. slapo-ppolicy's module
 *            registers it and answers it for everybody else.
 */
#include "slapd/ppctrl.h"

#include "core/pwrules.h"
#include "slapd/reply.h"

#define TAG_ERROR 0x81 /* error [1] ENUMERATED */

void
ppctrl_answer(Operation *op, SlapReply *rs, enum ppctrl_error error)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	int cid = 0;

	if (slap_find_control_id(LDAP_CONTROL_PASSWORDPOLICYREQUEST, &cid) != LDAP_SUCCESS ||
	    op->o_ctrlflag[cid] <= SLAP_CONTROL_IGNORED)
		return;
	ber_init2(ber, NULL, LBER_USE_DER);
	ber_printf(ber, "{");
	if (error != PPCTRL_NONE)
		ber_printf(ber, "te", (ber_tag_t)TAG_ERROR, (ber_int_t)error);
	ber_printf(ber, "}");
	reply_control(op, rs, LDAP_CONTROL_PASSWORDPOLICYRESPONSE, ber);
	ber_free_buf(ber);
}

enum ppctrl_error
ppctrl_of_rules(const char *text)
{
	struct pwrules rules;
	unsigned broken;

	if (pwrules_parse(text, &rules, &broken) < 0)
		return PPCTRL_NONE;
	if (broken & PWRULE_MIN_LENGTH)
		return PPCTRL_TOO_SHORT;
	if (broken & (PWRULE_MAX_LENGTH | PWRULE_BYTES))
		return PPCTRL_TOO_LONG;
	return broken == PWRULE_HISTORY ? PPCTRL_IN_HISTORY : PPCTRL_QUALITY;
}
