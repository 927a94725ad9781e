/*
 * password.c - ask for a token, redeem it, change a password. None of it needs a bind: the operations carry what
 *              proves who is asking.
 */
#include "cli/cli.h"

/* Connected, and the member that the words or -D name. who->parts is to be freed. */
static int
begin(struct session *s, struct who *who, struct directory_target *target)
{
	int status = who_parse_words(s, who);

	if (status != EXIT_DONE)
		return status;
	who_target(who, target);
	return session_connect(s);
}

static json_t *
target_json(const struct directory_target *target)
{
	return json_pack("{s:o, s:o, s:o}", "dn", json_text(target->dn), "organization",
	                 json_text(target->organization), "login", json_text(target->login));
}

int
password_reset(struct session *s)
{
	struct directory_target target;
	struct who who;
	int r, status;

	status = begin(s, &who, &target);
	if (status == EXIT_DONE) {
		r = directory_request_reset(s->d, &target);
		status = r != 0 ? say_failure(s, r, "the request was not taken")
		                : print_done(s, target_json(&target),
		                             "if there is such a member, a mail with a token is on its way");
	}
	who_free(&who);
	return status;
}

int
password_redeem(struct session *s)
{
	struct directory_target target;
	struct secret *token = NULL, *password = NULL;
	struct who who;
	int r, status;

	status = begin(s, &who, &target);
	if (status == EXIT_DONE)
		status = prompt_secret("Token from the mail: ", &token);
	if (status == EXIT_DONE)
		status = prompt_new_password(&password);
	if (status == EXIT_DONE) {
		r = directory_redeem(s->d, &target, token, password);
		if (r == ERR_REFUSED)
			say_error("the token is wrong, spent or expired; ask for a new one: \"muster password reset\"");
		status = r == ERR_REFUSED ? EXIT_REFUSED
		         : r != 0         ? say_failure(s, r, "the password was not set")
		                          : print_done(s, target_json(&target), "the password is set");
	}
	secret_free(&token);
	secret_free(&password);
	who_free(&who);
	return status;
}

static int
change(struct session *s, const struct directory_target *target, const struct secret *old_password,
       const struct secret *new_password)
{
	enum factor_state state;
	struct secret *code = NULL;
	int r, status;

	r = directory_change_password(s->d, target, old_password, NULL, new_password, &state);
	if (r == ERR_REFUSED && state == FACTOR_CODE_REQUIRED) {
		status = prompt_secret("One-time code: ", &code);
		if (status != EXIT_DONE)
			return status;
		r = directory_change_password(s->d, target, old_password, code, new_password, &state);
		secret_free(&code);
	}
	if (r == ERR_REFUSED) {
		say_error("the current password or the code is wrong; nothing was changed");
		return EXIT_REFUSED;
	}
	if (r != 0)
		return say_failure(s, r, "the password was not changed");
	return print_done(s, target_json(target), "the password is changed");
}

int
password_change(struct session *s)
{
	struct directory_target target;
	struct secret *old_password = NULL, *new_password = NULL;
	struct who who;
	int status;

	status = begin(s, &who, &target);
	if (status == EXIT_DONE)
		status = prompt_secret("Current password: ", &old_password);
	if (status == EXIT_DONE)
		status = prompt_new_password(&new_password);
	if (status == EXIT_DONE)
		status = change(s, &target, old_password, new_password);
	secret_free(&old_password);
	secret_free(&new_password);
	who_free(&who);
	return status;
}
