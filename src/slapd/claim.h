/*
 * claim.h - what the kinds of records share that a courier can claim. courier.c has claim and done themselves, claim_mint.c
 *           makes tokens and codes.
 */
#ifndef MUSTER_SLAPD_CLAIM_H
#define MUSTER_SLAPD_CLAIM_H

#include "slapd/overlay.h"

#include "core/token.h"
#include "slapd/outbox.h"

struct exop;
struct member;

#define CLAIM_FACTS_MAX 8

/* One record under way. */
struct claim {
	struct record record;
	struct berval dn, ndn;   /* entry that holds the record and its lease */
	struct berval value;     /* the outbox value; BER_BVNULL for a queue entry */
	struct berval target;    /* a queue entry's target */
	BerVarray data;          /* and musterRequestData */
	struct berval lease;     /* as stored, BER_BVNULL without */
	int64_t lease_until;
	struct member *member;   /* whom it is about, NULL when there is nobody */
	struct berval address;   /* where the message goes; points into member or record */
	char secret[TOKEN_TEXT_LEN + 1]; /* token or code; "" for none */
	int64_t expires;                 /* of the secret */
	struct claim_fact {
		const char *name;     /* constant */
		struct berval value;
	} facts[CLAIM_FACTS_MAX]; /* that go with this kind alone */
	int facts_len;
};

/* claim_add_fact - one fact more in the answer; the value is copied. What does not fit or is empty is left out. */
void claim_add_fact(struct claim *c, const char *name, const struct berval *value);

/*
 * claim_take_fn - find out what is to be sent: set c->address and, where the kind has one, the secret. The lease is taken.
 * out:   *void_out  why nothing is to be sent, NULL when something is
 *        LDAP result code; anything but LDAP_SUCCESS leaves the record for another try
 */
typedef int claim_take_fn(struct exop *x, struct claim *c, int64_t now, const char **void_out);

/* claim_reset - a queued reset: a token to the proved address. claim_notice - a message without a secret */
claim_take_fn claim_reset, claim_notice;
/* claim_sign_up - a queued sign-up: an account with a token to its address, or a message to who has one there (claim_signup.c) */
claim_take_fn claim_sign_up;
/* claim_code - a code to an address, number or login ID that is to be proved (claim_code.c) */
claim_take_fn claim_code;

/* claim_payment - a payment method that the courier asks the provider about. claim_payment_notice - what came of it (claim_payment.c) */
claim_take_fn claim_payment, claim_payment_notice;

/*
 * claim_read - the record that an operation names. claim_free() in any case.
 * error: ERR_NOT_FOUND
 */
int claim_read(struct exop *x, struct claim *c);
void claim_free(struct claim *c);
/* claim_plan_done - append to mods of the entry that nothing is owed of an outbox's record any more */
void claim_plan_done(const struct claim *c, Modifications **mods);

/* claim_member_refused - why nothing may be sent to c->member, NULL when it may */
const char *claim_member_refused(const struct claim *c);

/* claim_is_mail - what the courier can send to; the syntax of mail (IA5) lets line ends and NULs through */
int claim_is_mail(const struct berval *address);

/* What is minted. */
struct mint {
	const char *purpose;   /* of the challenge */
	int digits;            /* 1: a code of CODE_DIGITS digits, 0: a token */
	int lifetime_sec;
	int interval_sec;      /* nothing is minted when another record's secret is younger than that; 0: always */
};

/*
 * claim_mint - a new secret for c->address in place of all older ones of the purpose; its keyed hash is written to the member.
 * in:    also  written in the same modification, freed; may be NULL
 * out:   c->secret, c->expires; *void_out  why there is none, when the result is LDAP_SUCCESS and c->secret is empty
 *        LDAP result code
 */
int claim_mint(struct exop *x, struct claim *c, const struct mint *mint, int64_t now, Modifications **also,
               const char **void_out);

#endif
