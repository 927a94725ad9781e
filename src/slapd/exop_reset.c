/*
 * exop_reset.c - a forgotten password: requestReset queues, redeem turns a mailed token into a new password.
 */
#include "slapd/exop.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/keyring.h"
#include "core/pwrules.h"
#include "core/token.h"
#include "slapd/account.h"
#include "slapd/connections.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/networks.h"
#include "slapd/password.h"
#include "slapd/queue.h"
#include "slapd/signup.h"
#include "slapd/source.h"

#define PURPOSE "reset"

void
exop_queued(struct exop *x, int r)
{
	if (r == 0) {
		exop_accepted(x, NULL);
		exop_answer(x, LDAP_SUCCESS, NULL);
	} else if (r == ERR_BUSY) {
		exop_refuse(x, LDAP_BUSY, "too many requests", "too many requests: try again later");
	} else if (r == ERR_NOT_FOUND) {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "no queue",
		            "the queue entry (olcMusterQueue) is missing: run muster init");
	} else {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, err_str(r), "the request cannot be queued: see slapd's log");
	}
}

void
request_reset_handle(struct exop *x)
{
	exop_queued(x, queue_request(x->op, x->m, PURPOSE, &x->target_text, NULL));
}

/* mail_is - 1 when two addresses are the same to the directory */
static int
mail_is(const struct berval *address, const char *text)
{
	return !BER_BVISEMPTY(address) && address->bv_len == strlen(text) &&
	       strncasecmp(address->bv_val, text, address->bv_len) == 0;
}

/*
 * token_find - the stored challenge that a typed token answers. Wrong ones are not counted: nobody guesses 256 bits, and
 *              a count would let a stranger use up a member's token.
 * in:    member  NULL: the same comparison with a challenge nobody has
 * out:   *stored_out  its stored value, NULL when the token is wrong or late
 */
static void
token_find(struct exop *x, const struct member *member, int64_t now, const struct berval **stored_out,
           struct challenge *ch_out)
{
	static const char nobody[] = "00000000-0000-0000-0000-000000000000";
	const struct berval *typed = &x->args.secret;
	enum verdict verdict;
	int i;

	*stored_out = NULL;
	memset(ch_out, 0, sizeof(*ch_out));
	if (member == NULL || member->challenges == NULL) {
		snprintf(ch_out->purpose, sizeof(ch_out->purpose), PURPOSE);
		ch_out->expires = now + 1;
		snprintf(ch_out->key_id, sizeof(ch_out->key_id), "%s", keyring_active_id(x->m->ring));
		challenge_check(ch_out, x->m->ring, PURPOSE, nobody, sizeof(nobody) - 1, typed->bv_val, typed->bv_len, now,
		                &verdict);
		return;
	}
	for (i = 0; !BER_BVISNULL(&member->challenges[i]); i++) {
		if (challenge_parse(member->challenges[i].bv_val, member->challenges[i].bv_len, ch_out) < 0 ||
		    strcmp(ch_out->purpose, PURPOSE) != 0)
			continue;
		/* A token proves the address it went to; one that went elsewhere proves nothing any more. */
		if (challenge_check(ch_out, x->m->ring, PURPOSE, member->uuid, strlen(member->uuid), typed->bv_val,
		                    typed->bv_len, now, &verdict) == 0 &&
		    verdict == VERDICT_ALLOW &&
		    (mail_is(&member->mail, ch_out->address) || mail_is(&member->verified_mail, ch_out->address))) {
			*stored_out = &member->challenges[i];
			return;
		}
	}
}

/* redeem_write - spend the token and set the password in one modification */
static void
redeem_write(struct exop *x, struct member *member, const struct berval *stored, const struct challenge *ch,
             struct account_try *try, int64_t now)
{
	struct password_change change = { .plain = x->args.new_password, .by_self = 1, .by_token = 1 };
	char text[PWRULES_TEXT_MAX];
	Modifications *mods = NULL;
	int r, rc;

	/* First: of parallel redeems the directory lets one delete this value, and fails the others as a whole. */
	mods_add(&mods, LDAP_MOD_DELETE, muster_ad.challenge, stored);
	r = password_plan(x->op, x->m, member, &change, &mods, text);
	if (r < 0) {
		mods_free(&mods);
		x->rule = r == ERR_RULES ? "password-rules" : "unusable";
		exop_refuse(x, r == ERR_RULES ? LDAP_CONSTRAINT_VIOLATION : LDAP_UNWILLING_TO_PERFORM, text, text);
		return;
	}
	if (mail_is(&member->mail, ch->address)) {
		mods_add_text(&mods, LDAP_MOD_REPLACE, muster_ad.verified_mail, ch->address);
		mods_add_time(&mods, LDAP_MOD_REPLACE, muster_ad.mail_verified, now);
	}
	/* Whoever has the token reads the mail: this sign-up is one that stays. */
	if (!BER_BVISNULL(&member->unproved_until))
		mods_add(&mods, SLAP_MOD_SOFTDEL, muster_ad.unproved_until, NULL);
	rc = mods_write(x->op, x->m, &member->dn, &member->ndn, &mods);
	if (rc == LDAP_NO_SUCH_ATTRIBUTE || rc == LDAP_NO_SUCH_OBJECT) {
		/* Or the member is gone, as a sign-up whose time was over. */
		x->rule = "token-spent";
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
	} else if (rc != LDAP_SUCCESS) {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", "the change cannot be stored: see slapd's log");
	} else {
		if (!BER_BVISNULL(&member->unproved_until))
			signups_proved(x->m);
		account_record(try, ACCOUNT_UNLOCK, NULL);
		connections_end_others(x->op, &member->ndn);
		exop_accepted(x, NULL);
		exop_answer(x, LDAP_SUCCESS, NULL);
	}
}

void
redeem_handle(struct exop *x)
{
	static const struct berval no_rhost = BER_BVNULL;
	struct member *member = NULL;
	struct account_try *try = NULL;
	struct attempt attempt;
	struct source source;
	const struct berval *stored = NULL;
	struct challenge ch;
	struct berval key;
	int64_t now = slap_get_time();

	memset(&ch, 0, sizeof(ch));
	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	attempt_at(x->op, x->m, member, &key, NULL, &source, &attempt);
	if (account_reserve(x->m->accounts, &attempt, &try) < 0) {
		exop_refuse_verify(x, VERIFY_BUSY);
		goto out;
	}
	/* What was read before the reservation may have been spent by whoever held it. */
	member_free(&member);
	ch_free(key.bv_val);
	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	token_find(x, member, now, &stored, &ch);
	x->subject = member != NULL ? &member->dn : NULL;
	x->factor = stored != NULL ? "token" : NULL;
	if (stored == NULL || member->status != MEMBER_ACTIVE || !networks_allow(x->op, &member->policy, &no_rhost)) {
		x->rule = member == NULL                    ? "no-member"
		          : stored == NULL                  ? "token"
		          : member->status != MEMBER_ACTIVE ? "suspended"
		                                            : "network";
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
		goto out;
	}
	redeem_write(x, member, stored, &ch, try, now);
out:
	account_release(&try);
	secret_wipe_object(&ch);
	member_free(&member);
	ch_free(key.bv_val);
}
