/*
 * exop_claim.c - what the courier asks for: claim a record, say that it is done, or what came of it.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

void
directory_claim_free(struct directory_claim **claim)
{
	struct directory_claim *c;
	size_t i;

	if (claim == NULL || *claim == NULL)
		return;
	c = *claim;
	for (i = 0; i < c->facts_len; i++) {
		free(c->facts[i].name);
		free(c->facts[i].value);
	}
	free(c->facts);
	free(c->kind);
	free(c->address);
	free(c->language);
	secret_free(&c->secret);
	free(c);
	*claim = NULL;
}

/* facts SEQUENCE OF SEQUENCE { name UTF8String, value UTF8String } */
static int
facts_decode(BerElement *ber, struct directory_claim *claim)
{
	struct directory_fact *fact;
	ber_len_t len;
	ber_tag_t tag;
	char *last;
	int r;

	claim->facts = calloc(LIST_MAX, sizeof(*claim->facts));
	if (claim->facts == NULL)
		return ERR_MEMORY;
	if (ber_peek_tag(ber, &len) != LBER_SEQUENCE)
		return ERR_PROTO;
	for (tag = ber_first_element(ber, &len, &last); tag != LBER_DEFAULT; tag = ber_next_element(ber, &len, last)) {
		if (tag != LBER_SEQUENCE || claim->facts_len == LIST_MAX || ber_scanf(ber, "{") == LBER_ERROR)
			return ERR_PROTO;
		fact = &claim->facts[claim->facts_len++];
		r = exop_read_text(ber, &fact->name);
		if (r == 0)
			r = exop_read_any_text(ber, &fact->value);
		if (r != 0)
			return r;
	}
	return 0;
}

/* SEQUENCE { kind, address, language UTF8String, secret [0] OCTET STRING OPTIONAL, facts } */
static int
claim_decode(BerElement *ber, struct directory_claim *claim)
{
	struct berval octets;
	ber_len_t len;
	int r;

	if (ber_scanf(ber, "{") == LBER_ERROR)
		return ERR_PROTO;
	r = exop_read_text(ber, &claim->kind);
	if (r == 0)
		r = exop_read_any_text(ber, &claim->address);
	if (r == 0)
		r = exop_read_any_text(ber, &claim->language);
	if (r == 0 && ber_peek_tag(ber, &len) == TAG_CONTEXT_0) {
		if (len > TEXT_MAX || ber_scanf(ber, "m", &octets) == LBER_ERROR)
			return ERR_PROTO;
		r = secret_new(octets.bv_val, octets.bv_len, &claim->secret);
	}
	if (r == 0)
		r = facts_decode(ber, claim);
	return r != 0 ? r : exop_read_end(ber);
}

int
directory_claim(struct directory *d, const char *record_id, struct directory_claim **claim_out)
{
	const struct exop_field field = { .tag = TAG_UTF8STRING, .data = record_id, .len = strlen(record_id) };
	struct berval *value = NULL, *answer = NULL;
	struct directory_claim *claim = NULL;
	BerElement *ber = NULL;
	int r;

	*claim_out = NULL;
	r = exop_value(NULL, &field, 1, &value);
	if (r != 0)
		goto out;
	r = exop_call(d, OID_CLAIM, value, &answer);
	if (r != 0)
		goto out;
	r = ERR_PROTO;
	ber = answer != NULL ? exop_reader(answer) : NULL;
	if (ber == NULL)
		goto out;
	r = ERR_MEMORY;
	claim = calloc(1, sizeof(*claim));
	if (claim == NULL)
		goto out;
	r = claim_decode(ber, claim);
	if (r != 0)
		goto out;
	*claim_out = claim;
	claim = NULL;
out:
	if (ber != NULL)
		ber_free(ber, 1);
	directory_claim_free(&claim);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

int
directory_done(struct directory *d, const char *record_id, enum directory_outcome outcome)
{
	const char octet = outcome == OUTCOME_SENT ? 0 : 1;
	const struct exop_field fields[] = {
		{ .tag = TAG_UTF8STRING, .data = record_id, .len = strlen(record_id) },
		{ .tag = LBER_ENUMERATED, .data = &octet, .len = 1 }
	};
	struct berval *value = NULL, *answer = NULL;
	int r;

	r = exop_value(NULL, fields, 2, &value);
	if (r == 0)
		r = exop_call(d, OID_DONE, value, &answer);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

/* said_encode - the elements of a SEQUENCE OF SEQUENCE { name, value UTF8String }, to be freed with ber_bvfree() */
static int
said_encode(const struct directory_said *said, size_t n, struct berval **elements_out)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	size_t i;
	int ok = ber != NULL;

	*elements_out = NULL;
	for (i = 0; ok && i < n; i++)
		ok = ber_printf(ber, "{tsts}", TAG_UTF8STRING, said[i].name, TAG_UTF8STRING, said[i].value) >= 0;
	ok = ok && ber_flatten(ber, elements_out) == 0;
	if (ber != NULL)
		ber_free(ber, 1);
	return ok ? 0 : ERR_MEMORY;
}

int
directory_settle(struct directory *d, const char *record_id, const struct directory_said *said, size_t n)
{
	struct berval *elements = NULL, *value = NULL, *answer = NULL;
	int r = said_encode(said, n, &elements);

	if (r == 0) {
		const struct exop_field fields[] = {
			{ .tag = TAG_UTF8STRING, .data = record_id, .len = strlen(record_id) },
			{ .tag = LBER_SEQUENCE, .data = elements->bv_val != NULL ? elements->bv_val : "", .len = elements->bv_len }
		};

		r = exop_value(NULL, fields, 2, &value);
	}
	if (r == 0)
		r = exop_call(d, OID_SETTLE, value, &answer);
	ber_bvfree(elements);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}
