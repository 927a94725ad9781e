/*
 * exop_target.c - from what a caller calls a member to the member's entry.
 */
#include "slapd/exop_target.h"

#include "common/err.h"
#include "common/text.h"
#include "slapd/exop.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define DN_PREFIX "dn:"
#define LOGIN_PREFIX "login:"

/* name_usable - UTF-8 without control characters, of reasonable length. A slice: slapd's own check reads behind its end. */
static int
name_usable(const struct berval *name)
{
	size_t i;

	if (BER_BVISEMPTY(name) || name->bv_len > EXOP_NAME_MAX)
		return 0;
	for (i = 0; i < name->bv_len; i++)
		if ((unsigned char)name->bv_val[i] < 0x20 || name->bv_val[i] == 0x7f)
			return 0;
	return text_is_utf8(name->bv_val, name->bv_len);
}

static int
dn_text(const struct berval *dn, struct berval *text_out)
{
	struct berval copy, ndn = BER_BVNULL;
	int rc;

	if (BER_BVISEMPTY(dn) || dn->bv_len > EXOP_DN_MAX || memchr(dn->bv_val, '\0', dn->bv_len) != NULL)
		return ERR_INPUT;
	/* slapd's parser reads a string. */
	ber_str2bv(dn->bv_val, dn->bv_len, 1, &copy);
	rc = dnNormalize(0, NULL, NULL, &copy, &ndn, NULL);
	ch_free(copy.bv_val);
	if (rc != LDAP_SUCCESS || BER_BVISEMPTY(&ndn)) {
		ch_free(ndn.bv_val);
		return ERR_INPUT;
	}
	text_out->bv_len = STRLENOF(DN_PREFIX) + ndn.bv_len;
	text_out->bv_val = ch_malloc(text_out->bv_len + 1);
	snprintf(text_out->bv_val, text_out->bv_len + 1, DN_PREFIX "%s", ndn.bv_val);
	ch_free(ndn.bv_val);
	return 0;
}

static int
login_text(const struct exop_target *target, struct berval *text_out)
{
	const struct berval *o = &target->organization;
	size_t i;
	char *p;

	if (!name_usable(&target->login) || (!BER_BVISNULL(o) && !name_usable(o)))
		return ERR_INPUT;
	p = ch_malloc(STRLENOF(LOGIN_PREFIX) + 3 * o->bv_len + 1 + target->login.bv_len + 1);
	text_out->bv_val = p;
	p = lutil_strcopy(p, LOGIN_PREFIX);
	for (i = 0; i < o->bv_len; i++)
		if (o->bv_val[i] == '%' || o->bv_val[i] == '/')
			p += sprintf(p, "%%%02X", (unsigned char)o->bv_val[i]);
		else
			*p++ = o->bv_val[i];
	*p++ = '/';
	p = lutil_strncopy(p, target->login.bv_val, target->login.bv_len);
	*p = '\0';
	text_out->bv_len = p - text_out->bv_val;
	return 0;
}

int
exop_target_text(const struct exop_target *target, struct berval *text_out)
{
	BER_BVZERO(text_out);
	return BER_BVISNULL(&target->dn) ? login_text(target, text_out) : dn_text(&target->dn, text_out);
}

/* An entry that must be the only one. */
struct only {
	struct berval ndn;
	int count;
};

static void
only_found(Entry *e, void *arg)
{
	struct only *only = arg;

	if (only->count++ == 0)
		ber_dupbv(&only->ndn, &e->e_nname);
}

/* find_only - the one entry that matches. error: ERR_NOT_FOUND, ERR_AMBIGUOUS. ndn_out: ch_free() by the caller */
static int
find_only(Operation *op, BackendDB *be, struct berval *base_ndn, const char *filter, struct berval *ndn_out)
{
	struct only only = { BER_BVNULL, 0 };
	/* Two are enough to know; the size limit then ends the search with a result that is no failure here. */
	int rc = internal_search(op, be, base_ndn, filter, 2, only_found, &only);

	BER_BVZERO(ndn_out);
	if ((rc == LDAP_SUCCESS || rc == LDAP_SIZELIMIT_EXCEEDED) && only.count == 1) {
		*ndn_out = only.ndn;
		return 0;
	}
	ch_free(only.ndn.bv_val);
	return only.count > 1 ? ERR_AMBIGUOUS : ERR_NOT_FOUND;
}

#define ORGANIZATION_FILTER "(&(objectClass=musterOrganization)(|(musterDomain=%s)(o=%s)))"

struct named {
	const struct berval *own_ndn;
	int by_others;
};

static void
named_found(Entry *e, void *arg)
{
	struct named *named = arg;

	named->by_others |= !bvmatch(&e->e_nname, named->own_ndn);
}

int
organization_named(Operation *op, struct muster *m, const struct berval *name, const struct berval *own_ndn)
{
	char *filter = filter_text(ORGANIZATION_FILTER, name);
	struct named named = { own_ndn, 0 };

	internal_search(op, m->db, &m->base_ndn, filter, 0, named_found, &named);
	ch_free(filter);
	return named.by_others;
}

/* find_login - a member by organization and login. Two searches on every path, so that both halves look alike. */
static int
find_login(Operation *op, struct muster *m, BackendDB *be, const struct berval *organization, const struct berval *login,
           struct berval *ndn_out)
{
	struct berval base = BER_BVNULL;
	char *filter;
	int r_base = 0, r;

	if (BER_BVISEMPTY(organization)) {
		/* accounts live in one place; an organization's own subtree holds no platform member */
		filter = filter_text("(&(objectClass=musterAccount)(uid=%s))", login);
		r = find_only(op, be, &m->base_ndn, filter, ndn_out);
		ch_free(filter);
		return r;
	}
	filter = filter_text(ORGANIZATION_FILTER, organization);
	r_base = find_only(op, be, &m->base_ndn, filter, &base);
	ch_free(filter);
	filter = filter_text("(&(objectClass=musterMember)(uid=%s))", login);
	r = find_only(op, be, r_base == 0 ? &base : &m->base_ndn, filter, ndn_out);
	ch_free(filter);
	ch_free(base.bv_val);
	if (r_base < 0) {
		ch_free(ndn_out->bv_val);
		BER_BVZERO(ndn_out);
		return r_base;
	}
	return r;
}

/* organization_decode - undo the percent-encoding of login_text(); ch_free() by the caller */
static void
organization_decode(const char *text, size_t len, struct berval *out)
{
	size_t i;
	char *p;

	p = out->bv_val = ch_malloc(len + 1);
	for (i = 0; i < len; i++) {
		if (text[i] == '%' && len - i > 2) {
			*p++ = text[i + 1] == '2' && TOUPPER((unsigned char)text[i + 2]) == 'F' ? '/' : '%';
			i += 2;
		} else {
			*p++ = text[i];
		}
	}
	*p = '\0';
	out->bv_len = p - out->bv_val;
}

void
exop_target_find(Operation *op, struct muster *m, BackendDB *be, const struct berval *text, struct member **member_out,
                 struct berval *key_out)
{
	struct berval ndn = BER_BVNULL, organization, login;
	const char *start, *slash;

	*member_out = NULL;
	ber_str2bv(text->bv_val, text->bv_len, 1, key_out);
	if (strncmp(text->bv_val, DN_PREFIX, STRLENOF(DN_PREFIX)) == 0) {
		ber_str2bv(text->bv_val + STRLENOF(DN_PREFIX), 0, 1, &ndn);
		ch_free(key_out->bv_val);
		ber_dupbv(key_out, &ndn);
	} else if (strncmp(text->bv_val, LOGIN_PREFIX, STRLENOF(LOGIN_PREFIX)) == 0) {
		start = text->bv_val + STRLENOF(LOGIN_PREFIX);
		slash = strchr(start, '/');
		if (slash == NULL)
			return;
		organization_decode(start, slash - start, &organization);
		ber_str2bv(slash + 1, 0, 0, &login);
		find_login(op, m, be, &organization, &login, &ndn);
		ch_free(organization.bv_val);
	}
	if (!BER_BVISEMPTY(&ndn) && select_backend(&ndn, 0) == be)
		member_load(op, m, &ndn, member_out);
	ch_free(ndn.bv_val);
}
