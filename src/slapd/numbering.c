/*
 * numbering.c - which numbers of olcMusterNumbers are given.
 *
 * What entries have is read once, when the first number is needed, while nobody writes; from then on every write tells. The next
 * number is kept at ou=organizations and is written ahead of what is given, for many at once: adding members in bulk writes
 * each of them once, and what a crash leaves unused is passed over.
 */
#include "slapd/numbering.h"

#include "common/err.h"
#include "core/numbers.h"
#include "slapd/alone.h"
#include "slapd/entry.h"
#include "slapd/internal.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

#define RESERVED_AT_ONCE 256
#define NUMBERS_FILTER "(|(uidNumber=*)(gidNumber=*))"

struct numbering {
	ldap_pvt_thread_mutex_t mutex; /* nothing is waited for with it */
	struct numbers *pool;          /* NULL: not read yet */
};

void
numbering_new(struct muster *m)
{
	m->numbering = ch_calloc(1, sizeof(*m->numbering));
	ldap_pvt_thread_mutex_init(&m->numbering->mutex);
}

void
numbering_forget(struct muster *m)
{
	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	numbers_free(&m->numbering->pool);
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
}

void
numbering_free(struct muster *m)
{
	numbering_forget(m);
	ldap_pvt_thread_mutex_destroy(&m->numbering->mutex);
	ch_free(m->numbering);
	m->numbering = NULL;
}

int
posix_find(struct posix *posix)
{
	const char *text;

	memset(posix, 0, sizeof(*posix));
	posix->account = oc_find("posixAccount");
	posix->group = oc_find("posixGroup");
	return slap_str2ad("uidNumber", &posix->uid_number, &text) == LDAP_SUCCESS &&
	       slap_str2ad("gidNumber", &posix->gid_number, &text) == LDAP_SUCCESS &&
	       slap_str2ad("homeDirectory", &posix->home_directory, &text) == LDAP_SUCCESS && posix->account != NULL &&
	       posix->group != NULL;
}

/* --- what is stored ------------------------------------------------------------------------------------------ */

/* stored_read - the next number as it is stored, 0 without one. error: ERR_NOT_FOUND */
static int
stored_read(Operation *op, struct muster *m, uint64_t *stored_out)
{
	BackendDB *saved = op->o_bd;
	uint32_t number = 0;
	Attribute *a;
	Entry *e;

	*stored_out = 0;
	op->o_bd = m->db;
	e = entry_fetch(op, &m->organizations_ndn);
	if (e != NULL) {
		a = attr_find(e->e_attrs, muster_ad.next_number);
		if (a != NULL && numbers_parse(a->a_vals[0].bv_val, a->a_vals[0].bv_len, &number) == 0)
			*stored_out = number;
		be_entry_release_r(op, e);
	}
	op->o_bd = saved;
	return e != NULL ? 0 : ERR_NOT_FOUND;
}

/* store - nobody else writes meanwhile. What is stored never becomes less. */
static int
store(Operation *op, struct muster *m, uint64_t number)
{
	Modifications *mods = NULL;
	uint64_t stored;
	char text[24];
	int r = stored_read(op, m, &stored);

	if (r < 0 || stored >= number)
		return r;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	mods_add_text(&mods, LDAP_MOD_REPLACE, muster_ad.next_number, text);
	return mods_write(op, m, &m->organizations_dn, &m->organizations_ndn, &mods) == LDAP_SUCCESS ? 0 : ERR_IO;
}

/* --- what is given ------------------------------------------------------------------------------------------- */

struct reading {
	struct numbers *pool;
	struct posix posix;
	int r;
};

static void
found_values(Entry *e, AttributeDescription *ad, struct reading *reading)
{
	Attribute *a = attr_find(e->e_attrs, ad);
	uint32_t number;
	unsigned i;

	for (i = 0; a != NULL && i < a->a_numvals && reading->r == 0; i++)
		if (numbers_parse(a->a_vals[i].bv_val, a->a_vals[i].bv_len, &number) == 0)
			reading->r = numbers_found(reading->pool, number);
}

static void
found_entry(Entry *e, void *arg)
{
	struct reading *reading = arg;

	found_values(e, reading->posix.uid_number, reading);
	found_values(e, reading->posix.gid_number, reading);
}

/* read_all - the pool, from what entries have. Nobody else writes meanwhile. */
static int
read_all(Operation *op, struct muster *m)
{
	struct reading reading = { .pool = NULL };
	uint64_t stored;
	int rc;

	if (!posix_find(&reading.posix))
		return ERR_NOT_FOUND;
	reading.r = stored_read(op, m, &stored);
	if (reading.r == 0)
		reading.r = numbers_new(m->numbers_range, stored, &reading.pool);
	if (reading.r == 0) {
		rc = internal_search(op, m->db, &m->db->be_nsuffix[0], NUMBERS_FILTER, 0, found_entry, &reading);
		if (rc != LDAP_SUCCESS && reading.r == 0)
			reading.r = ERR_IO;
	}
	if (reading.r < 0) {
		numbers_free(&reading.pool);
		return reading.r;
	}
	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	numbers_free(&m->numbering->pool);
	m->numbering->pool = reading.pool;
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
	return 0;
}

static int
is_read(struct muster *m)
{
	int read;

	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	read = m->numbering->pool != NULL;
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
	return read;
}

/* make_ready - the pool is read */
static int
make_ready(Operation *op, struct muster *m)
{
	int alone, r = 0;

	if (is_read(m))
		return 0;
	alone = alone_begin() == 0;
	/* Somebody else may have done it while we waited. */
	if (!is_read(m))
		r = read_all(op, m);
	if (alone)
		alone_end();
	return r;
}

/*
 * reserve - store that more numbers are given; unless there are some still, because somebody else did. In a transaction of
 *           somebody else, which may be dropped, one at a time.
 */
static int
reserve(Operation *op, struct muster *m)
{
	struct numbering *numbering = m->numbering;
	int alone = alone_begin() == 0, r;
	uint64_t next = 0;

	ldap_pvt_thread_mutex_lock(&numbering->mutex);
	r = numbering->pool != NULL ? numbers_reserve(numbering->pool, alone ? RESERVED_AT_ONCE : 1, &next) : ERR_IO;
	ldap_pvt_thread_mutex_unlock(&numbering->mutex);
	if (r == 0)
		r = store(op, m, next);
	if (r == 0) {
		ldap_pvt_thread_mutex_lock(&numbering->mutex);
		if (numbering->pool != NULL)
			numbers_reserved(numbering->pool, next);
		ldap_pvt_thread_mutex_unlock(&numbering->mutex);
	}
	if (alone)
		alone_end();
	return r;
}

/* draw - error: ERR_SPENT  more must be reserved first */
static int
draw(struct muster *m, uint32_t *number_out)
{
	int r;

	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	r = m->numbering->pool != NULL ? numbers_draw(m->numbering->pool, number_out) : ERR_IO;
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
	return r;
}

int
numbering_draw(Operation *op, struct muster *m, uint32_t *number_out)
{
	int r = make_ready(op, m);

	*number_out = 0;
	while (r == 0 && (r = draw(m, number_out)) == ERR_SPENT)
		r = reserve(op, m);
	return r;
}

int
numbering_take(Operation *op, struct muster *m, uint32_t number)
{
	int r = make_ready(op, m);

	if (r < 0)
		return r;
	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	r = m->numbering->pool != NULL ? numbers_take(m->numbering->pool, number) : ERR_IO;
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
	return r;
}

void
numbering_give_back(struct muster *m, uint32_t number)
{
	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	if (m->numbering->pool != NULL)
		numbers_give_back(m->numbering->pool, number);
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
}

void
numbering_found(Operation *op, struct muster *m, uint32_t number)
{
	if (op != NULL && make_ready(op, m) < 0)
		return;
	ldap_pvt_thread_mutex_lock(&m->numbering->mutex);
	/* A number that does not fit into memory is found again at the next start. */
	if (m->numbering->pool != NULL && numbers_found(m->numbering->pool, number) < 0)
		numbers_free(&m->numbering->pool);
	ldap_pvt_thread_mutex_unlock(&m->numbering->mutex);
}

int
numbering_gone(Operation *op, struct muster *m, uint32_t number)
{
	uint64_t next = 0;
	int alone, r;

	if (number < m->numbers_range.first || number > m->numbers_range.last)
		return 0;
	r = stored_read(op, m, &next);
	if (r < 0 || number < next)
		return r;
	alone = alone_begin() == 0;
	next = (uint64_t)number + 1;
	r = store(op, m, next);
	if (alone)
		alone_end();
	return r;
}
