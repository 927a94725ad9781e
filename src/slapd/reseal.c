/*
 * reseal.c - what lies in the directory otherwise than we would write it today, put right in the background: seeds sealed with
 *            a key that is not the active one, and what slapadd brought past the overlay, plain seeds and plain passwords.
 *
 * A task of slapd's run queue. It looks when the database opens and whenever the keys are read, works in small batches and
 * rests until the next time when nothing is left. Each write deletes what was read and adds what takes its place, so
 * whoever writes at the same time wins and is looked at again. A crash loses nothing: a value is the old one or the new one.
 */
#include "slapd/reseal.h"

#include "common/secret.h"
#include "core/keyring.h"
#include "core/pwhash.h"
#include "core/seal.h"
#include "core/totp.h"
#include "slapd/account.h"
#include "slapd/internal.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/source.h"
#include "slapd/task.h"

#define FIRST_SEC 1     /* from the wish to the first batch, and from batch to batch */
#define POSTPONED_SEC 5 /* when somebody else was at the entries that are left */
#define AGAIN_SEC 60    /* when the directory takes no writes */
#define BATCH 100       /* entries */
#define FOUND_MAX 10000 /* names held in memory; the others are found by the next search */

#define FILTER "(&(|(objectClass=musterMember)(objectClass=musterAccount))(|(oathSecret=*)(userPassword=*)))"

struct reseal {
	struct muster *m;
	struct task *task;
	BerVarray names; /* normalized, of entries that are due; NULL: to be searched for */
	int names_len, next;
	unsigned sealed, hashed; /* since the last report */
	unsigned written;        /* since the last search */
	unsigned unusable;       /* since the last search: nobody can open or hash them */
	int postponed;           /* in this round: somebody else was at them */
};

enum state { STATE_MORE, STATE_POSTPONED, STATE_LATER, STATE_DONE };

/* --- what is due ---------------------------------------------------------------------------------- */

/* seed_due - 1 when a stored seed is to be sealed anew; *unusable_out counts what no key of ours opens */
static int
seed_due(const struct keyring *ring, const struct berval *stored, unsigned *unusable_out)
{
	char id[KEYRING_ID_MAX + 1];
	size_t i;

	if (!seal_is_sealed(stored->bv_val, stored->bv_len)) {
		if (stored->bv_len >= TOTP_SEED_MIN && stored->bv_len <= TOTP_SEED_MAX)
			return 1;
		++*unusable_out;
		return 0;
	}
	if (seal_key_id(stored->bv_val, stored->bv_len, id) == 0)
		for (i = 0; keyring_id(ring, i) != NULL; i++)
			if (strcmp(keyring_id(ring, i), id) == 0)
				return i > 0;
	++*unusable_out;
	return 0;
}

/* password_due - the plain password among the stored values, NULL for none. "{...}" may be a scheme we do not know. */
static const struct berval *
password_due(BerVarray stored)
{
	for (; stored != NULL && !BER_BVISNULL(stored); stored++)
		if (!BER_BVISEMPTY(stored) &&
		    (stored->bv_val[0] != '{' || memchr(stored->bv_val, '}', stored->bv_len) == NULL))
			return stored;
	return NULL;
}

static void
look_at(Entry *e, void *arg)
{
	struct reseal *reseal = arg;
	Attribute *seed = attr_find(e->e_attrs, muster_ad.oath_secret);
	Attribute *password = attr_find(e->e_attrs, slap_schema.si_ad_userPassword);
	struct berval name;

	if (reseal->names_len == FOUND_MAX || !member_is(e))
		return;
	if ((seed == NULL || !seed_due(reseal->m->ring, &seed->a_vals[0], &reseal->unusable)) &&
	    (password == NULL || password_due(password->a_vals) == NULL))
		return;
	ber_dupbv(&name, &e->e_nname);
	ber_bvarray_add(&reseal->names, &name);
	reseal->names_len++;
}

static void
forget_names(struct reseal *reseal)
{
	ber_bvarray_free(reseal->names);
	reseal->names = NULL;
	reseal->names_len = reseal->next = 0;
}

/* --- one entry ------------------------------------------------------------------------------------ */

static void
swap_value(Modifications **mods, AttributeDescription *ad, const struct berval *old, const char *text)
{
	mods_add(mods, LDAP_MOD_DELETE, ad, old);
	mods_add_text(mods, LDAP_MOD_ADD, ad, text);
}

/* plan_seed - error: ERR_SEAL and others, it cannot be opened */
static int
plan_seed(struct muster *m, const struct member *member, Modifications **mods)
{
	const struct berval *stored = &member->seed_sealed;
	uint8_t plain[SEAL_PLAIN_MAX];
	char sealed[SEAL_TEXT_MAX];
	size_t len = 0;
	int r = 0;

	if (seal_is_sealed(stored->bv_val, stored->bv_len)) {
		r = seal_open(m->ring, member->uuid, strlen(member->uuid), stored->bv_val, stored->bv_len, plain, &len);
	} else {
		len = stored->bv_len;
		memcpy(plain, stored->bv_val, len);
	}
	if (r == 0)
		r = seal_close(m->ring, member->uuid, strlen(member->uuid), plain, len, sealed);
	if (r == 0)
		swap_value(mods, muster_ad.oath_secret, stored, sealed);
	secret_wipe_array(plain);
	return r;
}

/* plan_password - error: as pwhash_make() */
static int
plan_password(struct muster *m, const struct berval *stored, Modifications **mods)
{
	char hash[PWHASH_TEXT_MAX];
	int r = pwhash_make(&m->cost, (const uint8_t *)stored->bv_val, stored->bv_len, hash);

	if (r == 0)
		swap_value(mods, slap_schema.si_ad_userPassword, stored, hash);
	secret_wipe_array(hash);
	return r;
}

/* put_right - write one member. out: LDAP result code; LDAP_SUCCESS as well when there was nothing to write */
static int
put_right(Operation *op, struct reseal *reseal, const struct member *member)
{
	struct berval dn = member->dn, ndn = member->ndn;
	const struct berval *password = password_due(member->passwords);
	Modifications *mods = NULL;
	unsigned ignored = 0;
	int sealed = 0, hashed = 0, rc;

	if (!BER_BVISNULL(&member->seed_sealed) && seed_due(reseal->m->ring, &member->seed_sealed, &ignored)) {
		sealed = plan_seed(reseal->m, member, &mods) == 0;
		reseal->unusable += !sealed;
	}
	if (password != NULL) {
		hashed = plan_password(reseal->m, password, &mods) == 0;
		reseal->unusable += !hashed;
	}
	if (mods == NULL)
		return LDAP_SUCCESS;
	rc = mods_write(op, reseal->m, &dn, &ndn, &mods);
	if (rc == LDAP_SUCCESS) {
		reseal->sealed += sealed;
		reseal->hashed += hashed;
		reseal->written++;
	}
	return rc;
}

/*
 * one_entry - with the account reserved, so that a removal that was proved with a code of the present seal does not find
 *             another one. Entries that are gone, in use or written meanwhile are left for the next search.
 */
static int
one_entry(Operation *op, struct reseal *reseal, struct berval *ndn)
{
	struct muster *m = reseal->m;
	struct account_try *hold = NULL;
	struct member *member = NULL;
	struct attempt attempt;
	struct source source;
	int rc = LDAP_SUCCESS;

	if (member_load(op, m, ndn, &member) < 0)
		return LDAP_SUCCESS;
	attempt_at(op, m, member, ndn, NULL, &source, &attempt);
	if (account_reserve(m->accounts, &attempt, &hold) == 0 &&
	    member_is_current(op, m, member))
		rc = put_right(op, reseal, member);
	else
		reseal->postponed = 1;
	account_release(&hold);
	member_free(&member);
	if (rc == LDAP_NO_SUCH_ATTRIBUTE || rc == LDAP_NO_SUCH_OBJECT) {
		reseal->postponed = 1;
		rc = LDAP_SUCCESS;
	}
	return rc;
}

/* --- the task ------------------------------------------------------------------------------------- */

static void
report(struct reseal *reseal)
{
	if (reseal->sealed + reseal->hashed > 0)
		Debug(LDAP_DEBUG_ANY, "muster: %u second factors were sealed with key %s, %u plain passwords were hashed\n",
		      reseal->sealed, keyring_active_id(reseal->m->ring), reseal->hashed);
	if (reseal->unusable > 0)
		Debug(LDAP_DEBUG_ANY, "muster: %u second factors or passwords cannot be used: their key is not in %s, or they are no "
		      "seed or no text\n", reseal->unusable, reseal->m->key_file);
	reseal->sealed = reseal->hashed = reseal->unusable = 0;
}

static enum state
search(Operation *op, struct reseal *reseal)
{
	struct berval *suffix = &reseal->m->db->be_nsuffix[0];

	reseal->unusable = reseal->written = 0;
	reseal->postponed = 0;
	if (internal_search(op, reseal->m->db, suffix, FILTER, 0, look_at, reseal) != LDAP_SUCCESS)
		return STATE_LATER;
	if (reseal->names_len > 0)
		return STATE_MORE;
	report(reseal);
	return STATE_DONE;
}

static enum state
batch(Operation *op, struct reseal *reseal)
{
	int i;

	for (i = 0; i < BATCH && reseal->next < reseal->names_len && !slapd_shutdown; i++)
		if (one_entry(op, reseal, &reseal->names[reseal->next++]) != LDAP_SUCCESS) {
			forget_names(reseal);
			return STATE_LATER;
		}
	if (reseal->next < reseal->names_len)
		return STATE_MORE;
	forget_names(reseal);
	if (reseal->written > 0)
		return STATE_MORE;
	/* What can be changed by nobody stays as it is. */
	report(reseal);
	return reseal->postponed ? STATE_POSTPONED : STATE_DONE;
}

static int
work(Operation *op, struct muster *m, void *arg)
{
	static const int pause_sec[] = { [STATE_MORE] = FIRST_SEC, [STATE_POSTPONED] = POSTPONED_SEC, [STATE_LATER] = AGAIN_SEC,
		[STATE_DONE] = TASK_REST };
	struct reseal *reseal = arg;

	(void)m;
	return pause_sec[reseal->names == NULL ? search(op, reseal) : batch(op, reseal)];
}

void
reseal_wish(struct muster *m)
{
	struct reseal *reseal = m->reseal;

	/* slapd stands still while its configuration changes, so the task does not run now. */
	if (reseal == NULL) {
		reseal = ch_calloc(1, sizeof(*reseal));
		reseal->m = m;
		m->reseal = reseal;
	}
	forget_names(reseal);
	task_wish(&reseal->task, m, "muster_reseal", FIRST_SEC, work, reseal);
}

void
reseal_end(struct muster *m)
{
	struct reseal *reseal = m->reseal;

	if (reseal == NULL)
		return;
	task_end(&reseal->task);
	forget_names(reseal);
	ch_free(reseal);
	m->reseal = NULL;
}
