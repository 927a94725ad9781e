/*
 * totp.c - time-based one-time passwords: codes and their check.
 */
#include "core/totp.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <string.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/init.h"

_Static_assert(TOTP_DIGITS >= 6 && TOTP_DIGITS <= 8, "liboath makes 6 to 8 digits");

int
totp_code(const uint8_t *seed, size_t seed_len, int64_t step, char code_out[TOTP_DIGITS + 1])
{
	int r;

	memset(code_out, 0, TOTP_DIGITS + 1);
	if (seed_len < TOTP_SEED_MIN || seed_len > TOTP_SEED_MAX || step < 0)
		return ERR_RANGE;
	r = core_init();
	if (r != 0)
		return r;
	if (oath_hotp_generate((const char *)seed, seed_len, (uint64_t)step, TOTP_DIGITS, false,
	                       OATH_HOTP_DYNAMIC_TRUNCATION, code_out) != OATH_OK) {
		memset(code_out, 0, TOTP_DIGITS + 1);
		return ERR_INTERNAL;
	}
	return 0;
}

static int
is_code(const uint8_t *typed, size_t len)
{
	size_t i;

	if (len != TOTP_DIGITS)
		return 0;
	for (i = 0; i < len; i++)
		if (typed[i] < '0' || typed[i] > '9')
			return 0;
	return 1;
}

int
totp_check(const uint8_t *seed, size_t seed_len, const uint8_t *typed, size_t typed_len,
           const struct totp_window *window, enum totp_match *match_out, int64_t *step_out)
{
	char code[TOTP_DIGITS + 1];
	int64_t current = window->now / TOTP_PERIOD_SEC;
	int64_t first, step, fresh = -1;
	int spent = 0;
	int r;

	*match_out = TOTP_WRONG;
	*step_out = -1;
	if (window->now < 0 || window->back_steps > TOTP_BACK_MAX || seed_len < TOTP_SEED_MIN || seed_len > TOTP_SEED_MAX)
		return ERR_RANGE;
	if (!is_code(typed, typed_len))
		return 0;
	first = current < (int64_t)window->back_steps ? 0 : current - (int64_t)window->back_steps;
	for (step = first; step <= current; step++) {
		r = totp_code(seed, seed_len, step, code);
		if (r != 0)
			goto out;
		if (!secret_equal(code, TOTP_DIGITS, typed, typed_len))
			continue;
		if (step <= window->last_step)
			spent = 1;
		else
			fresh = step;
	}
	r = 0;
	/* two steps can have the same digits: what somebody may have seen being typed stays spent */
	if (spent)
		*match_out = TOTP_SPENT;
	else if (fresh >= 0) {
		*match_out = TOTP_RIGHT;
		*step_out = fresh;
	}
out:
	secret_wipe_array(code);
	return r;
}

void
totp_seed_new(uint8_t seed_out[TOTP_SEED_MIN])
{
	core_init_random();
	randombytes_buf(seed_out, TOTP_SEED_MIN);
}
