/*
 * write.h - what the hooks for add, modify, modrdn and delete share among themselves and nobody else needs.
 *
 *   write.c           the hooks: what is none of our business goes on at once
 *   write_audit.c     the audit line
 *   write_checks.c    values and rights, of every entry
 *   write_add.c       a member is added
 *   write_modify.c    a member is modified
 *   write_password.c  userPassword in a modification
 *   write_factor.c    oathSecret and musterCode in a modification
 *   write_address.c   addresses that wait for their proof, and musterCode for them
 *   write_login.c     a new login ID with both of its codes
 *   write_app.c       musterAppPassword in a modification
 *   write_replicated.c  what another server wrote
 *   write_policy.c    policies, and who names them
 *   write_self.c      what a member may write of its own entry
 *   write_application.c, write_decision.c, write_document.c  applications: application.h
 *   write_applicant.c who applied, and operators, when they are renamed or deleted
 *   write_payment.c   payment methods: payment.h
 *   write_owner.c     OWNERs of organizations
 *   write_service.c   services of organizations
 *   write_rename.c    another name or place
 *   write_numbers.c   uidNumber and gidNumber
 *   write_follow.c    being alone, and what is stored together with a write
 *   no_op.c           writes that are only tried
 *
 * Attributes are told by their type, not by their description: "userPassword;x-tag" is userPassword too.
 */
#ifndef MUSTER_SLAPD_WRITE_H
#define MUSTER_SLAPD_WRITE_H

#include "slapd/overlay.h"

#include "slapd/connections.h"
#include "slapd/ppctrl.h"
#include "slapd/verify.h"

struct internal_new;
struct member;
struct muster;

#define WRITE_TEXT_MAX 256
#define WRITE_TEXT_GONE "this member was renamed or deleted meanwhile"
#define WRITE_RULE_TAKEN "taken" /* of a name that another organization has */
#define WRITE_TEXT_TAKEN "%s: \"%.64s\" is taken, it is the name or the domain of another organization: choose another"
#define WRITE_TEXT_NO_ADD \
	"no right to add this entry; with the Relax control it takes the manage right: ask an administrator"
#define WRITE_TEXT_NESTED "an organization does not lie inside of another"
#define WRITE_TEXT_ACCOUNT "a platform member (musterAccount) does not lie in an organization: use musterMember"

/* A change of another entry that is stored together with a write. */
struct write_follower {
	struct berval dn, ndn; /* as they are once the write itself is done */
	Modifications *mods;
	int deletes; /* it goes: with a write that deletes, and before it */
	struct write_follower *next;
};

/* One write under way. Functions return LDAP_SUCCESS, or what write_refuse() returned. */
struct write {
	Operation *op;
	SlapReply *rs;
	struct muster *m;
	int64_t now;

	/* a refusal */
	char text[WRITE_TEXT_MAX];

	/* for the audit line */
	const char *what;
	const char *rule; /* NULL: the one that the result stands for */
	char changes[WRITE_TEXT_MAX]; /* names of attributes */
	enum ppctrl_error ppolicy;

	/* modification of a member */
	struct member *member;
	int self;             /* the member itself writes */
	int of_member;        /* the entry is a member, or becomes one */
	int manages_password; /* may store what is hashed already */
	int manages_seed;     /* may store what is sealed already */
	int manages_pending;  /* repairs addresses that wait: they are stored as they are, and nothing is sent */
	int overrides_status; /* may leave an organization without an active OWNER */
	Modifications *owed;  /* what the overlay writes in the same modification */
	int unlocks;          /* once it is written: failures before are forgotten */
	enum connections_scope end; /* once it is written: the member is not active any more, or its login is another */
	struct verify_result verified;
	int verifying;        /* verified is to be ended after the answer */

	int alone;                        /* no other write is in the database until write_end() */
	struct write_follower *followers; /* stored together with it */
	uint32_t taken[2];                /* numbers somebody picked: nobody's again when it is not stored */
	int taken_len;
	slap_callback taken_callback;     /* which sees the answer before the client */
};

/* --- write_audit.c -------------------------------------------------------------------------------- */

/* Whose writes have a line of their own; a refusal always has one. */
enum write_subject { SUBJECT_OTHER, SUBJECT_MEMBER, SUBJECT_ORGANIZATION, SUBJECT_POLICY, SUBJECT_SERVICE,
	SUBJECT_APPLICATION, SUBJECT_DOCUMENT, SUBJECT_PAYMENT };

/* write_subject_of - in: e  NULL: nobody's */
enum write_subject write_subject_of(Entry *e);

/* write_audit_begin - what is done to what, and to which of its attributes. in: changes  may be NULL */
void write_audit_begin(struct write *w, enum write_subject subject, const Modifications *changes);

/* write_audit - the audit line of a write, refused or not */
void write_audit(struct write *w, int result);

/* --- write.c ------------------------------------------------------------------------------------------ */

/*
 * write_check_new - whether an entry that newOrganization makes may be stored; a domain becomes lower case in place. Alone.
 * in:    whole     1: everything that the add hook asks for; 0: access rules alone, for what lies below such an entry
 * out:   rule_out  for the log
 *        text      WRITE_TEXT_MAX octets: a refusal
 */
int write_check_new(Operation *op, struct muster *m, const struct internal_new *new, int whole, const char **rule_out,
                    char *text);

/* --- no_op.c --------------------------------------------------------------------------------------- */

/* no_op_check_modify - what can be said of a modification that is only tried. in: ours  it is of a member, with rules of its own */
int no_op_check_modify(struct write *w, Entry *e, int ours);

/* no_op_refuse - a write that is carried out or refused, and not only tried */
int no_op_refuse(struct write *w);

/* no_op_answer - a write whose rules were looked at and that is only tried: LDAP_X_NO_OPERATION, or a refusal. What a hook returns. */
int no_op_answer(struct write *w, slap_operation_t which);

/* --- write_checks.c ------------------------------------------------------------------------------- */

/* write_refuse - remember a refusal; returns result */
int write_refuse(struct write *w, int result, const char *text);

/* write_refuse_value - the same for a value of an attribute, with its name before the text */
int write_refuse_value(struct write *w, const AttributeDescription *ad, const char *why);

/* write_answer - send the refusal; what a hook returns */
int write_answer(struct write *w, int result);

/* write_has_own_way - 1 for what files of their own judge and carry out, by where it lies */
int write_has_own_way(const struct write *w);

/* type_is - 1 when a description is of an attribute's type, options or not */
int type_is(const AttributeDescription *ad, const AttributeDescription *type);

/* value_is_among - 1 when some values have this one, octet by octet; NULL: there are none */
int value_is_among(const struct berval *values, const struct berval *value);

/* write_entry_get, write_entry_release - the entry as it is stored, NULL when there is none */
Entry *write_entry_get(struct write *w, struct berval *ndn);
void write_entry_release(struct write *w, Entry *e);

/* write_may_manage - 1 for the rootdn, and for who has the manage right on an attribute and sent the Relax control */
int write_may_manage(struct write *w, Entry *e, AttributeDescription *ad);

/*
 * write_overrides - 1 for the rootdn and for who has the manage right on an attribute, when the Relax control says that a rule is
 *                   to be passed over
 */
int write_overrides(struct write *w, Entry *e, AttributeDescription *ad);

/* write_may_modify - 1 when access rules let op's own modifications through */
int write_may_modify(struct write *w, Entry *e);

/* write_may_write_entry - 1 when access rules let an entry be renamed or deleted, as far as they are its own */
int write_may_write_entry(struct write *w, Entry *e);

/* write_may_delete - 1 when access rules let an entry be deleted */
int write_may_delete(struct write *w, Entry *e);

/* write_has_children - 1 when entries lie below e, or nobody can tell */
int write_has_children(struct write *w, Entry *e);

/*
 * write_may_add - LDAP_SUCCESS when access rules let op's own entry be added, else what to answer. The database asks
 *                 them again, but only after the rules for passwords have been told to whoever sent one.
 */
int write_may_add(struct write *w, Entry *e);

/* write_classes_are - 1 when an entry has none but these classes; names ends with NULL */
int write_classes_are(Entry *e, const char *const *names);

/* write_say - a value of the server's own in an entry that is about to be added, in the place of what the request says */
void write_say(Entry *e, AttributeDescription *ad, const char *text);

/* write_is_guarded - 1 for attributes that have rules of ours: never with options, never part of a name */
int write_is_guarded(const AttributeDescription *ad);

/* write_is_state - 1 for attributes that only the overlay writes, and who manages */
int write_is_state(const AttributeDescription *ad);

/*
 * write_check_values - range and syntax of values about to be stored; a domain becomes lower case in place, a number loses what
 *                      stands between its digits.
 * in:    policy   the entry is a policy of ours
 *        nvalues  normalized values, may be NULL or the same
 */
int write_check_values(struct write *w, AttributeDescription *ad, BerVarray values, BerVarray nvalues, int policy);

/* write_password_form - what a value of userPassword looks like; hashed: with a scheme that this slapd knows */
enum password_form { PASSWORD_PLAIN, PASSWORD_HASHED };
enum password_form write_password_form(const struct berval *value);

/* write_check_place - platform members and organizations do not lie in an organization, whose owner would name them */
int write_check_place(struct write *w, int account, int organization);

/*
 * write_check_name - a value of o or musterDomain of an organization: a login says either, so it must not be another's.
 * in:    values  may be NULL
 */
int write_check_name(struct write *w, const AttributeDescription *ad, BerVarray values);

/* write_check_strength - secrets come over connections that are strong enough only */
int write_check_strength(struct write *w, int has_secret);

/* write_refuse_plan - a refusal from what password_plan() returned and said */
int write_refuse_plan(struct write *w, int r, const char *rules_text);

/*
 * write_seal - the stored form of a seed.
 * in:    value    raw octets, or a sealed value when manages is 1
 * out:   sealed_out  SEAL_TEXT_MAX octets
 */
int write_seal(struct write *w, const char *uuid, const struct berval *value, int manages, char *sealed_out);

/* write_drop - remove and wipe an attribute's changes from a modification list */
void write_drop(Modifications **mods, const AttributeDescription *type);

/* write_append - more to the end of mods; *more is empty then */
void write_append(Modifications **mods, Modifications **more);

/* write_changes - 1 when op's modification has a change of the type that is not the overlay's or slapd's own */
int write_changes(struct write *w, const AttributeDescription *type);

/* write_changes_elsewhere - the same of what slapo-otp names a second factor with */
int write_changes_elsewhere(struct write *w);

/* write_revokes - 1 when a modification takes an app password away, or may */
int write_revokes(Operation *op);

/* --- write_add.c, write_modify.c, write_password.c, write_factor.c, write_address.c ------------------ */

/* write_add_member - what a hook returns */
int write_add_member(struct write *w);

/* write_check_fresh - a member changes what is its own after a bind of its own only. w->member is set. */
int write_check_fresh(struct write *w);

/* write_is_address - 1 when op's modification asks for, gives up or proves an address or a login ID, or repairs one that waits */
int write_is_address(struct write *w);
/* write_address_member - such a modification of a member; what a hook returns. The rights are set. */
int write_address_member(struct write *w);
/* write_address_change - what goes with mail or mobile when somebody else than the member writes it */
void write_address_change(struct write *w);

/* write_modify_member - what a hook returns. w->member and the rights are set. */
int write_modify_member(struct write *w);

/* write_hashed - whether a value that is hashed already may be stored */
int write_hashed(struct write *w, const struct berval *value, int manages);

/* --- write_policy.c ----------------------------------------------------------------------------------- */

/* write_check_policy - a policy that is about to be stored must be one that members can live under */
int write_check_policy(struct write *w, Entry *e);
/* write_check_policy_after - the same for what op's modification makes of e. in: changed  it was no policy before */
int write_check_policy_after(struct write *w, Entry *e, int changed);

/*
 * write_check_policy_entry - the policy that an organization names must be there, and its own or a template.
 * in:    nvalues  of musterPolicyEntry, may be NULL
 *        adding   the organization is being added: what lies below it need not be there yet
 */
int write_check_policy_entry(struct write *w, BerVarray nvalues, int adding);

/* write_check_policy_gone - a policy that members live under is neither deleted nor renamed, nor what it lies below */
int write_check_policy_gone(struct write *w);

/* write_keep_policy - an organization is renamed: a policy below it that it names keeps being the one it names */
void write_keep_policy(struct write *w, Entry *e);

/* write_apply - one change of op's modification to a copy of an entry. out: LDAP result code; the database will say the same */
int write_apply(struct write *w, Entry *copy, Modifications *ml);

/* --- write_follow.c ----------------------------------------------------------------------------------- */

/* write_alone - from now on until write_end() no other write is in the database. Nothing of it is held when this is called. */
void write_alone(struct write *w);
void write_end(struct write *w);
/* write_not_alone - before an answer is sent: who does not read answers must not keep everybody else from writing */
void write_not_alone(struct write *w);

/* write_follow - where to append changes of another entry. in: its name as it is once the write itself is done */
Modifications **write_follow(struct write *w, const struct berval *dn, const struct berval *ndn);
/* write_followers_store - what was appended, in its order: for who carries the write itself out. out: LDAP_SUCCESS, LDAP_OTHER */
int write_followers_store(struct write *w);
/* write_follow_delete - another entry is deleted before it, in the order of the calls */
void write_follow_delete(struct write *w, const struct berval *dn, const struct berval *ndn);

/*
 * write_carry_out - op_walk(), with what follows it stored together; in: scope  as connections_end_walk(). With a delete it goes
 *                   first, one after the other: check before that the delete will not be refused.
 */
int write_carry_out(struct write *w, slap_operation_t which, int with_ppolicy, enum connections_scope scope);

/* write_conclude - carry it out, or answer the refusal, with the audit line. in: rc  what the checks say. What a hook returns */
int write_conclude(struct write *w, slap_operation_t which, int rc);

/* --- write_owner.c ------------------------------------------------------------------------------------ */

/* An entry that gets another name. */
struct rename {
	struct berval ndn;              /* before */
	struct berval new_dn, new_ndn;
	int leaves;                     /* it comes to lie in another organization, or in none any more */
	int inside;                     /* it comes to lie in one */
};

/* write_check_owner_stays - no organization is without an active OWNER when ndn is none any more. Alone. */
int write_check_owner_stays(struct write *w, const struct berval *ndn);
/* write_check_owners_added - OWNERs of an organization that is being added */
int write_check_owners_added(struct write *w, BerVarray nvalues);
/* write_check_owners_modified - the OWNERs that op's modification leaves. Alone. in: e  the organization, as it is stored */
int write_check_owners_modified(struct write *w, Entry *e);
/* write_follow_owners - organizations go on naming who is renamed. Alone. in: below  1: entries below it are renamed with it */
int write_follow_owners(struct write *w, const struct rename *rename, int below);

/* --- write_applicant.c, write_application.c ------------------------------------------------------------ */

/* write_follow_applicants - who applied for something, and who is an operator, under another name. in: below  as above. Alone. */
int write_follow_applicants(struct write *w, const struct rename *rename, int below);
/* write_follow_gone - a member is deleted: its filed applications go with it, decided ones stay and name nobody. Alone. */
int write_follow_gone(struct write *w, Entry *e);
/* write_is_application - 1 when op is about what lies below ou=applications, and write_application_any() carries it out */
int write_is_application(const struct write *w);
/* write_application_any - what a hook returns */
int write_application_any(struct write *w);
/* write_check_application_class - applications and documents lie below ou=applications only. in: there  e is, or becomes one */
int write_check_application_class(struct write *w, int there);
/* write_check_application_name - neither gets another name, and nothing comes to lie among them */
int write_check_application_name(struct write *w);

/* --- write_payment.c ---------------------------------------------------------------------------------- */

/* write_is_payment - 1 when op is about what lies below a platform member, and write_payment_any() carries it out */
int write_is_payment(const struct write *w);
/* write_payment_any - what a hook returns */
int write_payment_any(struct write *w);
/* write_check_payment_class - payment methods lie below platform members only. in: there  e is, or becomes one */
int write_check_payment_class(struct write *w, int there);
/* write_check_payment_name - none gets another name, and nothing comes to lie among them */
int write_check_payment_name(struct write *w);

/* --- write_service.c ---------------------------------------------------------------------------------- */

/* write_check_service_added - a service of the catalogue in its place; its access URL is put in. Alone. */
int write_check_service_added(struct write *w, Entry *e);
/* write_check_service_modified - in: becomes  1: it is none before. Alone where it becomes one. */
int write_check_service_modified(struct write *w, Entry *e, int becomes);
/* write_follow_domain - access URLs follow the domain that op's modification gives. Alone. */
int write_follow_domain(struct write *w);
/* write_follow_service_names - what services show follows the name of their organization */
int write_follow_service_names(struct write *w, const struct rename *rename, Entry *organization);

/* --- write_rename.c, write_numbers.c ------------------------------------------------------------------ */

/* write_check_rename - another name or place of an entry; what calls it by its name follows. Alone. */
int write_check_rename(struct write *w);

/*
 * write_numbers_add - numbers of an account or group in an organization: given, or checked. Nothing of the database is held.
 *       write_numbers_modify, write_numbers_delete - the same; a number that goes is nobody's
 *       write_numbers_end - in: rc  how the write ended
 *       write_numbers_replicated - what another server gave. in: e, ml  either may be NULL
 */
int write_numbers_add(struct write *w, Entry *e);
int write_numbers_modify(struct write *w);
int write_numbers_delete(struct write *w);
void write_numbers_end(struct write *w, int rc);
void write_numbers_replicated(struct muster *m, Entry *e, const Modifications *ml);

int write_password(struct write *w);
int write_factor(struct write *w);
/* write_factor_elsewhere - what goes with a second factor of slapo-otp that op's modification takes away. No seed comes with it. */
void write_factor_elsewhere(struct write *w);

/* write_check_app_password - app passwords are made by the server; values come from who restores them only */
int write_check_app_password(struct write *w, Entry *e, AttributeDescription *ad, BerVarray values);
/* write_app_password - what goes with app passwords that are revoked */
void write_app_password(struct write *w);

/* --- write_self.c --------------------------------------------------------------------------------- */

/* write_check_self - a member's modification of its own entry e: what is its own to write, and with which values */
int write_check_self(struct write *w, Entry *e);
/* write_self_is_fresh - 1 when op's modification has an attribute that members change of themselves after a bind of their own */
int write_self_is_fresh(const struct write *w);
/* write_check_self_name - a member does not rename its own entry */
int write_check_self_name(struct write *w);

/* --- write_replicated.c --------------------------------------------------------------------------- */

/* write_is_replicated - 1 when another server wrote this, and judged it */
int write_is_replicated(Operation *op);

/* write_replicated_... - what a hook returns: taken as it is; connections that may not go on end */
int write_replicated_modify(Operation *op, SlapReply *rs);
int write_replicated_modrdn(Operation *op, SlapReply *rs);
int write_replicated_delete(Operation *op, SlapReply *rs);

#endif
