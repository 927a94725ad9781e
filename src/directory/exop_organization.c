/*
 * exop_organization.c - newOrganization: an organization with everything that belongs to one.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

static struct exop_field
text_field(const char *text)
{
	const char *value = text != NULL ? text : "";
	const struct exop_field field = { .tag = TAG_UTF8STRING, .data = value, .len = strlen(value) };

	return field;
}

/* SEQUENCE { organization, owner, accessUrl OCTET STRING } */
static int
made_decode(struct berval *answer, struct directory_made_organization *made_out)
{
	BerElement *ber = answer != NULL ? exop_reader(answer) : NULL;
	int r = ERR_PROTO;

	if (ber == NULL)
		return answer != NULL && answer->bv_len > 0 ? ERR_MEMORY : ERR_PROTO;
	if (ber_scanf(ber, "{") != LBER_ERROR)
		r = exop_read_text(ber, &made_out->dn);
	if (r == 0)
		r = exop_read_text(ber, &made_out->owner_dn);
	if (r == 0)
		r = exop_read_text(ber, &made_out->access_url);
	if (r == 0)
		r = exop_read_end(ber);
	ber_free(ber, 1);
	if (r != 0)
		directory_made_organization_free(made_out);
	return r;
}

int
directory_new_organization(struct directory *d, const struct directory_new_organization *asked,
                           struct directory_made_organization *made_out)
{
	const struct exop_field fields[] = {
		text_field(asked->name), text_field(asked->domain), text_field(asked->policy), text_field(asked->owner_id),
		text_field(asked->owner_name), text_field(asked->owner_mail), text_field(asked->language),
		text_field(asked->service), text_field(asked->service_title)
	};
	struct berval *value = NULL, *answer = NULL;
	int r;

	memset(made_out, 0, sizeof(*made_out));
	r = exop_value(NULL, fields, sizeof(fields) / sizeof(fields[0]), &value);
	if (r == 0)
		r = exop_call(d, OID_NEW_ORGANIZATION, value, &answer);
	/* No password is among what is asked for. */
	if (r == ERR_RULES)
		r = ERR_INPUT;
	if (r == 0)
		r = made_decode(answer, made_out);
	ber_bvfree(value);
	ber_bvfree(answer);
	return r;
}

void
directory_made_organization_free(struct directory_made_organization *made)
{
	free(made->dn);
	free(made->owner_dn);
	free(made->access_url);
	memset(made, 0, sizeof(*made));
}
