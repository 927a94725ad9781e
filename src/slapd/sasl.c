/*
 * sasl.c - mustersasl, an overlay of the frontend: SASL binds never reach the overlays of a database.
 *
 * EXTERNAL (a certificate, or the peer of a Unix socket) and GSSAPI are proofs of their own. Every other mechanism would
 * take a member's password, or a secret kept beside it, past the second factor.
 *
 * And a member's rights reach further than its own database, to cn=config even: here an app password changes nothing anywhere.
 *
 * And slapd 2.5 loses the entry of a Compare of hasSubordinates that access rules refuse, whose read transaction stays open:
 * the next read of that thread ends slapd, and anybody may compare. So nobody compares that.
 */
#include "slapd/muster.h"

#include "common/err.h"
#include "slapd/audit.h"
#include "slapd/fresh.h"
#include "slapd/member.h"
#include "slapd/networks.h"
#include "slapd/reply.h"

#define ARC_CLASS "2.25.154254282437691369581785512569447189437.6"

static slap_overinst sasl_overlay;

static ConfigTable sasl_table[] = {
	{ NULL, NULL, 0, 0, 0, ARG_IGNORED, NULL, NULL, NULL, { 0 } }
};

static ConfigOCs sasl_classes[] = {
	{ "( " ARC_CLASS ".2 NAME 'olcMusterSaslConfig' DESC 'Muster: SASL mechanisms that may be used' "
	  "SUP olcOverlayConfig )", Cft_Overlay, sasl_table, NULL, NULL, NULL, NULL, NULL },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }
};

static int
mechanism_allowed(const struct berval *mech)
{
	return mech->bv_len != 0 && (strcasecmp(mech->bv_val, "EXTERNAL") == 0 || strcasecmp(mech->bv_val, "GSSAPI") == 0);
}

/* member_may_be_in - what a proof of another kind does not make up for */
static int
member_may_be_in(Operation *op, const struct member *member)
{
	static const struct berval no_rhost = BER_BVNULL;

	return member->status == MEMBER_ACTIVE && member->policy_usable &&
	       !member_locked(member, (int64_t)slap_get_time()) && networks_allow(op, &member->policy, &no_rhost);
}

enum identity { IDENTITY_OTHER, IDENTITY_MEMBER, IDENTITY_REFUSED };

/* identity_of - whose a name is; a member's who must not be in, or when nobody can tell, is refused */
static enum identity
identity_of(Operation *op, struct berval *ndn)
{
	struct member *member = NULL;
	struct muster *m;
	BackendDB *be;
	enum identity identity = IDENTITY_OTHER;
	int r;

	if (BER_BVISEMPTY(ndn))
		return IDENTITY_OTHER;
	m = overlay_instance(ndn, &be);
	if (m == NULL)
		return IDENTITY_OTHER;
	r = member_load(op, m, ndn, &member);
	if (r == 0)
		identity = member_may_be_in(op, member) ? IDENTITY_MEMBER : IDENTITY_REFUSED;
	else if (r != ERR_NOT_FOUND && r != ERR_REFUSED)
		identity = IDENTITY_REFUSED;
	member_free(&member);
	return identity;
}

/* sasl_audit - a bind of somebody who is, or would be, a member */
static void
sasl_audit(Operation *op, const struct berval *dn, int result)
{
	struct audit_event event = { .operation = "sasl", .dn = dn, .result = result, .text = op->orb_mech.bv_val };

	if (result == LDAP_SUCCESS)
		event.factor = strcasecmp(op->orb_mech.bv_val, "GSSAPI") == 0 ? "kerberos" : "external";
	else
		event.rule = "suspended";
	audit(op, &event);
}

/*
 * sasl_result - runs before slapd's own callback that gives the connection the identity, so a failure made here leaves it
 *               anonymous.
 */
static int
sasl_result(Operation *op, SlapReply *rs)
{
	struct berval *names[] = { &op->orb_edn, &op->o_conn->c_sasl_authz_dn };
	const struct berval *member = NULL;
	size_t i;

	if ((rs->sr_type != REP_SASL && rs->sr_type != REP_RESULT) || rs->sr_err != LDAP_SUCCESS)
		return SLAP_CB_CONTINUE;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		switch (identity_of(op, names[i])) {
		case IDENTITY_OTHER:
			continue;
		case IDENTITY_MEMBER:
			member = names[i];
			continue;
		case IDENTITY_REFUSED:
			break;
		}
		sasl_audit(op, names[i], LDAP_INVALID_CREDENTIALS);
		rs->sr_err = LDAP_INVALID_CREDENTIALS;
		rs->sr_sasldata = NULL;
		op->o_tmpfree(op->orb_edn.bv_val, op->o_tmpmemctx);
		BER_BVZERO(&op->orb_edn);
		return SLAP_CB_CONTINUE;
	}
	if (member != NULL)
		sasl_audit(op, member, LDAP_SUCCESS);
	return SLAP_CB_CONTINUE;
}

static int
sasl_bind_hook(Operation *op, SlapReply *rs)
{
	if (op->orb_method != LDAP_AUTH_SASL)
		return SLAP_CB_CONTINUE;
	if (!mechanism_allowed(&op->orb_mech)) {
		audit(op, &(struct audit_event){ .operation = "sasl", .rule = "mechanism", .text = op->orb_mech.bv_val,
		                                 .result = LDAP_AUTH_METHOD_NOT_SUPPORTED });
		send_ldap_error(op, rs, LDAP_AUTH_METHOD_NOT_SUPPORTED,
		                "SASL mechanisms EXTERNAL and GSSAPI only: use a simple bind over TLS");
		return rs->sr_err;
	}
	reply_callback(op, sasl_result);
	return SLAP_CB_CONTINUE;
}

/* write_hook - add, modify, modrdn and delete, in whichever database */
static int
write_hook(Operation *op, SlapReply *rs)
{
	if (!fresh_by_app_password(op))
		return SLAP_CB_CONTINUE;
	audit(op, &(struct audit_event){ .operation = "write", .dn = &op->o_req_dn, .rule = "app-password",
	                                 .result = LDAP_INSUFFICIENT_ACCESS });
	send_ldap_error(op, rs, LDAP_INSUFFICIENT_ACCESS, FRESH_TEXT_APP);
	return rs->sr_err;
}

/* extended_write_hook - Password Modify, of whomever */
static int
extended_write_hook(Operation *op, SlapReply *rs)
{
	if (!bvmatch(&op->ore_reqoid, &slap_EXOP_MODIFY_PASSWD) || !fresh_by_app_password(op))
		return SLAP_CB_CONTINUE;
	audit(op, &(struct audit_event){ .operation = "passwordModify", .rule = "app-password",
	                                 .result = LDAP_INSUFFICIENT_ACCESS });
	rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	rs->sr_text = FRESH_TEXT_APP;
	send_ldap_extended(op, rs);
	rs->sr_text = NULL;
	/* answered: slapd sends nothing more */
	return SLAPD_ABANDON;
}

static int
compare_hook(Operation *op, SlapReply *rs)
{
	if (op->orc_ava->aa_desc != slap_schema.si_ad_hasSubordinates)
		return SLAP_CB_CONTINUE;
	send_ldap_error(op, rs, LDAP_UNWILLING_TO_PERFORM, "hasSubordinates compare not supported");
	return rs->sr_err;
}

static int
sasl_db_init(BackendDB *be, ConfigReply *cr)
{
	(void)be;
	(void)cr;
	/* The frontend is configured before the databases, whose access rules may name our classes. */
	(void)schema_complete();
	return 0;
}

int
sasl_register(void)
{
	int rc;

	sasl_overlay.on_bi.bi_type = "mustersasl";
	sasl_overlay.on_bi.bi_flags = SLAPO_BFLAG_SINGLE | SLAPO_BFLAG_GLOBONLY;
	sasl_overlay.on_bi.bi_db_init = sasl_db_init;
	sasl_overlay.on_bi.bi_op_bind = sasl_bind_hook;
	sasl_overlay.on_bi.bi_op_add = write_hook;
	sasl_overlay.on_bi.bi_op_modify = write_hook;
	sasl_overlay.on_bi.bi_op_modrdn = write_hook;
	sasl_overlay.on_bi.bi_op_delete = write_hook;
	sasl_overlay.on_bi.bi_op_compare = compare_hook;
	sasl_overlay.on_bi.bi_extended = extended_write_hook;
	sasl_overlay.on_bi.bi_cf_ocs = sasl_classes;
	rc = config_register_schema(sasl_table, sasl_classes);
	return rc != LDAP_SUCCESS ? rc : overlay_register(&sasl_overlay);
}
