/*
 * doctor.h - what the files of "muster doctor" share: findings, and what is known of the slapd that is looked at.
 *
 * doctor.c         parts, findings, report           doctor_pam.c     PAM files of this host
 * doctor_slapd.c   cn=config: modules, overlays      doctor_sshd.c    sshd_config of this host
 * doctor_config.c  cn=config: TLS, passwords, keys   doctor_musterd.c muster.conf, gate, way to the directory
 * doctor_access.c  who may read and write what       doctor_clock.c   clocks
 * doctor_data.c    members and organizations         doctor_owed.c    messages that wait for the courier
 * doctor_policy.c  policies and standards            doctor_member.c  "doctor member"
 */
#ifndef MUSTER_CLI_DOCTOR_H
#define MUSTER_CLI_DOCTOR_H

#include <sys/types.h>

#include "cli/cli.h"
#include "cli/slapd_process.h"

/* Exit codes of "muster doctor" alone; muster(1) lists them. */
enum doctor_exit { DOCTOR_HEALTHY = 0, DOCTOR_FINDINGS = 1, DOCTOR_UNSEEN = 2 };

/* A note is how somebody chose to run things: it is told, and is no finding. */
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct doctor {
	struct session *s;
	json_t *findings, *unseen;
	size_t counts[SEVERITY_ERROR + 1];
	const char *part;                 /* the one that is looked at */
	int bound;                        /* s->d answers */
	char *me;                         /* who the directory takes us for */
	struct directory_entry *global;   /* cn=config, NULL when it cannot be read */
	struct directory_entry *database; /* the one that holds s->base */
	struct slapd_process process;     /* when slapd runs on this host */
};

/*
 * doctor_find - one finding: what is wrong, and what to do next.
 * in:    id     stable name within the part, for scripts
 *        about  DN, file or file:line; NULL when the text says it all
 */
void doctor_find(struct doctor *doc, enum severity severity, const char *id, const char *about, const char *advice,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Names of the same fault, told in one line. */
struct doctor_list {
	json_t *names;
	size_t n; /* more than names holds when there are many */
};
void doctor_list_add(struct doctor_list *list, const char *name);
/* doctor_find_list - how many, text, and a few of the names; nothing when the list is empty. Frees the list. */
void doctor_find_list(struct doctor *doc, enum severity severity, const char *id, struct doctor_list *list,
                      const char *advice, const char *text);

/* doctor_unseen - something that could not be looked at, and why */
void doctor_unseen(struct doctor *doc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The parts. Each tells what it finds and returns nothing: one part never stops another. */
void doctor_slapd(struct doctor *doc);
void doctor_config(struct doctor *doc); /* of part slapd */
void doctor_access(struct doctor *doc);
void doctor_data(struct doctor *doc);
void doctor_policies(struct doctor *doc); /* of part data */
void doctor_owed(struct doctor *doc);     /* of part data */
void doctor_musterd(struct doctor *doc);
void doctor_pam(struct doctor *doc);
/* in: pam_prompts_together  sshd's own stack asks for password and code at once */
void doctor_sshd(struct doctor *doc, int pam_prompts_together); /* of part pam */
void doctor_clock(struct doctor *doc);

/* doctor_secret_file - a finding when a file is not there, or others than its owner (or root) and a group may read it. */
void doctor_secret_file(struct doctor *doc, const char *id, const char *path, uid_t owner);

/* config_has_word - 1 when a value of an attribute of cn=config is that word, or begins with it and a blank or '=' */
int config_has_word(const struct directory_entry *entry, const char *attribute, const char *word);

#endif
