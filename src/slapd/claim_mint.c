/*
 * claim_mint.c - tokens and codes, made when the courier claims the message that carries them; and the messages that have none.
 */
#include "slapd/claim.h"

#include "common/address.h"
#include "common/err.h"
#include "common/secret.h"
#include "slapd/alone.h"
#include "slapd/codes.h"
#include "slapd/exop.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

#define PURPOSE_RESET "reset"
#define KIND_FIRST "first-password" /* what a reset is told as to who has none yet */

int
claim_is_mail(const struct berval *address)
{
	return !BER_BVISEMPTY(address) && address->bv_len <= CHALLENGE_ADDRESS_MAX &&
	       strlen(address->bv_val) == address->bv_len && address_is_mail(address->bv_val);
}

const char *
claim_member_refused(const struct claim *c)
{
	if (c->member == NULL)
		return "no such member";
	return c->member->status != MEMBER_ACTIVE ? "not active" : NULL;
}

int
claim_notice(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	const struct berval *address;

	(void)x;
	(void)now;
	*void_out = claim_member_refused(c);
	if (*void_out != NULL)
		return LDAP_SUCCESS;
	address = BER_BVISEMPTY(&c->record.address) ? &c->member->mail : &c->record.address;
	if (claim_is_mail(address) || code_is_number(address))
		c->address = *address;
	else
		*void_out = "no address";
	return LDAP_SUCCESS;
}

/* challenge_make - the challenge of a new secret as it is stored. error: ERR_KEY, ERR_RANGE */
static int
challenge_make(struct exop *x, struct claim *c, const struct mint *mint, int64_t now, char text_out[CHALLENGE_TEXT_MAX])
{
	struct challenge ch;
	int r;

	memset(&ch, 0, sizeof(ch));
	snprintf(ch.purpose, sizeof(ch.purpose), "%s", mint->purpose);
	snprintf(ch.record_id, sizeof(ch.record_id), "%s", c->record.id);
	snprintf(ch.address, sizeof(ch.address), "%.*s", (int)c->address.bv_len, c->address.bv_val);
	ch.minted = now;
	ch.expires = now + mint->lifetime_sec;
	if (mint->digits)
		code_new(c->secret);
	else
		token_new(c->secret);
	r = challenge_set_secret(&ch, x->m->ring, c->member->uuid, strlen(c->member->uuid), c->secret, strlen(c->secret));
	if (r == 0)
		r = challenge_format(&ch, text_out);
	c->expires = ch.expires;
	secret_wipe_object(&ch);
	return r;
}

/* plan_older - the secrets of this purpose that go. error: ERR_BUSY  one of another record is too young for that */
static int
plan_older(const struct claim *c, const struct mint *mint, int64_t now, Modifications **mods)
{
	const BerVarray stored = c->member->challenges;
	struct challenge old;
	int i;

	for (i = 0; stored != NULL && !BER_BVISNULL(&stored[i]); i++) {
		if (challenge_parse(stored[i].bv_val, stored[i].bv_len, &old) < 0 || strcmp(old.purpose, mint->purpose) != 0)
			continue;
		if (strcmp(old.record_id, c->record.id) != 0 && now - old.minted < mint->interval_sec)
			return ERR_BUSY;
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.challenge, &stored[i]);
	}
	return 0;
}

int
claim_mint(struct exop *x, struct claim *c, const struct mint *mint, int64_t now, Modifications **also,
           const char **void_out)
{
	Modifications *mods = also != NULL ? *also : NULL;
	char text[CHALLENGE_TEXT_MAX];
	int rc = LDAP_OTHER;

	*void_out = NULL;
	if (also != NULL)
		*also = NULL;
	if (plan_older(c, mint, now, &mods) < 0) {
		*void_out = "a token was sent a moment ago";
		rc = LDAP_SUCCESS;
		goto out;
	}
	if (challenge_make(x, c, mint, now, text) < 0)
		goto out;
	mods_add_text(&mods, LDAP_MOD_ADD, muster_ad.challenge, text);
	rc = mods_write(x->op, x->m, &c->member->dn, &c->member->ndn, &mods);
out:
	mods_free(&mods);
	secret_wipe_array(text);
	if (rc != LDAP_SUCCESS || *void_out != NULL)
		secret_wipe_array(c->secret);
	return rc;
}

/* reset_address - where a reset may go: the address proved last, an unproved one before the first password only */
static const struct berval *
reset_address(const struct member *member)
{
	if (!BER_BVISEMPTY(&member->verified_mail))
		return &member->verified_mail;
	return member_has_password(member) ? NULL : &member->mail;
}

/*
 * owe_asked - the other address of the member is told that somebody asked, once for a record. Not the mobile number: anybody can ask, and
 *             text messages cost and are counted.
 */
static void
owe_asked(const struct claim *c, int64_t now, Modifications **mods)
{
	const struct member *member = c->member;
	struct challenge old;
	int i;

	for (i = 0; member->challenges != NULL && !BER_BVISNULL(&member->challenges[i]); i++)
		if (challenge_parse(member->challenges[i].bv_val, member->challenges[i].bv_len, &old) == 0 &&
		    strcmp(old.purpose, PURPOSE_RESET) == 0 && strcmp(old.record_id, c->record.id) == 0)
			return;
	if (!BER_BVISEMPTY(&member->mail) && !code_same(&member->mail, &c->address))
		outbox_owe(member, "reset-asked", &member->mail, now, mods);
}

/* reset - alone */
static int
reset(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct mint mint = { .purpose = PURPOSE_RESET, .interval_sec = x->m->mint_interval_sec };
	const struct berval *address;
	Modifications *also = NULL;

	*void_out = claim_member_refused(c);
	if (*void_out != NULL)
		return LDAP_SUCCESS;
	address = reset_address(c->member);
	if (!c->member->policy_usable)
		*void_out = "policy unusable";
	else if (address == NULL || !claim_is_mail(address))
		*void_out = "no address";
	if (*void_out != NULL)
		return LDAP_SUCCESS;
	c->address = *address;
	if (!member_has_password(c->member))
		snprintf(c->record.kind, sizeof(c->record.kind), "%s", KIND_FIRST);
	mint.lifetime_sec = c->member->policy.token_lifetime_sec;
	owe_asked(c, now, &also);
	return claim_mint(x, c, &mint, now, &also, void_out);
}

int
claim_reset(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	struct berval ndn;
	int rc;

	*void_out = claim_member_refused(c);
	if (*void_out != NULL)
		return LDAP_SUCCESS;
	if (alone_begin() < 0)
		return LDAP_BUSY;
	/* The address may be another since it was read: the token would be good at the one before. */
	ber_dupbv(&ndn, &c->member->ndn);
	member_free(&c->member);
	(void)member_load(x->op, x->m, &ndn, &c->member);
	ch_free(ndn.bv_val);
	rc = reset(x, c, now, void_out);
	alone_end();
	return rc;
}
