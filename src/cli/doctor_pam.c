/*
 * doctor_pam.c - the PAM files of this host. Each service that asks pam_muster is played through: may somebody get in
 *                although pam_muster says no, or is not asked?
 *
 * The person who logs in is a member: no account of this host, so pam_localuser and a password of pam_unix fail, and
 * the uid is one of people.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/pam_stack.h"
#include "common/text.h"

#define FOLDER_DEFAULT "/etc/pam.d"
#define FOLDER_VENDOR "/usr/lib/pam.d"
#define MUSTER "pam_muster"
#define MINIMUM_UID 1000 /* login.defs: the first uid of a person; the module's default */
#define SERVICES_MAX 256

#define SAYS(value) (1u << PAM_SAYS_##value)
#define REFUSALS                                                                                                       \
	(SAYS(AUTH_ERR) | SAYS(PERM_DENIED) | SAYS(USER_UNKNOWN) | SAYS(AUTHINFO_UNAVAIL) | SAYS(ACCT_EXPIRED) |       \
	 SAYS(SERVICE_ERR) | SAYS(SYSTEM_ERR) | SAYS(ABORT) | SAYS(MAXTRIES) | SAYS(CONV_ERR) | SAYS(BUF_ERR))
#define ANYTHING (REFUSALS | SAYS(SUCCESS) | SAYS(IGNORE))

/* What is supposed of the modules beside pam_muster. */
struct suppose {
	enum pam_group group;
	const char *service;
	unsigned muster;    /* what pam_muster may say */
	int others_let_in;  /* modules that ask for a proof of their own may be satisfied */
};

struct pam {
	struct doctor *doc;
	struct pam_folders folders;
	char *services[SERVICES_MAX];
	size_t services_len;
	json_t *told;          /* "id place": lines that many services include are told of once */
	size_t asking;         /* services that ask pam_muster */
	int sshd_asks, sshd_together;
};

static int
is_one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, name) == 0)
			return 1;
	}
	return 0;
}

/* --- what modules may say ----------------------------------------------------------------------------------- */

/* "uid >= 1000" and the like, answered for a person's uid; anything for other conditions. */
static unsigned
succeed_if_says(const struct pam_line *line)
{
	const char *p = strstr(line->args, "uid ");
	char op[4] = "";
	long uid = 0;
	int yes;

	if (p == NULL || (p != line->args && p[-1] != ' ') || sscanf(p, "uid %3s %ld", op, &uid) != 2 ||
	    uid > MINIMUM_UID)
		return ANYTHING;
	yes = strcmp(op, ">=") == 0 || strcmp(op, "gt") == 0 || strcmp(op, ">") == 0 || strcmp(op, "ge") == 0 ||
	      strcmp(op, "!=") == 0 || strcmp(op, "ne") == 0;
	return yes ? SAYS(SUCCESS) : REFUSALS;
}

/* These programs are started by people and run as somebody else: only their caller may be root. */
static int
root_is_caller(const char *service)
{
	static const char *const setuid[] = { "su", "su-l", "runuser", "runuser-l", "chsh", "chfn", "passwd", "chpasswd",
		"newusers", "chage", "useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod", NULL };

	return is_one_of(service, setuid);
}

static unsigned
others_say(const struct pam_line *line, const struct suppose *suppose)
{
	static const char *const never[] = { "pam_deny", "pam_localuser", NULL };
	static const char *const silent[] = { "pam_faildelay", "pam_warn", "pam_echo", "pam_debug", NULL };
	static const char *const no_proof[] = { "pam_env",           "pam_group",     "pam_faillock", "pam_tally2",
		                                "pam_nologin",       "pam_securetty", "pam_shells",   "pam_motd",
		                                "pam_mail",          "pam_cap",       "pam_umask",    "pam_keyinit",
		                                "pam_limits",        "pam_access",    "pam_listfile", "pam_time",
		                                "pam_issue",         "pam_exec",      "pam_rhosts",   "pam_timestamp",
		                                "pam_gnome_keyring", "pam_kwallet5",  "pam_systemd",  "pam_lastlog",
		                                "pam_loginuid",      "pam_selinux",   "pam_mount",    NULL };

	if (strcmp(line->module, "pam_permit") == 0)
		return SAYS(SUCCESS);
	if (is_one_of(line->module, never))
		return REFUSALS;
	if (is_one_of(line->module, silent))
		return SAYS(IGNORE);
	if (strcmp(line->module, "pam_succeed_if") == 0)
		return succeed_if_says(line);
	if (strcmp(line->module, "pam_usertype") == 0)
		return pam_line_has(line, "isregular") ? SAYS(SUCCESS) : REFUSALS;
	if (strcmp(line->module, "pam_rootok") == 0)
		return root_is_caller(suppose->service) ? REFUSALS : ANYTHING;
	if (strcmp(line->module, "pam_wheel") == 0)
		return pam_line_has(line, "trust") ? ANYTHING : REFUSALS | SAYS(IGNORE);
	if (is_one_of(line->module, no_proof) || suppose->group == PAM_GROUP_ACCOUNT)
		return ANYTHING;
	if (strcmp(line->module, "pam_unix") == 0)
		return REFUSALS;
	return suppose->others_let_in ? ANYTHING : REFUSALS;
}

static unsigned
may_say(const struct pam_line *line, void *arg)
{
	const struct suppose *suppose = arg;
	unsigned says;

	if (strcmp(line->module, MUSTER) != 0)
		says = others_say(line, suppose);
	else if ((suppose->muster & SAYS(SUCCESS)) == 0)
		says = suppose->muster | SAYS(OPEN_ERR) | SAYS(MODULE_UNKNOWN);
	else
		says = suppose->muster;
	/* A line "-auth" says nothing when its module is not installed. */
	return line->silent && (says & SAYS(SUCCESS)) == 0 ? says | SAYS(IGNORE) : says;
}

/* --- one service ---------------------------------------------------------------------------------------------- */

static int
told_already(struct pam *pam, const char *id, const char *place)
{
	char key[1024];

	snprintf(key, sizeof(key), "%s %s", id, place);
	if (json_object_get(pam->told, key) != NULL)
		return 1;
	(void)json_object_set_new(pam->told, key, json_true());
	return 0;
}

static const struct pam_line *
find_muster(const struct pam_stack *stack)
{
	size_t i;

	for (i = 0; i < stack->n; i++) {
		if (!stack->lines[i].is_substack && strcmp(stack->lines[i].module, MUSTER) == 0)
			return &stack->lines[i];
	}
	return NULL;
}

/* A member who gets in although pam_muster says no. */
static void
check_bypass(struct pam *pam, const char *service, enum pam_group group, const struct pam_stack *stack)
{
	struct suppose suppose = { .group = group, .service = service,
		.muster = REFUSALS | (group == PAM_GROUP_ACCOUNT ? SAYS(NEW_AUTHTOK_REQD) : 0) };
	const char *what = group == PAM_GROUP_AUTH ? "auth" : "account";
	const struct pam_line *line;
	size_t at;

	if (pam_stack_succeeds(stack, may_say, &suppose, &at)) {
		line = &stack->lines[at];
		if (!told_already(pam, "bypass", line->place))
			doctor_find(pam->doc, SEVERITY_ERROR, "bypass", line->place,
			            "make pam_muster required or requisite, and nothing before it enough",
			            "%s of service %s can succeed with %s alone, although pam_muster says no or is not "
			            "asked",
			            what, service, line->module);
		return;
	}
	suppose.others_let_in = 1;
	if (group == PAM_GROUP_AUTH && pam_stack_succeeds(stack, may_say, &suppose, &at)) {
		line = &stack->lines[at];
		if (!told_already(pam, "other-door", line->place))
			doctor_find(pam->doc, SEVERITY_WARNING, "other-door", line->place,
			            "right if that module asks this directory; otherwise let it come together with "
			            "pam_muster",
			            "auth of service %s lets in whom another module knows, without pam_muster and its "
			            "second factor",
			            service);
	}
}

/* Nobody gets in: right password and code, and still no. */
static void
check_way_in(struct pam *pam, const char *service, enum pam_group group, const struct pam_stack *stack)
{
	struct suppose suppose = { .group = group, .service = service, .muster = SAYS(SUCCESS), .others_let_in = 1 };
	const struct pam_line *muster = find_muster(stack);
	size_t at;

	if (!pam_stack_succeeds(stack, may_say, &suppose, &at) && !told_already(pam, "no-way-in", muster->place))
		doctor_find(pam->doc, SEVERITY_ERROR, "no-way-in", muster->place, "see contrib/pam for stacks that work",
		            "no member can log in to service %s: another line says no whatever pam_muster says", service);
}

/* Success of pam_muster that ends the stack before lines that could still refuse. */
static void
check_skipped(struct pam *pam, const char *service, const struct pam_stack *stack)
{
	static const char *const refusing[] = { "pam_nologin", "pam_access", "pam_time", "pam_listfile", "pam_succeed_if",
		"pam_securetty", "pam_shells", "pam_faillock", "pam_tally2", "pam_usertype", NULL };
	const struct pam_line *muster = find_muster(stack);
	size_t i;

	if (muster->action[PAM_SAYS_SUCCESS] != PAM_DO_DONE)
		return;
	for (i = (size_t)(muster - stack->lines) + 1; i < stack->n; i++) {
		const struct pam_line *line = &stack->lines[i];

		if (!line->is_substack && line->level >= muster->level && is_one_of(line->module, refusing) &&
		    !told_already(pam, "skipped", muster->place))
			doctor_find(pam->doc, SEVERITY_WARNING, "skipped", muster->place,
			            "put that line before pam_muster",
			            "%s ends the stack of service %s before %s is asked (%s)", muster->control, service,
			            line->module, line->place);
	}
}

static void
check_lines(struct pam *pam, const struct pam_stack *stack)
{
	const char *value;
	int64_t uid;
	size_t i;

	for (i = 0; i < stack->n; i++) {
		const struct pam_line *line = &stack->lines[i];

		if (line->is_substack)
			continue;
		if (strcmp(line->module, "pam_unix") == 0 &&
		    (pam_line_has(line, "nullok") || pam_line_has(line, "nullok_secure")) &&
		    !told_already(pam, "nullok", line->place))
			doctor_find(pam->doc, SEVERITY_WARNING, "nullok", line->place, "remove nullok",
			            "pam_unix lets in accounts of this host that have an empty password");
		value = strcmp(line->module, MUSTER) == 0 ? pam_line_value(line, "minimum_uid") : NULL;
		if (value != NULL && text_number(value, strcspn(value, " "), 0, UINT32_MAX, &uid) == 0 &&
		    uid < MINIMUM_UID && !told_already(pam, "minimum-uid", line->place))
			doctor_find(pam->doc, SEVERITY_WARNING, "minimum-uid", line->place,
			            "remove minimum_uid, or set 1000",
			            "system accounts of this host from uid %lld on are the directory's to let in, "
			            "where OWNERs choose the names",
			            (long long)uid);
	}
}

/* The lines of one group; a file that libpam would not take is a finding. */
static int
read_stack(struct pam *pam, const char *service, enum pam_group group, struct pam_stack *stack)
{
	char wrong[512];
	int r = pam_stack_read(&pam->folders, service, group, stack, wrong, sizeof(wrong));

	if (r == ERR_INPUT && !told_already(pam, "file", wrong))
		doctor_find(pam->doc, SEVERITY_ERROR, "file", NULL, "put the line right: the service refuses everybody",
		            "%s", wrong);
	return r;
}

static void
check_auth(struct pam *pam, const char *service, const struct pam_stack *auth)
{
	size_t i;

	check_bypass(pam, service, PAM_GROUP_AUTH, auth);
	check_way_in(pam, service, PAM_GROUP_AUTH, auth);
	check_skipped(pam, service, auth);
	check_lines(pam, auth);
	if (strcmp(service, "sshd") != 0)
		return;
	pam->sshd_asks = 1;
	for (i = 0; i < auth->n; i++) {
		const char *prompt = auth->lines[i].is_substack ? NULL : pam_line_value(&auth->lines[i], "prompt");

		if (prompt != NULL && strncmp(prompt, "together", 8) == 0)
			pam->sshd_together = 1;
	}
}

static void
check_account(struct pam *pam, const char *service, const struct pam_stack *auth, const struct pam_stack *account)
{
	const struct pam_line *muster = auth->n > 0 ? find_muster(auth) : NULL;

	if (find_muster(account) != NULL) {
		check_bypass(pam, service, PAM_GROUP_ACCOUNT, account);
		check_way_in(pam, service, PAM_GROUP_ACCOUNT, account);
		check_skipped(pam, service, account);
	} else if (muster != NULL && !told_already(pam, "account-missing", service)) {
		doctor_find(pam->doc, SEVERITY_ERROR, "account-missing", muster->place,
		            "add \"account required pam_muster.so\"",
		            "account of service %s does not ask pam_muster: keys, cron and su by root let suspended "
		            "members in",
		            service);
	}
}

static void
check_service(struct pam *pam, const char *service)
{
	struct pam_stack auth = { .n = 0 }, account = { .n = 0 }, password = { .n = 0 };
	int asks;

	if (read_stack(pam, service, PAM_GROUP_AUTH, &auth) == 0 &&
	    read_stack(pam, service, PAM_GROUP_ACCOUNT, &account) == 0 &&
	    read_stack(pam, service, PAM_GROUP_PASSWORD, &password) == 0) {
		asks = find_muster(&auth) != NULL;
		pam->asking += (size_t)(asks || find_muster(&account) != NULL);
		if (asks)
			check_auth(pam, service, &auth);
		check_account(pam, service, &auth, &account);
		if (asks && strcmp(service, "passwd") == 0 && find_muster(&password) == NULL)
			doctor_find(pam->doc, SEVERITY_WARNING, "password-missing", "passwd",
			            "add \"password required pam_muster.so\"",
			            "members can log in and cannot change their password with passwd");
	}
	pam_stack_free(&auth);
	pam_stack_free(&account);
	pam_stack_free(&password);
}

/* --- all services --------------------------------------------------------------------------------------------- */

/* Files that others include, and what editors and packages leave behind, are no services. */
static int
is_service(const char *name)
{
	static const char *const parts[] = { "system-auth",      "password-auth",  "postlogin",
		                             "fingerprint-auth", "smartcard-auth", NULL };
	size_t len = strlen(name);

	return name[0] != '.' && strncmp(name, "common-", 7) != 0 && !is_one_of(name, parts) && len > 0 &&
	       name[len - 1] != '~' && strchr(name, '.') == NULL;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
list_services(struct pam *pam)
{
	struct dirent *file;
	size_t i, k;
	DIR *folder;

	for (i = 0; i < pam->folders.n; i++) {
		folder = opendir(pam->folders.path[i]);
		if (folder == NULL && i == 0)
			return ERR_NOT_FOUND;
		while (folder != NULL && (file = readdir(folder)) != NULL && pam->services_len < SERVICES_MAX) {
			for (k = 0; k < pam->services_len && strcmp(pam->services[k], file->d_name) != 0; k++)
				;
			if (k == pam->services_len && is_service(file->d_name) &&
			    (pam->services[k] = strdup(file->d_name)) != NULL)
				pam->services_len++;
		}
		if (folder != NULL)
			closedir(folder);
	}
	qsort(pam->services, pam->services_len, sizeof(pam->services[0]), by_name);
	return 0;
}

void
doctor_pam(struct doctor *doc)
{
	const char *folder = doc->s->args.value[OPT_PAM_DIR];
	struct pam pam = { .doc = doc, .told = json_object() };
	size_t i;

	pam.folders.path[0] = folder != NULL ? folder : FOLDER_DEFAULT;
	pam.folders.path[1] = FOLDER_VENDOR;
	pam.folders.n = folder != NULL ? 1 : 2;
	if (list_services(&pam) != 0) {
		doctor_unseen(doc, "%s cannot be read", pam.folders.path[0]);
	} else {
		for (i = 0; i < pam.services_len; i++)
			check_service(&pam, pam.services[i]);
		if (pam.asking == 0)
			doctor_find(doc, SEVERITY_NOTE, "not-used", pam.folders.path[0],
			            "see pam_muster(8) if members shall log in here",
			            "no service of this host asks pam_muster");
		if (pam.sshd_asks)
			doctor_sshd(doc, pam.sshd_together);
	}
	while (pam.services_len > 0)
		free(pam.services[--pam.services_len]);
	json_decref(pam.told);
}
