/*
 * test_network.c - addresses and networks of clients: what is one, what is not, who is in which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/network.h"

static struct network_address
address(const char *text)
{
	struct network_address a;

	assert_int_equal(network_address_parse(text, strlen(text), &a), 0);
	return a;
}

static struct network
network(const char *text)
{
	struct network n;

	assert_int_equal(network_parse(text, strlen(text), &n), 0);
	return n;
}

static int
in(const char *net, const char *who)
{
	struct network n = network(net);
	struct network_address a = address(who);

	return network_contains(&n, &a);
}

static void
addresses_are_told_from_other_text(void **state)
{
	static const char *const wrong[] = { "", " ", "192.0.2", "192.0.2.1.1", "192.0.2.256", "192.0.2.01", "192.0.2.1 ",
		" 192.0.2.1", "192.0.2.1/32", "192.0.2.1:389", "[2001:db8::1]", "fe80::1%eth0", "2001:db8:::1", "1:2:3:4:5:6:7",
		"::ffff:192.0.2.256", "localhost", "0x7f.1", "2130706433", "g::1", "::1\n",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct network_address a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		a.family = NETWORK_IPV4;
		assert_int_equal(network_address_parse(wrong[i], strlen(wrong[i]), &a), ERR_INPUT);
		assert_int_equal(a.family, NETWORK_NONE);
	}
	assert_int_equal(network_address_parse("192.0.2.1\0", 10, &a), ERR_INPUT);
	assert_int_equal(network_address_parse(NULL, 0, &a), ERR_INPUT);
	assert_int_equal(address("192.0.2.1").family, NETWORK_IPV4);
	assert_int_equal(address("2001:db8::1").family, NETWORK_IPV6);
	assert_int_equal(address("::").family, NETWORK_IPV6);
}

static void
a_mapped_address_is_the_ipv4_one(void **state)
{
	struct network_address mapped = address("::ffff:192.0.2.1"), hex = address("::FFFF:c000:201"),
			       plain = address("192.0.2.1");

	(void)state;
	assert_int_equal(mapped.family, NETWORK_IPV4);
	assert_memory_equal(&mapped, &plain, sizeof(plain));
	assert_memory_equal(&hex, &plain, sizeof(plain));
	/* IPv4-compatible addresses are IPv6. */
	assert_int_equal(address("::192.0.2.1").family, NETWORK_IPV6);
	assert_true(in("192.0.2.0/24", "::ffff:192.0.2.77"));
	assert_true(in("::ffff:192.0.2.0/120", "192.0.2.77"));
	assert_false(in("::ffff:192.0.2.0/120", "192.0.3.77"));
	assert_true(in("::ffff:0:0/96", "192.0.2.1"));
}

static void
prefixes_of_every_length(void **state)
{
	(void)state;
	assert_true(in("192.0.2.1", "192.0.2.1"));
	assert_false(in("192.0.2.1", "192.0.2.2"));
	assert_true(in("192.0.2.0/24", "192.0.2.255"));
	assert_false(in("192.0.2.0/24", "192.0.3.0"));
	assert_true(in("10.128.0.0/9", "10.255.255.255"));
	assert_false(in("10.128.0.0/9", "10.127.255.255"));
	assert_true(in("192.0.2.128/25", "192.0.2.128"));
	assert_false(in("192.0.2.128/25", "192.0.2.127"));
	assert_true(in("192.0.2.2/31", "192.0.2.3"));
	assert_false(in("192.0.2.2/31", "192.0.2.4"));
	assert_true(in("0.0.0.0/0", "255.255.255.255"));
	assert_true(in("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(in("2001:db8::/32", "2001:db9::1"));
	assert_true(in("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(in("2001:db8::1/128", "2001:DB8:0:0::1"));
	assert_false(in("2001:db8::1", "2001:db8::2"));
}

static void
families_are_apart(void **state)
{
	struct network every4 = network("0.0.0.0/0"), every6 = network("::/0");
	struct network_address none = { .family = NETWORK_NONE }, local = { .family = NETWORK_LOCAL };

	(void)state;
	assert_false(in("::/0", "192.0.2.1"));
	assert_false(in("::/0", "::ffff:192.0.2.1"));
	assert_false(in("::fffe:0:0/95", "192.0.2.1"));
	assert_false(in("0.0.0.0/0", "::1"));
	assert_true(in("::/0", "::1"));
	assert_false(network_contains(&every4, &none));
	assert_false(network_contains(&every6, &none));
	assert_false(network_contains(&every4, &local));
	assert_false(network_contains(&every6, &local));
}

static void
what_is_no_network(void **state)
{
	static const char *const wrong[] = { "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+24",
		"192.0.2.0/024", "192.0.2.0/ 24", "192.0.2.0/24 ", "192.0.2.0/24/24", "192.0.2.0/255.255.255.0", "192.0.2.1/24",
		"192.0.2.0/a", "2001:db8::/129", "2001:db8::1/64", "::ffff:192.0.2.1/120", "*", "any",
		"192.0.2.0/99999999999999999999" };
	struct network n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (network_parse(wrong[i], strlen(wrong[i]), &n) != ERR_INPUT)
			fail_msg("\"%s\" is taken for a network", wrong[i]);
	assert_int_equal(network_parse("192.0.2.0/24\0", 13, &n), ERR_INPUT);
}

static void
one_text_for_one_network(void **state)
{
	static const struct {
		const char *from, *to;
	} texts[] = {
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24" },
		{ "2001:DB8:0::/32", "2001:db8::/32" },
		{ "::1", "::1/128" },
		{ "::/0", "::/0" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" },
	};
	char text[NETWORK_TEXT_MAX];
	struct network n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		n = network(texts[i].from);
		network_format(&n, text);
		assert_string_equal(text, texts[i].to);
		n = network(text);
		network_format(&n, text);
		assert_string_equal(text, texts[i].to);
	}
}

static void
where_slapd_says_a_connection_is_from(void **state)
{
	static const char *const wrong[] = { "", "IP=", "IP=:", "IP=192.0.2.1", "IP=:389", "IP=[2001:db8::1]", "IP=[]:389",
		"IP=[192.0.2.1:389", "IP=2001:db8::1]:389", "192.0.2.1:389", "ip=192.0.2.1:389", "UNKNOWN", "IP=x:1", "IP=]:1",
		"IP=[:1", "PATH" };
	struct network_address a, expected;
	size_t i;

	(void)state;
	assert_int_equal(network_peer_parse("IP=192.0.2.1:40000", 18, &a), 0);
	expected = address("192.0.2.1");
	assert_memory_equal(&a, &expected, sizeof(a));
	assert_int_equal(network_peer_parse("IP=[2001:db8::1]:1", 18, &a), 0);
	expected = address("2001:db8::1");
	assert_memory_equal(&a, &expected, sizeof(a));
	assert_int_equal(network_peer_parse("IP=[::ffff:192.0.2.1]:1", 23, &a), 0);
	expected = address("192.0.2.1");
	assert_memory_equal(&a, &expected, sizeof(a));
	assert_int_equal(network_peer_parse("PATH=/run/slapd/ldapi", 21, &a), 0);
	assert_int_equal(a.family, NETWORK_LOCAL);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		a.family = NETWORK_LOCAL;
		if (network_peer_parse(wrong[i], strlen(wrong[i]), &a) != ERR_INPUT)
			fail_msg("\"%s\" is taken for a peer", wrong[i]);
		assert_int_equal(a.family, NETWORK_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_told_from_other_text),
		cmocka_unit_test(a_mapped_address_is_the_ipv4_one),
		cmocka_unit_test(prefixes_of_every_length),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(what_is_no_network),
		cmocka_unit_test(one_text_for_one_network),
		cmocka_unit_test(where_slapd_says_a_connection_is_from),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
