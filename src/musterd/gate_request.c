/*
 * gate_request.c - the table of requests and what each asks the directory.
 */
#include "musterd/gate_request.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "core/pwrules.h"
#include "core/totp.h"

#define PASSWD_BUFFER_OCTETS 16384
#define ISSUER_DEFAULT "Muster"

/* Everything one request needs. */
struct job {
	struct request_site *site;
	struct request_caller *caller;
	const struct proto_message *request;
	struct proto_message *answer;
	struct lease lease;
	char *dn;      /* of the user */
	int is_known;  /* 0: the search found nobody; asked all the same, so that it takes as long, and refused whatever comes */
};

/* ---- whom a login means ---- */

/* A template with %u as a format with %s. Both know %% as well and nothing else. */
static char *
format_of_template(const char *template)
{
	char *format = strdup(template);

	for (char *p = format != NULL ? strchr(format, '%') : NULL; p != NULL && p[1] != '\0'; p = strchr(p + 2, '%')) {
		if (p[1] == 'u')
			p[1] = 's';
	}
	return format;
}

/* The identity of this host, where it has one. */
static int
bind_host(const struct request_site *site, struct directory *d)
{
	if (site->host_password == NULL)
		return 0;
	return directory_bind_simple(d, site->conf->gate.bind_dn, site->host_password);
}

/* Refusals of the host are a fault of ours, not of the user. */
static int
host_error(int r)
{
	return r == ERR_REFUSED ? ERR_CONFIG : r;
}

static int
search_user(struct job *job)
{
	static const char *const attrs[] = { "1.1", NULL };
	const struct conf *conf = job->site->conf;
	struct directory_entry *entry = NULL;
	char *filter = directory_filter(job->site->search_format, job->request->user);
	int r = ERR_MEMORY;

	if (filter == NULL)
		return ERR_MEMORY;
	if ((r = host_error(bind_host(job->site, job->lease.d))) != 0)
		goto out;
	r = directory_find_one(job->lease.d, conf->gate.search_base, filter, attrs, &entry);
	if (r == 0) {
		job->is_known = 1;
		job->dn = strdup(entry->dn);
	} else if (r == ERR_NOT_FOUND || r == ERR_AMBIGUOUS) {
		job->is_known = 0;
		job->dn = directory_dn("uid=%s,cn=unknown,%D", job->request->user, conf->gate.search_base);
	} else {
		goto out;
	}
	r = job->dn != NULL ? 0 : ERR_MEMORY;
out:
	directory_entry_free(&entry);
	free(filter);
	return r;
}

static int
find_user(struct job *job)
{
	free(job->dn);
	job->dn = NULL;
	job->is_known = 0;
	if (job->site->dn_format == NULL)
		return search_user(job);
	job->is_known = 1;
	job->dn = directory_dn(job->site->dn_format, job->request->user);
	return job->dn != NULL ? 0 : ERR_MEMORY;
}

/*
 * Ask the directory over a pooled connection. One that was idle may have been closed by the server: then the request was
 * not carried out, or its codes are spent, and asking again does no harm.
 */
static int
ask(struct job *job, int (*question)(struct job *job))
{
	int r = ERR_INTERNAL;

	for (int fresh = 0; fresh <= 1; fresh++) {
		if ((r = pool_get(job->site->pool, fresh, &job->lease)) != 0)
			return r;
		r = find_user(job);
		if (r == 0)
			r = question(job);
		if (r != ERR_UNREACHABLE || !job->lease.reused)
			return r;
		pool_put(job->site->pool, &job->lease, r);
	}
	return r;
}

static enum proto_status
status_of(int r)
{
	switch (r) {
	case ERR_REFUSED:
	case ERR_NOT_FOUND:
	case ERR_AMBIGUOUS:
		return PROTO_DENIED;
	case ERR_RULES:
		return PROTO_RULES;
	case ERR_BUSY:
		return PROTO_BUSY;
	default:
		return PROTO_UNAVAILABLE;
	}
}

/* ---- the handlers: fill job->answer, return what the directory said ---- */

static int
answer_hello(struct job *job)
{
	const struct proto_message *q = job->request;

	job->answer->version = PROTO_VERSION;
	job->answer->status = PROTO_BAD_REQUEST;
	if (q->version != PROTO_VERSION)
		return 0;
	/* Only who is trusted may say on whose behalf he asks. */
	job->caller->service = strdup(job->caller->trusted ? q->service : "");
	job->caller->rhost = strdup(job->caller->trusted ? q->rhost : "");
	job->caller->tty = strdup(job->caller->trusted ? q->tty : "");
	if (job->caller->service == NULL || job->caller->rhost == NULL || job->caller->tty == NULL)
		return ERR_MEMORY;
	job->caller->greeted = 1;
	job->answer->status = PROTO_OK;
	return 0;
}

/* prompt=together: take the code off the end, where there may be one. A code alone is no password. */
static int
split_together(const struct secret *typed, struct secret **password_out, struct secret **code_out)
{
	size_t digits = 0;
	int r;

	*password_out = NULL;
	*code_out = NULL;
	while (digits < TOTP_DIGITS && digits < typed->len && isdigit(typed->data[typed->len - 1 - digits]))
		digits++;
	if (digits < TOTP_DIGITS)
		return secret_new(typed->data, typed->len, password_out);
	if (typed->len == TOTP_DIGITS)
		return ERR_REFUSED;
	r = secret_new(typed->data, typed->len - TOTP_DIGITS, password_out);
	return r != 0 ? r : secret_new(typed->data + typed->len - TOTP_DIGITS, TOTP_DIGITS, code_out);
}

/*
 * Over the connection that the user is logged in on, or the host. Who may not read the name cannot tell it from others:
 * refused.
 */
static int
is_spelled_right(struct job *job, int *right_out)
{
	const char *const attrs[] = { job->site->name.attribute, NULL };
	struct directory_entry *entry = NULL;
	int r = directory_read(job->lease.d, job->dn, attrs, &entry);

	*right_out = 0;
	if (r != 0 && r != ERR_NOT_FOUND)
		return r;
	*right_out = r == 0 && gate_name_is_exact(&job->site->name, entry, job->request->user);
	if (!*right_out)
		log_notice("login %s: the entry has another spelling in %s, or who asked may not read it", job->request->user,
		           job->site->name.attribute);
	directory_entry_free(&entry);
	return 0;
}

static int
bind_user(struct job *job, const struct secret *password, const struct secret *code)
{
	const char *service = job->caller->service[0] != '\0' ? job->caller->service : NULL;
	const char *rhost = job->caller->rhost[0] != '\0' ? job->caller->rhost : NULL;
	enum verdict verdict;
	enum factor_state state;
	int64_t previous;
	int is_right = 0;
	int r = directory_login(job->lease.d, job->dn, password, code, service, rhost, &verdict, &state, &previous);

	if (r != 0)
		return r;
	if (!job->is_known)
		return ERR_REFUSED;
	if (verdict == VERDICT_ALLOW && state == FACTOR_OK) {
		if ((r = is_spelled_right(job, &is_right)) != 0)
			return r;
		job->answer->status = is_right ? PROTO_OK : PROTO_DENIED;
		job->answer->previous_login = previous;
	} else if (state == FACTOR_CODE_REQUIRED || state == FACTOR_ENROL_REQUIRED || state == FACTOR_CHANGE_REQUIRED ||
	           state == FACTOR_EXPIRED) {
		job->answer->status = PROTO_MORE;
	}
	job->answer->state = (uint8_t)state;
	return 0;
}

static int
login_question(struct job *job)
{
	const struct proto_message *q = job->request;
	struct secret *password = NULL, *code = NULL;
	int r = ERR_INTERNAL;

	if (!q->together)
		return bind_user(job, q->password, q->code);
	r = split_together(q->password, &password, &code);
	if (r == 0)
		r = bind_user(job, password, code);
	secret_free(&password);
	secret_free(&code);
	return r;
}

/* The second half of a login, over the connection of the first. ERR_UNREACHABLE: there is none, ask over another. */
static int
login_held(struct job *job)
{
	struct request_caller *caller = job->caller;
	int r = ERR_UNREACHABLE;

	if (caller->held.d == NULL)
		return ERR_UNREACHABLE;
	if (strcmp(caller->held_user, job->request->user) != 0) {
		request_release(job->site, caller);
		return ERR_UNREACHABLE;
	}
	job->lease = caller->held;
	job->dn = caller->held_dn;
	job->is_known = 1;
	caller->held = (struct lease){ NULL, 0, 0 };
	caller->held_dn = NULL;
	job->lease.reused = 1;
	r = login_question(job);
	if (r == ERR_UNREACHABLE)
		pool_put(job->site->pool, &job->lease, r);
	return r;
}

/* Keep the connection for the code that is asked for next. Without memory for it the next request just costs more. */
static void
hold(struct job *job)
{
	struct request_caller *caller = job->caller;

	request_release(job->site, caller);
	caller->held_user = strdup(job->request->user);
	if (caller->held_user == NULL)
		return;
	caller->held_dn = job->dn;
	caller->held = job->lease;
	job->dn = NULL;
	job->lease = (struct lease){ NULL, 0, 0 };
}

static int
answer_login(struct job *job)
{
	const struct proto_message *q = job->request;
	int r = ERR_INTERNAL;

	if (q->password->len == 0 || (q->together && q->code != NULL))
		return ERR_REFUSED;
	r = login_held(job);
	if (r == ERR_UNREACHABLE)
		r = ask(job, login_question);
	if (r == 0 && job->answer->status == PROTO_MORE && job->answer->state == STATE_CODE_REQUIRED)
		hold(job);
	return r;
}

static struct directory_target
target_of(const struct job *job)
{
	return (struct directory_target){ .dn = job->dn };
}

/* The host asks whether a member may come in; the password was not ours to see. */
static int
account_question(struct job *job)
{
	const struct directory_target target = target_of(job);
	enum factor_state state;
	int is_right = 0, r = host_error(bind_host(job->site, job->lease.d));

	if (r == 0)
		r = directory_check_account(job->lease.d, &target, job->caller->service, job->caller->rhost, &state);
	/* A directory that cannot judge lets nobody in, whatever the stack makes of a module that is unavailable. */
	if (r == ERR_NO_OVERLAY || r == ERR_INPUT || r == ERR_PROTO || r == ERR_INTERNAL) {
		log_error_r(r, "account: the directory does not judge accounts (checkAccount): %s", directory_text(job->lease.d));
		r = ERR_REFUSED;
	}
	if (r == 0 && (!job->is_known || state == FACTOR_REFUSED))
		r = ERR_REFUSED;
	if (r == 0)
		r = is_spelled_right(job, &is_right);
	if (r != 0 || !is_right)
		return r != 0 ? r : ERR_REFUSED;
	job->answer->status = state == FACTOR_OK ? PROTO_OK : PROTO_MORE;
	job->answer->state = (uint8_t)state;
	return 0;
}

static int
answer_account(struct job *job)
{
	if (job->site->host_password != NULL)
		return ask(job, account_question);
	job->answer->status = job->site->conf->gate.account_without_password == CONF_ACCOUNT_ALLOW ? PROTO_OK : PROTO_DENIED;
	return 0;
}

_Static_assert((int)RULE_MIN_LENGTH == PWRULE_MIN_LENGTH && (int)RULE_MAX_LENGTH == PWRULE_MAX_LENGTH &&
               (int)RULE_LETTER == PWRULE_LETTER && (int)RULE_DIGIT == PWRULE_DIGIT &&
               (int)RULE_SPECIAL == PWRULE_SPECIAL && (int)RULE_HISTORY == PWRULE_HISTORY &&
               (int)RULE_BYTES == PWRULE_BYTES && (int)RULE_ENCODING == PWRULE_ENCODING &&
               (int)RULE_BLOCKLIST == PWRULE_BLOCKLIST && (int)RULE_CONTEXT == PWRULE_CONTEXT,
               "the protocol names rules by the numbers of src/core");

/* What the directory said about a new password, for the person who chose it. */
static int
tell_rules(struct job *job, int r)
{
	struct pwrules rules;
	unsigned broken;

	if (r != ERR_RULES)
		return r;
	if (!job->is_known || pwrules_parse(directory_text(job->lease.d), &rules, &broken) != 0)
		return ERR_REFUSED;
	job->answer->status = PROTO_RULES;
	job->answer->broken_rules = broken;
	job->answer->min_length = rules.min_length <= UINT16_MAX ? (uint16_t)rules.min_length : 0;
	job->answer->max_length = rules.max_length <= UINT16_MAX ? (uint16_t)rules.max_length : 0;
	job->answer->history = rules.history <= UINT16_MAX ? (uint16_t)rules.history : 0;
	return 0;
}

static int
change_question(struct job *job)
{
	const struct proto_message *q = job->request;
	const struct directory_target target = target_of(job);
	enum factor_state state;
	int r = directory_change_password(job->lease.d, &target, q->password, q->code, q->new_password, &state);

	if (r == ERR_REFUSED && job->is_known && state == FACTOR_CODE_REQUIRED) {
		job->answer->status = PROTO_MORE;
		return 0;
	}
	if (r != 0)
		return tell_rules(job, r);
	job->answer->status = job->is_known ? PROTO_OK : PROTO_DENIED;
	return 0;
}

static int
answer_change(struct job *job)
{
	if (job->request->password->len == 0)
		return ERR_REFUSED;
	return ask(job, change_question);
}

static int
redeem_question(struct job *job)
{
	const struct directory_target target = target_of(job);
	int r = directory_redeem(job->lease.d, &target, job->request->token, job->request->new_password);

	if (r != 0)
		return tell_rules(job, r);
	job->answer->status = job->is_known ? PROTO_OK : PROTO_DENIED;
	return 0;
}

static int
answer_redeem(struct job *job)
{
	return ask(job, redeem_question);
}

static int
answer_enrol_start(struct job *job)
{
	const struct conf *conf = job->site->conf;
	const char *base = *conf->gate.dn_template != '\0' ? conf->gate.dn_template : conf->gate.search_base;
	const char *issuer = conf->gate.issuer;
	char *organization = NULL;
	int r;

	if (*issuer == '\0')
		issuer = directory_dn_organization(base, &organization) == 0 ? organization : ISSUER_DEFAULT;
	r = request_enrol_start(issuer, job->request->user, job->answer);
	free(organization);
	if (r == 0)
		job->answer->status = PROTO_OK;
	return r;
}

/* The codes of the directory become the answer's. */
static int
take_codes(struct proto_message *answer, struct secret **codes, size_t n)
{
	if (n > UINT8_MAX) {
		for (size_t i = 0; i < n; i++)
			secret_free(&codes[i]);
		free(codes);
		return ERR_PROTO;
	}
	answer->recovery_codes = codes;
	answer->recovery_codes_len = (uint8_t)n;
	answer->status = PROTO_OK;
	return 0;
}

static int
enrol_question(struct job *job)
{
	const struct proto_message *q = job->request;
	const struct directory_target target = target_of(job);
	uint8_t seed[TOTP_SEED_MAX];
	size_t seed_len, n = 0;
	struct secret **codes = NULL;
	int r = ERR_INTERNAL;

	if (!job->is_known || totp_seed_from_text((const char *)q->setup_key->data, seed, &seed_len) != 0)
		return ERR_REFUSED;
	r = directory_enrol_totp(job->lease.d, &target, q->password, seed, seed_len, q->code, &codes, &n);
	if (r == 0)
		r = take_codes(job->answer, codes, n);
	secret_wipe_array(seed);
	return r;
}

static int
answer_enrol(struct job *job)
{
	if (job->request->password->len == 0)
		return ERR_REFUSED;
	return ask(job, enrol_question);
}

/* ---- the table ---- */

enum who {
	WHO_ANYBODY,
	WHO_TRUSTED_OR_SELF /* others than trusted callers about their own name */
};

struct row {
	enum proto_type type;
	const char *name;
	enum who who;
	int greeted; /* asked before (0) or after (1) hello */
	int (*handler)(struct job *job);
};

static const struct row rows[] = {
	{ REQ_HELLO, "hello", WHO_ANYBODY, 0, answer_hello },
	{ REQ_LOGIN, "login", WHO_TRUSTED_OR_SELF, 1, answer_login },
	{ REQ_ACCOUNT, "account", WHO_TRUSTED_OR_SELF, 1, answer_account },
	{ REQ_CHANGE, "change", WHO_TRUSTED_OR_SELF, 1, answer_change },
	{ REQ_REDEEM, "redeem", WHO_TRUSTED_OR_SELF, 1, answer_redeem },
	{ REQ_ENROL_START, "enrol-start", WHO_TRUSTED_OR_SELF, 1, answer_enrol_start },
	{ REQ_ENROL, "enrol", WHO_TRUSTED_OR_SELF, 1, answer_enrol }
};

static const struct row *
row_find(const struct proto_message *request)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == request->type)
			return &rows[i];
	}
	return NULL;
}

const char *
request_name(const struct proto_message *request)
{
	const struct row *row = row_find(request);

	return row != NULL ? row->name : "unknown";
}

const char *
request_rule(const struct proto_message *answer)
{
	static const char *const missing[] = { "credentials", "code-missing", "enrol-required", "change-required", "expired" };

	switch (answer->status) {
	case PROTO_OK:
		return "-";
	case PROTO_DENIED:
		return "credentials";
	case PROTO_MORE:
		if (answer->state >= STATE_CODE_REQUIRED && answer->state <= STATE_EXPIRED)
			return missing[answer->state];
		return "code-missing"; /* of a change */
	case PROTO_RULES:
		return "password-rules";
	case PROTO_BUSY:
		return "busy";
	case PROTO_NOT_ALLOWED:
		return "not-allowed";
	case PROTO_BAD_REQUEST:
		return "protocol";
	default:
		return "server";
	}
}

/* Whether a uid has the login it asks about. */
static int
is_own_name(uid_t uid, const char *user)
{
	struct passwd entry, *found = NULL;
	char *buffer = malloc(PASSWD_BUFFER_OCTETS);
	int own = 0;

	if (buffer != NULL && getpwuid_r(uid, &entry, buffer, PASSWD_BUFFER_OCTETS, &found) == 0 && found != NULL)
		own = strcmp(entry.pw_name, user) == 0;
	free(buffer);
	return own;
}

static int
carry_out(const struct row *row, struct job *job)
{
	const char *user = job->request->user;
	int r;

	if (row->who == WHO_TRUSTED_OR_SELF && !job->caller->trusted && !is_own_name(job->caller->uid, user)) {
		job->answer->status = PROTO_NOT_ALLOWED;
		return 0;
	}
	if (user != NULL && (user[0] == '\0' || !text_is_clean(user, strlen(user)))) {
		job->answer->status = PROTO_DENIED;
		return 0;
	}
	r = row->handler(job);
	if (r != 0) {
		job->answer->status = (uint8_t)status_of(r);
		job->answer->state = STATE_OK;
	}
	if (job->answer->status == PROTO_NONE)
		job->answer->status = PROTO_UNAVAILABLE;
	if (job->answer->status == PROTO_UNAVAILABLE)
		log_notice_r(r, "%s could not be carried out: %s", row->name, directory_text(job->lease.d));
	return r;
}

int
request_answer(struct request_site *site, struct request_caller *caller, const struct proto_message *request,
               struct proto_message **answer_out, struct lease *used_out, int *used_r_out)
{
	const struct row *row = row_find(request);
	struct job job = { .site = site, .caller = caller, .request = request };

	*answer_out = NULL;
	*used_out = (struct lease){ NULL, 0, 0 };
	*used_r_out = 0;
	if (row == NULL || row->greeted != caller->greeted)
		return ERR_PROTO;
	job.answer = calloc(1, sizeof(*job.answer));
	if (job.answer == NULL)
		return ERR_MEMORY;
	job.answer->type = (enum proto_type)(request->type - REQ_HELLO + ANS_HELLO);
	*used_r_out = carry_out(row, &job);
	if (request->type != REQ_LOGIN)
		request_release(site, caller);
	free(job.dn);
	*used_out = job.lease;
	*answer_out = job.answer;
	return 0;
}

void
request_release(struct request_site *site, struct request_caller *caller)
{
	pool_drop(site->pool, &caller->held);
	free(caller->held_user);
	free(caller->held_dn);
	caller->held_user = NULL;
	caller->held_dn = NULL;
}

/* ---- start and end ---- */

static int
read_host_password(struct request_site *site)
{
	char error[CONF_ERROR_MAX];
	int r;

	if (site->conf->gate.bind_dn[0] == '\0')
		return 0;
	r = conf_read_secret(site->conf->gate.bind_password_file, &site->host_password, error);
	if (r != 0)
		log_error("%s", error);
	else if (site->host_password->len == 0) {
		log_error("%s: empty password", site->conf->gate.bind_password_file);
		r = ERR_CONFIG;
	}
	return r;
}

int
request_site_init(struct request_site *site, const struct conf *conf)
{
	int r = ERR_MEMORY;

	*site = (struct request_site){ .conf = conf };
	if (conf->gate.dn_template[0] != '\0' && (site->dn_format = format_of_template(conf->gate.dn_template)) == NULL)
		goto out;
	site->search_format = format_of_template(conf->gate.search_filter);
	if (site->search_format == NULL)
		goto out;
	r = gate_name_of(site->dn_format != NULL ? site->dn_format : site->search_format, &site->name);
	if (r != 0) {
		log_error("gate: dn_template and search_filter need %%u in the value of an attribute, like uid=%%u");
		goto out;
	}
	if ((r = read_host_password(site)) != 0)
		goto out;
	r = pool_new(conf, &site->pool);
out:
	if (r != 0)
		request_site_free(site);
	return r;
}

void
request_site_free(struct request_site *site)
{
	pool_free(&site->pool);
	secret_free(&site->host_password);
	free(site->dn_format);
	free(site->search_format);
	gate_name_free(&site->name);
	*site = (struct request_site){ .conf = NULL };
}
