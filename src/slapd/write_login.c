/*
 * write_login.c - a platform member changes its login ID: with the code that went to its mobile number and the one that was mailed to
 *                 the new ID, the entry gets its new name, and whatever names the entry follows, in one transaction.
 */
#include "slapd/codes.h"

#include "common/address.h"
#include "common/err.h"
#include "slapd/alone.h"
#include "slapd/connections.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/write.h"

#define TEXT_TAKEN "this login ID is taken: choose another one"

/* --- the codes -------------------------------------------------------------------------------------- */

/*
 * check_codes - which of the two is which nobody has to say.
 * out:   LDAP_SUCCESS, else what was refused; a try with any of them wrong is one wrong try
 */
static int
check_codes(struct write *w, const struct berval *const codes[2])
{
	enum code_verdict mobile[2], mail[2], mobile_best = CODE_WRONG, mail_best = CODE_WRONG;
	const struct berval *stored;
	int i;

	for (i = 0; i < 2; i++) {
		mobile[i] = code_check(w->m, w->member, CODE_LOGIN_MOBILE, codes[i], w->now, &stored);
		mail[i] = code_check(w->m, w->member, CODE_LOGIN_MAIL, codes[1 - i], w->now, &stored);
		if (mobile[i] == CODE_RIGHT && mail[i] == CODE_RIGHT)
			return code_refused(w, CODE_LOGIN_MOBILE, CODE_RIGHT);
		/* Whether there is a code does not depend on what was typed. */
		if (mobile[i] != CODE_RIGHT)
			mobile_best = mobile[i];
		if (mail[i] != CODE_RIGHT)
			mail_best = mail[i];
	}
	return code_refused(w, CODE_LOGIN_MOBILE, mobile_best != CODE_WRONG ? mobile_best : mail_best);
}

/* --- the new name ------------------------------------------------------------------------------------- */

struct name {
	struct berval rdn, nrdn, dn, ndn;
};

static void
name_free(struct name *name)
{
	ch_free(name->rdn.bv_val);
	ch_free(name->nrdn.bv_val);
	ch_free(name->dn.bv_val);
	ch_free(name->ndn.bv_val);
}

/* rdn_of - "uid=" and a login, with what means something in a DN escaped (RFC 4514). No mail address has the rest. */
static void
rdn_of(const struct berval *login, struct berval *out)
{
	size_t i;
	char *p;

	p = out->bv_val = ch_malloc(STRLENOF("uid=") + 2 * login->bv_len + 1);
	p = lutil_strcopy(p, "uid=");
	for (i = 0; i < login->bv_len; i++) {
		if (strchr("+=#", login->bv_val[i]) != NULL)
			*p++ = '\\';
		*p++ = login->bv_val[i];
	}
	*p = '\0';
	out->bv_len = (ber_len_t)(p - out->bv_val);
}

static int
name_new(const struct member *member, struct name *out)
{
	struct berval parent, raw, rdn, dn = member->dn;
	int rc;

	memset(out, 0, sizeof(*out));
	rdn_of(&member->pending_login, &rdn);
	dnParent(&dn, &parent);
	build_new_dn(&raw, &parent, &rdn, NULL);
	rc = rdnPretty(NULL, &rdn, &out->rdn, NULL);
	if (rc == LDAP_SUCCESS)
		rc = rdnNormalize(0, NULL, NULL, &rdn, &out->nrdn, NULL);
	if (rc == LDAP_SUCCESS)
		rc = dnPrettyNormal(NULL, &raw, &out->dn, &out->ndn, NULL);
	ch_free(raw.bv_val);
	ch_free(rdn.bv_val);
	if (rc != LDAP_SUCCESS)
		name_free(out);
	return rc == LDAP_SUCCESS ? 0 : ERR_INPUT;
}

/* is_named_by_login - 1 when the entry's name is its login alone */
static int
is_named_by_login(const struct member *member)
{
	struct berval rdn, nrdn = BER_BVNULL, own, ndn = member->ndn;
	int named;

	rdn_of(&member->uid, &rdn);
	dnRdn(&ndn, &own);
	named = rdnNormalize(0, NULL, NULL, &rdn, &nrdn, NULL) == LDAP_SUCCESS && bvmatch(&nrdn, &own);
	ch_free(rdn.bv_val);
	ch_free(nrdn.bv_val);
	return named;
}

struct taken {
	const struct berval *own_ndn;
	int by_others;
};

static void
taken_found(Entry *e, void *arg)
{
	struct taken *taken = arg;

	taken->by_others |= !bvmatch(&e->e_nname, taken->own_ndn);
}

/* is_taken - 1 when another platform member logs in with it */
static int
is_taken(struct write *w)
{
	struct taken taken = { &w->member->ndn, 0 };
	struct berval escaped = BER_BVNULL, login = w->member->pending_login;
	char *filter;

	filter_escape_value(&login, &escaped);
	filter = ch_malloc(escaped.bv_len + 64);
	sprintf(filter, "(&(objectClass=musterAccount)(uid=%s))", escaped.bv_val);
	internal_search(w->op, w->m->db, &w->m->base_ndn, filter, 0, taken_found, &taken);
	ch_free(filter);
	if (escaped.bv_val != login.bv_val)
		ch_free(escaped.bv_val);
	return taken.by_others;
}

/* --- what names the entry -------------------------------------------------------------------------------- */

static void
group_found(Entry *e, void *arg)
{
	struct write *w = arg;
	Attribute *a = attr_find(e->e_attrs, muster_ad.member);
	unsigned i;

	for (i = 0; a != NULL && i < a->a_numvals; i++)
		if (bvmatch(&a->a_nvals[i], &w->member->ndn))
			mods_add(write_follow(w, &e->e_name, &e->e_nname), LDAP_MOD_DELETE, muster_ad.member, &a->a_vals[i]);
}

/* follow_groups - nobody asked who keeps the groups: whoever gets the old name next is in none of them */
static int
follow_groups(struct write *w, const struct rename *rename)
{
	char *filter = filter_text("(member=%s)", &rename->ndn);
	struct write_follower *one;
	int rc;

	rc = internal_search(w->op, w->m->db, &w->m->db->be_nsuffix[0], filter, 0, group_found, w);
	ch_free(filter);
	for (one = w->followers; one != NULL && rc == LDAP_SUCCESS; one = one->next)
		mods_add(&one->mods, LDAP_MOD_ADD, muster_ad.member, &rename->new_dn);
	return rc;
}

/* follow_all - all of it is read before anything is written. out: LDAP result code */
static int
follow_all(struct write *w, const struct name *name)
{
	const struct rename rename = { .ndn = w->member->ndn, .new_dn = name->dn, .new_ndn = name->ndn };
	/* Groups first: of what follows so far each is one. */
	int rc = follow_groups(w, &rename);

	if (rc == LDAP_SUCCESS)
		rc = write_follow_owners(w, &rename, 1);
	if (rc == LDAP_SUCCESS)
		rc = write_follow_applicants(w, &rename, 1);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------------------- */

/* tell - the ID before, the new one, and the addresses of the account that are none of both */
static void
tell(struct write *w, Modifications **mods)
{
	const struct member *member = w->member;
	const struct berval *to[] = { &member->uid, &member->pending_login, &member->mail, &member->verified_mail };
	size_t i, k;

	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		for (k = 0; k < i && !code_same(to[k], to[i]); k++)
			continue;
		if (k == i && !BER_BVISEMPTY(to[i]) && strlen(to[i]->bv_val) == to[i]->bv_len &&
		    address_is_mail(to[i]->bv_val))
			outbox_owe(member, "login-changed", to[i], w->now, mods);
	}
}

/* plan - what changes in the entry itself */
static void
plan(struct write *w, int renamed, Modifications **mods)
{
	const struct member *member = w->member;
	/* Mail follows when it was the login: the code that was mailed there proves it. */
	int follows = code_same(&member->mail, &member->uid);
	const int kept[CODES] = { [CODE_MAIL] = !follows, [CODE_MOBILE] = 1 };
	const struct berval *stored;
	struct codecount count;

	mods_add(mods, LDAP_MOD_DELETE, muster_ad.pending_login, &member->pending_login);
	if (!renamed)
		mods_add(mods, LDAP_MOD_REPLACE, muster_ad.uid, &member->pending_login);
	if (follows) {
		mods_add(mods, LDAP_MOD_REPLACE, muster_ad.mail, &member->pending_login);
		mods_add(mods, LDAP_MOD_REPLACE, muster_ad.verified_mail, &member->pending_login);
		mods_add_time(mods, LDAP_MOD_REPLACE, muster_ad.mail_verified, w->now);
	}
	code_challenges_keep(member, kept, mods);
	code_count_read(member, CODE_LOGIN_MOBILE, w->now, &count, &stored);
	count.wrong = 0;
	if (stored != NULL)
		code_count_plan(&count, stored, mods);
	tell(w, mods);
}

static int
store(struct write *w, struct name *name)
{
	struct transaction t;
	Modifications *mods = NULL;
	int renames = is_named_by_login(w->member), rc = LDAP_SUCCESS;
	struct berval *dn = &w->member->dn, *ndn = &w->member->ndn;

	if (transaction_begin(w->op, w->m, &t) < 0)
		return LDAP_OTHER;
	if (renames) {
		rc = mods_rename(w->op, w->m, dn, ndn, &name->rdn, &name->nrdn);
		dn = &name->dn;
		ndn = &name->ndn;
	}
	if (rc == LDAP_SUCCESS) {
		plan(w, renames, &mods);
		rc = mods_write(w->op, w->m, dn, ndn, &mods);
	}
	if (rc == LDAP_SUCCESS && renames)
		rc = write_followers_store(w);
	return transaction_end(&t, rc);
}

int
login_change(struct write *w, const struct berval *const codes[2])
{
	struct name name;
	int rc = check_codes(w, codes);

	if (rc != LDAP_SUCCESS)
		return rc;
	if (name_new(w->member, &name) < 0)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "musterPendingLogin: no login ID can be made of it");
	rc = is_taken(w) ? LDAP_ALREADY_EXISTS : follow_all(w, &name);
	if (rc == LDAP_SUCCESS)
		rc = store(w, &name);
	if (rc == LDAP_ALREADY_EXISTS) {
		w->rule = "taken";
		rc = write_refuse(w, LDAP_ALREADY_EXISTS, TEXT_TAKEN);
	} else if (rc != LDAP_SUCCESS) {
		w->rule = "write failed";
		rc = write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "the change cannot be stored: see slapd's log");
	} else {
		/* Nobody is logged in by a name that may be somebody else's next. */
		w->end = END_ALL;
		(void)connections_end(w->op, &w->member->ndn, END_ALL);
	}
	name_free(&name);
	return rc;
}
