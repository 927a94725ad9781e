/*
 * fresh.c - how each connection was bound.
 *
 * One record for each place in slapd's table of connections, told apart by the connection's number, which is never used
 * twice: so a record lasts as long as its connection, needs no clearing away, and there are never more than slapd can have
 * connections. The table is the module's, not an instance's: taking the overlay out of a database and putting it back makes
 * nobody forget that a connection came with an app password.
 *
 * Time is that since the machine was started: no setting of the clock makes a bind fresh again.
 */
#include "slapd/fresh.h"

#include <sodium.h>
#include <time.h>

#include "slapd/member.h"

#define NAME_LEN 16

struct record {
	unsigned long connid;
	uint8_t name[NAME_LEN]; /* keyed hash of the normalized DN */
	char uuid[sizeof(((struct member *)0)->uuid)];
	enum login_how how;
	int64_t at; /* seconds since the start of the machine */
	int program; /* an app password was used on the connection, now or before another bind */
};

static struct {
	ldap_pvt_thread_mutex_t mutex;
	uint8_t key[crypto_generichash_KEYBYTES];
	struct record *records; /* by c_conn_idx; pages nobody writes to take no memory */
	long len;
} table;

void
fresh_init(void)
{
	if (table.records != NULL || dtblsize <= 0)
		return;
	randombytes_buf(table.key, sizeof(table.key));
	ldap_pvt_thread_mutex_init(&table.mutex);
	table.len = dtblsize;
	table.records = ch_calloc((size_t)table.len, sizeof(*table.records));
}

/* fresh_end - when slapd unloads the module, which it does at its very end */
static void __attribute__((destructor))
fresh_end(void)
{
	ch_free(table.records);
	table.records = NULL;
}

static int64_t
uptime(void)
{
	struct timespec now = { 0 };

	/* Goes on while the machine sleeps. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec;
}

static void
name_of(const struct berval *ndn, uint8_t name_out[NAME_LEN])
{
	crypto_generichash(name_out, NAME_LEN, (const uint8_t *)ndn->bv_val, ndn->bv_len, table.key, sizeof(table.key));
}

/* place_of - where the record of op's connection is, NULL for operations of slapd's own */
static struct record *
place_of(Operation *op)
{
	long index = op->o_conn != NULL ? (long)op->o_conn->c_conn_idx : -1;

	return table.records != NULL && index >= 0 && index < table.len ? &table.records[index] : NULL;
}

void
fresh_forget(Operation *op)
{
	struct record *place = place_of(op);

	if (place == NULL)
		return;
	ldap_pvt_thread_mutex_lock(&table.mutex);
	*place = (struct record){ .connid = op->o_connid, .program = place->connid == op->o_connid && place->program };
	ldap_pvt_thread_mutex_unlock(&table.mutex);
}

void
fresh_note(Operation *op, const struct member *member, enum login_how how)
{
	struct record *place = place_of(op), record = { .connid = op->o_connid, .how = how, .at = uptime() };

	if (place == NULL)
		return;
	name_of(&member->ndn, record.name);
	memcpy(record.uuid, member->uuid, sizeof(record.uuid));
	ldap_pvt_thread_mutex_lock(&table.mutex);
	record.program = how == LOGIN_APP_PASSWORD || (place->connid == op->o_connid && place->program);
	*place = record;
	ldap_pvt_thread_mutex_unlock(&table.mutex);
}

/*
 * find - the record of the simple bind that gave op's connection the name ndn. A member's simple bind passes the bind hook,
 *        so a connection that was bound since by another way has another name, or the mark of SASL.
 */
static int
find(Operation *op, const struct berval *ndn, struct record *record_out)
{
	struct record *place = place_of(op);
	uint8_t name[NAME_LEN];
	int found;

	if (place == NULL || op->o_authtype != LDAP_AUTH_SIMPLE || BER_BVISEMPTY(ndn))
		return 0;
	name_of(ndn, name);
	ldap_pvt_thread_mutex_lock(&table.mutex);
	found = place->how != LOGIN_NONE && place->connid == op->o_connid && memcmp(place->name, name, NAME_LEN) == 0;
	if (found)
		*record_out = *place;
	ldap_pvt_thread_mutex_unlock(&table.mutex);
	return found;
}

int
fresh_is(Operation *op, const struct member *member)
{
	struct record record;

	if (op->o_proxy_authz != SLAP_CONTROL_NONE || !dn_match(&op->o_ndn, &member->ndn) ||
	    !find(op, &member->ndn, &record) || strcmp(record.uuid, member->uuid) != 0)
		return 0;
	if (record.how != LOGIN_FACTOR && (record.how != LOGIN_PASSWORD || member_factor_active(member)))
		return 0;
	return uptime() - record.at <= FRESH_SEC;
}

/*
 * is_program - whether the simple bind that gave op's connection the name ndn was one with an app password. A bind abandons what
 *              is under way on its connection, and slapd carries writes out all the same, under the name they came with: when
 *              another record is there by then, an app password at any time before is enough.
 */
static int
is_program(Operation *op, const struct berval *ndn)
{
	struct record *place = place_of(op), record;
	int program;

	if (place == NULL)
		return 0;
	if (find(op, ndn, &record))
		return record.how == LOGIN_APP_PASSWORD;
	ldap_pvt_thread_mutex_lock(&table.mutex);
	program = place->connid == op->o_connid && place->program;
	ldap_pvt_thread_mutex_unlock(&table.mutex);
	/* Set before the bind was handed to the thread that changed the record. */
	return program && op->o_abandon;
}

int
fresh_by_app_password(Operation *op)
{
	struct berval name;
	int program;

	if (op->o_proxy_authz == SLAP_CONTROL_NONE || op->o_conn == NULL)
		return is_program(op, &op->o_ndn);
	/* op has another name than its connection. */
	ldap_pvt_thread_mutex_lock(&op->o_conn->c_mutex);
	name = op->o_conn->c_ndn;
	program = is_program(op, &name);
	ldap_pvt_thread_mutex_unlock(&op->o_conn->c_mutex);
	return program;
}
