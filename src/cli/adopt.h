/*
 * adopt.h - what the files of "muster adopt" share: the part of the directory that becomes an organization, and what was found there.
 */
#ifndef MUSTER_CLI_ADOPT_H
#define MUSTER_CLI_ADOPT_H

#include "cli/cli.h"

struct adoptee {
	char *dn, *id;
	char *number;     /* uidNumber, NULL */
	char *token;      /* DN of the entry where slapo-otp has the seed; NULL: none. The seed itself is not kept here. */
	int token_is_own; /* that is the person's own entry */
	int is_totp_user; /* has the class oathTOTPUser */
	int hotp;         /* has a factor of that kind */
	int is_member;
};

enum adopt_kind { ADOPT_CONFLICT, ADOPT_NOTE, ADOPT_CHANGE, ADOPT_KINDS };

struct adopt {
	struct session *s;
	const char *dn;     /* what becomes the organization, as the server writes it */
	const char *domain, *owner_id, *policy;
	char *name;         /* of the organization */
	char *me;           /* who the server takes us for */
	struct directory_entry *root, *template;
	char *people;       /* below which persons lie */
	char *owner_dn;     /* NULL: it is an organization already and keeps its OWNERs */
	int is_organization;
	struct adoptee *persons;
	size_t persons_len, members, factors; /* of them those who are members already; who have a factor to be taken over */
	json_t *names;                        /* the DN of each person, by adopt_key() */
	json_t *found[ADOPT_KINDS];           /* [{"dn": ..., "text": ...}] */
	int short_of_memory;                  /* something is not in it */
	char *rules_dn;                       /* the database of cn=config whose access rules are to be changed, NULL: none */
	struct directory_value *rules;
	size_t rules_len, rules_new;
};

/* adopt_say - something that was found about an entry */
void adopt_say(struct adopt *a, enum adopt_kind kind, const char *dn, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* adopt_is_below - 1 when dn is base or lies below it */
int adopt_is_below(const char *dn, const char *base);
/* adopt_small - the same text, its letters of ASCII small; NULL: NULL */
char *adopt_small(char *text);
/* adopt_key - a DN in one form and small letters, to look it up by; to be freed, NULL when it is none or memory is short */
char *adopt_key(const char *dn);

/* All of these print what went wrong and return an exit code. What stands in the way is said with adopt_say(). */

/* adopt_look.c: who lies there, and whether each of them can be a member */
int adopt_look(struct adopt *a);
/* adopt_factor.c: what slapo-otp has of them */
int adopt_look_at_factors(struct adopt *a);
/* adopt_take_factor - the seed becomes that of the member, sealed by the server, and slapo-otp has none any more */
int adopt_take_factor(struct adopt *a, struct adoptee *one);
/* adopt_access.c: rules like those of other organizations for this one, where cn=config can be seen */
int adopt_look_at_access(struct adopt *a);
int adopt_write_access(struct adopt *a);
/* adopt_write.c: all of it, going on where an earlier run stopped */
int adopt_write(struct adopt *a);

#endif
