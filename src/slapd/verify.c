/*
 * verify.c - password and code of a member, judged without answering.
 *
 * Who guesses must learn nothing from the time an answer takes: whatever the entry is like, missing ones included, one
 * Argon2 run is made. Each run is a line in slapd's log at level trace, so that a test can count them.
 */
#include "slapd/verify.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/apppw.h"
#include "core/budget.h"
#include "core/pwrules.h"
#include "core/totp.h"
#include "slapd/account.h"
#include "slapd/factor.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/networks.h"
#include "slapd/password.h"
#include "slapd/policy.h"
#include "slapd/recovery.h"

static const struct berval nothing = BER_BVNULL;

/* One verification under way. */
struct check {
	Operation *op;
	struct muster *m;
	const struct member *member; /* NULL: nobody there */
	const struct verify_request *request;
	struct verify_result *result;
	struct berval code; /* BER_BVNULL: none */
	int64_t now;
	int remembered;
	int renew; /* the hash is to be made again at the present cost */
	struct attempt attempt;
	struct policy nobodys; /* for somebody who is not there: what holds for those who are */
};

static void
trace_run(Operation *op)
{
	Debug(LDAP_DEBUG_TRACE, "%s muster: argon2 run\n", op->o_log_prefix);
}

static const struct member *
subject(const struct member *member, const struct verify_result *result)
{
	return result->fresh != NULL ? result->fresh : member;
}

/* --- the credential ------------------------------------------------------------------------------- */

static int
all_digits(const char *text, size_t len)
{
	for (; len > 0; len--, text++)
		if (*text < '0' || *text > '9')
			return 0;
	return 1;
}

/* split - which part of what was sent is the password, which the code. error: ERR_MEMORY */
static int
split(struct check *c)
{
	const struct verify_request *q = c->request;
	struct berval *password = &c->result->password;
	char both[2 * SECRET_MAX];
	int active = c->member != NULL && member_factor_active(c->member), r;

	secret_free(&c->result->joined);
	*password = q->password;
	c->code = q->code;
	if (c->code.bv_len == 0)
		BER_BVZERO(&c->code);
	if (active && !q->has_control && BER_BVISNULL(&c->code) && password->bv_len >= TOTP_DIGITS &&
	    all_digits(password->bv_val + password->bv_len - TOTP_DIGITS, TOTP_DIGITS)) {
		password->bv_len -= TOTP_DIGITS;
		c->code.bv_val = password->bv_val + password->bv_len;
		c->code.bv_len = TOTP_DIGITS;
	}
	if (active || BER_BVISNULL(&c->code))
		return 0;
	if (q->code_apart) {
		BER_BVZERO(&c->code);
		return 0;
	}
	/* No factor, so there is no code: what a client took for one is the end of the password. */
	if (password->bv_len > SECRET_MAX || c->code.bv_len > SECRET_MAX)
		return 0;
	memcpy(both, password->bv_val, password->bv_len);
	memcpy(both + password->bv_len, c->code.bv_val, c->code.bv_len);
	r = secret_new(both, password->bv_len + c->code.bv_len, &c->result->joined);
	secret_wipe_array(both);
	if (r < 0)
		return r;
	password->bv_val = (char *)c->result->joined->data;
	password->bv_len = c->result->joined->len;
	BER_BVZERO(&c->code);
	return 0;
}

/* --- the password --------------------------------------------------------------------------------- */

/* stored_ours - the member's hash of our scheme; beside one, hashes of other schemes are not looked at */
static const struct berval *
stored_ours(const struct member *member)
{
	const struct berval *bv = member->passwords;

	for (; bv != NULL && !BER_BVISNULL(bv); bv++)
		if (pwhash_is_ours(bv->bv_val, bv->bv_len))
			return bv;
	return NULL;
}

/* hash_again - a hash of the password at the present cost, to be stored after a login. error: as pwhash_make() */
static int
hash_again(struct check *c)
{
	const struct berval *password = &c->result->password;
	int r;

	trace_run(c->op);
	r = pwhash_make(&c->m->cost, (const uint8_t *)password->bv_val, password->bv_len, c->result->renewed);
	if (r < 0)
		c->result->renewed[0] = '\0';
	return r;
}

/* legacy_find - the value of another scheme that the password is right for, NULL for none */
static const struct berval *
legacy_find(const struct member *member, const struct berval *password)
{
	const struct berval *bv = member->passwords, *found = NULL;
	struct secret *plain = NULL;
	const char *text = NULL;
	struct berval cred;

	/* crypt(3) wants the NUL behind it that a part of a credential does not have. */
	if (password->bv_len > SECRET_MAX || secret_new(password->bv_val, password->bv_len, &plain) < 0)
		return NULL;
	cred.bv_val = (char *)plain->data;
	cred.bv_len = plain->len;
	for (; bv != NULL && !BER_BVISNULL(bv) && found == NULL; bv++)
		if (lutil_passwd(bv, &cred, NULL, &text) == LUTIL_PASSWD_OK)
			found = bv;
	secret_free(&plain);
	return found;
}

/* The functions password_*: 1 right, 0 wrong, ERR_MEMORY when nobody can tell. */

/* password_none - spend the time of a verification */
static int
password_none(struct check *c)
{
	const struct berval *password = &c->result->password;
	enum verdict verdict = VERDICT_DENY;
	int r;

	trace_run(c->op);
	r = pwhash_verify(&c->m->cost, NULL, 0, (const uint8_t *)password->bv_val, password->bv_len, &verdict, NULL);
	return r == ERR_MEMORY ? r : 0;
}

static int
password_ours(struct check *c, const struct berval *stored)
{
	const struct berval *password = &c->result->password;
	enum verdict verdict = VERDICT_DENY;
	int renew = 0, r;

	trace_run(c->op);
	r = pwhash_verify(&c->m->cost, stored->bv_val, stored->bv_len, (const uint8_t *)password->bv_val, password->bv_len,
	                  &verdict, &renew);
	if (r == ERR_MEMORY)
		return r;
	if (r < 0 || verdict != VERDICT_ALLOW)
		return 0;
	c->result->stored = stored;
	c->renew = renew;
	return 1;
}

/* password_legacy - the one Argon2 run makes the new hash, whether or not the password turns out to be right */
static int
password_legacy(struct check *c)
{
	int r;

	c->result->stored = legacy_find(c->member, &c->result->password);
	r = hash_again(c);
	/* What cannot be hashed (not UTF-8, say) can still be a password of an older scheme, at the same price. */
	if (r < 0 && r != ERR_MEMORY)
		r = password_none(c);
	if (r < 0)
		return r;
	if (c->result->stored != NULL)
		return 1;
	secret_wipe_array(c->result->renewed);
	return 0;
}

/* may_be_remembered - the second step of a login brings the control and a code */
static int
may_be_remembered(const struct check *c)
{
	return c->request->has_control && c->request->may_remember && !BER_BVISNULL(&c->code);
}

/* recall - whether the password was found right on this connection just now */
static void
recall(struct check *c)
{
	const struct berval *bv = c->member != NULL ? c->member->passwords : NULL;

	if (!may_be_remembered(c) || c->m->ring == NULL || c->member == NULL || !c->member->may_auth)
		return;
	for (; bv != NULL && !BER_BVISNULL(bv) && !c->remembered; bv++) {
		if (!account_remembered(c->result->hold, c->m->ring, c->op->o_connid, bv, &c->result->password, c->now))
			continue;
		c->remembered = 1;
		c->renew = !pwhash_is_ours(bv->bv_val, bv->bv_len);
		c->result->stored = bv;
	}
}

/* password_right - one Argon2 run, except for a password that is remembered */
static int
password_right(struct check *c)
{
	const struct berval *stored;

	if (c->member == NULL || c->member->passwords == NULL || !c->member->may_auth || c->m->ring == NULL)
		return password_none(c);
	if (c->remembered)
		return 1;
	stored = stored_ours(c->member);
	return stored != NULL ? password_ours(c, stored) : password_legacy(c);
}

/* --- the code ------------------------------------------------------------------------------------- */

/* refused - say for the log which rule it was */
static enum verify_outcome
refused(struct check *c, enum verify_outcome outcome, const char *rule)
{
	c->result->rule = rule;
	return outcome;
}

static enum verify_outcome
judge_code(struct check *c)
{
	struct account_try *hold = c->result->hold;
	enum totp_match match;

	if (BER_BVISNULL(&c->code)) {
		if (c->request->has_control && c->request->may_remember)
			account_remember(hold, c->m->ring, c->op->o_connid, c->result->stored, &c->result->password, c->now);
		return refused(c, VERIFY_CODE_MISSING, "code-missing");
	}
	if (factor_match(c->op, c->m, c->member, &c->code, c->now, &match, &c->result->step) < 0)
		return refused(c, VERIFY_UNUSABLE, "unusable");
	if (match == TOTP_RIGHT || recovery_match(c->m, c->member, c->code.bv_val, c->code.bv_len, &c->result->recovery)) {
		c->result->factor = match == TOTP_RIGHT ? "password+code" : "password+recovery-code";
		return VERIFY_OK;
	}
	/* A spent code is a replay or a double click, not a guess. */
	if (match == TOTP_WRONG)
		account_record(hold, ACCOUNT_CODE_WRONG, &c->attempt);
	return refused(c, VERIFY_DENIED, match == TOTP_WRONG ? "code" : "code-spent");
}

enum verify_outcome
verify_standing(const struct member *member, int64_t now, const char **rule_out)
{
	const struct policy *policy = &member->policy;
	enum verify_outcome outcome = VERIFY_OK;
	const char *rule = NULL;

	if (member->status != MEMBER_ACTIVE) {
		outcome = VERIFY_DENIED;
		rule = "suspended";
	} else if (!member->policy_usable) {
		outcome = VERIFY_UNUSABLE;
		rule = "unusable";
	} else if (member_locked(member, now)) {
		outcome = VERIFY_DENIED;
		rule = "locked";
	} else if (member->pwd_reset && policy->must_change) {
		outcome = VERIFY_CHANGE;
		rule = "change-required";
	} else if (policy->max_age_sec > 0 && member->pwd_changed > 0 && now - member->pwd_changed > policy->max_age_sec) {
		outcome = VERIFY_EXPIRED;
		rule = "expired";
	} else if (policy->factor == FACTOR_POLICY_REQUIRED && !member_factor_active(member)) {
		outcome = VERIFY_ENROL;
		rule = "enrol-required";
	}
	*rule_out = rule;
	return outcome;
}

/* is_too_short - the password was let be short because of a second factor, and the factor is gone */
static int
is_too_short(const struct check *c)
{
	const struct policy *policy = &c->member->policy;
	const struct pwrules rules = { .min_length = policy->rules.min_length, .max_length = UINT_MAX };
	const struct berval *password = &c->result->password;

	return policy->min_length_factor < policy->rules.min_length && !member_factor_active(c->member) &&
	       pwrules_check(&rules, (const uint8_t *)password->bv_val, password->bv_len) != 0;
}

/* judge - what a right password leads to */
static enum verify_outcome
judge(struct check *c)
{
	const struct member *member = c->member;
	const struct policy *policy = &member->policy;
	enum verify_outcome outcome;

	c->result->factor = "password";
	if (member->status != MEMBER_ACTIVE)
		return refused(c, VERIFY_DENIED, "suspended");
	if (!member->policy_usable)
		return refused(c, VERIFY_UNUSABLE, "unusable");
	if (!networks_allow(c->op, policy, &c->request->rhost))
		return refused(c, VERIFY_DENIED, "network");
	if (member_factor_active(member)) {
		outcome = judge_code(c);
		if (outcome != VERIFY_OK)
			return outcome;
	}
	outcome = verify_standing(member, c->now, &c->result->rule);
	if (outcome == VERIFY_OK && is_too_short(c)) {
		c->result->too_short = 1;
		return refused(c, VERIFY_CHANGE, "change-required");
	}
	return outcome;
}

/* denied_because - for the log: why a password is not right */
static const char *
denied_because(const struct check *c)
{
	if (c->member == NULL)
		return "no-member";
	if (!c->member->may_auth)
		return "access";
	return c->member->passwords == NULL ? "no-password" : "credentials";
}

/* refresh - the member as it is now that nobody else can verify: it may have been written since it was loaded */
static const struct member *
refresh(Operation *op, struct muster *m, const struct member *member, struct verify_result *result)
{
	struct berval ndn;

	if (member == NULL || member_is_current(op, m, member))
		return member;
	ndn = member->ndn;
	if (member_load(op, m, &ndn, &result->fresh) < 0 || strcmp(result->fresh->uuid, member->uuid) != 0)
		member_free(&result->fresh);
	return result->fresh;
}

/* --- in turn -------------------------------------------------------------------------------------- */

/* about - what the try is about: the member as it is known by now */
static void
about(struct check *c, const struct member *member, struct berval *key)
{
	attempt_at(c->op, c->m, member, key, &c->request->rhost, &c->result->source, &c->attempt);
	if (member == NULL)
		c->attempt.policy = &c->nobodys;
	c->attempt.with_code = !BER_BVISNULL(&c->code);
	c->attempt.two_steps = may_be_remembered(c);
	c->member = member;
	c->now = c->attempt.now;
}

/* turned_away - what a delay or a lock refuses costs the same, but nobody waits for it */
static void
turned_away(struct check *c, const char *rule)
{
	struct waiter spender;

	account_release(&c->result->hold);
	c->result->rule = rule;
	if (account_spend_begin(c->m->accounts, &c->result->source, &spender) < 0) {
		c->result->outcome = refused(c, VERIFY_BUSY, "busy");
		return;
	}
	if (password_none(c) < 0)
		c->result->outcome = refused(c, VERIFY_BUSY, "busy");
	account_spend_end(c->m->accounts, &spender);
}

/* take_turn - wait until the account is ours, and read it again. 1: go on */
static int
take_turn(struct check *c, const struct member *member, struct berval *key)
{
	const char *rule = NULL;
	int r;

	r = account_enter(c->m->accounts, &c->attempt, &c->result->hold, &rule);
	if (r == ERR_BUSY) {
		c->result->outcome = refused(c, VERIFY_BUSY, "busy");
		return 0;
	}
	if (r < 0) {
		turned_away(c, rule);
		return 0;
	}
	c->member = member = refresh(c->op, c->m, member, c->result);
	/* It may have got or lost a second factor. */
	if (split(c) < 0)
		return 0;
	about(c, member, key);
	account_sync(c->result->hold, member != NULL ? &member->login_state : &nothing, c->now);
	recall(c);
	rule = account_throttled(c->result->hold, &c->attempt, c->remembered);
	if (rule == NULL)
		return 1;
	turned_away(c, rule);
	return 0;
}

void
verify_begin(Operation *op, struct muster *m, const struct member *member, struct berval *key,
             const struct verify_request *request, struct verify_result *result)
{
	struct check c = { .op = op, .m = m, .request = request, .result = result, .member = member };
	int right;

	memset(result, 0, sizeof(*result));
	result->step = -1;
	result->rule = "server";
	if (member == NULL)
		(void)policy_load(op, m, key, &c.nobodys);
	if (split(&c) < 0)
		return;
	about(&c, member, key);
	if (!take_turn(&c, member, key))
		return;
	right = password_right(&c);
	result->rule = denied_because(&c);
	if (right == 1) {
		result->rule = NULL;
		result->outcome = judge(&c);
		/* Only now: the time of another run tells somebody who is in anyway. */
		if (result->outcome == VERIFY_OK && c.renew)
			(void)hash_again(&c);
	} else if (right < 0) {
		result->outcome = refused(&c, VERIFY_BUSY, "busy");
	} else if (m->ring == NULL) {
		result->outcome = refused(&c, VERIFY_UNUSABLE, "unusable");
	} else if (!apppw_looks_like(request->password.bv_val, request->password.bv_len)) {
		/* 130 bits are not guessed, and a program that goes on with one that was revoked holds nobody up. */
		account_record(result->hold, ACCOUNT_PASSWORD_WRONG, &c.attempt);
	}
	/* Before the answer: who gets it may try again at once, and must not meet itself. */
	if (result->outcome == VERIFY_DENIED)
		account_release(&result->hold);
}

/* --- afterwards ----------------------------------------------------------------------------------- */

static void
add_number(Modifications **mods, AttributeDescription *ad, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	mods_add_text(mods, LDAP_MOD_ADD, ad, text);
}

int
verify_spend(Operation *op, struct muster *m, const struct member *member, const struct verify_result *result, int login,
             Modifications **mods)
{
	const struct member *who = subject(member, result);

	(void)m;
	/* Delete what was read, add what is new: of those who read the same, one gets through. */
	if (result->step >= 0) {
		if (!BER_BVISNULL(&who->last_step))
			mods_add(mods, LDAP_MOD_DELETE, muster_ad.oath_last_step, &who->last_step);
		add_number(mods, muster_ad.oath_last_step, result->step);
	}
	if (!BER_BVISNULL(&result->recovery))
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.recovery_code, &result->recovery);
	if (!login)
		return 0;
	if (result->renewed[0] != '\0' && result->stored != NULL) {
		mods_add(mods, LDAP_MOD_DELETE, slap_schema.si_ad_userPassword, result->stored);
		mods_add_text(mods, LDAP_MOD_ADD, slap_schema.si_ad_userPassword, result->renewed);
	}
	/* A lock that is over; while it lasts nobody gets here. By value: not one that somebody writes meanwhile. */
	if (!BER_BVISNULL(&who->locked))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.pwd_locked, &who->locked);
	source_remember(who, &result->source, (int64_t)slap_get_time(), mods);
	mods_add_time(mods, LDAP_MOD_REPLACE, slap_schema.si_ad_pwdLastSuccess, (int64_t)op->o_time);
	return 0;
}

int
verify_login(Operation *op, struct muster *m, const struct member *member, struct verify_result *result,
             Modifications **mods)
{
	const struct member *who = subject(member, result);
	char text[BUDGET_TEXT_MAX];
	struct berval bv = { 0, text };
	unsigned began;
	int rc;

	began = account_login_begin(result->hold, &result->source, text);
	bv.bv_len = strlen(text);
	if (bv.bv_len == 0 && !BER_BVISNULL(&who->login_state))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.login_state, NULL);
	else if (bv.bv_len > 0 && (BER_BVISNULL(&who->login_state) || !bvmatch(&bv, &who->login_state)))
		mods_add(mods, LDAP_MOD_REPLACE, muster_ad.login_state, &bv);
	rc = mods_write(op, m, (struct berval *)&who->dn, (struct berval *)&who->ndn, mods);
	account_login_end(result->hold, &result->source, began, rc == LDAP_SUCCESS);
	return rc;
}

void
verify_end(Operation *op, struct muster *m, const struct member *member, struct verify_result *result)
{
	const struct member *who = subject(member, result);

	if (result->too_short && who != NULL && !who->pwd_reset)
		password_mark(op, m, who, result->stored);
	account_release(&result->hold);
	secret_free(&result->joined);
	member_free(&result->fresh);
	secret_wipe_array(result->renewed);
	result->stored = NULL;
	BER_BVZERO(&result->recovery);
	BER_BVZERO(&result->password);
}
