/*
 * session.c - which server, which identity, which part of the tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/apppw.h"

/* A person waits longer than a login may; a server that does not answer is given up all the same. */
#define TIMEOUT_MS 30000
#define URI_DEFAULT "ldapi:///"

/* Read the configuration that -c names, or the system's when there is one that we may read. */
static int
session_conf(struct session *s)
{
	const char *path = s->args.value[OPT_CONF];
	char error[CONF_ERROR_MAX];
	int r;

	if (s->conf != NULL)
		return EXIT_DONE;
	if (path == NULL) {
		path = conf_default_path();
		if (access(path, R_OK) != 0)
			return EXIT_DONE;
	}
	r = conf_load(path, &s->conf, error);
	if (r == 0)
		return EXIT_DONE;
	say_error("%s", *error != '\0' ? error : err_str(r));
	return r == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

static int
say_unreachable(int r, const char *uris, const char *tls_text)
{
	switch (r) {
	case ERR_CONFIG:
		say_error("\"%s\" is not a list of ldaps://, ldapi:// or ldap:// URIs", uris);
		return EXIT_USAGE;
	case ERR_PEER:
		say_error("%s cannot be trusted: its certificate must lead to a known authority (--ca-file) and be for "
		          "that name%s%s%s", uris, *tls_text != '\0' ? " (" : "", tls_text, *tls_text != '\0' ? ")" : "");
		return EXIT_UNREACHABLE;
	case ERR_TIMEOUT:
		say_error("%s does not answer in time", uris);
		return EXIT_UNREACHABLE;
	default:
		say_error("no connection to %s: %s", uris, err_str(r));
		return EXIT_UNREACHABLE;
	}
}

static const char *
session_uris(const struct session *s)
{
	if (s->args.value[OPT_URI] != NULL)
		return s->args.value[OPT_URI];
	return s->conf != NULL && *s->conf->directory.uris != '\0' ? s->conf->directory.uris : URI_DEFAULT;
}

int
session_is_local(const struct session *s)
{
	return strncasecmp(session_uris(s), "ldapi:", 6) == 0 && strpbrk(session_uris(s), " \t") == NULL;
}

int
session_connect(struct session *s)
{
	struct directory_options options = { .start_tls = 1, .timeout_ms = TIMEOUT_MS };
	char tls_text[512] = "";
	int status, r;

	if (s->d != NULL)
		return EXIT_DONE;
	status = session_conf(s);
	if (status != EXIT_DONE)
		return status;
	options.uris = session_uris(s);
	options.error = tls_text;
	options.error_size = sizeof(tls_text);
	options.ca_file = s->args.value[OPT_CA_FILE];
	if (s->conf != NULL) {
		if (options.ca_file == NULL && *s->conf->directory.ca_file != '\0')
			options.ca_file = s->conf->directory.ca_file;
		options.start_tls = s->conf->directory.start_tls;
		if (s->conf->directory.timeout_ms > options.timeout_ms)
			options.timeout_ms = s->conf->directory.timeout_ms;
	}
	if (options.ca_file != NULL && access(options.ca_file, R_OK) != 0) {
		say_error("%s: cannot be read", options.ca_file);
		return EXIT_USAGE;
	}
	r = directory_open(&options, &s->d);
	return r == 0 ? EXIT_DONE : say_unreachable(r, options.uris, tls_text);
}

static int
say_missing_factor(enum factor_state state)
{
	switch (state) {
	case FACTOR_ENROL_REQUIRED:
		say_error("a second factor is required first: run \"muster otp enrol\"");
		break;
	case FACTOR_CHANGE_REQUIRED:
		say_error("this password must be changed first: run \"muster password change\"");
		break;
	case FACTOR_EXPIRED:
		say_error("this password has expired: run \"muster password change\"");
		break;
	default:
		say_error("the code was not accepted");
		break;
	}
	return EXIT_REFUSED;
}

/* Members log in with the control; an identity that is none (an admin entry, the rootdn) by a plain bind. */
static int
bind_with_password(struct session *s, const char *dn, const struct secret *password)
{
	enum verdict verdict;
	enum factor_state state;
	struct secret *code = NULL;
	int r, status;

	r = directory_login(s->d, dn, password, NULL, "muster", NULL, &verdict, &state, &s->previous_login);
	if (r == 0 && state == FACTOR_CODE_REQUIRED) {
		status = prompt_secret("One-time code: ", &code);
		if (status != EXIT_DONE)
			return status;
		r = directory_login(s->d, dn, password, code, "muster", NULL, &verdict, &state, &s->previous_login);
		secret_free(&code);
	} else if (r == ERR_NO_OVERLAY) {
		r = directory_bind_simple(s->d, dn, password);
		if (r == 0)
			verdict = VERDICT_ALLOW;
	}
	if (r == ERR_REFUSED && directory_result(s->d) == 49) {
		say_error("wrong password, or no such identity: %s", dn);
		return EXIT_REFUSED;
	}
	if (r != 0)
		return say_failure(s, r, dn);
	return verdict == VERDICT_ALLOW ? EXIT_DONE : say_missing_factor(state);
}

static int
bind_external(struct session *s)
{
	int r = directory_bind_external(s->d);

	if (r == 0) {
		s->external = 1;
		return EXIT_DONE;
	}
	return say_failure(s, r, "EXTERNAL (it needs ldapi://)");
}

int
session_bind(struct session *s)
{
	const char *dn = s->args.value[OPT_BIND_DN], *mechanism = s->args.value[OPT_MECHANISM];
	int external = s->args.value[OPT_EXTERNAL] != NULL || mechanism != NULL;
	struct secret *password = NULL;
	char question[256];
	int status;

	if (mechanism != NULL && strcasecmp(mechanism, "EXTERNAL") != 0) {
		say_error("-Y knows EXTERNAL only");
		return EXIT_USAGE;
	}
	if (external && dn != NULL) {
		say_error("-D and EXTERNAL exclude each other");
		return EXIT_USAGE;
	}
	if (dn != NULL && directory_dn_check(dn) != 0) {
		say_error("-D: \"%s\" is not a DN", dn);
		return EXIT_USAGE;
	}
	status = session_connect(s);
	if (status != EXIT_DONE)
		return status;
	if (dn == NULL && !external && !session_is_local(s)) {
		say_error("say who you are: -D DN, or --external over ldapi://");
		return EXIT_USAGE;
	}
	if (dn == NULL)
		return bind_external(s);
	snprintf(question, sizeof(question), "Password of %.200s: ", dn);
	status = prompt_secret(question, &password);
	if (status == EXIT_DONE && apppw_looks_like(password->data, password->len)) {
		say_error("an app password is for the program it was made for; type your own password");
		status = EXIT_REFUSED;
	}
	if (status == EXIT_DONE)
		status = bind_with_password(s, dn, password);
	secret_free(&password);
	return status;
}

static int
base_from_server(struct session *s)
{
	static const char *const attrs[] = { "namingContexts", NULL };
	const struct directory_attribute *contexts;
	struct directory_entry *dse = NULL;

	if (directory_read(s->d, "", attrs, &dse) != 0)
		return 0;
	contexts = directory_attribute(dse, "namingContexts");
	if (contexts != NULL && contexts->values_len == 1)
		s->base = strdup((const char *)contexts->values[0].data);
	directory_entry_free(&dse);
	return s->base != NULL;
}

int
session_base(struct session *s)
{
	const char *base = s->args.value[OPT_BASE];
	int status;

	if (s->base != NULL)
		return EXIT_DONE;
	status = session_conf(s);
	if (status != EXIT_DONE)
		return status;
	if (base == NULL && s->conf != NULL && *s->conf->directory.base != '\0')
		base = s->conf->directory.base;
	if (base == NULL && s->d != NULL && base_from_server(s))
		return EXIT_DONE;
	if (base == NULL) {
		say_error("say where the directory begins: --base DN");
		return EXIT_USAGE;
	}
	if (*base == '\0' || directory_dn_check(base) != 0) {
		say_error("the base \"%s\" is not a DN", base);
		return EXIT_USAGE;
	}
	s->base = strdup(base);
	return s->base != NULL ? EXIT_DONE : say_failure(s, ERR_MEMORY, "base");
}

void
session_free(struct session *s)
{
	directory_close(&s->d);
	conf_free(&s->conf);
	free(s->base);
	s->base = NULL;
}

char *
organization_people(const char *org_dn)
{
	char *type = NULL, *name = NULL, *dn;

	if (directory_dn_rdn(org_dn, &type, &name) != 0)
		return NULL;
	dn = strcasecmp(type, "ou") == 0 || strcasecmp(type, "organizationalUnitName") == 0 ? strdup(org_dn)
	                                                                                    : directory_dn("ou=people,%D", org_dn);
	free(type);
	free(name);
	return dn;
}

char *
organization_member(const char *org_dn, const char *id)
{
	char *people = organization_people(org_dn), *dn = people != NULL ? directory_dn("uid=%s,%D", id, people) : NULL;

	free(people);
	return dn;
}

static const char *const organization_attrs[] = { "o", "musterDomain", "owner", "musterPolicyEntry", "entryUUID",
	"createTimestamp", "musterMembersSee", "musterNicknames", NULL };

static int
find_organization(struct session *s, const char *filter, struct directory_entry **org_out)
{
	*org_out = NULL;
	return filter != NULL ? directory_find_one(s->d, s->base, filter, organization_attrs, org_out) : ERR_MEMORY;
}

int
session_organization(struct session *s, const char *name, struct directory_entry **org_out)
{
	char *filter;
	int r, status;

	*org_out = NULL;
	status = session_base(s);
	if (status != EXIT_DONE)
		return status;
	filter = directory_filter("(&(objectClass=musterOrganization)(|(o=%s)(musterDomain=%s)))", name, name);
	r = find_organization(s, filter, org_out);
	free(filter);
	if (r == ERR_NOT_FOUND) {
		say_error("no organization \"%s\" that you may see; \"muster org list\" lists them", name);
		return EXIT_NOT_FOUND;
	}
	if (r == ERR_AMBIGUOUS) {
		say_error("\"%s\" is the name of one organization and the domain of another; use the other one's", name);
		return EXIT_USAGE;
	}
	return r == 0 ? EXIT_DONE : say_failure(s, r, name);
}

int
session_organization_of(struct session *s, const char *dn, struct directory_entry **org_out)
{
	return directory_find_organization(s->d, dn, organization_attrs, org_out);
}

int
session_only_organization(struct session *s, struct directory_entry **org_out)
{
	int r, status;

	*org_out = NULL;
	status = session_base(s);
	if (status != EXIT_DONE)
		return status;
	r = find_organization(s, "(objectClass=musterOrganization)", org_out);
	if (r == ERR_AMBIGUOUS) {
		say_error("there are several organizations: say which one");
		return EXIT_USAGE;
	}
	if (r == ERR_NOT_FOUND) {
		say_error("no organization that you may see");
		return EXIT_NOT_FOUND;
	}
	return r == 0 ? EXIT_DONE : say_failure(s, r, "organizations");
}
