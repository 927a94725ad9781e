/*
 * exop_app.c - extended operations for logins without a person at the keyboard: app passwords, and accounts that a host checks.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

/* networks_encode - the elements of a SEQUENCE OF UTF8String, to be freed with ber_bvfree() */
static int
networks_encode(const char *const *networks, size_t n, struct berval **elements_out)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	size_t i;
	int ok = ber != NULL;

	*elements_out = NULL;
	for (i = 0; ok && i < n; i++)
		ok = ber_printf(ber, "ts", TAG_UTF8STRING, networks[i]) >= 0;
	ok = ok && ber_flatten(ber, elements_out) == 0;
	if (ber != NULL)
		ber_free(ber, 1);
	return ok ? 0 : ERR_MEMORY;
}

/* SEQUENCE { id UTF8String, appPassword OCTET STRING } */
static int
app_password_decode(struct berval *answer, char **id_out, struct secret **text_out)
{
	BerElement *ber = answer != NULL ? exop_reader(answer) : NULL;
	struct secret *text = NULL;
	struct berval octets;
	char *id = NULL;
	int r = ERR_PROTO;

	if (ber == NULL)
		return answer != NULL && answer->bv_len > 0 ? ERR_MEMORY : ERR_PROTO;
	if (ber_scanf(ber, "{") == LBER_ERROR)
		goto out;
	r = exop_read_text(ber, &id);
	if (r == 0)
		r = exop_read_octets(ber, &octets);
	if (r == 0)
		r = secret_new(octets.bv_val, octets.bv_len, &text);
	if (r == 0)
		r = exop_read_end(ber);
	if (r != 0)
		goto out;
	*id_out = id;
	*text_out = text;
	id = NULL;
	text = NULL;
out:
	ber_free(ber, 1);
	free(id);
	secret_free(&text);
	return r;
}

int
directory_new_app_password(struct directory *d, const struct directory_target *target, const struct secret *password,
                           const struct secret *code, const char *label, const char *const *networks, size_t networks_len,
                           char **id_out, struct secret **app_password_out, enum factor_state *state_out)
{
	struct berval *elements = NULL, *value = NULL, *answer = NULL;
	int r;

	*id_out = NULL;
	*app_password_out = NULL;
	*state_out = FACTOR_NONE;
	r = networks_encode(networks, networks_len, &elements);
	if (r == 0) {
		const struct exop_field fields[] = {
			{ .tag = LBER_OCTETSTRING, .data = password->data, .len = password->len },
			{ .tag = TAG_CONTEXT_0, .data = code != NULL ? code->data : NULL, .len = code != NULL ? code->len : 0 },
			{ .tag = TAG_UTF8STRING, .data = label, .len = strlen(label) },
			{ .tag = LBER_SEQUENCE, .data = elements->bv_val != NULL ? elements->bv_val : "", .len = elements->bv_len }
		};

		r = exop_value(target, fields, sizeof(fields) / sizeof(fields[0]), &value);
	}
	if (r == 0)
		r = exop_call(d, OID_NEW_APP_PASSWORD, value, &answer);
	if (r == ERR_REFUSED && d->result == LDAP_STRONG_AUTH_REQUIRED)
		*state_out = FACTOR_CODE_REQUIRED;
	if (r == 0)
		r = app_password_decode(answer, id_out, app_password_out);
	if (answer != NULL)
		secret_wipe(answer->bv_val, answer->bv_len);
	if (value != NULL)
		secret_wipe(value->bv_val, value->bv_len);
	ber_bvfree(elements);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

/* ENUMERATED */
static int
state_decode(struct berval *answer, enum factor_state *state_out)
{
	BerElement *ber = answer != NULL ? exop_reader(answer) : NULL;
	ber_int_t state;
	ber_len_t len;
	int r = ERR_PROTO;

	if (ber == NULL)
		return answer != NULL && answer->bv_len > 0 ? ERR_MEMORY : ERR_PROTO;
	if (ber_peek_tag(ber, &len) == LBER_ENUMERATED && len == 1 && ber_scanf(ber, "e", &state) != LBER_ERROR &&
	    state >= FACTOR_OK && state <= FACTOR_REFUSED && exop_read_end(ber) == 0)
		r = 0;
	ber_free(ber, 1);
	if (r == 0)
		*state_out = (enum factor_state)state;
	return r;
}

int
directory_check_account(struct directory *d, const struct directory_target *target, const char *service, const char *rhost,
                        enum factor_state *state_out)
{
	const struct exop_field fields[] = {
		{ .tag = TAG_UTF8STRING, .data = service, .len = strlen(service) },
		{ .tag = TAG_UTF8STRING, .data = rhost, .len = strlen(rhost) }
	};
	struct berval *value = NULL, *answer = NULL;
	int r;

	*state_out = FACTOR_NONE;
	r = exop_value(target, fields, sizeof(fields) / sizeof(fields[0]), &value);
	if (r == 0)
		r = exop_call(d, OID_CHECK_ACCOUNT, value, &answer);
	if (r == 0)
		r = state_decode(answer, state_out);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}
