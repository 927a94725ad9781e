/*
 * reply.c - what is added to slapd's answers: controls, and callbacks that see a result before the client does.
 */
#include "slapd/reply.h"

void
reply_control(Operation *op, SlapReply *rs, const char *oid, BerElement *ber)
{
	LDAPControl *control, *list[2] = { NULL, NULL };
	struct berval value = BER_BVNULL;

	if (ber_flatten2(ber, &value, 0) != 0)
		return;
	control = op->o_tmpcalloc(1, sizeof(*control) + value.bv_len, op->o_tmpmemctx);
	control->ldctl_oid = (char *)oid;
	control->ldctl_value.bv_val = (char *)(control + 1);
	control->ldctl_value.bv_len = value.bv_len;
	memcpy(control->ldctl_value.bv_val, value.bv_val, value.bv_len);
	list[0] = control;
	slap_add_ctrls(op, rs, list);
}

int
reply_callback_free(Operation *op, SlapReply *rs)
{
	slap_callback *cb = op->o_callback;

	(void)rs;
	op->o_callback = cb->sc_next;
	op->o_tmpfree(cb, op->o_tmpmemctx);
	return 0;
}

void
reply_callback(Operation *op, slap_response *response)
{
	slap_callback *cb = op->o_tmpcalloc(1, sizeof(*cb), op->o_tmpmemctx);

	cb->sc_response = response;
	cb->sc_cleanup = reply_callback_free;
	overlay_callback_after_backover(op, cb, 1);
}

void
reply_callback_unlink(Operation *op, slap_callback *callback)
{
	slap_callback **cb;

	for (cb = &op->o_callback; *cb != NULL; cb = &(*cb)->sc_next) {
		if (*cb == callback) {
			*cb = callback->sc_next;
			return;
		}
	}
}
