/*
 * entry.c - one entry, by its name, and what it lies in.
 */
#include "slapd/entry.h"

#include "common/err.h"
#include "slapd/muster.h"

int
entry_read(Operation *op, struct berval *ndn, Entry **e_out)
{
	int rc = be_entry_get_rw(op, ndn, NULL, NULL, 0, e_out);

	if (rc == LDAP_SUCCESS && *e_out != NULL)
		return 0;
	*e_out = NULL;
	return rc == LDAP_SUCCESS || rc == LDAP_NO_SUCH_OBJECT ? ERR_NOT_FOUND : ERR_IO;
}

Entry *
entry_fetch(Operation *op, struct berval *ndn)
{
	Entry *e = NULL;

	(void)entry_read(op, ndn, &e);
	return e;
}

int
organization_find(Operation *op, struct muster *m, const struct berval *ndn, Entry **e_out)
{
	struct berval at = *ndn, up;
	int r;

	*e_out = NULL;
	while (dnIsSuffix(&at, &m->db->be_nsuffix[0]) && at.bv_len > m->db->be_nsuffix[0].bv_len) {
		dnParent(&at, &up);
		at = up;
		r = entry_read(op, &at, e_out);
		if (r == ERR_NOT_FOUND)
			continue;
		if (r < 0 || is_entry_objectclass(*e_out, muster_oc_organization, 0))
			return r;
		be_entry_release_r(op, *e_out);
		*e_out = NULL;
	}
	return ERR_NOT_FOUND;
}

int
depth_below(const struct muster *m, const char *rdn, const struct berval *ndn)
{
	const struct berval *base = &m->base_ndn;
	struct berval one = *ndn, parent;
	size_t len = strlen(rdn);
	int depth;

	for (depth = 0; !BER_BVISEMPTY(&one); depth++) {
		if (one.bv_len == len + base->bv_len && memcmp(one.bv_val, rdn, len) == 0 &&
		    memcmp(one.bv_val + len, base->bv_val, base->bv_len) == 0)
			return depth;
		dnParent(&one, &parent);
		one = parent;
	}
	return -1;
}

Entry *
organization_above(Operation *op, struct muster *m, const struct berval *ndn)
{
	Entry *e;

	(void)organization_find(op, m, ndn, &e);
	return e;
}
