/*
 * config_organization.c - olcMusterService, olcMusterNumbers, olcMusterPaymentRequired, olcMusterCertificateCountry: what
 *                         organizations are made with.
 */
#include "slapd/config_organization.h"

#include "core/facts.h"
#include "core/numbers.h"
#include "core/service.h"
#include "slapd/lists.h"
#include "slapd/muster.h"
#include "slapd/numbering.h"

static int
say(ConfigArgs *c)
{
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return ARG_BAD_CONF;
}

/* --- services ----------------------------------------------------------------------------------------------- */

const struct service *
service_of(const struct muster *m, const struct berval *name)
{
	int i;

	for (i = 0; i < m->catalogue_len; i++)
		if (strlen(m->catalogue[i].name) == name->bv_len &&
		    strncasecmp(m->catalogue[i].name, name->bv_val, name->bv_len) == 0)
			return &m->catalogue[i];
	return NULL;
}

/* catalogue_make - what the lines say, in their order */
static void
catalogue_make(struct muster *m)
{
	int n;

	m->catalogue_len = 0;
	for (n = 0; m->services != NULL && !BER_BVISNULL(&m->services[n]); n++)
		;
	m->catalogue = ch_realloc(m->catalogue, ((ber_len_t)n + 1) * sizeof(*m->catalogue));
	for (; m->catalogue_len < n; m->catalogue_len++)
		(void)service_parse(m->services[m->catalogue_len].bv_val, m->services[m->catalogue_len].bv_len,
		                    &m->catalogue[m->catalogue_len]);
}

static int
config_service(ConfigArgs *c, struct muster *m)
{
	char text[SERVICE_NAME_MAX + SERVICE_SUFFIX_MAX + 2];
	struct service service;
	struct berval name, value;

	if (c->op == LDAP_MOD_DELETE) {
		config_value_remove(&m->services, c->valx);
		catalogue_make(m);
		return 0;
	}
	/* slapd splits the value at its blank. */
	snprintf(text, sizeof(text), "%s %s", c->argv[1], c->argc > 2 ? c->argv[2] : "");
	if (service_parse(text, strlen(text), &service) != 0) {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterService: \"%.60s\" must read <name> <suffix>, like: "
		         "contact contact.example.com (what host names of the service end in)", text);
		return say(c);
	}
	ber_str2bv(service.name, 0, 0, &name);
	if (service_of(m, &name) != NULL) {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterService: there is a service %s", service.name);
		return say(c);
	}
	snprintf(text, sizeof(text), "%s %s", service.name, service.suffix);
	ber_str2bv(text, 0, 1, &value);
	ber_bvarray_add(&m->services, &value);
	catalogue_make(m);
	return 0;
}

/* --- the others --------------------------------------------------------------------------------------------- */

static int
config_numbers(ConfigArgs *c, struct muster *m)
{
	struct numbers_range range = { NUMBERS_FIRST_DEFAULT, NUMBERS_LAST_DEFAULT };

	if (c->op != LDAP_MOD_DELETE && numbers_range_parse(c->argv[1], strlen(c->argv[1]), &range) != 0) {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterNumbers: \"%.40s\" must read <first>-<last>, between %d and "
		         "%d", c->argv[1], NUMBERS_FIRST_MIN, NUMBERS_LAST_MAX);
		return say(c);
	}
	m->numbers_given = c->op != LDAP_MOD_DELETE;
	m->numbers_range = range;
	numbering_forget(m);
	return 0;
}

static int
config_country(ConfigArgs *c, struct muster *m)
{
	struct berval value;

	if (c->op == LDAP_MOD_DELETE) {
		config_value_remove(&m->certificate_countries, c->valx);
		return 0;
	}
	if (!fact_is_country(c->argv[1], strlen(c->argv[1]))) {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterCertificateCountry: \"%.40s\" is no country code of ISO 3166 "
		         "in upper case, like KR", c->argv[1]);
		return say(c);
	}
	ber_str2bv(c->argv[1], 0, 1, &value);
	ber_bvarray_add(&m->certificate_countries, &value);
	return 0;
}

static int
emit(ConfigArgs *c, struct muster *m)
{
	BerVarray values = c->type == CONFIG_SERVICE ? m->services : m->certificate_countries;
	char text[32];
	struct berval value;

	switch (c->type) {
	case CONFIG_NUMBERS:
		if (!m->numbers_given)
			return 1;
		value.bv_len = (ber_len_t)snprintf(text, sizeof(text), "%u-%u", m->numbers_range.first, m->numbers_range.last);
		value.bv_val = text;
		return value_add_one(&c->rvalue_vals, &value);
	case CONFIG_PAYMENT_REQUIRED:
		c->value_int = !m->payment_not_required;
		return !m->payment_not_required;
	default:
		return values == NULL || BER_BVISNULL(&values[0]) ? 1 : value_add(&c->rvalue_vals, values);
	}
}

int
organization_config(ConfigArgs *c)
{
	struct muster *m = ((slap_overinst *)c->bi)->on_bi.bi_private;

	if (c->op == SLAP_CONFIG_EMIT)
		return emit(c, m);
	switch (c->type) {
	case CONFIG_SERVICE:
		return config_service(c, m);
	case CONFIG_NUMBERS:
		return config_numbers(c, m);
	case CONFIG_PAYMENT_REQUIRED:
		m->payment_not_required = c->op != LDAP_MOD_DELETE && !c->value_int;
		return 0;
	default:
		return config_country(c, m);
	}
}

void
organization_config_free(struct muster *m)
{
	ber_bvarray_free(m->services);
	ber_bvarray_free(m->certificate_countries);
	ch_free(m->catalogue);
}
