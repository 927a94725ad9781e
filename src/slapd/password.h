/*
 * password.h - a new password as modifications, and what it is held against.
 */
#ifndef MUSTER_SLAPD_PASSWORD_H
#define MUSTER_SLAPD_PASSWORD_H

#include "slapd/overlay.h"

#include "core/pwrules.h"

struct member;
struct muster;

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
 * password_words - the rules context and blocklist.
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

#endif
