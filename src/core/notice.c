/*
 * notice.c - switches of notices.
 */
#include "core/notice.h"

#include <string.h>
#include <strings.h>

const char notice_names[] = "password reset factor address app-password locked application account";

static const char *const names[] = { "password", "reset", "factor", "address", "app-password", "locked", "application",
	                             "account" };

static const struct {
	const char *kind, *name;
} kinds[] = {
	{ "password-changed", "password" },
	{ "password-set-by-admin", "password" },
	{ "reset-asked", "reset" },
	{ "factor-added", "factor" },
	{ "factor-removed", "factor" },
	{ "recovery-code-used", "factor" },
	{ "recovery-codes-new", "factor" },
	{ "mail-changed", "address" },
	{ "mobile-changed", "address" },
	{ "login-changed", "address" },
	{ "app-password-added", "app-password" },
	{ "app-password-revoked", "app-password" },
	{ "locked", "locked" },
	{ "application-filed", "application" },
	{ "application-approved", "application" },
	{ "application-rejected", "application" },
	{ "organization-created", "account" },
	{ "payment-active", "account" },
	{ "payment-refused", "account" },
};

unsigned
notice_named(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return 1U << i;
	return 0;
}

unsigned
notice_of(const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return notice_named(kinds[i].name, strlen(kinds[i].name));
	return 0;
}
