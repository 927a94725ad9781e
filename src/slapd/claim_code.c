/*
 * claim_code.c - a code is made when the courier claims the message that carries it.
 *
 * All of it alone in the database: what is looked at (whether the address still waits, what was sent and tried today) is what the
 * code is written next to.
 */
#include "slapd/claim.h"

#include "common/secret.h"
#include "core/codecount.h"
#include "slapd/alone.h"
#include "slapd/codes.h"
#include "slapd/exop.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define KIND_LOGIN_KNOWN "login-known"

/* is_owed - 1 while the record is there: who asked anew or gave up took it away */
static int
is_owed(const struct claim *c)
{
	int i;

	for (i = 0; c->member->outbox != NULL && !BER_BVISNULL(&c->member->outbox[i]); i++)
		if (bvmatch(&c->member->outbox[i], &c->value))
			return 1;
	return 0;
}

static int
is_old(const struct claim *c, int64_t now)
{
	return now - (int64_t)strtoll(c->record.time, NULL, 10) > CODE_SMS_OLD_SEC;
}

/* refused - why no code is sent, NULL when one is */
static const char *
refused(const struct claim *c, enum code code, int64_t now)
{
	const char *why = claim_member_refused(c);
	const struct berval *address = &c->record.address;
	struct berval target;
	int number = code == CODE_MOBILE || code == CODE_LOGIN_MOBILE;

	if (why != NULL)
		return why;
	code_target(c->member, code, &target);
	if (!is_owed(c) || !code_same(&target, address))
		return "not asked for any more";
	if (number ? !code_is_number(address) : !claim_is_mail(address))
		return "no address";
	return number && is_old(c, now) ? "too old" : NULL;
}

/* known_as - the other account whose login ID an address is already. member_out: NULL for none */
static void
known_as(struct exop *x, const struct claim *c, struct member **member_out)
{
	struct berval key, text;
	char target[CHALLENGE_ADDRESS_MAX + 16];

	*member_out = NULL;
	text.bv_len = (ber_len_t)snprintf(target, sizeof(target), "login:/%s", c->record.address.bv_val);
	text.bv_val = target;
	exop_target_find(x->op, x->m, x->be, &text, member_out, &key);
	ch_free(key.bv_val);
	if (*member_out != NULL && dn_match(&(*member_out)->ndn, &c->member->ndn))
		member_free(member_out);
}

/*
 * plan_count - one more message to the member and to the address, unless it is this very record that is claimed once more.
 * return: why it may not be sent, NULL when it may
 */
static const char *
plan_count(struct exop *x, const struct claim *c, enum code code, int64_t now, Modifications **mods)
{
	const struct berval *stored;
	struct codecount count;
	struct challenge ch;
	const char *reached;

	code_count_read(c->member, code, now, &count, &stored);
	if (codecount_blocked(&count))
		return "too many wrong codes";
	if (code_challenge(c->member, code, &ch) != NULL && strcmp(ch.record_id, c->record.id) == 0)
		return NULL;
	if (code_kinds[code].counts && count.sent >= (unsigned)x->m->caps.member)
		return "cap of the member";
	reached = caps_take(x->op, x->m, &c->record.address, now);
	if (reached != NULL)
		return reached;
	if (code_kinds[code].counts) {
		codecount_sent(&count, now);
		code_count_plan(&count, stored, mods);
	}
	return NULL;
}

static int
make(struct exop *x, struct claim *c, enum code code, int64_t now, const char **void_out)
{
	const struct mint mint = { .purpose = code_kinds[code].purpose, .digits = 1, .lifetime_sec = CODE_LIFETIME_SEC };
	struct member *other = NULL;
	Modifications *mods = NULL;
	int rc;

	*void_out = refused(c, code, now);
	if (*void_out == NULL)
		*void_out = plan_count(x, c, code, now, &mods);
	if (*void_out != NULL)
		return LDAP_SUCCESS;
	c->address = c->record.address;
	if (code == CODE_LOGIN_MAIL)
		known_as(x, c, &other);
	rc = claim_mint(x, c, &mint, now, &mods, void_out);
	if (other == NULL)
		return rc;
	/* Its owner is told, and nobody else: who asked has an entry like any other, with a code that is sent to nobody. */
	secret_wipe_array(c->secret);
	member_free(&c->member);
	c->member = other;
	snprintf(c->record.kind, sizeof(c->record.kind), KIND_LOGIN_KNOWN);
	return rc;
}

int
claim_code(struct exop *x, struct claim *c, int64_t now, const char **void_out)
{
	enum code code;
	int rc = LDAP_BUSY;

	*void_out = NULL;
	if (code_of_record(c->record.kind, &code) < 0 || alone_begin() < 0)
		return rc;
	member_free(&c->member);
	(void)member_load(x->op, x->m, &c->ndn, &c->member);
	rc = make(x, c, code, now, void_out);
	alone_end();
	return rc;
}
