/*
 * exop_app.c - newAppPassword: a member with its password, and code where it has a second factor, gets a password for a program.
 */
#include "slapd/exop.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/apppw.h"
#include "core/network.h"
#include "slapd/app_password.h"
#include "slapd/exop_target.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"

#define TEXT_LABEL "the label must have 1 to 64 characters, none of them a control character, and no blank at its ends"
#define TEXT_NETWORK "networks are written like 192.0.2.0/24 or 2001:db8::/32, no bits behind the prefix set, at most 16"
#define TEXT_TAKEN "there is an app password with this label: revoke it first, or choose another label"
#define TEXT_TOO_MANY "there are as many app passwords as the policy allows: revoke one first"
#define TEXT_NONE "the policy allows no app passwords"
#define TEXT_CHANGE_FIRST "the password must be changed first"
#define TEXT_ENROL_FIRST "a second factor must be registered first"

/* request_read - label and networks as they are to be stored. error: ERR_INPUT, with a text */
static int
request_read(const struct exop_args *args, struct apppw *pw, const char **text_out)
{
	int i;

	memset(pw, 0, sizeof(*pw));
	*text_out = TEXT_LABEL;
	if (apppw_label_check(args->label.bv_val, args->label.bv_len) != 0)
		return ERR_INPUT;
	memcpy(pw->label, args->label.bv_val, args->label.bv_len);
	*text_out = TEXT_NETWORK;
	for (i = 0; i < args->networks_len; i++)
		if (i == APPPW_NETWORKS_MAX ||
		    network_parse(args->networks[i].bv_val, args->networks[i].bv_len, &pw->networks[i]) != 0)
			return ERR_INPUT;
	pw->networks_len = (size_t)args->networks_len;
	pw->created = (int64_t)slap_get_time();
	*text_out = NULL;
	return 0;
}

/* refused - why a right password is not enough, NULL when it is */
static const char *
refused(const struct member *member, enum verify_outcome outcome, const struct apppw *pw)
{
	struct apppw other;
	unsigned i = 0;

	if (outcome == VERIFY_CHANGE || outcome == VERIFY_EXPIRED)
		return TEXT_CHANGE_FIRST;
	if (outcome == VERIFY_ENROL)
		return TEXT_ENROL_FIRST;
	if (member->policy.max_app_passwords == 0)
		return TEXT_NONE;
	for (; member->app_passwords != NULL && !BER_BVISNULL(&member->app_passwords[i]); i++)
		if (apppw_parse(member->app_passwords[i].bv_val, member->app_passwords[i].bv_len, &other) == 0 &&
		    strcmp(other.label, pw->label) == 0)
			return TEXT_TAKEN;
	return i >= member->policy.max_app_passwords ? TEXT_TOO_MANY : NULL;
}

/* make - a new app password with an id of its own, and what is written of it. error: ERR_KEY, ERR_INPUT */
static int
make(struct exop *x, const struct member *member, struct apppw *pw, char text_out[APPPW_SECRET_LEN + 1],
     Modifications **mods)
{
	char value[APPPW_TEXT_MAX];
	int r;

	do {
		r = apppw_new(x->m->ring, member->uuid, pw, text_out);
	} while (r == 0 && app_password_is_there(member, pw->id));
	if (r == 0)
		r = apppw_format(pw, value);
	if (r == 0)
		mods_add_text(mods, LDAP_MOD_ADD, muster_ad.app_password, value);
	return r;
}

/* SEQUENCE { id, appPassword } */
static void
answer(struct exop *x, const struct apppw *pw, const char *text)
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;

	ber_init_w_nullc(ber, LBER_USE_DER);
	ber_printf(ber, "{ssN}", pw->id, text);
	exop_answer_value(x, ber);
}

/* write_it - the app password, what the verification spends and the notice in one modification, then the answer */
static void
write_it(struct exop *x, struct member *member, const struct verify_result *result, struct apppw *pw)
{
	const struct member *current = result->fresh != NULL ? result->fresh : member;
	char text[APPPW_SECRET_LEN + 1] = "";
	Modifications *mods = NULL;
	int rc;

	if (make(x, current, pw, text, &mods) < 0 || verify_spend(x->op, x->m, member, result, 0, &mods) < 0) {
		mods_free(&mods);
		exop_refuse_verify(x, VERIFY_UNUSABLE);
		goto out;
	}
	/* Whoever sets another password meanwhile takes all app passwords away, this one with them. */
	mods_keep(&mods, slap_schema.si_ad_userPassword, result->stored);
	recovery_owe_used(current, result, pw->created, &mods);
	outbox_owe(current, "app-password-added", NULL, pw->created, &mods);
	rc = mods_write(x->op, x->m, &member->dn, &member->ndn, &mods);
	if (rc == LDAP_SUCCESS) {
		exop_accepted(x, pw->id);
		answer(x, pw, text);
	} else if (rc == LDAP_NO_SUCH_ATTRIBUTE || rc == LDAP_TYPE_OR_VALUE_EXISTS || rc == LDAP_CONSTRAINT_VIOLATION) {
		x->rule = "code-spent";
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
	} else {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, "write failed", "the change cannot be stored: see slapd's log");
	}
out:
	secret_wipe_array(text);
}

void
new_app_password_handle(struct exop *x)
{
	struct verify_request request = { .password = x->args.secret, .code = x->args.code, .has_control = 1 };
	struct verify_result result;
	struct member *member;
	struct berval key;
	const char *text;
	struct apppw pw;

	if (request_read(&x->args, &pw, &text) < 0) {
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, text, text);
		return;
	}
	exop_target_find(x->op, x->m, x->be, &x->target_text, &member, &key);
	exop_verify(x, member, &key, &request, &result);
	if (member == NULL || result.outcome == VERIFY_DENIED || result.outcome == VERIFY_BUSY ||
	    result.outcome == VERIFY_UNUSABLE || result.outcome == VERIFY_CODE_MISSING) {
		exop_refuse_verify(x, result.outcome);
		goto out;
	}
	text = refused(result.fresh != NULL ? result.fresh : member, result.outcome, &pw);
	if (text != NULL)
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, text, text);
	else
		write_it(x, member, &result, &pw);
out:
	verify_end(x->op, x->m, member, &result);
	member_free(&member);
	ch_free(key.bv_val);
}
