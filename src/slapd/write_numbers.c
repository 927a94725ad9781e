/*
 * write_numbers.c - uidNumber and gidNumber of what lies in an organization: given by the server. Whoever picks a number picks
 *                   an identity on login hosts, so an OWNER does not, and who manages picks one that is free.
 */
#include "slapd/write.h"

#include "common/err.h"
#include "core/numbers.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/numbering.h"
#include "slapd/organization.h"
#include "slapd/reply.h"

#define HOME_MAX 200
#define GROUP_FILTER "(&(objectClass=posixGroup)(gidNumber=%s))"

/* What is being written of one entry. */
struct numbered {
	struct write *w;
	struct posix posix;
	Entry *e;             /* as it is about to be */
	Entry *before;        /* as it is; NULL: it is being added */
	struct berval organization;
	int was_account, was_group;
	Modifications *mods;  /* what is to be written besides, when it is not being added */
};

static int
is_of(Entry *e, ObjectClass *class)
{
	return e != NULL && is_entry_objectclass(e, class, 0);
}

static int
is_given(Entry *e, AttributeDescription *ad)
{
	return attr_find(e->e_attrs, ad) != NULL;
}

/* put - one more attribute of the entry */
static void
put(struct numbered *n, AttributeDescription *ad, const char *text)
{
	struct berval value;

	ber_str2bv(text, 0, 0, &value);
	attr_merge_normalize_one(n->e, ad, &value, NULL);
	if (n->before != NULL)
		mods_add(&n->mods, LDAP_MOD_ADD, ad, &value);
}

static int
refuse_range(struct write *w, const char *name)
{
	char text[WRITE_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: numbers are %u to %u here (olcMusterNumbers); leave it out and the server gives one", name,
	         w->m->numbers_range.first, w->m->numbers_range.last);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

static int
refuse_drawing(struct write *w, int r)
{
	switch (r) {
	case ERR_RANGE:
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "no number is left: have olcMusterNumbers given a range that was not used before");
	case ERR_NOT_FOUND:
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the next number is kept at ou=organizations, which is not there: have muster init run");
	default:
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "a number cannot be given now: see slapd's log");
	}
}

static int
draw(struct numbered *n, AttributeDescription *ad, uint32_t *number_out)
{
	char text[16];
	int r = 0;

	/* What is only tried gets one for the schema's sake, and nobody lacks it afterwards. */
	if (n->w->op->o_noop)
		*number_out = n->w->m->numbers_range.first;
	else
		r = numbering_draw(n->w->op, n->w->m, number_out);
	if (r < 0)
		return refuse_drawing(n->w, r);
	snprintf(text, sizeof(text), "%u", *number_out);
	put(n, ad, text);
	return LDAP_SUCCESS;
}

static void
give_back(struct write *w)
{
	while (w->taken_len > 0)
		numbering_give_back(w->m, w->taken[--w->taken_len]);
}

/* answered - who is told that it is not stored may pick the number again at once */
static int
answered(Operation *op, SlapReply *rs)
{
	if (rs->sr_type == REP_RESULT && rs->sr_err != LDAP_SUCCESS)
		give_back(op->o_callback->sc_private);
	return SLAP_CB_CONTINUE;
}

/* remember - until write_numbers_end() */
static void
remember(struct write *w, uint32_t number)
{
	if (w->taken_len == 0) {
		w->taken_callback = (slap_callback){ .sc_next = w->op->o_callback, .sc_response = answered, .sc_private = w };
		w->op->o_callback = &w->taken_callback;
	}
	w->taken[w->taken_len++] = number;
}

/* take - a number that somebody picked, and may */
static int
take(struct numbered *n, const char *name, uint32_t number)
{
	struct write *w = n->w;
	char text[WRITE_TEXT_MAX];
	int r = numbering_take(w->op, w->m, number);

	if (r == 0) {
		remember(w, number);
		return LDAP_SUCCESS;
	}
	if (r == ERR_RANGE)
		return refuse_range(w, name);
	if (r != ERR_EXISTS)
		return refuse_drawing(w, r);
	snprintf(text, sizeof(text), "%s: %u is in use, or was; choose another, or leave it out and the server gives one", name,
	         number);
	return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
}

static void
remember_any(Entry *e, void *arg)
{
	(void)e;
	*(int *)arg = 1;
}

/* is_group - 1 when a group of the same organization has this number */
static int
is_group(struct numbered *n, const struct berval *number)
{
	char *filter = filter_text(GROUP_FILTER, number);
	int any = 0;

	(void)internal_search(n->w->op, n->w->m->db, &n->organization, filter, 1, remember_any, &any);
	ch_free(filter);
	return any;
}

/* has_value - 1 when the entry had the number before */
static int
has_value(Entry *e, AttributeDescription *ad, const struct berval *number)
{
	Attribute *a = e != NULL ? attr_find(e->e_attrs, ad) : NULL;

	return a != NULL && attr_valfind(a, SLAP_MR_VALUE_OF_ASSERTION_SYNTAX | SLAP_MR_ASSERTED_VALUE_NORMALIZED_MATCH |
	                                            SLAP_MR_ATTRIBUTE_VALUE_NORMALIZED_MATCH,
	                                 (struct berval *)number, NULL, NULL) == 0;
}

/* may_manage - without Relax: who manages picks from what is free */
static int
may_manage(struct numbered *n, AttributeDescription *ad)
{
	struct write *w = n->w;
	BackendInfo *own = w->op->o_bd->bd_info;
	int allowed;

	w->op->o_bd->bd_info = (BackendInfo *)w->m->on->on_info;
	allowed = access_allowed(w->op, n->before != NULL ? n->before : n->e, ad, NULL, ACL_MANAGE, NULL);
	w->op->o_bd->bd_info = own;
	return allowed;
}

/* check_picked - a number that the request says */
static int
check_picked(struct numbered *n, AttributeDescription *ad, const struct berval *value)
{
	const char *name = ad->ad_cname.bv_val;
	struct write *w = n->w;
	uint32_t number;
	char text[WRITE_TEXT_MAX];

	if (has_value(n->before, ad, value))
		return LDAP_SUCCESS;
	if (numbers_parse(value->bv_val, value->bv_len, &number) != 0) {
		snprintf(text, sizeof(text), "%s: not a number that hosts take", name);
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, text);
	}
	if (write_overrides(w, n->before != NULL ? n->before : n->e, ad)) {
		if (!w->op->o_noop)
			numbering_found(w->op, w->m, number);
		return LDAP_SUCCESS;
	}
	if (ad == n->posix.gid_number && is_of(n->e, n->posix.account) &&
	    (has_value(n->e, n->posix.uid_number, value) || is_group(n, value)))
		return LDAP_SUCCESS;
	if (may_manage(n, ad))
		return take(n, name, number);
	if (ad == n->posix.gid_number && is_of(n->e, n->posix.account))
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION,
		                    "gidNumber: name that of a group of the organization (posixGroup), or leave it out and the "
		                    "server gives one");
	snprintf(text, sizeof(text), "%s: leave it out, the server gives one; a number of one's choice takes an administrator", name);
	return write_refuse(w, LDAP_INSUFFICIENT_ACCESS, text);
}

static int
check_all_picked(struct numbered *n, AttributeDescription *ad)
{
	Attribute *a = attr_find(n->e->e_attrs, ad);

	/* Both attributes have one value. */
	return a != NULL ? check_picked(n, ad, &a->a_nvals[0]) : LDAP_SUCCESS;
}

/* fill_home - /home/<uid>, of what is safe as the name of a folder */
static int
fill_home(struct numbered *n)
{
	Attribute *a = attr_find(n->e->e_attrs, muster_ad.uid);
	char home[HOME_MAX];
	size_t i;

	if (is_given(n->e, n->posix.home_directory) || a == NULL)
		return LDAP_SUCCESS;
	for (i = 0; i < a->a_vals[0].bv_len; i++) {
		unsigned char c = (unsigned char)a->a_vals[0].bv_val[i];

		if (!ASCII_ALNUM(c) && c != '_' && (i == 0 || (c != '-' && c != '.')))
			break;
	}
	if (i == 0 || i < a->a_vals[0].bv_len || i + sizeof("/home/") > sizeof(home))
		return write_refuse(n->w, LDAP_CONSTRAINT_VIOLATION,
		                    "homeDirectory: write one; it is made from a uid of letters, digits, dots and hyphens only");
	snprintf(home, sizeof(home), "/home/%s", a->a_vals[0].bv_val);
	put(n, n->posix.home_directory, home);
	return LDAP_SUCCESS;
}

/* fill - what an account or a group that has just become one lacks */
static int
fill(struct numbered *n)
{
	int account = is_of(n->e, n->posix.account) && !n->was_account;
	int group = is_of(n->e, n->posix.group) && !n->was_group;
	uint32_t number = 0;
	char text[16];
	int rc = LDAP_SUCCESS;

	if (account && !is_given(n->e, n->posix.uid_number))
		rc = draw(n, n->posix.uid_number, &number);
	if (rc == LDAP_SUCCESS && (account || group) && !is_given(n->e, n->posix.gid_number)) {
		/* The group of an account alone has its number. */
		if (number == 0 && account && n->w->taken_len > 0)
			number = n->w->taken[0];
		snprintf(text, sizeof(text), "%u", number);
		if (number != 0)
			put(n, n->posix.gid_number, text);
		else
			rc = draw(n, n->posix.gid_number, &number);
	}
	if (rc == LDAP_SUCCESS && account)
		rc = fill_home(n);
	return rc;
}

/* number_all - op->o_bd's rules for the entry n->e */
static int
number_all(struct numbered *n)
{
	int rc = check_all_picked(n, n->posix.uid_number);

	if (rc == LDAP_SUCCESS)
		rc = check_all_picked(n, n->posix.gid_number);
	return rc == LDAP_SUCCESS ? fill(n) : rc;
}

/* tell - numbers of entries outside of organizations are nobody's there. in: op  NULL: another server wrote it */
static void
tell(Operation *op, struct muster *m, const struct posix *posix, Entry *e)
{
	AttributeDescription *const types[] = { posix->uid_number, posix->gid_number };
	uint32_t number;
	Attribute *a;
	size_t i;

	for (i = 0; i < 2; i++) {
		a = attr_find(e->e_attrs, types[i]);
		if (a != NULL && numbers_parse(a->a_nvals[0].bv_val, a->a_nvals[0].bv_len, &number) == 0)
			numbering_found(op, m, number);
	}
}

int
write_numbers_add(struct write *w, Entry *e)
{
	struct numbered n = { .w = w, .e = e };
	int rc = LDAP_SUCCESS;

	if (!posix_find(&n.posix) ||
	    !(is_of(e, n.posix.account) || is_of(e, n.posix.group) || is_given(e, n.posix.uid_number) ||
	      is_given(e, n.posix.gid_number)))
		return LDAP_SUCCESS;
	organization_of(w->op, w->m, &e->e_nname, &n.organization);
	if (BER_BVISNULL(&n.organization)) {
		if (!w->op->o_noop)
			tell(w->op, w->m, &n.posix, e);
		return LDAP_SUCCESS;
	}
	/* Who may not add learns nothing of numbers, and has none drawn. */
	rc = write_may_add(w, e);
	if (rc == LDAP_SUCCESS)
		rc = number_all(&n);
	ch_free(n.organization.bv_val);
	return rc;
}

/* changes_any - 1 when a modification is about numbers or the classes that have them */
static int
changes_any(struct write *w, const struct posix *posix)
{
	return write_changes(w, posix->uid_number) || write_changes(w, posix->gid_number) ||
	       write_changes(w, slap_schema.si_ad_objectClass);
}

/* after - a copy of the entry as the modification leaves it, NULL when the database will refuse that; entry_free() */
static Entry *
after(struct write *w, const struct posix *posix, Entry *e)
{
	Modifications *ml;
	Entry *copy = entry_dup(e);
	int rc = LDAP_SUCCESS;

	for (ml = w->op->orm_modlist; ml != NULL && rc == LDAP_SUCCESS; ml = ml->sml_next)
		if (type_is(ml->sml_desc, posix->uid_number) || type_is(ml->sml_desc, posix->gid_number) ||
		    type_is(ml->sml_desc, posix->home_directory) || type_is(ml->sml_desc, muster_ad.uid) ||
		    type_is(ml->sml_desc, slap_schema.si_ad_objectClass))
			rc = write_apply(w, copy, ml);
	if (rc == LDAP_SUCCESS)
		return copy;
	entry_free(copy);
	return NULL;
}

/* lose - a number that the modification takes away is nobody's from now on */
static int
lose(struct numbered *n, AttributeDescription *ad)
{
	Attribute *a = attr_find(n->before->e_attrs, ad);
	uint32_t number;
	int r = 0;

	if (a != NULL && !has_value(n->e, ad, &a->a_nvals[0]) &&
	    numbers_parse(a->a_nvals[0].bv_val, a->a_nvals[0].bv_len, &number) == 0)
		r = numbering_gone(n->w->op, n->w->m, number);
	return r == 0 ? LDAP_SUCCESS : refuse_drawing(n->w, r);
}

/* change - what the modification leaves, and what it takes away. n->before is a copy: nothing of the database is held. */
static int
change(struct numbered *n)
{
	struct write *w = n->w;
	int rc = LDAP_SUCCESS;

	n->e = after(w, &n->posix, n->before);
	if (n->e == NULL)
		return LDAP_SUCCESS;
	n->was_account = is_of(n->before, n->posix.account);
	n->was_group = is_of(n->before, n->posix.group);
	organization_of(w->op, w->m, &n->before->e_nname, &n->organization);
	if (BER_BVISNULL(&n->organization))
		tell(w->op, w->m, &n->posix, n->e);
	else
		rc = number_all(n);
	if (rc == LDAP_SUCCESS)
		rc = lose(n, n->posix.uid_number);
	if (rc == LDAP_SUCCESS)
		rc = lose(n, n->posix.gid_number);
	if (rc == LDAP_SUCCESS)
		write_append(&w->op->orm_modlist, &n->mods);
	mods_free(&n->mods);
	entry_free(n->e);
	ch_free(n->organization.bv_val);
	return rc;
}

/* entry_copy - of the entry that is written, NULL when there is none; entry_free() */
static Entry *
entry_copy(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn), *copy;

	if (e == NULL)
		return NULL;
	copy = entry_dup(e);
	write_entry_release(w, e);
	return copy;
}

int
write_numbers_modify(struct write *w)
{
	struct numbered n = { .w = w };
	int rc = LDAP_SUCCESS;

	if (!posix_find(&n.posix) || !changes_any(w, &n.posix))
		return LDAP_SUCCESS;
	n.before = entry_copy(w);
	if (n.before == NULL)
		return LDAP_SUCCESS;
	/* Who may not write is refused by the database, and learns nothing here. */
	if (write_may_modify(w, n.before))
		rc = change(&n);
	entry_free(n.before);
	return rc;
}

int
write_numbers_delete(struct write *w)
{
	struct numbered n = { .w = w };
	Entry none = { 0 };
	int rc = LDAP_SUCCESS;

	if (!posix_find(&n.posix))
		return LDAP_SUCCESS;
	n.before = entry_copy(w);
	if (n.before == NULL)
		return LDAP_SUCCESS;
	n.e = &none;
	if (write_may_write_entry(w, n.before))
		rc = lose(&n, n.posix.uid_number);
	if (rc == LDAP_SUCCESS && write_may_write_entry(w, n.before))
		rc = lose(&n, n.posix.gid_number);
	entry_free(n.before);
	return rc;
}

void
write_numbers_replicated(struct muster *m, Entry *e, const Modifications *ml)
{
	struct posix posix;
	uint32_t number;

	if (!posix_find(&posix))
		return;
	if (e != NULL)
		tell(NULL, m, &posix, e);
	for (; ml != NULL; ml = ml->sml_next)
		if ((type_is(ml->sml_desc, posix.uid_number) || type_is(ml->sml_desc, posix.gid_number)) && ml->sml_values != NULL &&
		    numbers_parse(ml->sml_values[0].bv_val, ml->sml_values[0].bv_len, &number) == 0)
			numbering_found(NULL, m, number);
}

void
write_numbers_end(struct write *w, int rc)
{
	if (rc != LDAP_SUCCESS)
		give_back(w);
	w->taken_len = 0;
	reply_callback_unlink(w->op, &w->taken_callback);
}
