/*
 * muster.h - inside of the overlay: what all of its files share. doc/ARCHITECTURE.md, "The overlay", is the specification.
 *
 * What a file is there for is in the header of its name, and else in the one that stands here in parentheses; those of
 * module.c, config.c, schema.c, bind.c and sasl.c are here. Each header includes slapd's own first (overlay.h does that in the
 * right order), and a file includes the headers that it uses, its own first.
 *
 * Files, callers mostly before what they call:
 *   module.c   load, ABI check, registration        sasl.c      frontend overlay mustersasl
 *   config.c   olcMuster..., open and close         exop.c      decode, target, dispatch
 *   bind.c     bind hook                            exop_*.c    one file per operation or pair (exop.h)
 *   write.c    add, modify, modrdn, delete hooks    check_account.c  another operation (exop.h)
 *   write_*.c  what they ask for (write.h)          courier.c   claim, done (exop.h, claim.h)
 *   no_op.c    writes only tried (write.h)          claim_*.c   what a courier can claim (claim.h)
 *   verify.c   password and code of a member        ppctrl.c    the ppolicy control for members
 *   password.c a new password as modifications      outbox.c    record ids, outbox values, leases
 *   account.c  tries in memory                      member.c    a member's entry as a struct
 *   account_*.c  more of it (account.h); account_table.h is what they have behind it
 *   failures.c the task that writes failures        source.c    where a try comes from
 *   audit.c    one line per outcome                 policy.c    a policy as a struct
 *   entry.c    one entry, and what it lies in
 *   mods.c     modification lists, internal writes  schema.c    registration table, attribute descriptions
 *   reply.c    controls and callbacks of answers    factor_control.c  SecondFactor control
 *   recovery.c recovery codes                       queue.c     requests that wait for the courier
 *   internal.c search, add, delete as the rootdn    fresh.c     how each connection was bound
 *   networks.c where clients are and may be         grace.c     the very same credential again
 *   app_password.c  passwords of programs           factor.c    a code against a member's second factor
 *   lists.c    word lists, breached hashes          password_words.c  new passwords against names and lists (password.h)
 *   organization.c  who owns an organization        numbering.c uidNumber and gidNumber
 *   config_organization.c  the catalogue of services and the like
 *   exop_target.c  from a target to a member        connections.c  connections that may not go on
 *   reseal.c   old seals, plain values put right    alone.c     nobody else writes; several entries at once
 *   payment.c  payment methods                      task.c      what is done in the background
 *   codes.c    codes that prove addresses           caps.c      how many are sent in a day (codes.h)
 *   application.c  applications and documents       signup.c    how many sign up, and who vanishes again
 */
#ifndef MUSTER_SLAPD_MUSTER_H
#define MUSTER_SLAPD_MUSTER_H

#include "slapd/overlay.h"

#include "core/numbers.h"
#include "core/pwhash.h"

#define MUSTER_CTRL_SECOND_FACTOR "2.25.154254282437691369581785512569447189437.3.1"
#define MUSTER_EXOP_ARC "2.25.154254282437691369581785512569447189437.4"

struct accounts;
struct grace_table;
struct keyring;
struct numbering;
struct reseal;
struct service;
struct signups;
struct wordlist;

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

/* overlay_instance - the muster instance of the database that serves ndn, NULL when there is none. Sets *be_out. */
struct muster *overlay_instance(struct berval *ndn, BackendDB **be_out);
extern slap_overinst muster_overlay;
/* muster_of - the instance behind a hook's op->o_bd->bd_info. */
struct muster *muster_of(Operation *op);

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
/* modify_entrance - the modify hook: our own modifications walk on, all others go to modify_hook() */
int modify_entrance(Operation *op, SlapReply *rs);
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

/* config_order_wrong - 1 when an overlay that must be below muster is above it */
int config_order_wrong(const slap_overinst *on);

#endif
