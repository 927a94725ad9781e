/*
 * codes.h - codes that prove an address or a number: doc/ARCHITECTURE.md, "Verified addresses".
 *
 *   codes.c          which code is for what, counts and challenges of a member
 *   caps.c           how many are sent in a day
 *   claim_code.c     a code is made when the courier claims its message
 *   write_address.c  requests, cancellations and codes in a modification
 *   write_login.c    the codes of a new login ID, and the rename
 */
#ifndef MUSTER_SLAPD_CODES_H
#define MUSTER_SLAPD_CODES_H

#include "slapd/overlay.h"

#include "core/codecount.h"

struct challenge;
struct member;
struct muster;

#define CODE_LIFETIME_SEC 600
#define CODE_SMS_OLD_SEC 3600 /* nobody waits for a text message asked for so long ago, and each one costs */

enum code { CODE_MAIL, CODE_MOBILE, CODE_LOGIN_MAIL, CODE_LOGIN_MOBILE, CODES };

struct code_kind {
	const char *record;  /* kind of the message that carries it */
	const char *purpose; /* of the challenge */
	const char *count;   /* purpose of musterCodeCount; the two codes of a login share one */
	int counts;          /* sending it counts for the member: one of the two codes of a login does */
};
extern const struct code_kind code_kinds[CODES];

/* code_of_record - which code a kind of message carries. error: ERR_NOT_FOUND */
int code_of_record(const char *kind, enum code *code_out);

/*
 * code_target - the address or number that such a code proves now: the one that waits, else the present one while it is not proved.
 * out:   target_out  points into member; BER_BVNULL when there is nothing to prove
 */
void code_target(const struct member *member, enum code code, struct berval *target_out);

/* code_same - 1 when two addresses, numbers or logins are the same and there is one */
int code_same(const struct berval *a, const struct berval *b);

/* code_is_number - what a text message goes to: in the form of E.164, no NUL in it */
int code_is_number(const struct berval *number);

/*
 * code_count_read - what is counted for the member, aged.
 * out:   *stored_out  its value, NULL when there is none
 */
void code_count_read(const struct member *member, enum code code, int64_t now, struct codecount *count_out,
                     const struct berval **stored_out);
/* code_count_plan - append that the count takes the place of the stored value. alone_begin() before. */
void code_count_plan(const struct codecount *count, const struct berval *stored, Modifications **mods);

/*
 * code_challenge - the challenge of a code; ch_out is empty when there is none.
 * return: its stored value, NULL when there is none
 */
const struct berval *code_challenge(const struct member *member, enum code code, struct challenge *ch_out);
/* code_check - a code that was typed. With CODE_RIGHT *stored_out is the challenge to be deleted by value, in the same modification. */
enum code_verdict { CODE_WRONG = 0, CODE_RIGHT, CODE_NONE, CODE_LATE };
enum code_verdict code_check(struct muster *m, const struct member *member, enum code code, const struct berval *typed,
                             int64_t now, const struct berval **stored_out);
/* code_challenge_forget - append that a code that waits is not good any more. alone_begin() before. */
void code_challenge_forget(const struct member *member, enum code code, Modifications **mods);

/*
 * code_challenges_keep - append that all tokens and codes are void but those of which keep has 1. alone_begin() before.
 */
void code_challenges_keep(const struct member *member, const int keep[CODES], Modifications **mods);

/* --- write_login.c -------------------------------------------------------------------------------- */

struct write;

/*
 * login_change - the two codes of a new login ID, in any order; the account and what names it are renamed in one transaction. Alone.
 * out:   LDAP_SUCCESS when it is done, else what was refused; the caller answers
 */
int login_change(struct write *w, const struct berval *const codes[2]);

/* code_refused - what a verdict other than CODE_RIGHT is answered with; a wrong code is counted first (write_address.c) */
int code_refused(struct write *w, enum code code, enum code_verdict verdict);

/* --- caps.c --------------------------------------------------------------------------------------- */

/* caps_config - olcMusterMessageCaps; caps_default - what holds without it */
ConfigDriver caps_config;
void caps_default(struct muster *m);

/* caps_sms_left - 1 when another text message may be sent today */
int caps_sms_left(Operation *op, struct muster *m, int64_t now);

/*
 * caps_take - one more code to an address or number.
 * return: NULL when it may be sent, and is counted; else which cap is reached
 */
const char *caps_take(Operation *op, struct muster *m, const struct berval *address, int64_t now);

#endif
