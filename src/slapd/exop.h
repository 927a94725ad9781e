/*
 * exop.h - what the extended operations share among themselves and nobody else needs.
 */
#ifndef MUSTER_SLAPD_EXOP_H
#define MUSTER_SLAPD_EXOP_H

#include "slapd/overlay.h"

#include "slapd/recovery.h"
#include "slapd/verify.h"

struct member;
struct muster;

/* --- exop_decode.c: request values ---------------------------------------------------------------- */

#define EXOP_VALUE_MAX (64 * 1024) /* octets of a whole request value; passwords end at SECRET_MAX */
#define EXOP_NAME_MAX 256          /* octets of a login or of an organization's name */
#define EXOP_DN_MAX 4096
#define EXOP_LIST_MAX 32           /* elements of a SEQUENCE OF */
#define EXOP_TEXTS_MAX 9           /* texts of an operation that has many */

/* Whom an operation is about, as the caller said it. Either dn or login is set; all point into the request. */
struct exop_target {
	struct berval dn;
	struct berval organization; /* BER_BVNULL: a platform member */
	struct berval login;
};

/* The union of what the operations take; an operation's own fields are set, the others BER_BVNULL. */
struct exop_args {
	struct exop_target target;
	struct berval secret;       /* token, old or present password */
	struct berval code;         /* BER_BVNULL when left out */
	struct berval new_password;
	struct berval seed;
	struct berval record_id;
	int outcome;
	struct berval label;
	struct berval networks[EXOP_LIST_MAX];
	int networks_len;
	struct berval service, rhost;
	struct berval texts[EXOP_TEXTS_MAX]; /* signUp and newOrganization: in the order of the request */
	struct berval business_name, registration_number;
	struct exop_fact {
		struct berval name, value;
	} facts[EXOP_LIST_MAX]; /* settle */
	int facts_len;
};

enum exop_number {
	EXOP_REQUEST_RESET = 1,
	EXOP_REDEEM = 2,
	EXOP_CHANGE_PASSWORD = 3,
	EXOP_ENROL_TOTP = 4,
	EXOP_CLAIM = 5,
	EXOP_DONE = 6,
	EXOP_REMOVE_TOTP = 7,
	EXOP_NEW_APP_PASSWORD = 8,
	EXOP_CHECK_ACCOUNT = 9,
	EXOP_NEW_RECOVERY_CODES = 10,
	EXOP_SIGN_UP = 11,
	EXOP_NEW_ORGANIZATION = 12,
	EXOP_SETTLE = 13
};

/*
 * exop_decode - read the value of an operation. Nothing is copied.
 * in:    value  the request value, NULL when there was none
 * error: ERR_INPUT  not what the operation takes, or octets left over
 */
int exop_decode(enum exop_number which, const struct berval *value, struct exop_args *args_out);

/* --- exop.c: dispatch ----------------------------------------------------------------------------- */

/* One request under way. op->o_bd is a copy of the database with the overlay's own bd_info, as in a hook. */
struct exop {
	Operation *op;
	SlapReply *rs;
	struct muster *m;
	BackendDB *be; /* the database itself */
	BackendDB *db; /* the copy */
	struct exop_args args;
	struct berval target_text; /* exop_target_text() of the target, BER_BVNULL without one */
	const char *name;          /* for the audit line, as the three below */
	const struct berval *subject; /* the member's DN, NULL while there is none */
	const char *factor, *rule;    /* NULL: none; the rule that result stands for */
	int answered;
};

/* Each answers exactly once. */
typedef void exop_handler(struct exop *x);
exop_handler request_reset_handle, redeem_handle; /* exop_reset.c */
exop_handler sign_up_handle;                      /* exop_signup.c */
exop_handler change_password_handle;              /* exop_password.c */
exop_handler enrol_totp_handle;                   /* exop_totp.c */
exop_handler remove_totp_handle, new_recovery_codes_handle; /* exop_factor.c */
exop_handler claim_handle, done_handle;           /* courier.c */
exop_handler settle_handle;                       /* claim_payment.c */
exop_handler new_app_password_handle;             /* exop_app.c */
exop_handler check_account_handle;                /* check_account.c */
exop_handler new_organization_handle;             /* exop_organization.c */

/* exop_answer - send the answer, once; what follows in the handler happens after it. text: may be NULL */
void exop_answer(struct exop *x, int result, const char *text);

/* exop_answer_value - the same with result 0 and what was written to ber, which is wiped and freed. */
void exop_answer_value(struct exop *x, BerElement *ber);

/*
 * exop_verify - verify_begin(), and what it says for the audit line. in: member NULL: nobody
 */
void exop_verify(struct exop *x, struct member *member, struct berval *key, const struct verify_request *request,
                 struct verify_result *result);

/* exop_accepted - audit line of what was done; text: for the log alone, may be NULL */
void exop_accepted(struct exop *x, const char *text);

/* exop_judged - audit line of a question that is answered with success whatever the answer is: the login is accepted or not */
void exop_judged(struct exop *x, int accepted);

/* exop_answer_codes - the same with recovery codes: SEQUENCE OF OCTET STRING */
void exop_answer_codes(struct exop *x, char codes[][RECOVERY_CODE_LEN + 1]);

/* exop_refuse - audit line and answer of a refusal. reason: for the log alone, text: for the caller, may be NULL */
void exop_refuse(struct exop *x, int result, const char *reason, const char *text);

/* exop_queued - the answer to a request that queue_request() returned r for, the same whoever it is about */
void exop_queued(struct exop *x, int r);

/* exop_refuse_verify - the answer to a verification that did not end in VERIFY_OK or in a state the caller lets pass. */
void exop_refuse_verify(struct exop *x, enum verify_outcome outcome);

#endif
