/*
 * muster.h - inside of the overlay: what its files share. doc/ARCHITECTURE.md, "The overlay", is the
 *            specification. Include slapd's headers first (overlay.h does that in the right order).
 *
 * Files, lower ones know nothing of higher ones:
 *   module.c   load, ABI check, registration        sasl.c      frontend overlay mustersasl
 *   config.c   olcMuster..., open and close         exop.c      decode, target, dispatch
 *   bind.c     bind hook, SecondFactor control      exop_*.c    one file per operation or pair
 *   write.c    add, modify, modrdn, delete hooks    courier.c   claim, done
 *   verify.c   password and code of a member        ppctrl.c    the ppolicy control for members
 *   password.c a new password as modifications      outbox.c    record ids, outbox values, leases
 *   account.c  tries in memory (account.h)          member.c    a member's entry as a struct
 *   failures.c the task that writes failures        source.c    where a try comes from
 *   audit.c    one line per outcome                 policy.c    a policy as a struct
 *   mods.c     modification lists, internal writes  schema.c    registration table, attribute descriptions
 *   reply.c    controls and callbacks of answers
 *   recovery.c recovery codes                       queue.c     requests that wait for the courier
 *   internal.c search, add, delete as the rootdn    fresh.c     how each connection was bound
 *   networks.c where clients are and may be         grace.c     the very same credential again
 *   app_password.c  passwords of programs           factor.c    a code against a member's second factor
 *   lists.c    word lists, breached hashes           password_words.c  new passwords against names and lists
 *   organization.c  who owns an organization          numbering.c uidNumber and gidNumber
 *   config_organization.c  the catalogue of services and the like
 *   reseal.c   old seals, plain values put right          alone.c     nobody else writes; several entries at once
 *   payment.c  payment methods                          task.c      what is done in the background (task.h)
 *   signup.c   how many sign up, and who vanishes again
 */
#ifndef MUSTER_SLAPD_MUSTER_H
#define MUSTER_SLAPD_MUSTER_H

#include "slapd/overlay.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/apppw.h"
#include "core/budget.h"
#include "core/keyring.h"
#include "core/network.h"
#include "core/numbers.h"
#include "core/pwhash.h"
#include "core/pwrules.h"
#include "core/service.h"
#include "core/token.h"
#include "core/totp.h"

#define MUSTER_CTRL_SECOND_FACTOR "2.25.154254282437691369581785512569447189437.3.1"
#define MUSTER_EXOP_ARC "2.25.154254282437691369581785512569447189437.4"

/* States of the SecondFactor control's response. */
enum factor_state {
	FACTOR_OK = 0,
	FACTOR_CODE_REQUIRED = 1,
	FACTOR_ENROL_REQUIRED = 2,
	FACTOR_CHANGE_REQUIRED = 3,
	FACTOR_EXPIRED = 4
};

struct accounts;
struct grace_table;
struct numbering;
struct reseal;
struct signups;

/* What a change of olcMusterKeyFile goes back to when the new file cannot be used. */
struct keys_before {
	struct keyring *ring;
	char *file;
	int failed;
};

/* How many codes may be sent in a day. */
struct caps {
	int member;  /* to a member, for each purpose */
	int address; /* to an address or number, whoever asks */
	int sms;     /* text messages of the whole database */
};

/* One overlay instance: on->on_bi.bi_private. Set by config.c, read by everybody. */
struct muster {
	slap_overinst *on;
	BackendDB *db; /* the database itself, never a copy */
	int open;      /* between db_open and db_close, outside of the tools */
	char *key_file;
	struct berval policy_dn, policy_ndn; /* olcMusterPolicy */
	struct berval base_dn, base_ndn;     /* olcMusterBase, else the suffix */
	struct berval queue_dn, queue_ndn;   /* olcMusterQueue, else ou=queue,<base> */
	int base_given, queue_given;         /* configured, not the default */
	BerVarray couriers;                  /* normalized DNs */
	int min_ssf;
	int lease_sec;
	int mint_interval_sec;
	char *argon2_text;
	struct pwhash_cost cost;
	struct keyring *ring; /* NULL when the key file could not be read: every member is refused */
	struct keys_before keys_before;
	struct reseal *reseal; /* NULL: nothing is put right in the background */
	struct accounts *accounts;
	struct grace_table *grace;
	BerVarray blocklists;    /* olcMusterBlocklist: paths */
	struct wordlist *words;  /* what is in them, NULL for none */
	int words_usable;        /* 0: one of them cannot be read */
	char *breached;          /* olcMusterBreached: path */
	BerVarray context_words; /* olcMusterContextWord */
	BerVarray services;           /* olcMusterService: lines of the catalogue */
	struct service *catalogue;    /* what they say, in their order; NULL for none */
	int catalogue_len;
	struct numbers_range numbers_range; /* olcMusterNumbers */
	int numbers_given;                  /* configured, not the default */
	struct numbering *numbering;
	struct berval organizations_dn, organizations_ndn; /* ou=organizations,<base>: has the next number */
	int payment_not_required;        /* olcMusterPaymentRequired: FALSE */
	BerVarray certificate_countries; /* olcMusterCertificateCountry */
	struct berval terms;     /* olcMusterTerms: the version in force; empty: nobody signs up */
	struct signups *signups;
	struct caps caps;        /* olcMusterMessageCaps */
	char *caps_text;
};

/* Attribute descriptions, looked up once by schema.c. */
struct muster_ads {
	AttributeDescription *domain, *policy_entry, *status, *mail_verified, *mobile_verified, *code, *outbox,
		*challenge, *recovery_code, *verified_mail, *login_state, *lease, *second_factor, *pwd_require,
		*token_lifetime, *request_kind, *request_target, *pwd_min_length_factor, *pwd_blocklist,
		*daily_password_failures, *daily_code_failures, *code_window, *max_app_passwords, *code_grace, *network,
		*app_password, *app_password_used, *known_source,
		*pending_mail, *pending_mobile, *pending_login, *code_count, *notice_off, *member_type,
		*terms_version, *terms_accepted, *registration_number, *unproved_until, *billing_mail,
		*service_area, *payment_kind, *payment_reference, *payment_token, *payment_brand,
		*payment_last_four, *payment_expiry, *payment_state, *payment_url, *payment_reason, *nicknames, *members_see,
		*next_number, *applicant, *application_state, *application_change, *application_reason,
		*application_decided_by, *application_decided, *document_content, *document_type,
		*document_hash, *request_data, *business_proved, *application_before;
	AttributeDescription *oath_secret, *oath_last_step;
	AttributeDescription *mail, *mobile, *preferred_language, *uid, *o, *ou, *cn, *sn, *given_name, *display_name, *owner,
		*country, *member, *labeled_uri, *description, *role_occupant, *postal_address, *document_identifier;
	/* ppolicy's */
	AttributeDescription *pwd_changed, *pwd_history, *pwd_reset, *pwd_attribute, *pwd_min_length, *pwd_max_length,
		*pwd_in_history, *pwd_max_age, *pwd_max_failure, *pwd_min_delay, *pwd_max_delay, *pwd_must_change,
		*pwd_lockout, *pwd_lockout_duration, *pwd_locked;
};
extern struct muster_ads muster_ad;
extern ObjectClass *muster_oc_member, *muster_oc_account, *muster_oc_organization, *muster_oc_policy,
	*muster_oc_request, *muster_oc_service, *muster_oc_payment, *muster_oc_application, *muster_oc_document;
extern int muster_ctrl_cid; /* SecondFactor */

/* schema.c: register what is not there yet; error text to stderr. 0, else an LDAP result code */
int schema_register(void);
/* schema.c: look up the attributes of other modules (ppolicy); error names what must be loaded */
int schema_resolve(char *msg, size_t msg_len);
/* schema.c: give our classes the attributes of core, cosine and inetorgperson. NULL, else the one that is unknown */
const char *schema_complete(void);

/* --- member.c ----------------------------------------------------------------------------------- */

#define POLICY_NETWORKS_MAX 64
#define POLICY_GRACES_MAX 32

/* musterCodeGrace: how long clients there may repeat the very same credential */
struct policy_grace {
	struct network network;
	unsigned seconds;
};

enum factor_policy { FACTOR_POLICY_OFF, FACTOR_POLICY_OPTIONAL, FACTOR_POLICY_REQUIRED };

struct policy {
	struct pwrules rules; /* history counts the current password in: pwdInHistory + 1 (0 stays 0) */
	int64_t max_age_sec;  /* 0: never expires */
	unsigned threshold;   /* failures before delays */
	unsigned min_delay_sec, max_delay_sec;
	int must_change;
	int lockout;                  /* pwdLockout: lock at the threshold instead of delaying */
	int64_t lockout_duration_sec; /* 0: until somebody unlocks */
	unsigned daily_password_failures, daily_code_failures;
	enum factor_policy factor;
	unsigned code_window; /* steps back */
	unsigned min_length_factor; /* instead of rules.min_length for a member with an active factor */
	int blocklist;
	unsigned max_app_passwords;
	int token_lifetime_sec;
	struct network networks[POLICY_NETWORKS_MAX]; /* where members log in from; none: everywhere */
	unsigned networks_len;
	struct policy_grace graces[POLICY_GRACES_MAX];
	unsigned graces_len;
	unsigned notices_off; /* bits of notice_of() */
};

enum member_status { MEMBER_ACTIVE, MEMBER_SUSPENDED, MEMBER_CLOSED };

/* A member's entry, copied out so that no lock on the entry is held while Argon2 runs. */
struct member {
	struct berval dn, ndn;
	char uuid[37]; /* entryUUID text */
	struct berval csn; /* entryCSN: which state of the entry this is */
	int may_auth;  /* access rules let the caller authenticate with userPassword */
	enum member_status status;
	BerVarray passwords;     /* userPassword values, wiped by member_free */
	BerVarray history;       /* pwdHistory */
	BerVarray challenges, outbox, leases;
	BerVarray recovery_codes; /* musterRecoveryCode: keyed hashes */
	BerVarray app_passwords, app_passwords_used, known_sources;
	struct berval seed_sealed; /* oathSecret as stored, or that it is elsewhere; BER_BVNULL without */
	int seed_is_elsewhere;     /* slapo-otp has it, and it was not taken over */
	struct berval last_step;   /* oathTOTPLastTimeStep as stored */
	struct berval login_state; /* musterLoginState as stored */
	struct berval mail, verified_mail, mobile, language, uid;
	struct berval display_name; /* displayName, else cn */
	struct berval pending_mail, pending_mobile, pending_login; /* wait for their codes */
	BerVarray mails, mobiles; /* all values */
	BerVarray code_counts;
	int has_mail_verified, has_mobile_verified;
	int pwd_reset;
	struct berval unproved_until; /* musterUnprovedUntil as stored: nobody has proved the address of this sign-up yet */
	struct berval locked;   /* pwdAccountLockedTime as stored */
	int64_t pwd_changed;    /* unix seconds, 0 unknown */
	int64_t last_success;   /* pwdLastSuccess, 0 none */
	struct policy policy;
	int policy_usable; /* 0: a number is out of range or the policy cannot be read: refuse */
};

/*
 * member_load - read the entry at ndn and the policy it lives under.
 * out:   *member_out  freed with member_free(); NULL on error
 * error: ERR_NOT_FOUND (no such entry), ERR_REFUSED (the entry is no member), ERR_MEMORY
 */
int member_load(Operation *op, struct muster *m, struct berval *ndn, struct member **member_out);
void member_free(struct member **member);

/* entry_fetch - an entry of op->o_bd, NULL when it is not there; be_entry_release_r() by the caller */
Entry *entry_fetch(Operation *op, struct berval *ndn);

/* depth_below - how deep ndn lies in a folder of the base: 0 the folder itself, -1 elsewhere. in: rdn  of the folder, with a comma */
int depth_below(const struct muster *m, const char *rdn, const struct berval *ndn);

/* organization_above - the nearest organization above ndn in op->o_bd, NULL for none; be_entry_release_r() by the caller */
Entry *organization_above(Operation *op, struct muster *m, const struct berval *ndn);

/* member_is_current - 1 when the entry was not written since member_load() */
int member_is_current(Operation *op, struct muster *m, const struct member *member);

/* member_is - 1 when an entry is of class musterMember or musterAccount */
int member_is(Entry *e);

/* member_factor_elsewhere - 1 for the attributes with which slapo-otp names where a second factor is */
int member_factor_elsewhere(const AttributeDescription *ad);

/* What is to be done about a second factor that is elsewhere, for who proved to be the member or writes it. */
#define MEMBER_TEXT_ELSEWHERE \
	"the second factor is one of slapo-otp that was not taken over: have muster adopt do that, or delete oathTOTPToken and " \
	"the class oathTOTPUser (HOTP: oathHOTPToken, oathHOTPUser)"

/* member_factor_active - 1 when the member has a seed, usable or not, and the policy is not off */
int member_factor_active(const struct member *member);

/* member_locked - 1 while pwdAccountLockedTime keeps the member out, whoever wrote it */
int member_locked(const struct member *member, int64_t now);
/* member_locked_for_good - 1 when it is 000001010000Z, which an administrator wrote */
int member_locked_for_good(const struct member *member);

/* member_last_step - the step that was spent last, -1 for none. error: ERR_INPUT */
int member_last_step(const struct member *member, int64_t *step_out);

/*
 * policy_check_attribute - range-check one policy attribute that is about to be written. Attributes that are none of a
 *                          policy's pass.
 * out:   text  what is wrong and what is allowed
 * error: ERR_RANGE
 */
int policy_check_attribute(AttributeDescription *ad, BerVarray values, char *text, size_t text_len);

/* member_has_password - 1 when the member can log in with one */
int member_has_password(const struct member *member);

/* policy_is_rule - 1 for the attributes that a policy is made of, with options or without */
int policy_is_rule(const AttributeDescription *ad);

/*
 * policy_check_entry - whether a policy can be used as it is about to be: each value for itself, and numbers that go together.
 * out:   text  what is wrong
 * error: ERR_RANGE
 */
int policy_check_entry(Entry *e, char *text, size_t text_len);

/*
 * policy_load - the policy that a member at ndn lives under; the member itself need not be there yet.
 * out:   policy_out  set on every path, to console-16 when it cannot be used
 * error: ERR_RANGE, ERR_NOT_FOUND, ERR_IO (it cannot be used: refuse)
 */
int policy_load(Operation *op, struct muster *m, struct berval *ndn, struct policy *policy_out);

/* --- networks.c --------------------------------------------------------------------------------- */

/* client_address - where op's client is; NETWORK_NONE when nobody can tell */
void client_address(Operation *op, struct network_address *address_out);

/*
 * networks_allow - 1 when the policy's networks let op's client in, and rhost, where it says that it asks for, too.
 * in:    rhost  empty: it did not say. What is no address is refused.
 */
int networks_allow(Operation *op, const struct policy *policy, const struct berval *rhost);
/* networks_allow_rhost - the same for rhost alone */
int networks_allow_rhost(const struct policy *policy, const struct berval *rhost);

/* networks_read - the networks of a policy entry; the policy's are empty before. error: ERR_RANGE */
int networks_read(Entry *e, struct policy *policy);
/* networks_check_values, networks_check_count - what is about to be written; as policy_check_attribute() */
int networks_check_values(const AttributeDescription *ad, BerVarray values, char *text, size_t text_len);
int networks_check_count(Entry *e, const Modifications *mods, char *text, size_t text_len);

/* --- exop_target.c -------------------------------------------------------------------------------- */

/* organization_named - 1 when a name is that of an organization other than the one at own_ndn, o or musterDomain */
int organization_named(Operation *op, struct muster *m, const struct berval *name, const struct berval *own_ndn);

/* --- account.c, account_state.c, account_remember.c --------------------------------------------- */

/* Who a client is taken for: IPv4 whole, IPv6 the first 64 bits, all local sockets one. */
struct source_place {
	uint8_t octets[9];
};

/* Where a try comes from, see source.h. */
struct source {
	struct source_place place; /* the client itself, whatever it says of others */
	struct budget_from from;
	char hashed[KEYRING_ID_MAX + 1 + 44]; /* as musterKnownSource has it, without the day; "" without keys */
	struct berval stored;                 /* the value it is known by, pointing into the member */
};

/* A try at an account. */
struct attempt {
	struct berval key;           /* entryUUID text, or for a missing entry its normalized DN */
	const struct member *member; /* NULL: nobody there */
	const struct policy *policy;
	const struct source *source;
	int64_t now;
	int with_code;               /* it brings a code, which has a budget of its own */
	int two_steps;               /* its password may have been found right on this connection just now */
	unsigned long connid;
};

/*
 * account_enter - the only way to a verification. A try that has to be refused whatever it brings (a delay, a lock) is
 *                 turned away at once; others wait while another one of the same account is under way. Few may wait.
 * out:   *try_out   to be given back with account_release(); NULL on error
 *        *rule_out  with ERR_ATTEMPTS: "locked", "throttled" or "code-throttled", for the log
 * error: ERR_ATTEMPTS (spend the time, then refuse), ERR_BUSY
 */
struct account_try;
int account_enter(struct accounts *accounts, const struct attempt *attempt, struct account_try **try_out,
                  const char **rule_out);

/*
 * account_spend_begin, account_spend_end - around the time that a try which was turned away has to spend.
 * in:    spender  the caller's, and source, until the end
 * error: ERR_BUSY  too many from this client, or from all: answer at once
 */
struct waiter {
	const struct account_try *at;
	const struct source *source;
	struct waiter *next;
};
int account_spend_begin(struct accounts *accounts, const struct source *source, struct waiter *spender);
void account_spend_end(struct accounts *accounts, struct waiter *spender);

/* account_reserve - the same as account_enter() for who does not guess, whatever delays there are. error: ERR_BUSY */
int account_reserve(struct accounts *accounts, const struct attempt *attempt, struct account_try **try_out);

/* account_sync - take over what the entry says, read since the account was reserved, unless we know better */
void account_sync(struct account_try *t, const struct berval *login_state, int64_t now);

/*
 * account_throttled - why a try is to be refused, right or wrong, and not counted: "locked", "throttled", "code-throttled";
 *                     NULL when it is not.
 * in:    knows  1: its password was found right already
 */
const char *account_throttled(struct account_try *t, const struct attempt *attempt, int knows);

/* account_record - failures are written after account_release() by a task of its own */
enum account_event { ACCOUNT_PASSWORD_WRONG, ACCOUNT_CODE_WRONG, ACCOUNT_LOGIN, ACCOUNT_UNLOCK };
void account_record(struct account_try *t, enum account_event event, const struct attempt *attempt);

/*
 * account_login_begin - what musterLoginState is to say once a login from a source is written, "" for nothing.
 * account_login_end   - whether it was. in: began  what account_login_begin() returned
 */
unsigned account_login_begin(struct account_try *t, const struct source *source, char text_out[BUDGET_TEXT_MAX]);
void account_login_end(struct account_try *t, const struct source *source, unsigned began, int saved);

/* account_forget - somebody unlocked the account, and the entry says so: no failures are known any more */
void account_forget(struct accounts *accounts, const struct member *member);

/*
 * account_remember, account_remembered - a right password on this connection, for one use within 60 s.
 * in:    stored  the hash it was right for; a password changed meanwhile is not remembered
 */
void account_remember(struct account_try *t, const struct keyring *ring, unsigned long connid,
                      const struct berval *stored, const struct berval *password, int64_t now);
int account_remembered(struct account_try *t, const struct keyring *ring, unsigned long connid,
                       const struct berval *stored, const struct berval *password, int64_t now);
void account_release(struct account_try **t);

int accounts_new(struct muster *m, struct accounts **out);
void accounts_free(struct accounts **a);

/* --- verify.c ----------------------------------------------------------------------------------- */

enum verify_outcome {
	VERIFY_DENIED = 0,        /* answer 49 */
	VERIFY_OK,                /* spend step_out, then success */
	VERIFY_CODE_MISSING,      /* password right, code not given */
	VERIFY_ENROL,             /* right, the policy requires a factor and there is none */
	VERIFY_CHANGE,            /* right, pwdReset */
	VERIFY_EXPIRED,           /* right, older than pwdMaxAge */
	VERIFY_BUSY,              /* answer 51 */
	VERIFY_UNUSABLE           /* answer 53: key, policy or seed cannot be used */
};

struct verify_request {
	struct berval password;
	struct berval code;   /* BER_BVNULL when not given separately */
	int has_control;      /* 0: the password may end in the code */
	int code_apart;       /* the code is never the end of the password, not even where there is no factor: it is passed over then */
	int may_remember;     /* bind only */
	struct berval rhost;  /* where a client says that it asks for; empty when it did not */
};

struct verify_result {
	enum verify_outcome outcome;
	int64_t step;             /* to be spent, -1 none */
	struct berval recovery;   /* recovery code to be spent, as stored; points into the member */
	struct source source;
	struct berval password;   /* the part of the credential that is the password; points into the request */
	struct account_try *hold; /* released by verify_end() */
	struct member *fresh;     /* the entry as it is under the reservation, when it changed meanwhile */
	struct secret *joined;    /* credential put together from password and code */
	const struct berval *stored; /* the userPassword value that matched */
	int too_short;               /* for a member without a factor: to be marked when the answer is sent */
	const char *factor; /* for the log alone: what was proved, however it ended; NULL: nothing */
	const char *rule;   /* for the log alone: which rule refused, NULL with VERIFY_OK */
	char renewed[PWHASH_TEXT_MAX]; /* hash to be stored instead of the present one, "" for none */
};

/*
 * verify_begin - verify password and code of a member without answering. Exactly one Argon2 run on every path
 *                (none when the password is remembered; one more with VERIFY_OK when the hash is renewed), also when member
 *                is NULL. The account stays reserved until verify_end().
 * in:    key  normalized DN, used when member is NULL
 */
void verify_begin(Operation *op, struct muster *m, const struct member *member, struct berval *key,
                  const struct verify_request *request, struct verify_result *result);

/*
 * verify_standing - what the entry alone says about logging in, whoever proved to be its owner and how: a bind, an app
 *                   password, a login host that checks an account.
 * out:   rule_out  for the log, NULL with VERIFY_OK
 *        VERIFY_OK, _DENIED, _UNUSABLE, _CHANGE, _EXPIRED or _ENROL
 */
enum verify_outcome verify_standing(const struct member *member, int64_t now, const char **rule_out);

/*
 * verify_spend - append to mods what a successful verification must write in the same modification: the conditional step;
 *                when login is 1 pwdLastSuccess, the failures that are left, the source and the renewed hash too.
 */
int verify_spend(Operation *op, struct muster *m, const struct member *member, const struct verify_result *result,
                 int login, Modifications **mods);

/* verify_login - carry out what verify_spend() planned for a login; the LDAP result code. Frees *mods. */
int verify_login(Operation *op, struct muster *m, const struct member *member, struct verify_result *result,
                 Modifications **mods);

/* verify_end - after the answer: release; failures are written by and by. */
void verify_end(Operation *op, struct muster *m, const struct member *member, struct verify_result *result);

/* --- mods.c ------------------------------------------------------------------------------------- */

/*
 * mods_add - append one change with copies of the values.
 * in:    mod_op  LDAP_MOD_ADD, _DELETE, _REPLACE, SLAP_MOD_SOFTADD, SLAP_MOD_SOFTDEL
 *        value   NULL deletes the whole attribute
 */
void mods_add(Modifications **mods, int mod_op, AttributeDescription *ad, const struct berval *value);
void mods_add_text(Modifications **mods, int mod_op, AttributeDescription *ad, const char *value);
/* mods_set_text - one value in the place of all there are; len 0: none */
void mods_set_text(Modifications **mods, AttributeDescription *ad, const char *text, size_t len);
void mods_add_time(Modifications **mods, int mod_op, AttributeDescription *ad, int64_t unix_sec);

/*
 * mods_write - carry out an internal modification as rootdn through the overlays below us (ppolicy skipped),
 *              with operational attributes and a CSN of its own, so that it is replicated. Frees *mods.
 * out:   LDAP result code; a value that is not there any more (lost race) is LDAP_NO_SUCH_ATTRIBUTE
 */
int mods_write(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, Modifications **mods);
/* mods_rename - the same for the name of an entry, the old one taken away. in: rdn, nrdn  new RDN, pretty and normalized */
int mods_rename(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, struct berval *rdn,
                struct berval *nrdn);
void mods_free(Modifications **mods);

/*
 * op_walk - continue an operation below us. Return what it returns from the hook.
 * in:    with_ppolicy  0: past ppolicy, which must not judge a member's password
 */
int op_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy);
/* modify_entrance - the modify hook: our own modifications walk on, all others go to modify_hook() */
int modify_entrance(Operation *op, SlapReply *rs);

/* --- alone.c ------------------------------------------------------------------------------------ */

/* alone_ready - once, when the module is loaded */
void alone_ready(void);

/* writes_enter, writes_leave - around each write below us, see op_walk(); on one thread one inside of another counts once */
void writes_enter(void);
void writes_leave(void);

/*
 * alone_begin - wait until no other write is in the databases of this server, and let none in until alone_end(). For rules
 *               about several entries: look, then write.
 * error: ERR_BUSY  this thread is inside of a write already
 * after: take no lock and no account (account_enter(), verify_begin()) before alone_end(): who has it may be waiting for us
 */
int alone_begin(void);
void alone_end(void);
/* alone_wait - until what somebody writes who is alone now is stored: syncprov tells of it before that */
void alone_wait(void);

/* A transaction of the database. */
struct transaction {
	Operation *op;
	struct muster *m;
	OpExtra *extra;  /* the database's own */
	OpExtra *before; /* what op had */
};

/*
 * transaction_begin - what is written on behalf of op from now on (mods_write(), internal_add() and the like with op,
 *                     transaction_walk()) is stored together by transaction_end(), or not at all. Reads see it.
 * error: ERR_IO  the database has no transactions, or cannot begin one now
 * after: alone_begin() before, entries released; nothing is answered to the client until transaction_end()
 */
int transaction_begin(Operation *op, struct muster *m, struct transaction *t);
/* transaction_end - LDAP_SUCCESS stores it, anything else drops it. out: rc, LDAP_OTHER when storing failed */
int transaction_end(struct transaction *t, int rc);

/* The answer to a client's operation that is part of a transaction. */
struct transaction_answer {
	int result;
	char text[256];
};
/* transaction_walk - op_walk() whose answer is kept back. out: the result */
int transaction_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                     struct transaction_answer *answer);
/* transaction_answer - send it; what a hook returns */
int transaction_answer(Operation *op, SlapReply *rs, struct muster *m, const struct transaction_answer *answer);

/* --- password.c --------------------------------------------------------------------------------- */

struct password_change {
	struct berval plain;
	int by_self;    /* 0: somebody else sets it: pwdReset and notice */
	int by_token;
	Entry *entry;   /* the member's entry when it is being added, NULL: it is in the database */
};
/*
 * password_plan - check a new password against rules and history and append everything that goes with it: hash,
 *                 pwdChangedTime, pwdHistory, pwdReset, challenges and login state gone, outbox notice.
 * out:   text  PWRULES_TEXT_MAX octets: for ERR_RULES the rules, else what to do; "" on success
 * error: ERR_RULES, ERR_MEMORY, ERR_KEY, ERR_IO (a list cannot be read); nothing appended
 */
int password_plan(Operation *op, struct muster *m, const struct member *member,
                  const struct password_change *change, Modifications **mods, char text[PWRULES_TEXT_MAX]);

/*
 * password_words - password_words.c: the rules context and blocklist.
 * in:    entry   as in struct password_change
 * out:   broken  rules that are broken are or-ed in
 * error: ERR_IO (a list cannot be read: nobody can tell), ERR_MEMORY
 */
int password_words(Operation *op, struct muster *m, const struct member *member, Entry *entry, const struct berval *plain,
                   unsigned *broken);

/*
 * password_forget - append that the present password, which is taken away or replaced by a hash, is one of those used before.
 * in:    replaced  1: another one takes its place
 */
void password_forget(const struct member *member, int replaced, Modifications **mods);

/* password_mark - write that the password must be changed, unless it was changed meanwhile. in: stored  its hash */
void password_mark(Operation *op, struct muster *m, const struct member *member, const struct berval *stored);

/* password_matches - 1 when plain is one of the member's stored passwords of any scheme; costs time per value. */
int password_matches(Operation *op, struct muster *m, BerVarray stored, const struct berval *plain);

/* --- outbox.c ----------------------------------------------------------------------------------- */

#define RECORD_ID_MAX 64
/*
 * outbox_owe - append a notice to the member (no-op without an address, or when the policy switches it off). address: where to, NULL: mail on the entry, and the
 *              address that was proved last when that is another.
 */
void outbox_owe(const struct member *member, const char *kind, const struct berval *address, int64_t now,
                Modifications **mods);
/* outbox_owe_about - the same about an application or a payment method: what the courier is told comes from there. in: about  its
 *                    name, "" for none */
void outbox_owe_about(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods);
/* outbox_owe_task - something that the courier does for the member and that is no message */
void outbox_owe_task(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods);
/*
 * outbox_owe_message - append one message to one address, whatever is switched off: codes, and what outbox_owe() makes of a notice.
 */
void outbox_owe_message(const struct member *member, const char *kind, const struct berval *address, int64_t now,
                        Modifications **mods);
/* outbox_forget - append that what is owed of a kind is not owed any more. alone_begin() before, and the member read after it. */
void outbox_forget(const struct member *member, const char *kind, Modifications **mods);
/*
 * queue_request - queue.c: write a queue entry; the same cost whatever the target is. Nothing is written, and 0 returned,
 *                 while a request for the same target waits.
 * in:    target  "dn:<normalized dn>" or "login:<organization>/<login>", see exop_target_text()
 *        data    values of musterRequestData, NULL for none
 * error: ERR_NOT_FOUND (there is no queue), ERR_BUSY (too many), ERR_IO
 */
int queue_request(Operation *op, struct muster *m, const char *kind, const struct berval *target, BerVarray data);

/* --- payment.c ---------------------------------------------------------------------------------- */

/* payment_method_usable - 1 when a platform member has a payment method that counts now: active, and no card that has expired */
int payment_method_usable(Operation *op, struct muster *m, const struct berval *account_ndn);

/* --- factor.c ----------------------------------------------------------------------------------- */

/*
 * factor_match - compare a code with a member's seed, in the window of its policy.
 * out:   match_out, step_out  as totp_check()
 * error: ERR_KEY, ERR_INPUT, ERR_RANGE and others: seed or last step cannot be used, which is logged; then TOTP_WRONG
 * after: act on TOTP_RIGHT only once the conditional write of *step_out has succeeded
 */
int factor_match(Operation *op, struct muster *m, const struct member *member, const struct berval *code, int64_t now,
                 enum totp_match *match_out, int64_t *step_out);

/* --- app_password.c ----------------------------------------------------------------------------- */

/*
 * app_password_match - whether what was typed at a bind is an app password of the member that op's client may use now.
 * in:    member  NULL: nobody there
 * out:   id_out  "" without a match
 */
int app_password_match(Operation *op, struct muster *m, const struct member *member, const struct berval *typed,
                       char id_out[APPPW_ID_LEN + 1]);
/* app_password_is_there - 1 when the member has the app password with that id */
int app_password_is_there(const struct member *member, const char *id);
/* app_password_used - append to mods that it is used now, unless the entry says so of this hour */
void app_password_used(const struct member *member, const char *id, int64_t now, Modifications **mods);
/* app_password_forget_use - append to mods that nothing is known of its use any more */
void app_password_forget_use(const struct member *member, const char *id, Modifications **mods);
/* app_passwords_forget - append to mods that all app passwords are gone */
void app_passwords_forget(const struct member *member, Modifications **mods);

/* --- grace.c; grace.h is for bind.c alone ---------------------------------------------------------- */

int grace_new(struct grace_table **table_out);
void grace_free(struct grace_table **table);

/* --- recovery.c --------------------------------------------------------------------------------- */

/*
 * recovery_match - compare what was typed as a code with the member's unused recovery codes (xxxxx-xxxxx in base32,
 *                  any case, with or without the dash: no TOTP code looks like that).
 * out:   *stored_out  the value of musterRecoveryCode it is, pointing into member; BER_BVNULL without a match
 * after: act on 1 only once the conditional delete (LDAP_MOD_DELETE of *stored_out) has succeeded
 */
int recovery_match(struct muster *m, const struct member *member, const void *typed, size_t len,
                   struct berval *stored_out);

/* recovery_owe_used - tell the member when a verification that is about to be written spends a recovery code */
void recovery_owe_used(const struct member *member, const struct verify_result *result, int64_t now, Modifications **mods);

/* --- reseal.c ----------------------------------------------------------------------------------- */

/*
 * reseal_wish - seeds under other keys, plain seeds and plain passwords are put right in the background, soon. To be called
 *               when the database opens and when the keys were read, while slapd carries out nothing else.
 * reseal_end  - no more of that.
 */
void reseal_wish(struct muster *m);
void reseal_end(struct muster *m);

/* --- signup.c ----------------------------------------------------------------------------------- */

/* signups_config - olcMusterTerms */
ConfigDriver signups_config;
int signups_new(struct muster *m);
void signups_free(struct muster *m);

/* signups_take - 1 when op's client may sign somebody up now, whoever that is; it then has one less */
int signups_take(Operation *op, struct muster *m);
/* signups_full - 1 when no more may be made, because so many wait for their proof */
int signups_full(struct muster *m);
/* signups_made, signups_proved - one more waits for its proof, one less */
void signups_made(struct muster *m);
void signups_proved(struct muster *m);

/* signups_wish - sign-ups whose time is over vanish from now on, when the database has opened. signups_end - no more */
void signups_wish(struct muster *m);
void signups_end(struct muster *m);

/* --- hooks and registration --------------------------------------------------------------------- */

int bind_hook(Operation *op, SlapReply *rs);
int bind_register_control(void);
/* SLAP_CB_CONTINUE: it is none of our business */
int add_hook(Operation *op, SlapReply *rs);
int modify_hook(Operation *op, SlapReply *rs);
int modrdn_hook(Operation *op, SlapReply *rs);
int delete_hook(Operation *op, SlapReply *rs);
/* What slapd calls: the hooks, and what they let pass goes on from here, so that every write is counted (alone.c). */
int add_entrance(Operation *op, SlapReply *rs);
int modrdn_entrance(Operation *op, SlapReply *rs);
int delete_entrance(Operation *op, SlapReply *rs);
int extended_hook(Operation *op, SlapReply *rs); /* Password Modify of a member; all else continues */
int exop_register(void);
int sasl_register(void);
int config_register(slap_overinst *muster);

/* Numbers of the configuration attributes; the same as the last part of their OIDs. */
enum config_type {
	CONFIG_KEY_FILE = 1,
	CONFIG_POLICY,
	CONFIG_BASE,
	CONFIG_QUEUE,
	CONFIG_COURIER,
	CONFIG_MIN_SSF,
	CONFIG_LEASE,
	CONFIG_MINT_INTERVAL,
	CONFIG_ARGON2,
	CONFIG_BLOCKLIST,
	CONFIG_BREACHED,
	CONFIG_CONTEXT_WORD,
	CONFIG_SERVICE,
	CONFIG_TERMS,
	CONFIG_NUMBERS,
	CONFIG_PAYMENT_REQUIRED,
	CONFIG_CERTIFICATE_COUNTRY,
	CONFIG_MESSAGE_CAPS
};

/*
 * lists.c. lists_config - olcMusterBlocklist, olcMusterBreached, olcMusterContextWord
 *          lists_open, lists_close - with the database; what cannot be read is logged and fails when it is needed
 *          lists_breached - look for a SHA-1 hash in the file of breached passwords. error: ERR_IO, which is logged
 */
ConfigDriver lists_config;
void lists_open(struct muster *m);
void lists_close(struct muster *m);
void lists_free(struct muster *m);
int lists_breached(Operation *op, struct muster *m, const uint8_t *hash, int *found_out);

/*
 * numbering.c; numbering.h is for write_numbers.c. numbering_forget - what is known of numbers is read anew when it is needed.
 */
void numbering_new(struct muster *m);
void numbering_free(struct muster *m);
void numbering_forget(struct muster *m);

/* config_value_remove - one of several values of a configuration attribute; in: which  -1: all of them */
void config_value_remove(BerVarray *values, int which);

/* config_organization.c: olcMusterService, olcMusterNumbers, olcMusterPaymentRequired, olcMusterCertificateCountry */
ConfigDriver organization_config;
void organization_config_free(struct muster *m);
/* service_of - the catalogue's line of a service, NULL when it has none */
const struct service *service_of(const struct muster *m, const struct berval *name);

/* config_order_wrong - 1 when an overlay that must be below muster is above it */
int config_order_wrong(const slap_overinst *on);

/* connections_ready - once, when the module is loaded */
void connections_ready(void);

/*
 * connections_generation - another number once the connections of this name had to end: a login that was judged before that
 *                          and gets its identity later is over.
 */
unsigned connections_generation(const struct berval *ndn);

/*
 * END_ALL: an entry, and those below it, may not be logged in by the name they had: also op's own connection.
 * END_OTHERS: the login of a member changed, and op is how: its own connection stays.
 */
enum connections_scope { END_NONE = 0, END_OTHERS, END_ALL };

/* connections_end_walk - op_walk() of a write; once it is done, and before anybody is told, connections end */
int connections_end_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy,
                         enum connections_scope scope);

/*
 * connections_end - the connections of an entry, with END_ALL of those below it too. op's own with END_ALL only becomes
 *                   anonymous, so that the answer gets through.
 * out:  1 when op's own was among them: connections_end_own() after the answer
 */
int connections_end(Operation *op, const struct berval *ndn, enum connections_scope scope);
void connections_end_own(Operation *op);

/* connections_end_others - the same after a write of our own, before the answer */
void connections_end_others(Operation *op, const struct berval *ndn);

/*
 * reply.c. reply_control - add a response control whose value is what ber holds; ber stays the caller's.
 *          reply_callback - have response called for each reply to op, below slapd's own; freed with the operation.
 *          reply_callback_free - the sc_cleanup of a callback from op's memory.
 *          reply_callback_unlink - take a callback of the caller's out of op again, if it still is in.
 */
void reply_control(Operation *op, SlapReply *rs, const char *oid, BerElement *ber);
void reply_callback(Operation *op, slap_response *response);
int reply_callback_free(Operation *op, SlapReply *rs);
void reply_callback_unlink(Operation *op, slap_callback *callback);

/* ppctrl.c: answer the ppolicy control in rs when the request asked for it. error: -1 none, else its enum */
enum ppctrl_error { PPCTRL_NONE = -1, PPCTRL_EXPIRED = 0, PPCTRL_LOCKED = 1, PPCTRL_CHANGE_AFTER_RESET = 2,
	PPCTRL_MUST_SUPPLY_OLD = 4, PPCTRL_QUALITY = 5, PPCTRL_TOO_SHORT = 6, PPCTRL_IN_HISTORY = 8, PPCTRL_TOO_LONG = 9 };
void ppctrl_answer(Operation *op, SlapReply *rs, enum ppctrl_error error);
/* ppctrl_of_rules - the control's word for the rules that a text of pwrules_format() names */
enum ppctrl_error ppctrl_of_rules(const char *text);

/* overlay_instance - the muster instance of the database that serves ndn, NULL when there is none. Sets *be_out. */
struct muster *overlay_instance(struct berval *ndn, BackendDB **be_out);
extern slap_overinst muster_overlay;
/* muster_of - the instance behind a hook's op->o_bd->bd_info. */
struct muster *muster_of(Operation *op);

/* One outcome. operation, factor and rule are constants, one word each: doc/OPERATIONS.md lists them. */
struct audit_event {
	const char *operation;
	const struct berval *dn; /* whom it is about, as it was said where that is nobody; NULL: nobody */
	int result;              /* what is answered: LDAP_SUCCESS is accepted, everything else refused */
	const char *factor;      /* what was proved, however it ended; NULL: nothing */
	const char *rule;        /* which rule refused, the true one; NULL: the one result stands for */
	const char *text;        /* more for who reads the log, never a value of a secret; NULL: nothing */
	const struct berval *service, *rhost; /* of an extended operation that has them; a bind has them in its control */
};

/*
 * audit - the one line of an outcome: fixed fields, control characters escaped, never a secret. Who did it and from where
 *         is taken from op.
 */
void audit(Operation *op, const struct audit_event *event);
/* audit_text - octets of a stranger as a part of such a line, cut to size */
void audit_text(const struct berval *in, char *out, size_t size);

#endif
