/*
 * exop.c - extended operations: which one, on which database, allowed at all, and the one answer.
 *
 * slapd selects no database for an extended operation of a module and checks nothing for it, so that is done here.
 * The handlers answer themselves, because what a failed try leaves behind is written after the answer.
 */
#include "slapd/exop.h"

#include "common/err.h"
#include "common/secret.h"
#include "slapd/audit.h"
#include "slapd/exop_target.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/muster.h"

#define TEXT_NO_DATABASE "no database of this server has the muster overlay"
#define TEXT_NO_KEY "the sealing key cannot be used: see slapd's log"
#define TEXT_COPY "this server holds a copy of the directory: ask the provider"
#define TEXT_READ_ONLY "the directory takes no changes at the moment"
#define TEXT_WEAK "a password needs a protected connection: use ldaps, StartTLS or ldapi"
#define TEXT_UNUSABLE "the policy or the second factor of this account cannot be used: ask the administrator"
#define TEXT_NOT_COURIER "only a courier (olcMusterCourier) may do this"

static const struct exop_row {
	struct berval oid;
	enum exop_number number;
	const char *name;
	int courier_only;
	int reads_only; /* carried out by a copy of the directory, too, and without a sealing key */
	exop_handler *handler;
} rows[] = {
	{ BER_BVC(MUSTER_EXOP_ARC ".1"), EXOP_REQUEST_RESET, "requestReset", 0, 0, request_reset_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".2"), EXOP_REDEEM, "redeem", 0, 0, redeem_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".3"), EXOP_CHANGE_PASSWORD, "changePassword", 0, 0, change_password_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".4"), EXOP_ENROL_TOTP, "enrolTotp", 0, 0, enrol_totp_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".5"), EXOP_CLAIM, "claim", 1, 0, claim_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".6"), EXOP_DONE, "done", 1, 0, done_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".7"), EXOP_REMOVE_TOTP, "removeTotp", 0, 0, remove_totp_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".8"), EXOP_NEW_APP_PASSWORD, "newAppPassword", 0, 0, new_app_password_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".9"), EXOP_CHECK_ACCOUNT, "checkAccount", 0, 1, check_account_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".10"), EXOP_NEW_RECOVERY_CODES, "newRecoveryCodes", 0, 0, new_recovery_codes_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".11"), EXOP_SIGN_UP, "signUp", 0, 0, sign_up_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".12"), EXOP_NEW_ORGANIZATION, "newOrganization", 0, 0, new_organization_handle },
	{ BER_BVC(MUSTER_EXOP_ARC ".13"), EXOP_SETTLE, "settle", 1, 0, settle_handle },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void
exop_answer(struct exop *x, int result, const char *text)
{
	BackendDB *bd = x->op->o_bd;

	if (x->answered)
		return;
	x->answered = 1;
	x->rs->sr_err = result;
	x->rs->sr_text = text;
	x->op->o_bd = frontendDB;
	send_ldap_extended(x->op, x->rs);
	x->op->o_bd = bd;
	x->rs->sr_text = NULL;
}

void
exop_answer_value(struct exop *x, BerElement *ber)
{
	struct berval value = BER_BVNULL;

	/* the buffer itself, not a copy of it: it is wiped below */
	if (ber_flatten2(ber, &value, 0) < 0) {
		exop_answer(x, LDAP_OTHER, "out of memory");
	} else {
		x->rs->sr_rspdata = &value;
		exop_answer(x, LDAP_SUCCESS, NULL);
		x->rs->sr_rspdata = NULL;
		secret_wipe(value.bv_val, value.bv_len);
	}
	ber_free_buf(ber);
}

void
exop_verify(struct exop *x, struct member *member, struct berval *key, const struct verify_request *request,
            struct verify_result *result)
{
	verify_begin(x->op, x->m, member, key, request, result);
	x->subject = member != NULL ? &member->dn : NULL;
	x->factor = result->factor;
	x->rule = result->rule;
}

static void
exop_audit(struct exop *x, int result, const char *text)
{
	struct audit_event event = {
		.operation = x->name,
		.dn = x->subject != NULL ? x->subject : &x->target_text,
		.result = result,
		.factor = x->factor,
		.rule = result != LDAP_SUCCESS ? x->rule : NULL,
		.text = text,
		.service = &x->args.service,
		.rhost = &x->args.rhost,
	};

	audit(x->op, &event);
}

void
exop_accepted(struct exop *x, const char *text)
{
	exop_audit(x, LDAP_SUCCESS, text);
}

void
exop_judged(struct exop *x, int accepted)
{
	exop_audit(x, accepted ? LDAP_SUCCESS : LDAP_INVALID_CREDENTIALS, NULL);
}

void
exop_answer_codes(struct exop *x, char codes[][RECOVERY_CODE_LEN + 1])
{
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	int i;

	ber_init_w_nullc(ber, LBER_USE_DER);
	ber_printf(ber, "{");
	for (i = 0; i < RECOVERY_CODES; i++)
		ber_printf(ber, "s", codes[i]);
	ber_printf(ber, "N}");
	exop_answer_value(x, ber);
}

void
exop_refuse(struct exop *x, int result, const char *reason, const char *text)
{
	exop_audit(x, result, reason);
	exop_answer(x, result, text);
}

void
exop_refuse_verify(struct exop *x, enum verify_outcome outcome)
{
	switch (outcome) {
	case VERIFY_CODE_MISSING:
		exop_refuse(x, LDAP_STRONG_AUTH_REQUIRED, NULL, "the code of the second factor is missing");
		break;
	case VERIFY_BUSY:
		exop_refuse(x, LDAP_BUSY, NULL, "too many at once: try again");
		break;
	case VERIFY_UNUSABLE:
		exop_refuse(x, LDAP_UNWILLING_TO_PERFORM, NULL, TEXT_UNUSABLE);
		break;
	default:
		exop_refuse(x, LDAP_INVALID_CREDENTIALS, NULL, NULL);
		break;
	}
}

/* is_courier - 1 when the caller may claim from this instance */
static int
is_courier(Operation *op, struct muster *m)
{
	int i;

	for (i = 0; m->couriers != NULL && !BER_BVISNULL(&m->couriers[i]); i++)
		if (dn_match(&m->couriers[i], &op->o_ndn))
			return 1;
	return 0;
}

/*
 * find_instance - the database an operation is about: the one of the target's DN, for a courier the one it serves,
 *                 else the first that has the overlay.
 */
static int
find_instance(struct exop *x, const struct exop_row *row)
{
	const struct berval *target = &x->target_text;
	BackendDB *be;

	if (!BER_BVISNULL(target) && strncmp(target->bv_val, "dn:", 3) == 0) {
		struct berval ndn = { target->bv_len - 3, target->bv_val + 3 };

		x->m = overlay_instance(&ndn, &x->be);
		if (x->m != NULL)
			return 0;
	}
	LDAP_STAILQ_FOREACH(be, &backendDB, be_next) {
		struct muster *m;
		BackendDB *found;

		if (be->be_nsuffix == NULL || BER_BVISNULL(&be->be_nsuffix[0]))
			continue;
		m = overlay_instance(&be->be_nsuffix[0], &found);
		if (m == NULL || (x->m != NULL && !(row->courier_only && is_courier(x->op, m))))
			continue;
		x->m = m;
		x->be = found;
		if (!row->courier_only || is_courier(x->op, m))
			break;
	}
	return x->m != NULL ? 0 : ERR_NOT_FOUND;
}

static int
strong_enough(struct exop *x)
{
	slap_ssf_t needed = x->m->min_ssf;
	const slap_ssf_set_t *sets[] = { &frontendDB->be_ssf_set, &x->be->be_ssf_set };
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (sets[i]->sss_ssf > needed)
			needed = sets[i]->sss_ssf;
		if (sets[i]->sss_update_ssf > needed)
			needed = sets[i]->sss_update_ssf;
	}
	return x->op->o_ssf >= needed;
}

/* permit - LDAP_SUCCESS, or why this operation is not carried out here and now, whoever it is about */
static int
permit(struct exop *x, const struct exop_row *row, const char **text_out)
{
	slap_mask_t restricted = frontendDB->be_restrictops | x->be->be_restrictops;

	if (!strong_enough(x)) {
		*text_out = TEXT_WEAK;
		return LDAP_CONFIDENTIALITY_REQUIRED;
	}
	if (fresh_by_app_password(x->op)) {
		x->rule = "app-password";
		*text_out = FRESH_TEXT_APP;
		return LDAP_INSUFFICIENT_ACCESS;
	}
	if (row->courier_only && !is_courier(x->op, x->m)) {
		*text_out = TEXT_NOT_COURIER;
		return LDAP_INSUFFICIENT_ACCESS;
	}
	*text_out = NULL;
	if (row->reads_only)
		return LDAP_SUCCESS;
	if (SLAP_SHADOW(x->be))
		*text_out = TEXT_COPY;
	else if (restricted & (SLAP_RESTRICT_READONLY | SLAP_RESTRICT_OP_WRITES | SLAP_RESTRICT_OP_EXTENDED))
		*text_out = TEXT_READ_ONLY;
	else if (x->m->ring == NULL)
		*text_out = TEXT_NO_KEY;
	return *text_out != NULL ? LDAP_UNWILLING_TO_PERFORM : LDAP_SUCCESS;
}

static int
has_target(const struct exop_row *row)
{
	return !row->courier_only && row->number != EXOP_SIGN_UP && row->number != EXOP_NEW_ORGANIZATION;
}

static void
exop_run(struct exop *x, const struct exop_row *row)
{
	const char *text = NULL;
	int result = LDAP_SUCCESS;

	if (exop_decode(row->number, x->op->ore_reqdata, &x->args) < 0 ||
	    (has_target(row) && exop_target_text(&x->args.target, &x->target_text) < 0)) {
		result = LDAP_PROTOCOL_ERROR;
		text = "the value is not what this operation takes";
	} else if (find_instance(x, row) < 0) {
		result = LDAP_UNWILLING_TO_PERFORM;
		text = TEXT_NO_DATABASE;
	} else {
		result = permit(x, row, &text);
	}
	if (result != LDAP_SUCCESS) {
		exop_refuse(x, result, text, text);
		return;
	}
	/* As a hook would see it: a copy of the database, pointing at our instance. */
	*x->db = *x->be;
	x->db->be_flags |= SLAP_DBFLAG_OVERLAY;
	x->db->bd_info = (BackendInfo *)x->m->on;
	x->op->o_bd = x->db;
	row->handler(x);
}

/* exop_main - what slapd calls for each of our OIDs */
static int
exop_main(Operation *op, SlapReply *rs)
{
	struct exop x = { .op = op, .rs = rs };
	BackendDB *bd = op->o_bd, db;
	size_t i;

	for (i = 0; i < ROWS && !bvmatch(&rows[i].oid, &op->ore_reqoid); i++)
		;
	if (i < ROWS) {
		x.name = rows[i].name;
		x.db = &db;
		exop_run(&x, &rows[i]);
	}
	op->o_bd = bd;
	exop_answer(&x, LDAP_OTHER, "internal error");
	ch_free(x.target_text.bv_val);
	if (op->ore_reqdata != NULL)
		secret_wipe(op->ore_reqdata->bv_val, op->ore_reqdata->bv_len);
	/* answered: slapd sends nothing more */
	return SLAPD_ABANDON;
}

int
exop_register(void)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (load_extop2(&rows[i].oid, rows[i].reads_only ? 0 : SLAP_EXOP_WRITES, exop_main, 0) != 0)
			return LDAP_OTHER;
	return 0;
}
