/*
 * config.c - olcMusterConfig: the attributes, the key file, opening and closing with the database.
 *
 * slapd stops all operations while cn=config changes, so nobody reads a struct muster that is being changed.
 */
#include "slapd/muster.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/keyring.h"
#include "slapd/account.h"
#include "slapd/codes.h"
#include "slapd/config_organization.h"
#include "slapd/failures.h"
#include "slapd/grace.h"
#include "slapd/lists.h"
#include "slapd/numbering.h"
#include "slapd/reseal.h"
#include "slapd/signup.h"

#define ARC_ATTRIBUTE "2.25.154254282437691369581785512569447189437.5"
#define ARC_CLASS "2.25.154254282437691369581785512569447189437.6"

#define MIN_SSF_DEFAULT 71 /* what slapd gives ldapi; TLS has more */
#define LEASE_DEFAULT_SEC 120
#define MINT_INTERVAL_DEFAULT_SEC 300
#define QUEUE_RDN "ou=queue,"
#define ORGANIZATIONS_RDN "ou=organizations,"

static ConfigDriver config_keys, config_dn, config_couriers, config_number, config_argon2;

#define DEFINITION(number, name, desc, rest) \
	"( " ARC_ATTRIBUTE "." number " NAME '" name "' DESC '" desc "' " rest " )"
#define TEXT_TYPE "EQUALITY caseExactMatch SYNTAX OMsDirectoryString SINGLE-VALUE"
#define TEXTS_TYPE "EQUALITY caseExactMatch SYNTAX OMsDirectoryString"
#define NUMBER_TYPE "EQUALITY integerMatch SYNTAX OMsInteger SINGLE-VALUE"
#define BOOLEAN_TYPE "EQUALITY booleanMatch SYNTAX OMsBoolean SINGLE-VALUE"
#define DN_TYPE "EQUALITY distinguishedNameMatch SYNTAX OMsDN"

static ConfigTable config_table[] = {
	{ "muster-key-file", "path", 2, 2, 0, ARG_STRING | ARG_MAGIC | CONFIG_KEY_FILE, config_keys,
	  DEFINITION("1", "olcMusterKeyFile", "File with the sealing keys, readable by slapd alone", TEXT_TYPE), NULL, { 0 } },
	{ "muster-policy", "dn", 2, 2, 0, ARG_DN | ARG_QUOTE | ARG_MAGIC | CONFIG_POLICY, config_dn,
	  DEFINITION("2", "olcMusterPolicy", "Policy of members whose organization names none", DN_TYPE " SINGLE-VALUE"), NULL,
	  { 0 } },
	{ "muster-base", "dn", 2, 2, 0, ARG_DN | ARG_QUOTE | ARG_MAGIC | CONFIG_BASE, config_dn,
	  DEFINITION("3", "olcMusterBase", "Tree that logins are looked up in", DN_TYPE " SINGLE-VALUE"), NULL, { 0 } },
	{ "muster-queue", "dn", 2, 2, 0, ARG_DN | ARG_QUOTE | ARG_MAGIC | CONFIG_QUEUE, config_dn,
	  DEFINITION("4", "olcMusterQueue", "Where requests are queued", DN_TYPE " SINGLE-VALUE"), NULL, { 0 } },
	{ "muster-courier", "dn", 2, 2, 0, ARG_DN | ARG_QUOTE | ARG_MAGIC | CONFIG_COURIER, config_couriers,
	  DEFINITION("5", "olcMusterCourier", "Identity that may claim messages", DN_TYPE), NULL, { 0 } },
	{ "muster-min-ssf", "ssf", 2, 2, 0, ARG_INT | ARG_MAGIC | CONFIG_MIN_SSF, config_number,
	  DEFINITION("6", "olcMusterMinSSF", "Weakest connection that may carry a password", NUMBER_TYPE), NULL, { 0 } },
	{ "muster-lease", "seconds", 2, 2, 0, ARG_INT | ARG_MAGIC | CONFIG_LEASE, config_number,
	  DEFINITION("7", "olcMusterLease", "Seconds a courier has for a message it claimed", NUMBER_TYPE), NULL, { 0 } },
	{ "muster-mint-interval", "seconds", 2, 2, 0, ARG_INT | ARG_MAGIC | CONFIG_MINT_INTERVAL, config_number,
	  DEFINITION("8", "olcMusterMintInterval", "Seconds between two tokens of a member", NUMBER_TYPE), NULL, { 0 } },
	{ "muster-argon2", "m=KiB t=passes", 2, 3, 0, ARG_MAGIC | CONFIG_ARGON2, config_argon2,
	  DEFINITION("9", "olcMusterArgon2", "Cost of new password hashes: m=KiB t=passes", TEXT_TYPE), NULL, { 0 } },
	{ "muster-blocklist", "path", 2, 2, 0, ARG_QUOTE | ARG_MAGIC | CONFIG_BLOCKLIST, lists_config,
	  DEFINITION("10", "olcMusterBlocklist", "File of words that are no passwords, one a line", TEXTS_TYPE), NULL, { 0 } },
	{ "muster-breached", "path", 2, 2, 0, ARG_QUOTE | ARG_MAGIC | CONFIG_BREACHED, lists_config,
	  DEFINITION("11", "olcMusterBreached", "Sorted file of SHA-1 hashes of breached passwords", TEXT_TYPE), NULL, { 0 } },
	{ "muster-context-word", "word", 2, 2, 0, ARG_QUOTE | ARG_MAGIC | CONFIG_CONTEXT_WORD, lists_config,
	  DEFINITION("12", "olcMusterContextWord", "Name of a product or service that is no password", TEXTS_TYPE), NULL,
	  { 0 } },
	{ "muster-service", "name suffix", 2, 3, 0, ARG_MAGIC | CONFIG_SERVICE, organization_config,
	  DEFINITION("13", "olcMusterService", "Service that organizations may use, and what its host names end in", TEXTS_TYPE),
	  NULL, { 0 } },
	{ "muster-terms", "version", 2, 2, 0, ARG_QUOTE | ARG_MAGIC | CONFIG_TERMS, signups_config,
	  DEFINITION("14", "olcMusterTerms", "Version of the terms in force, which who signs up consents to", TEXT_TYPE), NULL,
	  { 0 } },
	{ "muster-numbers", "first-last", 2, 2, 0, ARG_MAGIC | CONFIG_NUMBERS, organization_config,
	  DEFINITION("15", "olcMusterNumbers", "Range that uidNumber and gidNumber of members and groups are given from",
	             TEXT_TYPE), NULL, { 0 } },
	{ "muster-payment-required", "on|off", 2, 2, 0, ARG_ON_OFF | ARG_MAGIC | CONFIG_PAYMENT_REQUIRED, organization_config,
	  DEFINITION("16", "olcMusterPaymentRequired", "Whether a platform member needs a payment method to make an organization",
	             BOOLEAN_TYPE), NULL, { 0 } },
	{ "muster-certificate-country", "code", 2, 2, 0, ARG_MAGIC | CONFIG_CERTIFICATE_COUNTRY, organization_config,
	  DEFINITION("17", "olcMusterCertificateCountry", "Country whose business members show a document before they make an "
	             "organization", TEXTS_TYPE), NULL, { 0 } },
	{ "muster-message-caps", "member=n address=n sms=n", 2, 4, 0, ARG_MAGIC | CONFIG_MESSAGE_CAPS, caps_config,
	  DEFINITION("18", "olcMusterMessageCaps", "Codes in a day: of a member, to an address, text messages in all", TEXT_TYPE),
	  NULL, { 0 } },
	{ NULL, NULL, 0, 0, 0, ARG_IGNORED, NULL, NULL, NULL, { 0 } }
};

static ConfigOCs config_classes[] = {
	{ "( " ARC_CLASS ".1 NAME 'olcMusterConfig' DESC 'Muster: members log in with password and second factor' "
	  "SUP olcOverlayConfig MAY ( olcMusterKeyFile $ olcMusterPolicy $ olcMusterBase $ olcMusterQueue $ "
	  "olcMusterCourier $ olcMusterMinSSF $ olcMusterLease $ olcMusterMintInterval $ olcMusterArgon2 $ "
	  "olcMusterBlocklist $ olcMusterBreached $ olcMusterContextWord $ olcMusterService $ olcMusterTerms $ "
	  "olcMusterNumbers $ olcMusterPaymentRequired $ olcMusterCertificateCountry $ olcMusterMessageCaps ) )",
	  Cft_Overlay, config_table, NULL, NULL, NULL, NULL, NULL },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }
};

static struct muster *
config_of(ConfigArgs *c)
{
	return ((slap_overinst *)c->bi)->on_bi.bi_private;
}

/* say - the text that the client of cn=config and the log get */
static int
say(ConfigArgs *c)
{
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return ARG_BAD_CONF;
}

/* --- key file ----------------------------------------------------------------------------------- */

/* key_file_trusted - NULL, else what is wrong with a key file's owner or mode */
static const char *
key_file_trusted(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to neither root nor the user slapd runs as";
	if (st->st_mode & (S_IRWXO | S_IWGRP | S_IXGRP))
		return "can be read by others or written by its group: chmod 0600 (or 0640)";
	if (st->st_size > KEYRING_FILE_MAX)
		return "is too long";
	return NULL;
}

/* key_file_read - the keys of a file. out: *ring_out NULL on error; msg says what to do */
static int
key_file_read(const char *path, struct keyring **ring_out, char *msg, size_t msg_len)
{
	char text[KEYRING_FILE_MAX + 1];
	const char *wrong = NULL;
	struct stat st;
	ssize_t n = -1;
	int fd, line = 0, r = ERR_IO;

	*ring_out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(msg, msg_len, "muster: key file %s %s", path,
		         errno == ELOOP ? "is a symbolic link" : "cannot be opened: is it there, and may slapd's user read it?");
		goto out;
	}
	wrong = key_file_trusted(&st);
	if (wrong != NULL) {
		snprintf(msg, msg_len, "muster: key file %s %s", path, wrong);
		goto out;
	}
	n = read(fd, text, sizeof(text));
	if (n < 0 || n > KEYRING_FILE_MAX) {
		snprintf(msg, msg_len, "muster: key file %s cannot be read", path);
		goto out;
	}
	r = keyring_parse(text, (size_t)n, ring_out, &line);
	if (r < 0)
		snprintf(msg, msg_len, "muster: key file %s, line %d: %s (lines are: <key id> <64 hex digits>)", path, line,
		         err_str(r));
out:
	secret_wipe_array(text);
	if (fd >= 0)
		close(fd);
	return r;
}

/* keys_keep - a value is about to go: remember it until the change is carried out or given up */
static void
keys_keep(struct muster *m)
{
	struct keys_before *before = &m->keys_before;

	if (before->file == NULL) {
		before->file = m->key_file;
		before->ring = m->ring;
		m->ring = NULL;
	} else {
		ch_free(m->key_file);
	}
	m->key_file = NULL;
	keyring_free(&m->ring);
}

static void
keys_forget(struct muster *m)
{
	ch_free(m->keys_before.file);
	keyring_free(&m->keys_before.ring);
	memset(&m->keys_before, 0, sizeof(m->keys_before));
}

/*
 * keys_settle - when a change was given up, slapd has added the old value again; its file may be the very one that cannot be
 *               read. The keys in use stay in use then.
 */
static int
keys_settle(ConfigArgs *c)
{
	struct muster *m = config_of(c);

	if (m->keys_before.failed && m->key_file == NULL) {
		m->key_file = m->keys_before.file;
		m->ring = m->keys_before.ring;
		m->keys_before.file = NULL;
		m->keys_before.ring = NULL;
	}
	keys_forget(m);
	if (m->open && m->ring != NULL) {
		reseal_wish(m);
		/* slapd's own thread may be asleep until something else is due. */
		slap_wake_listener();
	}
	return 0;
}

static int
config_keys(ConfigArgs *c)
{
	struct muster *m = config_of(c);
	struct keyring *ring = NULL;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (m->key_file == NULL)
			return 1;
		/* slapd takes it from there and frees it: of an ARG_STRING nothing else is written to slapd.d */
		c->value_string = ch_strdup(m->key_file);
		return 0;
	case LDAP_MOD_DELETE:
		/* Until another one is named every member is refused. */
		keys_keep(m);
		return config_push_cleanup(c, keys_settle);
	default:
		if (m->open && key_file_read(c->value_string, &ring, c->cr_msg, sizeof(c->cr_msg)) < 0) {
			ch_free(c->value_string);
			m->keys_before.failed = 1;
			return say(c);
		}
		ch_free(m->key_file);
		m->key_file = c->value_string;
		keyring_free(&m->ring);
		m->ring = ring;
		return m->open ? config_push_cleanup(c, keys_settle) : 0;
	}
}

/* --- names -------------------------------------------------------------------------------------- */

static void
set_dn(struct berval *dn, struct berval *ndn, const struct berval *value, const struct berval *nvalue)
{
	ch_free(dn->bv_val);
	ch_free(ndn->bv_val);
	BER_BVZERO(dn);
	BER_BVZERO(ndn);
	if (value != NULL) {
		ber_dupbv(dn, (struct berval *)value);
		ber_dupbv(ndn, (struct berval *)nvalue);
	}
}

/* set_child - dn = rdn + parent, both forms; the RDN is normalized already */
static void
set_child(struct berval *dn, struct berval *ndn, const char *rdn, const struct muster *m)
{
	struct berval value, nvalue;
	char *text, *ntext;

	text = ch_malloc(strlen(rdn) + m->base_dn.bv_len + 1);
	ntext = ch_malloc(strlen(rdn) + m->base_ndn.bv_len + 1);
	value.bv_len = sprintf(text, "%s%s", rdn, m->base_dn.bv_val);
	nvalue.bv_len = sprintf(ntext, "%s%s", rdn, m->base_ndn.bv_val);
	value.bv_val = text;
	nvalue.bv_val = ntext;
	set_dn(dn, ndn, &value, &nvalue);
	ch_free(text);
	ch_free(ntext);
}

/* derive - base and queue where they are not configured */
static void
derive(struct muster *m)
{
	if (!m->base_given)
		set_dn(&m->base_dn, &m->base_ndn, &m->db->be_suffix[0], &m->db->be_nsuffix[0]);
	if (!m->queue_given)
		set_child(&m->queue_dn, &m->queue_ndn, QUEUE_RDN, m);
	set_child(&m->organizations_dn, &m->organizations_ndn, ORGANIZATIONS_RDN, m);
	/* The next number is kept there. */
	numbering_forget(m);
}

static int
config_dn(ConfigArgs *c)
{
	struct muster *m = config_of(c);
	struct berval *dn = &m->policy_dn, *ndn = &m->policy_ndn;
	int given = !BER_BVISNULL(&m->policy_dn), *given_out = NULL, rc = 0;

	if (c->type == CONFIG_BASE || c->type == CONFIG_QUEUE) {
		dn = c->type == CONFIG_BASE ? &m->base_dn : &m->queue_dn;
		ndn = c->type == CONFIG_BASE ? &m->base_ndn : &m->queue_ndn;
		given_out = c->type == CONFIG_BASE ? &m->base_given : &m->queue_given;
		given = *given_out;
	}
	if (c->op == SLAP_CONFIG_EMIT) {
		if (!given)
			return 1;
		rc = value_add_one(&c->rvalue_vals, dn);
		return rc != 0 ? rc : value_add_one(&c->rvalue_nvals, ndn);
	}
	if (c->op == LDAP_MOD_DELETE) {
		set_dn(dn, ndn, NULL, NULL);
		if (given_out != NULL)
			*given_out = 0;
	} else if (!dnIsSuffix(&c->value_ndn, &c->be->be_nsuffix[0])) {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: %s must lie in this database, below %s", c->value_dn.bv_val,
		         c->be->be_suffix[0].bv_val);
		rc = say(c);
	} else {
		set_dn(dn, ndn, &c->value_dn, &c->value_ndn);
		if (given_out != NULL)
			*given_out = 1;
	}
	if (c->op != LDAP_MOD_DELETE) {
		ch_free(c->value_dn.bv_val);
		ch_free(c->value_ndn.bv_val);
		BER_BVZERO(&c->value_dn);
		BER_BVZERO(&c->value_ndn);
	}
	if (m->open)
		derive(m);
	return rc;
}

static int
config_couriers(ConfigArgs *c)
{
	struct muster *m = config_of(c);
	int i;

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (m->couriers == NULL)
			return 1;
		return value_add(&c->rvalue_vals, m->couriers) || value_add(&c->rvalue_nvals, m->couriers);
	case LDAP_MOD_DELETE:
		if (c->valx < 0) {
			ber_bvarray_free(m->couriers);
			m->couriers = NULL;
			return 0;
		}
		ber_memfree(m->couriers[c->valx].bv_val);
		for (i = c->valx; !BER_BVISNULL(&m->couriers[i]); i++)
			m->couriers[i] = m->couriers[i + 1];
		return 0;
	default:
		ber_bvarray_add(&m->couriers, &c->value_ndn);
		ch_free(c->value_dn.bv_val);
		BER_BVZERO(&c->value_dn);
		BER_BVZERO(&c->value_ndn);
		return 0;
	}
}

/* --- numbers ------------------------------------------------------------------------------------ */

static const struct number {
	enum config_type type;
	size_t offset;
	int min, max, absent;
} numbers[] = {
	{ CONFIG_MIN_SSF, offsetof(struct muster, min_ssf), 0, 256, MIN_SSF_DEFAULT },
	{ CONFIG_LEASE, offsetof(struct muster, lease_sec), 1, 3600, LEASE_DEFAULT_SEC },
	{ CONFIG_MINT_INTERVAL, offsetof(struct muster, mint_interval_sec), 1, 86400, MINT_INTERVAL_DEFAULT_SEC },
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static int *
number_field(struct muster *m, const struct number *number)
{
	return (int *)((char *)m + number->offset);
}

static int
config_number(ConfigArgs *c)
{
	const struct number *number = numbers;
	int *field;

	while (number->type != (enum config_type)c->type)
		number++;
	field = number_field(config_of(c), number);
	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		c->value_int = *field;
		return *field == number->absent;
	case LDAP_MOD_DELETE:
		*field = number->absent;
		return 0;
	default:
		if (c->value_int < number->min || c->value_int > number->max) {
			snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: %s: %d is out of range, allowed is %d to %d", c->argv[0],
			         c->value_int, number->min, number->max);
			return say(c);
		}
		*field = c->value_int;
		return 0;
	}
}

static int
config_argon2(ConfigArgs *c)
{
	static const struct pwhash_cost absent = PWHASH_COST_DEFAULT;
	struct muster *m = config_of(c);
	struct pwhash_cost cost;
	struct berval bv;
	char text[64];

	switch (c->op) {
	case SLAP_CONFIG_EMIT:
		if (m->argon2_text == NULL)
			return 1;
		ber_str2bv(m->argon2_text, 0, 0, &bv);
		return value_add_one(&c->rvalue_vals, &bv);
	case LDAP_MOD_DELETE:
		ch_free(m->argon2_text);
		m->argon2_text = NULL;
		m->cost = absent;
		return 0;
	default:
		/* slapd splits the value at its blank. */
		snprintf(text, sizeof(text), "%s%s%s", c->argv[1], c->argc > 2 ? " " : "", c->argc > 2 ? c->argv[2] : "");
		if (pwhash_cost_parse(text, &cost) < 0) {
			snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterArgon2: \"%s\" must read m=<KiB> t=<passes>, KiB 8192 "
			         "to 1048576, passes 1 to 10", text);
			return say(c);
		}
		ch_free(m->argon2_text);
		m->argon2_text = ch_strdup(text);
		m->cost = cost;
		return 0;
	}
}

/* --- life of an instance ------------------------------------------------------------------------ */

static int
muster_db_init(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	struct muster *m = ch_calloc(1, sizeof(*m));
	static const struct pwhash_cost cost = PWHASH_COST_DEFAULT;
	size_t i;

	m->on = on;
	m->db = be->bd_self;
	m->cost = cost;
	m->numbers_range.first = NUMBERS_FIRST_DEFAULT;
	m->numbers_range.last = NUMBERS_LAST_DEFAULT;
	caps_default(m);
	for (i = 0; i < NUMBERS; i++)
		*number_field(m, &numbers[i]) = numbers[i].absent;
	numbering_new(m);
	if (accounts_new(m, &m->accounts) < 0 || grace_new(&m->grace) < 0 || signups_new(m) < 0) {
		snprintf(cr->msg, sizeof(cr->msg), "muster: out of memory");
		numbering_free(m);
		accounts_free(&m->accounts);
		ch_free(m);
		return -1;
	}
	on->on_bi.bi_private = m;
	/* What is still unknown now is said when the database opens. */
	(void)schema_complete();
	return 0;
}

int
config_order_wrong(const slap_overinst *on)
{
	const slap_overinst *above;

	for (above = on->on_info->oi_list; above != NULL && above != on; above = above->on_next)
		if (strcmp(above->on_bi.bi_type, "ppolicy") == 0)
			return 1;
	return 0;
}

/* open_checked - 0, else msg says why members could not be judged */
static int
open_checked(struct muster *m, char *msg, size_t msg_len)
{
	if (schema_resolve(msg, msg_len) < 0)
		return -1;
	if (BER_BVISNULL(&m->db->be_suffix[0]) || BER_BVISEMPTY(&m->db->be_suffix[0])) {
		snprintf(msg, msg_len, "muster: the database has no suffix");
		return -1;
	}
	derive(m);
	if (config_order_wrong(m->on)) {
		snprintf(msg, msg_len, "muster: overlay ppolicy must be below muster: configure ppolicy before muster (the overlay "
		         "added last sees a request first)");
		return -1;
	}
	/* slaptest, slapadd and slapcat judge nobody and may run as somebody who cannot read the keys. */
	if (slapMode & SLAP_TOOL_MODE)
		return 0;
	if (BER_BVISEMPTY(&m->db->be_rootdn)) {
		snprintf(msg, msg_len, "muster: the database needs an olcRootDN: state of logins is written in its name");
		return -1;
	}
	if (m->key_file == NULL) {
		snprintf(msg, msg_len, "muster: olcMusterKeyFile is missing");
		return -1;
	}
	if (m->ring == NULL && key_file_read(m->key_file, &m->ring, msg, msg_len) < 0)
		return -1;
	return 0;
}

/*
 * allow_transactions - transactions (RFC 5805) of this database. Inside of one the database's only writer would wait for an
 *                      account whose holder waits to write, and what is counted and who is logged out would not follow
 *                      a transaction that is given up. slapd asks the database's own copy of the backend.
 */
static void
allow_transactions(struct muster *m, int allowed)
{
	slap_overinfo *oi = m->on->on_info;

	oi->oi_bi.bi_flags &= ~SLAP_BFLAG_TXNS;
	if (allowed)
		oi->oi_bi.bi_flags |= oi->oi_orig->bi_flags & SLAP_BFLAG_TXNS;
}

static int
muster_db_open(BackendDB *be, ConfigReply *cr)
{
	struct muster *m = ((slap_overinst *)be->bd_info)->on_bi.bi_private;

	m->db = be->bd_self;
	if (open_checked(m, cr->msg, sizeof(cr->msg)) != 0) {
		Debug(LDAP_DEBUG_ANY, "%s\n", cr->msg);
		return -1;
	}
	if (slapMode & SLAP_TOOL_MODE)
		return 0;
	if (overlay_register_control(be, MUSTER_CTRL_SECOND_FACTOR) != 0 ||
	    overlay_register_control(be, LDAP_CONTROL_PASSWORDPOLICYREQUEST) != 0) {
		snprintf(cr->msg, sizeof(cr->msg), "muster: the password policy control is not known: load ppolicy.so before "
		         "muster.so");
		Debug(LDAP_DEBUG_ANY, "%s\n", cr->msg);
		return -1;
	}
	allow_transactions(m, 0);
	lists_open(m);
	m->open = 1;
	reseal_wish(m);
	signups_wish(m);
	return 0;
}

static int
muster_db_close(BackendDB *be, ConfigReply *cr)
{
	struct muster *m = ((slap_overinst *)be->bd_info)->on_bi.bi_private;

	(void)cr;
	if (m->open) {
		failures_flush(m);
		overlay_unregister_control(be, MUSTER_CTRL_SECOND_FACTOR);
		overlay_unregister_control(be, LDAP_CONTROL_PASSWORDPOLICYREQUEST);
	}
	reseal_end(m);
	numbering_forget(m);
	signups_end(m);
	allow_transactions(m, 1);
	m->open = 0;
	keyring_free(&m->ring);
	lists_close(m);
	return 0;
}

static int
muster_db_destroy(BackendDB *be, ConfigReply *cr)
{
	slap_overinst *on = (slap_overinst *)be->bd_info;
	struct muster *m = on->on_bi.bi_private;

	(void)cr;
	/* A write that slapd made stand still goes on later: better to leak than to pull its memory away. */
	if (m == NULL || failures_being_written(m))
		return 0;
	set_dn(&m->policy_dn, &m->policy_ndn, NULL, NULL);
	set_dn(&m->base_dn, &m->base_ndn, NULL, NULL);
	set_dn(&m->queue_dn, &m->queue_ndn, NULL, NULL);
	set_dn(&m->organizations_dn, &m->organizations_ndn, NULL, NULL);
	organization_config_free(m);
	numbering_free(m);
	ber_bvarray_free(m->couriers);
	ch_free(m->argon2_text);
	ch_free(m->caps_text);
	ch_free(m->key_file);
	lists_free(m);
	signups_free(m);
	keyring_free(&m->ring);
	keys_forget(m);
	accounts_free(&m->accounts);
	grace_free(&m->grace);
	ch_free(m);
	on->on_bi.bi_private = NULL;
	return 0;
}

int
config_register(slap_overinst *muster)
{
	int rc;

	muster->on_bi.bi_db_init = muster_db_init;
	muster->on_bi.bi_db_open = muster_db_open;
	muster->on_bi.bi_db_close = muster_db_close;
	muster->on_bi.bi_db_destroy = muster_db_destroy;
	muster->on_bi.bi_cf_ocs = config_classes;
	rc = config_register_schema(config_table, config_classes);
	return rc != LDAP_SUCCESS ? rc : overlay_register(muster);
}
