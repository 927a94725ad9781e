/*
 * exop_organization.c - newOrganization: an organization with its policy, folders, OWNER and first service, made together or not at
 *                       all. By a platform member, who comes to own it, or by who may add below ou=organizations.
 */
#include "slapd/exop.h"

#include "core/facts.h"
#include "core/service.h"
#include "slapd/alone.h"
#include "slapd/config_organization.h"
#include "slapd/entry.h"
#include "slapd/fresh.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/payment.h"
#include "slapd/policy.h"
#include "slapd/write.h"

#define POLICY_DEFAULT "console-16"
#define ENTRIES_MAX 8
#define DN_MAX 1024

/* The request's texts, in their order. */
enum { NAME, DOMAIN, TEMPLATE, OWNER_ID, OWNER_NAME, OWNER_MAIL, LANGUAGE, SERVICE, TITLE };

/* An organization that is being made. */
struct making {
	struct exop *x;
	const struct berval *texts;
	struct member *account;    /* the platform member who makes it, NULL: somebody else */
	int may_add;               /* below ou=organizations, by access rules */
	const struct service *service;
	Entry *template;           /* a copy */
	Entry *entries[ENTRIES_MAX];
	Entry *parents[ENTRIES_MAX]; /* among the entries; NULL: it is there already */
	int entries_len;
	char url[SERVICE_URL_MAX];
	int result;
	char text[WRITE_TEXT_MAX];
};

static int
refuse(struct making *making, int result, const char *text)
{
	making->result = result;
	snprintf(making->text, sizeof(making->text), "%s", text);
	return result;
}

/* --- who asks ------------------------------------------------------------------------------------------------ */

/* may_add - out: -1 when ou=organizations is not there */
static int
may_add(struct exop *x)
{
	BackendDB *bd = x->op->o_bd, db = *x->be;
	int allowed = -1;
	Entry *e = NULL;

	x->op->o_bd = &db;
	if (be_entry_get_rw(x->op, &x->m->organizations_ndn, NULL, NULL, 0, &e) == LDAP_SUCCESS && e != NULL) {
		allowed = access_allowed(x->op, e, slap_schema.si_ad_children, NULL, ACL_WADD, NULL);
		be_entry_release_r(x->op, e);
	}
	x->op->o_bd = bd;
	return allowed;
}

/* is_account - the entry of the caller is a platform member's. out: what it says of certificates */
static int
is_account(struct exop *x, int *needs_certificate_out)
{
	struct muster *m = x->m;
	BackendDB *bd = x->op->o_bd;
	Attribute *country, *type;
	int is = 0, i;
	Entry *e;

	*needs_certificate_out = 0;
	x->op->o_bd = m->db;
	e = dnIsSuffix(&x->op->o_ndn, &m->db->be_nsuffix[0]) ? entry_fetch(x->op, &x->op->o_ndn) : NULL;
	if (e != NULL) {
		is = is_entry_objectclass(e, muster_oc_account, 0);
		country = attr_find(e->e_attrs, muster_ad.country);
		type = attr_find(e->e_attrs, muster_ad.member_type);
		for (i = 0; m->certificate_countries != NULL && !BER_BVISNULL(&m->certificate_countries[i]); i++)
			*needs_certificate_out |= country != NULL && type != NULL &&
			                          strcasecmp(country->a_vals[0].bv_val, m->certificate_countries[i].bv_val) == 0 &&
			                          strcasecmp(type->a_vals[0].bv_val, "business") == 0 &&
			                          attr_find(e->e_attrs, muster_ad.business_proved) == NULL;
		be_entry_release_r(x->op, e);
	}
	x->op->o_bd = bd;
	return is;
}

/* check_account - what a platform member needs to make an organization */
static int
check_account(struct making *making, int needs_certificate)
{
	struct exop *x = making->x;

	if (making->account->status != MEMBER_ACTIVE) {
		x->rule = "suspended";
		return refuse(making, LDAP_INSUFFICIENT_ACCESS, "the account is not active");
	}
	if (!fresh_is(x->op, making->account)) {
		x->rule = "not-fresh";
		return refuse(making, LDAP_STRONG_AUTH_REQUIRED, FRESH_TEXT);
	}
	if (needs_certificate)
		return refuse(making, LDAP_UNWILLING_TO_PERFORM,
		              "business members of this country show a copy of their business registration first: file an application "
		              "with it (muster application file), and wait until it is approved");
	if (!x->m->payment_not_required && !payment_method_usable(x->op, x->m, &making->account->ndn))
		return refuse(making, LDAP_UNWILLING_TO_PERFORM,
		              "an organization takes a payment method that counts: add one first (muster payment add)");
	return LDAP_SUCCESS;
}

static int
check_caller(struct making *making)
{
	struct exop *x = making->x;
	int allowed = may_add(x), certificate, account;

	if (allowed < 0)
		return refuse(making, LDAP_UNWILLING_TO_PERFORM, "ou=organizations is not there: have muster init run");
	making->may_add = allowed;
	account = is_account(x, &certificate);
	if (!account && !allowed)
		return refuse(making, LDAP_INSUFFICIENT_ACCESS,
		              "organizations are made by platform members, and by who may add below ou=organizations: log in as one");
	if (account && member_load(x->op, x->m, &x->op->o_ndn, &making->account) < 0)
		return refuse(making, LDAP_OTHER, "internal error");
	return account && !allowed ? check_account(making, certificate) : LDAP_SUCCESS;
}

/* --- what is asked for --------------------------------------------------------------------------------------- */

static int
check_text(struct making *making, int which, const char *name, enum fact fact, int optional)
{
	const struct berval *text = &making->texts[which];
	char full[WRITE_TEXT_MAX];
	const char *wrong;

	if (optional && BER_BVISEMPTY(text))
		return LDAP_SUCCESS;
	wrong = fact_check(fact, text->bv_val, text->bv_len);
	if (wrong == NULL)
		return LDAP_SUCCESS;
	snprintf(full, sizeof(full), "%s: %s", name, wrong);
	return refuse(making, LDAP_CONSTRAINT_VIOLATION, full);
}

static int
check_service(struct making *making)
{
	struct muster *m = making->x->m;
	char full[WRITE_TEXT_MAX];
	size_t used;
	int i;

	if (BER_BVISEMPTY(&making->texts[SERVICE]))
		return LDAP_SUCCESS;
	making->service = service_of(m, &making->texts[SERVICE]);
	if (making->service != NULL)
		return LDAP_SUCCESS;
	used = (size_t)snprintf(full, sizeof(full), "service: none of the catalogue (olcMusterService), which has");
	for (i = 0; i < m->catalogue_len && used < sizeof(full); i++)
		used += (size_t)snprintf(full + used, sizeof(full) - used, "%s %s", i > 0 ? "," : "", m->catalogue[i].name);
	if (m->catalogue_len == 0)
		snprintf(full + used, sizeof(full) - used, " none");
	return refuse(making, LDAP_CONSTRAINT_VIOLATION, full);
}

static int
check_texts(struct making *making)
{
	static const struct {
		int which;
		const char *name;
		enum fact fact;
		int optional;
	} rows[] = {
		{ NAME, "name", FACT_ORGANIZATION, 0 }, { DOMAIN, "domain", FACT_DOMAIN, 0 },
		{ TEMPLATE, "template", FACT_NAME, 1 }, { OWNER_ID, "ownerId", FACT_ID, 0 },
		{ OWNER_NAME, "ownerName", FACT_NAME, 0 }, { OWNER_MAIL, "ownerMail", FACT_MAIL, 0 },
		{ LANGUAGE, "language", FACT_LANGUAGE, 1 }, { TITLE, "serviceTitle", FACT_NAME, 1 }
	};
	const struct berval *domain = &making->texts[DOMAIN];
	int rc = LDAP_SUCCESS;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == LDAP_SUCCESS; i++)
		rc = check_text(making, rows[i].which, rows[i].name, rows[i].fact, rows[i].optional);
	/* As it is stored, and the access URL is made from it. */
	for (i = 0; i < domain->bv_len; i++)
		domain->bv_val[i] = (char)TOLOWER((unsigned char)domain->bv_val[i]);
	return rc == LDAP_SUCCESS ? check_service(making) : rc;
}

/* --- the entries ---------------------------------------------------------------------------------------------- */

/* put_rdn - type, = and a value, escaped as in a DN (RFC 4514) */
static char *
put_rdn(char *to, const char *type, const struct berval *value)
{
	size_t i;

	to += sprintf(to, "%s=", type);
	for (i = 0; i < value->bv_len; i++) {
		if (strchr(",+\"\\<>;=#", value->bv_val[i]) != NULL || (value->bv_val[i] == ' ' && (i == 0 || i + 1 == value->bv_len)))
			*to++ = '\\';
		*to++ = value->bv_val[i];
	}
	*to = '\0';
	return to;
}

/* entry_new - an entry of a name. error: NULL */
static Entry *
entry_new(const char *type, const struct berval *value, const struct berval *parent)
{
	char text[DN_MAX];
	struct berval dn;
	Entry *e;

	if (2 * value->bv_len + parent->bv_len + 32 > sizeof(text))
		return NULL;
	dn.bv_val = text;
	dn.bv_len = (ber_len_t)(put_rdn(text, type, value) - text);
	dn.bv_len += (ber_len_t)sprintf(text + dn.bv_len, ",%s", parent->bv_val);
	e = entry_alloc();
	if (dnPrettyNormal(NULL, &dn, &e->e_name, &e->e_nname, NULL) == LDAP_SUCCESS)
		return e;
	entry_free(e);
	return NULL;
}

static void
put(Entry *e, AttributeDescription *ad, const struct berval *value)
{
	if (!BER_BVISEMPTY(value))
		attr_merge_normalize_one(e, ad, (struct berval *)value, NULL);
}

static void
put_text(Entry *e, AttributeDescription *ad, const char *text)
{
	struct berval value;

	ber_str2bv(text, 0, 0, &value);
	put(e, ad, &value);
}

/* make - the next entry, with its classes and the attribute of its name. error: NULL, refused */
static Entry *
make(struct making *making, Entry *parent, const struct berval *parent_dn, const char *type, AttributeDescription *ad,
     const struct berval *value, const char *class, const char *more_class)
{
	Entry *e = making->entries_len < ENTRIES_MAX ? entry_new(type, value, parent_dn) : NULL;

	if (e == NULL) {
		refuse(making, LDAP_INVALID_DN_SYNTAX, "a name that can be no name of an entry");
		return NULL;
	}
	making->parents[making->entries_len] = parent;
	making->entries[making->entries_len++] = e;
	if (class != NULL)
		put_text(e, slap_schema.si_ad_objectClass, class);
	if (more_class != NULL)
		put_text(e, slap_schema.si_ad_objectClass, more_class);
	put(e, ad, value);
	return e;
}

static Entry *
make_folder(struct making *making, Entry *organization, const char *name)
{
	struct berval value;

	ber_str2bv(name, 0, 0, &value);
	return organization == NULL ? NULL
	                            : make(making, organization, &organization->e_name, "ou", muster_ad.ou, &value,
	                                   "organizationalUnit", NULL);
}

/* make_policy - what the template says under another name */
static Entry *
make_policy(struct making *making, Entry *organization)
{
	static const struct berval name = BER_BVC("policy");
	Attribute *a;
	Entry *e;

	e = make(making, organization, &organization->e_name, "cn", muster_ad.cn, &name, NULL, NULL);
	for (a = making->template->e_attrs; e != NULL && a != NULL; a = a->a_next)
		if (!is_at_operational(a->a_desc->ad_type) && !type_is(a->a_desc, muster_ad.cn))
			attr_merge(e, a->a_desc, a->a_vals, a->a_nvals != a->a_vals ? a->a_nvals : NULL);
	return e;
}

/* make_owner - an IAM member without a password */
static Entry *
make_owner(struct making *making, Entry *people)
{
	const struct berval *texts = making->texts;
	struct berval surname = texts[OWNER_NAME];
	Entry *e;
	size_t i;

	/* inetOrgPerson demands a surname; nobody asked for one, so the last word has to do. */
	for (i = texts[OWNER_NAME].bv_len; i > 0 && texts[OWNER_NAME].bv_val[i - 1] != ' '; i--)
		;
	surname.bv_val += i;
	surname.bv_len -= i;
	e = make(making, people, &people->e_name, "uid", muster_ad.uid, &texts[OWNER_ID], "inetOrgPerson", "musterMember");
	if (e == NULL)
		return NULL;
	put(e, muster_ad.cn, &texts[OWNER_NAME]);
	put(e, muster_ad.sn, &surname);
	put(e, muster_ad.mail, &texts[OWNER_MAIL]);
	put(e, muster_ad.preferred_language, &texts[LANGUAGE]);
	return e;
}

static int
make_service(struct making *making, Entry *services)
{
	const struct berval *domain = &making->texts[DOMAIN];
	struct berval name;
	Entry *e;

	ber_str2bv(making->service->name, 0, 0, &name);
	e = make(making, services, &services->e_name, "cn", muster_ad.cn, &name, "applicationProcess", "musterService");
	if (e == NULL || service_url(making->service, domain->bv_val, domain->bv_len, making->url) != 0)
		return refuse(making, LDAP_CONSTRAINT_VIOLATION, "the access URL would be too long");
	put_text(e, muster_ad.labeled_uri, making->url);
	put(e, muster_ad.display_name, BER_BVISEMPTY(&making->texts[TITLE]) ? &making->texts[NAME] : &making->texts[TITLE]);
	return LDAP_SUCCESS;
}

static int
make_all(struct making *making)
{
	struct exop *x = making->x;
	Entry *organization, *policy, *people, *services, *owner;

	organization = make(making, NULL, &x->m->organizations_dn, "o", muster_ad.o, &making->texts[NAME], "organization",
	                    "musterOrganization");
	policy = organization != NULL ? make_policy(making, organization) : NULL;
	people = make_folder(making, organization, "people");
	make_folder(making, organization, "groups");
	services = make_folder(making, organization, "services");
	owner = people != NULL ? make_owner(making, people) : NULL;
	if (policy == NULL || services == NULL || owner == NULL)
		return making->result;
	put(organization, muster_ad.domain, &making->texts[DOMAIN]);
	put(organization, muster_ad.policy_entry, &policy->e_name);
	put(organization, muster_ad.owner, &owner->e_name);
	if (making->account != NULL)
		put(organization, muster_ad.owner, &making->account->dn);
	return making->service != NULL ? make_service(making, services) : LDAP_SUCCESS;
}

/* template_read - a policy below ou=policies that can be used */
static int
template_read(struct making *making)
{
	static const struct berval standard = BER_BVC(POLICY_DEFAULT);
	struct exop *x = making->x;
	char text[DN_MAX], wrong[WRITE_TEXT_MAX];
	BackendDB *bd = x->op->o_bd;
	struct berval parent;
	Entry *name, *e;

	parent.bv_val = text;
	parent.bv_len = (ber_len_t)snprintf(text, sizeof(text), "ou=policies,%s", x->m->base_dn.bv_val);
	name = parent.bv_len < sizeof(text)
	               ? entry_new("cn", BER_BVISEMPTY(&making->texts[TEMPLATE]) ? &standard : &making->texts[TEMPLATE], &parent)
	               : NULL;
	if (name != NULL) {
		x->op->o_bd = x->m->db;
		e = entry_fetch(x->op, &name->e_nname);
		if (e != NULL) {
			if (is_entry_objectclass_or_sub(e, muster_oc_policy) && policy_check_entry(e, wrong, sizeof(wrong)) == 0)
				making->template = entry_dup(e);
			be_entry_release_r(x->op, e);
		}
		x->op->o_bd = bd;
		entry_free(name);
	}
	return making->template != NULL ? LDAP_SUCCESS
	                                : refuse(making, LDAP_UNWILLING_TO_PERFORM,
	                                         "template: no policy of that name below ou=policies that can be used");
}

/* --- storing -------------------------------------------------------------------------------------------------- */

/* writer_of - in whose name entries are added: who may add is held to access rules, a platform member has none there */
static const struct berval *
writer_of(const struct making *making, const struct berval **dn_out)
{
	*dn_out = making->may_add ? &making->x->op->o_dn : &making->x->m->db->be_rootdn;
	return making->may_add ? &making->x->op->o_ndn : &making->x->m->db->be_rootndn;
}

/* is_there - an organization of the name, however it is spelled */
static int
is_there(struct making *making)
{
	struct exop *x = making->x;
	BackendDB *bd = x->op->o_bd;
	Entry *e;

	x->op->o_bd = x->m->db;
	e = entry_fetch(x->op, &making->entries[0]->e_nname);
	if (e != NULL)
		be_entry_release_r(x->op, e);
	x->op->o_bd = bd;
	return e != NULL;
}

/*
 * check_all - everything that may refuse an entry, before the first is written: replicas are told of each as it is made. Alone.
 */
static int
check_all(struct making *making)
{
	struct exop *x = making->x;
	struct internal_new new;
	const struct berval *dn;
	int i, rc = LDAP_SUCCESS;

	new.who_ndn = writer_of(making, &dn);
	new.who_dn = dn;
	for (i = 0; i < making->entries_len && rc == LDAP_SUCCESS; i++) {
		new.e = making->entries[i];
		new.parent = making->parents[i];
		rc = write_check_new(x->op, x->m, &new, i == 0, &x->rule, making->text);
	}
	if (rc == LDAP_CONSTRAINT_VIOLATION && x->rule != NULL && strcmp(x->rule, WRITE_RULE_TAKEN) == 0)
		rc = LDAP_ALREADY_EXISTS;
	if (rc == LDAP_SUCCESS && is_there(making)) {
		x->rule = WRITE_RULE_TAKEN;
		snprintf(making->text, sizeof(making->text), WRITE_TEXT_TAKEN, "o",
		         attr_find(making->entries[0]->e_attrs, muster_ad.o)->a_vals[0].bv_val);
		rc = LDAP_ALREADY_EXISTS;
	}
	making->result = rc;
	return rc;
}

/* tell - the platform member gets a message */
static int
tell(struct making *making)
{
	Modifications *mods = NULL;

	outbox_owe(making->account, "organization-created", NULL, slap_get_time(), &mods);
	if (mods == NULL)
		return LDAP_SUCCESS;
	return mods_write(making->x->op, making->x->m, &making->account->dn, &making->account->ndn, &mods);
}

static int
store_all(struct making *making)
{
	struct exop *x = making->x;
	struct internal_new new = { .parent = NULL };
	const struct berval *dn;
	struct transaction t;
	int i, rc = LDAP_SUCCESS;

	if (transaction_begin(x->op, x->m, &t) < 0)
		return refuse(making, LDAP_OTHER, "nothing can be stored now: see slapd's log");
	new.who_ndn = writer_of(making, &dn);
	new.who_dn = dn;
	for (i = 0; i < making->entries_len && rc == LDAP_SUCCESS; i++) {
		new.e = making->entries[i];
		making->entries[i] = NULL;
		rc = internal_add_new(x->op, x->m, &new, making->text, sizeof(making->text));
	}
	if (rc == LDAP_SUCCESS && making->account != NULL)
		rc = tell(making);
	making->result = transaction_end(&t, rc);
	return making->result;
}

/* --- the operation -------------------------------------------------------------------------------------------- */

/* answer - SEQUENCE { organization DN, owner DN, accessUrl }. The names are copies: the entries are the database's by then. */
static void
answer(struct making *making, const struct berval *organization, const struct berval *owner)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;

	ber_init_w_nullc(ber, LBER_USE_DER);
	ber_printf(ber, "{OOsN}", organization, owner, making->url);
	exop_answer_value(making->x, ber);
}

static int
carry_out(struct making *making)
{
	int alone, rc;

	/* Looked at before, and it must hold when it is stored: names are somebody's once. */
	alone = alone_begin() == 0;
	rc = check_all(making);
	if (rc == LDAP_SUCCESS)
		rc = store_all(making);
	if (alone)
		alone_end();
	return rc;
}

void
new_organization_handle(struct exop *x)
{
	struct making making = { .x = x, .texts = x->args.texts };
	struct berval organization = BER_BVNULL, owner = BER_BVNULL;
	int i, rc;

	rc = check_caller(&making);
	if (rc == LDAP_SUCCESS)
		rc = check_texts(&making);
	if (rc == LDAP_SUCCESS)
		rc = template_read(&making);
	if (rc == LDAP_SUCCESS)
		rc = make_all(&making);
	if (making.entries_len > 0) {
		ber_dupbv(&organization, &making.entries[0]->e_name);
		x->subject = &organization;
	}
	if (rc == LDAP_SUCCESS) {
		ber_dupbv(&owner, &making.entries[5]->e_name);
		rc = carry_out(&making);
	}
	if (rc == LDAP_SUCCESS) {
		exop_accepted(x, NULL);
		answer(&making, &organization, &owner);
	} else {
		exop_refuse(x, rc, making.text, *making.text != '\0' ? making.text : NULL);
	}
	for (i = 0; i < making.entries_len; i++)
		if (making.entries[i] != NULL)
			entry_free(making.entries[i]);
	if (making.template != NULL)
		entry_free(making.template);
	member_free(&making.account);
	x->subject = NULL;
	ch_free(organization.bv_val);
	ch_free(owner.bv_val);
}
