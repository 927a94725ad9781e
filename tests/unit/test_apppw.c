/*
 * test_apppw.c - app passwords: made, compared, bound to an entry, written and read as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/apppw.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER_UUID "11111111-2222-3333-4444-555555555556"
#define KEY_ONE "k1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define KEY_TWO "k2 ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"

static struct keyring *
ring_of(const char *text)
{
	struct keyring *ring = NULL;
	int line;

	assert_int_equal(keyring_parse(text, strlen(text), &ring, &line), 0);
	return ring;
}

static struct apppw
labelled(const char *label)
{
	struct apppw pw = { .created = 1790000000 };

	snprintf(pw.label, sizeof(pw.label), "%s", label);
	return pw;
}

static void
add_network(struct apppw *pw, const char *text)
{
	assert_int_equal(network_parse(text, strlen(text), &pw->networks[pw->networks_len++]), 0);
}

static enum verdict
check(const struct apppw *pw, const struct keyring *ring, const char *uuid, const char *typed)
{
	enum verdict verdict = VERDICT_ALLOW;

	assert_int_equal(apppw_check(pw, ring, uuid, typed, strlen(typed), &verdict), 0);
	return verdict;
}

static void
a_new_one_is_right_for_its_entry_only(void **state)
{
	struct keyring *ring = ring_of(KEY_ONE);
	char text[APPPW_SECRET_LEN + 1], again[APPPW_SECRET_LEN + 1];
	struct apppw pw = labelled("Mail"), other = labelled("Mail");

	(void)state;
	assert_int_equal(apppw_new(ring, UUID, &pw, text), 0);
	assert_int_equal(apppw_new(ring, UUID, &other, again), 0);
	assert_int_equal(strlen(text), APPPW_SECRET_LEN);
	assert_true(apppw_looks_like(text, strlen(text)));
	assert_string_not_equal(text, again);
	assert_string_not_equal(pw.id, other.id);
	assert_string_equal(pw.key_id, "k1");
	assert_int_equal(check(&pw, ring, UUID, text), VERDICT_ALLOW);
	assert_int_equal(check(&pw, ring, OTHER_UUID, text), VERDICT_DENY);
	assert_int_equal(check(&pw, ring, UUID, again), VERDICT_DENY);
	assert_int_equal(check(&other, ring, UUID, text), VERDICT_DENY);
	/* under another id it is another one */
	other = pw;
	other.id[0] = pw.id[0] == 'a' ? 'b' : 'a';
	assert_int_equal(check(&other, ring, UUID, text), VERDICT_DENY);
	keyring_free(&ring);
}

static void
every_character_counts(void **state)
{
	struct keyring *ring = ring_of(KEY_ONE);
	char text[APPPW_SECRET_LEN + 1];
	struct apppw pw = labelled("Mail");
	size_t i;

	(void)state;
	assert_int_equal(apppw_new(ring, UUID, &pw, text), 0);
	for (i = 3; i < APPPW_SECRET_LEN; i++) {
		char right = text[i];

		text[i] = right == 'a' ? 'b' : 'a';
		assert_int_equal(check(&pw, ring, UUID, text), VERDICT_DENY);
		text[i] = right;
	}
	assert_int_equal(check(&pw, ring, UUID, text), VERDICT_ALLOW);
	keyring_free(&ring);
}

static void
the_shape(void **state)
{
	static const char *const wrong[] = { "", "ma-", "ma-abcdefghijklmnopqrstuvwxy", "ma-abcdefghijklmnopqrstuvwxyza",
		"MA-abcdefghijklmnopqrstuvwxyz", "ma-abcdefghijklmnopqrstuvwxy1", "ma-abcdefghijklmnopqrstuvwxyZ",
		"ma_abcdefghijklmnopqrstuvwxyz", "mb-abcdefghijklmnopqrstuvwxyz", " ma-abcdefghijklmnopqrstuvwxy",
		"ma-abcdefghijklmnopqrstuvwx  " };
	size_t i;

	(void)state;
	assert_true(apppw_looks_like("ma-abcdefghijklmnopqrstuvwxyz", 29));
	assert_true(apppw_looks_like("ma-22222222222222222222223457", 29));
	assert_false(apppw_looks_like("ma-abcdefghijklmnopqrstuvwxy\0", 29));
	assert_false(apppw_looks_like(NULL, 0));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(apppw_looks_like(wrong[i], strlen(wrong[i])));
}

static void
after_a_new_key_older_ones_stay_good(void **state)
{
	struct keyring *before = ring_of(KEY_ONE), *after = ring_of(KEY_TWO KEY_ONE), *gone = ring_of(KEY_TWO);
	char text[APPPW_SECRET_LEN + 1];
	struct apppw pw = labelled("Mail");
	enum verdict verdict = VERDICT_ALLOW;

	(void)state;
	assert_int_equal(apppw_new(before, UUID, &pw, text), 0);
	assert_int_equal(check(&pw, after, UUID, text), VERDICT_ALLOW);
	assert_int_equal(apppw_check(&pw, gone, UUID, text, strlen(text), &verdict), ERR_KEY);
	assert_int_equal(verdict, VERDICT_DENY);
	keyring_free(&before);
	keyring_free(&after);
	keyring_free(&gone);
}

static void
labels(void **state)
{
	char longest[4 * APPPW_LABEL_MAX + 8] = "";
	size_t i;

	(void)state;
	for (i = 0; i < APPPW_LABEL_MAX; i++)
		strcat(longest, "\xf0\x9f\x93\xa7");
	assert_int_equal(apppw_label_check(longest, strlen(longest)), 0);
	strcat(longest, "x");
	assert_int_equal(apppw_label_check(longest, strlen(longest)), ERR_INPUT);
	assert_int_equal(apppw_label_check("x", 1), 0);
	assert_int_equal(apppw_label_check("Mail on my phone", 16), 0);
	assert_int_equal(apppw_label_check("", 0), ERR_INPUT);
	assert_int_equal(apppw_label_check(" x", 2), ERR_INPUT);
	assert_int_equal(apppw_label_check("x ", 2), ERR_INPUT);
	assert_int_equal(apppw_label_check("a\nb", 3), ERR_INPUT);
	assert_int_equal(apppw_label_check("a\0b", 3), ERR_INPUT);
	assert_int_equal(apppw_label_check("\xff\xfe", 2), ERR_INPUT);
	assert_int_equal(apppw_label_check("\xc2\x85", 2), ERR_INPUT);
}

static void
written_and_read_again(void **state)
{
	static const char *const names[] = { "Mail", "Mail on my phone", "100% = \"all\"", "\xeb\xa9\x94\xec\x9d\xbc", "a,b/c%20" };
	struct keyring *ring = ring_of(KEY_ONE);
	char text[APPPW_SECRET_LEN + 1], value[APPPW_TEXT_MAX];
	struct apppw pw, again;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pw = labelled(names[i]);
		if (i % 2 == 1) {
			add_network(&pw, "192.0.2.0/24");
			add_network(&pw, "2001:db8::/32");
		}
		assert_int_equal(apppw_new(ring, UUID, &pw, text), 0);
		assert_int_equal(apppw_format(&pw, value), 0);
		for (k = 0; value[k] != '\0'; k++)
			assert_true(value[k] >= ' ' && value[k] <= '~');
		assert_null(strstr(value, text + 3));
		assert_int_equal(apppw_parse(value, strlen(value), &again), 0);
		assert_memory_equal(&pw, &again, sizeof(pw));
		assert_int_equal(check(&again, ring, UUID, text), VERDICT_ALLOW);
	}
	keyring_free(&ring);
}

static void
the_longest_fits(void **state)
{
	struct keyring *ring = ring_of("abcdefghijklmnop 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
	char text[APPPW_SECRET_LEN + 1], value[APPPW_TEXT_MAX], one[NETWORK_TEXT_MAX];
	struct apppw pw = { .created = INT64_MAX }, again;
	size_t i;

	(void)state;
	for (i = 0; i < APPPW_LABEL_MAX; i++)
		strcat(pw.label, "\xf0\x9f\x93\xa7");
	for (i = 0; i < APPPW_NETWORKS_MAX; i++) {
		snprintf(one, sizeof(one), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff%02x", (unsigned)(0xa0 + i));
		add_network(&pw, one);
	}
	assert_int_equal(apppw_new(ring, UUID, &pw, text), 0);
	assert_int_equal(apppw_format(&pw, value), 0);
	assert_int_equal(apppw_parse(value, strlen(value), &again), 0);
	assert_memory_equal(&pw, &again, sizeof(pw));
	keyring_free(&ring);
}

#define HASH "hash=k1$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void
what_is_no_value(void **state)
{
	static const char *const wrong[] = {
		"",
		"id=abcdefgh",
		"id=abcdefgh label=Mail networks=* created=1 " HASH " ",
		" id=abcdefgh label=Mail networks=* created=1 " HASH,
		"id=abcdefgh  label=Mail networks=* created=1 " HASH,
		"id=abcdefg label=Mail networks=* created=1 " HASH,
		"id=abcdefg1 label=Mail networks=* created=1 " HASH,
		"id=ABCDEFGH label=Mail networks=* created=1 " HASH,
		"id=abcdefgh label= networks=* created=1 " HASH,
		"id=abcdefgh label=Ma%il networks=* created=1 " HASH,
		"id=abcdefgh label=Ma%2 networks=* created=1 " HASH,
		"id=abcdefgh label=Ma%0Ail networks=* created=1 " HASH,
		"id=abcdefgh label=Ma%2fil networks=* created=1 " HASH,
		"id=abcdefgh label=%4Dail networks=* created=1 " HASH,
		"id=abcdefgh label=Mail networks= created=1 " HASH,
		"id=abcdefgh label=Mail networks=*,10.0.0.0/8 created=1 " HASH,
		"id=abcdefgh label=Mail networks=10.0.0.0/8, created=1 " HASH,
		"id=abcdefgh label=Mail networks=10.0.0.1/8 created=1 " HASH,
		"id=abcdefgh label=Mail networks=10.0.0.1 created=1 " HASH,
		"id=abcdefgh label=Mail networks=* created=-1 " HASH,
		"id=abcdefgh label=Mail networks=* created=01 " HASH,
		"id=abcdefgh label=Mail networks=* created=1 hash=k1$AAAA",
		"id=abcdefgh label=Mail networks=* created=1 hash=$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"id=abcdefgh label=Mail networks=* created=1 hash=abcdefghijklmnopq$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"label=Mail id=abcdefgh networks=* created=1 " HASH,
	};
	struct apppw pw;
	size_t i;

	(void)state;
	assert_int_equal(apppw_parse("id=abcdefgh label=Mail networks=* created=1 " HASH,
	                             strlen("id=abcdefgh label=Mail networks=* created=1 " HASH), &pw), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (apppw_parse(wrong[i], strlen(wrong[i]), &pw) != ERR_INPUT || pw.id[0] != '\0')
			fail_msg("\"%s\" is taken for an app password", wrong[i]);
}

static void
times_of_use(void **state)
{
	char text[APPPW_USED_MAX], id[APPPW_ID_LEN + 1];
	int64_t when;

	(void)state;
	assert_int_equal(apppw_used_format("abcdefgh", INT64_MAX, text), 0);
	assert_int_equal(apppw_used_parse(text, strlen(text), id, &when), 0);
	assert_string_equal(id, "abcdefgh");
	assert_true(when == INT64_MAX);
	assert_int_equal(apppw_used_format("short", 1, text), ERR_INPUT);
	assert_int_equal(apppw_used_format("abcdefgh", -1, text), ERR_INPUT);
	assert_int_equal(apppw_used_parse("abcdefgh", 8, id, &when), ERR_INPUT);
	assert_int_equal(apppw_used_parse("abcdefgh ", 9, id, &when), ERR_INPUT);
	assert_int_equal(apppw_used_parse("abcdefgh x", 10, id, &when), ERR_INPUT);
	assert_int_equal(apppw_used_parse("abcdefghi 1", 11, id, &when), ERR_INPUT);
	assert_int_equal(apppw_used_parse("", 0, id, &when), ERR_INPUT);
	assert_string_equal(id, "");
}

static void
from_its_networks_only(void **state)
{
	struct network_address inside, outside, local = { .family = NETWORK_LOCAL }, nowhere = { .family = NETWORK_NONE };
	struct apppw pw = labelled("Mail");

	(void)state;
	assert_int_equal(network_address_parse("192.0.2.9", 9, &inside), 0);
	assert_int_equal(network_address_parse("192.0.3.9", 9, &outside), 0);
	assert_true(apppw_allows(&pw, &outside));
	assert_true(apppw_allows(&pw, &nowhere));
	add_network(&pw, "2001:db8::/32");
	add_network(&pw, "192.0.2.0/24");
	assert_true(apppw_allows(&pw, &inside));
	assert_true(apppw_allows(&pw, &local));
	assert_false(apppw_allows(&pw, &outside));
	assert_false(apppw_allows(&pw, &nowhere));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_is_right_for_its_entry_only),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(the_shape),
		cmocka_unit_test(after_a_new_key_older_ones_stay_good),
		cmocka_unit_test(labels),
		cmocka_unit_test(written_and_read_again),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(what_is_no_value),
		cmocka_unit_test(times_of_use),
		cmocka_unit_test(from_its_networks_only),
	};

	return cmocka_run_group_tests_name("apppw", tests, NULL, NULL);
}
