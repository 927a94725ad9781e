/*
 * codes.c - which code is for what, and what a member's entry says about codes.
 */
#include "slapd/codes.h"

#include "common/address.h"
#include "common/err.h"
#include "common/secret.h"
#include "core/token.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

const struct code_kind code_kinds[CODES] = {
	[CODE_MAIL] = { "verify-mail", "mail", "mail", 1 },
	[CODE_MOBILE] = { "verify-mobile", "mobile", "mobile", 1 },
	[CODE_LOGIN_MAIL] = { "login-mail", "login-mail", "login", 0 },
	[CODE_LOGIN_MOBILE] = { "login-mobile", "login-mobile", "login", 1 },
};

int
code_of_record(const char *kind, enum code *code_out)
{
	int i;

	for (i = 0; i < CODES; i++) {
		if (strcmp(code_kinds[i].record, kind) == 0) {
			*code_out = (enum code)i;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

int
code_same(const struct berval *a, const struct berval *b)
{
	return !BER_BVISEMPTY(a) && address_same_mail(a->bv_val, a->bv_len, b->bv_val, b->bv_len);
}

int
code_is_number(const struct berval *number)
{
	return !BER_BVISEMPTY(number) && strlen(number->bv_val) == number->bv_len && address_is_number(number->bv_val);
}

void
code_target(const struct member *member, enum code code, struct berval *target_out)
{
	BER_BVZERO(target_out);
	switch (code) {
	case CODE_MAIL:
		if (!BER_BVISEMPTY(&member->pending_mail))
			*target_out = member->pending_mail;
		else if (!member->has_mail_verified)
			*target_out = member->mail;
		break;
	case CODE_MOBILE:
		if (!BER_BVISEMPTY(&member->pending_mobile))
			*target_out = member->pending_mobile;
		else if (!member->has_mobile_verified)
			*target_out = member->mobile;
		break;
	case CODE_LOGIN_MAIL:
		*target_out = member->pending_login;
		break;
	case CODE_LOGIN_MOBILE:
		/* To a number that was proved, else whoever wrote it could change the login. */
		if (!BER_BVISEMPTY(&member->pending_login) && member->has_mobile_verified)
			*target_out = member->mobile;
		break;
	case CODES:
		break;
	}
}

void
code_count_read(const struct member *member, enum code code, int64_t now, struct codecount *count_out,
                const struct berval **stored_out)
{
	const char *purpose = code_kinds[code].count;
	int i;

	*stored_out = NULL;
	for (i = 0; member->code_counts != NULL && !BER_BVISNULL(&member->code_counts[i]); i++) {
		const struct berval *value = &member->code_counts[i];
		int r = codecount_parse(value->bv_val, value->bv_len, now, count_out);

		if (r == 0 && strcmp(count_out->purpose, purpose) != 0)
			continue;
		/* What cannot be read may be of this purpose: it holds until it is repaired. */
		snprintf(count_out->purpose, sizeof(count_out->purpose), "%s", purpose);
		*stored_out = value;
		codecount_age(count_out, now);
		return;
	}
	codecount_new(purpose, count_out);
}

void
code_count_plan(const struct codecount *count, const struct berval *stored, Modifications **mods)
{
	char text[CODECOUNT_TEXT_MAX];

	if (stored != NULL)
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.code_count, stored);
	if (codecount_format(count, text) == 0 && count->wrong + count->sent > 0)
		mods_add_text(mods, LDAP_MOD_ADD, muster_ad.code_count, text);
}

const struct berval *
code_challenge(const struct member *member, enum code code, struct challenge *ch_out)
{
	int i;

	for (i = 0; member->challenges != NULL && !BER_BVISNULL(&member->challenges[i]); i++) {
		if (challenge_parse(member->challenges[i].bv_val, member->challenges[i].bv_len, ch_out) == 0 &&
		    strcmp(ch_out->purpose, code_kinds[code].purpose) == 0)
			return &member->challenges[i];
	}
	memset(ch_out, 0, sizeof(*ch_out));
	return NULL;
}

enum code_verdict
code_check(struct muster *m, const struct member *member, enum code code, const struct berval *typed, int64_t now,
           const struct berval **stored_out)
{
	const struct berval *stored;
	enum verdict verdict;
	struct berval target;
	struct challenge ch;
	int r;

	*stored_out = NULL;
	code_target(member, code, &target);
	stored = code_challenge(member, code, &ch);
	/* It proves where it went, nothing else. */
	if (stored == NULL || !address_same_mail(target.bv_val, target.bv_len, ch.address, strlen(ch.address)))
		return CODE_NONE;
	r = challenge_check(&ch, m->ring, code_kinds[code].purpose, member->uuid, strlen(member->uuid), typed->bv_val,
	                    typed->bv_len, now, &verdict);
	secret_wipe_object(&ch);
	if (r == ERR_EXPIRED)
		return CODE_LATE;
	if (r != 0)
		return CODE_NONE;
	if (verdict != VERDICT_ALLOW)
		return CODE_WRONG;
	*stored_out = stored;
	return CODE_RIGHT;
}

void
code_challenges_keep(const struct member *member, const int keep[CODES], Modifications **mods)
{
	struct challenge ch;
	int i, code, kept;

	for (i = 0; member->challenges != NULL && !BER_BVISNULL(&member->challenges[i]); i++) {
		kept = 0;
		if (challenge_parse(member->challenges[i].bv_val, member->challenges[i].bv_len, &ch) == 0)
			for (code = 0; code < CODES; code++)
				kept |= keep[code] && strcmp(ch.purpose, code_kinds[code].purpose) == 0;
		if (!kept)
			mods_add(mods, LDAP_MOD_DELETE, muster_ad.challenge, &member->challenges[i]);
	}
}

void
code_challenge_forget(const struct member *member, enum code code, Modifications **mods)
{
	struct challenge ch;
	int i;

	for (i = 0; member->challenges != NULL && !BER_BVISNULL(&member->challenges[i]); i++)
		if (challenge_parse(member->challenges[i].bv_val, member->challenges[i].bv_len, &ch) == 0 &&
		    strcmp(ch.purpose, code_kinds[code].purpose) == 0)
			mods_add(mods, LDAP_MOD_DELETE, muster_ad.challenge, &member->challenges[i]);
}
