/*
 * account.h - tries at an account: who may verify, who waits, what is remembered. account_table.h has what is behind it.
 */
#ifndef MUSTER_SLAPD_ACCOUNT_H
#define MUSTER_SLAPD_ACCOUNT_H

#include "slapd/overlay.h"

#include "core/budget.h"

struct accounts;
struct keyring;
struct member;
struct muster;
struct policy;
struct source;

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

#endif
