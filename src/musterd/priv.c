/*
 * priv.c - who a process runs as, and what the system may show of it.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/err.h"
#include "musterd/priv.h"

#define PASSWD_BUFFER_OCTETS 16384

int
priv_find_user(const char *name, uid_t *uid_out, gid_t *gid_out)
{
	struct passwd entry, *found = NULL;
	char *buffer = malloc(PASSWD_BUFFER_OCTETS);
	int r = ERR_INTERNAL;

	*uid_out = 0;
	*gid_out = 0;
	if (buffer == NULL || getpwnam_r(name, &entry, buffer, PASSWD_BUFFER_OCTETS, &found) != 0)
		goto out;
	if (found == NULL) {
		r = ERR_NOT_FOUND;
		goto out;
	}
	if (entry.pw_uid == 0 || entry.pw_gid == 0) {
		r = ERR_CONFIG;
		goto out;
	}
	*uid_out = entry.pw_uid;
	*gid_out = entry.pw_gid;
	r = 0;
out:
	free(buffer);
	return r;
}

int
priv_harden(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_INTERNAL;
	return 0;
}

/* Every id is the new one: real, effective, saved; no other group is left. */
static int
ids_are(uid_t uid, gid_t gid)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	return getresuid(&ru, &eu, &su) == 0 && ru == uid && eu == uid && su == uid && getresgid(&rg, &eg, &sg) == 0 &&
	       rg == gid && eg == gid && sg == gid && getgroups(0, NULL) == 0;
}

/* Each way back must fail. */
static int
can_come_back(uid_t uid, gid_t gid)
{
	return setuid(0) == 0 || seteuid(0) == 0 || setreuid(0, uid) == 0 || setresuid((uid_t)-1, (uid_t)-1, 0) == 0 ||
	       setgid(0) == 0 || setegid(0) == 0 || setregid(0, gid) == 0 || setgroups(1, &(gid_t){ 0 }) == 0;
}

int
priv_drop(uid_t uid, gid_t gid)
{
	if (uid == 0 || gid == 0)
		return ERR_INTERNAL;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return ERR_INTERNAL;
	if (!ids_are(uid, gid) || can_come_back(uid, gid) || !ids_are(uid, gid))
		return ERR_INTERNAL;
	return 0;
}
