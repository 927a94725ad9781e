/*
 * directory.h - the directory as a client sees it: every libldap call, filter, attribute name, control
 *               and extended operation of the client side. ldap.h stays inside this folder.
 */
#ifndef MUSTER_DIRECTORY_H
#define MUSTER_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/secret.h"

struct directory; /* one connection */

struct directory_options {
	const char *uris;        /* blank-separated, tried in turn */
	const char *ca_file;     /* NULL: the system's; certificates are always checked */
	int start_tls;           /* ldap:// URIs are upgraded before anything is sent */
	int timeout_ms;          /* deadline for connecting and for each operation */
	int connect_ms;          /* deadline for connecting when it is another; 0: timeout_ms */
	char *error;             /* where directory_open() puts what TLS said when it fails; NULL: nowhere */
	size_t error_size;
};

/* Same numbers as the SecondFactor control's states; none when the control was absent from the answer. */
enum factor_state {
	FACTOR_OK = 0,
	FACTOR_CODE_REQUIRED = 1,
	FACTOR_ENROL_REQUIRED = 2,
	FACTOR_CHANGE_REQUIRED = 3,
	FACTOR_EXPIRED = 4,
	FACTOR_REFUSED = 5, /* of directory_check_account() alone */
	FACTOR_NONE = 255
};

/* Whom an extended operation is about: a DN, or a login with an optional organization. */
struct directory_target {
	const char *dn; /* when set, the others are not used */
	const char *organization;
	const char *login;
};

/*
 * directory_init - start the library beneath. directory_open() does it as well; a program with threads calls this one before
 *                  it has them, because that library starts itself without a lock.
 */
void directory_init(void);

/*
 * directory_open - connect, with TLS where the options say so. Never binds.
 * before: the program ignores SIGPIPE, because libldap writes to servers that may be gone
 * error: ERR_UNREACHABLE, ERR_TIMEOUT, ERR_PEER (certificate), ERR_CONFIG, ERR_MEMORY
 */
int directory_open(const struct directory_options *options, struct directory **d_out);
void directory_close(struct directory **d);

/*
 * directory_text - what the server said to the last operation, for a person; "" when nothing.
 * owner: valid until the next call on d
 */
const char *directory_text(const struct directory *d);

/* directory_result - the LDAP result code of the last operation, -1 when none was answered. */
int directory_result(const struct directory *d);

/*
 * directory_login - bind a member with the SecondFactor control, critical, its response demanded.
 * in:    code     may be NULL
 *        service, rhost  for the server's audit line, may be NULL
 * out:   verdict_out  ALLOW only when 0 is returned and the server said success with state ok
 *        state_out    what is missing when right so far; FACTOR_NONE otherwise
 *        previous_out unix seconds of the login before, 0 unknown
 * error: ERR_REFUSED (wrong), ERR_NO_OVERLAY (no response control, or control unknown), ERR_BUSY,
 *        ERR_UNREACHABLE, ERR_TIMEOUT
 */
int directory_login(struct directory *d, const char *dn, const struct secret *password,
                    const struct secret *code, const char *service, const char *rhost,
                    enum verdict *verdict_out, enum factor_state *state_out, int64_t *previous_out);

/* directory_bind_simple - plain bind of an admin or a program (its password may end in a code). */
int directory_bind_simple(struct directory *d, const char *dn, const struct secret *password);
/* directory_bind_external - SASL EXTERNAL, over ldapi or with a client certificate. */
int directory_bind_external(struct directory *d);
/* directory_unbind_identity - anonymous again, so that a pooled connection can be reused. */
int directory_anonymous(struct directory *d);

/*
 * The extended operations (doc/ARCHITECTURE.md). Common errors: ERR_REFUSED (49, 50), ERR_RULES (19, see
 * directory_text() and pwrules_parse()), ERR_INPUT (2, 34), ERR_BUSY (51), ERR_NO_OVERLAY (operation unknown),
 * ERR_UNREACHABLE, ERR_TIMEOUT, ERR_INTERNAL (anything else; directory_text() says what)
 */
int directory_request_reset(struct directory *d, const struct directory_target *target);
int directory_redeem(struct directory *d, const struct directory_target *target,
                     const struct secret *token, const struct secret *new_password);
/*
 * directory_sign_up - ask for an account of a platform member; nobody learns from the answer whether there is one. What is wrong
 *                     with a field is ERR_INTERNAL with a text.
 * in:    language, business_name, registration_number  NULL: left out
 */
struct directory_sign_up {
	const char *mail, *name, *country, *member_type, *terms, *language, *business_name, *registration_number;
};
int directory_sign_up(struct directory *d, const struct directory_sign_up *who);
/* state_out: FACTOR_CODE_REQUIRED when the code is missing (result 8, ERR_REFUSED), else FACTOR_NONE */
int directory_change_password(struct directory *d, const struct directory_target *target,
                              const struct secret *old_password, const struct secret *code,
                              const struct secret *new_password, enum factor_state *state_out);
/* codes_out: array of *n_out secrets, freed by the caller one by one, then the array */
int directory_enrol_totp(struct directory *d, const struct directory_target *target,
                         const struct secret *password, const uint8_t *seed, size_t seed_len,
                         const struct secret *code, struct secret ***codes_out, size_t *n_out);
/* The second factor that is active, with password and a code of it or a recovery code. codes_out: as above */
int directory_remove_totp(struct directory *d, const struct directory_target *target, const struct secret *password,
                          const struct secret *code);
int directory_new_recovery_codes(struct directory *d, const struct directory_target *target,
                                 const struct secret *password, const struct secret *code, struct secret ***codes_out,
                                 size_t *n_out);

/*
 * directory_certificate - the server's certificate of this connection, as DER.
 * out:   *der_out  to be freed
 * error: ERR_NOT_FOUND  the connection has no TLS
 */
int directory_certificate(struct directory *d, uint8_t **der_out, size_t *len_out);

/*
 * directory_new_app_password - a password for a program.
 * in:    code      NULL when there is none
 *        networks  CIDR texts it is good from; none: everywhere
 * out:   id_out, app_password_out  freed by the caller; NULL on error
 *        state_out                 as directory_change_password()
 */
int directory_new_app_password(struct directory *d, const struct directory_target *target,
                               const struct secret *password, const struct secret *code, const char *label,
                               const char *const *networks, size_t networks_len, char **id_out,
                               struct secret **app_password_out, enum factor_state *state_out);
/*
 * directory_check_account - may a member log in that proved who it is in another way: with an ssh key, through su. Asked by who
 *                           may read its status.
 * in:    service, rhost  "" when not known
 * out:   state_out  FACTOR_OK, what is missing, or FACTOR_REFUSED; FACTOR_NONE on error
 * error: ERR_REFUSED (no such member, or no right to ask), others as above
 */
int directory_check_account(struct directory *d, const struct directory_target *target, const char *service,
                            const char *rhost, enum factor_state *state_out);

/* An organization that is asked for. NULL: left out, where that may be. */
struct directory_new_organization {
	const char *name, *domain;
	const char *policy;                          /* a template, may be left out */
	const char *owner_id, *owner_name, *owner_mail;
	const char *language;                        /* of the OWNER, may be left out */
	const char *service, *service_title;         /* may be left out */
};
struct directory_made_organization {
	char *dn, *owner_dn;
	char *access_url; /* "" without a service */
};
/*
 * directory_new_organization - an organization with its policy, folders, OWNER and first service, all of it or nothing. Bound as a
 *                              platform member, or as who may add organizations.
 * out:   made_out  freed with directory_made_organization_free(); empty on error
 * error: ERR_EXISTS  the name or the domain is somebody's; others as above
 */
int directory_new_organization(struct directory *d, const struct directory_new_organization *asked,
                               struct directory_made_organization *made_out);
void directory_made_organization_free(struct directory_made_organization *made);

/* directory_whoami - the DN the server knows us by, "" for anonymous (RFC 4532). dn_out: to be freed */
int directory_whoami(struct directory *d, char **dn_out);
/* directory_set_password - of an entry that is no member, hashed by the server (RFC 3062). */
int directory_set_password(struct directory *d, const char *dn, const struct secret *new_password);

/* One fact of a message, UTF-8. */
struct directory_fact {
	char *name;
	char *value;
};
struct directory_claim {
	char *kind;     /* "void": nothing is owed */
	char *address;
	char *language;
	struct secret *secret; /* token or code, may be NULL */
	struct directory_fact *facts;
	size_t facts_len;
};
int directory_claim(struct directory *d, const char *record_id, struct directory_claim **claim_out);
void directory_claim_free(struct directory_claim **claim);
enum directory_outcome { OUTCOME_SENT = 0, OUTCOME_FAILED = 1 };
int directory_done(struct directory *d, const char *record_id, enum directory_outcome outcome);

/* directory_settle - what a payment provider said of a claimed payment-check. error: ERR_NOT_FOUND (it is settled already) */
struct directory_said {
	const char *name, *value;
};
int directory_settle(struct directory *d, const char *record_id, const struct directory_said *said, size_t n);

/* An entry read from the directory. Attribute names compare without case. */
struct directory_entry {
	char *dn;
	struct directory_attribute {
		char *name;
		struct directory_value {
			uint8_t *data; /* NUL-terminated behind len */
			size_t len;
		} *values;
		size_t values_len;
	} *attributes;
	size_t attributes_len;
};
enum directory_scope { SCOPE_BASE = 0, SCOPE_ONE = 1, SCOPE_SUB = 2 };

/*
 * directory_search - read entries; fn is called for each and stops the search by returning non-zero.
 * in:    filter  built with directory_filter() when any part of it comes from outside
 *        attrs   NULL-terminated, NULL for all user attributes
 */
typedef int (*directory_entry_fn)(const struct directory_entry *entry, void *arg);
int directory_search(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
                     const char *const *attrs, directory_entry_fn fn, void *arg);
/*
 * directory_search_paged - the same in pages, for many entries. A server's limit for one answer does not end it, unless it
 *                          is one for all pages together (ERR_RANGE). One at a time on a connection.
 */
int directory_search_paged(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
                           const char *const *attrs, directory_entry_fn fn, void *arg);
/* directory_read - one entry; ERR_NOT_FOUND. Freed with directory_entry_free(). */
int directory_read(struct directory *d, const char *dn, const char *const *attrs,
                   struct directory_entry **entry_out);
/* directory_find_one - the only match; ERR_NOT_FOUND, ERR_AMBIGUOUS. */
int directory_find_one(struct directory *d, const char *base, const char *filter, const char *const *attrs,
                       struct directory_entry **entry_out);
/*
 * directory_find_organization - the nearest entry above a DN that is an organization (class musterOrganization), as the overlay
 *                               looks for it.
 * error: ERR_NOT_FOUND (in none, or in none that who asks may read)
 */
int directory_find_organization(struct directory *d, const char *dn, const char *const *attrs, struct directory_entry **org_out);
void directory_entry_free(struct directory_entry **entry);
/* directory_attribute - all values of an attribute, NULL when absent. */
const struct directory_attribute *directory_attribute(const struct directory_entry *entry, const char *name);
/* directory_value - first value of an attribute as text, NULL when absent. */
const char *directory_value(const struct directory_entry *entry, const char *name);
/* directory_has_class - 1 when objectClass has that value. Classes above it (RFC 4512 section 2.4.1) are there only when they are written. */
int directory_has_class(const struct directory_entry *entry, const char *name);

/* Changes. values: NULL-terminated strings; NULL with CHANGE_DELETE deletes the attribute. */
enum directory_change_op { CHANGE_ADD, CHANGE_DELETE, CHANGE_REPLACE };
struct directory_change {
	enum directory_change_op op;
	const char *attribute;
	const struct directory_value *values;
	size_t values_len;
};
int directory_add(struct directory *d, const char *dn, const struct directory_change *attributes, size_t n);
int directory_modify(struct directory *d, const char *dn, const struct directory_change *changes, size_t n);
/* directory_repair - directory_modify() with the Relax control: what the server writes itself. Needs the manage right. */
int directory_repair(struct directory *d, const char *dn, const struct directory_change *changes, size_t n);
int directory_delete(struct directory *d, const char *dn);

/*
 * directory_write_begin - a write that is not waited for: several may be under way on a connection. The server carries them out
 *                         side by side and answers in any order, so none may depend on another.
 * in:    changes   of an add the attributes; of a delete none
 *        only_try  the server does all but the write itself (No-Op control, critical): every check is made, rights
 *                  and schema and names in use, and nothing is changed
 *        only_if   filter that the entry must match, else result 122 and ERR_REFUSED (RFC 4528); NULL: none
 * out:   *id_out   what directory_collect() knows it by; -1 on error
 * after: directory_collect() until all are answered, before any other operation on d
 * error: ERR_UNREACHABLE (not sent), ERR_INPUT, ERR_MEMORY
 */
enum directory_write { WRITE_ADD, WRITE_MODIFY, WRITE_DELETE };
int directory_write_begin(struct directory *d, const char *dn, enum directory_write write,
                          const struct directory_change *changes, size_t n, int only_try, const char *only_if, int *id_out);
/*
 * directory_collect - wait for the next answer to any of them.
 * out:   *r_out  how that write went: 0, or an error as of directory_add(); directory_text() has the server's text. 0 for
 *                one that was only tried and would succeed
 * error: ERR_TIMEOUT, ERR_UNREACHABLE: what has become of all that are under way is not known
 */
int directory_collect(struct directory *d, int *id_out, int *r_out);

/*
 * directory_filter - build a filter; %s is escaped as a value (RFC 4515), %% is a percent sign.
 *                    The only place where filters are put together.
 * owner: the caller frees the result; NULL when memory is short
 */
char *directory_filter(const char *format, ...);
/*
 * directory_dn - build a DN; %s is escaped as an attribute value (RFC 4514), %D is a DN taken as it is.
 */
char *directory_dn(const char *format, ...);

/* directory_dn_check - whether text is a DN. error: ERR_INPUT, ERR_MEMORY */
int directory_dn_check(const char *dn);
/* directory_dn_rdn - type and value of the first RDN, unescaped. error: ERR_INPUT (not a DN, "", a NUL in it) */
int directory_dn_rdn(const char *dn, char **type_out, char **value_out);
/*
 * directory_dn_organization - the name (o) of the organization that a DN lies in, by its parts alone; to be freed. Only what lies
 *                             right below ou=organizations is one whatever the directory says.
 * error: ERR_NOT_FOUND (in none, or in one elsewhere), ERR_INPUT, ERR_MEMORY
 */
int directory_dn_organization(const char *dn, char **name_out);
/* directory_dn_parent - a DN without its first RDN, to be freed; NULL when there is none or memory is short. */
char *directory_dn_parent(const char *dn);
/* directory_dn_clean - the same DN in the one form of RFC 4514, without blanks between parts; to be freed. NULL: not a DN */
char *directory_dn_clean(const char *dn);
/* directory_dn_equal - 1 when two DNs are the same apart from case and blanks between parts. */
int directory_dn_equal(const char *a, const char *b);

/*
 * directory_follow - LDAP sync (RFC 4533, refreshAndPersist) over entries that owe messages.
 *                    fn gets each record id once for every time its entry appears or changes.
 *                    Returns only on error, when fn returns non-zero, or when *stop becomes non-zero.
 * in:    base     the tree; queue entries and members below it
 *        poll_ms  longest time without looking at *stop and calling idle
 *        idle     called between messages, may be NULL
 */
typedef int (*directory_record_fn)(const char *record_id, void *arg);
typedef void (*directory_idle_fn)(void *arg);
int directory_follow(struct directory *d, const char *base, directory_record_fn fn, directory_idle_fn idle,
                     void *arg, int poll_ms, volatile int *stop);

#endif
