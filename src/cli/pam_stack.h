/*
 * pam_stack.h - the files of /etc/pam.d as libpam understands them (pam.conf(5)), and what a stack of modules may end in.
 */
#ifndef MUSTER_CLI_PAM_STACK_H
#define MUSTER_CLI_PAM_STACK_H

#include <stddef.h>

#define PAM_LINES_MAX 1024 /* of a stack, includes in place */

/* Management groups. */
enum pam_group { PAM_GROUP_AUTH, PAM_GROUP_ACCOUNT, PAM_GROUP_PASSWORD, PAM_GROUP_SESSION, PAM_GROUP_COUNT };

/* What a module may say: as many of PAM's return values as matter here, in the words of [value=action]. */
enum pam_says {
	PAM_SAYS_SUCCESS,
	PAM_SAYS_NEW_AUTHTOK_REQD,
	PAM_SAYS_IGNORE,
	PAM_SAYS_AUTH_ERR,
	PAM_SAYS_PERM_DENIED,
	PAM_SAYS_USER_UNKNOWN,
	PAM_SAYS_AUTHINFO_UNAVAIL,
	PAM_SAYS_ACCT_EXPIRED,
	PAM_SAYS_SERVICE_ERR,
	PAM_SAYS_SYSTEM_ERR,
	PAM_SAYS_ABORT,
	PAM_SAYS_CRED_UNAVAIL,
	PAM_SAYS_MAXTRIES,
	PAM_SAYS_OPEN_ERR,
	PAM_SAYS_MODULE_UNKNOWN,
	PAM_SAYS_CONV_ERR,
	PAM_SAYS_BUF_ERR,
	PAM_SAYS_COUNT
};

/* Actions; a positive number skips so many lines. */
enum { PAM_DO_IGNORE = 0, PAM_DO_OK = -1, PAM_DO_DONE = -2, PAM_DO_BAD = -3, PAM_DO_DIE = -4, PAM_DO_RESET = -5 };

struct pam_line {
	int level;                 /* of substacks */
	int is_substack;           /* the line that opens one; runs nothing */
	int silent;                /* "-auth": a module that is not installed is passed over */
	int action[PAM_SAYS_COUNT];
	char *control;             /* as written */
	char *module;              /* pam_unix */
	char *args;                /* joined with one blank, "" none */
	char *place;               /* file:line */
};

struct pam_stack {
	struct pam_line *lines;
	size_t n;
};

/* Where service files are looked for, in turn. */
struct pam_folders {
	const char *path[2];
	size_t n;
};

/*
 * pam_stack_read - the lines of one group of a service, includes and substacks in place. A service without lines for the
 *                  group has those of "other".
 * out:   stack_out  freed with pam_stack_free(); wrong  what is wrong and where, "" when nothing
 * error: ERR_NOT_FOUND (no such file), ERR_INPUT (libpam would refuse the service), ERR_MEMORY
 */
int pam_stack_read(const struct pam_folders *folders, const char *service, enum pam_group group,
                   struct pam_stack *stack_out, char *wrong, size_t size);
void pam_stack_free(struct pam_stack *stack);

/* pam_line_has - 1 when an argument is that word; pam_line_value - what stands behind "name=", NULL when absent */
int pam_line_has(const struct pam_line *line, const char *word);
const char *pam_line_value(const struct pam_line *line, const char *name);

/*
 * pam_stack_succeeds - whether the stack can end in success.
 * in:    may_say  what a line's module may say, as bits 1 << enum pam_says
 * out:   *at_out  the line that success rests on; unchanged without one
 */
typedef unsigned (*pam_may_say_fn)(const struct pam_line *line, void *arg);
int pam_stack_succeeds(const struct pam_stack *stack, pam_may_say_fn may_say, void *arg, size_t *at_out);

#endif
