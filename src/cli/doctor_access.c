/*
 * doctor_access.c - who may read and write what. Rules are not read here: slapd's own slapacl(8) is asked, for a few
 *                   real entries and everybody who is not meant to get at them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_access.h"
#include "cli/run.h"

#define SLAPACL "/usr/sbin/slapacl"
#define CONFIG_DEFAULT "/etc/ldap/slapd.d"
#define OUTPUT_MAX 65536
#define QUESTIONS_MAX 40

/* Who asks, from the entry's point of view. */
enum asker {
	ASKER_ANYBODY,  /* no login */
	ASKER_SELF,
	ASKER_FELLOW,   /* member of the same organization */
	ASKER_OWNER,    /* of the same organization */
	ASKER_STRANGER, /* member of another one */
	ASKER_RIVAL,    /* OWNER of another one */
	ASKER_ACCOUNT,  /* platform member */
	ASKER_HOST,     /* login host */
	ASKER_COURIER,
	ASKER_NAMED,    /* whoever the rules name with a DN */
	ASKER_COUNT
};

static const char *const asker_names[ASKER_COUNT] = { "anybody, without a login,", "a member itself",
	"another member of the organization", "an OWNER", "a member of another organization",
	"an OWNER of another organization", "any platform member", "a login host", "the courier", NULL };

#define A(asker) (1u << (asker))
#define ONE_SELF (A(ASKER_SELF))
#define ONE_OWNER (A(ASKER_OWNER))
#define NAMED A(ASKER_NAMED)

struct question {
	const char *what;    /* attribute/privilege, as slapacl takes it */
	unsigned allowed;    /* who may */
	const char *id;
	enum severity severity;
};

/* What is asked about a member, with who is meant to be allowed. */
static const struct question of_member[] = {
	{ "userPassword/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "oathSecret/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterCode/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "pwdHistory/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterChallenge/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterRecoveryCode/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterLoginState/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterKnownSource/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterCodeCount/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "oathTokenPIN/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterAppPassword/read", ONE_SELF | ONE_OWNER | NAMED, "secret-readable", SEVERITY_ERROR },
	{ "userPassword/write", ONE_SELF | ONE_OWNER | NAMED, "password-writable", SEVERITY_ERROR },
	{ "oathSecret/write", ONE_SELF | ONE_OWNER | NAMED, "password-writable", SEVERITY_ERROR },
	{ "musterStatus/write", ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "mail/write", ONE_SELF | ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "mobile/write", ONE_SELF | ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "objectClass/write", ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "pwdAccountLockedTime/write", ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "pwdReset/write", ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "entry/write", ONE_OWNER | NAMED, "member-writable", SEVERITY_ERROR },
	{ "authzTo/write", NAMED, "member-writable", SEVERITY_ERROR },
	{ "userPassword/manage", NAMED, "manage", SEVERITY_ERROR },
	{ "entry/manage", NAMED, "manage", SEVERITY_ERROR },
	{ "mail/read", ONE_SELF | ONE_OWNER | A(ASKER_FELLOW) | NAMED, "member-readable", SEVERITY_WARNING },
	/* What may be compared or searched for is found out, one guess after the other. */
	{ "mail/compare", ONE_SELF | ONE_OWNER | A(ASKER_FELLOW) | NAMED, "member-readable", SEVERITY_WARNING },
	{ "mobile/search", ONE_SELF | ONE_OWNER | A(ASKER_FELLOW) | NAMED, "member-readable", SEVERITY_WARNING },
	{ "cn/read", ONE_SELF | ONE_OWNER | A(ASKER_FELLOW) | A(ASKER_HOST) | NAMED, "member-readable",
	  SEVERITY_WARNING },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

static const struct question of_organization[] = {
	{ "owner/write", ONE_OWNER | NAMED, "organization-writable", SEVERITY_ERROR },
	{ "musterDomain/write", ONE_OWNER | NAMED, "organization-writable", SEVERITY_ERROR },
	{ "musterPolicyEntry/write", ONE_OWNER | NAMED, "organization-writable", SEVERITY_ERROR },
	{ "children/write", ONE_OWNER | NAMED, "organization-writable", SEVERITY_ERROR },
	{ "entry/manage", NAMED, "manage", SEVERITY_ERROR },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

static const struct question of_policy[] = {
	{ "pwdMinLength/write", ONE_OWNER | NAMED, "policy-writable", SEVERITY_ERROR },
	{ "musterSecondFactor/write", ONE_OWNER | NAMED, "policy-writable", SEVERITY_ERROR },
	{ "entry/write", ONE_OWNER | NAMED, "policy-writable", SEVERITY_ERROR },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

static const struct question of_queue[] = {
	{ "musterRequestTarget/read", A(ASKER_COURIER) | NAMED, "queue-readable", SEVERITY_ERROR },
	{ "children/write", NAMED, "queue-writable", SEVERITY_ERROR },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

static const struct question of_payment[] = {
	{ "musterPaymentReference/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterPaymentToken/read", 0, "secret-readable", SEVERITY_ERROR },
	{ "musterPaymentToken/write", NAMED, "payment-writable", SEVERITY_ERROR },
	{ "musterPaymentState/write", NAMED, "payment-writable", SEVERITY_ERROR },
	{ "musterPaymentLastFour/read", NAMED, "payment-readable", SEVERITY_WARNING },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

/* Whoever decides applications is named by the rules, as a member of a group. */
static const struct question of_application[] = {
	{ "musterApplicationState/write", NAMED, "application-writable", SEVERITY_ERROR },
	{ "musterApplicationChange/write", NAMED, "application-writable", SEVERITY_ERROR },
	{ "musterApplicationChange/read", NAMED, "application-readable", SEVERITY_WARNING },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

static const struct question of_document[] = {
	{ "musterDocumentContent/read", NAMED, "secret-readable", SEVERITY_ERROR },
	{ "musterDocumentContent/write", NAMED, "application-writable", SEVERITY_ERROR },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

/* The database's entry in cn=config: who writes there may do everything. */
static const struct question of_config[] = {
	{ "olcRootPW/read", NAMED, "config-readable", SEVERITY_ERROR },
	{ "olcAccess/write", NAMED, "config-writable", SEVERITY_ERROR },
	{ "entry/write", NAMED, "config-writable", SEVERITY_ERROR },
	{ NULL, 0, NULL, SEVERITY_NOTE }
};

/* What must be allowed, or things do not work. */
static const struct needed {
	enum asker asker;
	const char *what, *id, *text;
} needed[] = { { ASKER_ANYBODY, "userPassword/auth", "login-impossible",
	         "nobody may authenticate with userPassword: no member gets in" },
	       { ASKER_COURIER, "musterOutbox/read", "courier-blind",
	         "the courier may not read musterOutbox: no notice is sent" } };

/* --- asking slapacl --------------------------------------------------------------------------------------- */

/* "read access to userPassword: ALLOWED" */
static int
is_allowed(const char *output, const char *what)
{
	char line[256];
	const char *slash = strchr(what, '/');

	snprintf(line, sizeof(line), "%s access to %.*s: ALLOWED", slash + 1, (int)(slash - what), what);
	return strstr(output, line) != NULL;
}

static int
ask(struct access *a, const char *entry, const char *asker, const char *const *whats, size_t n, char *output)
{
	/* A connection as strong as any rule may ask for: what is granted to somebody counts. */
	const char *argv[QUESTIONS_MAX + 16] = { SLAPACL, "-F", a->config_dir, "-b", entry, "-o", "ssf=256", "-o",
		"tls_ssf=256", "-o", "transport_ssf=256", "-o", "sasl_ssf=256" };
	struct slapd_process *process = &a->doc->process;
	size_t at = 13, i;
	int status, r;

	if (*asker != '\0') {
		argv[at++] = "-D";
		argv[at++] = asker;
	}
	for (i = 0; i < n; i++)
		argv[at++] = whats[i];
	r = run_capture(argv, process->uid, process->gid, output, OUTPUT_MAX, &status);
	if (r == 0 && status == 0)
		return 0;
	if (r == 0 && strstr(output, "unable to fetch ID") != NULL) /* what is not there, the part data tells */
		return ERR_NOT_FOUND;
	if (!a->failed++)
		doctor_unseen(a->doc, "%s fails (exit %d): %.400s", SLAPACL, status,
		              *output != '\0' ? output : "no output");
	return ERR_IO;
}

static int
told_already(struct access *a, const char *id, const char *asker)
{
	char key[1024];

	snprintf(key, sizeof(key), "%s %s", id, asker);
	if (json_object_get(a->told, key) != NULL)
		return 1;
	(void)json_object_set_new(a->told, key, json_true());
	return 0;
}

/* One finding for all questions of an id that were answered wrongly with yes. */
static void
tell(struct access *a, const struct question *questions, enum asker asker, const char *who, const char *entry,
     const char *output)
{
	const struct question *q, *same;
	char list[512];
	size_t used;

	for (q = questions; q->what != NULL; q++) {
		if ((q->allowed & A(asker)) != 0 || !is_allowed(output, q->what) || told_already(a, q->id, who))
			continue;
		for (used = 0, same = q; same->what != NULL; same++) {
			if (strcmp(same->id, q->id) == 0 && (same->allowed & A(asker)) == 0 &&
			    is_allowed(output, same->what) && used < sizeof(list))
				used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "",
				                         same->what);
		}
		doctor_find(
			a->doc, asker == ASKER_NAMED ? SEVERITY_WARNING : q->severity, q->id, entry,
			asker == ASKER_NAMED
				? "right for a replica alone; otherwise change that olcAccess rule"
				: "put Muster's access rules first (\"muster init\"), or change the rule that says so",
			"%s gets %s", who, list);
	}
}

static void
ask_as(struct access *a, const struct question *questions, enum asker asker, const char *dn, const char *entry,
       char *output)
{
	const char *whats[QUESTIONS_MAX];
	size_t n = 0;

	if (dn == NULL || entry == NULL)
		return;
	for (; questions[n].what != NULL; n++)
		whats[n] = questions[n].what;
	if (ask(a, entry, dn, whats, n, output) == 0)
		tell(a, questions, asker, asker_names[asker] != NULL ? asker_names[asker] : dn, entry, output);
}

/* Everybody's view of one entry; at: the organization it lies in, NULL for none. */
static void
ask_everybody(struct access *a, const struct question *questions, const struct sample *at, const char *entry,
              char *output)
{
	const struct sample *other = NULL;
	char *fellow, *stranger;
	int is_owner;
	size_t i;

	if (entry == NULL)
		return;
	fellow = at != NULL ? organization_member(at->organization, "muster-doctor") : NULL;
	is_owner = at != NULL && at->owner != NULL && directory_dn_equal(at->owner, entry);
	for (i = 0; i < a->samples_len && other == NULL; i++)
		other = &a->samples[i] != at ? &a->samples[i] : NULL;
	stranger = other != NULL ? organization_member(other->organization, "muster-doctor")
	                         : directory_dn("uid=muster-doctor,ou=people,o=muster-doctor,ou=organizations,%D",
	                                        a->doc->s->base);
	ask_as(a, questions, ASKER_ANYBODY, "", entry, output);
	ask_as(a, questions, ASKER_FELLOW, fellow, entry, output);
	ask_as(a, questions, ASKER_STRANGER, stranger, entry, output);
	ask_as(a, questions, ASKER_ACCOUNT, a->account, entry, output);
	ask_as(a, questions, ASKER_HOST, a->host, entry, output);
	ask_as(a, questions, ASKER_COURIER, a->courier, entry, output);
	if (other != NULL)
		ask_as(a, questions, ASKER_RIVAL, other->owner, entry, output);
	if (at != NULL && !is_owner)
		ask_as(a, questions, ASKER_OWNER, at->owner, entry, output);
	if (questions == of_member && !is_owner)
		ask_as(a, questions, ASKER_SELF, entry, entry, output);
	for (i = 0; i < a->named_len; i++)
		ask_as(a, questions, ASKER_NAMED, a->named[i], entry, output);
	free(fellow);
	free(stranger);
}

static void
ask_needed(struct access *a, const char *entry, char *output)
{
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *asker = needed[i].asker == ASKER_COURIER ? a->courier : "";

		if (asker == NULL || ask(a, entry, asker, &needed[i].what, 1, output) != 0 ||
		    is_allowed(output, needed[i].what) || told_already(a, needed[i].id, ""))
			continue;
		doctor_find(a->doc, SEVERITY_ERROR, needed[i].id, entry,
		            "put Muster's access rules first (\"muster init\")", "%s", needed[i].text);
	}
}

/* slapacl reads slapd's own files, so it is for whoever may do that. */
static int
can_ask(struct doctor *doc)
{
	if (doc->database == NULL || !doc->process.known)
		doctor_unseen(
			doc,
			"access rules are tried with slapacl on the server; run this there as root, with -H ldapi:/// "
			"--external");
	else if (geteuid() != 0 && geteuid() != doc->process.uid)
		doctor_unseen(doc, "slapacl needs to be run as root, or as the user that slapd runs as");
	else if (access(SLAPACL, X_OK) != 0)
		doctor_unseen(doc, "%s is not there; it comes with slapd", SLAPACL);
	else
		return 1;
	return 0;
}

/* What does not lie in an organization: one entry of each kind. */
static void
ask_elsewhere(struct access *a, char *output)
{
	static const struct {
		const char *base, *filter;
		const struct question *questions;
	} kinds[] = { { "ou=accounts,%D", ACCESS_MEMBERS, of_member },
		      { "ou=accounts,%D", "(objectClass=musterPaymentMethod)", of_payment },
		      { "ou=applications,%D", "(objectClass=musterApplication)", of_application },
		      { "ou=applications,%D", "(objectClass=musterDocument)", of_document } };
	char *base, *entry;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !a->failed; i++) {
		base = directory_dn(kinds[i].base, a->doc->s->base);
		entry = access_first_below(a, base, kinds[i].filter, NULL);
		ask_everybody(a, kinds[i].questions, NULL, entry, output);
		free(base);
		free(entry);
	}
}

void
doctor_access(struct doctor *doc)
{
	struct access a = { .doc = doc, .told = NULL };
	char *output;
	size_t i;

	if (!can_ask(doc))
		return;
	output = malloc(OUTPUT_MAX);
	a.told = json_object();
	a.config_dir = doc->s->args.value[OPT_SLAPD_CONFIG];
	if (a.config_dir == NULL)
		a.config_dir = doc->process.config_dir != NULL ? doc->process.config_dir : CONFIG_DEFAULT;
	access_take(&a);
	for (i = 0; output != NULL && i < a.samples_len && !a.failed; i++) {
		const struct sample *at = &a.samples[i];

		ask_everybody(&a, of_organization, at, at->organization, output);
		ask_everybody(&a, of_policy, at, at->policy, output);
		ask_everybody(&a, of_member, at, at->member != NULL ? at->member : at->owner, output);
		if (at->member != NULL)
			ask_needed(&a, at->member, output);
	}
	if (output != NULL && !a.failed) {
		ask_elsewhere(&a, output);
		ask_everybody(&a, of_queue, NULL, a.queue, output);
		ask_everybody(&a, of_config, NULL, doc->database->dn, output);
	}
	free(output);
	access_free(&a);
}
