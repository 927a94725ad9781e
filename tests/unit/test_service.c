/*
 * test_service.c - lines of the catalogue of services, and access URLs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/service.h"

static void
lines_of_the_catalogue(void **state)
{
	static const char *const wrong[] = {
		"", "contact", "contact ", " contact.example", "contact  contact.example", "con tact contact.example",
		"contact contact..example", "contact .example", "contact example.", "contact -a.example", "contact a-.example",
		"contact a_b.example", "-contact a.example", "contact- a.example", "con_tact a.example", "contact a.example/x",
		"contact a.example\n", "contact \xc3\xa4.example",
		"a12345678901234567890123456789012345678901 a.example"
	};
	struct service service;
	char label[256];
	size_t i;

	(void)state;
	assert_int_equal(service_parse("contact contact.example.com", 27, &service), 0);
	assert_string_equal(service.name, "contact");
	assert_string_equal(service.suffix, "contact.example.com");
	assert_int_equal(service_parse("Work-2 Example", 14, &service), 0);
	assert_string_equal(service.name, "work-2");
	assert_string_equal(service.suffix, "example");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(service_parse(wrong[i], strlen(wrong[i]), &service), ERR_INPUT);
	memset(label, 'a', sizeof(label));
	memcpy(label, "x ", 2);
	assert_int_equal(service_parse(label, 2 + 63, &service), 0);
	assert_int_equal(service_parse(label, 2 + 64, &service), ERR_INPUT);
	for (i = 2 + 50; i < sizeof(label); i += 51)
		label[i] = '.';
	assert_int_equal(service_parse(label, 2 + 200, &service), 0);
	assert_int_equal(service_parse(label, 2 + 201, &service), ERR_INPUT);
}

static void
access_urls(void **state)
{
	struct service service;
	char url[SERVICE_URL_MAX], domain[SERVICE_URL_MAX];

	(void)state;
	assert_int_equal(service_parse("contact contact.example", 23, &service), 0);
	assert_int_equal(service_url(&service, "acme-corp2", 9, url), 0);
	assert_string_equal(url, "https://acme-corp.contact.example/");
	memset(domain, 'a', sizeof(domain));
	assert_int_equal(service_url(&service, domain, sizeof(domain), url), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_catalogue),
		cmocka_unit_test(access_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
