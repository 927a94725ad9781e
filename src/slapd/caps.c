/*
 * caps.c - how many codes are sent in a day: to one address or number whoever asks, and text messages in all.
 *
 * What one member was sent is on its entry. The rest is kept in memory, as keyed hashes; after a start it is put together anew from
 * the entries, so a restart is no new budget for text messages. Of the addresses that were written to the longest ago make room.
 */
#include "slapd/codes.h"

#include <sodium.h>

#include "common/err.h"
#include "core/token.h"
#include "slapd/internal.h"
#include "slapd/muster.h"

#define CAP_MEMBER_DEFAULT 10
#define CAP_ADDRESS_DEFAULT 10
#define CAP_SMS_DEFAULT 1000
#define CAP_MAX 1000000
#define SLOTS 8192
#define PROBES 16 /* places that an address may be in */

#define CAP_REACHED_ADDRESS "cap of the address"
#define CAP_REACHED_SMS "cap of text messages"

struct slot {
	uint8_t name[16];
	int64_t since; /* 0: free */
	unsigned sent;
};

static struct {
	ldap_pvt_thread_mutex_t mutex;
	pthread_once_t once;
	uint8_t key[crypto_generichash_KEYBYTES]; /* so that nobody can choose addresses that share a place */
	struct slot slots[SLOTS];
	struct slot sms;
	int known; /* what was sent before this start is counted in */
} sent = { .once = PTHREAD_ONCE_INIT };

static void
start(void)
{
	ldap_pvt_thread_mutex_init(&sent.mutex);
	randombytes_buf(sent.key, sizeof(sent.key));
}

static void
age(struct slot *slot, int64_t now)
{
	if (slot->since == 0 || now - slot->since < CODECOUNT_SEC)
		return;
	slot->since = 0;
	slot->sent = 0;
}

static void
count(struct slot *slot, int64_t since, unsigned n)
{
	if (slot->since == 0 || since < slot->since)
		slot->since = since;
	slot->sent += n;
}

/* slot_of - the place of an address: its own, else a free one, else that of the one whose day began first. The mutex is held. */
static struct slot *
slot_of(const struct berval *address, int64_t now)
{
	char lower[CHALLENGE_ADDRESS_MAX + 1];
	struct slot *slot, *best = NULL;
	uint8_t name[16];
	size_t i, at;

	/* Mail addresses are the same without case, to the directory and to nearly every mailbox. */
	for (i = 0; i < address->bv_len && i < sizeof(lower) - 1; i++)
		lower[i] = (char)TOLOWER((unsigned char)address->bv_val[i]);
	crypto_generichash(name, sizeof(name), (const uint8_t *)lower, i, sent.key, sizeof(sent.key));
	at = ((size_t)name[0] | (size_t)name[1] << 8) % SLOTS;
	for (i = 0; i < PROBES; i++) {
		slot = &sent.slots[(at + i) % SLOTS];
		age(slot, now);
		if (slot->since != 0 && memcmp(slot->name, name, sizeof(name)) == 0)
			return slot;
		if (best == NULL || slot->since < best->since)
			best = slot;
	}
	memcpy(best->name, name, sizeof(best->name));
	best->since = 0;
	best->sent = 0;
	return best;
}

/* --- after a start --------------------------------------------------------------------------------- */

struct look {
	int64_t now;
};

/* value_found - one value of musterCodeCount: to the address that it is most likely about */
static void
value_found(Entry *e, const struct berval *value, int64_t now)
{
	AttributeDescription *ad;
	struct codecount one;
	Attribute *a;

	if (codecount_parse(value->bv_val, value->bv_len, now, &one) < 0)
		return;
	codecount_age(&one, now);
	if (one.sent == 0)
		return;
	if (strcmp(one.purpose, code_kinds[CODE_MAIL].count) != 0)
		count(&sent.sms, one.since, one.sent);
	ad = strcmp(one.purpose, code_kinds[CODE_MAIL].count) == 0       ? muster_ad.pending_mail
	     : strcmp(one.purpose, code_kinds[CODE_MOBILE].count) == 0 ? muster_ad.pending_mobile
	                                                                 : muster_ad.mobile;
	a = attr_find(e->e_attrs, ad);
	if (a == NULL)
		a = attr_find(e->e_attrs, ad == muster_ad.pending_mail ? muster_ad.mail : muster_ad.mobile);
	if (a != NULL)
		count(slot_of(&a->a_vals[0], now), one.since, one.sent);
}

static void
entry_found(Entry *e, void *arg)
{
	const struct look *look = arg;
	Attribute *a = attr_find(e->e_attrs, muster_ad.code_count);
	int i;

	for (i = 0; a != NULL && !BER_BVISNULL(&a->a_vals[i]); i++)
		value_found(e, &a->a_vals[i], look->now);
}

/* begin - the mutex, with what was sent before this start counted in */
static void
begin(Operation *op, struct muster *m, int64_t now)
{
	struct look look = { now };

	pthread_once(&sent.once, start);
	ldap_pvt_thread_mutex_lock(&sent.mutex);
	if (!sent.known) {
		sent.known = 1;
		/* Reads alone: who holds the mutex waits for nobody. */
		(void)internal_search(op, m->db, &m->base_ndn, "(musterCodeCount=*)", 0, entry_found, &look);
	}
	age(&sent.sms, now);
}

int
caps_sms_left(Operation *op, struct muster *m, int64_t now)
{
	int left;

	begin(op, m, now);
	left = sent.sms.sent < (unsigned)m->caps.sms;
	ldap_pvt_thread_mutex_unlock(&sent.mutex);
	return left;
}

const char *
caps_take(Operation *op, struct muster *m, const struct berval *address, int64_t now)
{
	int sms = address->bv_val[0] == '+';
	const char *reached = NULL;
	struct slot *slot;

	begin(op, m, now);
	slot = slot_of(address, now);
	if (slot->sent >= (unsigned)m->caps.address)
		reached = CAP_REACHED_ADDRESS;
	else if (sms && sent.sms.sent >= (unsigned)m->caps.sms)
		reached = CAP_REACHED_SMS;
	if (reached == NULL) {
		count(slot, now, 1);
		if (sms)
			count(&sent.sms, now, 1);
	}
	ldap_pvt_thread_mutex_unlock(&sent.mutex);
	return reached;
}

/* --- configuration ---------------------------------------------------------------------------------- */

void
caps_default(struct muster *m)
{
	m->caps = (struct caps){ CAP_MEMBER_DEFAULT, CAP_ADDRESS_DEFAULT, CAP_SMS_DEFAULT };
}

/* parse_one - "member=10". error: ERR_INPUT, ERR_RANGE */
static int
parse_one(const char *word, struct caps *caps)
{
	const struct {
		const char *name;
		int *field;
		int min;
	} names[] = {
		{ "member=", &caps->member, 1 },
		{ "address=", &caps->address, 1 },
		{ "sms=", &caps->sms, 0 },
	};
	char *end;
	size_t i;
	long n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i].name);

		if (strncmp(word, names[i].name, len) != 0)
			continue;
		errno = 0;
		n = strtol(word + len, &end, 10);
		if (word[len] < '0' || word[len] > '9' || *end != '\0' || errno != 0 || n < names[i].min || n > CAP_MAX)
			return ERR_RANGE;
		*names[i].field = (int)n;
		return 0;
	}
	return ERR_INPUT;
}

static int
set(ConfigArgs *c, struct muster *m)
{
	struct caps caps = { CAP_MEMBER_DEFAULT, CAP_ADDRESS_DEFAULT, CAP_SMS_DEFAULT };
	char text[128] = "";
	int i, r = 0;

	for (i = 1; i < c->argc && r == 0; i++) {
		r = parse_one(c->argv[i], &caps);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 1 ? " " : "", c->argv[i]);
	}
	if (r < 0 || strlen(text) >= sizeof(text) - 1) {
		snprintf(c->cr_msg, sizeof(c->cr_msg),
		         "muster: olcMusterMessageCaps must read member=<n> address=<n> sms=<n>, each at most %d, sms=0 for none",
		         CAP_MAX);
		Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
		return ARG_BAD_CONF;
	}
	ch_free(m->caps_text);
	m->caps_text = ch_strdup(text);
	m->caps = caps;
	return 0;
}

int
caps_config(ConfigArgs *c)
{
	struct muster *m = ((slap_overinst *)c->bi)->on_bi.bi_private;
	struct berval bv;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (m->caps_text == NULL)
			return 1;
		ber_str2bv(m->caps_text, 0, 0, &bv);
		return value_add_one(&c->rvalue_vals, &bv);
	case LDAP_MOD_DELETE:
		ch_free(m->caps_text);
		m->caps_text = NULL;
		caps_default(m);
		return 0;
	default:
		return set(c, m);
	}
}
