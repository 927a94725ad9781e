/*
 * write_follow.c - what has to change together with a write, in entries of its own: an OWNER's name in organizations, access
 *                  URLs of services. Stored together or not at all.
 */
#include "slapd/write.h"

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
write_end(struct write *w)
{
	followers_free(w);
	if (w->alone)
		alone_end();
	w->alone = 0;
}

/* together - the write first, which may be refused, then what follows it. out: the result, the text of a failure in answer */
static int
together(struct write *w, slap_operation_t which, int with_ppolicy, struct transaction_answer *answer)
{
	struct write_follower *one;
	struct transaction t;
	int rc;

	answer->text[0] = '\0';
	/* Inside of a write that is alone already, its transaction is ours. */
	if (w->alone && transaction_begin(w->op, w->m, &t) < 0) {
		snprintf(answer->text, sizeof(answer->text), TEXT_STORE);
		return LDAP_OTHER;
	}
	rc = transaction_walk(w->op, w->rs, w->m, which, with_ppolicy, answer);
	for (one = w->followers; one != NULL && rc == LDAP_SUCCESS; one = one->next) {
		rc = mods_write(w->op, w->m, &one->dn, &one->ndn, &one->mods);
		if (rc != LDAP_SUCCESS) {
			Debug(LDAP_DEBUG_ANY, "%s muster: %s cannot follow a change of %s: %d\n", w->op->o_log_prefix, one->dn.bv_val,
			      w->op->o_req_dn.bv_val, rc);
			snprintf(answer->text, sizeof(answer->text), TEXT_STORE);
			rc = LDAP_OTHER;
		}
	}
	return w->alone ? transaction_end(&t, rc) : rc;
}

int
write_carry_out(struct write *w, slap_operation_t which, int with_ppolicy, enum connections_scope scope)
{
	struct transaction_answer answer;
	struct berval ndn;
	int own = 0;

	if (w->followers == NULL)
		return scope != END_NONE ? connections_end_walk(w->op, w->rs, w->m, which, with_ppolicy, scope)
		                         : op_walk(w->op, w->rs, w->m, which, with_ppolicy);
	ber_dupbv(&ndn, &w->op->o_req_ndn);
	answer.result = together(w, which, with_ppolicy, &answer);
	if (scope != END_NONE && answer.result == LDAP_SUCCESS)
		own = connections_end(w->op, &ndn, scope);
	ch_free(ndn.bv_val);
	transaction_answer(w->op, w->rs, w->m, &answer);
	if (own)
		connections_end_own(w->op);
	return answer.result;
}
