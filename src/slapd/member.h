/*
 * member.h - a member's entry as a struct.
 */
#ifndef MUSTER_SLAPD_MEMBER_H
#define MUSTER_SLAPD_MEMBER_H

#include "slapd/overlay.h"

#include "slapd/policy.h"

struct muster;

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

/* member_is_current - 1 when the entry was not written since member_load() */
int member_is_current(Operation *op, struct muster *m, const struct member *member);

/* member_time - seconds since 1970 of a generalizedTime, as in the struct: 0 for none, and for what is no time */
int64_t member_time(const struct berval *value);

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

/* member_has_password - 1 when the member can log in with one */
int member_has_password(const struct member *member);

#endif
