/*
 * claim_signup.c - a sign-up is carried out when the courier claims it: an address that nobody has becomes an account with a
 *                  token on its way, and who has the address already is told.
 */
#include "slapd/claim.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/signup.h"
#include "slapd/exop.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/signup.h"

#define PURPOSE_TOKEN "reset" /* redeemed like one that was asked for, and not minted more often than these together */
#define PURPOSE_KNOWN "sign-up-known"
#define UNPROVED_SEC 86400
#define ACCOUNTS_RDN "ou=accounts,"
#define KNOWN_FILTER "(&(objectClass=musterAccount)(mail=%s)(musterMailVerified=*))"

/* --- the request ---------------------------------------------------------------------------------- */

/* datum - the value of that name in musterRequestData, empty when there is none; points into the claim */
static struct berval
datum(const struct claim *c, const char *name)
{
	size_t len = strlen(name);
	struct berval value = BER_BVNULL;
	int i;

	for (i = 0; c->data != NULL && !BER_BVISNULL(&c->data[i]); i++) {
		const struct berval *one = &c->data[i];

		if (one->bv_len > len && one->bv_val[len] == '=' && memcmp(one->bv_val, name, len) == 0) {
			value.bv_val = one->bv_val + len + 1;
			value.bv_len = one->bv_len - len - 1;
		}
	}
	return value;
}

static void
set_field(struct signup_field *field, const struct claim *c, const char *name)
{
	struct berval value = datum(c, name);

	field->text = value.bv_val;
	field->len = value.bv_len;
}

/* read_request - error: ERR_INPUT  it is none that signUp wrote */
static int
read_request(const struct claim *c, struct signup *s)
{
	char text[SIGNUP_TEXT_MAX];

	set_field(&s->mail, c, "mail");
	set_field(&s->name, c, "name");
	set_field(&s->country, c, "country");
	set_field(&s->member_type, c, "type");
	set_field(&s->terms, c, "terms");
	set_field(&s->language, c, "language");
	set_field(&s->business_name, c, "business");
	set_field(&s->registration_number, c, "registration");
	return signup_check(s, text);
}

/* --- what the account is to say ------------------------------------------------------------------- */

/* surname - inetOrgPerson demands one; nobody asked for it, so the last word of the name has to do */
static struct berval
surname(const struct signup_field *name)
{
	const char *blank = memrchr(name->text, ' ', name->len);
	struct berval value = { name->len, (char *)name->text };

	if (blank != NULL) {
		value.bv_val = (char *)blank + 1;
		value.bv_len = name->len - (size_t)(blank + 1 - name->text);
	}
	return value;
}

/* plan_facts - all that a sign-up says, in place of what an earlier one that nobody proved said */
static void
plan_facts(const struct claim *c, const struct signup *s, int64_t now, Modifications **mods)
{
	struct berval sn = surname(&s->name), time = datum(c, "time");
	int64_t asked = strtoll(BER_BVISEMPTY(&time) ? "0" : time.bv_val, NULL, 10);

	mods_set_text(mods, muster_ad.cn, s->name.text, s->name.len);
	mods_set_text(mods, muster_ad.sn, sn.bv_val, sn.bv_len);
	mods_set_text(mods, muster_ad.country, s->country.text, s->country.len);
	mods_set_text(mods, muster_ad.member_type, s->member_type.text, s->member_type.len);
	mods_set_text(mods, muster_ad.o, s->business_name.text, s->business_name.len);
	mods_set_text(mods, muster_ad.registration_number, s->registration_number.text, s->registration_number.len);
	mods_set_text(mods, muster_ad.preferred_language, s->language.text, s->language.len);
	mods_set_text(mods, muster_ad.terms_version, s->terms.text, s->terms.len);
	mods_add_time(mods, LDAP_MOD_REPLACE, muster_ad.terms_accepted, asked > 0 && asked <= now ? asked : now);
}

/* --- a new account -------------------------------------------------------------------------------- */

/* account_dn - where it is to be; whatever is no plain character of an address is escaped. error: ERR_INPUT */
static int
account_dn(struct muster *m, const struct berval *uid, struct berval *dn_out, struct berval *ndn_out)
{
	struct berval raw;
	ber_len_t i;
	char *p;
	int rc;

	raw.bv_val = ch_malloc(STRLENOF("uid=,") + 3 * uid->bv_len + STRLENOF(ACCOUNTS_RDN) + m->base_dn.bv_len + 1);
	p = lutil_strcopy(raw.bv_val, "uid=");
	for (i = 0; i < uid->bv_len; i++)
		if (ASCII_ALNUM((unsigned char)uid->bv_val[i]) || strchr("@.-_", uid->bv_val[i]) != NULL)
			*p++ = uid->bv_val[i];
		else
			p += sprintf(p, "\\%02X", (unsigned char)uid->bv_val[i]);
	p += sprintf(p, ",%s%s", ACCOUNTS_RDN, m->base_dn.bv_val);
	raw.bv_len = (ber_len_t)(p - raw.bv_val);
	rc = dnPrettyNormal(NULL, &raw, dn_out, ndn_out, NULL);
	ch_free(raw.bv_val);
	return rc == LDAP_SUCCESS ? 0 : ERR_INPUT;
}

static void
entry_put(Entry *e, AttributeDescription *ad, const struct berval *value)
{
	struct berval copy = *value;

	attr_merge_normalize_one(e, ad, &copy, NULL);
}

/* account_add - out: LDAP result code */
static int
account_add(struct exop *x, struct claim *c, const struct berval *uid, const struct signup *s, int64_t now, struct berval *ndn_out)
{
	static struct berval classes[] = { BER_BVC("inetOrgPerson"), BER_BVC("musterAccount"), BER_BVNULL };
	Modifications *facts = NULL, *ml;
	Entry *e = entry_alloc();

	BER_BVZERO(ndn_out);
	if (account_dn(x->m, uid, &e->e_name, &e->e_nname) < 0) {
		entry_free(e);
		return LDAP_OTHER;
	}
	ber_dupbv(ndn_out, &e->e_nname);
	plan_facts(c, s, now, &facts);
	mods_add_time(&facts, LDAP_MOD_REPLACE, muster_ad.unproved_until, now + UNPROVED_SEC);
	attr_merge_normalize(e, slap_schema.si_ad_objectClass, classes, NULL);
	entry_put(e, muster_ad.uid, uid);
	entry_put(e, muster_ad.mail, uid);
	for (ml = facts; ml != NULL; ml = ml->sml_next)
		if (ml->sml_values != NULL)
			entry_put(e, ml->sml_desc, &ml->sml_values[0]);
	mods_free(&facts);
	return internal_add(x->op, x->be, e);
}

static int
make_account(struct exop *x, struct claim *c, const struct berval *uid, const struct signup *s, int64_t now,
             const char **void_out)
{
	struct berval ndn;
	int rc;

	if (signups_full(x->m)) {
		*void_out = "too many sign-ups wait for their proof";
		return LDAP_SUCCESS;
	}
	rc = account_add(x, c, uid, s, now, &ndn);
	if (rc == LDAP_SUCCESS) {
		signups_made(x->m);
		rc = member_load(x->op, x->m, &ndn, &c->member) < 0 ? LDAP_OTHER : LDAP_SUCCESS;
	} else if (rc == LDAP_ALREADY_EXISTS) {
		*void_out = "the name is taken by something else";
		rc = LDAP_SUCCESS;
	} else {
		Debug(LDAP_DEBUG_ANY, "%s muster: an account cannot be added below ou=accounts (%d)\n", x->op->o_log_prefix, rc);
	}
	ch_free(ndn.bv_val);
	return rc;
}

/* --- what is sent --------------------------------------------------------------------------------- */

/* send_token - in: renew  1: the account waits for its proof already; it takes over what this request says */
static int
send_token(struct exop *x, struct claim *c, const struct signup *s, int64_t now, int renew, const char **void_out)
{
	struct mint mint = { .purpose = PURPOSE_TOKEN, .interval_sec = x->m->mint_interval_sec };
	struct berval country = { s->country.len, (char *)s->country.text };
	struct berval type = { s->member_type.len, (char *)s->member_type.text };
	Modifications *also = NULL;

	if (!c->member->policy_usable) {
		*void_out = "policy unusable";
		return LDAP_SUCCESS;
	}
	mint.lifetime_sec = c->member->policy.token_lifetime_sec;
	c->address = c->member->mail;
	claim_add_fact(c, "country", &country);
	claim_add_fact(c, "type", &type);
	if (renew) {
		/* First: whoever proved it meanwhile keeps what it says. */
		mods_add(&also, LDAP_MOD_DELETE, muster_ad.unproved_until, &c->member->unproved_until);
		mods_add_time(&also, LDAP_MOD_ADD, muster_ad.unproved_until, now + UNPROVED_SEC);
		plan_facts(c, s, now, &also);
	}
	return claim_mint(x, c, &mint, now, &also, void_out);
}

/* send_known - a message without a secret; what is minted is told to nobody and keeps count of how often one is sent */
static int
send_known(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct mint mint = { .purpose = PURPOSE_KNOWN, .interval_sec = x->m->mint_interval_sec,
		             .lifetime_sec = x->m->mint_interval_sec };
	const struct berval *address = BER_BVISEMPTY(&c->member->verified_mail) ? &c->member->mail : &c->member->verified_mail;
	int rc;

	if (!claim_is_mail(address)) {
		*void_out = "no address";
		return LDAP_SUCCESS;
	}
	c->address = *address;
	rc = claim_mint(x, c, &mint, now, NULL, void_out);
	secret_wipe_array(c->secret);
	snprintf(c->record.kind, sizeof(c->record.kind), "%s", PURPOSE_KNOWN);
	return rc;
}

/* known_found - the account whose proved address it is, when it is not its login */
static void
known_found(Entry *e, void *arg)
{
	struct berval *ndn = arg;

	if (BER_BVISNULL(ndn))
		ber_dupbv(ndn, &e->e_nname);
}

static void
find_known(struct exop *x, struct claim *c, const struct berval *mail)
{
	struct berval escaped = BER_BVNULL, ndn = BER_BVNULL, copy = *mail;
	char filter[STRLENOF(KNOWN_FILTER) + 3 * CHALLENGE_ADDRESS_MAX + 1];

	filter_escape_value(&copy, &escaped);
	snprintf(filter, sizeof(filter), KNOWN_FILTER, escaped.bv_val);
	if (escaped.bv_val != copy.bv_val)
		ch_free(escaped.bv_val);
	internal_search(x->op, x->be, &x->m->base_ndn, filter, 0, known_found, &ndn);
	if (!BER_BVISNULL(&ndn))
		member_load(x->op, x->m, &ndn, &c->member);
	ch_free(ndn.bv_val);
}

/* is_waiting - 1 for an account that was signed up with this very address and waits for its proof */
static int
is_waiting(const struct member *member, const struct berval *uid)
{
	return !BER_BVISNULL(&member->unproved_until) && member->mail.bv_len == uid->bv_len &&
	       strncasecmp(member->mail.bv_val, uid->bv_val, uid->bv_len) == 0;
}

int
claim_sign_up(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct berval uid;
	struct signup s;
	int i, rc = LDAP_SUCCESS, renew = 1;

	if (read_request(c, &s) < 0) {
		*void_out = "damaged request";
		return LDAP_SUCCESS;
	}
	ber_str2bv(s.mail.text, s.mail.len, 1, &uid);
	for (i = 0; i < (int)uid.bv_len; i++)
		uid.bv_val[i] = (char)TOLOWER((unsigned char)uid.bv_val[i]);
	if (c->member == NULL)
		find_known(x, c, &uid);
	if (c->member == NULL) {
		rc = make_account(x, c, &uid, &s, now, void_out);
		renew = 0;
	}
	if (c->member != NULL && rc == LDAP_SUCCESS && *void_out == NULL)
		*void_out = claim_member_refused(c);
	if (rc == LDAP_SUCCESS && *void_out == NULL)
		rc = is_waiting(c->member, &uid) ? send_token(x, c, &s, now, renew, void_out) : send_known(x, c, now, void_out);
	ch_free(uid.bv_val);
	return rc;
}
