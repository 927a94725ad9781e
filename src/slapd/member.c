/*
 * member.c - a member's entry, copied out of the database.
 */
#include "slapd/member.h"

#include "common/err.h"
#include "common/secret.h"
#include "slapd/entry.h"
#include "slapd/muster.h"

#define SEED_ELSEWHERE "slapo-otp" /* neither a seed nor a sealed one */

int
member_is(Entry *e)
{
	return is_entry_objectclass(e, muster_oc_member, 0) || is_entry_objectclass(e, muster_oc_account, 0);
}

int
member_factor_active(const struct member *member)
{
	return !BER_BVISNULL(&member->seed_sealed) && member->policy.factor != FACTOR_POLICY_OFF;
}

int
member_has_password(const struct member *member)
{
	return member->passwords != NULL && !BER_BVISNULL(&member->passwords[0]);
}

int
member_last_step(const struct member *member, int64_t *step_out)
{
	char *end = NULL;

	*step_out = -1;
	if (BER_BVISNULL(&member->last_step))
		return 0;
	errno = 0;
	*step_out = strtoll(member->last_step.bv_val, &end, 10);
	return errno != 0 || end == member->last_step.bv_val || *end != '\0' ? ERR_INPUT : 0;
}

int
member_locked_for_good(const struct member *member)
{
	return !BER_BVISNULL(&member->locked) && strcmp(member->locked.bv_val, "000001010000Z") == 0;
}

static void
copy_value(Entry *e, AttributeDescription *ad, struct berval *out)
{
	Attribute *a = attr_find(e->e_attrs, ad);

	BER_BVZERO(out);
	if (a != NULL)
		ber_dupbv(out, &a->a_vals[0]);
}

static void
copy_values(Entry *e, AttributeDescription *ad, BerVarray *out)
{
	Attribute *a = attr_find(e->e_attrs, ad);

	*out = NULL;
	if (a != NULL)
		ber_bvarray_dup_x(out, a->a_vals, NULL);
}

int64_t
member_time(const struct berval *value)
{
	struct lutil_timet t;
	struct lutil_tm tm;

	if (value == NULL || lutil_parsetime(value->bv_val, &tm) != 0 || lutil_tm2time(&tm, &t) != 0)
		return 0;
	return (int64_t)t.tt_sec;
}

static int64_t
read_time(Entry *e, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);

	return member_time(a != NULL ? &a->a_nvals[0] : NULL);
}

int
member_locked(const struct member *member, int64_t now)
{
	int64_t duration = member->policy.lockout_duration_sec;
	struct lutil_timet t;
	struct lutil_tm tm;

	if (BER_BVISNULL(&member->locked))
		return 0;
	/* What is no time, like ppolicy's 000001010000Z, is for ever. */
	if (duration == 0 || lutil_parsetime(member->locked.bv_val, &tm) != 0 || tm.tm_year <= 0 ||
	    lutil_tm2time(&tm, &t) != 0)
		return 1;
	return now - (int64_t)t.tt_sec < duration;
}

/* read_status - what is not understood is as good as closed */
static enum member_status
read_status(Entry *e)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.status);

	if (a == NULL || strcasecmp(a->a_vals[0].bv_val, "active") == 0)
		return MEMBER_ACTIVE;
	return strcasecmp(a->a_vals[0].bv_val, "suspended") == 0 ? MEMBER_SUSPENDED : MEMBER_CLOSED;
}

/* may_authenticate - whether the access rules let the caller use userPassword, as slapd's own bind asks */
static int
may_authenticate(Operation *op, Entry *e)
{
	AccessControlState state = ACL_STATE_INIT;

	return access_allowed(op, e, slap_schema.si_ad_userPassword, NULL, ACL_AUTH, &state) != 0;
}

int
member_factor_elsewhere(const AttributeDescription *ad)
{
	/* By name: the types are known only while slapd has loaded otp.so. */
	return strcasecmp(ad->ad_cname.bv_val, "oathTOTPToken") == 0 || strcasecmp(ad->ad_cname.bv_val, "oathHOTPToken") == 0;
}

/*
 * copy_seed - who has a second factor of slapo-otp, which was not taken over yet, has one that cannot be read: nobody loses it by
 *             becoming a member
 */
static void
copy_seed(Entry *e, struct member *member)
{
	const Attribute *a;

	copy_value(e, muster_ad.oath_secret, &member->seed_sealed);
	for (a = e->e_attrs; a != NULL && BER_BVISNULL(&member->seed_sealed); a = a->a_next) {
		if (member_factor_elsewhere(a->a_desc)) {
			ber_str2bv(SEED_ELSEWHERE, STRLENOF(SEED_ELSEWHERE), 1, &member->seed_sealed);
			member->seed_is_elsewhere = 1;
		}
	}
}

static void
copy_entry(Operation *op, Entry *e, struct member *member)
{
	Attribute *a;

	ber_dupbv(&member->dn, &e->e_name);
	ber_dupbv(&member->ndn, &e->e_nname);
	a = attr_find(e->e_attrs, slap_schema.si_ad_entryUUID);
	if (a != NULL && a->a_vals[0].bv_len < sizeof(member->uuid))
		memcpy(member->uuid, a->a_vals[0].bv_val, a->a_vals[0].bv_len);
	copy_value(e, slap_schema.si_ad_entryCSN, &member->csn);
	member->may_auth = may_authenticate(op, e);
	member->status = read_status(e);
	copy_values(e, slap_schema.si_ad_userPassword, &member->passwords);
	copy_values(e, muster_ad.pwd_history, &member->history);
	copy_values(e, muster_ad.challenge, &member->challenges);
	copy_values(e, muster_ad.outbox, &member->outbox);
	copy_values(e, muster_ad.lease, &member->leases);
	copy_values(e, muster_ad.recovery_code, &member->recovery_codes);
	copy_values(e, muster_ad.app_password, &member->app_passwords);
	copy_values(e, muster_ad.app_password_used, &member->app_passwords_used);
	copy_values(e, muster_ad.known_source, &member->known_sources);
	copy_value(e, muster_ad.unproved_until, &member->unproved_until);
	copy_value(e, muster_ad.pwd_locked, &member->locked);
	copy_seed(e, member);
	copy_value(e, muster_ad.oath_last_step, &member->last_step);
	copy_value(e, muster_ad.login_state, &member->login_state);
	copy_value(e, muster_ad.mail, &member->mail);
	copy_value(e, muster_ad.verified_mail, &member->verified_mail);
	copy_value(e, muster_ad.mobile, &member->mobile);
	copy_values(e, muster_ad.mail, &member->mails);
	copy_values(e, muster_ad.mobile, &member->mobiles);
	copy_value(e, muster_ad.pending_mail, &member->pending_mail);
	copy_value(e, muster_ad.pending_mobile, &member->pending_mobile);
	copy_value(e, muster_ad.pending_login, &member->pending_login);
	copy_values(e, muster_ad.code_count, &member->code_counts);
	copy_value(e, muster_ad.preferred_language, &member->language);
	copy_value(e, muster_ad.display_name, &member->display_name);
	if (BER_BVISNULL(&member->display_name))
		copy_value(e, muster_ad.cn, &member->display_name);
	copy_value(e, muster_ad.uid, &member->uid);
	member->has_mail_verified = attr_find(e->e_attrs, muster_ad.mail_verified) != NULL;
	member->has_mobile_verified = attr_find(e->e_attrs, muster_ad.mobile_verified) != NULL;
	a = attr_find(e->e_attrs, muster_ad.pwd_reset);
	member->pwd_reset = a != NULL && bvmatch(&a->a_nvals[0], &slap_true_bv);
	member->pwd_changed = read_time(e, muster_ad.pwd_changed);
	member->last_success = read_time(e, slap_schema.si_ad_pwdLastSuccess);
}

int
member_load(Operation *op, struct muster *m, struct berval *ndn, struct member **member_out)
{
	BackendDB *saved = op->o_bd;
	struct member *member = NULL;
	int r = ERR_NOT_FOUND;
	Entry *e;

	*member_out = NULL;
	op->o_bd = m->db;
	e = entry_fetch(op, ndn);
	if (e == NULL || is_entry_alias(e) || is_entry_referral(e) || is_entry_subentry(e) || is_entry_glue(e))
		goto out;
	r = ERR_REFUSED;
	if (!member_is(e))
		goto out;
	member = ch_calloc(1, sizeof(*member));
	copy_entry(op, e, member);
	be_entry_release_r(op, e);
	e = NULL;
	r = policy_load(op, m, ndn, &member->policy);
	member->policy_usable = r == 0 && member->uuid[0] != '\0';
	if (!member->policy_usable)
		Debug(LDAP_DEBUG_ANY, "%s muster: the policy of %s cannot be used (%s): nobody under it can log in\n",
		      op->o_log_prefix, member->dn.bv_val, r == ERR_RANGE ? "a value is out of range"
		                                              : r == ERR_IO ? "it cannot be read" : "entry missing");
	*member_out = member;
	r = 0;
out:
	if (e != NULL)
		be_entry_release_r(op, e);
	op->o_bd = saved;
	return r;
}

int
member_is_current(Operation *op, struct muster *m, const struct member *member)
{
	BackendDB *saved = op->o_bd;
	struct berval ndn = member->ndn;
	int current = 0;
	Attribute *a;
	Entry *e;

	op->o_bd = m->db;
	e = entry_fetch(op, &ndn);
	if (e != NULL) {
		a = attr_find(e->e_attrs, slap_schema.si_ad_entryCSN);
		current = a != NULL && !BER_BVISNULL(&member->csn) && bvmatch(&a->a_vals[0], &member->csn);
		be_entry_release_r(op, e);
	}
	op->o_bd = saved;
	return current;
}

static void
wipe_values(BerVarray values)
{
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++)
		secret_wipe(values[i].bv_val, values[i].bv_len);
	ber_bvarray_free(values);
}

void
member_free(struct member **member)
{
	struct member *one = *member;

	if (one == NULL)
		return;
	wipe_values(one->passwords);
	wipe_values(one->history);
	ber_bvarray_free(one->challenges);
	ber_bvarray_free(one->outbox);
	ber_bvarray_free(one->leases);
	ber_bvarray_free(one->recovery_codes);
	ber_bvarray_free(one->app_passwords);
	ber_bvarray_free(one->app_passwords_used);
	ber_bvarray_free(one->known_sources);
	ch_free(one->unproved_until.bv_val);
	ch_free(one->locked.bv_val);
	ch_free(one->dn.bv_val);
	ch_free(one->ndn.bv_val);
	ch_free(one->csn.bv_val);
	ch_free(one->seed_sealed.bv_val);
	ch_free(one->last_step.bv_val);
	ch_free(one->login_state.bv_val);
	ch_free(one->mail.bv_val);
	ch_free(one->verified_mail.bv_val);
	ch_free(one->mobile.bv_val);
	ch_free(one->pending_mail.bv_val);
	ch_free(one->pending_mobile.bv_val);
	ch_free(one->pending_login.bv_val);
	ber_bvarray_free(one->mails);
	ber_bvarray_free(one->mobiles);
	ber_bvarray_free(one->code_counts);
	ch_free(one->language.bv_val);
	ch_free(one->display_name.bv_val);
	ch_free(one->uid.bv_val);
	ch_free(one);
	*member = NULL;
}
