/*
 * write_password.c - userPassword in a modification of a member.
 */
#include "slapd/write.h"

#include "core/pwrules.h"
#include "slapd/app_password.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/password.h"

/* The changes of userPassword in one modification. */
struct shape {
	const struct berval *old; /* value to delete */
	const struct berval *new; /* value to add or to replace all with */
	int removes_all;
	int replaces;             /* new came with "replace" */
	int odd;                  /* several values, or changes that do not go together */
};

static const struct berval *
only_value(const Modifications *ml, struct shape *shape)
{
	if (ml->sml_values == NULL || BER_BVISNULL(&ml->sml_values[0]))
		return NULL;
	if (!BER_BVISNULL(&ml->sml_values[1]))
		shape->odd = 1;
	return &ml->sml_values[0];
}

static void
shape_of(struct write *w, struct shape *shape)
{
	const Modifications *ml;

	memset(shape, 0, sizeof(*shape));
	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		const struct berval *value;

		if ((ml->sml_flags & SLAP_MOD_INTERNAL) || !type_is(ml->sml_desc, slap_schema.si_ad_userPassword))
			continue;
		value = only_value(ml, shape);
		if (value == NULL) {
			shape->removes_all = 1;
		} else if ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE) {
			shape->odd |= shape->old != NULL || shape->new != NULL;
			shape->old = value;
		} else {
			shape->odd |= shape->new != NULL;
			shape->new = value;
			shape->replaces = ml->sml_op == LDAP_MOD_REPLACE;
		}
	}
}

static int
refuse_old(struct write *w)
{
	w->ppolicy = PPCTRL_MUST_SUPPLY_OLD;
	return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
	                    "to change your password, delete the old value and add the new one in one modification");
}

/*
 * prove_old - the old password, verified within the budget of the account. The code is not asked for again: the member
 *             is bound, which took it.
 */
static int
prove_old(struct write *w, const struct berval *old)
{
	struct verify_request request = { .password = *old, .has_control = 1 };

	verify_begin(w->op, w->m, w->member, &w->op->o_req_ndn, &request, &w->verified);
	w->verifying = 1;
	w->rule = w->verified.rule;
	switch (w->verified.outcome) {
	case VERIFY_OK:
	case VERIFY_CODE_MISSING:
	case VERIFY_ENROL:
	case VERIFY_CHANGE:
	case VERIFY_EXPIRED:
		w->rule = NULL;
		return LDAP_SUCCESS;
	case VERIFY_BUSY:
		return write_refuse(w, LDAP_BUSY, "too many tries at once: try again");
	case VERIFY_UNUSABLE:
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "the server cannot check passwords now: tell your administrator");
	case VERIFY_DENIED:
		break;
	}
	w->ppolicy = PPCTRL_MUST_SUPPLY_OLD;
	return write_refuse(w, LDAP_INVALID_CREDENTIALS, "the old password was not accepted");
}

static int
is_set_by_hand(struct write *w, const AttributeDescription *ad)
{
	return (ad == muster_ad.pwd_reset || ad == muster_ad.pwd_changed || ad == muster_ad.pwd_history || ad == muster_ad.pwd_locked) &&
	       write_changes(w, ad);
}

/* leave_by_hand - take out of a plan what the manager sets in the same modification */
static void
leave_by_hand(struct write *w, Modifications **planned)
{
	while (*planned != NULL) {
		Modifications *one = *planned;

		if (!is_set_by_hand(w, one->sml_desc)) {
			planned = &one->sml_next;
			continue;
		}
		*planned = one->sml_next;
		one->sml_next = NULL;
		mods_free(&one);
	}
}

static int
set_plain(struct write *w, const struct berval *plain)
{
	struct password_change change = { .plain = *plain, .by_self = w->self, .by_token = 0 };
	Modifications *planned = NULL;
	char text[PWRULES_TEXT_MAX];
	/* The entry as it is since the account was reserved, when it changed before that. */
	const struct member *member = w->verified.fresh != NULL ? w->verified.fresh : w->member;
	int r = password_plan(w->op, w->m, member, &change, &planned, text);

	if (r < 0)
		return write_refuse_plan(w, r, text);
	leave_by_hand(w, &planned);
	write_append(&w->owed, &planned);
	write_drop(&w->op->orm_modlist, slap_schema.si_ad_userPassword);
	return LDAP_SUCCESS;
}

/*
 * forget - nothing that was mailed or counted for the password before is of use any more; it itself is one that was used
 * in:    replaced  1: a hash takes its place, 0: it is taken away
 */
static void
forget(struct write *w, int replaced)
{
	Modifications *history = NULL;

	password_forget(w->member, replaced, &history);
	leave_by_hand(w, &history);
	write_append(&w->owed, &history);
	mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.challenge, NULL);
	if (!write_changes(w, muster_ad.pwd_locked))
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.pwd_locked, NULL);
	mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.login_state, NULL);
	if (!write_changes(w, muster_ad.app_password))
		app_passwords_forget(w->member, &w->owed);
	if (!write_changes(w, muster_ad.pwd_reset))
		mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.pwd_reset, NULL);
}

int
write_hashed(struct write *w, const struct berval *value, int manages)
{
	const char *cleartext = "{CLEARTEXT}";

	if (!manages)
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                    "write the password itself: values that are hashed already need the manage right and "
		                    "the Relax control");
	if (value->bv_len >= strlen(cleartext) && strncasecmp(value->bv_val, cleartext, strlen(cleartext)) == 0)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "passwords are not kept in the clear: leave the scheme out");
	return LDAP_SUCCESS;
}

/* set_by_other - an owner, an administrator or the rootdn sets or takes away the password */
static int
set_by_other(struct write *w, const struct shape *shape)
{
	int rc;

	w->unlocks = 1;
	if (shape->old != NULL)
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM,
		                    "replace userPassword: only its owner deletes the old value and adds a new one");
	if (shape->new == NULL) {
		forget(w, 0);
		if (!write_changes(w, muster_ad.pwd_changed))
			mods_add(&w->owed, SLAP_MOD_SOFTDEL, muster_ad.pwd_changed, NULL);
		return LDAP_SUCCESS;
	}
	if (!shape->replaces && !shape->removes_all && w->member->passwords != NULL)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "a member has one password: replace userPassword");
	if (write_password_form(shape->new) == PASSWORD_PLAIN)
		return set_plain(w, shape->new);
	rc = write_hashed(w, shape->new, w->manages_password);
	if (rc == LDAP_SUCCESS) {
		forget(w, 1);
		if (!write_changes(w, muster_ad.pwd_changed))
			mods_add_time(&w->owed, LDAP_MOD_REPLACE, muster_ad.pwd_changed, w->now);
	}
	return rc;
}

int
write_password(struct write *w)
{
	struct shape shape;
	int rc;

	w->what = w->self ? "change-password" : "set-password";
	shape_of(w, &shape);
	if (!w->self && shape.odd)
		return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "a member has one password: replace userPassword");
	if (!w->self)
		return set_by_other(w, &shape);
	if (shape.odd || shape.removes_all || shape.replaces || shape.old == NULL || shape.new == NULL)
		return refuse_old(w);
	rc = prove_old(w, shape.old);
	return rc == LDAP_SUCCESS ? set_plain(w, shape.new) : rc;
}
