/*
 * policy.c - the policy a member lives under: found, read, range-checked.
 */
#include "slapd/muster.h"

struct numbers {
	int64_t min_length, max_length, in_history, max_age, max_failure, min_delay, max_delay, token_lifetime,
		lockout_duration, daily_password_failures, daily_code_failures, code_window, min_length_factor,
		max_app_passwords;
};

/* The numbers of a policy: one row each, for reading and for what is allowed when writing. */
static const struct policy_number {
	AttributeDescription **ad;
	size_t offset; /* in struct numbers */
	int64_t min, max, absent;
} policy_numbers[] = {
	{ &muster_ad.pwd_min_length, offsetof(struct numbers, min_length), 1, 256, 8 },
	{ &muster_ad.pwd_max_length, offsetof(struct numbers, max_length), 1, 256, 16 },
	{ &muster_ad.pwd_in_history, offsetof(struct numbers, in_history), 0, 24, 2 },
	{ &muster_ad.pwd_max_age, offsetof(struct numbers, max_age), 0, 315360000, 0 },
	{ &muster_ad.pwd_max_failure, offsetof(struct numbers, max_failure), 1, 100, 5 },
	{ &muster_ad.pwd_min_delay, offsetof(struct numbers, min_delay), 1, 86400, 1 },
	{ &muster_ad.pwd_max_delay, offsetof(struct numbers, max_delay), 1, 86400, 900 },
	{ &muster_ad.token_lifetime, offsetof(struct numbers, token_lifetime), 60, 86400, 3600 },
	{ &muster_ad.pwd_lockout_duration, offsetof(struct numbers, lockout_duration), 0, 31536000, 0 },
	{ &muster_ad.daily_password_failures, offsetof(struct numbers, daily_password_failures), 10, 1000, 100 },
	{ &muster_ad.daily_code_failures, offsetof(struct numbers, daily_code_failures), 1, 50, 50 },
	{ &muster_ad.code_window, offsetof(struct numbers, code_window), 0, 10, 1 },
	/* 0, which nobody may write: as pwdMinLength */
	{ &muster_ad.pwd_min_length_factor, offsetof(struct numbers, min_length_factor), 1, 256, 0 },
	{ &muster_ad.max_app_passwords, offsetof(struct numbers, max_app_passwords), 0, 50, 10 },
};
#define POLICY_NUMBERS (sizeof(policy_numbers) / sizeof(policy_numbers[0]))

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

/* number_parse - decimal digits alone, in range. error: ERR_RANGE */
static int
number_parse(const struct berval *value, int64_t min, int64_t max, int64_t *out)
{
	int64_t n = 0;
	ber_len_t i;

	/* Every limit has fewer digits than this, so nothing overflows. */
	if (value->bv_len == 0 || value->bv_len > 12)
		return ERR_RANGE;
	for (i = 0; i < value->bv_len; i++) {
		if (value->bv_val[i] < '0' || value->bv_val[i] > '9')
			return ERR_RANGE;
		n = n * 10 + (value->bv_val[i] - '0');
	}
	if (n < min || n > max)
		return ERR_RANGE;
	*out = n;
	return 0;
}

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

int
policy_is_rule(const AttributeDescription *ad)
{
	const AttributeDescription *others[] = {
		muster_ad.pwd_must_change, muster_ad.pwd_lockout, muster_ad.pwd_require, muster_ad.pwd_blocklist,
		muster_ad.second_factor, muster_ad.code_grace, muster_ad.network
	};
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++)
		if (ad->ad_type == (*policy_numbers[i].ad)->ad_type)
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
		if (*policy_numbers[i].ad != ad || values == NULL || BER_BVISNULL(&values[0]))
			continue;
		if (number_parse(&values[0], policy_numbers[i].min, policy_numbers[i].max, &number) == 0)
			return 0;
		snprintf(text, text_len, "%s: allowed is %lld to %lld", ad->ad_cname.bv_val, (long long)policy_numbers[i].min,
		         (long long)policy_numbers[i].max);
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
	return networks_check_values(ad, values, text, text_len);
}

/* numbers_order - NULL, else which of two numbers must not be above the other */
static const char *
numbers_order(const struct numbers *n)
{
	if (n->min_length > n->max_length)
		return "pwdMinLength is above pwdMaxLength: no password would be right";
	if (n->min_length_factor > n->min_length)
		return "musterPwdMinLengthFactor is above pwdMinLength: a second factor asks for no longer password";
	if (n->min_delay > n->max_delay)
		return "pwdMinDelay is above pwdMaxDelay";
	return NULL;
}

/* policy_numbers_read - defaults where e is NULL or silent. error: ERR_RANGE */
static int
policy_numbers_read(Entry *e, struct numbers *out)
{
	Attribute *a;
	int64_t *field;
	size_t i;

	for (i = 0; i < POLICY_NUMBERS; i++) {
		field = (int64_t *)((char *)out + policy_numbers[i].offset);
		*field = policy_numbers[i].absent;
		a = e != NULL ? attr_find(e->e_attrs, *policy_numbers[i].ad) : NULL;
		if (a != NULL && number_parse(&a->a_vals[0], policy_numbers[i].min, policy_numbers[i].max, field) < 0)
			return ERR_RANGE;
	}
	if (out->min_length_factor == 0)
		out->min_length_factor = out->min_length;
	return numbers_order(out) == NULL ? 0 : ERR_RANGE;
}

int
policy_check_entry(Entry *e, char *text, size_t text_len)
{
	const char *wrong;
	struct numbers n;
	Attribute *a;

	for (a = e->e_attrs; a != NULL; a = a->a_next)
		if (policy_is_rule(a->a_desc) && policy_check_attribute(a->a_desc, a->a_vals, text, text_len) < 0)
			return ERR_RANGE;
	memset(&n, 0, sizeof(n));
	if (policy_numbers_read(e, &n) == 0)
		return 0;
	wrong = numbers_order(&n);
	snprintf(text, text_len, "%s", wrong != NULL ? wrong : "a number of this policy is out of range");
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
	struct numbers n;
	Attribute *a;

	memset(policy, 0, sizeof(*policy));
	if (policy_numbers_read(e, &n) < 0)
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
	}
	policy->must_change = switch_read(e, muster_ad.pwd_must_change, 1);
	policy->lockout = switch_read(e, muster_ad.pwd_lockout, 0);
	policy->blocklist = switch_read(e, muster_ad.pwd_blocklist, 0);
	policy->rules.min_length = (unsigned)n.min_length;
	policy->rules.max_length = (unsigned)n.max_length;
	policy->rules.require = require;
	policy->rules.history = n.in_history == 0 ? 0 : (unsigned)n.in_history + 1;
	policy->max_age_sec = n.max_age;
	policy->threshold = (unsigned)n.max_failure;
	policy->min_delay_sec = (unsigned)n.min_delay;
	policy->max_delay_sec = (unsigned)n.max_delay;
	policy->lockout_duration_sec = n.lockout_duration;
	policy->daily_password_failures = (unsigned)n.daily_password_failures;
	policy->daily_code_failures = (unsigned)n.daily_code_failures;
	policy->code_window = (unsigned)n.code_window;
	policy->min_length_factor = (unsigned)n.min_length_factor;
	policy->max_app_passwords = (unsigned)n.max_app_passwords;
	policy->token_lifetime_sec = (int)n.token_lifetime;
	policy->factor = (enum factor_policy)factor;
	return 0;
}

Entry *
entry_fetch(Operation *op, struct berval *ndn)
{
	Entry *e = NULL;

	return be_entry_get_rw(op, ndn, NULL, NULL, 0, &e) == LDAP_SUCCESS ? e : NULL;
}

Entry *
organization_above(Operation *op, struct muster *m, const struct berval *ndn)
{
	struct berval at = *ndn, up;
	Entry *e;

	while (dnIsSuffix(&at, &m->db->be_nsuffix[0]) && at.bv_len > m->db->be_nsuffix[0].bv_len) {
		dnParent(&at, &up);
		at = up;
		e = entry_fetch(op, &at);
		if (e == NULL)
			continue;
		if (is_entry_objectclass(e, muster_oc_organization, 0))
			return e;
		be_entry_release_r(op, e);
	}
	return NULL;
}

/*
 * organization_policy - the policy entry of the nearest organization above ndn.
 * out:   name  its DN, named by musterPolicyEntry or cn=policy below the organization; ch_free() by the caller
 *        named 1 when the organization names it, so that it has to be there
 * error: ERR_NOT_FOUND  no organization above
 */
static int
organization_policy(Operation *op, struct muster *m, const struct berval *ndn, struct berval *name, int *named)
{
	static const char rdn[] = "cn=policy,";
	Entry *e = organization_above(op, m, ndn);
	Attribute *a;

	if (e == NULL)
		return ERR_NOT_FOUND;
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

/* policy_find - the entry that says which policy holds for ndn; NULL with *named_out 1 when a policy is named and not there */
static Entry *
policy_find(Operation *op, struct muster *m, const struct berval *ndn, int *named_out)
{
	struct berval name = BER_BVNULL;
	Entry *e = NULL;

	*named_out = 0;
	if (organization_policy(op, m, ndn, &name, named_out) == 0) {
		if (dnIsSuffix(&name, &m->db->be_nsuffix[0]))
			e = entry_fetch(op, &name);
		ch_free(name.bv_val);
	}
	if (e == NULL && !*named_out && !BER_BVISNULL(&m->policy_ndn)) {
		e = entry_fetch(op, &m->policy_ndn);
		*named_out = 1;
	}
	return e;
}

int
policy_load(Operation *op, struct muster *m, struct berval *ndn, struct policy *policy_out)
{
	BackendDB *saved = op->o_bd;
	int named, r;
	Entry *e;

	(void)policy_read(NULL, policy_out);
	op->o_bd = m->db;
	e = policy_find(op, m, ndn, &named);
	r = e == NULL && named ? ERR_NOT_FOUND : policy_read(e, policy_out);
	if (r == ERR_RANGE)
		(void)policy_read(NULL, policy_out);
	if (e != NULL)
		be_entry_release_r(op, e);
	op->o_bd = saved;
	return r;
}
