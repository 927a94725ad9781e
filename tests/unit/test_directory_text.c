/*
 * test_directory_text.c - filters and DNs from hostile parts. No server: what is built is read back by an independent
 *                         reader of RFC 4515 and RFC 4514 escapes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "directory/directory.h"

/* What people type, what they paste, and what they try. */
static const char *const corpus[] = {
	"alice", "", "*", "*)(uid=*", ")", "(", "\\", "\\2a", "\\00", "a*b", "admin)(&)", "*()\\", "(|(uid=*))",
	"a,ou=x", "a+cn=b", "\"quoted\"", "a<b>c", "a;b", "a=b", "#1", " #", "##", "# ", " ", "  ", " a", "a ", " a ", "a  b",
	"line\nbreak", "carriage\rreturn", "tab\there", "bell\a", "\x7f", "\x01",
	"김민수", "Ünï", "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "a\xfe" "b", "%s", "%D", "%%", "%n%n%n", "${jndi}", "a\\,b", "\\\\",
	"uid=a,ou=people", ",", "+", "=", "-rf", "a/b", "../..", "'; --"
};
#define CORPUS_LEN (sizeof(corpus) / sizeof(corpus[0]))

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A value of RFC 4515: up to the unescaped ')' that ends it. Returns what follows, NULL when it is no value. */
static const char *
filter_value_read(const char *text, char *out)
{
	for (; *text != ')'; text++) {
		if (*text == '\0' || *text == '(' || *text == '*' || (unsigned char)*text > 0x7e || *text < ' ')
			return NULL;
		if (*text == '\\') {
			if (hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
				return NULL;
			*out++ = (char)(hex_value(text[1]) * 16 + hex_value(text[2]));
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return text;
}

static void
test_filter_value_reads_back(void **state)
{
	char read[4096];
	size_t i;

	(void)state;
	for (i = 0; i < CORPUS_LEN; i++) {
		char *filter = directory_filter("(uid=%s)", corpus[i]);
		const char *rest;

		assert_non_null(filter);
		assert_memory_equal(filter, "(uid=", 5);
		rest = filter_value_read(filter + 5, read);
		assert_non_null(rest);
		assert_string_equal(rest, ")");
		assert_string_equal(read, corpus[i]);
		free(filter);
	}
}

static void
test_filter_of_several_parts(void **state)
{
	char *filter;

	(void)state;
	filter = directory_filter("(&(o=%s)(|(musterDomain=%s)(cn=100%%)))", "a*", "b)(c");
	assert_string_equal(filter, "(&(o=a\\2a)(|(musterDomain=b\\29\\28c)(cn=100%)))");
	free(filter);
}

static void
test_filter_refuses_unknown_conversions(void **state)
{
	const char *one = "(cn=%d)", *dn = "(cn=%D)", *end = "(cn=%";

	(void)state;
	assert_null(directory_filter(one, "x"));
	assert_null(directory_filter(dn, "x"));
	assert_null(directory_filter(end));
}

static void
test_filter_takes_4_kilobytes(void **state)
{
	char stars[4097], *filter;

	(void)state;
	memset(stars, '*', sizeof(stars) - 1);
	stars[sizeof(stars) - 1] = '\0';
	filter = directory_filter("(uid=%s)", stars);
	assert_non_null(filter);
	assert_int_equal(strlen(filter), 3 * 4096 + 6);
	free(filter);
}

static void
test_dn_value_reads_back(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < CORPUS_LEN; i++) {
		char *dn = directory_dn("uid=%s,%D", corpus[i], "ou=people,dc=example,dc=com");
		char *type = NULL, *value = NULL, *parent;

		assert_non_null(dn);
		assert_int_equal(directory_dn_check(dn), 0);
		assert_int_equal(directory_dn_rdn(dn, &type, &value), 0);
		assert_string_equal(type, "uid");
		assert_string_equal(value, corpus[i]);
		parent = directory_dn_parent(dn);
		assert_non_null(parent);
		assert_true(directory_dn_equal(parent, "ou=people,dc=example,dc=com"));
		free(type);
		free(value);
		free(parent);
		free(dn);
	}
}

static void
test_dn_escapes(void **state)
{
	static const struct { const char *value, *dn; } cases[] = {
		{ "Smith, Alice", "cn=Smith\\, Alice" },
		{ "#1", "cn=\\#1" },
		{ "a#1", "cn=a#1" },
		{ " a ", "cn=\\20a\\20" },
		{ "a b", "cn=a b" },
		{ "a+b=c", "cn=a\\+b\\=c" },
		{ "x\ny", "cn=x\\0ay" },
		{ "김", "cn=김" }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *dn = directory_dn("cn=%s", cases[i].value);

		assert_string_equal(dn, cases[i].dn);
		free(dn);
	}
}

static void
test_dn_equal(void **state)
{
	(void)state;
	assert_true(directory_dn_equal("DC=Example, dc=com", "dc=example,DC=COM"));
	assert_true(directory_dn_equal("cn=a\\2cb,dc=x", "cn=a\\,b,dc=x"));
	assert_true(directory_dn_equal("", ""));
	assert_false(directory_dn_equal("dc=example,dc=com", "dc=com"));
	assert_false(directory_dn_equal("dc=com", ""));
	assert_false(directory_dn_equal("not a dn", "not a dn"));
}

static void
test_dn_check_refuses(void **state)
{
	static const char *const bad[] = { "alice", "=x", "uid=a,,dc=com", "uid=a\\", "uid=\"a" };
	char *type, *value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(directory_dn_check(bad[i]), ERR_INPUT);
	assert_int_equal(directory_dn_rdn("cn=a\\00b,dc=x", &type, &value), ERR_INPUT);
	assert_null(type);
	assert_null(value);
	assert_null(directory_dn_parent(""));
}

static void
test_dn_organization(void **state)
{
	static const struct { const char *dn, *name; } cases[] = {
		{ "uid=alice,ou=people,o=acme,ou=organizations,dc=example,dc=com", "acme" },
		{ "uid=alice,ou=people,O=Acme \\26 S\\c3\\b6hne,OU=Organizations,dc=com", "Acme & Söhne" },
		{ "uid=%u,ou=people,o=acme,ou=organizations,dc=com", "acme" },
		{ "uid=alice,ou=people,o=acme,ou=organizations,o=outer", "acme" },
		{ "uid=alice,ou=people,o=outer", NULL }, /* the organization may be ou=people */
		{ "uid=alice,ou=people,o=acme,ou=organization", NULL },
		{ "uid=alice,ou=organizations,o=outer", NULL },
		{ "uid=a@b.example,ou=accounts,dc=com", NULL },
		{ "ou=o,dc=com", NULL },
		{ "", NULL }
	};
	char *name;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(directory_dn_organization(cases[i].dn, &name), cases[i].name != NULL ? 0 : ERR_NOT_FOUND);
		if (cases[i].name != NULL)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		free(name);
	}
	assert_int_equal(directory_dn_organization("no dn", &name), ERR_INPUT);
	assert_null(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_value_reads_back),
		cmocka_unit_test(test_filter_of_several_parts),
		cmocka_unit_test(test_filter_refuses_unknown_conversions),
		cmocka_unit_test(test_filter_takes_4_kilobytes),
		cmocka_unit_test(test_dn_value_reads_back),
		cmocka_unit_test(test_dn_escapes),
		cmocka_unit_test(test_dn_equal),
		cmocka_unit_test(test_dn_check_refuses),
		cmocka_unit_test(test_dn_organization)
	};

	return cmocka_run_group_tests_name("directory_text", tests, NULL, NULL);
}
