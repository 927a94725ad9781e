/*
 * exop_decode.c - request values of the extended operations: BER with definite lengths, sliced, never copied.
 */
#include "slapd/exop.h"

#include <stddef.h>

#include "common/err.h"

#define TAG_OCTETS 0x04
#define TAG_ENUMERATED 0x0a
#define TAG_UTF8 0x0c
#define TAG_SEQUENCE 0x30
#define TAG_DN 0x80           /* Target: dn [0] */
#define TAG_LOGIN 0xa1        /* Target: login [1] SEQUENCE */
#define TAG_ORGANIZATION 0x80 /* organization [0] */
#define TAG_CODE 0x80         /* code [0] */
#define TAG_BUSINESS 0x80     /* signUp: businessName [0] */
#define TAG_REGISTRATION 0x81 /* signUp: registrationNumber [1] */

struct cursor {
	const unsigned char *p, *end;
};

/* cursor_tag - the tag that comes next, 0 at the end */
static unsigned
cursor_tag(const struct cursor *in)
{
	return in->p < in->end ? *in->p : 0;
}

/* cursor_take - one element of the given tag. error: ERR_INPUT, nothing consumed */
static int
cursor_take(struct cursor *in, unsigned tag, struct berval *content_out)
{
	const unsigned char *p = in->p;
	size_t len, octets;

	BER_BVZERO(content_out);
	if (in->end - p < 2 || *p++ != tag)
		return ERR_INPUT;
	len = *p++;
	if (len & 0x80) {
		octets = len & 0x7f;
		/* The indefinite form has no octets; nothing here is longer than EXOP_VALUE_MAX. */
		if (octets == 0 || octets > 4 || (size_t)(in->end - p) < octets)
			return ERR_INPUT;
		for (len = 0; octets > 0; octets--)
			len = len << 8 | *p++;
	}
	if ((size_t)(in->end - p) < len)
		return ERR_INPUT;
	content_out->bv_val = (char *)p;
	content_out->bv_len = len;
	in->p = p + len;
	return 0;
}

static void
cursor_enter(struct cursor *in, const struct berval *content)
{
	in->p = (const unsigned char *)content->bv_val;
	in->end = in->p + content->bv_len;
}

/* take_text - a UTF8String, by its own tag or that of OCTET STRING */
static int
take_text(struct cursor *in, struct berval *out)
{
	return cursor_take(in, cursor_tag(in) == TAG_OCTETS ? TAG_OCTETS : TAG_UTF8, out);
}

static int
take_target(struct cursor *in, struct exop_target *target)
{
	struct berval content;
	struct cursor login;

	if (cursor_tag(in) == TAG_DN)
		return cursor_take(in, TAG_DN, &target->dn);
	if (cursor_take(in, TAG_LOGIN, &content) < 0)
		return ERR_INPUT;
	cursor_enter(&login, &content);
	if (cursor_tag(&login) == TAG_ORGANIZATION && cursor_take(&login, TAG_ORGANIZATION, &target->organization) < 0)
		return ERR_INPUT;
	if (take_text(&login, &target->login) < 0 || login.p != login.end)
		return ERR_INPUT;
	return 0;
}

static int
take_outcome(struct cursor *in, int *out)
{
	struct berval content;

	*out = -1;
	if (cursor_take(in, TAG_ENUMERATED, &content) < 0 || content.bv_len != 1)
		return ERR_INPUT;
	*out = (unsigned char)content.bv_val[0];
	return *out <= 1 ? 0 : ERR_INPUT;
}

/* take_networks - SEQUENCE OF UTF8String */
static int
take_networks(struct cursor *in, struct exop_args *args)
{
	struct berval content;
	struct cursor list;

	if (cursor_take(in, TAG_SEQUENCE, &content) < 0)
		return ERR_INPUT;
	cursor_enter(&list, &content);
	for (; list.p != list.end; args->networks_len++)
		if (args->networks_len == EXOP_LIST_MAX || take_text(&list, &args->networks[args->networks_len]) < 0)
			return ERR_INPUT;
	return 0;
}

/* take_fact - SEQUENCE { name UTF8String, value UTF8String } */
static int
take_fact(struct cursor *in, struct exop_fact *fact)
{
	struct berval content;
	struct cursor pair;

	if (cursor_take(in, TAG_SEQUENCE, &content) < 0)
		return ERR_INPUT;
	cursor_enter(&pair, &content);
	return take_text(&pair, &fact->name) < 0 || take_text(&pair, &fact->value) < 0 || pair.p != pair.end ? ERR_INPUT : 0;
}

/* take_facts - SEQUENCE OF fact */
static int
take_facts(struct cursor *in, struct exop_args *args)
{
	struct berval content;
	struct cursor list;

	if (cursor_take(in, TAG_SEQUENCE, &content) < 0)
		return ERR_INPUT;
	cursor_enter(&list, &content);
	for (; list.p != list.end; args->facts_len++)
		if (args->facts_len == EXOP_LIST_MAX || take_fact(&list, &args->facts[args->facts_len]) < 0)
			return ERR_INPUT;
	return 0;
}

enum field_kind {
	FIELD_END = 0, FIELD_TARGET, FIELD_OCTETS, FIELD_CODE_OPTIONAL, FIELD_TEXT, FIELD_OUTCOME, FIELD_NETWORKS,
	FIELD_BUSINESS, FIELD_REGISTRATION, FIELD_FACTS
};

#define FIELDS_MAX 10
struct field {
	enum field_kind kind;
	size_t offset; /* of a struct berval in struct exop_args */
};

#define ARG(member) offsetof(struct exop_args, member)
static const struct field fields[][FIELDS_MAX] = {
	[EXOP_REQUEST_RESET] = { { FIELD_TARGET, 0 } },
	[EXOP_REDEEM] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) }, { FIELD_OCTETS, ARG(new_password) } },
	[EXOP_CHANGE_PASSWORD] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) },
	                           { FIELD_CODE_OPTIONAL, ARG(code) }, { FIELD_OCTETS, ARG(new_password) } },
	[EXOP_ENROL_TOTP] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) }, { FIELD_OCTETS, ARG(seed) },
	                      { FIELD_OCTETS, ARG(code) } },
	[EXOP_REMOVE_TOTP] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) }, { FIELD_OCTETS, ARG(code) } },
	[EXOP_NEW_RECOVERY_CODES] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) }, { FIELD_OCTETS, ARG(code) } },
	[EXOP_CLAIM] = { { FIELD_TEXT, ARG(record_id) } },
	[EXOP_DONE] = { { FIELD_TEXT, ARG(record_id) }, { FIELD_OUTCOME, 0 } },
	[EXOP_NEW_APP_PASSWORD] = { { FIELD_TARGET, 0 }, { FIELD_OCTETS, ARG(secret) }, { FIELD_CODE_OPTIONAL, ARG(code) },
	                            { FIELD_TEXT, ARG(label) }, { FIELD_NETWORKS, 0 } },
	[EXOP_SIGN_UP] = { { FIELD_TEXT, ARG(texts[0]) }, { FIELD_TEXT, ARG(texts[1]) }, { FIELD_TEXT, ARG(texts[2]) },
	                   { FIELD_TEXT, ARG(texts[3]) }, { FIELD_TEXT, ARG(texts[4]) }, { FIELD_TEXT, ARG(texts[5]) },
	                   { FIELD_BUSINESS, ARG(business_name) }, { FIELD_REGISTRATION, ARG(registration_number) } },
	[EXOP_NEW_ORGANIZATION] = { { FIELD_TEXT, ARG(texts[0]) }, { FIELD_TEXT, ARG(texts[1]) }, { FIELD_TEXT, ARG(texts[2]) },
	                            { FIELD_TEXT, ARG(texts[3]) }, { FIELD_TEXT, ARG(texts[4]) }, { FIELD_TEXT, ARG(texts[5]) },
	                            { FIELD_TEXT, ARG(texts[6]) }, { FIELD_TEXT, ARG(texts[7]) }, { FIELD_TEXT, ARG(texts[8]) } },
	[EXOP_SETTLE] = { { FIELD_TEXT, ARG(record_id) }, { FIELD_FACTS, 0 } },
	[EXOP_CHECK_ACCOUNT] = { { FIELD_TARGET, 0 }, { FIELD_TEXT, ARG(service) }, { FIELD_TEXT, ARG(rhost) } },
};

static int
take_field(struct cursor *in, const struct field *field, struct exop_args *args)
{
	struct berval *value = (struct berval *)((char *)args + field->offset);

	switch (field->kind) {
	case FIELD_TARGET:
		return take_target(in, &args->target);
	case FIELD_OCTETS:
		return cursor_take(in, TAG_OCTETS, value);
	case FIELD_CODE_OPTIONAL:
		return cursor_tag(in) == TAG_CODE ? cursor_take(in, TAG_CODE, value) : 0;
	case FIELD_TEXT:
		return take_text(in, value);
	case FIELD_OUTCOME:
		return take_outcome(in, &args->outcome);
	case FIELD_NETWORKS:
		return take_networks(in, args);
	case FIELD_BUSINESS:
		return cursor_tag(in) == TAG_BUSINESS ? cursor_take(in, TAG_BUSINESS, value) : 0;
	case FIELD_REGISTRATION:
		return cursor_tag(in) == TAG_REGISTRATION ? cursor_take(in, TAG_REGISTRATION, value) : 0;
	case FIELD_FACTS:
		return take_facts(in, args);
	default:
		return ERR_INPUT;
	}
}

int
exop_decode(enum exop_number which, const struct berval *value, struct exop_args *args_out)
{
	struct berval sequence;
	struct cursor in;
	int i;

	memset(args_out, 0, sizeof(*args_out));
	if (value == NULL || value->bv_len > EXOP_VALUE_MAX)
		return ERR_INPUT;
	cursor_enter(&in, value);
	if (cursor_take(&in, TAG_SEQUENCE, &sequence) < 0 || in.p != in.end)
		return ERR_INPUT;
	cursor_enter(&in, &sequence);
	for (i = 0; i < FIELDS_MAX && fields[which][i].kind != FIELD_END; i++)
		if (take_field(&in, &fields[which][i], args_out) < 0)
			return ERR_INPUT;
	return in.p == in.end ? 0 : ERR_INPUT;
}
