/*
 * password.c - a new password: rules, history, and everything that is written together with it.
 */
#include "slapd/password.h"

#include <sys/time.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/pwhash.h"
#include "core/token.h"
#include "slapd/app_password.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

#define TEXT_UNUSABLE "the server cannot store passwords now: have olcMusterKeyFile and the policy's numbers checked"
#define TEXT_LISTS "the server cannot check new passwords now: have olcMusterBlocklist and olcMusterBreached checked"

#define HISTORY_TIME_MAX 40
#define HISTORY_HEAD_MAX (HISTORY_TIME_MAX + 80)

/*
 * matches_one - compare a password with one stored value, ours or of a scheme slapd knows.
 * in:    plain  NUL-terminated behind its length: crypt() reads a string
 */
static int
matches_one(struct muster *m, const struct berval *stored, const struct secret *plain)
{
	enum verdict verdict = VERDICT_DENY;
	struct berval cred = { plain->len, (char *)plain->data };
	const char *text = NULL;

	if (pwhash_is_ours(stored->bv_val, stored->bv_len))
		return pwhash_verify(&m->cost, stored->bv_val, stored->bv_len, plain->data, plain->len, &verdict,
		                     NULL) == 0 &&
		       verdict == VERDICT_ALLOW;
	return lutil_passwd(stored, &cred, NULL, &text) == LUTIL_PASSWD_OK;
}

/* password_matches - 1 when plain is one of the stored passwords, of any scheme; costs time per value */
static int
password_matches(Operation *op, struct muster *m, BerVarray stored, const struct berval *plain)
{
	struct secret *copy = NULL;
	int i, found = 0;

	(void)op;
	if (plain->bv_len > SECRET_MAX || secret_new(plain->bv_val, plain->bv_len, &copy) < 0)
		return 0;
	for (i = 0; stored != NULL && !BER_BVISNULL(&stored[i]) && !found; i++)
		found = matches_one(m, &stored[i], copy);
	secret_free(&copy);
	return found;
}

/* history_stored - the stored password in a value of pwdHistory: time#syntaxOID#length#stored */
static int
history_stored(const struct berval *value, struct berval *stored_out)
{
	const char *end = value->bv_val + value->bv_len, *p = value->bv_val;
	unsigned long len = 0;
	int field;

	BER_BVZERO(stored_out);
	for (field = 0; field < 3; field++) {
		if (field == 2)
			len = strtoul(p, NULL, 10);
		p = memchr(p, '#', end - p);
		if (p == NULL)
			return ERR_INPUT;
		p++;
	}
	if ((size_t)(end - p) != len)
		return ERR_INPUT;
	stored_out->bv_val = (char *)p;
	stored_out->bv_len = len;
	return 0;
}

/* newest_first - order of pwdHistory values; the time is their beginning */
static int
newest_first(const void *a, const void *b)
{
	const struct berval *x = *(const struct berval *const *)a, *y = *(const struct berval *const *)b;
	size_t len = x->bv_len < y->bv_len ? x->bv_len : y->bv_len;

	return memcmp(y->bv_val, x->bv_val, len);
}

static unsigned
values_count(BerVarray values)
{
	unsigned n = 0;

	while (values != NULL && !BER_BVISNULL(&values[n]))
		n++;
	return n;
}

/* history_sorted - the values of pwdHistory, newest first; ch_free() by the caller, NULL when there are none */
static struct berval **
history_sorted(const struct member *member, unsigned *count_out)
{
	struct berval **sorted;
	unsigned i;

	*count_out = values_count(member->history);
	if (*count_out == 0)
		return NULL;
	sorted = ch_calloc(*count_out, sizeof(*sorted));
	for (i = 0; i < *count_out; i++)
		sorted[i] = &member->history[i];
	qsort(sorted, *count_out, sizeof(*sorted), newest_first);
	return sorted;
}

/* used_before - 1 when a password is the present one or among the older ones that the rules still remember */
static int
used_before(Operation *op, struct muster *m, const struct member *member, struct berval **sorted, unsigned count,
            const struct berval *plain)
{
	unsigned i, remembered = member->policy.rules.history;
	struct berval one[2];

	if (remembered == 0)
		return 0;
	if (password_matches(op, m, member->passwords, plain))
		return 1;
	/* The present one is among the most recent; one that was taken away is the newest of the older ones. */
	if (member->passwords != NULL)
		remembered--;
	BER_BVZERO(&one[1]);
	for (i = 0; i < count && i < remembered; i++)
		if (history_stored(sorted[i], &one[0]) == 0 && password_matches(op, m, one, plain))
			return 1;
	return 0;
}

/* history_time - now as GeneralizedTime with microseconds: two changes in one second keep their order */
static void
history_time(char text_out[HISTORY_TIME_MAX])
{
	struct timeval now;
	struct tm parts;
	size_t len;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &parts);
	len = strftime(text_out, HISTORY_TIME_MAX, "%Y%m%d%H%M%S", &parts);
	snprintf(text_out + len, HISTORY_TIME_MAX - len, ".%06ldZ", (long)now.tv_usec);
}

/* plan_history - remember the present password, forget what is older than the rules look back. room: how many there may be */
static void
plan_history(const struct member *member, unsigned room, struct berval **sorted, unsigned count, Modifications **mods)
{
	unsigned i;
	const char *oid = slap_schema.si_ad_userPassword->ad_type->sat_syntax->ssyn_oid;
	char time_text[HISTORY_TIME_MAX];

	history_time(time_text);
	for (i = 0; i < values_count(member->passwords) && room > 0; i++, room--) {
		const struct berval *stored = &member->passwords[i];
		struct berval value;

		value.bv_val = ch_malloc(HISTORY_HEAD_MAX + stored->bv_len);
		value.bv_len = snprintf(value.bv_val, HISTORY_HEAD_MAX, "%s#%s#%lu#", time_text, oid,
		                        (unsigned long)stored->bv_len);
		memcpy(value.bv_val + value.bv_len, stored->bv_val, stored->bv_len);
		value.bv_len += stored->bv_len;
		mods_add(mods, LDAP_MOD_ADD, muster_ad.pwd_history, &value);
		secret_wipe(value.bv_val, value.bv_len);
		ch_free(value.bv_val);
	}
	for (i = room; i < count; i++)
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.pwd_history, sorted[i]);
}

/* history_room - how many older passwords are remembered beside a present one, or without one */
static unsigned
history_room(const struct member *member, int present)
{
	unsigned remembered = member->policy.rules.history;

	return present && remembered > 0 ? remembered - 1 : remembered;
}

void
password_forget(const struct member *member, int replaced, Modifications **mods)
{
	struct berval **sorted;
	unsigned count;

	sorted = history_sorted(member, &count);
	plan_history(member, history_room(member, replaced), sorted, count, mods);
	ch_free(sorted);
}

void
password_mark(Operation *op, struct muster *m, const struct member *member, const struct berval *stored)
{
	struct berval dn = member->dn, ndn = member->ndn;
	Modifications *mods = NULL;
	int rc;

	mods_keep(&mods, slap_schema.si_ad_userPassword, stored);
	mods_add_text(&mods, LDAP_MOD_REPLACE, muster_ad.pwd_reset, "TRUE");
	rc = mods_write(op, m, &dn, &ndn, &mods);
	if (rc != LDAP_SUCCESS && rc != LDAP_NO_SUCH_ATTRIBUTE && !SLAP_SINGLE_SHADOW(m->db))
		Debug(LDAP_DEBUG_ANY, "%s muster: pwdReset of %s cannot be written (%d); its next login is refused all the same\n",
		      op->o_log_prefix, member->dn.bv_val, rc);
}

/* plan_challenges_gone - tokens for another password die with this change */
static void
plan_challenges_gone(const struct member *member, Modifications **mods)
{
	struct challenge ch;
	unsigned i;

	/* One may be made at this very moment, for an address that nobody proved. Before the first password there are no codes. */
	if (!member_has_password(member)) {
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.challenge, NULL);
		return;
	}
	for (i = 0; i < values_count(member->challenges); i++) {
		const struct berval *value = &member->challenges[i];

		if (challenge_parse(value->bv_val, value->bv_len, &ch) < 0 || strcmp(ch.purpose, "reset") == 0)
			mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.challenge, value);
	}
	secret_wipe_object(&ch);
}

/*
 * plan_unlock - failures and locks were about the password before. A member that just changes it keeps them: its next login
 *               clears what is its own. A mailed token does not undo what an administrator locked for good.
 */
static void
plan_unlock(const struct member *member, const struct password_change *change, Modifications **mods)
{
	if (change->by_self && !change->by_token)
		return;
	mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.login_state, NULL);
	if (!change->by_token)
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.pwd_locked, NULL);
	else if (!BER_BVISNULL(&member->locked) && !member_locked_for_good(member))
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.pwd_locked, &member->locked);
}

/* plan_write - what is written, in one modification */
static void
plan_write(const struct member *member, const struct password_change *change, const char *hash,
           struct berval **sorted, unsigned count, Modifications **mods)
{
	int64_t now = slap_get_time();
	unsigned i;

	/*
	 * By value: when the password was changed meanwhile, this write fails as a whole. Where there was none, one that was set
	 * meanwhile goes: a member has one password.
	 */
	for (i = 0; i < values_count(member->passwords); i++)
		mods_add(mods, LDAP_MOD_DELETE, slap_schema.si_ad_userPassword, &member->passwords[i]);
	mods_add_text(mods, i > 0 ? LDAP_MOD_ADD : LDAP_MOD_REPLACE, slap_schema.si_ad_userPassword, hash);
	plan_history(member, history_room(member, 1), sorted, count, mods);
	mods_add_time(mods, LDAP_MOD_REPLACE, muster_ad.pwd_changed, now);
	if (!change->by_self && member->policy.must_change)
		mods_add_text(mods, LDAP_MOD_REPLACE, muster_ad.pwd_reset, "TRUE");
	else
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.pwd_reset, NULL);
	plan_challenges_gone(member, mods);
	/* Whoever needed somebody else's help may have lost the password to a stranger, who made app passwords with it. */
	if (!change->by_self || change->by_token)
		app_passwords_forget(member, mods);
	plan_unlock(member, change, mods);
	outbox_owe(member, change->by_self ? "password-changed" : "password-set-by-admin", NULL, now, mods);
}

int
password_plan(Operation *op, struct muster *m, const struct member *member, const struct password_change *change,
              Modifications **mods, char text[PWRULES_TEXT_MAX])
{
	struct pwrules rules = member->policy.rules;
	const uint8_t *plain = (const uint8_t *)change->plain.bv_val;
	char hash[PWHASH_TEXT_MAX] = "";
	struct berval **sorted = NULL;
	unsigned broken, count;
	int r = ERR_INTERNAL;

	snprintf(text, PWRULES_TEXT_MAX, "%s", TEXT_UNUSABLE);
	if (m->ring == NULL || !member->policy_usable)
		return ERR_KEY;
	if (member_factor_active(member))
		rules.min_length = member->policy.min_length_factor;
	sorted = history_sorted(member, &count);
	broken = pwrules_check(&rules, plain, change->plain.bv_len);
	if (!(broken & (PWRULE_BYTES | PWRULE_ENCODING))) {
		r = password_words(op, m, member, change->entry, &change->plain, &broken);
		if (r < 0) {
			snprintf(text, PWRULES_TEXT_MAX, "%s", TEXT_LISTS);
			goto out;
		}
		if (used_before(op, m, member, sorted, count, &change->plain))
			broken |= PWRULE_HISTORY;
	}
	if (broken) {
		pwrules_format(&rules, broken, text);
		r = ERR_RULES;
		goto out;
	}
	r = pwhash_make(&m->cost, plain, change->plain.bv_len, hash);
	if (r < 0)
		goto out;
	plan_write(member, change, hash, sorted, count, mods);
	text[0] = '\0';
	r = 0;
out:
	ch_free(sorted);
	secret_wipe_array(hash);
	return r;
}
