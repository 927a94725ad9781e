/*
 * otp.c - the second factor: register an authenticator app, remove it, make new recovery codes, ask whether there is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/member_facts.h"
#include "core/totp.h"

#define ISSUER_DEFAULT "Muster"

/* --- enrol ---------------------------------------------------------------------------------------------- */

struct enrolment {
	struct who who;
	struct directory_target target;
	struct secret *password, *code;
	uint8_t seed[TOTP_SEED_MIN];
	char key[TOTP_BASE32_MAX];
	char *uri;
};

static void
enrolment_free(struct enrolment *e)
{
	who_free(&e->who);
	secret_free(&e->password);
	secret_free(&e->code);
	secret_wipe_array(e->seed);
	secret_wipe_array(e->key);
	secret_wipe_string(e->uri);
	free(e->uri);
}

/* What the app shows: whose account it is, so that codes of several are told apart. */
static const char *
enrolment_issuer(const struct session *s, const struct enrolment *e, const char *organization)
{
	if (s->conf != NULL && *s->conf->gate.issuer != '\0')
		return s->conf->gate.issuer;
	if (organization != NULL)
		return organization;
	return e->who.organization != NULL ? e->who.organization : ISSUER_DEFAULT;
}

/* Of a DN: as the directory says, where it tells that without a login; else where the DN leaves no doubt. */
static int
organization_name(struct session *s, const char *dn, char **name_out)
{
	struct directory_entry *org = NULL;
	const char *name = session_organization_of(s, dn, &org) == 0 ? directory_value(org, "o") : NULL;
	int r;

	*name_out = name != NULL ? strdup(name) : NULL;
	r = name == NULL ? directory_dn_organization(dn, name_out) : *name_out != NULL ? 0 : ERR_MEMORY;
	directory_entry_free(&org);
	return r == ERR_MEMORY ? r : 0;
}

/* Beside it the login, taken out of a DN where there is only that. */
static int
enrolment_uri(struct session *s, struct enrolment *e)
{
	char *type = NULL, *login = NULL, *organization = NULL;
	int r;

	totp_seed_new(e->seed);
	r = totp_seed_to_text(e->seed, sizeof(e->seed), e->key);
	if (r == 0 && e->who.dn != NULL)
		r = directory_dn_rdn(e->who.dn, &type, &login);
	if (r == 0 && e->who.dn != NULL)
		r = organization_name(s, e->who.dn, &organization);
	if (r == 0)
		r = totp_uri(e->seed, sizeof(e->seed), enrolment_issuer(s, e, organization),
		             login != NULL ? login : e->who.login, &e->uri);
	free(type);
	free(login);
	free(organization);
	return r == 0 ? EXIT_DONE : say_failure(s, r, "setup key");
}

static int
enrolment_show(struct session *s, const struct enrolment *e)
{
	if (s->args.value[OPT_JSON] != NULL) {
		printf("{\"setup_key\": \"%s\", \"uri\": \"%s\"}\n", e->key, e->uri);
		return EXIT_DONE;
	}
	printf("Scan this with an authenticator app, or type the setup key into it:\n\n");
	if (isatty(STDOUT_FILENO) && qr_print(e->uri) != 0)
		say_error("the QR code cannot be shown; use the setup key");
	printf("\n  setup key  %s\n  address    %s\n\n", e->key, e->uri);
	fflush(stdout);
	return EXIT_DONE;
}

/* codes_show - in: enrolled  1 right after an enrolment, 0 for a new set */
static int
codes_show(struct session *s, struct secret **codes, size_t n, int enrolled)
{
	size_t i;

	if (s->args.value[OPT_JSON] != NULL) {
		printf("{%s\"recovery_codes\": [", enrolled ? "\"enrolled\": true, " : "");
		for (i = 0; i < n; i++)
			printf("%s\"%s\"", i > 0 ? ", " : "", (const char *)codes[i]->data);
		printf("]}\n");
		return EXIT_DONE;
	}
	if (enrolled)
		printf("The authenticator is registered: from now on every login asks for its code.\n");
	if (n > 0)
		printf("%sRecovery codes, each for one login without the app. They are shown this once%s;\n"
		       "keep them where the phone is not:\n\n", enrolled ? "\n" : "",
		       enrolled ? "" : " and replace all older ones");
	for (i = 0; i < n; i++)
		printf("  %s\n", (const char *)codes[i]->data);
	return EXIT_DONE;
}

/* Printed as they are: nothing that a terminal or JSON would take for something else. */
static int
codes_printable(struct secret **codes, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < codes[i]->len; k++) {
			uint8_t c = codes[i]->data[k];

			if (c <= ' ' || c > '~' || c == '"' || c == '\\')
				return 0;
		}
	}
	return 1;
}

static void
codes_free(struct secret **codes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		secret_free(&codes[i]);
	free(codes);
}

static int
enrolment_send(struct session *s, const struct enrolment *e)
{
	struct secret **codes = NULL;
	size_t n = 0;
	int r, status;

	r = directory_enrol_totp(s->d, &e->target, e->password, e->seed, sizeof(e->seed), e->code, &codes, &n);
	if (r == 0 && !codes_printable(codes, n))
		r = ERR_PROTO;
	if (r == ERR_REFUSED) {
		say_error("the password or the code is wrong; nothing was registered, so remove the new entry from the app");
		status = EXIT_REFUSED;
	} else if (r != 0) {
		status = say_failure(s, r, "the authenticator was not registered");
	} else {
		status = codes_show(s, codes, n, 1);
	}
	codes_free(codes, n);
	return status;
}

int
otp_enrol(struct session *s)
{
	struct enrolment e = { .uri = NULL };
	int status;

	status = who_parse_words(s, &e.who);
	if (status == EXIT_DONE) {
		who_target(&e.who, &e.target);
		status = session_connect(s);
	}
	if (status == EXIT_DONE)
		status = prompt_secret("Password: ", &e.password);
	if (status == EXIT_DONE)
		status = enrolment_uri(s, &e);
	if (status == EXIT_DONE)
		status = enrolment_show(s, &e);
	if (status == EXIT_DONE)
		status = prompt_secret("Code that the app shows: ", &e.code);
	if (status == EXIT_DONE)
		status = enrolment_send(s, &e);
	enrolment_free(&e);
	return status;
}

/* --- with password and code: remove, recovery ------------------------------------------------------------ */

/* What the member itself proves: its password and a code, of the app or of recovery. */
struct proof {
	struct directory_target target;
	struct secret *password, *code;
};

static int
proof_ask(struct session *s, const struct who *who, struct proof *proof)
{
	int status;

	who_target(who, &proof->target);
	status = session_connect(s);
	if (status == EXIT_DONE)
		status = prompt_secret("Password: ", &proof->password);
	if (status == EXIT_DONE)
		status = prompt_secret("One-time code, or a recovery code: ", &proof->code);
	return status;
}

static void
proof_free(struct proof *proof)
{
	secret_free(&proof->password);
	secret_free(&proof->code);
}

static int
remove_own(struct session *s, const struct who *who)
{
	struct proof proof = { .password = NULL };
	int r, status = proof_ask(s, who, &proof);

	if (status == EXIT_DONE) {
		r = directory_remove_totp(s->d, &proof.target, proof.password, proof.code);
		if (r == ERR_REFUSED) {
			say_error("the password or the code is wrong; nothing was removed");
			status = EXIT_REFUSED;
		} else {
			status = r != 0 ? say_failure(s, r, "the authenticator was not removed")
			                : print_done(s, json_pack("{s:b}", "registered", 0), "your authenticator is removed");
		}
	}
	proof_free(&proof);
	return status;
}

/* code: NULL for who may take away a factor of others */
static int
remove_from(struct session *s, const char *dn, const struct secret *code)
{
	struct record record = { .n = 0 };
	struct directory_value value;
	int r;

	record_put_values(&record, CHANGE_DELETE, "oathSecret", NULL, 0);
	if (code != NULL) {
		value.data = code->data;
		value.len = code->len;
		record_put_values(&record, CHANGE_ADD, "musterCode", &value, 1);
	}
	r = record_modify(s->d, dn, &record);
	if (r == 0)
		return print_done(s, json_pack("{s:s, s:b}", "dn", dn, "registered", 0),
		                  "the authenticator of %s is removed", dn);
	if (directory_result(s->d) == 16) { /* noSuchAttribute */
		say_error("%s has no authenticator registered", dn);
		return EXIT_NOT_FOUND;
	}
	return say_failure(s, r, "the authenticator was not removed");
}

/* Logged in as somebody: an administrator, or the member, whose login has spent a code already. */
static int
remove_bound(struct session *s, const struct who *who)
{
	const char *self = s->args.value[OPT_BIND_DN];
	struct secret *code = NULL;
	char *dn = NULL;
	int status = session_bind(s);

	if (status == EXIT_DONE)
		status = who_dn(s, who, &dn);
	if (status == EXIT_DONE && self != NULL && directory_dn_equal(dn, self))
		status = prompt_secret("The next code that the app shows: ", &code);
	if (status == EXIT_DONE)
		status = remove_from(s, dn, code);
	secret_free(&code);
	free(dn);
	return status;
}

/* is_own - 1 when nobody else is named as the one who asks */
static int
is_own(const struct session *s, const struct who *who)
{
	const char *self = s->args.value[OPT_BIND_DN];

	if (self != NULL)
		return who->dn != NULL && directory_dn_equal(who->dn, self);
	return s->args.value[OPT_EXTERNAL] == NULL && s->args.value[OPT_MECHANISM] == NULL;
}

int
otp_remove(struct session *s)
{
	struct who who;
	int status = who_parse_words(s, &who);

	if (status == EXIT_DONE)
		status = is_own(s, &who) ? remove_own(s, &who) : remove_bound(s, &who);
	who_free(&who);
	return status;
}

int
otp_recovery(struct session *s)
{
	struct proof proof = { .password = NULL };
	struct secret **codes = NULL;
	struct who who;
	size_t n = 0;
	int r, status = who_parse_words(s, &who);

	if (status == EXIT_DONE)
		status = proof_ask(s, &who, &proof);
	if (status == EXIT_DONE) {
		r = directory_new_recovery_codes(s->d, &proof.target, proof.password, proof.code, &codes, &n);
		if (r == 0 && !codes_printable(codes, n))
			r = ERR_PROTO;
		if (r == ERR_REFUSED) {
			say_error("the password or the code is wrong; the recovery codes are what they were");
			status = EXIT_REFUSED;
		} else {
			status = r != 0 ? say_failure(s, r, "no recovery codes were made") : codes_show(s, codes, n, 0);
		}
	}
	codes_free(codes, n);
	proof_free(&proof);
	who_free(&who);
	return status;
}

/* --- status --------------------------------------------------------------------------------------------- */

static int
status_of(struct session *s, const char *dn)
{
	static const char *const attrs[] = { "createTimestamp", NULL };
	static const struct column columns[] = { { "dn", "DN" }, { "registered", "registered" }, { "note", "note" } };
	struct directory_entry *entry = NULL;
	enum factor_fact factor;
	json_t *object;
	int r = directory_read(s->d, dn, attrs, &entry);

	if (r == ERR_NOT_FOUND)
		return say_no_member(dn);
	if (r != 0)
		return say_failure(s, r, dn);
	factor = member_facts_factor(s, entry);
	directory_entry_free(&entry);
	object = json_pack("{s:s, s:b}", "dn", dn, "registered", factor != FACTOR_ABSENT && factor != FACTOR_UNKNOWN);
	if (object != NULL && factor == FACTOR_ELSEWHERE)
		(void)json_object_set_new(object, "note", json_string("a second factor of slapo-otp, not taken over, which nobody can use: muster adopt"));
	return print_object(s, object, columns, sizeof(columns) / sizeof(columns[0]));
}

int
otp_status(struct session *s)
{
	struct who who;
	char *dn = NULL;
	int status = who_parse_words(s, &who);

	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_dn(s, &who, &dn);
	if (status == EXIT_DONE)
		status = status_of(s, dn);
	free(dn);
	who_free(&who);
	return status;
}
