/*
 * cli.h - what the files of the command share: its table of commands, the session, what is printed.
 */
#ifndef MUSTER_CLI_H
#define MUSTER_CLI_H

#include <stddef.h>

#include <jansson.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/secret.h"
#include "core/application.h"
#include "directory/directory.h"

/* Exit codes; muster(1) lists them. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,   /* none of the others */
	EXIT_USAGE = 2,    /* the command line, the configuration or a name is not right */
	EXIT_REFUSED = 3,  /* wrong password, code or token, or no right to do this */
	EXIT_NOT_FOUND = 4,
	EXIT_IN_USE = 5,   /* a name or domain exists already */
	EXIT_RULES = 6,    /* the new password breaks rules */
	EXIT_UNREACHABLE = 7,
	EXIT_NO_MUSTER = 8 /* the server does not enforce Muster's rules */
};

/* --- commands.c: options and commands ----------------------------------------------------------- */

enum option_id {
	OPT_URI, OPT_BIND_DN, OPT_PROMPT, OPT_MECHANISM, OPT_EXTERNAL, OPT_CA_FILE, OPT_BASE, OPT_CONF, OPT_JSON,
	OPT_HELP, OPT_VERSION,
	OPT_DRY_RUN, OPT_MODULE, OPT_KEY_FILE, OPT_KEY_OWNER, OPT_COURIER_FILE, OPT_ADMIN,
	OPT_DOMAIN, OPT_POLICY, OPT_OWNER_ID, OPT_OWNER_NAME, OPT_OWNER_MAIL, OPT_OWNER_LANGUAGE,
	OPT_SERVICE, OPT_TITLE, OPT_MEMBERS_SEE, OPT_NICKNAMES, OPT_ORGANIZATION,
	OPT_NAME, OPT_MAIL, OPT_MOBILE, OPT_LANGUAGE, OPT_NICKNAME, OPT_OWNER, OPT_NETWORK,
	OPT_FORMAT, OPT_POSIX, OPT_INVITE, OPT_RATE, OPT_RESUME, OPT_UNDO, OPT_QUIET, OPT_JOURNAL,
	OPT_PAM_DIR, OPT_SSHD_CONFIG, OPT_SLAPD_CONFIG,
	OPT_FORCE, OPT_TO, OPT_SLAPD,
	OPT_ADDRESS, OPT_BILLING_MAIL, OPT_SERVICE_AREA, OPT_SURNAME, OPT_GIVEN_NAME,
	OPT_COUNTRY, OPT_TYPE, OPT_TERMS, OPT_BUSINESS_NAME, OPT_REGISTRATION_NUMBER,
	OPT_DOCUMENT, OPT_NOTE, OPT_STATE, OPT_REASON, OPT_OUTPUT, OPT_OLDER_THAN,
	OPT_KIND,
	OPT_COUNT
};

struct option {
	enum option_id id;
	char letter;          /* '\0' none */
	const char *name;
	const char *argument; /* what stands for it in help; NULL: a switch */
	const char *help;
};

struct args {
	const char *value[OPT_COUNT]; /* NULL: not given; a switch that is given: "" */
	const char **repeated; /* values of the option that may be given more than once; no command has two */
	int repeated_len;
	const char **words;           /* after noun and verb */
	int words_len;
};

struct session;

struct command {
	const char *noun, *verb; /* verb NULL: the noun alone, or with words that are no verb of it */
	const char *words_help;
	int words_min, words_max;
	const char *help;
	const enum option_id *options; /* besides the global ones; ends with OPT_COUNT */
	int (*run)(struct session *s); /* returns an exit code */
};

const struct command *command_list(size_t *n_out);
const struct option *option_find_id(enum option_id id);
const struct option *option_list(size_t *n_out);
/* option_is_global - 1 when every command takes it */
int option_is_global(enum option_id id);
/* option_is_repeated - 1 when it may be given more than once */
int option_is_repeated(enum option_id id);
void command_usage(const struct command *command);
void command_usage_all(void);

int init_run(struct session *s);
int doctor_run(struct session *s);
int doctor_member(struct session *s);
int adopt_run(struct session *s);
int org_add(struct session *s);
int org_list(struct session *s);
int org_show(struct session *s);
int org_set(struct session *s);
int service_add(struct session *s);
int service_list(struct session *s);
int service_rename(struct session *s);
int service_remove(struct session *s);
int policy_show(struct session *s);
int policy_set(struct session *s);
int policy_use(struct session *s);
int policy_list(struct session *s);
int member_add(struct session *s);
int member_import(struct session *s);
int member_invite(struct session *s);
int member_export(struct session *s);
int member_list(struct session *s);
int member_show(struct session *s);
int member_suspend(struct session *s);
int member_resume(struct session *s);
int member_unlock(struct session *s);
int member_promote(struct session *s);
int member_demote(struct session *s);
int account_show(struct session *s);
int account_set(struct session *s);
int account_sign_up(struct session *s);
int account_mail(struct session *s);
int account_mobile(struct session *s);
int account_login_id(struct session *s);
int account_verify(struct session *s);
int application_file(struct session *s);
int application_attach(struct session *s);
int application_withdraw(struct session *s);
int application_list(struct session *s);
int application_show(struct session *s);
int application_document(struct session *s);
int application_approve(struct session *s);
int application_reject(struct session *s);
int application_purge(struct session *s);
int payment_add(struct session *s);
int payment_list(struct session *s);
int payment_show(struct session *s);
int payment_remove(struct session *s);
int password_reset(struct session *s);
int password_redeem(struct session *s);
int password_change(struct session *s);
int otp_enrol(struct session *s);
int otp_remove(struct session *s);
int otp_recovery(struct session *s);
int otp_status(struct session *s);
int app_password_add(struct session *s);
int app_password_list(struct session *s);
int app_password_revoke(struct session *s);
int uninstall_run(struct session *s);
int key_list(struct session *s);
int key_add(struct session *s);
int key_activate(struct session *s);
int key_reload(struct session *s);
int key_rotate(struct session *s);
int key_retire(struct session *s);

/* --- session.c: who is asking whom --------------------------------------------------------------- */

struct session {
	struct args args;
	struct conf *conf;   /* NULL without a configuration file */
	struct directory *d; /* NULL until session_connect() */
	char *base;
	int external;        /* bound with SASL EXTERNAL */
	int64_t previous_login; /* of a member that is bound with a password: unix seconds of the login before, 0 none */
};

/* All of these print what is wrong and return an exit code. */
int session_connect(struct session *s);  /* not bound */
int session_bind(struct session *s);     /* connected and bound as -D or EXTERNAL says */
int session_base(struct session *s);     /* s->base: --base, configuration, or the server's only suffix */
/* session_is_local - 1 when the server is asked over ldapi:// */
int session_is_local(const struct session *s);
void session_free(struct session *s);

/*
 * session_organization - the organization of that name or domain. Prints when it is not there.
 * out:   *org_out  freed with directory_entry_free()
 */
int session_organization(struct session *s, const char *name, struct directory_entry **org_out);
/*
 * organization_people - the DN below which an organization's members lie: ou=people, and the organization itself where that is a
 *                       folder (ou=...) that was adopted. To be freed, NULL when memory is short.
 */
char *organization_people(const char *org_dn);
/* organization_member - the DN of a member of it by ID, there or not. To be freed, NULL when memory is short. */
char *organization_member(const char *org_dn, const char *id);
/*
 * session_organization_of - the organization that an entry lies in, with the same attributes. Prints nothing.
 * error: as directory_find_organization()
 */
int session_organization_of(struct session *s, const char *dn, struct directory_entry **org_out);
/* session_only_organization - the only one the person can see. */
int session_only_organization(struct session *s, struct directory_entry **org_out);

/* --- who.c: members as people write them --------------------------------------------------------- */

/* DN, ORG/ID or LOGIN; the texts point into the words or belong to the struct. */
struct who {
	const char *dn, *organization, *login;
	char *parts; /* owned */
};
int who_parse(const char *word, struct who *who_out);
/* who_parse_words - the same from "WHO" or "ORG ID", else -D */
int who_parse_words(struct session *s, struct who *who_out);
/* words_take - the first word, which says what; the others say who */
const char *words_take(struct session *s);
void who_target(const struct who *who, struct directory_target *target_out);
void who_free(struct who *who);
/* who_dn - the DN of a member, looked up where needed. *dn_out is to be freed. */
int who_dn(struct session *s, const struct who *who, char **dn_out);
/* who_dn_of_words - the DN of who_parse_words() */
int who_dn_of_words(struct session *s, char **dn_out);
/*
 * account_read - account.c: bind, and read the entry of WHO, without it the member's own; an exit code. Both are freed by the caller,
 *                also when it failed.
 */
int account_read(struct session *s, const char *const *attrs, char **dn_out, struct directory_entry **entry_out);

/* --- names.c: what may be a name ------------------------------------------------------------------ */

/*
 * name_judge_... - whether a value may be what it is to be.
 * out:   why  on error what is wrong, for a person
 * error: ERR_INPUT
 */
#define NAME_WHY_MAX 192
int name_judge_id(const char *id, char why[NAME_WHY_MAX]);
int name_judge_person(const char *what, const char *name, char why[NAME_WHY_MAX]);
int name_judge_mail(const char *mail, char why[NAME_WHY_MAX]);
int name_judge_language(const char *language, char why[NAME_WHY_MAX]);
/* name_judge_mobile - out: clean_out  the number as E.164 writes it, without blanks and the like; "" on error */
#define NAME_MOBILE_MAX 17
int name_judge_mobile(const char *mobile, char clean_out[NAME_MOBILE_MAX], char why[NAME_WHY_MAX]);

/* Each prints what is wrong and returns 0 or EXIT_USAGE. */
int name_check_organization(const char *name);
int name_check_domain(const char *domain);
int name_check_id(const char *id);
int name_check_person(const char *what, const char *name);
int name_check_mail(const char *mail);
int name_check_language(const char *language);
int name_check_mobile(const char *mobile);
/* id_make - an ID of something new: a prefix, the day, so that lists are in order, and letters that nobody else has that day */
void id_make(const char *prefix, char out[APPLICATION_NAME_MAX + 1]);
/* name_distance - how many letters must be added, removed, changed or swapped */
size_t name_distance(const char *a, const char *b);

/* --- prompt.c: what only the person knows ------------------------------------------------------- */

/*
 * prompt_secret - ask without echo on the terminal, or read one line when standard input is none.
 * out:   *s_out  NULL on error, never empty
 */
int prompt_secret(const char *question, struct secret **s_out);
/* prompt_text - the same for what everybody may see: with echo, NUL-terminated. *text_out is to be freed, NULL on error */
int prompt_text(const char *question, char **text_out);
/* prompt_new_password - twice, and the same both times */
int prompt_new_password(struct secret **s_out);

/* --- output.c: what is printed --------------------------------------------------------------------- */

void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* say_as_json - from now on, what goes wrong is told as JSON objects */
void say_as_json(void);
/* say_failure - what an operation failed with, for a person. Returns the exit code that belongs to r. */
int say_failure(struct session *s, int r, const char *what);
/* say_rules - why a new password was refused */
int say_rules(struct session *s);

/* A value from the directory as JSON text; null when absent or no text. */
json_t *json_text(const char *value);
json_t *json_time(const struct directory_entry *entry, const char *name);
/* json_unix_time - null for 0 */
json_t *json_unix_time(int64_t when);
json_t *json_attribute(const struct directory_entry *entry, const char *name);

struct column {
	const char *key;
	const char *title;
};
/* Facts as JSON with --json, else as text. Both take the reference. NULL (memory) is a failure. */
int print_object(struct session *s, json_t *object, const struct column *columns, size_t n);
int print_list(struct session *s, json_t *list, const struct column *columns, size_t n);
/* print_plain - one line of text */
void print_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* print_done - one sentence, or the object with --json */
int print_done(struct session *s, json_t *object, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- record.c: the attributes of an entry to be written ---------------------------------------------- */

#define RECORD_MAX 24

struct record {
	struct directory_change changes[RECORD_MAX];
	struct directory_value values[RECORD_MAX];
	size_t n;
	int overflow; /* something did not fit: writing it fails */
};
/* record_put - one value; a value of NULL is left out. Text is not copied. */
void record_put(struct record *record, enum directory_change_op op, const char *attribute, const char *value);
/* record_put_values - values that live as long as the record */
void record_put_values(struct record *record, enum directory_change_op op, const char *attribute,
                       const struct directory_value *values, size_t n);
/* error: ERR_RANGE on overflow, else as directory_add() and directory_modify() */
int record_add(struct directory *d, const char *dn, const struct record *record);
int record_modify(struct directory *d, const char *dn, const struct record *record);

/* --- member.c ------------------------------------------------------------------------------------------ */

struct person {
	const char *id, *name, *mail, *mobile, *language, *nickname;
};
int person_check(const struct person *person);
/* person_surname - what stands for one in a name: its last word */
const char *person_surname(const char *name);
/* person_add - one member below ou=people of an organization; returns an ERR_* code */
int person_add(struct session *s, const char *dn, const struct person *person);
/* say_no_member - an exit code */
int say_no_member(const char *dn);
/* is_owner - 1 when the organization names that DN */
int organization_has_owner(const struct directory_entry *org, const char *dn);

/* --- service.c ----------------------------------------------------------------------------------------- */

/* service_list_json - the services of an organization with their access URLs. out: *list_out NULL on error; an ERR_* code */
int service_list_json(struct session *s, const struct directory_entry *org, json_t **list_out);

/* --- policy.c: the rules of an organization -------------------------------------------------------- */

#define POLICY_COLUMNS 21

/* policy_put - every rule with what holds, also where policy says nothing or is NULL; policy_columns - their titles */
void policy_put(const struct directory_entry *policy, json_t *object);
void policy_columns(struct column columns[POLICY_COLUMNS]);
/* policy_template - a policy below ou=policies. Prints when it is not there. */
int policy_template(struct session *s, const char *name, struct directory_entry **template_out);
/* policy_write_own - cn=policy below an organization, there already or not, from a template, and named by it; an ERR_* code */
int policy_write_own(struct session *s, const struct directory_entry *org, const struct directory_entry *template);
/* policy_copy - a template's attributes as those of an organization's own policy; record points into template */
void policy_copy(const struct directory_entry *template, struct record *record);

/* --- qr.c ---------------------------------------------------------------------------------------------- */

/* qr_print - a QR code in half blocks on standard output. error: ERR_RANGE, ERR_MEMORY */
int qr_print(const char *text);

#endif
