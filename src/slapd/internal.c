/*
 * internal.c - operations of the overlay's own, carried out as the rootdn with nothing of the caller's request:
 *              no controls, no limits, an own change number.
 */
#include "slapd/internal.h"

#include "slapd/mods.h"
#include "slapd/muster.h"

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

char *
filter_text(const char *format, const struct berval *value)
{
	struct berval copy = *value, escaped = BER_BVNULL;
	size_t len;
	char *text;

	filter_escape_value(&copy, &escaped);
	len = strlen(format) + 2 * escaped.bv_len + 1;
	text = ch_malloc(len);
	snprintf(text, len, format, escaped.bv_val, escaped.bv_val);
	if (escaped.bv_val != copy.bv_val)
		ch_free(escaped.bv_val);
	return text;
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

/* new_begin - an add in somebody's name, on a copy of the database that points at the overlay */
static void
new_begin(struct internal *in, Operation *op, struct muster *m, const struct internal_new *new, BackendDB *db,
          Modifications **mods_out)
{
	char text[SLAP_TEXT_BUFLEN];
	const char *why = NULL;

	*db = *m->db;
	db->be_flags |= SLAP_DBFLAG_OVERLAY;
	db->bd_info = (BackendInfo *)m->on;
	internal_begin(in, op, db, LDAP_REQ_ADD, &new->e->e_name, &new->e->e_nname);
	in->op.o_dn = *new->who_dn;
	in->op.o_ndn = *new->who_ndn;
	in->op.ora_e = new->e;
	*mods_out = NULL;
	(void)slap_entry2mods(new->e, mods_out, &why, text, sizeof(text));
	in->op.ora_modlist = *mods_out;
}

int
internal_may_add(Operation *op, struct muster *m, const struct internal_new *new)
{
	Modifications *mods;
	struct internal in;
	struct berval ndn;
	BackendDB db;
	Entry *parent = new->parent;
	int allowed = 0;

	new_begin(&in, op, m, new, &db, &mods);
	db.bd_info = (BackendInfo *)m->on->on_info;
	dnParent(&new->e->e_nname, &ndn);
	if (parent == NULL && be_entry_get_rw(&in.op, &ndn, NULL, NULL, 0, &parent) != LDAP_SUCCESS)
		parent = NULL;
	if (parent != NULL)
		allowed = access_allowed(&in.op, parent, slap_schema.si_ad_children, NULL, ACL_WADD, NULL) &&
		          access_allowed(&in.op, new->e, slap_schema.si_ad_entry, NULL, ACL_WADD, NULL) &&
		          acl_check_modlist(&in.op, new->e, in.op.ora_modlist);
	if (parent != NULL && new->parent == NULL)
		be_entry_release_r(&in.op, parent);
	slap_mods_free(mods, 1);
	return allowed;
}

int
internal_check_new(Operation *op, struct muster *m, const struct internal_new *new, internal_check *check, void *arg)
{
	Modifications *mods;
	struct internal in;
	BackendDB db;
	int rc;

	new_begin(&in, op, m, new, &db, &mods);
	rc = check(&in.op, &in.rs, arg);
	slap_mods_free(mods, 1);
	return rc;
}

int
internal_add_new(Operation *op, struct muster *m, const struct internal_new *new, char *text, size_t text_len)
{
	Modifications *mods;
	struct internal in;
	BackendDB db;
	int rc;

	new_begin(&in, op, m, new, &db, &mods);
	rc = op_walk(&in.op, &in.rs, m, op_add, 0);
	if (rc != LDAP_SUCCESS && in.rs.sr_text != NULL)
		snprintf(text, text_len, "%s", in.rs.sr_text);
	slap_mods_free(mods, 1);
	if (in.op.ora_e == new->e) {
		db.bd_info = (BackendInfo *)m->on->on_info;
		if (rc == LDAP_SUCCESS)
			be_entry_release_w(&in.op, new->e);
		else
			entry_free(new->e);
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
