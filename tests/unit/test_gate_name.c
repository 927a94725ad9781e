/*
 * test_gate_name.c - which spelling of a login is that of the directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/err.h"
#include "musterd/gate_name.h"

/* An entry with one value of one attribute. */
static int
is_exact(const struct gate_name *name, const char *attribute, const char *value, const char *login)
{
	struct directory_value v = { .data = (uint8_t *)value, .len = strlen(value) };
	struct directory_attribute a = { .name = (char *)attribute, .values = &v, .values_len = 1 };
	const struct directory_entry entry = { .dn = (char *)"", .attributes = &a, .attributes_len = 1 };

	return gate_name_is_exact(name, &entry, login);
}

static void
the_place_of_the_login(void **state)
{
	static const struct {
		const char *format, *attribute, *before, *after;
	} rows[] = {
		{ "uid=%s,ou=people,dc=example,dc=com", "uid", "", "" },
		{ "ou=x,mail=%s@example.com,dc=com", "mail", "", "@example.com" },
		{ "(&(objectClass=musterMember)(uid=%s))", "uid", "", "" },
		{ "(uid;lang-ko=a-%s-b)", "uid;lang-ko", "a-", "-b" },
		{ "cn=a+2.5.4.3=%s+sn=b,dc=com", "2.5.4.3", "", "" },
	};
	struct gate_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(gate_name_of(rows[i].format, &name), 0);
		assert_string_equal(name.attribute, rows[i].attribute);
		assert_string_equal(name.before, rows[i].before);
		assert_string_equal(name.after, rows[i].after);
		gate_name_free(&name);
	}
}

static void
no_place_for_the_login(void **state)
{
	static const char *const formats[] = { "", "uid=bob", "%s", "=%s", "(=%s)", "uid%s" };
	struct gate_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		assert_int_equal(gate_name_of(formats[i], &name), ERR_CONFIG);
		assert_null(name.attribute);
	}
}

static void
f13_spelled_as_in_the_directory(void **state)
{
	static const char *const others[] = { "BOB", "bob ", " bob", "bo", "bobb", "", "\xef\xbd\x82ob" };
	struct gate_name name;

	(void)state;
	assert_int_equal(gate_name_of("uid=%s,dc=com", &name), 0);
	assert_true(is_exact(&name, "uid", "bob", "bob"));
	assert_true(is_exact(&name, "UID", "Bob", "Bob"));
	assert_false(is_exact(&name, "cn", "bob", "bob"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(is_exact(&name, "uid", "bob", others[i]));
	gate_name_free(&name);
	assert_int_equal(gate_name_of("mail=%s@example.com", &name), 0);
	assert_true(is_exact(&name, "mail", "bob@example.com", "bob"));
	assert_false(is_exact(&name, "mail", "bob@Example.com", "bob"));
	assert_false(is_exact(&name, "mail", "bob", "bob"));
	gate_name_free(&name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_place_of_the_login),
		cmocka_unit_test(no_place_for_the_login),
		cmocka_unit_test(f13_spelled_as_in_the_directory),
	};

	return cmocka_run_group_tests_name("gate_name", tests, NULL, NULL);
}
