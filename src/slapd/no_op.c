/*
 * no_op.c - writes that are only tried (No-Op control, draft-zeilenga-ldap-noop): answered here, never by the database.
 *
 * back-mdb carries such a write out in a transaction that it gives up. Of attributes that no entry had before it keeps the numbers
 * that it gave them in it, and what is stored with one of these later cannot be read by anybody (seen with 2.5.13; "internal
 * error" in mdb_entry_decode). Whoever may write one attribute of the own entry could do that to the whole directory.
 *
 * So adds, and changes of entries that are no member's, are judged like others and answered before anything is written, given out or
 * counted. What cannot be judged without doing it (a code would have to be spent) is refused.
 */
#include "slapd/write.h"

#include "slapd/muster.h"

#define TEXT_NOT_TRIED "this is not only tried: leave the No-Op control out"

/* Overlays below us that look and write nothing. */
static const char *const lookers[] = { "unique", "constraint" };

static int
is_looker(const slap_overinst *on)
{
	size_t i;

	if (on->on_bi.bi_flags & SLAPO_BFLAG_DISABLED)
		return 0;
	for (i = 0; i < sizeof(lookers) / sizeof(lookers[0]); i++) {
		if (strcmp(on->on_bi.bi_type, lookers[i]) == 0)
			return 1;
	}
	return 0;
}

/* ask_others - what others would refuse; they answer by themselves. Returns what the last one returned. */
static int
ask_others(struct write *w, slap_operation_t which)
{
	BackendInfo *own = w->op->o_bd->bd_info;
	slap_overinst *on;
	int rc = SLAP_CB_CONTINUE;

	for (on = w->m->on->on_next; on != NULL && rc == SLAP_CB_CONTINUE; on = on->on_next) {
		if (!is_looker(on) || (&on->on_bi.bi_op_bind)[which] == NULL)
			continue;
		w->op->o_bd->bd_info = &on->on_bi;
		rc = (&on->on_bi.bi_op_bind)[which](w->op, w->rs);
	}
	w->op->o_bd->bd_info = own;
	return rc;
}

static int
is_there(struct write *w)
{
	Entry *e = write_entry_get(w, &w->op->o_req_ndn);

	if (e != NULL)
		write_entry_release(w, e);
	return e != NULL;
}

static int
check_schema(struct write *w)
{
	char buffer[SLAP_TEXT_BUFLEN];
	const char *text = NULL;
	int rc = entry_schema_check(w->op, w->op->ora_e, NULL, get_relax(w->op), 1, NULL, &text, buffer, sizeof(buffer));

	return rc == LDAP_SUCCESS ? rc : write_refuse(w, rc, text != NULL ? text : "");
}

/* has_secret - a password would have to be judged and hashed, a seed to be sealed */
static int
has_secret(Entry *e)
{
	Attribute *a;

	for (a = e->e_attrs; a != NULL; a = a->a_next) {
		if (type_is(a->a_desc, slap_schema.si_ad_userPassword) || type_is(a->a_desc, muster_ad.oath_secret))
			return 1;
	}
	return 0;
}

static int
check_add(struct write *w)
{
	Entry *e = w->op->ora_e;
	int rc;

	if (write_has_own_way(w) || has_secret(e))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, TEXT_NOT_TRIED);
	rc = write_may_add(w, e);
	if (rc == LDAP_SUCCESS && is_there(w))
		rc = write_refuse(w, LDAP_ALREADY_EXISTS, "");
	return rc == LDAP_SUCCESS ? check_schema(w) : rc;
}

int
no_op_check_modify(struct write *w, Entry *e, int ours)
{
	if (ours || write_has_own_way(w))
		return write_refuse(w, LDAP_UNWILLING_TO_PERFORM, TEXT_NOT_TRIED);
	return write_may_modify(w, e) ? LDAP_SUCCESS : write_refuse(w, LDAP_INSUFFICIENT_ACCESS, "");
}

int
no_op_refuse(struct write *w)
{
	return w->op->o_noop ? write_refuse(w, LDAP_UNWILLING_TO_PERFORM, TEXT_NOT_TRIED) : LDAP_SUCCESS;
}

int
no_op_answer(struct write *w, slap_operation_t which)
{
	int rc = which == op_add ? check_add(w) : LDAP_SUCCESS;

	if (rc == LDAP_SUCCESS) {
		write_not_alone(w);
		rc = ask_others(w, which);
		if (rc != SLAP_CB_CONTINUE) {
			write_audit(w, w->rs->sr_err);
			return rc;
		}
		rc = LDAP_X_NO_OPERATION;
	}
	write_audit(w, rc);
	return write_answer(w, rc);
}
