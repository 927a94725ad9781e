/*
 * message_kind.c - the texts of all kinds of messages.
 *
 * A text message is one SMS: 160 characters of its own alphabet, 70 of any other. message_sms.c cuts the name of the service so that it
 * fits; what stands here leaves room for some of it.
 */
#include "musterd/message_kind.h"

#include <stddef.h>
#include <string.h>

#define N_(text) text

#define HOW_RESET \
	N_("Log in as usual and type the token instead of the password, or give it to the command \"muster password redeem\". " \
	   "You will be asked for the new password.")
#define HOW_CODE N_("Type it where you are asked for it, or give it to the command \"muster account verify\".")
#define END_ADMIN N_("If it was not you, tell your administrator at once.")
#define END_TAKEN \
	N_("If it was not you, somebody else is in your account: change the password and tell your administrator at once.")
#define END_CODE \
	N_("If you know nothing of it, ignore this message: without the code nothing changes.\n" \
	   "Nobody will ever ask you for the code. Do not pass it on.")

static const struct message_kind kinds[] = {
	{ .name = "reset", .secret = SECRET_TOKEN,
	  .subject = N_("%s: choose a new password"),
	  .begin = N_("somebody, probably you, asked for a new password for the account %s. This token is what you need to choose "
	              "it:"),
	  .how = HOW_RESET,
	  .end = N_("If it was not you, ignore this message: your password stays as it is.\n"
	            "Nobody will ever ask you for the token. Do not pass it on.") },
	{ .name = "first-password", .secret = SECRET_TOKEN, .stranger = 1,
	  .subject = N_("%s: choose your first password"),
	  .begin = N_("an account was made for you: %s. This token is what you need to choose its first password:"),
	  .how = HOW_RESET,
	  .end = N_("If you know nothing of it, ignore this message: nobody can use the account before it has a password.\n"
	            "Nobody will ever ask you for the token. Do not pass it on.") },
	{ .name = "reset-asked",
	  .subject = N_("%s: somebody asked for a new password"),
	  .begin = N_("somebody, probably you, asked for a new password for the account %s. A token to choose it went to another "
	              "address of the account."),
	  .end = N_("If it was not you, there is nothing to do unless somebody else reads that mail. If you cannot log in any more, tell "
	            "your administrator at once.") },
	{ .name = "sign-up", .secret = SECRET_TOKEN, .stranger = 1,
	  .subject = N_("%s: complete your sign-up"),
	  .begin = N_("somebody, probably you, signed up with this mail address. This token is what you need to choose a password and "
	              "to complete it:"),
	  .how = HOW_RESET,
	  .end = N_("If it was not you, ignore this message: a sign-up that is not completed vanishes after a day.\n"
	            "Nobody will ever ask you for the token. Do not pass it on.") },
	{ .name = "sign-up-known",
	  .subject = N_("%s: you have an account already"),
	  .begin = N_("somebody, probably you, signed up with this mail address. It is that of the account %s, so nothing was made "
	              "and nothing was changed."),
	  .end = N_("If you forgot the password, ask for a new one with \"muster password reset\". If it was not you, there is nothing "
	            "to do.") },
	{ .name = "verify-mail", .secret = SECRET_CODE, .stranger = 1,
	  .subject = N_("%s: confirm this mail address"),
	  .begin = N_("this mail address was entered for the account %s. This code confirms it:"),
	  .how = HOW_CODE, .end = END_CODE },
	{ .name = "verify-mobile", .secret = SECRET_CODE, .stranger = 1,
	  .sms = N_("%s: code %s confirms your number. Good for 10 min. Keep it secret.") },
	{ .name = "login-mail", .secret = SECRET_CODE, .stranger = 1,
	  .subject = N_("%s: confirm your new login ID"),
	  .begin = N_("this mail address was entered as the new login ID of the account %s. This code confirms it:"),
	  .how = HOW_CODE, .end = END_CODE },
	{ .name = "login-mobile", .secret = SECRET_CODE, .stranger = 1,
	  .sms = N_("%s: code %s changes your login ID. Not you? Tell nobody the code.") },
	{ .name = "login-known",
	  .subject = N_("%s: this address is a login ID already"),
	  .begin = N_("somebody, probably you, entered this mail address as the new login ID of another account. It is that of the "
	              "account %s already, so nothing was changed."),
	  .end = N_("If it was you, choose another address. If not, there is nothing to do.") },
	{ .name = "login-changed",
	  .subject = N_("%s: your login ID was changed"),
	  .begin = N_("the login ID of your account was changed. It is %s now; the one before is not good any more."),
	  .end = END_TAKEN },
	{ .name = "mail-changed",
	  .subject = N_("%s: your mail address was changed"),
	  .begin = N_("the mail address of the account %s was changed."),
	  .end = END_TAKEN },
	{ .name = "mobile-changed",
	  .subject = N_("%s: your mobile number was changed"),
	  .begin = N_("the mobile number of the account %s was changed."),
	  .end = END_TAKEN,
	  .sms = N_("%s: mobile number changed. Not you? Tell your administrator.") },
	{ .name = "password-changed",
	  .subject = N_("%s: your password was changed"),
	  .begin = N_("the password of the account %s was changed."),
	  .end = N_("If it was you, there is nothing to do. If not, somebody else knows your password: "
	            "ask for a new one at once and tell your administrator.") },
	{ .name = "password-set-by-admin",
	  .subject = N_("%s: an administrator set your password"),
	  .begin = N_("an administrator set a password for the account %s. You will be asked to choose one of your own when you log "
	              "in."),
	  .end = N_("If you did not expect this, tell your administrator.") },
	{ .name = "factor-added",
	  .subject = N_("%s: second factor added"),
	  .begin = N_("a second factor was added to the account %s. From now on logging in takes your password and a code of your "
	              "authenticator app."),
	  .end = N_("If it was not you, somebody else knows your password: tell your administrator at once.") },
	{ .name = "factor-removed",
	  .subject = N_("%s: second factor removed"),
	  .begin = N_("the second factor of the account %s was removed. From now on logging in takes your password only."),
	  .end = END_ADMIN },
	{ .name = "recovery-code-used",
	  .subject = N_("%s: recovery code used"),
	  .begin = N_("a recovery code of the account %s was used in place of a code of the authenticator app. It is not good any "
	              "more."),
	  .end = N_("New ones are made with \"muster otp recovery\". If it was not you, somebody else knows your password: change it, "
	            "make new recovery codes and tell your administrator at once.") },
	{ .name = "recovery-codes-new",
	  .subject = N_("%s: new recovery codes"),
	  .begin = N_("new recovery codes were made for the account %s. Those made before are not good any more."),
	  .end = N_("If it was not you, somebody else has your password and a code: change the password, make new recovery codes and "
	            "tell your administrator at once.") },
	{ .name = "locked",
	  .subject = N_("%s: account locked"),
	  .begin = N_("the account %s was locked, because wrong passwords or codes were given too often. It does not matter from "
	              "where: until the lock ends, nobody logs in to it."),
	  .end = N_("Your administrator can unlock it, and so does a new password: ask for one with \"muster password reset\". If it "
	            "was not you who tried, tell your administrator.") },
	{ .name = "app-password-added",
	  .subject = N_("%s: app password added"),
	  .begin = N_("an app password was added to the account %s. The program that has it logs in without your password and without "
	              "a code. It cannot change anything in your account."),
	  .end = N_("If it was not you, somebody else knows your password: change it, revoke the app password and tell your "
	            "administrator at once.") },
	{ .name = "app-password-revoked",
	  .subject = N_("%s: app password revoked"),
	  .begin = N_("an app password of the account %s was revoked. The program that had it cannot log in any more."),
	  .end = END_ADMIN },
	{ .name = "organization-created",
	  .subject = N_("%s: organization created"),
	  .begin = N_("the account %s created an organization."),
	  .end = END_TAKEN },
	{ .name = "application-filed",
	  .subject = N_("%s: application received"),
	  .begin = N_("an application to change the information of the account %s was received. An operator decides about it."),
	  .end = N_("If you know nothing of it, tell your administrator.") },
	{ .name = "application-approved",
	  .subject = N_("%s: application approved"),
	  .begin = N_("the application to change the information of the account %s was approved. The change is made."),
	  .end = N_("If you know nothing of it, tell your administrator.") },
	{ .name = "application-rejected",
	  .subject = N_("%s: application rejected"),
	  .begin = N_("the application to change the information of the account %s was rejected. Nothing was changed."),
	  .end = N_("You can file another one.") },
	{ .name = "payment-active",
	  .subject = N_("%s: payment method confirmed"),
	  .begin = N_("a payment method of the account %s was confirmed and can be used from now on."),
	  .end = END_TAKEN },
	{ .name = "payment-refused",
	  .subject = N_("%s: payment method refused"),
	  .begin = N_("a payment method of the account %s was refused and cannot be used."),
	  .end = N_("You can add another one.") },
};

const struct message_kind *
message_kind_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
