/*
 * init.h - what the files of "muster init" share.
 */
#ifndef MUSTER_CLI_INIT_H
#define MUSTER_CLI_INIT_H

#include "cli/cli.h"
#include "cli/ldif.h"

/* An LDIF template of schema/init or schema/policies, by its file's name without .ldif. */
struct template {
	const char *name;
	const char *text;
};
extern const struct template templates[];
extern const size_t templates_len;

struct init {
	struct session *s;
	int dry_run;
	size_t changes;  /* carried out, or printed with --dry-run */
	json_t *steps;
	char *me;        /* who the server takes us for */
	char *base, *admin;
	char *key_file;
	int key_file_configured; /* an overlay muster names it already */
	char *courier_file;
	char *module_path;
	struct directory_entry *database, *global; /* as they were at the start */
};

/* All of these print what is wrong and return an exit code. */

/* init_template - a template with its @PLACES@ filled in */
int init_template(struct init *in, const char *name, struct ldif **ldif_out);
/* init_apply - carry a record out, or print it; what: one line for a person */
int init_apply(struct init *in, const struct ldif_record *record, const char *what);
/* init_step - count and tell a change that is no LDAP operation */
void init_step(struct init *in, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* init_config.c */
int init_modules(struct init *in);
int init_find_key_file(struct init *in);
int init_overlays(struct init *in);
int init_indexes(struct init *in);
/* init_access.c */
int init_access(struct init *in);
/* init_tree.c */
int init_tree(struct init *in);
int init_courier(struct init *in);

/* init_files.c. A file that is there already is left as it is. */
int init_key_file(struct init *in);
/* *password_out from the file, or a new one that was written to it; NULL with --dry-run and no file */
int init_courier_file(struct init *in, struct secret **password_out);

#endif
