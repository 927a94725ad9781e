/*
 * test_payment.c - what a provider says of a card or a bank account counts only when all of it is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/payment.h"

#define NOW 1856430000LL /* 2028-10-29 */

static const struct payment card = { .state = "active", .kind = "card", .token = "tok_8Zq", .brand = "Visa", .last_four = "1111",
	                             .expiry = "2029-01" };
static const struct payment bank = { .state = "active", .kind = "bank-transfer", .token = "ba_77", .brand = "Kookmin",
	                             .last_four = "0042" };

static enum payment_state
judge(const struct payment *p, enum payment_kind asked, int business)
{
	const struct payment_filed filed = { .kind = asked, .business = business, .authenticating = 1 };
	const char *reason;
	enum payment_state state = payment_judge(p, &filed, NOW, &reason);

	assert_int_equal(*reason != '\0', state == PAYMENT_REFUSED);
	return state;
}

static enum payment_state
judge_card(const struct payment *p)
{
	return judge(p, PAYMENT_CARD, 0);
}

static void
words(void **state)
{
	(void)state;
	assert_int_equal(payment_kind("Card", 4), PAYMENT_CARD);
	assert_int_equal(payment_kind("bank-transfer", 13), PAYMENT_BANK_TRANSFER);
	assert_int_equal(payment_kind("bank", 4), PAYMENT_NO_KIND);
	assert_int_equal(payment_kind("", 0), PAYMENT_NO_KIND);
	assert_int_equal(payment_state("pending", 7), PAYMENT_PENDING);
	assert_int_equal(payment_state("ACTIVE", 6), PAYMENT_ACTIVE);
	assert_int_equal(payment_state("activex", 6), PAYMENT_ACTIVE);
	assert_int_equal(payment_state("activex", 7), PAYMENT_NO_STATE);
	assert_string_equal(payment_kind_text(PAYMENT_BANK_TRANSFER), "bank-transfer");
	assert_string_equal(payment_kind_text(PAYMENT_NO_KIND), "");
	assert_string_equal(payment_state_text(PAYMENT_AUTHENTICATE), "authenticate");
	assert_string_equal(payment_state_text((enum payment_state)17), "");
}

static void
a_card_is_good_to_the_end_of_its_month(void **state)
{
	static const char *const none[] = { "", "2028-1", "2028-13", "2028-00", "2028/12", "28-12", "2028-12 ", "1999-12", "9999-01",
		"+028-12", "2028-1a" };
	int64_t over;
	size_t i;

	(void)state;
	assert_int_equal(payment_expiry("2028-10", 7, &over), 0);
	assert_int_equal(over, 1856649600); /* 2028-11-01T00:00:00Z */
	assert_int_equal(payment_expiry("2028-12", 7, &over), 0);
	assert_int_equal(over, 1861920000); /* 2029-01-01T00:00:00Z */
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(payment_expiry(none[i], strlen(none[i]), &over), ERR_INPUT);
		assert_int_equal(over, 0);
	}
}

static void
facts_by_name(void **state)
{
	struct payment p = { .state = "" };
	char text[PAYMENT_URL_MAX + 1];
	const char *value;
	size_t i;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(payment_set(&p, "last_four", 9, "1234", 4), 0);
	assert_string_equal(p.last_four, "1234");
	assert_int_equal(payment_set(&p, "last_four", 9, "5678", 4), ERR_INPUT);
	assert_string_equal(p.last_four, "1234");
	assert_int_equal(payment_set(&p, "expiry", 6, "2028-12-01", 10), ERR_RANGE);
	assert_int_equal(payment_set(&p, "brand", 5, "Vi\nsa", 5), ERR_INPUT);
	assert_int_equal(payment_set(&p, "brand", 5, "Vi\0sa", 5), ERR_INPUT);
	assert_int_equal(payment_set(&p, "brand", 5, "\xff", 1), ERR_INPUT);
	assert_int_equal(payment_set(&p, "number", 6, "1", 1), ERR_NOT_FOUND);
	assert_int_equal(payment_set(&p, "stat", 4, "active", 6), ERR_NOT_FOUND);
	assert_int_equal(payment_set(&p, "url", 3, text, PAYMENT_URL_MAX + 1), ERR_RANGE);
	assert_int_equal(payment_set(&p, "url", 3, text, PAYMENT_URL_MAX), 0);
	for (i = 0; payment_name(&p, i, &value) != NULL; i++)
		assert_int_equal(*value != '\0', strcmp(payment_name(&p, i, &value), "url") == 0 || value == p.last_four);
	assert_int_equal(i, 8);
}

static void
a_card_that_counts(void **state)
{
	struct payment p = card;

	(void)state;
	assert_int_equal(judge_card(&p), PAYMENT_ACTIVE);
	strcpy(p.expiry, "2028-10");
	assert_int_equal(judge_card(&p), PAYMENT_ACTIVE);
	strcpy(p.brand, "\xec\x8b\xa0\xed\x95\x9c");
	assert_int_equal(judge_card(&p), PAYMENT_ACTIVE);
	assert_int_equal(judge(&bank, PAYMENT_BANK_TRANSFER, 1), PAYMENT_ACTIVE);
}

/* change - a card with one fact changed */
static enum payment_state
changed(const char *name, const char *value)
{
	struct payment p = card;
	const char *field;
	size_t i;

	for (i = 0; strcmp(payment_name(&p, i, &field), name) != 0; i++)
		;
	memset((char *)(uintptr_t)field, 0, strlen(field));
	assert_int_equal(payment_set(&p, name, strlen(name), value, strlen(value)), 0);
	return judge_card(&p);
}

static void
a_card_that_does_not(void **state)
{
	(void)state;
	assert_int_equal(changed("expiry", "2028-09"), PAYMENT_REFUSED);
	assert_int_equal(changed("expiry", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("last_four", "111"), PAYMENT_REFUSED);
	assert_int_equal(changed("last_four", "11a1"), PAYMENT_REFUSED);
	assert_int_equal(changed("last_four", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("brand", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("token", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("token", "tok 8"), PAYMENT_REFUSED);
	assert_int_equal(changed("kind", "debit"), PAYMENT_REFUSED);
	assert_int_equal(changed("kind", "Check-Card"), PAYMENT_REFUSED);
	assert_int_equal(changed("kind", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("kind", "bank-transfer"), PAYMENT_REFUSED);
	assert_int_equal(changed("state", "pending"), PAYMENT_REFUSED);
	assert_int_equal(changed("state", "fine"), PAYMENT_REFUSED);
	assert_int_equal(changed("state", ""), PAYMENT_REFUSED);
	assert_int_equal(changed("token", "tok_4111111111111111"), PAYMENT_REFUSED);
	assert_int_equal(changed("brand", "Visa 4111 1111 1111 1111"), PAYMENT_REFUSED);
	assert_int_equal(changed("url", "https://pay.example/?n=4111-1111-1111-1111"), PAYMENT_REFUSED);
	assert_int_equal(changed("token", "tok_4111111111111112"), PAYMENT_ACTIVE);
}

static void
bank_transfer_is_for_business(void **state)
{
	struct payment p = bank;

	(void)state;
	assert_int_equal(judge(&bank, PAYMENT_BANK_TRANSFER, 0), PAYMENT_REFUSED);
	assert_int_equal(judge(&bank, PAYMENT_CARD, 1), PAYMENT_REFUSED);
	assert_int_equal(judge(&bank, PAYMENT_NO_KIND, 1), PAYMENT_REFUSED);
	strcpy(p.expiry, "2029-01");
	assert_int_equal(judge(&p, PAYMENT_BANK_TRANSFER, 1), PAYMENT_REFUSED);
	p = bank;
	strcpy(p.last_four, "42");
	assert_int_equal(judge(&p, PAYMENT_BANK_TRANSFER, 1), PAYMENT_REFUSED);
	p.last_four[0] = '\0';
	p.brand[0] = '\0';
	assert_int_equal(judge(&p, PAYMENT_BANK_TRANSFER, 1), PAYMENT_ACTIVE);
}

static void
kinds_that_are_filed(void **state)
{
	(void)state;
	assert_null(payment_kind_wrong("card", 4, 0));
	assert_null(payment_kind_wrong("Card", 4, 1));
	assert_null(payment_kind_wrong("bank-transfer", 13, 1));
	assert_non_null(strstr(payment_kind_wrong("bank-transfer", 13, 0), "business"));
	assert_non_null(strstr(payment_kind_wrong("Debit", 5, 1), "debit"));
	assert_non_null(strstr(payment_kind_wrong("check-card", 10, 0), "debit"));
	assert_non_null(strstr(payment_kind_wrong("debitx", 6, 0), "use card"));
	assert_non_null(payment_kind_wrong("", 0, 0));
}

static void
a_bank_transfer_is_authenticated_first(void **state)
{
	struct payment_filed filed = { .kind = PAYMENT_BANK_TRANSFER, .business = 1 };
	const char *reason;

	(void)state;
	assert_int_equal(payment_judge(&bank, &filed, NOW, &reason), PAYMENT_REFUSED);
	assert_non_null(strstr(reason, "authenticated"));
	filed.authenticating = 1;
	assert_int_equal(payment_judge(&bank, &filed, NOW, &reason), PAYMENT_ACTIVE);
	filed = (struct payment_filed){ .kind = PAYMENT_CARD };
	assert_int_equal(payment_judge(&card, &filed, NOW, &reason), PAYMENT_ACTIVE);
}

static void
to_be_authenticated(void **state)
{
	struct payment p = { .state = "authenticate", .kind = "card", .url = "https://pay.example/3ds?id=7" };

	(void)state;
	assert_int_equal(judge_card(&p), PAYMENT_AUTHENTICATE);
	strcpy(p.url, "http://pay.example/");
	assert_int_equal(judge_card(&p), PAYMENT_REFUSED);
	strcpy(p.url, "https://pay.example/ x");
	assert_int_equal(judge_card(&p), PAYMENT_REFUSED);
	strcpy(p.url, "https://");
	assert_int_equal(judge_card(&p), PAYMENT_REFUSED);
	strcpy(p.url, "https://pay.example/");
	strcpy(p.kind, "debit");
	assert_int_equal(judge_card(&p), PAYMENT_REFUSED);
}

static void
reasons(void **state)
{
	struct payment p = { .state = "refused", .reason = "insufficient funds" };
	const struct payment_filed filed = { .kind = PAYMENT_CARD };
	const char *reason;

	(void)state;
	payment_judge(&p, &filed, NOW, &reason);
	assert_string_equal(reason, "insufficient funds");
	strcpy(p.kind, "debit");
	payment_judge(&p, &filed, NOW, &reason);
	assert_non_null(strstr(reason, "debit"));
	p.reason[0] = p.kind[0] = '\0';
	payment_judge(&p, &filed, NOW, &reason);
	assert_string_equal(reason, "the payment provider refused it");
	strcpy(p.reason, "no: 4111 1111 1111 1111");
	payment_judge(&p, &filed, NOW, &reason);
	assert_null(strstr(reason, "4111"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(a_card_is_good_to_the_end_of_its_month),
		cmocka_unit_test(facts_by_name),
		cmocka_unit_test(a_card_that_counts),
		cmocka_unit_test(a_card_that_does_not),
		cmocka_unit_test(bank_transfer_is_for_business),
		cmocka_unit_test(kinds_that_are_filed),
		cmocka_unit_test(a_bank_transfer_is_authenticated_first),
		cmocka_unit_test(to_be_authenticated),
		cmocka_unit_test(reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
