/*
 * login.c - binds: of members with the SecondFactor control, of everybody else without.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "directory/internal.h"

/* Send a bind and wait for its result. A bind whose outcome is unknown ends the connection. */
static int
bind_call(struct directory *d, const char *dn, const char *mechanism, struct berval *credentials,
          LDAPControl **controls, LDAPControl ***answer_out)
{
	LDAPMessage *message = NULL;
	int msgid = -1, rc, r;

	if (answer_out != NULL)
		*answer_out = NULL;
	r = call_begin(d);
	if (r != 0)
		return r;
	rc = ldap_sasl_bind(d->ld, dn, mechanism, credentials, controls, NULL, &msgid);
	if (rc != LDAP_SUCCESS)
		return call_error(d, rc);
	r = call_wait(d, msgid, LDAP_MSG_ALL, call_deadline(d), &message);
	if (r != 0)
		return r;
	r = call_result(d, message, answer_out);
	ldap_msgfree(message);
	return r;
}

/* Request ::= SEQUENCE { code [0], service [1], rhost [2] }, all optional */
static int
control_encode(const struct secret *code, const char *service, const char *rhost, struct berval **value_out)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	int ok;

	*value_out = NULL;
	if (ber == NULL)
		return ERR_MEMORY;
	ok = ber_printf(ber, "{") >= 0;
	if (ok && code != NULL)
		ok = ber_printf(ber, "to", TAG_CONTEXT_0, (char *)code->data, (ber_len_t)code->len) >= 0;
	if (ok && service != NULL)
		ok = ber_printf(ber, "ts", TAG_CONTEXT_1, service) >= 0;
	if (ok && rhost != NULL)
		ok = ber_printf(ber, "ts", TAG_CONTEXT_2, rhost) >= 0;
	ok = ok && ber_printf(ber, "}") >= 0 && ber_flatten(ber, value_out) == 0;
	ber_free(ber, 1);
	return ok ? 0 : ERR_MEMORY;
}

/* Response ::= SEQUENCE { state ENUMERATED, previousLogin [0] GeneralizedTime OPTIONAL } */
static int
control_decode(struct berval *value, enum factor_state *state_out, int64_t *previous_out)
{
	BerElement *ber = exop_reader(value);
	struct berval time = { .bv_val = NULL };
	ber_len_t len;
	ber_int_t state;
	int64_t previous = 0;
	int r = ERR_PROTO;

	if (ber == NULL)
		return ERR_PROTO;
	if (ber_scanf(ber, "{e", &state) == LBER_ERROR || state < FACTOR_OK || state > FACTOR_EXPIRED)
		goto out;
	if (ber_peek_tag(ber, &len) == TAG_CONTEXT_0) {
		if (ber_scanf(ber, "m", &time) == LBER_ERROR ||
		    text_time_parse(time.bv_val, time.bv_len, &previous) != 0)
			goto out;
	}
	if (exop_read_end(ber) != 0)
		goto out;
	*state_out = (enum factor_state)state;
	*previous_out = previous;
	r = 0;
out:
	ber_free(ber, 1);
	return r;
}

static int
control_find(LDAPControl **controls, enum factor_state *state_out, int64_t *previous_out)
{
	size_t i;

	for (i = 0; controls != NULL && controls[i] != NULL; i++) {
		if (strcmp(controls[i]->ldctl_oid, OID_SECOND_FACTOR) == 0)
			return control_decode(&controls[i]->ldctl_value, state_out, previous_out);
	}
	return ERR_NO_OVERLAY;
}

/* What the answer means. Only success together with state ok lets anybody in. */
static int
login_judge(struct directory *d, LDAPControl **answer, enum verdict *verdict_out, enum factor_state *state_out,
            int64_t *previous_out)
{
	enum factor_state state = FACTOR_NONE;
	int64_t previous = 0;
	int r;

	if (d->result != LDAP_SUCCESS && d->result != LDAP_STRONG_AUTH_REQUIRED)
		return d->result == LDAP_CONFIDENTIALITY_REQUIRED ? ERR_PEER : result_error(d);
	r = control_find(answer, &state, &previous);
	if (r != 0)
		return r;
	if ((d->result == LDAP_SUCCESS) != (state == FACTOR_OK))
		return ERR_PROTO;
	*state_out = state;
	if (state == FACTOR_OK) {
		*previous_out = previous;
		*verdict_out = VERDICT_ALLOW;
	}
	return 0;
}

/* After a success that does not count nobody may go on using the identity it gave. */
static void
login_undo(struct directory *d)
{
	int result = d->result;
	char *text = d->text;

	d->text = NULL;
	if (d->ld != NULL && directory_anonymous(d) != 0)
		call_drop(d);
	free(d->text);
	d->text = text;
	d->result = result;
}

int
directory_login(struct directory *d, const char *dn, const struct secret *password, const struct secret *code,
                const char *service, const char *rhost, enum verdict *verdict_out, enum factor_state *state_out,
                int64_t *previous_out)
{
	LDAPControl control = { .ldctl_oid = (char *)OID_SECOND_FACTOR, .ldctl_iscritical = 1 };
	LDAPControl *controls[] = { &control, NULL }, **answer = NULL;
	struct berval credentials = { .bv_val = (char *)password->data, .bv_len = password->len };
	struct berval *value = NULL;
	int r;

	*verdict_out = VERDICT_DENY;
	*state_out = FACTOR_NONE;
	*previous_out = 0;
	/* Without DN or password a bind is anonymous and succeeds (RFC 4513 section 5.1.2). */
	if (dn == NULL || *dn == '\0' || password->len == 0)
		return ERR_REFUSED;
	if (strlen(dn) > TEXT_MAX || password->len > SECRET_MAX || (code != NULL && code->len > SECRET_MAX))
		return ERR_REFUSED;
	r = control_encode(code, service, rhost, &value);
	if (r != 0)
		goto out;
	control.ldctl_value = *value;
	r = bind_call(d, dn, LDAP_SASL_SIMPLE, &credentials, controls, &answer);
	if (r != 0)
		goto out;
	r = login_judge(d, answer, verdict_out, state_out, previous_out);
	if (d->result == LDAP_SUCCESS && *verdict_out != VERDICT_ALLOW)
		login_undo(d);
out:
	ber_bvfree(value);
	if (answer != NULL)
		ldap_controls_free(answer);
	return r;
}

int
directory_bind_simple(struct directory *d, const char *dn, const struct secret *password)
{
	struct berval credentials = { .bv_val = (char *)password->data, .bv_len = password->len };
	int r;

	if (dn == NULL || *dn == '\0' || password->len == 0)
		return ERR_REFUSED;
	if (strlen(dn) > TEXT_MAX || password->len > SECRET_MAX)
		return ERR_REFUSED;
	r = bind_call(d, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL);
	return r != 0 ? r : result_error(d);
}

int
directory_bind_external(struct directory *d)
{
	struct berval credentials = { .bv_val = (char *)"", .bv_len = 0 };
	int r;

	r = bind_call(d, NULL, "EXTERNAL", &credentials, NULL, NULL);
	return r != 0 ? r : result_error(d);
}

int
directory_anonymous(struct directory *d)
{
	struct berval credentials = { .bv_val = (char *)"", .bv_len = 0 };
	int r;

	r = bind_call(d, "", LDAP_SASL_SIMPLE, &credentials, NULL, NULL);
	if (r == 0 && d->result == LDAP_SUCCESS)
		return 0;
	/* A refused bind leaves the connection anonymous as well (RFC 4513 section 4). */
	return r != 0 ? r : d->result == LDAP_INAPPROPRIATE_AUTH ? 0 : result_error(d);
}
