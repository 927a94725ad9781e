/*
 * commands.c - every option and every command, one row each. Parser, help and suggestions read these tables.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct option options[] = {
	{ OPT_URI, 'H', "uri", "URI", "directory server: ldaps://, ldapi:// or ldap:// (upgraded to TLS)" },
	{ OPT_BIND_DN, 'D', "bind-dn", "DN", "who you are; the password is asked for" },
	{ OPT_PROMPT, 'W', "prompt", NULL, "ask for the password (that is so anyway)" },
	{ OPT_MECHANISM, 'Y', "mechanism", "EXTERNAL", "who you are to the system, over ldapi://" },
	{ OPT_EXTERNAL, '\0', "external", NULL, "the same as -Y EXTERNAL" },
	{ OPT_CA_FILE, '\0', "ca-file", "FILE", "certificates that the server's must lead to" },
	{ OPT_BASE, 'b', "base", "DN", "where the directory begins" },
	{ OPT_CONF, 'c', "conf", "FILE", "configuration instead of the system's muster.conf" },
	{ OPT_JSON, '\0', "json", NULL, "print facts as JSON" },
	{ OPT_HELP, 'h', "help", NULL, "this text, or that of a command" },
	{ OPT_VERSION, '\0', "version", NULL, "print the version" },

	{ OPT_DRY_RUN, '\0', "dry-run", NULL, "print what would be changed, change nothing" },
	{ OPT_MODULE, '\0', "module", "FILE", "muster.so, when it is not in slapd's module folder" },
	{ OPT_KEY_FILE, '\0', "key-file", "FILE", "sealing keys, made when absent [/etc/ldap/muster.keys]" },
	{ OPT_KEY_OWNER, '\0', "key-owner", "USER", "owner of a new key file [who slapd runs as]" },
	{ OPT_COURIER_FILE, '\0', "courier-password-file", "FILE", "password of the courier, made when absent" },
	{ OPT_ADMIN, '\0', "admin", "DN", "who administers members [cn=admin,BASE]" },

	{ OPT_DOMAIN, '\0', "domain", "NAME", "3 to 40 of a-z 0-9 -, first a letter or digit" },
	{ OPT_POLICY, '\0', "policy", "NAME", "template of login rules [console-16]" },
	{ OPT_OWNER_ID, '\0', "owner-id", "ID", "login of the OWNER" },
	{ OPT_OWNER_NAME, '\0', "owner-name", "NAME", "name of the OWNER" },
	{ OPT_OWNER_MAIL, '\0', "owner-mail", "ADDRESS", "where the OWNER's first mail goes" },
	{ OPT_OWNER_LANGUAGE, '\0', "owner-language", "LANGUAGE", "language of the OWNER, for example ko" },
	{ OPT_SERVICE, '\0', "service", "NAME", "first service, of those the server offers" },
	{ OPT_TITLE, '\0', "title", "NAME", "what the service is called there [the organization's name]" },
	{ OPT_MEMBERS_SEE, '\0', "members-see", "WHAT", "self: their own entry; members: each other's names and addresses" },
	{ OPT_NICKNAMES, '\0', "nicknames", "YES", "whether nicknames are used: yes, no" },
	{ OPT_ORGANIZATION, '\0', "organization", "NAME", "what the organization is called [what its entry says]" },
	{ OPT_NAME, '\0', "name", "NAME", "the member's name" },
	{ OPT_MAIL, '\0', "mail", "ADDRESS", "the member's mail address" },
	{ OPT_MOBILE, '\0', "mobile", "NUMBER", "mobile phone, +82 10 ..." },
	{ OPT_LANGUAGE, '\0', "language", "LANGUAGE", "language of mails, for example ko" },
	{ OPT_NICKNAME, '\0', "nickname", "NAME", "nickname" },
	{ OPT_OWNER, '\0', "owner", NULL, "make the member an OWNER" },
	{ OPT_NETWORK, '\0', "network", "CIDR", "where the program is, like 192.0.2.0/24; may be given again" },

	{ OPT_FORMAT, '\0', "format", "csv|ldif", "what the file is [what it looks like; csv]" },
	{ OPT_POSIX, '\0', "posix", NULL, "members are accounts of login hosts (posixAccount)" },
	{ OPT_INVITE, '\0', "invite", NULL, "send everybody the mail for the first password" },
	{ OPT_RATE, '\0', "rate", "NUMBER", "invitations a second [5]" },
	{ OPT_RESUME, '\0', "resume", NULL, "go on where an import stopped" },
	{ OPT_UNDO, '\0', "undo", NULL, "take back what an import wrote that stopped" },
	{ OPT_QUIET, 'q', "quiet", NULL, "say nothing on the way" },
	{ OPT_JOURNAL, '\0', "journal", "FOLDER", "where the journal lies [~/.local/state/muster]" },

	{ OPT_PAM_DIR, '\0', "pam-dir", "FOLDER", "PAM files to look at instead of the system's" },
	{ OPT_SSHD_CONFIG, '\0', "sshd-config", "FILE", "configuration of sshd [/etc/ssh/sshd_config]" },
	{ OPT_SLAPD_CONFIG, '\0', "slapd-config", "FOLDER", "slapd's configuration [what it was started with]" },
	{ OPT_FORCE, '\0', "force", NULL, "drop what would be lost" },
	{ OPT_TO, '\0', "to", "FOLDER", "where the plain directory is made; not there yet" },
	{ OPT_SLAPD, '\0', "slapd", "FILE", "slapd's program [/usr/sbin/slapd]" },

	{ OPT_ADDRESS, '\0', "address", "LINES", "postal address, $ between its lines" },
	{ OPT_BILLING_MAIL, '\0', "billing-mail", "ADDRESS", "where bills go" },
	{ OPT_SERVICE_AREA, '\0', "service-area", "AREA", "where services are used" },
	{ OPT_SURNAME, '\0', "surname", "NAME", "family name" },
	{ OPT_GIVEN_NAME, '\0', "given-name", "NAME", "given name" },

	{ OPT_COUNTRY, '\0', "country", "CODE", "country of ISO 3166, like KR" },
	{ OPT_TYPE, '\0', "type", "TYPE", "individual or business" },
	{ OPT_TERMS, '\0', "terms", "VERSION", "version of the terms that you consent to" },
	{ OPT_BUSINESS_NAME, '\0', "business-name", "NAME", "name of the business" },
	{ OPT_REGISTRATION_NUMBER, '\0', "registration-number", "NUMBER", "registration number of the business" },

	{ OPT_DOCUMENT, '\0', "document", "FILE", "a PDF, PNG or JPEG that proves it; may be given again" },
	{ OPT_NOTE, '\0', "note", "TEXT", "what the operator should know" },
	{ OPT_STATE, '\0', "state", "STATE", "filed, approved or rejected [all]" },
	{ OPT_REASON, '\0', "reason", "TEXT", "why, for the member to read" },
	{ OPT_OUTPUT, 'o', "output", "FILE", "file to be made [export: standard output; document: ID-DOCUMENT with its ending]" },
	{ OPT_OLDER_THAN, '\0', "older-than", "DAYS", "of applications that were decided so long ago" },

	{ OPT_KIND, '\0', "kind", "KIND", "card or bank-transfer [card]" }
};

static const enum option_id no_options[] = { OPT_COUNT };
static const enum option_id init_options[] = { OPT_DRY_RUN, OPT_MODULE, OPT_KEY_FILE, OPT_KEY_OWNER,
	OPT_COURIER_FILE, OPT_ADMIN, OPT_COUNT };
static const enum option_id org_add_options[] = { OPT_DOMAIN, OPT_POLICY, OPT_OWNER_ID, OPT_OWNER_NAME,
	OPT_OWNER_MAIL, OPT_OWNER_LANGUAGE, OPT_SERVICE, OPT_TITLE, OPT_COUNT };
static const enum option_id adopt_options[] = { OPT_DRY_RUN, OPT_ORGANIZATION, OPT_DOMAIN, OPT_OWNER_ID, OPT_POLICY, OPT_COUNT };
static const enum option_id org_set_options[] = { OPT_DOMAIN, OPT_MEMBERS_SEE, OPT_NICKNAMES, OPT_COUNT };
static const enum option_id service_options[] = { OPT_TITLE, OPT_COUNT };
static const enum option_id member_add_options[] = { OPT_NAME, OPT_MAIL, OPT_MOBILE, OPT_LANGUAGE,
	OPT_NICKNAME, OPT_OWNER, OPT_COUNT };
static const enum option_id import_options[] = { OPT_DRY_RUN, OPT_FORMAT, OPT_POSIX, OPT_INVITE, OPT_RATE, OPT_RESUME,
	OPT_UNDO, OPT_QUIET, OPT_JOURNAL, OPT_COUNT };
static const enum option_id invite_options[] = { OPT_RATE, OPT_QUIET, OPT_JOURNAL, OPT_COUNT };
static const enum option_id export_options[] = { OPT_FORMAT, OPT_OUTPUT, OPT_COUNT };

static const enum option_id doctor_options[] = { OPT_PAM_DIR, OPT_SSHD_CONFIG, OPT_SLAPD_CONFIG, OPT_COUNT };
static const enum option_id uninstall_options[] = { OPT_DRY_RUN, OPT_TO, OPT_SLAPD_CONFIG, OPT_SLAPD, OPT_COUNT };
static const enum option_id key_retire_options[] = { OPT_FORCE, OPT_COUNT };

static const enum option_id account_set_options[] = { OPT_LANGUAGE, OPT_ADDRESS, OPT_BILLING_MAIL,
	OPT_SERVICE_AREA, OPT_NAME, OPT_SURNAME, OPT_GIVEN_NAME, OPT_NICKNAME, OPT_COUNT };

static const enum option_id application_file_options[] = { OPT_NAME, OPT_SURNAME, OPT_GIVEN_NAME, OPT_TYPE,
	OPT_BUSINESS_NAME, OPT_REGISTRATION_NUMBER, OPT_COUNTRY, OPT_DOCUMENT, OPT_NOTE, OPT_COUNT };
static const enum option_id application_list_options[] = { OPT_STATE, OPT_COUNT };
static const enum option_id application_decide_options[] = { OPT_REASON, OPT_COUNT };
static const enum option_id application_document_options[] = { OPT_OUTPUT, OPT_COUNT };
static const enum option_id application_purge_options[] = { OPT_OLDER_THAN, OPT_DRY_RUN, OPT_COUNT };

static const enum option_id payment_add_options[] = { OPT_KIND, OPT_COUNT };

static const enum option_id app_password_add_options[] = { OPT_NETWORK, OPT_COUNT };

static const enum option_id sign_up_options[] = { OPT_MAIL, OPT_NAME, OPT_COUNTRY, OPT_TYPE, OPT_BUSINESS_NAME,
	OPT_REGISTRATION_NUMBER, OPT_TERMS, OPT_LANGUAGE, OPT_COUNT };

static const struct command commands[] = {
	{ "init", NULL, "", 0, 0, "bring Muster into a slapd that runs", init_options, init_run },
	{ "adopt", NULL, "DN", 1, 1, "make an existing part of the directory an organization, in place", adopt_options, adopt_run },
	{ "org", "add", "NAME", 1, 1, "make an organization with its OWNER", org_add_options, org_add },
	{ "org", "list", "", 0, 0, "organizations", no_options, org_list },
	{ "org", "show", "ORG", 1, 1, "an organization and its rules", no_options, org_show },
	{ "org", "set", "ORG", 1, 1, "change its domain or what members see", org_set_options, org_set },
	{ "service", "add", "ORG NAME", 2, 2, "subscribe to a service; its access URL is shown", service_options, service_add },
	{ "service", "list", "ORG", 1, 1, "services and access URLs", no_options, service_list },
	{ "service", "rename", "ORG NAME", 2, 2, "change what it is called there", service_options, service_rename },
	{ "service", "remove", "ORG NAME", 2, 2, "end a subscription", no_options, service_remove },
	{ "policy", "show", "ORG", 1, 1, "the rules an organization lives under", no_options, policy_show },
	{ "policy", "set", "ORG RULE=VALUE ...", 2, 64, "change some of them", no_options, policy_set },
	{ "policy", "use", "ORG TEMPLATE", 2, 2, "give it the rules of a template", no_options, policy_use },
	{ "policy", "list", "", 0, 0, "templates", no_options, policy_list },
	{ "member", "add", "[ORG] ID", 1, 2, "register a member", member_add_options, member_add },
	{ "member", "import", "[ORG] FILE", 0, 2, "register all members of a file, or none", import_options, member_import },
	{ "member", "invite", "[ORG [ID ...]]", 0, 1000, "send members the mail for their first password", invite_options,
	  member_invite },
	{ "member", "export", "[ORG]", 0, 1, "members as a file that import reads", export_options, member_export },
	{ "member", "list", "[ORG]", 0, 1, "members of an organization", no_options, member_list },
	{ "member", "show", "WHO", 1, 2, "a member", no_options, member_show },
	{ "member", "suspend", "WHO", 1, 2, "stop a member from logging in", no_options, member_suspend },
	{ "member", "resume", "WHO", 1, 2, "let a suspended member in again", no_options, member_resume },
	{ "member", "unlock", "WHO", 1, 2, "end the lock and the delays of failed logins", no_options, member_unlock },
	{ "member", "promote", "WHO", 1, 2, "make a member an OWNER", no_options, member_promote },
	{ "member", "demote", "WHO", 1, 2, "make an OWNER a member like others", no_options, member_demote },
	{ "account", "show", "[WHO]", 0, 2, "a member's account page", no_options, account_show },
	{ "account", "set", "[WHO]", 0, 2, "change basic information of an account", account_set_options, account_set },
	{ "account", "sign-up", "", 0, 0, "become a platform member", sign_up_options, account_sign_up },
	{ "account", "mail", "ADDRESS [WHO]", 1, 3, "have a code mailed to a new address", no_options, account_mail },
	{ "account", "mobile", "NUMBER [WHO]", 1, 3, "have a code sent to a new mobile number", no_options, account_mobile },
	{ "account", "login-id", "ADDRESS [WHO]", 1, 3, "have codes sent for a new login ID", no_options, account_login_id },
	{ "account", "verify", "[mail|mobile|login] [WHO]", 0, 3, "give the code, or both of a login ID", no_options,
	  account_verify },
	{ "payment", "add", "[WHO]", 0, 2, "have a payment method checked and kept", payment_add_options, payment_add },
	{ "payment", "list", "[WHO]", 0, 2, "payment methods of a platform member", no_options, payment_list },
	{ "payment", "show", "ID [WHO]", 1, 3, "one of them: its state, or why it was refused", no_options, payment_show },
	{ "payment", "remove", "ID [WHO]", 1, 3, "delete a payment method", no_options, payment_remove },
	{ "application", "file", "", 0, 0, "apply for a change of required information", application_file_options,
	  application_file },
	{ "application", "attach", "ID FILE ...", 2, 6, "add documents to one that is filed", no_options, application_attach },
	{ "application", "withdraw", "ID [DOCUMENT]", 1, 2, "take back one that is filed, or a document of it", no_options,
	  application_withdraw },
	{ "application", "list", "", 0, 0, "applications", application_list_options, application_list },
	{ "application", "show", "ID", 1, 1, "an application and its documents", no_options, application_show },
	{ "application", "document", "ID [DOCUMENT]", 1, 2, "save a document of an application",
	  application_document_options, application_document },
	{ "application", "approve", "ID", 1, 1, "have the change made", application_decide_options, application_approve },
	{ "application", "reject", "ID", 1, 1, "refuse it, with --reason", application_decide_options, application_reject },
	{ "application", "purge", "[ID]", 0, 1, "delete contents of documents of decided ones", application_purge_options,
	  application_purge },
	{ "password", "reset", "WHO", 1, 2, "ask for a mail with a token", no_options, password_reset },
	{ "password", "redeem", "WHO", 1, 2, "set a password with the token", no_options, password_redeem },
	{ "password", "change", "[WHO]", 0, 2, "change a password", no_options, password_change },
	{ "otp", "enrol", "[WHO]", 0, 2, "register an authenticator app", no_options, otp_enrol },
	{ "otp", "remove", "[WHO]", 0, 2, "remove it", no_options, otp_remove },
	{ "otp", "recovery", "[WHO]", 0, 2, "make new recovery codes", no_options, otp_recovery },
	{ "otp", "status", "[WHO]", 0, 2, "whether one is registered", no_options, otp_status },
	{ "app-password", "add", "LABEL [WHO]", 1, 3, "make a password for a program", app_password_add_options,
	  app_password_add },
	{ "app-password", "list", "[WHO]", 0, 2, "passwords of programs", no_options, app_password_list },
	{ "app-password", "revoke", "ID [WHO]", 1, 3, "take one away", no_options, app_password_revoke },
	{ "doctor", NULL, "[PART ...]", 0, 6, "look for what is wrong here and in the directory", doctor_options, doctor_run },
	{ "doctor", "member", "WHO", 1, 2, "why a member can or cannot log in", no_options, doctor_member },
	{ "key", "list", "", 0, 0, "sealing keys, and what needs each", no_options, key_list },
	{ "key", "rotate", "", 0, 0, "a new key seals from now on: add, then activate", no_options, key_rotate },
	{ "key", "add", "", 0, 0, "a new key that does not seal yet", no_options, key_add },
	{ "key", "activate", "KEY", 1, 1, "have a key seal", no_options, key_activate },
	{ "key", "reload", "", 0, 0, "have slapd read the key file again", no_options, key_reload },
	{ "key", "retire", "KEY", 1, 1, "remove a key that nothing needs any more", key_retire_options, key_retire },
	{ "uninstall", NULL, "", 0, 0, "make a plain directory out of one with Muster", uninstall_options, uninstall_run }
};

const struct command *
command_list(size_t *n_out)
{
	*n_out = sizeof(commands) / sizeof(commands[0]);
	return commands;
}

const struct option *
option_list(size_t *n_out)
{
	*n_out = sizeof(options) / sizeof(options[0]);
	return options;
}

const struct option *
option_find_id(enum option_id id)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].id == id)
			return &options[i];
	}
	return NULL;
}

int
option_is_global(enum option_id id)
{
	return id <= OPT_VERSION;
}

int
option_is_repeated(enum option_id id)
{
	return id == OPT_NETWORK || id == OPT_DOCUMENT;
}

static void
print_option(const struct option *option)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%c%s --%s%s%s", option->letter ? "-" : " ",
	         option->letter ? option->letter : ' ', option->letter ? "," : " ", option->name,
	         option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
	printf("  %-34s %s\n", left, option->help);
}

static void
print_global_options(void)
{
	size_t i;

	printf("\nOptions of every command:\n");
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (option_is_global(options[i].id))
			print_option(&options[i]);
	}
}

void
command_usage(const struct command *command)
{
	const enum option_id *id;

	printf("usage: muster [options] %s%s%s%s%s\n       %s\n", command->noun, command->verb != NULL ? " " : "",
	       command->verb != NULL ? command->verb : "", *command->words_help != '\0' ? " " : "",
	       command->words_help, command->help);
	if (strstr(command->words_help, "WHO") != NULL)
		printf("WHO is a DN, ORG/ID, ORG ID, or the login of a platform member.\n");
	if (strstr(command->words_help, "PART") != NULL)
		printf("PART is slapd, access, data, musterd, pam or clock; all of them without one.\n");
	if (command->options[0] != OPT_COUNT)
		printf("\nOptions:\n");
	for (id = command->options; *id != OPT_COUNT; id++)
		print_option(option_find_id(*id));
	print_global_options();
}

void
command_usage_all(void)
{
	char left[64];
	size_t i;

	printf("usage: muster [options] COMMAND ...\n\nCommands:\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(left, sizeof(left), "%s%s%s %s", commands[i].noun, commands[i].verb != NULL ? " " : "",
		         commands[i].verb != NULL ? commands[i].verb : "", commands[i].words_help);
		printf("  %-34s %s\n", left, commands[i].help);
	}
	printf("\nORG is the name or domain of an organization, WHO a DN, ORG/ID, ORG ID, or the login of a platform\n"
	       "member. Passwords are asked for on the terminal; when standard input is none they are read\n"
	       "from it, one a line. \"muster COMMAND --help\" tells the options of a command.\n");
	print_global_options();
}
