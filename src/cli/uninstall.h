/*
 * uninstall.h - what the files of "muster uninstall" share.
 */
#ifndef MUSTER_CLI_UNINSTALL_H
#define MUSTER_CLI_UNINSTALL_H

#include <stdio.h>
#include <sys/types.h>

#include "cli/cli.h"

/* --- slapcat.c: LDIF as slapcat -o ldif-wrap=no prints it --------------------------------------------- */

struct slapcat_line {
	char *name;  /* "dn" for the first */
	char *value; /* NUL-terminated behind len */
	size_t len;
};

struct slapcat_entry {
	struct slapcat_line *lines;
	size_t n;
};

/* slapcat_next - the next entry. out: 1, 0 at the end, ERR_INPUT, ERR_MEMORY; freed with slapcat_free() */
int slapcat_next(FILE *in, struct slapcat_entry *entry_out);
/* slapcat_free - wipes the values: there are hashes among them */
void slapcat_free(struct slapcat_entry *entry);
int slapcat_print(const struct slapcat_entry *entry, FILE *out);
/* slapcat_has - 1 when an attribute has a value, both without case */
int slapcat_has(const struct slapcat_entry *entry, const char *name, const char *value);
/* slapcat_value - the first value of an attribute, NULL for none */
const char *slapcat_value(const struct slapcat_entry *entry, const char *name);
/* slapcat_set - another value. error: ERR_MEMORY */
int slapcat_set(struct slapcat_line *line, const char *value, size_t len);
/* slapcat_drop - without line i */
void slapcat_drop(struct slapcat_entry *entry, size_t i);
/* slapcat_add - one line more. error: ERR_MEMORY */
int slapcat_add(struct slapcat_entry *entry, const char *name, const char *value);

/* --- uninstall_config.c ---------------------------------------------------------------------------------- */

/* The configuration, and what of it matters here. */
struct plain_config {
	struct slapcat_entry *entries;
	size_t n;
	size_t database; /* index of the entry whose overlay is muster */
	int number;      /* of that database, for slapcat -n */
	int has_otp;     /* the module otp is loaded: oath attributes stay known */
	int otp_checks;  /* and its overlay is on the database, so that second factors of its own are asked for */
};

/* Each prints what is wrong and returns an exit code. */
int plain_config_read(FILE *in, struct plain_config *config_out);
/* plain_config_make - without Muster; counts rules that went */
int plain_config_make(struct plain_config *config, unsigned *dropped_out);
void plain_config_free(struct plain_config *config);

/* --- uninstall_data.c --------------------------------------------------------------------------------------- */

/* What the plain directory has, and what it has not any more. */
struct plain_counts {
	unsigned long entries, members, passwords, suspended, locked, factors, recovery_codes, app_passwords, tokens, requests,
		must_change;
	unsigned long otp_factors; /* of members, which slapo-otp has and which were not taken over */
};

/*
 * plain_data - copy entries without Muster.
 * in:    out      NULL: count only
 *        has_otp  as in struct plain_config
 * error: ERR_INPUT, ERR_MEMORY, ERR_IO
 */
int plain_data(FILE *in, FILE *out, int has_otp, struct plain_counts *counts_out);

#endif
