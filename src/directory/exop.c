/*
 * exop.c - extended operations about a member's password and second factor, and two standard ones.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

static struct exop_field
secret_field(ber_tag_t tag, const struct secret *s)
{
	struct exop_field field = { .tag = tag };

	if (s != NULL) {
		field.data = s->data;
		field.len = s->len;
	}
	return field;
}

/* An operation whose answer has no value. */
static int
call_without_answer(struct directory *d, const char *oid, const struct directory_target *target,
                    const struct exop_field *fields, size_t n)
{
	struct berval *value = NULL, *answer = NULL;
	int r;

	r = exop_value(target, fields, n, &value);
	if (r == 0)
		r = exop_call(d, oid, value, &answer);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

int
directory_request_reset(struct directory *d, const struct directory_target *target)
{
	return call_without_answer(d, OID_REQUEST_RESET, target, NULL, 0);
}

static struct exop_field
text_field(ber_tag_t tag, const char *text)
{
	struct exop_field field = { .tag = tag, .data = text, .len = text != NULL ? strlen(text) : 0 };

	return field;
}

int
directory_sign_up(struct directory *d, const struct directory_sign_up *who)
{
	const struct exop_field fields[] = {
		text_field(TAG_UTF8STRING, who->mail),
		text_field(TAG_UTF8STRING, who->name),
		text_field(TAG_UTF8STRING, who->country),
		text_field(TAG_UTF8STRING, who->member_type),
		text_field(TAG_UTF8STRING, who->terms),
		text_field(TAG_UTF8STRING, who->language != NULL ? who->language : ""),
		text_field(TAG_CONTEXT_0, who->business_name),
		text_field(TAG_CONTEXT_1, who->registration_number)
	};

	return call_without_answer(d, OID_SIGN_UP, NULL, fields, sizeof(fields) / sizeof(fields[0]));
}

int
directory_redeem(struct directory *d, const struct directory_target *target, const struct secret *token,
                 const struct secret *new_password)
{
	const struct exop_field fields[] = {
		secret_field(LBER_OCTETSTRING, token),
		secret_field(LBER_OCTETSTRING, new_password)
	};

	return call_without_answer(d, OID_REDEEM, target, fields, 2);
}

int
directory_change_password(struct directory *d, const struct directory_target *target,
                          const struct secret *old_password, const struct secret *code,
                          const struct secret *new_password, enum factor_state *state_out)
{
	const struct exop_field fields[] = {
		secret_field(LBER_OCTETSTRING, old_password),
		secret_field(TAG_CONTEXT_0, code),
		secret_field(LBER_OCTETSTRING, new_password)
	};
	int r;

	*state_out = FACTOR_NONE;
	d->result = -1;
	r = call_without_answer(d, OID_CHANGE_PASSWORD, target, fields, 3);
	if (r == ERR_REFUSED && d->result == LDAP_STRONG_AUTH_REQUIRED)
		*state_out = FACTOR_CODE_REQUIRED;
	return r;
}

static void
codes_free(struct secret **codes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		secret_free(&codes[i]);
	free(codes);
}

/* SEQUENCE OF OCTET STRING */
static int
codes_decode(struct berval *answer, struct secret ***codes_out, size_t *n_out)
{
	BerElement *ber = exop_reader(answer);
	struct secret **codes = calloc(LIST_MAX, sizeof(*codes));
	struct berval octets;
	ber_len_t len;
	char *last;
	ber_tag_t tag;
	size_t n = 0;
	int r = ERR_MEMORY;

	if (ber != NULL && codes != NULL)
		r = ber_peek_tag(ber, &len) == LBER_SEQUENCE ? 0 : ERR_PROTO;
	for (tag = r == 0 ? ber_first_element(ber, &len, &last) : LBER_DEFAULT; r == 0 && tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, last)) {
		r = n < LIST_MAX ? exop_read_octets(ber, &octets) : ERR_PROTO;
		if (r == 0)
			r = secret_new(octets.bv_val, octets.bv_len, &codes[n]);
		if (r == 0)
			n++;
	}
	if (r == 0)
		r = exop_read_end(ber);
	if (ber != NULL)
		ber_free(ber, 1);
	if (r != 0) {
		codes_free(codes, n);
		return r;
	}
	*codes_out = codes;
	*n_out = n;
	return 0;
}

/* An operation that answers with recovery codes. */
static int
call_for_codes(struct directory *d, const char *oid, const struct directory_target *target,
               const struct exop_field *fields, size_t n, struct secret ***codes_out, size_t *n_out)
{
	struct berval *value = NULL, *answer = NULL;
	int r;

	*codes_out = NULL;
	*n_out = 0;
	r = exop_value(target, fields, n, &value);
	if (r == 0)
		r = exop_call(d, oid, value, &answer);
	if (r == 0 && answer != NULL && answer->bv_len > 0)
		r = codes_decode(answer, codes_out, n_out);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

int
directory_enrol_totp(struct directory *d, const struct directory_target *target, const struct secret *password,
                     const uint8_t *seed, size_t seed_len, const struct secret *code,
                     struct secret ***codes_out, size_t *n_out)
{
	const struct exop_field fields[] = {
		secret_field(LBER_OCTETSTRING, password),
		{ .tag = LBER_OCTETSTRING, .data = seed, .len = seed_len },
		secret_field(LBER_OCTETSTRING, code)
	};

	return call_for_codes(d, OID_ENROL_TOTP, target, fields, 3, codes_out, n_out);
}

int
directory_remove_totp(struct directory *d, const struct directory_target *target, const struct secret *password,
                      const struct secret *code)
{
	const struct exop_field fields[] = {
		secret_field(LBER_OCTETSTRING, password),
		secret_field(LBER_OCTETSTRING, code)
	};

	return call_without_answer(d, OID_REMOVE_TOTP, target, fields, 2);
}

int
directory_new_recovery_codes(struct directory *d, const struct directory_target *target, const struct secret *password,
                             const struct secret *code, struct secret ***codes_out, size_t *n_out)
{
	const struct exop_field fields[] = {
		secret_field(LBER_OCTETSTRING, password),
		secret_field(LBER_OCTETSTRING, code)
	};

	return call_for_codes(d, OID_NEW_RECOVERY_CODES, target, fields, 2, codes_out, n_out);
}

int
directory_whoami(struct directory *d, char **dn_out)
{
	struct berval *answer = NULL;
	size_t skip;
	int r;

	*dn_out = NULL;
	r = exop_call(d, LDAP_EXOP_WHO_AM_I, NULL, &answer);
	if (r != 0)
		return r;
	/* "dn:" and a DN, or nothing for anonymous (RFC 4532) */
	skip = answer != NULL && answer->bv_len > 3 && strncmp(answer->bv_val, "dn:", 3) == 0 ? 3 : 0;
	*dn_out = skip > 0 ? strndup(answer->bv_val + skip, answer->bv_len - skip) : strdup("");
	ber_bvfree(answer);
	return *dn_out != NULL ? 0 : ERR_MEMORY;
}

/* PasswdModifyRequestValue ::= SEQUENCE { userIdentity [0], oldPasswd [1], newPasswd [2] }, all optional */
int
directory_set_password(struct directory *d, const char *dn, const struct secret *new_password)
{
	const struct exop_field fields[] = {
		{ .tag = TAG_CONTEXT_0, .data = dn, .len = strlen(dn) },
		secret_field(TAG_CONTEXT_2, new_password)
	};

	return call_without_answer(d, LDAP_EXOP_MODIFY_PASSWD, NULL, fields, 2);
}
