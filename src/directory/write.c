/*
 * write.c - add, modify, delete.
 */
#include <stdlib.h>

#include "directory/internal.h"

#define RELAX_OID "1.3.6.1.4.1.4203.666.5.12" /* draft-zeilenga-ldap-relax */
#define NO_OP_OID "1.3.6.1.4.1.4203.666.5.2"  /* draft-zeilenga-ldap-noop */

/* libldap's form of changes: arrays of pointers into the caller's values, nothing copied. */
struct mods {
	LDAPMod **list; /* NULL-terminated */
	LDAPMod *mods;
	struct berval **values; /* of all mods, each part NULL-terminated */
	struct berval *octets;
};

static void
mods_free(struct mods *m)
{
	free(m->list);
	free(m->mods);
	free(m->values);
	free(m->octets);
}

static int
mods_op(enum directory_change_op op)
{
	switch (op) {
	case CHANGE_ADD:
		return LDAP_MOD_ADD | LDAP_MOD_BVALUES;
	case CHANGE_DELETE:
		return LDAP_MOD_DELETE | LDAP_MOD_BVALUES;
	default:
		return LDAP_MOD_REPLACE | LDAP_MOD_BVALUES;
	}
}

static int
mods_make(const struct directory_change *changes, size_t n, struct mods *m)
{
	size_t i, k, total = 0, octet = 0, value = 0;

	*m = (struct mods){ .list = NULL };
	for (i = 0; i < n; i++)
		total += changes[i].values_len;
	m->list = calloc(n + 1, sizeof(*m->list));
	m->mods = calloc(n + 1, sizeof(*m->mods));
	m->values = calloc(total + n + 1, sizeof(*m->values));
	m->octets = calloc(total + 1, sizeof(*m->octets));
	if (m->list == NULL || m->mods == NULL || m->values == NULL || m->octets == NULL)
		return ERR_MEMORY;
	for (i = 0; i < n; i++) {
		m->list[i] = &m->mods[i];
		m->mods[i].mod_op = mods_op(changes[i].op);
		m->mods[i].mod_type = (char *)changes[i].attribute;
		if (changes[i].values_len == 0)
			continue;
		m->mods[i].mod_bvalues = &m->values[value];
		for (k = 0; k < changes[i].values_len; k++) {
			m->octets[octet].bv_val = (char *)changes[i].values[k].data;
			m->octets[octet].bv_len = changes[i].values[k].len;
			m->values[value++] = &m->octets[octet++];
		}
		value++; /* the part's NULL */
	}
	return 0;
}

int
directory_add(struct directory *d, const char *dn, const struct directory_change *attributes, size_t n)
{
	struct mods m;
	int msgid = -1, rc, r;

	r = call_begin(d);
	if (r != 0)
		return r;
	r = mods_make(attributes, n, &m);
	if (r == 0) {
		rc = ldap_add_ext(d->ld, dn, m.list, NULL, NULL, &msgid);
		r = rc == LDAP_SUCCESS ? call_finish(d, msgid) : call_error(d, rc);
	}
	mods_free(&m);
	return r;
}

/* in: controls  may be NULL */
static int
modify(struct directory *d, const char *dn, const struct directory_change *changes, size_t n, LDAPControl **controls)
{
	struct mods m;
	int msgid = -1, rc, r;

	r = call_begin(d);
	if (r != 0)
		return r;
	r = mods_make(changes, n, &m);
	if (r == 0) {
		rc = ldap_modify_ext(d->ld, dn, m.list, controls, NULL, &msgid);
		r = rc == LDAP_SUCCESS ? call_finish(d, msgid) : call_error(d, rc);
	}
	mods_free(&m);
	return r;
}

int
directory_modify(struct directory *d, const char *dn, const struct directory_change *changes, size_t n)
{
	return modify(d, dn, changes, n, NULL);
}

int
directory_repair(struct directory *d, const char *dn, const struct directory_change *changes, size_t n)
{
	LDAPControl relax = { .ldctl_oid = (char *)RELAX_OID, .ldctl_iscritical = 1 }, *controls[] = { &relax, NULL };

	return modify(d, dn, changes, n, controls);
}

/* --- several at once ----------------------------------------------------------------------------- */

/* What a write is sent with. */
struct conditions {
	LDAPControl no_op, *assertion;
	LDAPControl *list[3]; /* NULL-terminated */
};

static int
conditions_make(struct directory *d, int only_try, const char *only_if, struct conditions *c)
{
	size_t n = 0;
	int rc = LDAP_SUCCESS;

	*c = (struct conditions){ .no_op = { .ldctl_oid = (char *)NO_OP_OID, .ldctl_iscritical = 1 } };
	if (only_try)
		c->list[n++] = &c->no_op;
	if (only_if != NULL)
		rc = ldap_create_assertion_control(d->ld, (char *)only_if, 1, &c->assertion);
	if (c->assertion != NULL)
		c->list[n] = c->assertion;
	return rc;
}

static int
send_write(struct directory *d, const char *dn, enum directory_write write, LDAPMod **mods, LDAPControl **controls, int *id_out)
{
	int rc;

	if (write == WRITE_ADD)
		rc = ldap_add_ext(d->ld, dn, mods, controls, NULL, id_out);
	else if (write == WRITE_MODIFY)
		rc = ldap_modify_ext(d->ld, dn, mods, controls, NULL, id_out);
	else
		rc = ldap_delete_ext(d->ld, dn, controls, NULL, id_out);
	return rc;
}

int
directory_write_begin(struct directory *d, const char *dn, enum directory_write write,
                      const struct directory_change *changes, size_t n, int only_try, const char *only_if, int *id_out)
{
	struct conditions conditions = { .assertion = NULL };
	struct mods m = { .list = NULL };
	int rc = LDAP_NO_MEMORY, r;

	*id_out = -1;
	r = call_begin(d);
	if (r != 0)
		return r;
	if (mods_make(changes, n, &m) == 0)
		rc = conditions_make(d, only_try, only_if, &conditions);
	if (rc == LDAP_SUCCESS)
		rc = send_write(d, dn, write, m.list, *conditions.list != NULL ? conditions.list : NULL, id_out);
	if (rc != LDAP_SUCCESS)
		*id_out = -1;
	ldap_control_free(conditions.assertion);
	mods_free(&m);
	return call_error(d, rc);
}

int
directory_collect(struct directory *d, int *id_out, int *r_out)
{
	LDAPMessage *message = NULL;
	int r;

	*id_out = -1;
	*r_out = ERR_INTERNAL;
	r = call_begin(d);
	if (r == 0)
		r = call_wait(d, LDAP_RES_ANY, LDAP_MSG_ALL, call_deadline(d), &message);
	if (r != 0)
		return r;
	r = call_result(d, message, NULL);
	if (r == 0) {
		*id_out = ldap_msgid(message);
		*r_out = d->result == LDAP_X_NO_OPERATION ? 0 : result_error(d);
	}
	ldap_msgfree(message);
	return r;
}

/* --- one entry ----------------------------------------------------------------------------------- */

int
directory_delete(struct directory *d, const char *dn)
{
	int msgid = -1, rc, r;

	r = call_begin(d);
	if (r != 0)
		return r;
	rc = ldap_delete_ext(d->ld, dn, NULL, NULL, &msgid);
	return rc == LDAP_SUCCESS ? call_finish(d, msgid) : call_error(d, rc);
}
