/*
 * app_password.h - passwords of programs.
 */
#ifndef MUSTER_SLAPD_APP_PASSWORD_H
#define MUSTER_SLAPD_APP_PASSWORD_H

#include "slapd/overlay.h"

#include "core/apppw.h"

struct member;
struct muster;

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

#endif
