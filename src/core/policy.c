/*
 * policy.c - numbers of a policy.
 */
#include "core/policy.h"

#include "common/err.h"
#include "common/text.h"

const struct policy_limits policy_limits[POLICY_NUMBERS] = {
	[POLICY_MIN_LENGTH] = { "pwdMinLength", 1, 256, 8 },
	[POLICY_MAX_LENGTH] = { "pwdMaxLength", 1, 256, 16 },
	[POLICY_MIN_LENGTH_FACTOR] = { "musterPwdMinLengthFactor", 1, 256, 0 },
	[POLICY_IN_HISTORY] = { "pwdInHistory", 0, 24, 2 },
	[POLICY_MAX_AGE] = { "pwdMaxAge", 0, 315360000, 0 },
	[POLICY_MAX_FAILURE] = { "pwdMaxFailure", 1, 100, 5 },
	[POLICY_MIN_DELAY] = { "pwdMinDelay", 1, 86400, 1 },
	[POLICY_MAX_DELAY] = { "pwdMaxDelay", 1, 86400, 900 },
	[POLICY_LOCKOUT_DURATION] = { "pwdLockoutDuration", 0, 31536000, 0 },
	[POLICY_DAILY_PASSWORD_FAILURES] = { "musterDailyPasswordFailures", 10, 1000, 100 },
	[POLICY_DAILY_CODE_FAILURES] = { "musterDailyCodeFailures", 1, 50, 50 },
	[POLICY_CODE_WINDOW] = { "musterCodeWindow", 0, 10, 1 },
	[POLICY_MAX_APP_PASSWORDS] = { "musterMaxAppPasswords", 0, 50, 10 },
	[POLICY_TOKEN_LIFETIME] = { "musterTokenLifetime", 60, 86400, 3600 },
};

int
policy_number_read(enum policy_number which, const char *text, size_t len, int64_t *number_out)
{
	const struct policy_limits *limits = &policy_limits[which];
	int64_t number;

	*number_out = limits->absent;
	if (text == NULL)
		return 0;
	if (text_number(text, len, limits->min, limits->max, &number) != 0)
		return ERR_RANGE;
	*number_out = number;
	return 0;
}

const char *
policy_numbers_complete(int64_t numbers[POLICY_NUMBERS])
{
	if (numbers[POLICY_MIN_LENGTH_FACTOR] == 0)
		numbers[POLICY_MIN_LENGTH_FACTOR] = numbers[POLICY_MIN_LENGTH];
	if (numbers[POLICY_MIN_LENGTH] > numbers[POLICY_MAX_LENGTH])
		return "pwdMinLength is more than pwdMaxLength";
	if (numbers[POLICY_MIN_LENGTH_FACTOR] > numbers[POLICY_MIN_LENGTH])
		return "musterPwdMinLengthFactor is more than pwdMinLength";
	if (numbers[POLICY_MIN_DELAY] > numbers[POLICY_MAX_DELAY])
		return "pwdMinDelay is more than pwdMaxDelay";
	return NULL;
}
