/*
 * conf_table.c - every option of muster.conf, one row each.
 */
#include <stddef.h>
#include <string.h>

#include "common/address.h"
#include "common/conf.h"

/* Longest timeouts: ten minutes, SMTP's own (RFC 5321 section 4.5.3.2). */
#define TIMEOUT_MAX_MS 600000

static const char *
check_uris(const char *value)
{
	static const char *const schemes[] = { "ldap://", "ldaps://", "ldapi://" };
	const char *p = value;
	size_t i;

	for (;;) {
		p += strspn(p, " ");
		if (*p == '\0')
			return NULL;
		for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
			if (strncmp(p, schemes[i], strlen(schemes[i])) == 0)
				break;
		if (i == sizeof(schemes) / sizeof(schemes[0]))
			return "must be URIs that begin with ldap://, ldaps:// or ldapi://";
		p += strcspn(p, " ");
	}
}

/* %u stands for the login and must be there; %% is a percent sign. */
static const char *
check_template(const char *value)
{
	const char *p;
	int logins = 0;

	for (p = strchr(value, '%'); p != NULL; p = strchr(p + 2, '%')) {
		if (p[1] == 'u')
			logins++;
		else if (p[1] != '%')
			return "knows %u (the login) and %% only";
	}
	if (logins != 1)
		return "must contain %u, the login, once";
	return NULL;
}

static const char *
check_address(const char *value)
{
	return address_is_mail(value) ? NULL : "must be a mail address without a name, like muster@example.com";
}

static const char *
check_smtp_url(const char *value)
{
	if (strncmp(value, "smtp://", 7) != 0 && strncmp(value, "smtps://", 8) != 0)
		return "must begin with smtp:// or smtps://";
	if (strchr(value, '@') != NULL)
		return "must not name a user: use smtp_user and smtp_password_file";
	if (strchr(value, ' ') != NULL)
		return "must not contain blanks";
	return NULL;
}

static const char *
check_web_url(const char *value)
{
	const char *p;

	if (strncmp(value, "https://", 8) != 0)
		return "must begin with https://";
	for (p = value; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return "must be ASCII without blanks";
	return NULL;
}

static const char *
check_command(const char *value)
{
	if (value[0] != '/')
		return "must begin with the absolute path of a program";
	if (strpbrk(value, "\"'\\") != NULL)
		return "is run without a shell: words end at blanks, quotes and backslashes mean nothing";
	return NULL;
}

#define AT(section, field) #section, #field, offsetof(struct conf, section.field)

#define TEXT(section, field, value, check, help) \
	{ AT(section, field), CONF_TEXT, 0, 0, NULL, value, check, help }
#define FILENAME(section, field, value, help) \
	{ AT(section, field), CONF_PATH, 0, 0, NULL, value, NULL, help }
#define SECRET_FILE(section, field, help) \
	{ AT(section, field), CONF_SECRET_FILE, 0, 0, NULL, "", NULL, help }
#define FLAG(section, field, value, help) \
	{ AT(section, field), CONF_FLAG, 0, 1, NULL, value, NULL, help }
#define NUMBER(section, field, min, max, value, help) \
	{ AT(section, field), CONF_NUMBER, min, max, NULL, value, NULL, help }
#define CHOICE(section, field, choices, value, help) \
	{ AT(section, field), CONF_CHOICE, 0, 0, choices, value, NULL, help }

static const struct conf_option options[] = {
	TEXT(directory, uris, "ldapi:///", check_uris,
	     "Directory servers, separated by blanks, tried in turn"),
	FILENAME(directory, ca_file, "",
	         "Certificates (PEM) that a server's must lead to; empty: the system's"),
	FLAG(directory, start_tls, "yes",
	     "Upgrade ldap:// connections to TLS before anything is sent: yes, no"),
	TEXT(directory, base, "", NULL,
	     "Where the directory begins, for example dc=example,dc=com"),
	NUMBER(directory, timeout_ms, 100, TIMEOUT_MAX_MS, "4000",
	       "Longest time for connecting and for each operation, in milliseconds"),

	FLAG(gate, enabled, "yes",
	     "Answer pam_muster.so on this host: yes, no"),
	FILENAME(gate, socket, "/run/muster/gate.sock",
	         "Unix socket that pam_muster.so connects to; its folder is created"),
	TEXT(gate, user, "_muster-gate", NULL,
	     "User that the gate runs as"),
	TEXT(gate, dn_template, "", check_template,
	     "DN of a login, for example uid=%u,ou=people,o=acme,ou=organizations,dc=example,dc=com"),
	TEXT(gate, search_base, "", NULL,
	     "Without dn_template: where logins are looked up with bind_dn"),
	TEXT(gate, search_filter, "(&(|(objectClass=musterMember)(objectClass=musterAccount))(uid=%u))", check_template,
	     "Filter that finds a login, %u"),
	TEXT(gate, bind_dn, "", NULL,
	     "Identity of this host, for looking up logins; empty: none"),
	SECRET_FILE(gate, bind_password_file,
	            "File whose first line is the password of bind_dn"),
	CHOICE(gate, account_without_password, "deny allow", "deny",
	       "Logins whose password Muster did not see (SSH keys, su), when this host has no bind_dn to look: deny, allow"),
	NUMBER(gate, workers, 1, 256, "16",
	       "Requests worked on at the same time"),
	TEXT(gate, issuer, "", NULL,
	     "Name that authenticator apps show; empty: the o= below ou=organizations in dn_template or search_base"),

	FLAG(courier, enabled, "yes",
	     "Send what the directory owes its members by mail: yes, no"),
	TEXT(courier, user, "_muster-courier", NULL,
	     "User that the courier runs as"),
	TEXT(courier, bind_dn, "", NULL,
	     "Identity of the courier, one of olcMusterCourier; empty: the one that the server gives to ldapi:// (EXTERNAL)"),
	SECRET_FILE(courier, bind_password_file,
	            "File whose first line is the password of bind_dn"),
	TEXT(courier, from, "", check_address,
	     "Mail address that messages come from"),
	TEXT(courier, smtp_url, "smtp://localhost:25", check_smtp_url,
	     "Mail relay: smtp://host:port, or smtps://host:port for TLS from the first octet"),
	CHOICE(courier, smtp_tls, "required optional none", "required",
	       "STARTTLS with smtp://: required, optional, none"),
	TEXT(courier, smtp_user, "", NULL,
	     "Name to log in to the relay with; empty: no login"),
	SECRET_FILE(courier, smtp_password_file,
	            "File whose first line is the password of smtp_user"),
	FILENAME(courier, smtp_ca_file, "",
	         "Certificates (PEM) that the relay's must lead to; empty: the system's"),
	NUMBER(courier, smtp_timeout_ms, 100, TIMEOUT_MAX_MS, "60000",
	       "Longest time for sending one message, in milliseconds"),
	TEXT(courier, reset_url, "", check_web_url,
	     "Page on which a token is redeemed; the token is appended, so end it in # to keep it out of the page's logs; empty: none"),
	TEXT(courier, service_name, "Muster", NULL,
	     "What members know the service by"),

	TEXT(sms, command, "", check_command,
	     "Program and arguments that send a text message: the number is added, the text is on standard input; empty: none are sent"),
	NUMBER(sms, timeout_ms, 100, TIMEOUT_MAX_MS, "30000",
	       "Longest time for sending one text message, in milliseconds"),

	TEXT(payments, command, "", check_command,
	     "Program and arguments that ask the payment provider: lines on standard input, lines as an answer; empty: none is asked"),
	NUMBER(payments, timeout_ms, 100, TIMEOUT_MAX_MS, "30000",
	       "Longest time for asking it once, in milliseconds"),

	CHOICE(log, target, "stderr syslog", "stderr",
	       "Where the log goes: stderr, syslog"),
	CHOICE(log, level, "error notice info debug", "info",
	       "How much is logged: error, notice, info, debug"),
};

const struct conf_option *
conf_options(size_t *n_out)
{
	*n_out = sizeof(options) / sizeof(options[0]);
	return options;
}
