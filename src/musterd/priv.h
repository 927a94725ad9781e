/*
 * priv.h - who a process runs as, and what the system may show of it.
 */
#ifndef MUSTER_MUSTERD_PRIV_H
#define MUSTER_MUSTERD_PRIV_H

#include <sys/types.h>

/*
 * priv_find_user - ids of a user that a role may run as.
 * out:   0 and 0 on error
 * error: ERR_NOT_FOUND; ERR_CONFIG (the user is root or has root's group); ERR_INTERNAL
 */
int priv_find_user(const char *name, uid_t *uid_out, gid_t *gid_out);

/*
 * priv_harden - no core dumps, no tracing by others, no privileges gained by an exec. To be called at the start, and again after
 *               priv_drop(), since a change of ids resets it.
 * error: ERR_INTERNAL
 */
int priv_harden(void);

/*
 * priv_drop - become a user for good: supplementary groups, group, user; then prove that none comes back.
 * error: ERR_INTERNAL; the process must end then
 */
int priv_drop(uid_t uid, gid_t gid);

#endif
