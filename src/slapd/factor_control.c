/*
 * factor_control.c - the SecondFactor control: request decoded, response encoded.
 */
#include "slapd/factor_control.h"

#include "common/err.h"
#include "slapd/muster.h"
#include "slapd/reply.h"

#define TAG_SEQUENCE 0x30
#define TAG_PREVIOUS_LOGIN 0x80
#define TEXT_MAX 256

int muster_ctrl_cid;

/*
 * take - one element from the front of *in, definite length.
 * error: ERR_INPUT  nothing there, or more announced than there is
 */
static int
take(struct berval *in, unsigned *tag, struct berval *content)
{
	const uint8_t *p = (const uint8_t *)in->bv_val;
	size_t left = in->bv_len, len, n;

	if (left < 2)
		return ERR_INPUT;
	*tag = *p++;
	len = *p++;
	left -= 2;
	if (len & 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > 4 || n > left)
			return ERR_INPUT;
		for (len = 0; n > 0; n--, left--)
			len = len << 8 | *p++;
	}
	if (len > left)
		return ERR_INPUT;
	content->bv_val = (char *)p;
	content->bv_len = len;
	in->bv_val = (char *)p + len;
	in->bv_len = left - len;
	return 0;
}

/* decode - error: ERR_INPUT (not a request, or octets left over), ERR_RANGE (too long) */
static int
decode(const struct berval *value, struct factor_request *out)
{
	struct berval *const fields[] = { &out->code, &out->service, &out->rhost };
	struct berval outer = *value, in, content;
	unsigned tag, next = 0;

	memset(out, 0, sizeof(*out));
	if (BER_BVISNULL(value) || take(&outer, &tag, &in) < 0 || tag != TAG_SEQUENCE || outer.bv_len != 0)
		return ERR_INPUT;
	while (in.bv_len > 0) {
		if (take(&in, &tag, &content) < 0 || tag < (0x80 | next) || tag > 0x82)
			return ERR_INPUT;
		if (content.bv_len > TEXT_MAX)
			return ERR_RANGE;
		*fields[tag & 0x7f] = content;
		next = (tag & 0x7f) + 1;
	}
	return 0;
}

static int
parse(Operation *op, SlapReply *rs, LDAPControl *control)
{
	struct factor_request *request;

	if (op->o_ctrlflag[muster_ctrl_cid] != SLAP_CONTROL_NONE) {
		rs->sr_text = "SecondFactor control specified more than once";
		return LDAP_PROTOCOL_ERROR;
	}
	request = op->o_tmpalloc(sizeof(*request), op->o_tmpmemctx);
	if (decode(&control->ldctl_value, request) < 0) {
		op->o_tmpfree(request, op->o_tmpmemctx);
		rs->sr_text = "SecondFactor control value is not a request";
		return LDAP_PROTOCOL_ERROR;
	}
	op->o_controls[muster_ctrl_cid] = request;
	op->o_ctrlflag[muster_ctrl_cid] = control->ldctl_iscritical ? SLAP_CONTROL_CRITICAL : SLAP_CONTROL_NONCRITICAL;
	return LDAP_SUCCESS;
}

int
bind_register_control(void)
{
	return register_supported_control(MUSTER_CTRL_SECOND_FACTOR, SLAP_CTRL_BIND, NULL, parse, &muster_ctrl_cid);
}

const struct factor_request *
factor_request_of(Operation *op)
{
	return op->o_ctrlflag[muster_ctrl_cid] > SLAP_CONTROL_IGNORED ? op->o_controls[muster_ctrl_cid] : NULL;
}

void
factor_answer(Operation *op, SlapReply *rs, enum factor_state state, int64_t previous_login)
{
	char text[LDAP_LUTIL_GENTIME_BUFSIZE];
	struct berval when = { sizeof(text), text };
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	time_t t = (time_t)previous_login;

	ber_init2(ber, NULL, LBER_USE_DER);
	ber_printf(ber, "{e", (ber_int_t)state);
	if (previous_login > 0) {
		slap_timestamp(&t, &when);
		ber_printf(ber, "tO", (ber_tag_t)TAG_PREVIOUS_LOGIN, &when);
	}
	ber_printf(ber, "}");
	reply_control(op, rs, MUSTER_CTRL_SECOND_FACTOR, ber);
	ber_free_buf(ber);
}
