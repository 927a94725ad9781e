/*
 * exop_codec.c - values of the extended operations, and the one way to send them (doc/ARCHITECTURE.md).
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

/* Target ::= CHOICE { dn [0] LDAPDN, login [1] SEQUENCE { organization [0] OPTIONAL, login UTF8String } } */
static int
target_encode(BerElement *ber, const struct directory_target *target)
{
	if (target->dn != NULL)
		return ber_printf(ber, "ts", TAG_CONTEXT_0, target->dn) >= 0;
	if (ber_printf(ber, "t{", TAG_CONTEXT_1_SEQUENCE) < 0)
		return 0;
	if (target->organization != NULL && ber_printf(ber, "ts", TAG_CONTEXT_0, target->organization) < 0)
		return 0;
	return ber_printf(ber, "ts}", TAG_UTF8STRING, target->login) >= 0;
}

static int
target_check(const struct directory_target *target)
{
	if (target->dn == NULL && target->login == NULL)
		return ERR_INPUT;
	if (target->dn != NULL && strlen(target->dn) > TEXT_MAX)
		return ERR_RANGE;
	if (target->login != NULL && strlen(target->login) > TEXT_MAX)
		return ERR_RANGE;
	if (target->organization != NULL && strlen(target->organization) > TEXT_MAX)
		return ERR_RANGE;
	return 0;
}

int
exop_value(const struct directory_target *target, const struct exop_field *fields, size_t n,
           struct berval **value_out)
{
	BerElement *ber = NULL;
	size_t i;
	int ok, r;

	*value_out = NULL;
	r = target != NULL ? target_check(target) : 0;
	if (r != 0)
		return r;
	for (i = 0; i < n; i++) {
		if (fields[i].len > TEXT_MAX)
			return ERR_RANGE;
	}
	ber = ber_alloc_t(LBER_USE_DER);
	if (ber == NULL)
		return ERR_MEMORY;
	ok = ber_printf(ber, "{") >= 0;
	if (ok && target != NULL)
		ok = target_encode(ber, target);
	for (i = 0; ok && i < n; i++) {
		if (fields[i].data != NULL)
			ok = ber_printf(ber, "to", fields[i].tag, fields[i].data, (ber_len_t)fields[i].len) >= 0;
	}
	ok = ok && ber_printf(ber, "}") >= 0 && ber_flatten(ber, value_out) == 0;
	ber_free(ber, 1);
	return ok ? 0 : ERR_MEMORY;
}

struct oid_search {
	const char *oid;
	int found;
	int readable;
};

static int
look_for_oid(const struct directory_entry *entry, void *arg)
{
	struct oid_search *search = arg;
	const struct directory_attribute *supported = directory_attribute(entry, "supportedExtension");
	size_t i;

	for (i = 0; supported != NULL && i < supported->values_len; i++) {
		search->readable = 1;
		if (strcmp((const char *)supported->values[i].data, search->oid) == 0)
			search->found = 1;
	}
	return 0;
}

/*
 * After protocolError: 1 when the server lists its operations and ours is not among them. Result and text
 * stay those of the operation.
 */
static int
operation_unknown(struct directory *d, const char *oid)
{
	static const char *const attrs[] = { "supportedExtension", NULL };
	struct oid_search search = { .oid = oid };
	int result = d->result;
	char *text = d->text;

	d->text = NULL;
	if (d->ld != NULL)
		(void)directory_search(d, "", SCOPE_BASE, "(objectClass=*)", attrs, look_for_oid, &search);
	free(d->text);
	d->text = text;
	d->result = result;
	return search.readable && !search.found;
}

int
exop_call(struct directory *d, const char *oid, struct berval *value, struct berval **answer_out)
{
	LDAPMessage *message = NULL;
	struct berval *answer = NULL;
	int msgid = -1, rc, r;

	*answer_out = NULL;
	r = call_begin(d);
	if (r != 0)
		return r;
	rc = ldap_extended_operation(d->ld, oid, value, NULL, NULL, &msgid);
	if (rc != LDAP_SUCCESS)
		return call_error(d, rc);
	r = call_wait(d, msgid, LDAP_MSG_ALL, call_deadline(d), &message);
	if (r != 0)
		goto out;
	r = call_result(d, message, NULL);
	if (r != 0)
		goto out;
	r = d->result == LDAP_CONSTRAINT_VIOLATION ? ERR_RULES : result_error(d);
	if (d->result == LDAP_PROTOCOL_ERROR && operation_unknown(d, oid))
		r = ERR_NO_OVERLAY;
	if (r != 0)
		goto out;
	rc = ldap_parse_extended_result(d->ld, message, NULL, &answer, 0);
	if (rc != LDAP_SUCCESS) {
		r = call_error(d, rc);
		goto out;
	}
	*answer_out = answer;
	answer = NULL;
	r = 0;
out:
	ber_bvfree(answer);
	ldap_msgfree(message);
	return r;
}

BerElement *
exop_reader(struct berval *value)
{
	return value->bv_val != NULL && value->bv_len > 0 ? ber_init(value) : NULL;
}

int
exop_read_octets(BerElement *ber, struct berval *octets_out)
{
	ber_len_t len;
	ber_tag_t tag = ber_peek_tag(ber, &len);

	*octets_out = (struct berval){ .bv_val = NULL };
	if (tag != LBER_OCTETSTRING && tag != TAG_UTF8STRING)
		return ERR_PROTO;
	if (len > TEXT_MAX || ber_scanf(ber, "m", octets_out) == LBER_ERROR)
		return ERR_PROTO;
	return 0;
}

int
exop_read_text(BerElement *ber, char **text_out)
{
	struct berval octets;
	int r;

	*text_out = NULL;
	r = exop_read_octets(ber, &octets);
	if (r != 0)
		return r;
	if (octets.bv_len > 0 && memchr(octets.bv_val, '\0', octets.bv_len) != NULL)
		return ERR_PROTO;
	*text_out = strndup(octets.bv_val != NULL ? octets.bv_val : "", octets.bv_len);
	return *text_out != NULL ? 0 : ERR_MEMORY;
}

int
exop_read_any_text(BerElement *ber, char **text_out)
{
	struct berval octets;
	ber_len_t len;
	ber_tag_t tag = ber_peek_tag(ber, &len);

	*text_out = NULL;
	if ((tag != LBER_OCTETSTRING && tag != TAG_UTF8STRING) || ber_scanf(ber, "m", &octets) == LBER_ERROR)
		return ERR_PROTO;
	*text_out = malloc(octets.bv_len + 1);
	if (*text_out == NULL)
		return ERR_MEMORY;
	for (ber_len_t i = 0; i < octets.bv_len; i++)
		(*text_out)[i] = octets.bv_val[i] != '\0' ? octets.bv_val[i] : ' ';
	(*text_out)[octets.bv_len] = '\0';
	return 0;
}

int
exop_read_end(BerElement *ber)
{
	ber_len_t left = 1;

	if (ber_get_option(ber, LBER_OPT_BER_REMAINING_BYTES, &left) != LBER_OPT_SUCCESS || left != 0)
		return ERR_PROTO;
	return 0;
}
