/*
 * app_password.c - passwords of programs: recognized at a bind, noted when used, gone with the password they stood in for.
 *
 * What is typed at a bind is told from a password by its shape. A right one needs no Argon2 run; anything else, a right one that
 * must not be used here and now too, is judged as the password it is not, which takes the time and gives the answer of one.
 */
#include "slapd/app_password.h"

#include "common/err.h"
#include "core/network.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/networks.h"
#include "slapd/verify.h"

#define USED_EVERY_SEC 3600

/* find - the app password that was typed. error: ERR_NOT_FOUND */
static int
find(struct muster *m, const struct member *member, const struct berval *typed, struct apppw *out)
{
	enum verdict verdict;
	struct apppw one;
	int i, found = 0;

	for (i = 0; member->app_passwords != NULL && !BER_BVISNULL(&member->app_passwords[i]); i++) {
		const struct berval *value = &member->app_passwords[i];

		if (apppw_parse(value->bv_val, value->bv_len, &one) != 0 ||
		    apppw_check(&one, m->ring, member->uuid, typed->bv_val, typed->bv_len, &verdict) != 0 ||
		    verdict != VERDICT_ALLOW)
			continue;
		*out = one;
		found = 1;
	}
	return found ? 0 : ERR_NOT_FOUND;
}

int
app_password_match(Operation *op, struct muster *m, const struct member *member, const struct berval *typed,
                   char id_out[APPPW_ID_LEN + 1])
{
	static const struct berval no_rhost = BER_BVNULL;
	struct network_address address;
	const char *rule;
	struct apppw pw;

	id_out[0] = '\0';
	if (!apppw_looks_like(typed->bv_val, typed->bv_len) || member == NULL || m->ring == NULL ||
	    find(m, member, typed, &pw) != 0)
		return 0;
	/* It stands in for a password that could be used: without one, or with one that could not, it is good for nothing. */
	if (member->passwords == NULL || !member->may_auth || member->policy.max_app_passwords == 0 ||
	    verify_standing(member, (int64_t)slap_get_time(), &rule) != VERIFY_OK)
		return 0;
	client_address(op, &address);
	if (!networks_allow(op, &member->policy, &no_rhost) || !apppw_allows(&pw, &address))
		return 0;
	memcpy(id_out, pw.id, sizeof(pw.id));
	return 1;
}

int
app_password_is_there(const struct member *member, const char *id)
{
	struct apppw pw;
	int i;

	for (i = 0; member->app_passwords != NULL && !BER_BVISNULL(&member->app_passwords[i]); i++)
		if (apppw_parse(member->app_passwords[i].bv_val, member->app_passwords[i].bv_len, &pw) == 0 &&
		    strcmp(pw.id, id) == 0)
			return 1;
	return 0;
}

/* used_last - when the entry says that an app password was used, -1 for never */
static int64_t
used_last(const struct member *member, const char *id)
{
	char one[APPPW_ID_LEN + 1];
	int64_t when, last = -1;
	int i;

	for (i = 0; member->app_passwords_used != NULL && !BER_BVISNULL(&member->app_passwords_used[i]); i++) {
		const struct berval *value = &member->app_passwords_used[i];

		if (apppw_used_parse(value->bv_val, value->bv_len, one, &when) == 0 && strcmp(one, id) == 0 && when > last)
			last = when;
	}
	return last;
}

void
app_password_forget_use(const struct member *member, const char *id, Modifications **mods)
{
	char one[APPPW_ID_LEN + 1];
	int64_t when;
	int i;

	for (i = 0; member->app_passwords_used != NULL && !BER_BVISNULL(&member->app_passwords_used[i]); i++) {
		const struct berval *value = &member->app_passwords_used[i];

		/* A value nobody can read is of no use to anybody. */
		if (apppw_used_parse(value->bv_val, value->bv_len, one, &when) != 0 || strcmp(one, id) == 0)
			mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.app_password_used, value);
	}
}

void
app_password_used(const struct member *member, const char *id, int64_t now, Modifications **mods)
{
	int64_t last = used_last(member, id);
	char text[APPPW_USED_MAX];
	struct berval value;

	/* A time in the future is one from before the clock was put right. */
	if ((last >= 0 && last <= now && now - last < USED_EVERY_SEC) || apppw_used_format(id, now, text) != 0)
		return;
	app_password_forget_use(member, id, mods);
	ber_str2bv(text, 0, 0, &value);
	/* Another login with it may have written the same this very second. */
	mods_add(mods, SLAP_MOD_SOFTADD, muster_ad.app_password_used, &value);
}

void
app_passwords_forget(const struct member *member, Modifications **mods)
{
	/* Whether there are any or not: one may be made at this very moment. */
	mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.app_password, NULL);
	if (member->app_passwords_used != NULL)
		mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.app_password_used, NULL);
}
