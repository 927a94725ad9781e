/*
 * networks.c - where a client is, and whether it may log in from there: musterNetwork and musterCodeGrace of policies.
 */
#include "slapd/networks.h"

#include "common/err.h"
#include "common/text.h"
#include "core/network.h"
#include "slapd/muster.h"
#include "slapd/policy.h"

#define GRACE_SEC_MIN 1
#define GRACE_SEC_MAX 60

void
client_address(Operation *op, struct network_address *address_out)
{
	const struct berval none = BER_BVC(""), *peer = op->o_conn != NULL ? &op->o_conn->c_peer_name : &none;

	(void)network_peer_parse(peer->bv_val, peer->bv_len, address_out);
}

static int
is_inside(const struct policy *policy, const struct network_address *address)
{
	unsigned i;

	for (i = 0; i < policy->networks_len; i++)
		if (network_contains(&policy->networks[i], address))
			return 1;
	return 0;
}

int
networks_allow_rhost(const struct policy *policy, const struct berval *rhost)
{
	struct network_address address;

	if (policy->networks_len == 0 || BER_BVISEMPTY(rhost))
		return 1;
	return network_address_parse(rhost->bv_val, rhost->bv_len, &address) == 0 && is_inside(policy, &address);
}

int
networks_allow(Operation *op, const struct policy *policy, const struct berval *rhost)
{
	struct network_address address;

	if (policy->networks_len == 0)
		return 1;
	client_address(op, &address);
	return (address.family == NETWORK_LOCAL || is_inside(policy, &address)) && networks_allow_rhost(policy, rhost);
}

/* grace_parse - "<seconds> <network>". error: ERR_RANGE */
static int
grace_parse(const struct berval *value, struct policy_grace *out)
{
	const char *blank = value->bv_len > 0 ? memchr(value->bv_val, ' ', value->bv_len) : NULL;
	int64_t seconds;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (blank == NULL)
		return ERR_RANGE;
	len = (size_t)(blank - value->bv_val);
	if (text_number(value->bv_val, len, GRACE_SEC_MIN, GRACE_SEC_MAX, &seconds) != 0 ||
	    network_parse(blank + 1, value->bv_len - len - 1, &out->network) != 0)
		return ERR_RANGE;
	out->seconds = (unsigned)seconds;
	return 0;
}

int
networks_read(Entry *e, struct policy *policy)
{
	Attribute *a = attr_find(e->e_attrs, muster_ad.network);
	unsigned i;

	if (a != NULL && a->a_numvals > POLICY_NETWORKS_MAX)
		return ERR_RANGE;
	for (i = 0; a != NULL && i < a->a_numvals; i++)
		if (network_parse(a->a_vals[i].bv_val, a->a_vals[i].bv_len, &policy->networks[policy->networks_len++]) != 0)
			return ERR_RANGE;
	a = attr_find(e->e_attrs, muster_ad.code_grace);
	if (a != NULL && a->a_numvals > POLICY_GRACES_MAX)
		return ERR_RANGE;
	for (i = 0; a != NULL && i < a->a_numvals; i++)
		if (grace_parse(&a->a_vals[i], &policy->graces[policy->graces_len++]) != 0)
			return ERR_RANGE;
	return 0;
}

int
networks_check_values(const AttributeDescription *ad, BerVarray values, char *text, size_t text_len)
{
	struct policy_grace grace;
	struct network network;
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++) {
		if (ad == muster_ad.network && network_parse(values[i].bv_val, values[i].bv_len, &network) != 0) {
			snprintf(text, text_len,
			         "musterNetwork: use a network like 192.0.2.0/24 or 2001:db8::/32, no bits behind the prefix set");
			return ERR_RANGE;
		}
		if (ad == muster_ad.code_grace && grace_parse(&values[i], &grace) != 0) {
			snprintf(text, text_len, "musterCodeGrace: use %d to %d seconds, a blank and a network, like 30 192.0.2.10/32",
			         GRACE_SEC_MIN, GRACE_SEC_MAX);
			return ERR_RANGE;
		}
	}
	return 0;
}

/* count_after - how many values of an attribute an entry has after a modification, or could have */
static size_t
count_after(Entry *e, const Modifications *mods, AttributeDescription *ad)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	size_t n = a != NULL ? a->a_numvals : 0;

	for (; mods != NULL; mods = mods->sml_next) {
		if (mods->sml_desc != ad)
			continue;
		if (mods->sml_op == LDAP_MOD_REPLACE)
			n = mods->sml_numvals;
		else if ((mods->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE)
			n = mods->sml_values == NULL || mods->sml_numvals > n ? 0 : n - mods->sml_numvals;
		else
			n += mods->sml_numvals;
	}
	return n;
}

int
networks_check_count(Entry *e, const Modifications *mods, char *text, size_t text_len)
{
	text[0] = '\0';
	if (count_after(e, mods, muster_ad.network) > POLICY_NETWORKS_MAX)
		snprintf(text, text_len, "musterNetwork: at most %d values; put neighbours together into one network",
		         POLICY_NETWORKS_MAX);
	else if (count_after(e, mods, muster_ad.code_grace) > POLICY_GRACES_MAX)
		snprintf(text, text_len, "musterCodeGrace: at most %d values", POLICY_GRACES_MAX);
	return text[0] != '\0' ? ERR_RANGE : 0;
}
