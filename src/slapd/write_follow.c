/*
 * write_follow.c - what has to change together with a write, in entries of its own: an OWNER's name in organizations, access
 *                  URLs of services. Stored together or not at all.
 */
#include "slapd/write.h"

#include "slapd/alone.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

#define TEXT_STORE "what belongs to this change cannot be stored: see slapd's log"

Modifications **
write_follow(struct write *w, const struct berval *dn, const struct berval *ndn)
{
	struct write_follower *one, **end = &w->followers;

	for (; *end != NULL; end = &(*end)->next)
		if (bvmatch(&(*end)->ndn, ndn))
			return &(*end)->mods;
	one = ch_calloc(1, sizeof(*one));
	ber_dupbv(&one->dn, (struct berval *)dn);
	ber_dupbv(&one->ndn, (struct berval *)ndn);
	*end = one;
	return &one->mods;
}

void
write_follow_delete(struct write *w, const struct berval *dn, const struct berval *ndn)
{
	struct write_follower *one = ch_calloc(1, sizeof(*one)), **end = &w->followers;

	ber_dupbv(&one->dn, (struct berval *)dn);
	ber_dupbv(&one->ndn, (struct berval *)ndn);
	one->deletes = 1;
	while (*end != NULL)
		end = &(*end)->next;
	*end = one;
}

static void
followers_free(struct write *w)
{
	struct write_follower *one;

	while ((one = w->followers) != NULL) {
		w->followers = one->next;
		mods_free(&one->mods);
		ch_free(one->dn.bv_val);
		ch_free(one->ndn.bv_val);
		ch_free(one);
	}
}

void
write_alone(struct write *w)
{
	/* A write of an overlay below us, or of our own that is alone already, is inside of another. */
	if (!w->alone)
		w->alone = alone_begin() == 0;
}

void
write_not_alone(struct write *w)
{
	if (w->alone)
		alone_end();
	w->alone = 0;
}

void
write_end(struct write *w)
{
	followers_free(w);
	write_not_alone(w);
}

int
write_followers_store(struct write *w)
{
	struct write_follower *one;
	int rc = LDAP_SUCCESS;

	for (one = w->followers; one != NULL && rc == LDAP_SUCCESS; one = one->next) {
		rc = one->deletes ? internal_delete(w->op, w->m->db, &one->dn, &one->ndn)
		                  : mods_write(w->op, w->m, &one->dn, &one->ndn, &one->mods);
		if (rc == LDAP_SUCCESS)
			continue;
		Debug(LDAP_DEBUG_ANY, "%s muster: %s cannot follow a change of %s: %d\n", w->op->o_log_prefix, one->dn.bv_val,
		      w->op->o_req_dn.bv_val, rc);
		rc = LDAP_OTHER;
	}
	return rc;
}

/* follow - the same, with the text of a failure in answer */
static int
follow(struct write *w, struct transaction_answer *answer)
{
	int rc = write_followers_store(w);

	if (rc != LDAP_SUCCESS)
		snprintf(answer->text, sizeof(answer->text), TEXT_STORE);
	return rc;
}

/*
 * in_turn - for a delete: what goes with it first, so that nothing is left whose member or application is gone. back-mdb 2.5 says
 *           in a transaction that a delete failed when it took the last entry below another.
 */
static int
in_turn(struct write *w, slap_operation_t which, int with_ppolicy, struct transaction_answer *answer)
{
	int rc = follow(w, answer);

	return rc == LDAP_SUCCESS ? transaction_walk(w->op, w->rs, w->m, which, with_ppolicy, answer) : rc;
}

/* together - the write first, which may be refused, then what follows it. out: the result, the text of a failure in answer */
static int
together(struct write *w, slap_operation_t which, int with_ppolicy, struct transaction_answer *answer)
{
	struct transaction t;
	int rc;

	/* Inside of a write that is alone already, its transaction is ours. */
	if (w->alone && transaction_begin(w->op, w->m, &t) < 0) {
		snprintf(answer->text, sizeof(answer->text), TEXT_STORE);
		return LDAP_OTHER;
	}
	rc = transaction_walk(w->op, w->rs, w->m, which, with_ppolicy, answer);
	if (rc == LDAP_SUCCESS)
		rc = follow(w, answer);
	return w->alone ? transaction_end(&t, rc) : rc;
}

int
write_carry_out(struct write *w, slap_operation_t which, int with_ppolicy, enum connections_scope scope)
{
	struct transaction_answer answer;
	struct berval ndn;
	int own = 0;

	if (w->followers == NULL && !w->alone)
		return scope != END_NONE ? connections_end_walk(w->op, w->rs, w->m, which, with_ppolicy, scope)
		                         : op_walk(w->op, w->rs, w->m, which, with_ppolicy);
	ber_dupbv(&ndn, &w->op->o_req_ndn);
	answer.text[0] = '\0';
	answer.result = w->followers == NULL ? transaction_walk(w->op, w->rs, w->m, which, with_ppolicy, &answer)
	                : which == op_delete ? in_turn(w, which, with_ppolicy, &answer)
	                                     : together(w, which, with_ppolicy, &answer);
	if (scope != END_NONE && answer.result == LDAP_SUCCESS)
		own = connections_end(w->op, &ndn, scope);
	ch_free(ndn.bv_val);
	write_not_alone(w);
	transaction_answer(w->op, w->rs, w->m, &answer);
	if (own)
		connections_end_own(w->op);
	return answer.result;
}

int
write_conclude(struct write *w, slap_operation_t which, int rc)
{
	if (rc != LDAP_SUCCESS) {
		write_audit(w, rc);
		return write_answer(w, rc);
	}
	rc = write_carry_out(w, which, 1, END_NONE);
	write_audit(w, rc);
	return rc;
}
