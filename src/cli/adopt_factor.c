/*
 * adopt_factor.c - second factors of slapo-otp: a seed in the entry of a token, or in the person's own, becomes that of the member.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"
#include "core/seal.h"
#include "core/totp.h"

#define HMAC_SHA1 "1.2.840.113549.2.7"
/* Members who were given a seed have that class as well. */
#define TOKEN_FILTER "(&(objectClass=oathTOTPToken)(oathSecret=*)(!(objectClass=musterMember))(!(objectClass=musterAccount)))"

static const char *const token_attrs[] = { "oathSecret", "oathTOTPParams", "oathTOTPLastTimeStep", "hasSubordinates", "objectClass", NULL };

/* --- looked at -------------------------------------------------------------------------------------------------- */

/* check_value - what slapo-otp computes codes with has to be what we do */
static int
check_value(struct adopt *a, const char *dn, const struct directory_entry *params, const char *attribute, const char *ours)
{
	const char *value = directory_value(params, attribute);

	if (value != NULL && strcmp(value, ours) == 0)
		return 1;
	adopt_say(a, ADOPT_CONFLICT, dn, "its codes have %s %s, not %s: take oathTOTPToken and oathTOTPUser away, and have it enrol anew",
	          attribute, value != NULL ? value : "(none)", ours);
	return 0;
}

static int
check_params(struct adopt *a, const char *dn, const struct directory_entry *token)
{
	static const char *const attrs[] = { "oathOTPLength", "oathHMACAlgorithm", "oathTOTPTimeStepPeriod", NULL };
	const char *named = directory_value(token, "oathTOTPParams");
	struct directory_entry *params = NULL;
	int r = named != NULL ? directory_read(a->s->d, named, attrs, &params) : ERR_NOT_FOUND;

	if (r == ERR_NOT_FOUND)
		adopt_say(a, ADOPT_CONFLICT, dn, "how its codes are computed (oathTOTPParams) is not there: take oathTOTPToken and "
		          "oathTOTPUser away, and have it enrol anew");
	else if (r == 0 && check_value(a, dn, params, "oathOTPLength", "6") && check_value(a, dn, params, "oathHMACAlgorithm", HMAC_SHA1))
		(void)check_value(a, dn, params, "oathTOTPTimeStepPeriod", "30");
	directory_entry_free(&params);
	return r == ERR_NOT_FOUND ? 0 : r;
}

static void
check_seed(struct adopt *a, const struct adoptee *one, const struct directory_entry *token)
{
	const struct directory_attribute *seed = directory_attribute(token, "oathSecret");
	const char *below = directory_value(token, "hasSubordinates");

	if (seed == NULL || seed->values_len == 0)
		adopt_say(a, ADOPT_CONFLICT, one->dn, "the seed in %s is not there, or not to be read as %s: run this as root on the server",
		          token->dn, a->me);
	else if (!(one->token_is_own && seal_is_sealed((const char *)seed->values[0].data, seed->values[0].len)) &&
	         (seed->values[0].len < TOTP_SEED_MIN || seed->values[0].len > TOTP_SEED_MAX))
		adopt_say(a, ADOPT_CONFLICT, one->dn, "its seed has %zu octets, not %d to %d: take oathTOTPToken and oathTOTPUser away, and have "
		          "it enrol anew", seed->values[0].len, TOTP_SEED_MIN, TOTP_SEED_MAX);
	if (!one->token_is_own && below != NULL && strcasecmp(below, "TRUE") == 0)
		adopt_say(a, ADOPT_CONFLICT, one->dn, "%s, which has its seed, has entries below it: move them", token->dn);
}

/* more_than_token - NULL when an entry is a token and nothing else; else what it is besides, which is nobody's to delete with it */
static const char *
more_than_token(const struct directory_entry *entry)
{
	static const char *const classes[] = { "top", "device", "organizationalRole", "applicationProcess", "oathToken", "oathTOTPToken" };
	const struct directory_attribute *has = directory_attribute(entry, "objectClass");
	size_t i, k;

	for (i = 0; has != NULL && i < has->values_len; i++) {
		for (k = 0; k < sizeof(classes) / sizeof(classes[0]); k++)
			if (strcasecmp((const char *)has->values[i].data, classes[k]) == 0)
				break;
		if (k == sizeof(classes) / sizeof(classes[0]))
			return (const char *)has->values[i].data;
	}
	return has != NULL ? NULL : "no class that is to be seen";
}

static void
check_token(struct adopt *a, const struct adoptee *one, const struct directory_entry *token)
{
	const char *more = one->token_is_own ? NULL : more_than_token(token);

	if (more != NULL)
		adopt_say(a, ADOPT_CONFLICT, one->dn, "its oathTOTPToken %s is more than a token (%s): give it one of its own", token->dn, more);
}

static int
look_at_token(struct adopt *a, struct adoptee *one)
{
	struct directory_entry *token = NULL;
	int r = directory_read(a->s->d, one->token, token_attrs, &token);

	if (r == ERR_NOT_FOUND) {
		adopt_say(a, ADOPT_CONFLICT, one->dn, "its oathTOTPToken %s is not there, or not to be seen as %s", one->token, a->me);
		return 0;
	}
	if (r == 0)
		check_token(a, one, token);
	if (r == 0)
		check_seed(a, one, token);
	if (r == 0)
		r = check_params(a, one->dn, token);
	directory_entry_free(&token);
	if (r == 0) {
		a->factors++;
		adopt_say(a, ADOPT_CHANGE, one->dn, "its second factor of slapo-otp is taken over: the seed is sealed%s%s",
		          one->token_is_own ? "" : " and goes from ", one->token_is_own ? "" : one->token);
	}
	return r;
}

/* Who names which token, in all of the directory. */
struct naming {
	struct adopt *a;
	json_t *names; /* [DN, ...] of those who name it, by adopt_key() of the token */
};

static int
look_at_naming(const struct directory_entry *entry, void *arg)
{
	const struct directory_attribute *tokens = directory_attribute(entry, "oathTOTPToken");
	struct naming *naming = arg;
	json_t *list;
	size_t i;
	char *key;

	for (i = 0; tokens != NULL && i < tokens->values_len; i++) {
		key = adopt_key((const char *)tokens->values[i].data);
		list = key != NULL ? json_object_get(naming->names, key) : NULL;
		if (list == NULL) {
			list = json_array();
			if (key == NULL || json_object_set_new(naming->names, key, list) != 0)
				list = NULL;
		}
		free(key);
		if (list == NULL || json_array_append_new(list, json_string(entry->dn)) != 0)
			return ERR_MEMORY;
	}
	return 0;
}

/* check_alone - a factor is one person's: who shares it, here or elsewhere, would lose it */
static void
check_alone(struct adopt *a, const struct naming *naming, const struct adoptee *one)
{
	char *key = adopt_key(one->token);
	json_t *list = key != NULL ? json_object_get(naming->names, key) : NULL, *row;
	size_t i;

	if (list == NULL)
		a->short_of_memory = 1;
	json_array_foreach(list, i, row)
		if (!directory_dn_equal(json_string_value(row), one->dn))
			adopt_say(a, ADOPT_CONFLICT, one->dn, "shares its second factor %s with %s: give each its own", one->token,
			          json_string_value(row));
	free(key);
}

/* look_at_spare - a run that was interrupted leaves one, which would stay in the clear */
static int
look_at_spare(const struct directory_entry *entry, void *arg)
{
	struct naming *naming = arg;
	char *key = adopt_key(entry->dn);

	if (key != NULL && json_object_get(naming->names, key) == NULL)
		adopt_say(naming->a, ADOPT_NOTE, entry->dn, "holds a seed of slapo-otp that nobody names: delete it");
	free(key);
	return 0;
}

int
adopt_look_at_factors(struct adopt *a)
{
	static const char *const attrs[] = { "oathTOTPToken", NULL }, *const none[] = { "1.1", NULL };
	struct naming naming = { a, json_object() };
	int r = directory_search_paged(a->s->d, a->s->base, SCOPE_SUB, "(oathTOTPToken=*)", attrs, look_at_naming, &naming);
	size_t i;

	for (i = 0; i < a->persons_len && r == 0; i++) {
		struct adoptee *one = &a->persons[i];

		if (one->hotp)
			adopt_say(a, ADOPT_CONFLICT, one->dn, "its second factor counts (HOTP): take oathHOTPToken and oathHOTPUser away, and have it "
			          "enrol anew");
		if (one->token == NULL)
			continue;
		check_alone(a, &naming, one);
		r = look_at_token(a, one);
	}
	if (r == 0)
		r = directory_search_paged(a->s->d, a->s->base, SCOPE_SUB, TOKEN_FILTER, none, look_at_spare, &naming);
	json_decref(naming.names);
	return r == 0 ? EXIT_DONE : say_failure(a->s, r, "second factors of slapo-otp");
}

/* --- taken over ------------------------------------------------------------------------------------------------- */

/*
 * move_seed - in one modification: the member has the seed, and no more a token. The server seals it. A step that was spent stays spent.
 */
static int
move_seed(struct adopt *a, const struct adoptee *one, const struct directory_entry *token)
{
	const struct directory_attribute *seed = directory_attribute(token, "oathSecret");
	struct record record = { .n = 0 };

	if (seed == NULL || seed->values_len != 1)
		return ERR_NOT_FOUND;
	record_put_values(&record, CHANGE_REPLACE, "oathSecret", seed->values, 1);
	record_put(&record, CHANGE_REPLACE, "oathTOTPLastTimeStep", directory_value(token, "oathTOTPLastTimeStep"));
	record_put_values(&record, CHANGE_DELETE, "oathTOTPToken", NULL, 0);
	if (one->is_totp_user)
		record_put(&record, CHANGE_DELETE, "objectClass", "oathTOTPUser");
	if (one->token_is_own) {
		record_put_values(&record, CHANGE_DELETE, "oathTOTPParams", NULL, 0);
		if (directory_has_class(token, "oathTOTPToken"))
			record_put(&record, CHANGE_DELETE, "objectClass", "oathTOTPToken");
	}
	return record.overflow ? ERR_RANGE : directory_repair(a->s->d, one->dn, record.changes, record.n);
}

int
adopt_take_factor(struct adopt *a, struct adoptee *one)
{
	struct directory_entry *token = NULL;
	int r, is = 0;

	if (one->token == NULL)
		return EXIT_DONE;
	r = directory_read(a->s->d, one->token, token_attrs, &token);
	if (r == 0)
		is = one->token_is_own || more_than_token(token) == NULL;
	if (r == 0 && is)
		r = move_seed(a, one, token);
	directory_entry_free(&token);
	if (r == 0 && !is) {
		say_error("%s is not the token any more that it was a moment ago; nothing of it was taken", one->token);
		return EXIT_FAILED;
	}
	if (r != 0)
		return say_failure(a->s, r, one->dn);
	/* From here on slapo-otp has nothing of it but a seed in the clear. */
	r = one->token_is_own ? 0 : directory_delete(a->s->d, one->token);
	return r == 0 || r == ERR_NOT_FOUND ? EXIT_DONE : say_failure(a->s, r, one->token);
}
