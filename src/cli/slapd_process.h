/*
 * slapd_process.h - the slapd of this host, as its pid file and /proc tell.
 */
#ifndef MUSTER_CLI_SLAPD_PROCESS_H
#define MUSTER_CLI_SLAPD_PROCESS_H

#include <sys/types.h>

#include "directory/directory.h"

struct slapd_process {
	int known; /* 0: there is none, or it is not ours to see */
	pid_t pid;
	uid_t uid;
	gid_t gid;
	char *config_dir; /* -F of its command line; NULL: not there */
	char *listeners;  /* -h of its command line; NULL: slapd's default, ldap:/// */
};

/* in: global  cn=config */
void slapd_process_find(const struct directory_entry *global, struct slapd_process *process_out);
void slapd_process_free(struct slapd_process *process);

#endif
