/*
 * write_address.c - addresses and numbers of a member: what waits for its proof, the code that proves it, and what goes with a change
 *                   by somebody else.
 *
 * What the member itself does is carried out alone in the database: the count of wrong codes, the code and the message that is
 * owed are read and written as one, and of many who give the same code at once one is right.
 */
#include "slapd/write.h"

#include <time.h>

#include "common/address.h"
#include "core/codecount.h"
#include "core/token.h"
#include "slapd/alone.h"
#include "slapd/codes.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

#define TEXT_NOTHING_WAITS \
	"musterCode goes with oathSecret, or with an address that waits for a code: write musterPendingMail or " \
	"musterPendingMobile first"
#define TEXT_SAY_WHICH \
	"two addresses wait for a code: say which by deleting musterPendingMail or musterPendingMobile, with its value, in the " \
	"same modification"
#define TEXT_LOGIN_CODES \
	"a new login ID takes both of its codes: delete musterPendingLogin, with its value, and add musterCode twice, in one " \
	"modification"

enum pending { PENDING_MAIL, PENDING_MOBILE, PENDING_LOGIN, PENDINGS };

/* One attribute that an address waits in. */
struct pending_kind {
	AttributeDescription **ad;
	enum code codes[2]; /* what proves it */
	int codes_len;
	const char *request, *cancel, *prove; /* for the audit line */
};

static const struct pending_kind pendings[PENDINGS] = {
	[PENDING_MAIL] = { &muster_ad.pending_mail, { CODE_MAIL }, 1, "request-mail", "cancel-mail", "verify-mail" },
	[PENDING_MOBILE] = { &muster_ad.pending_mobile, { CODE_MOBILE }, 1, "request-mobile", "cancel-mobile", "verify-mobile" },
	[PENDING_LOGIN] = { &muster_ad.pending_login, { CODE_LOGIN_MOBILE, CODE_LOGIN_MAIL }, 2, "request-login", "cancel-login",
	                    "change-login" },
};

/* What a modification does to such an attribute. */
struct change {
	int touched;
	const struct berval *set;    /* to be the value afterwards, NULL none */
	const struct berval *gone;   /* the value it says that is there, NULL when it does not say */
};

struct shape {
	struct change pending[PENDINGS];
	const struct berval *codes[2];
	int codes_len;
	int odd;
};

/* --- what a modification says ---------------------------------------------------------------------- */

int
write_is_address(struct write *w)
{
	int i;

	for (i = 0; i < PENDINGS; i++)
		if (write_changes(w, *pendings[i].ad))
			return 1;
	/* With a seed it is a code of the second factor. */
	return write_changes(w, muster_ad.code) && !write_changes(w, muster_ad.oath_secret);
}

static void
shape_pending(const Modifications *ml, struct change *change)
{
	int given = ml->sml_values != NULL && !BER_BVISNULL(&ml->sml_values[0]);

	change->touched = 1;
	if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE) {
		change->set = given ? &ml->sml_values[0] : NULL;
	} else {
		change->gone = given ? &ml->sml_values[0] : NULL;
		change->set = NULL;
	}
}

static void
shape_of(struct write *w, struct shape *shape)
{
	const Modifications *ml;
	int i;

	memset(shape, 0, sizeof(*shape));
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if (ml->sml_flags & SLAP_MOD_INTERNAL)
			continue;
		for (i = 0; i < PENDINGS; i++)
			if (type_is(ml->sml_desc, *pendings[i].ad))
				shape_pending(ml, &shape->pending[i]);
		if (!type_is(ml->sml_desc, muster_ad.code))
			continue;
		if (shape->codes_len == 2 || (ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE || ml->sml_values == NULL ||
		    BER_BVISNULL(&ml->sml_values[0]) || !BER_BVISNULL(&ml->sml_values[1]))
			shape->odd = 1;
		else
			shape->codes[shape->codes_len++] = &ml->sml_values[0];
	}
}

/* --- texts ----------------------------------------------------------------------------------------- */

/* when_text - a time, in the form that mails have */
static void
when_text(int64_t when, char out[32])
{
	time_t t = (time_t)when;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

static int
refuse_blocked(struct write *w, const struct codecount *count)
{
	char text[WRITE_TEXT_MAX], when[32];

	when_text(count->since + CODECOUNT_SEC, when);
	snprintf(text, sizeof(text), "%d wrong codes were given: no code is taken before %s", CODECOUNT_TRIES, when);
	w->rule = "code-blocked";
	return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
}

/* refuse_wrong - and count it first: what is not counted is not told apart from what is right */
static int
refuse_wrong(struct write *w, enum code code)
{
	const struct berval *stored;
	Modifications *mods = NULL;
	char text[WRITE_TEXT_MAX];
	struct codecount count;

	code_count_read(w->member, code, w->now, &count, &stored);
	codecount_wrong(&count, w->now);
	code_count_plan(&count, stored, &mods);
	if (mods_write(w->op, w->m, &w->member->dn, &w->member->ndn, &mods) != LDAP_SUCCESS) {
		w->rule = "write failed";
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "no code can be taken now: see slapd's log");
	}
	w->rule = "code";
	if (codecount_blocked(&count))
		snprintf(text, sizeof(text), "the code was not accepted, and no other one will be for a day");
	else
		snprintf(text, sizeof(text), "the code was not accepted: %u more may be tried, also when a new one is sent",
		         CODECOUNT_TRIES - count.wrong);
	return write_refuse(w, LDAP_INVALID_CREDENTIALS, text);
}

int
code_refused(struct write *w, enum code code, enum code_verdict verdict)
{
	const struct berval *stored;
	struct codecount count;

	code_count_read(w->member, code, w->now, &count, &stored);
	if (codecount_blocked(&count))
		return refuse_blocked(w, &count);
	switch (verdict) {
	case CODE_RIGHT:
		return LDAP_SUCCESS;
	case CODE_NONE:
		w->rule = "no-code";
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "no code was sent yet: wait for it, or write the address again to get one");
	case CODE_LATE:
		w->rule = "code-late";
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the code is older than 10 minutes: write the address again to get another one");
	default:
		return refuse_wrong(w, code);
	}
}

/* --- a code is asked for ---------------------------------------------------------------------------- */

/* check_caps - the member's own, and that of all text messages. That of an address is nobody's to know: it is kept when the code is made. */
static int
check_caps(struct write *w, enum code code)
{
	int number = code == CODE_MOBILE || code == CODE_LOGIN_MOBILE;
	char text[WRITE_TEXT_MAX], when[32];
	const struct berval *stored;
	struct codecount count;

	code_count_read(w->member, code, w->now, &count, &stored);
	if (codecount_blocked(&count))
		return refuse_blocked(w, &count);
	if (count.sent >= (unsigned)w->m->caps.member) {
		when_text(count.since + CODECOUNT_SEC, when);
		snprintf(text, sizeof(text), "%u codes were sent: another one can be asked for from %s on", count.sent, when);
		w->rule = "cap-member";
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
	}
	if (number && !caps_sms_left(w->op, w->m, w->now)) {
		w->rule = "cap-sms";
		return write_refuse(w, LDAP_BUSY, "no more text messages are sent today: try again tomorrow");
	}
	return LDAP_SUCCESS;
}

/* check_wish - whether there is anything to prove */
static int
check_wish(struct write *w, enum pending which, const struct berval *value)
{
	const struct member *member = w->member;

	switch (which) {
	case PENDING_MAIL:
		if (member->has_mail_verified && code_same(&member->mail, value))
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "musterPendingMail: this is the mail address already, and it is proved");
		break;
	case PENDING_MOBILE:
		if (member->has_mobile_verified && code_same(&member->mobile, value))
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "musterPendingMobile: this is the mobile number already, and it is proved");
		break;
	default:
		if (code_same(&member->uid, value))
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "musterPendingLogin: this is the login ID already");
		if (!member->has_mobile_verified || !code_is_number(&member->mobile))
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "musterPendingLogin: one of the codes goes to the mobile number, and there is none that "
			                    "is proved: write musterPendingMobile first");
		break;
	}
	return LDAP_SUCCESS;
}

/* forget - what is owed and what was sent for this address is void */
static void
forget(struct write *w, const struct pending_kind *kind)
{
	int i;

	for (i = 0; i < kind->codes_len; i++) {
		outbox_forget(w->member, code_kinds[kind->codes[i]].record, &w->owed);
		code_challenge_forget(w->member, kind->codes[i], &w->owed);
	}
}

static int
request(struct write *w, enum pending which, const struct berval *value)
{
	const struct pending_kind *kind = &pendings[which];
	int i, rc = check_wish(w, which, value);

	w->what = kind->request;
	for (i = 0; i < kind->codes_len && rc == LDAP_SUCCESS; i++)
		rc = check_caps(w, kind->codes[i]);
	if (rc != LDAP_SUCCESS)
		return rc;
	forget(w, kind);
	for (i = 0; i < kind->codes_len; i++)
		outbox_owe_message(w->member, code_kinds[kind->codes[i]].record,
		                   kind->codes[i] == CODE_LOGIN_MOBILE ? &w->member->mobile : value, w->now, &w->owed);
	return LDAP_SUCCESS;
}

/* --- a code is given -------------------------------------------------------------------------------- */

/* drop_request - the client's own words for it; what is written is planned by us */
static void
drop_request(struct write *w)
{
	int i;

	for (i = 0; i < PENDINGS; i++)
		write_drop(&w->op->orm_modlist, *pendings[i].ad);
	write_drop(&w->op->orm_modlist, muster_ad.code);
}

/* plan_count - a right code: wrong ones are forgotten, those that were sent are not */
static void
plan_count(struct write *w, enum code code)
{
	const struct berval *stored;
	struct codecount count;

	code_count_read(w->member, code, w->now, &count, &stored);
	count.wrong = 0;
	if (stored != NULL)
		code_count_plan(&count, stored, &w->owed);
}

/* tell_before - the address before this modification, and the one that was proved last; by name, since mail may be another soon */
static void
tell_before(struct write *w, const char *kind, const struct berval *except)
{
	const struct member *member = w->member;

	if (!BER_BVISEMPTY(&member->mail) && !code_same(&member->mail, except))
		outbox_owe(member, kind, &member->mail, w->now, &w->owed);
	if (!BER_BVISEMPTY(&member->verified_mail) && !code_same(&member->verified_mail, &member->mail) &&
	    !code_same(&member->verified_mail, except))
		outbox_owe(member, kind, &member->verified_mail, w->now, &w->owed);
}

/* accept_mail - in: address  a copy */
static void
accept_mail(struct write *w, const struct berval *address, const struct berval *stored)
{
	static const int kept[CODES] = { [CODE_MOBILE] = 1, [CODE_LOGIN_MAIL] = 1, [CODE_LOGIN_MOBILE] = 1 };
	const struct member *member = w->member;

	if (!BER_BVISNULL(&member->pending_mail))
		mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.pending_mail, &member->pending_mail);
	if (code_same(&member->mail, address)) {
		mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.challenge, stored);
	} else {
		mods_add(&w->owed, LDAP_MOD_REPLACE, muster_ad.mail, address);
		/* What was mailed to the address before is void. */
		code_challenges_keep(member, kept, &w->owed);
	}
	mods_add(&w->owed, LDAP_MOD_REPLACE, muster_ad.verified_mail, address);
	mods_add_time(&w->owed, LDAP_MOD_REPLACE, muster_ad.mail_verified, w->now);
	tell_before(w, "mail-changed", address);
	if (!code_same(&member->mail, address))
		outbox_owe(member, "mail-changed", address, w->now, &w->owed);
}

/* tell_mobile - by mail, and by text message at numbers that are or were proved: to others none is sent */
static void
tell_mobile(struct write *w, const struct berval *number)
{
	static const struct berval none = BER_BVNULL;
	const struct member *member = w->member;

	tell_before(w, "mobile-changed", &none);
	if (member->has_mobile_verified && code_is_number(&member->mobile))
		outbox_owe(member, "mobile-changed", &member->mobile, w->now, &w->owed);
	if (number != NULL)
		outbox_owe(member, "mobile-changed", number, w->now, &w->owed);
}

static void
accept_mobile(struct write *w, const struct berval *number, const struct berval *stored)
{
	const struct member *member = w->member;

	mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.challenge, stored);
	if (!BER_BVISNULL(&member->pending_mobile))
		mods_add(&w->owed, LDAP_MOD_DELETE, muster_ad.pending_mobile, &member->pending_mobile);
	if (!code_same(&member->mobile, number)) {
		mods_add(&w->owed, LDAP_MOD_REPLACE, muster_ad.mobile, number);
		tell_mobile(w, number);
	}
	mods_add_time(&w->owed, LDAP_MOD_REPLACE, muster_ad.mobile_verified, w->now);
}

static int
prove(struct write *w, enum pending which, const struct berval *typed)
{
	const struct pending_kind *kind = &pendings[which];
	const struct berval *stored;
	struct berval target;
	int rc;

	w->what = kind->prove;
	rc = code_refused(w, kind->codes[0],
	                  code_check(w->m, w->member, kind->codes[0], typed, w->now, &stored));
	if (rc != LDAP_SUCCESS)
		return rc;
	code_target(w->member, kind->codes[0], &target);
	plan_count(w, kind->codes[0]);
	if (which == PENDING_MAIL)
		accept_mail(w, &target, stored);
	else
		accept_mobile(w, &target, stored);
	drop_request(w);
	return LDAP_SUCCESS;
}

/* waits - 1 when a code for that address could be given: it waits, or somebody else wrote the present one and a code was sent */
static int
waits(const struct member *member, enum pending which)
{
	const struct berval *value = which == PENDING_MAIL ? &member->pending_mail : &member->pending_mobile;
	struct challenge ch;

	return !BER_BVISEMPTY(value) || code_challenge(member, pendings[which].codes[0], &ch) != NULL;
}

/* which_is_meant - LDAP_SUCCESS, and *which_out; *login_out 1 when it is a login with all it takes */
static int
which_is_meant(struct write *w, const struct shape *shape, enum pending *which_out)
{
	int i, n = 0;

	*which_out = PENDING_MAIL;
	for (i = 0; i < PENDINGS; i++) {
		if (!shape->pending[i].touched)
			continue;
		if (shape->pending[i].set != NULL)
			return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
			                    "give the code first, and ask for another address in another modification");
		*which_out = (enum pending)i;
		n++;
	}
	if (n == 0)
		for (i = 0; i < PENDING_LOGIN; i++) {
			if (!waits(w->member, (enum pending)i))
				continue;
			*which_out = (enum pending)i;
			n++;
		}
	if (n > 1)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, TEXT_SAY_WHICH);
	if (n == 0)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    BER_BVISEMPTY(&w->member->pending_login) ? TEXT_NOTHING_WAITS : TEXT_LOGIN_CODES);
	return LDAP_SUCCESS;
}

/* check_gone - the value that is to be deleted has to be the one that waits */
static int
check_gone(struct write *w, enum pending which, const struct change *change)
{
	const struct berval *present = which == PENDING_MAIL     ? &w->member->pending_mail
	                               : which == PENDING_MOBILE ? &w->member->pending_mobile
	                                                         : &w->member->pending_login;
	struct berval given = BER_BVNULL;
	int same;

	if (!change->touched)
		return LDAP_SUCCESS;
	if (change->gone != NULL) {
		ber_str2bv(change->gone->bv_val, change->gone->bv_len, 1, &given);
		if (which == PENDING_MOBILE)
			given.bv_len = address_clean_number(given.bv_val, given.bv_len);
	}
	same = change->gone != NULL ? code_same(present, &given) : !BER_BVISEMPTY(present);
	ch_free(given.bv_val);
	return same ? LDAP_SUCCESS : write_refuse(w, LDAP_NO_SUCH_ATTRIBUTE, "this is not what waits for a code");
}

static int
give(struct write *w, const struct shape *shape)
{
	enum pending which;
	int rc;

	w->what = "verify";
	if (!w->self)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "musterCode: only the member itself proves its addresses");
	if (shape->odd)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, "add musterCode, one value at a time");
	rc = which_is_meant(w, shape, &which);
	if (rc == LDAP_SUCCESS)
		rc = check_gone(w, which, &shape->pending[which]);
	if (rc != LDAP_SUCCESS)
		return rc;
	if (which != PENDING_LOGIN && shape->codes_len == 1)
		return prove(w, which, shape->codes[0]);
	w->what = pendings[which].prove;
	return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
	                    which == PENDING_LOGIN ? TEXT_LOGIN_CODES : "one address is proved by one code");
}

/* --- the modification as a whole --------------------------------------------------------------------- */

/* check_company - what has rules of its own that take other locks, or that would be judged by an address that is not proved yet */
static int
check_company(struct write *w)
{
	const AttributeDescription *others[] = {
		slap_schema.si_ad_userPassword, muster_ad.oath_secret, muster_ad.app_password, muster_ad.status, muster_ad.mail,
		muster_ad.mobile, muster_ad.pwd_locked, muster_ad.login_state, muster_ad.challenge, muster_ad.code_count,
		muster_ad.outbox, slap_schema.si_ad_objectClass
	};
	char text[WRITE_TEXT_MAX];
	size_t i;

	if (write_changes_elsewhere(w))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "change the second factor and addresses that wait for a code one after the other, not in one modification");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!write_changes(w, others[i]))
			continue;
		snprintf(text, sizeof(text), "change %s and addresses that wait for a code one after the other, not in one modification",
		         others[i]->ad_cname.bv_val);
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, text);
	}
	return LDAP_SUCCESS;
}

static int
plan(struct write *w, const struct shape *shape)
{
	int i, rc = LDAP_SUCCESS;

	if (shape->codes_len > 0 || shape->odd)
		return give(w, shape);
	for (i = 0; i < PENDINGS && rc == LDAP_SUCCESS; i++) {
		if (shape->pending[i].set != NULL) {
			rc = request(w, (enum pending)i, shape->pending[i].set);
		} else if (shape->pending[i].touched) {
			w->what = pendings[i].cancel;
			forget(w, &pendings[i]);
		}
	}
	return rc;
}

/* carry_out - alone. out: the result; answer  when it is that of the database */
static int
carry_out(struct write *w, struct transaction_answer *answer, int *walked_out)
{
	struct shape shape;
	int rc;

	*walked_out = 0;
	if (member_load(w->op, w->m, &w->op->o_req_ndn, &w->member) < 0)
		return write_refuse(w, LDAP_NO_SUCH_OBJECT, WRITE_TEXT_GONE);
	shape_of(w, &shape);
	rc = write_check_strength(w, shape.codes_len > 0 || shape.odd);
	if (rc == LDAP_SUCCESS)
		rc = write_check_fresh(w);
	if (rc == LDAP_SUCCESS && shape.codes_len == 2 && shape.pending[PENDING_LOGIN].touched &&
	    shape.pending[PENDING_LOGIN].set == NULL && !shape.odd && w->self) {
		w->what = pendings[PENDING_LOGIN].prove;
		rc = check_gone(w, PENDING_LOGIN, &shape.pending[PENDING_LOGIN]);
		return rc == LDAP_SUCCESS ? login_change(w, shape.codes) : rc;
	}
	if (rc == LDAP_SUCCESS)
		rc = plan(w, &shape);
	if (rc != LDAP_SUCCESS)
		return rc;
	write_append(&w->op->orm_modlist, &w->owed);
	*walked_out = 1;
	return transaction_walk(w->op, w->rs, w->m, op_modify, 0, answer);
}

int
write_address_member(struct write *w)
{
	struct transaction_answer answer = { 0 };
	int walked = 0, rc;

	rc = check_company(w);
	if (rc == LDAP_SUCCESS) {
		write_alone(w);
		rc = w->alone ? carry_out(w, &answer, &walked) : write_refuse(w, LDAP_BUSY, "try again");
		write_not_alone(w);
	}
	write_audit(w, rc);
	if (walked) {
		rc = transaction_answer(w->op, w->rs, w->m, &answer);
	} else if (w->end == END_ALL) {
		answer.result = rc;
		rc = transaction_answer(w->op, w->rs, w->m, &answer);
		connections_end_own(w->op);
	} else {
		rc = write_answer(w, rc);
	}
	mods_free(&w->owed);
	member_free(&w->member);
	return rc;
}

/* --- somebody else writes mail or mobile --------------------------------------------------------------- */

/* values_apply - the values of a type after one change of them; the list has room */
static size_t
values_apply(const struct berval **list, size_t n, size_t room, const Modifications *ml)
{
	size_t i, k;

	if (ml->sml_op == LDAP_MOD_REPLACE || ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE && ml->sml_values == NULL))
		n = 0;
	for (i = 0; ml->sml_values != NULL && !BER_BVISNULL(&ml->sml_values[i]); i++) {
		for (k = 0; k < n && !code_same(list[k], &ml->sml_values[i]); k++)
			continue;
		if ((ml->sml_op & LDAP_MOD_OP) != LDAP_MOD_DELETE && k == n && n < room)
			list[n++] = &ml->sml_values[i];
		else if ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE && k < n)
			memmove(&list[k], &list[k + 1], (--n - k) * sizeof(list[0]));
	}
	return n;
}

/* first_after - the first value of a type once the modification is done, BER_BVNULL for none */
static struct berval
first_after(struct write *w, const AttributeDescription *type, BerVarray present)
{
	const struct berval **list, none = BER_BVNULL;
	struct berval first = none;
	const Modifications *ml;
	size_t n = 0, room = 0, i;

	for (i = 0; present != NULL && !BER_BVISNULL(&present[i]); i++)
		room++;
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		room += type_is(ml->sml_desc, type) ? ml->sml_numvals : 0;
	list = ch_calloc(room + 1, sizeof(list[0]));
	for (; n < room && present != NULL && !BER_BVISNULL(&present[n]); n++)
		list[n] = &present[n];
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next)
		if (!(ml->sml_flags & SLAP_MOD_INTERNAL) && type_is(ml->sml_desc, type))
			n = values_apply(list, n, room, ml);
	if (n > 0)
		first = *list[0];
	ch_free(list);
	return first;
}

/*
 * unproved - an address that changes is not proved, and gets a code; a repair says itself what is proved. A member that cannot log in
 *            yet has nowhere to give a code: its first token proves its address.
 */
static void
unproved(struct write *w, AttributeDescription *verified, enum code code, const struct berval *address)
{
	if (write_changes(w, verified))
		return;
	mods_add(&w->owed, SLAP_MOD_SOFTDEL, verified, NULL);
	if (!BER_BVISEMPTY(address) && member_has_password(w->member) && w->member->status == MEMBER_ACTIVE)
		outbox_owe_message(w->member, code_kinds[code].record, address, w->now, &w->owed);
}

static int
is_other(const struct berval *after, const struct berval *before)
{
	return BER_BVISEMPTY(before) ? !BER_BVISEMPTY(after) : !code_same(before, after);
}

void
write_address_change(struct write *w)
{
	struct berval mail = first_after(w, muster_ad.mail, w->member->mails);
	struct berval mobile = first_after(w, muster_ad.mobile, w->member->mobiles);

	if (write_changes(w, muster_ad.mail) && is_other(&mail, &w->member->mail)) {
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.challenge, NULL);
		tell_before(w, "mail-changed", &mail);
		unproved(w, muster_ad.mail_verified, CODE_MAIL, &mail);
	}
	if (write_changes(w, muster_ad.mobile) && is_other(&mobile, &w->member->mobile)) {
		if (!BER_BVISEMPTY(&w->member->mobile))
			tell_mobile(w, NULL);
		unproved(w, muster_ad.mobile_verified, CODE_MOBILE, &mobile);
	}
}
