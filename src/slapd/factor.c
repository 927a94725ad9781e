/*
 * factor.c - a code against a member's second factor: which seed, which window, what was spent.
 */
#include "slapd/factor.h"

#include "common/err.h"
#include "common/secret.h"
#include "core/seal.h"
#include "slapd/member.h"
#include "slapd/muster.h"

/* tell_future - a step of the future was spent: this server's clock, or the provider's, was ahead */
static void
tell_future(Operation *op, const struct member *member, const struct totp_window *window)
{
	if (window->last_step > window->now / TOTP_PERIOD_SEC)
		Debug(LDAP_DEBUG_ANY,
		      "%s muster: %s spent a code of the future, was the clock set back? No code is good until then; "
		      "recovery codes are\n",
		      op->o_log_prefix, member->dn.bv_val);
}

int
factor_match(Operation *op, struct muster *m, const struct member *member, const struct berval *code, int64_t now,
             enum totp_match *match_out, int64_t *step_out)
{
	struct totp_window window = { .now = now, .back_steps = member->policy.code_window };
	uint8_t seed[SEAL_PLAIN_MAX];
	size_t seed_len = 0;
	int r = ERR_KEY;

	*match_out = TOTP_WRONG;
	*step_out = -1;
	if (member->seed_is_elsewhere) {
		Debug(LDAP_DEBUG_ANY, "%s muster: %s: %s\n", op->o_log_prefix, member->dn.bv_val, MEMBER_TEXT_ELSEWHERE);
		return ERR_KEY;
	}
	if (m->ring != NULL && !BER_BVISNULL(&member->seed_sealed))
		r = seal_open(m->ring, member->uuid, strlen(member->uuid), member->seed_sealed.bv_val,
		              member->seed_sealed.bv_len, seed, &seed_len);
	if (r == 0)
		r = member_last_step(member, &window.last_step);
	if (r == 0)
		r = totp_check(seed, seed_len, (const uint8_t *)code->bv_val, code->bv_len, &window, match_out, step_out);
	secret_wipe_array(seed);
	if (r < 0)
		Debug(LDAP_DEBUG_ANY, "%s muster: the second factor of %s cannot be used: %s\n", op->o_log_prefix,
		      member->dn.bv_val, err_str(r));
	else
		tell_future(op, member, &window);
	return r;
}
