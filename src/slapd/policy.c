/*
 * policy.c - the policy a member lives under: found, read, range-checked.
 */
#include "slapd/policy.h"

#include "common/err.h"
#include "core/notice.h"
#include "core/policy.h"
#include "slapd/entry.h"
#include "slapd/muster.h"
#include "slapd/networks.h"

static AttributeDescription **const number_ads[POLICY_NUMBERS] = {
	[POLICY_MIN_LENGTH] = &muster_ad.pwd_min_length,
	[POLICY_MAX_LENGTH] = &muster_ad.pwd_max_length,
	[POLICY_MIN_LENGTH_FACTOR] = &muster_ad.pwd_min_length_factor,
	[POLICY_IN_HISTORY] = &muster_ad.pwd_in_history,
	[POLICY_MAX_AGE] = &muster_ad.pwd_max_age,
	[POLICY_MAX_FAILURE] = &muster_ad.pwd_max_failure,
	[POLICY_MIN_DELAY] = &muster_ad.pwd_min_delay,
	[POLICY_MAX_DELAY] = &muster_ad.pwd_max_delay,
	[POLICY_LOCKOUT_DURATION] = &muster_ad.pwd_lockout_duration,
	[POLICY_DAILY_PASSWORD_FAILURES] = &muster_ad.daily_password_failures,
	[POLICY_DAILY_CODE_FAILURES] = &muster_ad.daily_code_failures,
	[POLICY_CODE_WINDOW] = &muster_ad.code_window,
	[POLICY_MAX_APP_PASSWORDS] = &muster_ad.max_app_passwords,
	[POLICY_TOKEN_LIFETIME] = &muster_ad.token_lifetime,
};

struct word {
	const char *text;
	unsigned value;
};

static const struct word factor_words[] = {
	{ "off", FACTOR_POLICY_OFF },
	{ "optional", FACTOR_POLICY_OPTIONAL },
	{ "required", FACTOR_POLICY_REQUIRED },
	{ NULL, 0 },
};

static const struct word require_words[] = {
	{ "none", 0 },
	{ "letter", PWRULE_LETTER },
	{ "digit", PWRULE_DIGIT },
	{ "special", PWRULE_SPECIAL },
	{ NULL, 0 },
};

static int
word_parse(const struct word *words, const struct berval *value, unsigned *out)
{
	for (; words->text != NULL; words++) {
		if (strlen(words->text) == value->bv_len && strncasecmp(words->text, value->bv_val, value->bv_len) == 0) {
			*out = words->value;
			return 0;
		}
	}
	return ERR_RANGE;
}

/* require_parse - the set that musterPwdRequire names; "none" stands alone */
static int
require_parse(BerVarray values, unsigned *out)
{
	unsigned one, none = 0, n = 0;

	*out = 0;
	for (; !BER_BVISNULL(&values[n]); n++) {
		if (word_parse(require_words, &values[n], &one) < 0)
			return ERR_RANGE;
		*out |= one;
		none |= one == 0;
	}
	return none && n > 1 ? ERR_RANGE : 0;
}

/* notices_parse - the switches that musterNoticeOff names */
static int
notices_parse(BerVarray values, unsigned *out)
{
	unsigned one;

	*out = 0;
	for (; !BER_BVISNULL(values); values++) {
		one = notice_named(values->bv_val, values->bv_len);
		if (one == 0)
			return ERR_RANGE;
		*out |= one;
	}
	return 0;
}

int
policy_is_rule(const AttributeDescription *ad)
{
	const AttributeDescription *others[] = {
		muster_ad.pwd_must_change, muster_ad.pwd_lockout, muster_ad.pwd_require, muster_ad.pwd_blocklist,
		muster_ad.second_factor, muster_ad.code_grace, muster_ad.network, muster_ad.notice_off
	};
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++)
		if (ad->ad_type == (*number_ads[i])->ad_type)
			return 1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ad->ad_type == others[i]->ad_type)
			return 1;
	return 0;
}

int
policy_check_attribute(AttributeDescription *ad, BerVarray values, char *text, size_t text_len)
{
	int64_t number;
	unsigned word;
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++) {
		if (*number_ads[i] != ad || values == NULL || BER_BVISNULL(&values[0]))
			continue;
		if (policy_number_read((enum policy_number)i, values[0].bv_val, values[0].bv_len, &number) == 0)
			return 0;
		snprintf(text, text_len, "%s: allowed is %lld to %lld", ad->ad_cname.bv_val, (long long)policy_limits[i].min,
		         (long long)policy_limits[i].max);
		return ERR_RANGE;
	}
	if (ad == muster_ad.second_factor && values != NULL && word_parse(factor_words, &values[0], &word) < 0) {
		snprintf(text, text_len, "%s: allowed is off, optional or required", ad->ad_cname.bv_val);
		return ERR_RANGE;
	}
	if (ad == muster_ad.pwd_require && values != NULL && require_parse(values, &word) < 0) {
		snprintf(text, text_len, "%s: allowed is letter, digit and special, or none alone", ad->ad_cname.bv_val);
		return ERR_RANGE;
	}
	if (ad == muster_ad.notice_off && values != NULL && notices_parse(values, &word) < 0) {
		snprintf(text, text_len, "%s: allowed is %s", ad->ad_cname.bv_val, notice_names);
		return ERR_RANGE;
	}
	return networks_check_values(ad, values, text, text_len);
}

/*
 * policy_numbers_read - what holds when absent where e is NULL or silent.
 * out:   wrong_out  NULL, else what is wrong
 * error: ERR_RANGE
 */
static int
policy_numbers_read(Entry *e, int64_t numbers[POLICY_NUMBERS], const char **wrong_out)
{
	Attribute *a;
	size_t i;
	int r = 0;

	*wrong_out = "a number is out of range";
	for (i = 0; i < POLICY_NUMBERS && r == 0; i++) {
		a = e != NULL ? attr_find(e->e_attrs, *number_ads[i]) : NULL;
		r = policy_number_read((enum policy_number)i, a != NULL ? a->a_vals[0].bv_val : NULL,
		                       a != NULL ? a->a_vals[0].bv_len : 0, &numbers[i]);
	}
	if (r == 0)
		*wrong_out = policy_numbers_complete(numbers);
	return *wrong_out == NULL ? 0 : ERR_RANGE;
}

int
policy_check_entry(Entry *e, char *text, size_t text_len)
{
	int64_t numbers[POLICY_NUMBERS];
	const char *wrong;
	Attribute *a;

	for (a = e->e_attrs; a != NULL; a = a->a_next)
		if (policy_is_rule(a->a_desc) && policy_check_attribute(a->a_desc, a->a_vals, text, text_len) < 0)
			return ERR_RANGE;
	if (policy_numbers_read(e, numbers, &wrong) == 0)
		return 0;
	snprintf(text, text_len, "the policy cannot be used: %s", wrong);
	return ERR_RANGE;
}

/* switch_read - a boolean of a policy */
static int
switch_read(Entry *e, AttributeDescription *ad, int absent)
{
	Attribute *a = e != NULL ? attr_find(e->e_attrs, ad) : NULL;

	return a == NULL ? absent : bvmatch(&a->a_nvals[0], &slap_true_bv);
}

/* policy_read - the policy an entry describes; NULL: the built-in console-16. error: ERR_RANGE */
static int
policy_read(Entry *e, struct policy *policy)
{
	unsigned factor = FACTOR_POLICY_OPTIONAL, require = PWRULE_LETTER | PWRULE_DIGIT | PWRULE_SPECIAL;
	int64_t n[POLICY_NUMBERS];
	const char *wrong;
	Attribute *a;

	memset(policy, 0, sizeof(*policy));
	if (policy_numbers_read(e, n, &wrong) < 0)
		return ERR_RANGE;
	if (e != NULL) {
		a = attr_find(e->e_attrs, muster_ad.second_factor);
		if (a != NULL && word_parse(factor_words, &a->a_vals[0], &factor) < 0)
			return ERR_RANGE;
		a = attr_find(e->e_attrs, muster_ad.pwd_require);
		if (a != NULL && require_parse(a->a_vals, &require) < 0)
			return ERR_RANGE;
		if (networks_read(e, policy) < 0)
			return ERR_RANGE;
		/* A switch nobody knows switches nothing off; it is no reason to let nobody in. */
		a = attr_find(e->e_attrs, muster_ad.notice_off);
		if (a != NULL && notices_parse(a->a_vals, &policy->notices_off) < 0)
			policy->notices_off = 0;
	}
	policy->must_change = switch_read(e, muster_ad.pwd_must_change, 1);
	policy->lockout = switch_read(e, muster_ad.pwd_lockout, 0);
	policy->blocklist = switch_read(e, muster_ad.pwd_blocklist, 0);
	policy->rules.min_length = (unsigned)n[POLICY_MIN_LENGTH];
	policy->rules.max_length = (unsigned)n[POLICY_MAX_LENGTH];
	policy->rules.require = require;
	policy->rules.history = n[POLICY_IN_HISTORY] == 0 ? 0 : (unsigned)n[POLICY_IN_HISTORY] + 1;
	policy->max_age_sec = n[POLICY_MAX_AGE];
	policy->threshold = (unsigned)n[POLICY_MAX_FAILURE];
	policy->min_delay_sec = (unsigned)n[POLICY_MIN_DELAY];
	policy->max_delay_sec = (unsigned)n[POLICY_MAX_DELAY];
	policy->lockout_duration_sec = n[POLICY_LOCKOUT_DURATION];
	policy->daily_password_failures = (unsigned)n[POLICY_DAILY_PASSWORD_FAILURES];
	policy->daily_code_failures = (unsigned)n[POLICY_DAILY_CODE_FAILURES];
	policy->code_window = (unsigned)n[POLICY_CODE_WINDOW];
	policy->min_length_factor = (unsigned)n[POLICY_MIN_LENGTH_FACTOR];
	policy->max_app_passwords = (unsigned)n[POLICY_MAX_APP_PASSWORDS];
	policy->token_lifetime_sec = (int)n[POLICY_TOKEN_LIFETIME];
	policy->factor = (enum factor_policy)factor;
	return 0;
}

/*
 * organization_policy - the policy entry of the nearest organization above ndn.
 * out:   name  its DN, named by musterPolicyEntry or cn=policy below the organization; ch_free() by the caller
 *        named 1 when the organization names it, so that it has to be there
 * error: ERR_NOT_FOUND  no organization above
 *        ERR_IO         nobody can tell
 */
static int
organization_policy(Operation *op, struct muster *m, const struct berval *ndn, struct berval *name, int *named)
{
	static const char rdn[] = "cn=policy,";
	Attribute *a;
	Entry *e;
	int r = organization_find(op, m, ndn, &e);

	if (r < 0)
		return r;
	a = attr_find(e->e_attrs, muster_ad.policy_entry);
	*named = a != NULL;
	if (a != NULL) {
		ber_dupbv(name, &a->a_nvals[0]);
	} else {
		name->bv_len = sizeof(rdn) - 1 + e->e_nname.bv_len;
		name->bv_val = ch_malloc(name->bv_len + 1);
		memcpy(name->bv_val, rdn, sizeof(rdn) - 1);
		memcpy(name->bv_val + sizeof(rdn) - 1, e->e_nname.bv_val, e->e_nname.bv_len + 1);
	}
	be_entry_release_r(op, e);
	return 0;
}

/*
 * policy_find - the entry that says which policy holds for ndn.
 * out:   *e_out  NULL when none says so: the built-in one holds
 * error: ERR_NOT_FOUND (one is named and not there), ERR_IO
 */
static int
policy_find(Operation *op, struct muster *m, const struct berval *ndn, Entry **e_out)
{
	struct berval name = BER_BVNULL;
	int named = 0, r;

	*e_out = NULL;
	r = organization_policy(op, m, ndn, &name, &named);
	if (r == 0) {
		r = dnIsSuffix(&name, &m->db->be_nsuffix[0]) ? entry_read(op, &name, e_out) : ERR_NOT_FOUND;
		ch_free(name.bv_val);
	}
	/* What cannot be read may be stricter than what would hold without it. */
	if (r != ERR_NOT_FOUND || named)
		return r;
	return BER_BVISNULL(&m->policy_ndn) ? 0 : entry_read(op, &m->policy_ndn, e_out);
}

int
policy_load(Operation *op, struct muster *m, struct berval *ndn, struct policy *policy_out)
{
	BackendDB *saved = op->o_bd;
	Entry *e;
	int r;

	(void)policy_read(NULL, policy_out);
	op->o_bd = m->db;
	r = policy_find(op, m, ndn, &e);
	if (r == 0)
		r = policy_read(e, policy_out);
	if (r == ERR_RANGE)
		(void)policy_read(NULL, policy_out);
	if (e != NULL)
		be_entry_release_r(op, e);
	op->o_bd = saved;
	return r;
}
