/*
 * module.h - inside of pam_muster.so: options, what a call carries, and the dialogues.
 *
 * The module asks, the directory decides. It knows nothing of LDAP, TLS or hashes: it lives inside sshd and sudo.
 */
#ifndef MUSTER_PAM_MODULE_H
#define MUSTER_PAM_MODULE_H

#include <locale.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <sys/types.h>

#include "client/client.h"

enum prompt { PROMPT_AFTER = 0, PROMPT_TOGETHER, PROMPT_ALWAYS };

struct options {
	enum prompt prompt;
	int use_first_pass; /* only what a module before us asked for */
	int try_first_pass; /* that first, then ask */
	int use_authtok;    /* a new password only from a module before us */
	int timeout_sec;
	const char *socket;
	uid_t owner; /* who may listen on the socket, besides root */
	uid_t minimum_uid; /* accounts of this host below it are not for the directory to let in */
};

/*
 * options_parse - read the words after the module's path in a PAM file.
 * in:    ph  for the log
 * error: PAM_SERVICE_ERR after a line in the log: an unknown option or a bad number is never passed over
 */
int options_parse(pam_handle_t *ph, int argc, const char **argv, struct options *options_out);

/* One PAM call under way. Zeroed at first; call_end() frees and wipes. */
struct call {
	pam_handle_t *ph;
	int silent;
	struct options options;
	const char *user; /* PAM's */
	struct client *client;
	struct secret *password;
	struct secret *code;
	int is_together; /* c->password may end in the code */
	int takes_new;   /* the new password is PAM's, nobody is asked for it */
	int64_t previous_login; /* unix seconds, 0 unknown */
	char *untold;    /* what silence has kept from the person, for the next question */
	locale_t language, language_before; /* of the texts, of the application */
};

/* call_prepare - options and language; call_end() is due whatever it returns. out: PAM result */
int call_prepare(struct call *c, pam_handle_t *ph, int flags, int argc, const char **argv);
/*
 * call_begin - the same, then the user and the connection to the gate.
 * out:   PAM result; PAM_USER_UNKNOWN for a system account of this host: whoever may name members must not become root by
 *        naming one so
 */
int call_begin(struct call *c, pam_handle_t *ph, int flags, int argc, const char **argv);
void call_end(struct call *c);

/*
 * call_gate - one request to the gate.
 * out:   *answer_out  freed with proto_free(), NULL unless PAM_SUCCESS is returned
 *        PAM_AUTHINFO_UNAVAIL when there is no answer to be trusted
 */
int call_gate(struct call *c, const struct proto_message *request, struct proto_message **answer_out);

/* status_to_pam - a gate's refusal as a PAM result; PAM_SUCCESS for PROTO_OK alone */
int status_to_pam(uint8_t status);

/* --- converse.c --------------------------------------------------------------------------------- */

#define TEXT_DOMAIN "muster"
#define _(text) dgettext_muster(text)
const char *dgettext_muster(const char *text) __attribute__((format_arg(1)));

/*
 * ask - a hidden answer from the person.
 * out:   *answer_out  freed with secret_free(); NULL unless PAM_SUCCESS is returned
 *        PAM_CONV_ERR, PAM_BUF_ERR; PAM_AUTH_ERR for an empty answer or one longer than SECRET_MAX
 */
int ask(struct call *c, const char *prompt, struct secret **answer_out);

/* ask_optional - the same; an empty answer is PAM_SUCCESS with *answer_out NULL */
int ask_optional(struct call *c, const char *prompt, struct secret **answer_out);

/* ask_any - the same; an empty answer is PAM_SUCCESS with an empty secret, and so is one of any length */
int ask_any(struct call *c, const char *prompt, struct secret **answer_out);

/*
 * tell, tell_error - something to read; when the application wants silence, together with the next question if there is one.
 * out:   PAM result of the conversation
 */
int tell(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int tell_error(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tell_rules - one line for each rule that a new password breaks */
void tell_rules(struct call *c, const struct proto_message *answer);

/* --- dialogues: all return a PAM result --------------------------------------------------------- */

/*
 * login.c: password, code, and whatever the directory wants first; leaves the right password in c->password. Not login(): libc
 *          has one.
 */
int log_in(struct call *c);
/*
 * change.c: a new password, asked twice, in place of c->password. c->code is the code that goes with the old one, asked for
 * when it is missing or too old by now.
 */
int change_password(struct call *c);
/* change.c: a new password for a token from a mail; the new one becomes c->password */
int redeem_token(struct call *c, const struct secret *token);
/* change.c: 1 when what was typed as a password is a token */
int is_token(const struct secret *typed);
/* enrol.c: setup key, QR code, confirming code, recovery codes */
int enrol(struct call *c);

/* terminal.c: 1 when a picture of that size is seen whole on the person's terminal, or nobody knows how large that is */
int terminal_has_room(unsigned lines, unsigned columns);

#endif
