/*
 * mods.c - modification lists, and the overlay's own modifications.
 *
 * An internal modification enters the database at the top, so that the overlays' response callbacks (syncprov, accesslog)
 * are in place; our own hook recognises it by its callback and walks on past ppolicy, which must neither judge nor
 * rewrite what we write about a member.
 */
#include "slapd/mods.h"

#include "common/secret.h"
#include "slapd/alone.h"
#include "slapd/muster.h"

void
mods_add(Modifications **mods, int mod_op, AttributeDescription *ad, const struct berval *value)
{
	Modifications *ml = ch_calloc(1, sizeof(*ml)), **end = mods;
	struct berval normal = BER_BVNULL;

	ml->sml_op = mod_op;
	ml->sml_flags = SLAP_MOD_INTERNAL;
	ml->sml_desc = ad;
	ml->sml_type = ad->ad_cname;
	if (value != NULL) {
		ml->sml_numvals = 1;
		ml->sml_values = ch_calloc(2, sizeof(struct berval));
		ber_dupbv(&ml->sml_values[0], (struct berval *)value);
		if (attr_normalize_one(ad, &ml->sml_values[0], &normal, NULL) == LDAP_SUCCESS && !BER_BVISNULL(&normal)) {
			ml->sml_nvalues = ch_calloc(2, sizeof(struct berval));
			ml->sml_nvalues[0] = normal;
		}
	}
	while (*end != NULL)
		end = &(*end)->sml_next;
	*end = ml;
}

void
mods_add_text(Modifications **mods, int mod_op, AttributeDescription *ad, const char *value)
{
	struct berval bv;

	ber_str2bv(value, 0, 0, &bv);
	mods_add(mods, mod_op, ad, &bv);
}

void
mods_keep(Modifications **mods, AttributeDescription *ad, const struct berval *value)
{
	mods_add(mods, LDAP_MOD_DELETE, ad, value);
	mods_add(mods, LDAP_MOD_ADD, ad, value);
}

void
mods_add_time(Modifications **mods, int mod_op, AttributeDescription *ad, int64_t unix_sec)
{
	char text[LDAP_LUTIL_GENTIME_BUFSIZE];
	struct berval bv = { sizeof(text), text };
	time_t t = (time_t)unix_sec;

	slap_timestamp(&t, &bv);
	mods_add(mods, mod_op, ad, &bv);
}

void
mods_set_text(Modifications **mods, AttributeDescription *ad, const char *text, size_t len)
{
	struct berval value;

	if (len == 0) {
		mods_add(mods, LDAP_MOD_REPLACE, ad, NULL);
		return;
	}
	ber_str2bv(text, len, 1, &value);
	mods_add(mods, LDAP_MOD_REPLACE, ad, &value);
	ch_free(value.bv_val);
}

void
mods_free(Modifications **mods)
{
	Modifications *ml;
	unsigned i;

	for (ml = *mods; ml != NULL; ml = ml->sml_next)
		for (i = 0; ml->sml_values != NULL && i < ml->sml_numvals; i++)
			secret_wipe(ml->sml_values[i].bv_val, ml->sml_values[i].bv_len);
	slap_mods_free(*mods, 1);
	*mods = NULL;
}

/* internal_result - swallows the result of an internal modification, and marks the operation as one */
static int
internal_result(Operation *op, SlapReply *rs)
{
	(void)op;
	(void)rs;
	return LDAP_SUCCESS;
}

static int
is_internal(Operation *op)
{
	slap_callback *cb;

	for (cb = op->o_callback; cb != NULL; cb = cb->sc_next)
		if (cb->sc_response == internal_result)
			return 1;
	return 0;
}

/* An operation of ours on behalf of another. */
struct inner {
	Operation op;
	Opheader header;
	SlapReply rs;
	slap_callback callback;
};

/* inner_begin - out: LDAP_SUCCESS, else why this server writes nothing of its own */
static int
inner_begin(struct inner *in, Operation *op, struct muster *m, ber_tag_t tag, struct berval *dn, struct berval *ndn)
{
	slap_mask_t restricted = tag == LDAP_REQ_MODRDN ? SLAP_RESTRICT_OP_RENAME : SLAP_RESTRICT_OP_MODIFY;

	/* A consumer's copy is the provider's: what it spent or counted here would never leave this server. */
	if (SLAP_SINGLE_SHADOW(m->db))
		return LDAP_UNWILLING_TO_PERFORM;
	/* slapd asks this for a client's write only. */
	if ((frontendDB->be_restrictops | m->db->be_restrictops) & (SLAP_RESTRICT_READONLY | restricted))
		return LDAP_UNAVAILABLE;
	memset(in, 0, sizeof(*in));
	in->op = *op;
	in->header = *op->o_hdr;
	in->rs.sr_type = REP_RESULT;
	in->callback.sc_response = internal_result;
	in->op.o_hdr = &in->header;
	in->op.o_tag = tag;
	in->op.o_bd = m->db;
	in->op.o_dn = m->db->be_rootdn;
	in->op.o_ndn = m->db->be_rootndn;
	in->op.o_req_dn = *dn;
	in->op.o_req_ndn = *ndn;
	in->op.o_callback = &in->callback;
	in->op.o_abandon = 0;
	/* The request is a union and the controls are the client's: neither may leak into ours. */
	memset(&in->op.o_request, 0, sizeof(in->op.o_request));
	in->op.o_ctrls = NULL;
	memset(in->op.o_ctrlflag, 0, sizeof(in->op.o_ctrlflag));
	BER_BVZERO(&in->op.o_csn);
	slap_op_time(&in->op.o_time, &in->op.o_tincr);
	return LDAP_SUCCESS;
}

/* inner_end - the result */
static int
inner_end(const struct inner *in, int rc)
{
	if (rc == LDAP_SUCCESS)
		rc = in->rs.sr_err;
	return rc < 0 || rc == SLAP_CB_CONTINUE ? LDAP_OTHER : rc;
}

int
mods_write(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, Modifications **mods)
{
	struct inner in;
	int rc = inner_begin(&in, op, m, LDAP_REQ_MODIFY, dn, ndn);

	if (rc == LDAP_SUCCESS) {
		in.op.orm_modlist = *mods;
		rc = inner_end(&in, m->db->be_modify(&in.op, &in.rs));
		/* The database may have appended to the list, or put something in front of it. */
		*mods = in.op.orm_modlist;
	}
	mods_free(mods);
	return rc;
}

int
mods_rename(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, struct berval *rdn, struct berval *nrdn)
{
	struct inner in;
	int rc = inner_begin(&in, op, m, LDAP_REQ_MODRDN, dn, ndn);

	if (rc != LDAP_SUCCESS)
		return rc;
	in.op.orr_newrdn = *rdn;
	in.op.orr_nnewrdn = *nrdn;
	in.op.orr_deleteoldrdn = 1;
	rc = slap_modrdn2mods(&in.op, &in.rs);
	if (rc == LDAP_SUCCESS)
		rc = inner_end(&in, m->db->be_modrdn(&in.op, &in.rs));
	if (in.op.orr_modlist != NULL)
		slap_mods_free(in.op.orr_modlist, 1);
	return rc;
}

static int
is_write(slap_operation_t which)
{
	return which == op_add || which == op_modify || which == op_modrdn || which == op_delete;
}

int
op_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy)
{
	slap_overinfo *oi = m->on->on_info;
	slap_overinst *on;
	BackendInfo *saved = op->o_bd->bd_info, *bi;
	int rc = SLAP_CB_CONTINUE;

	if (is_write(which))
		writes_enter();
	for (on = m->on->on_next; on != NULL && rc == SLAP_CB_CONTINUE; on = on->on_next) {
		bi = &on->on_bi;
		if ((bi->bi_flags & SLAPO_BFLAG_DISABLED) || (!with_ppolicy && strcmp(bi->bi_type, "ppolicy") == 0) ||
		    (&bi->bi_op_bind)[which] == NULL)
			continue;
		op->o_bd->bd_info = bi;
		rc = (&bi->bi_op_bind)[which](op, rs);
	}
	if (rc == SLAP_CB_CONTINUE || rc == SLAP_CB_BYPASS) {
		op->o_bd->bd_info = oi->oi_orig;
		rc = (&oi->oi_orig->bi_op_bind)[which](op, rs);
	}
	op->o_bd->bd_info = saved;
	if (is_write(which))
		writes_leave();
	return rc;
}

/* onwards - what a hook returned, or the rest of the way for what it let pass */
static int
onwards(Operation *op, SlapReply *rs, slap_operation_t which, int rc)
{
	return rc == SLAP_CB_CONTINUE ? op_walk(op, rs, muster_of(op), which, 1) : rc;
}

int
add_entrance(Operation *op, SlapReply *rs)
{
	return onwards(op, rs, op_add, add_hook(op, rs));
}

int
modrdn_entrance(Operation *op, SlapReply *rs)
{
	if (is_internal(op))
		return op_walk(op, rs, muster_of(op), op_modrdn, 0);
	return onwards(op, rs, op_modrdn, modrdn_hook(op, rs));
}

int
delete_entrance(Operation *op, SlapReply *rs)
{
	return onwards(op, rs, op_delete, delete_hook(op, rs));
}

int
modify_entrance(Operation *op, SlapReply *rs)
{
	if (is_internal(op))
		return op_walk(op, rs, muster_of(op), op_modify, 0);
	return onwards(op, rs, op_modify, modify_hook(op, rs));
}
