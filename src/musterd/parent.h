/*
 * parent.h - the process that starts, watches and ends the others.
 *
 * Every role is musterd executed anew, so that no memory of the parent is inherited. What a role needs arrives as open
 * descriptors with fixed numbers: the configuration that the parent has checked, and the gate's socket.
 */
#ifndef MUSTER_MUSTERD_PARENT_H
#define MUSTER_MUSTERD_PARENT_H

#include "common/conf.h"

#define ROLE_CONF_FD 3
#define ROLE_LISTEN_FD 4

/*
 * parent_check_users - that the users of the enabled roles exist and can read their secrets.
 *                      Without root the roles run as the caller.
 * error: ERR_CONFIG, with a text
 */
int parent_check_users(const struct conf *conf, char error[CONF_ERROR_MAX]);

/*
 * parent_run - open the gate's socket, leave the terminal unless told to stay, start the roles, and restart what ends, until
 *              SIGTERM or SIGINT. SIGHUP reads the configuration file again and restarts the roles with it; a
 *              configuration with an error is reported and the old one stays.
 * in:    path  configuration file, conf what it says; replaced by SIGHUP, the caller frees it
 * return: exit status of the process
 */
int parent_run(const char *path, struct conf **conf, int foreground);

#endif
