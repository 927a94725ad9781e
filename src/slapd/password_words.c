/*
 * password_words.c - what a new password must not be: mostly names of those it belongs to, or one that is known to many.
 */
#include "slapd/password.h"

#include "lutil_sha1.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/breached.h"
#include "core/context.h"
#include "core/nfkc.h"
#include "core/wordlist.h"
#include "slapd/entry.h"
#include "slapd/lists.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define PRODUCT "muster"

/* --- names --------------------------------------------------------------------------------------------- */

/* add_values - the values of an attribute. until: what ends the part that is a name, '\0' for none */
static int
add_values(struct context *context, Entry *e, AttributeDescription *ad, char until)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	const char *end;
	int i, r = 0;

	for (i = 0; a != NULL && !BER_BVISNULL(&a->a_vals[i]) && r == 0; i++) {
		end = until != '\0' ? memchr(a->a_vals[i].bv_val, until, a->a_vals[i].bv_len) : NULL;
		r = context_add(context, a->a_vals[i].bv_val,
		                end != NULL ? (size_t)(end - a->a_vals[i].bv_val) : a->a_vals[i].bv_len);
	}
	return r;
}

static int
add_organization(Operation *op, struct muster *m, struct context *context, const struct berval *ndn)
{
	AttributeDescription *names[] = { muster_ad.o, muster_ad.domain, muster_ad.display_name };
	Entry *e = organization_above(op, m, ndn);
	size_t i;
	int r = 0;

	if (e == NULL)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
		r = add_values(context, e, names[i], '\0');
	be_entry_release_r(op, e);
	return r;
}

static int
add_member(struct context *context, Entry *e)
{
	AttributeDescription *names[] = { muster_ad.cn, muster_ad.sn, muster_ad.given_name, muster_ad.display_name };
	size_t i;
	int r;

	/* A login may be a mail address; what is behind the @ is not the member's name. */
	r = add_values(context, e, muster_ad.uid, '@');
	if (r == 0)
		r = add_values(context, e, muster_ad.mail, '@');
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
		r = add_values(context, e, names[i], '\0');
	return r;
}

static int
context_of(Operation *op, struct muster *m, const struct member *member, Entry *entry, struct context *context)
{
	struct berval ndn = member->ndn;
	int i, r = context_add(context, PRODUCT, sizeof(PRODUCT) - 1);
	Entry *e = entry;

	for (i = 0; m->context_words != NULL && !BER_BVISNULL(&m->context_words[i]) && r == 0; i++)
		r = context_add(context, m->context_words[i].bv_val, m->context_words[i].bv_len);
	if (r == 0)
		r = add_organization(op, m, context, &ndn);
	if (e == NULL)
		e = entry_fetch(op, &ndn);
	if (r == 0 && e != NULL)
		r = add_member(context, e);
	if (entry == NULL && e != NULL)
		be_entry_release_r(op, e);
	return r;
}

/* is_name - whether a password is mostly names. entry: the member's, NULL when it is in the database */
static int
is_name(Operation *op, struct muster *m, const struct member *member, Entry *entry, const struct berval *plain,
        int *is_out)
{
	BackendDB *saved = op->o_bd;
	struct context *context = NULL;
	int r = context_new(&context);

	*is_out = 0;
	op->o_bd = m->db;
	if (r == 0)
		r = context_of(op, m, member, entry, context);
	op->o_bd = saved;
	if (r == 0)
		r = context_refuses(context, (const uint8_t *)plain->bv_val, plain->bv_len, is_out);
	context_free(&context);
	return r;
}

/* --- lists --------------------------------------------------------------------------------------------- */

static int
is_breached_as(Operation *op, struct muster *m, const void *text, size_t len, int *is_out)
{
	uint8_t hash[BREACHED_HASH_LEN];
	lutil_SHA1_CTX sha1;
	int r;

	lutil_SHA1Init(&sha1);
	lutil_SHA1Update(&sha1, text, (uint32)len);
	lutil_SHA1Final(hash, &sha1);
	r = lists_breached(op, m, hash, is_out);
	secret_wipe_object(&sha1);
	secret_wipe_array(hash);
	return r;
}

/* is_breached - as it was typed, and in the one spelling that all ways of typing it have */
static int
is_breached(Operation *op, struct muster *m, const struct berval *plain, int *is_out)
{
	struct secret *normal = NULL;
	int r;

	*is_out = 0;
	if (m->breached == NULL)
		return 0;
	r = is_breached_as(op, m, plain->bv_val, plain->bv_len, is_out);
	if (r == 0 && !*is_out)
		r = nfkc((const uint8_t *)plain->bv_val, plain->bv_len, &normal);
	if (normal != NULL)
		r = is_breached_as(op, m, normal->data, normal->len, is_out);
	secret_free(&normal);
	return r;
}

static int
is_known(Operation *op, struct muster *m, const struct berval *plain, int *is_out)
{
	int r;

	*is_out = 0;
	if (!m->words_usable)
		return ERR_IO;
	r = wordlist_refuses(m->words, (const uint8_t *)plain->bv_val, plain->bv_len, is_out);
	return r != 0 || *is_out ? r : is_breached(op, m, plain, is_out);
}

int
password_words(Operation *op, struct muster *m, const struct member *member, Entry *entry, const struct berval *plain,
               unsigned *broken)
{
	int name = 0, known = 0;
	int r = is_name(op, m, member, entry, plain, &name);

	if (r == 0 && member->policy.blocklist)
		r = is_known(op, m, plain, &known);
	*broken |= (name ? PWRULE_CONTEXT : 0) | (known ? PWRULE_BLOCKLIST : 0);
	return r;
}
