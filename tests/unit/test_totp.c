/*
 * test_totp.c - codes against the RFCs' vectors, the window's edges, seeds as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "common/err.h"
#include "core/totp.h"

static const uint8_t seed[] = "12345678901234567890";
#define SEED_LEN 20

/* RFC 4226 appendix D: step 0 to 9 */
static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
	                             "254676", "287922", "162583", "399871", "520489" };

static enum totp_match
check_back(const char *typed, int64_t now, unsigned back_steps, int64_t last_step, int64_t *step)
{
	const struct totp_window window = { .now = now, .back_steps = back_steps, .last_step = last_step };
	enum totp_match match = TOTP_RIGHT;

	*step = 99;
	assert_int_equal(totp_check(seed, SEED_LEN, (const uint8_t *)typed, strlen(typed), &window, &match, step),
	                 0);
	return match;
}

static enum totp_match
check(const char *typed, int64_t now, int64_t last_step, int64_t *step)
{
	return check_back(typed, now, 1, last_step, step);
}

static void
vectors_of_rfc_4226(void **state)
{
	char code[TOTP_DIGITS + 1];
	int64_t step;

	(void)state;
	for (step = 0; step < 10; step++) {
		assert_int_equal(totp_code(seed, SEED_LEN, step, code), 0);
		assert_string_equal(code, codes[step]);
	}
}

static void
vectors_of_rfc_6238(void **state)
{
	/* appendix B, SHA-1; its eight digits end in our six */
	static const struct {
		int64_t when;
		const char *code;
	} vectors[] = {
		{ 59, "94287082" },
		{ 1111111109, "07081804" },
		{ 1111111111, "14050471" },
		{ 1234567890, "89005924" },
		{ 2000000000, "69279037" },
		{ INT64_C(20000000000), "65353130" },
	};
	char code[TOTP_DIGITS + 1];
	int64_t step;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(totp_code(seed, SEED_LEN, vectors[i].when / TOTP_PERIOD_SEC, code), 0);
		assert_string_equal(code, vectors[i].code + 2);
		assert_int_equal(check(code, vectors[i].when, -1, &step), TOTP_RIGHT);
		assert_true(step == vectors[i].when / TOTP_PERIOD_SEC);
	}
}

static void
window_is_this_step_and_the_one_before(void **state)
{
	int64_t step;

	(void)state;
	/* step 5 is 150 to 179 */
	assert_int_equal(check(codes[5], 149, -1, &step), TOTP_WRONG);
	assert_true(step == -1);
	assert_int_equal(check(codes[5], 150, -1, &step), TOTP_RIGHT);
	assert_true(step == 5);
	assert_int_equal(check(codes[5], 179, -1, &step), TOTP_RIGHT);
	assert_int_equal(check(codes[5], 180, -1, &step), TOTP_RIGHT);
	assert_true(step == 5);
	assert_int_equal(check(codes[5], 209, -1, &step), TOTP_RIGHT);
	assert_int_equal(check(codes[5], 210, -1, &step), TOTP_WRONG);
	assert_true(step == -1);
	assert_int_equal(check(codes[0], 0, -1, &step), TOTP_RIGHT);
	assert_true(step == 0);
	assert_int_equal(check(codes[0], 59, -1, &step), TOTP_RIGHT);
	assert_int_equal(check(codes[0], 60, -1, &step), TOTP_WRONG);
	assert_int_equal(check(codes[1], 0, -1, &step), TOTP_WRONG);
}

static void
window_is_what_the_policy_says(void **state)
{
	int64_t step;
	unsigned back;

	(void)state;
	assert_int_equal(check_back(codes[5], 179, 0, -1, &step), TOTP_RIGHT);
	assert_int_equal(check_back(codes[5], 180, 0, -1, &step), TOTP_WRONG);
	for (back = 0; back <= 4; back++) {
		assert_int_equal(check_back(codes[5], 179 + 30 * back, back, -1, &step), TOTP_RIGHT);
		assert_true(step == 5);
		assert_int_equal(check_back(codes[5], 180 + 30 * back, back, -1, &step), TOTP_WRONG);
		/* however wide, it never reaches into the future */
		assert_int_equal(check_back(codes[6], 179, back, -1, &step), TOTP_WRONG);
		assert_true(step == -1);
	}
	assert_int_equal(check_back(codes[0], 299, TOTP_BACK_MAX, -1, &step), TOTP_RIGHT);
	assert_true(step == 0);
	/* spent stays spent, anywhere in it */
	assert_int_equal(check_back(codes[5], 269, 3, 6, &step), TOTP_SPENT);
	assert_int_equal(check_back(codes[7], 269, 3, 6, &step), TOTP_RIGHT);
	assert_true(step == 7);
}

static void
spent_steps_stay_spent(void **state)
{
	int64_t step;

	(void)state;
	assert_int_equal(check(codes[5], 150, 5, &step), TOTP_SPENT);
	assert_true(step == -1);
	assert_int_equal(check(codes[5], 180, 5, &step), TOTP_SPENT);
	assert_int_equal(check(codes[6], 180, 5, &step), TOTP_RIGHT);
	assert_true(step == 6);
	assert_int_equal(check(codes[5], 180, 6, &step), TOTP_SPENT); /* an older code after a newer one */
	assert_int_equal(check(codes[5], 150, 4, &step), TOTP_RIGHT);
	/* the clock was set back: nothing is right until it is where it was */
	assert_int_equal(check(codes[5], 150, 125, &step), TOTP_SPENT);
	assert_int_equal(check(codes[5], 150, INT64_MAX, &step), TOTP_SPENT);
	assert_int_equal(check("000000", 150, INT64_MAX, &step), TOTP_WRONG);
}

static void
digits_seen_once_stay_spent_when_the_next_step_has_them_too(void **state)
{
	/* the first step of this seed whose code is that of the step before, found by the test itself */
	char before[TOTP_DIGITS + 1], code[TOTP_DIGITS + 1];
	enum totp_match match;
	int64_t step, found;

	(void)state;
	assert_int_equal(totp_code(seed, SEED_LEN, 0, before), 0);
	for (step = 1; step < 20000000; step++) {
		assert_int_equal(totp_code(seed, SEED_LEN, step, code), 0);
		if (strcmp(before, code) == 0)
			break;
		memcpy(before, code, sizeof(code));
	}
	assert_true(step < 20000000);
	assert_int_equal(totp_check(seed, SEED_LEN, (const uint8_t *)code, TOTP_DIGITS,
	                            &(struct totp_window){ step * TOTP_PERIOD_SEC, 1, -1 }, &match, &found), 0);
	assert_int_equal(match, TOTP_RIGHT);
	assert_true(found == step); /* the later one, so that both are spent */
	assert_int_equal(totp_check(seed, SEED_LEN, (const uint8_t *)code, TOTP_DIGITS,
	                            &(struct totp_window){ step * TOTP_PERIOD_SEC, 1, step - 1 }, &match, &found), 0);
	assert_int_equal(match, TOTP_SPENT);
	assert_true(found == -1);
}

static void
only_six_digits_are_a_code(void **state)
{
	static const char *const bad[] = { "", "28708", "2870820", "28708 ", " 28708", "28708x", "+28708", "-28708",
		                           "２８７０８２", "28708\n", "0x1234" };
	const struct totp_window window = { 59, 1, -1 };
	enum totp_match match;
	uint8_t *megabyte = malloc(1 << 20);
	int64_t step;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(check(bad[i], 59, -1, &step), TOTP_WRONG);
	assert_int_equal(totp_check(seed, SEED_LEN, (const uint8_t *)"28708\0", 6, &window, &match, &step), 0);
	assert_int_equal(match, TOTP_WRONG);
	assert_non_null(megabyte);
	memset(megabyte, '2', 1 << 20);
	assert_int_equal(totp_check(seed, SEED_LEN, megabyte, 1 << 20, &window, &match, &step), 0);
	assert_int_equal(match, TOTP_WRONG);
	free(megabyte);
}

static void
range_of_seed_and_time(void **state)
{
	const struct totp_window window = { 0, 1, -1 };
	uint8_t octets[TOTP_SEED_MAX + 1] = { 1 };
	char code[TOTP_DIGITS + 1];
	enum totp_match match = TOTP_RIGHT;
	int64_t step;

	(void)state;
	assert_int_equal(totp_code(octets, TOTP_SEED_MIN - 1, 0, code), ERR_RANGE);
	assert_string_equal(code, "");
	assert_int_equal(totp_code(octets, TOTP_SEED_MIN, 0, code), 0);
	assert_int_equal(totp_code(octets, TOTP_SEED_MAX, 0, code), 0);
	assert_int_equal(totp_code(octets, TOTP_SEED_MAX + 1, 0, code), ERR_RANGE);
	assert_int_equal(totp_code(octets, TOTP_SEED_MIN, -1, code), ERR_RANGE);
	assert_int_equal(totp_code(octets, TOTP_SEED_MIN, INT64_MAX, code), 0);
	assert_int_equal(strlen(code), TOTP_DIGITS);
	assert_int_equal(totp_check(octets, 19, (const uint8_t *)"123456", 6, &window, &match, &step), ERR_RANGE);
	assert_int_equal(match, TOTP_WRONG);
	match = TOTP_RIGHT;
	assert_int_equal(totp_check(octets, 65, (const uint8_t *)"123456", 6, &window, &match, &step), ERR_RANGE);
	assert_int_equal(match, TOTP_WRONG);
	match = TOTP_RIGHT;
	assert_int_equal(totp_check(octets, 20, (const uint8_t *)"123456", 6, &(struct totp_window){ -1, 1, -1 }, &match, &step), ERR_RANGE);
	assert_int_equal(match, TOTP_WRONG);
	match = TOTP_RIGHT;
	assert_int_equal(totp_check(octets, 20, (const uint8_t *)"123456", 6, &(struct totp_window){ 0, TOTP_BACK_MAX + 1, -1 },
	                            &match, &step),
	                 ERR_RANGE);
	assert_int_equal(match, TOTP_WRONG);
	assert_int_equal(totp_check(octets, 20, (const uint8_t *)"123456", 6, &(struct totp_window){ INT64_MAX, 1, -1 }, &match,
	                            &step),
	                 0);
}

static void
seeds_differ(void **state)
{
	uint8_t a[TOTP_SEED_MIN], b[TOTP_SEED_MIN];

	(void)state;
	totp_seed_new(a);
	totp_seed_new(b);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
every_length_of_seed_has_a_text(void **state)
{
	uint8_t octets[TOTP_SEED_MAX], back[TOTP_SEED_MAX];
	char text[TOTP_BASE32_MAX];
	size_t len, back_len, i;

	(void)state;
	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(255 - i * 11);
	for (len = TOTP_SEED_MIN; len <= TOTP_SEED_MAX; len++) {
		assert_int_equal(totp_seed_to_text(octets, len, text), 0);
		assert_int_equal(strlen(text), (len * 8 + 4) / 5);
		assert_int_equal(totp_seed_from_text(text, back, &back_len), 0);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, octets, len);
	}
	assert_int_equal(strlen(text), TOTP_BASE32_MAX - 2 + (TOTP_SEED_MAX * 8 + 4) / 5 - 103);
	assert_int_equal(totp_seed_to_text(octets, TOTP_SEED_MIN - 1, text), ERR_RANGE);
	assert_string_equal(text, "");
	assert_int_equal(totp_seed_to_text(octets, TOTP_SEED_MAX + 1, text), ERR_RANGE);
}

static void
seeds_are_read_as_people_type_them(void **state)
{
	uint8_t back[TOTP_SEED_MAX];
	char text[TOTP_BASE32_MAX];
	size_t len;

	(void)state;
	assert_int_equal(totp_seed_to_text(seed, SEED_LEN, text), 0);
	assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_int_equal(totp_seed_from_text(" gezd gnbv GY3T qojq gezd gnbv gy3t qojq ", back, &len), 0);
	assert_int_equal(len, SEED_LEN);
	assert_memory_equal(back, seed, SEED_LEN);
}

static void
other_texts_are_no_seeds(void **state)
{
	static const struct {
		const char *text;
		int r;
	} bad[] = {
		{ "", ERR_RANGE },
		{ "   ", ERR_RANGE },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOI", ERR_RANGE },                /* 19 octets */
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ", ERR_INPUT },                /* bits left over */
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA", ERR_INPUT },              /* a character too many */
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAB", ERR_INPUT },             /* 21 octets, bits left over */
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAAA", ERR_INPUT },            /* no length of base32 */
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====", ERR_INPUT },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ0", ERR_INPUT },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", ERR_INPUT },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ8", ERR_INPUT },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ\xff", ERR_INPUT },
		{ "GEZD-GNBVGY3TQOJQGEZDGNBVGY3TQOJQ", ERR_INPUT },
		{ "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n", ERR_INPUT },
	};
	static const uint8_t zero[TOTP_SEED_MAX];
	uint8_t back[TOTP_SEED_MAX];
	char *megabyte = malloc((1 << 20) + 1);
	size_t len, i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(totp_seed_from_text(bad[i].text, back, &len), bad[i].r);
		assert_int_equal(len, 0);
		assert_memory_equal(back, zero, sizeof(back));
	}
	assert_non_null(megabyte);
	memset(megabyte, 'A', 1 << 20);
	megabyte[1 << 20] = '\0';
	assert_int_equal(totp_seed_from_text(megabyte, back, &len), ERR_RANGE);
	free(megabyte);
}

static void
uri_is_what_authenticators_read(void **state)
{
	char *uri;

	(void)state;
	assert_int_equal(totp_uri(seed, SEED_LEN, "Acme & Söhne", "alice@example.com", &uri), 0);
	assert_string_equal(uri, "otpauth://totp/Acme%20%26%20S%C3%B6hne:alice%40example.com"
	                         "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne"
	                         "&algorithm=SHA1&digits=6&period=30");
	free(uri);
	assert_int_equal(totp_uri(seed, SEED_LEN, "Az09-._~", "?#/%", &uri), 0);
	assert_non_null(strstr(uri, "/Az09-._~:%3F%23%2F%25?"));
	free(uri);
}

static void
uri_refuses_what_would_mislead(void **state)
{
	char name[258];
	char *uri;

	(void)state;
	assert_int_equal(totp_uri(seed, SEED_LEN, "a:b", "c", &uri), ERR_INPUT);
	assert_null(uri);
	assert_int_equal(totp_uri(seed, SEED_LEN, "a", "b:c", &uri), ERR_INPUT);
	assert_int_equal(totp_uri(seed, SEED_LEN, "a\n", "b", &uri), ERR_INPUT);
	assert_int_equal(totp_uri(seed, SEED_LEN, "a", "\xff", &uri), ERR_INPUT);
	assert_int_equal(totp_uri(seed, SEED_LEN, "", "b", &uri), ERR_RANGE);
	assert_int_equal(totp_uri(seed, SEED_LEN, "a", "", &uri), ERR_RANGE);
	assert_int_equal(totp_uri(seed, SEED_LEN - 1, "a", "b", &uri), ERR_RANGE);
	assert_null(uri);
	memset(name, '/', sizeof(name));
	name[256] = '\0';
	assert_int_equal(totp_uri(seed, SEED_LEN, name, name, &uri), 0);
	free(uri);
	name[256] = '/';
	name[257] = '\0';
	assert_int_equal(totp_uri(seed, SEED_LEN, name, "b", &uri), ERR_RANGE);
	assert_int_equal(totp_uri(seed, SEED_LEN, "a", name, &uri), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_4226),
		cmocka_unit_test(vectors_of_rfc_6238),
		cmocka_unit_test(window_is_this_step_and_the_one_before),
		cmocka_unit_test(window_is_what_the_policy_says),
		cmocka_unit_test(spent_steps_stay_spent),
		cmocka_unit_test(digits_seen_once_stay_spent_when_the_next_step_has_them_too),
		cmocka_unit_test(only_six_digits_are_a_code),
		cmocka_unit_test(range_of_seed_and_time),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(every_length_of_seed_has_a_text),
		cmocka_unit_test(seeds_are_read_as_people_type_them),
		cmocka_unit_test(other_texts_are_no_seeds),
		cmocka_unit_test(uri_is_what_authenticators_read),
		cmocka_unit_test(uri_refuses_what_would_mislead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
