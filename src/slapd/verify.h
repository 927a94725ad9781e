/*
 * verify.h - password and code of a member, judged without answering.
 */
#ifndef MUSTER_SLAPD_VERIFY_H
#define MUSTER_SLAPD_VERIFY_H

#include "slapd/overlay.h"

#include "core/pwhash.h"
#include "slapd/source.h"

struct account_try;
struct member;
struct muster;
struct secret;

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

#endif
