/*
 * internal.c - operations of the overlay's own, carried out as the rootdn with nothing of the caller's request:
 *              no controls, no limits, an own change number.
 */
#include "slapd/exop.h"

struct internal {
	Operation op;
	Opheader header;
	SlapReply rs;
	slap_callback callback;
};

/* internal_begin - a copy of op that can carry another request on the same thread */
static void
internal_begin(struct internal *in, Operation *op, BackendDB *be, ber_tag_t tag, struct berval *dn, struct berval *ndn)
{
	memset(in, 0, sizeof(*in));
	in->op = *op;
	in->header = *op->o_hdr;
	in->op.o_hdr = &in->header;
	/* The request is a union, and the controls belong to the caller. */
	memset(&in->op.o_request, 0, sizeof(in->op.o_request));
	in->op.o_ctrls = NULL;
	memset(in->op.o_ctrlflag, 0, sizeof(in->op.o_ctrlflag));
	BER_BVZERO(&in->op.o_csn);
	in->op.o_tag = tag;
	in->op.o_bd = be;
	in->op.o_abandon = 0;
	in->op.o_dn = be->be_rootdn;
	in->op.o_ndn = be->be_rootndn;
	in->op.o_req_dn = *dn;
	in->op.o_req_ndn = *ndn;
	slap_op_time(&in->op.o_time, &in->op.o_tincr);
	in->callback.sc_response = slap_null_cb;
	in->op.o_callback = &in->callback;
	in->rs.sr_type = REP_RESULT;
}

/* internal_end - the result; whatever a function returns instead of one is a failure */
static int
internal_end(struct internal *in, int rc)
{
	return rc == LDAP_SUCCESS ? in->rs.sr_err : rc > 0 ? rc : LDAP_OTHER;
}

struct search_state {
	internal_found *found;
	void *arg;
};

static int
search_entry(Operation *op, SlapReply *rs)
{
	struct search_state *state = op->o_callback->sc_private;

	if (rs->sr_type == REP_SEARCH)
		state->found(rs->sr_entry, state->arg);
	return 0;
}

int
internal_search(Operation *op, BackendDB *be, struct berval *base_ndn, const char *filter, int limit,
                internal_found *found, void *arg)
{
	struct search_state state = { found, arg };
	struct internal in;
	int rc;

	internal_begin(&in, op, be, LDAP_REQ_SEARCH, base_ndn, base_ndn);
	in.callback.sc_response = search_entry;
	in.callback.sc_private = &state;
	in.op.ors_scope = LDAP_SCOPE_SUBTREE;
	in.op.ors_deref = LDAP_DEREF_NEVER;
	in.op.ors_slimit = limit > 0 ? limit : SLAP_NO_LIMIT;
	in.op.ors_tlimit = SLAP_NO_LIMIT;
	in.op.ors_attrs = slap_anlist_all_attributes;
	in.op.ors_filter = str2filter_x(&in.op, filter);
	if (in.op.ors_filter == NULL)
		return LDAP_FILTER_ERROR;
	ber_str2bv(filter, 0, 0, &in.op.ors_filterstr);
	rc = be->be_search(&in.op, &in.rs);
	filter_free_x(op, in.op.ors_filter, 1);
	return internal_end(&in, rc);
}

int
internal_add(Operation *op, BackendDB *be, Entry *e)
{
	struct internal in;
	int rc;

	internal_begin(&in, op, be, LDAP_REQ_ADD, &e->e_name, &e->e_nname);
	in.op.ora_e = e;
	rc = be->be_add(&in.op, &in.rs);
	if (in.op.ora_e == e) {
		if (rc == LDAP_SUCCESS)
			be_entry_release_w(&in.op, e);
		else
			entry_free(e);
	}
	return internal_end(&in, rc);
}

int
internal_delete(Operation *op, BackendDB *be, struct berval *dn, struct berval *ndn)
{
	struct internal in;

	internal_begin(&in, op, be, LDAP_REQ_DELETE, dn, ndn);
	return internal_end(&in, be->be_delete(&in.op, &in.rs));
}

int
internal_modify(Operation *op, BackendDB *be, struct berval *dn, struct berval *ndn, Modifications **mods)
{
	struct internal in;
	int rc;

	internal_begin(&in, op, be, LDAP_REQ_MODIFY, dn, ndn);
	in.op.orm_modlist = *mods;
	rc = be->be_modify(&in.op, &in.rs);
	/* The database may have put operational attributes in front. */
	*mods = in.op.orm_modlist;
	mods_free(mods);
	return internal_end(&in, rc);
}
