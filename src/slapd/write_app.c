/*
 * write_app.c - musterAppPassword in a modification: revoked by who may delete values, written by who restores a backup alone.
 */
#include "slapd/write.h"

#include "core/apppw.h"
#include "slapd/app_password.h"
#include "slapd/member.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

/* removes_all - 1 when one change takes all values there are away */
static int
removes_all(const Modifications *ml)
{
	return ml->sml_op == LDAP_MOD_REPLACE || ((ml->sml_op & LDAP_MOD_OP) == LDAP_MOD_DELETE && ml->sml_values == NULL);
}

static int
check_values(struct write *w, BerVarray values)
{
	struct apppw pw;
	int i;

	for (i = 0; values != NULL && !BER_BVISNULL(&values[i]); i++)
		if (apppw_parse(values[i].bv_val, values[i].bv_len, &pw) != 0)
			return write_refuse(w, LDAP_CONSTRAINT_VIOLATION, "musterAppPassword: not a value that this server wrote");
	return LDAP_SUCCESS;
}

int
write_check_app_password(struct write *w, Entry *e, AttributeDescription *ad, BerVarray values)
{
	if (!type_is(ad, muster_ad.app_password) || values == NULL)
		return LDAP_SUCCESS;
	if (!write_may_manage(w, e, ad))
		return write_refuse(w, LDAP_INSUFFICIENT_ACCESS,
		                    "musterAppPassword is made by the server: use \"muster app-password add\"; restoring one needs the "
		                    "manage right and the Relax control");
	return check_values(w, values);
}

/* revoke_values - what goes with each app password that is gone. out: how many */
static int
revoke_values(struct write *w, BerVarray gone, BerVarray kept)
{
	struct apppw pw;
	int n = 0;

	for (; gone != NULL && !BER_BVISNULL(gone); gone++) {
		if (value_is_among(kept, gone))
			continue;
		if (apppw_parse(gone->bv_val, gone->bv_len, &pw) == 0)
			app_password_forget_use(w->member, pw.id, &w->owed);
		n++;
	}
	return n;
}

void
write_app_password(struct write *w)
{
	const Modifications *ml;
	int revoked = 0;

	for (ml = w->op->orm_modlist; ml != NULL; ml = ml->sml_next) {
		if ((ml->sml_flags & SLAP_MOD_INTERNAL) || !type_is(ml->sml_desc, muster_ad.app_password) ||
		    ml->sml_op == LDAP_MOD_ADD)
			continue;
		if (removes_all(ml))
			revoked += revoke_values(w, w->member->app_passwords, ml->sml_values);
		else
			revoked += revoke_values(w, ml->sml_values, NULL);
	}
	w->what = "app-password";
	if (revoked > 0)
		outbox_owe(w->member, "app-password-revoked", NULL, w->now, &w->owed);
}
