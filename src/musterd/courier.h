/*
 * courier.h - carry what the directory owes its members.
 *
 * The directory remembers what is owed, the courier only what it is about to try. A record is claimed (slapd mints the secret and
 * gives a lease), sent, and reported done. A crash anywhere in between lets the lease end, and the record is claimed again with a new
 * secret that kills the one before: at least once, nothing lost, and only the last mail works.
 */
#ifndef MUSTER_MUSTERD_COURIER_H
#define MUSTER_MUSTERD_COURIER_H

#include "common/conf.h"

/*
 * courier_main - work until SIGTERM or SIGINT.
 * in:    conf  checked by conf_check_daemon()
 * error: what kept it from starting; a directory or relay that is away is waited for
 */
int courier_main(const struct conf *conf);

#endif
