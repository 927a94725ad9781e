/*
 * fuzz_budget.c - musterLoginState as somebody with write access to the database could put it there: what is read is what
 *                 would be written, and no failure after it leads to a text that cannot be read or to a shorter delay.
 */
#include <stdlib.h>
#include <string.h>

#include "core/budget.h"

#define NOW 1800000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct budget_limits limits = { .threshold = 1, .min_delay_sec = 60, .max_delay_sec = 900,
		                                     .daily = { 100, 50 } };
	static const struct budget_from from = { .id = "fuzz_AAAAAAAAAAA" };
	char text[BUDGET_TEXT_MAX];
	struct budget b, again;

	if (budget_parse((const char *)data, size, &b) < 0)
		return 0;
	budget_format(&b, text);
	if (strlen(text) != size || memcmp(text, data, size) != 0)
		abort();
	(void)budget_throttled(&b, BUDGET_CODE, &limits, &from, NOW);
	(void)budget_fail(&b, BUDGET_CODE, &limits, &from, NOW);
	if (!budget_throttled(&b, BUDGET_CODE, &limits, &from, NOW + 59))
		abort();
	budget_format(&b, text);
	if (budget_parse(text, strlen(text), &again) < 0)
		abort();
	budget_login(&b, &from);
	return 0;
}
