/*
 * conf.h - muster.conf, for the daemon and the command line.
 *
 * conf.c holds one table row per option. Parser, print-out, sample and the test of the manual page all
 * read that table, so an option cannot exist in one of them only.
 */
#ifndef MUSTER_COMMON_CONF_H
#define MUSTER_COMMON_CONF_H

#include <stdio.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/secret.h"

#define CONF_ERROR_MAX 512 /* text of an error, with file and line */

enum conf_smtp_tls { CONF_SMTP_TLS_REQUIRED, CONF_SMTP_TLS_OPTIONAL, CONF_SMTP_TLS_NONE };
enum conf_account { CONF_ACCOUNT_DENY, CONF_ACCOUNT_ALLOW };

/* Texts are never NULL and are "" when not set. */
struct conf {
	struct {
		char *uris; /* blank-separated */
		char *ca_file;
		int start_tls;
		char *base;
		int timeout_ms;
	} directory;
	struct {
		int enabled;
		char *socket;
		char *user;
		char *dn_template; /* has %u, the login */
		char *search_base;
		char *search_filter; /* has %u */
		char *bind_dn;
		char *bind_password_file;
		int account_without_password; /* enum conf_account */
		int workers;
		char *issuer; /* shown by authenticator apps, "": the organization */
	} gate;
	struct {
		int enabled;
		char *user;
		char *bind_dn;
		char *bind_password_file;
		char *from;
		char *smtp_url;
		int smtp_tls; /* enum conf_smtp_tls */
		char *smtp_user;
		char *smtp_password_file;
		char *smtp_ca_file;
		int smtp_timeout_ms;
		char *reset_url;
		char *service_name; /* what members know the service by */
	} courier;
	struct {
		char *command; /* "": no text messages; words that end at blanks, the first an absolute path */
		int timeout_ms;
	} sms;
	struct {
		char *command; /* "": payment methods are not checked; as that of sms */
		int timeout_ms;
	} payments;
	struct {
		int target; /* enum log_to, common/log.h */
		int level;  /* enum log_level */
	} log;
};

/*
 * No option holds a secret: a secret is in a file of its own, and the option names it. So a print-out of the
 * settings can be shown to anybody.
 */
enum conf_type { CONF_TEXT, CONF_PATH, CONF_SECRET_FILE, CONF_FLAG, CONF_NUMBER, CONF_CHOICE };

/* One option: a row of the table. */
struct conf_option {
	const char *section;
	const char *key;
	size_t offset;       /* in struct conf: of a char * (text and files) or an int (flag, number, choice) */
	enum conf_type type;
	int min, max;        /* range of a number */
	const char *choices; /* names of a choice in the order of its enum, blank-separated */
	const char *value;   /* default */
	const char *(*check)(const char *value); /* what else is wrong with a text, NULL when nothing; may be NULL */
	const char *help;    /* one line for the sample */
};

/* conf_options - the table. out: *n_out number of rows */
const struct conf_option *conf_options(size_t *n_out);

/* conf_default_path - muster.conf below the sysconfdir of the build. */
const char *conf_default_path(void);

/*
 * conf_load - open, check and read a configuration file.
 *             Refused: a symbolic link, no regular file, an owner other than root or the caller, writable for group or others,
 *             unknown sections and keys, a key given twice, values out of range.
 * out:   *conf_out  NULL on error
 *        error      text for a person, "file:line: text" when a line is to blame; "" on success
 * error: ERR_CONFIG, ERR_MEMORY
 */
int conf_load(const char *path, struct conf **conf_out, char error[CONF_ERROR_MAX]);

/*
 * conf_load_fd - conf_load() from an open descriptor, which is trusted and not closed.
 * in:    name  stands for the file in error texts
 */
int conf_load_fd(int fd, const char *name, struct conf **conf_out, char error[CONF_ERROR_MAX]);

void conf_free(struct conf **conf);

/*
 * conf_check_daemon - what musterd needs besides single values that are right: which options belong together.
 *                     The command line does without it.
 * error: ERR_CONFIG, error says which option is missing or contradicts which
 */
int conf_check_daemon(const struct conf *conf, const char *name, char error[CONF_ERROR_MAX]);

/*
 * conf_print - effective settings as a configuration file that reads back to the same settings.
 * error: ERR_IO
 */
int conf_print(const struct conf *conf, FILE *out);

/* conf_print_sample - every option with its help, commented out, at its default. error: ERR_IO */
int conf_print_sample(FILE *out);

/*
 * conf_read_secret - first line of a password file, without its line end.
 *                    The file must be a regular one of root or the caller, without any access for others, and without
 *                    write access for its group; the group may read only when it is the caller's own.
 * out:   *secret_out  NULL on error
 *        error        text for a person that names the file
 * error: ERR_CONFIG, ERR_MEMORY
 */
int conf_read_secret(const char *path, struct secret **secret_out, char error[CONF_ERROR_MAX]);

/*
 * conf_check_secret - whether conf_read_secret() would take the file when called by a given user and group.
 * error: ERR_CONFIG
 */
int conf_check_secret(const char *path, uid_t uid, gid_t gid, char error[CONF_ERROR_MAX]);

#endif
