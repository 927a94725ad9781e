/*
 * test_message.c - mails: language, headers that cannot be forged, bodies that decode to what was meant.
 *                  The catalogues are those of the build tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/text.h"
#include "musterd/language.h"
#include "musterd/message.h"
#include "musterd/mime.h"

#define TOKEN "mr1-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
#define NOW 1795238400 /* 2026-11-21 05:20:00 UTC */

static char from[] = "muster@example.com", service[] = "Acme", no_url[] = "";
static struct conf conf;
static struct secret code = { .data = (uint8_t *)(uintptr_t)"012345", .len = 6 };
static struct secret token = { .data = (uint8_t *)TOKEN, .len = sizeof(TOKEN) - 1 };

static char login_name[] = "login", login_value[] = "alice", time_name[] = "time", time_value[] = "1795238400";
static struct directory_fact facts[] = { { login_name, login_value }, { time_name, time_value } };

static int
setup(void **state)
{
	char folder[4096];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/locale", getenv("top_builddir") != NULL ? getenv("top_builddir") : ".");
	setenv("MUSTER_LOCALEDIR", folder, 1);
	conf.courier.from = from;
	conf.courier.service_name = service;
	conf.courier.reset_url = no_url;
	return language_init();
}

static int
is_with_token(const char *kind)
{
	return strcmp(kind, "reset") == 0 || strcmp(kind, "first-password") == 0 || strcmp(kind, "sign-up") == 0;
}

static int
is_with_code(const char *kind)
{
	return strncmp(kind, "verify-", 7) == 0 || strncmp(kind, "login-m", 7) == 0;
}

/* A claim with texts that live as long as the test. */
static struct directory_claim
claim_of(const char *kind, const char *address, const char *language)
{
	return (struct directory_claim){ .kind = (char *)(uintptr_t)kind, .address = (char *)(uintptr_t)address,
	                                 .language = (char *)(uintptr_t)language,
	                                 .secret = is_with_token(kind)  ? &token
	                                           : is_with_code(kind) ? &code
	                                                                : NULL,
	                                 .facts = facts, .facts_len = sizeof(facts) / sizeof(facts[0]) };
}

static int
hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* The octets of a quoted-printable text. Encoded words use the same digits, with _ for a blank. */
static void
decode(const char *p, char *out, int word)
{
	for (; *p != '\0'; p++) {
		if (strncmp(p, "=\r\n", 3) == 0 && !word) {
			p += 2;
		} else if (*p == '=') {
			*out++ = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
			p += 2;
		} else if (*p == '\r') {
			continue;
		} else {
			*out++ = word && *p == '_' ? ' ' : *p;
		}
	}
	*out = '\0';
}

/* The message as text, and its body decoded. */
struct built {
	char message[65536];
	char body[65536];
};

static void
build(const struct directory_claim *claim, struct built *b)
{
	struct buf *message;

	assert_int_equal(message_build(claim, &conf, NOW, &message), 0);
	assert_true(buf_len(message) < sizeof(b->message));
	memcpy(b->message, buf_data(message), buf_len(message));
	b->message[buf_len(message)] = '\0';
	buf_free(&message);
	assert_non_null(strstr(b->message, "\r\n\r\n"));
	decode(strstr(b->message, "\r\n\r\n") + 4, b->body, 0);
}

/* The value of a header field with its encoded words decoded. */
static void
header(const char *message, const char *name, char out[1024])
{
	char prefix[64];
	const char *p, *end;

	out[0] = '\0';
	snprintf(prefix, sizeof(prefix), "\r\n%s: ", name);
	p = strstr(message, prefix);
	assert_non_null(p);
	p += strlen(prefix);
	for (;;) {
		char word[256];

		if (strncmp(p, "=?UTF-8?Q?", 10) == 0) {
			p += 10;
			end = strstr(p, "?=");
			assert_true((size_t)(end - p) <= 75 - 12);
			snprintf(word, sizeof(word), "%.*s", (int)(end - p), p);
			decode(word, out + strlen(out), 1);
			p = end + 2;
		} else {
			end = strstr(p, "\r\n");
			snprintf(out + strlen(out), 1024 - strlen(out), "%.*s", (int)(end - p), p);
			p = end;
		}
		if (strncmp(p, "\r\n ", 3) != 0)
			return;
		p += 3;
	}
}

/* RFC 5322 section 2.1.1, RFC 2045: no line is too long, no CR or LF stands alone, nothing is beyond ASCII. */
static void
assert_lines_are_well_formed(const char *message)
{
	size_t column = 0;
	const char *p;

	for (p = message; *p != '\0'; p++) {
		assert_true((*p > 0x1f && *p < 0x7f) || *p == '\r' || *p == '\n');
		if (*p == '\r')
			assert_int_equal(p[1], '\n');
		if (*p == '\n') {
			assert_true(p > message && p[-1] == '\r');
			column = 0;
		} else if (*p != '\r') {
			column++;
			assert_true(column <= 78);
		}
	}
}

static void
the_token_stands_alone_on_a_line(void **state)
{
	static const char *const languages[] = { "en", "ko" };
	struct built b;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct directory_claim claim = claim_of("reset", "alice@example.com", languages[i]);

		build(&claim, &b);
		assert_non_null(strstr(b.body, "\n\n" TOKEN "\n\n"));
		assert_lines_are_well_formed(b.message);
	}
}

/* The address is not proved yet. */
static int
is_to_a_stranger(const char *kind)
{
	return strcmp(kind, "first-password") == 0 || strcmp(kind, "sign-up") == 0 || strcmp(kind, "verify-mail") == 0 ||
	       strcmp(kind, "login-mail") == 0;
}

static void
each_kind_speaks_both_languages(void **state)
{
	static const char *const kinds[] = { "reset", "first-password", "password-changed", "password-set-by-admin",
	                                     "factor-added", "factor-removed", "app-password-added", "app-password-revoked",
	                                     "recovery-code-used", "recovery-codes-new", "locked", "reset-asked", "sign-up",
	                                     "sign-up-known", "verify-mail", "login-mail", "login-known", "login-changed",
	                                     "mail-changed", "mobile-changed", "organization-created", "application-filed",
	                                     "application-approved", "application-rejected", "payment-active",
	                                     "payment-refused" };
	char english[1024], korean[1024];
	struct built b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct directory_claim claim = claim_of(kinds[i], "alice@example.com", "en");

		build(&claim, &b);
		header(b.message, "Subject", english);
		assert_non_null(strstr(b.message, "\r\nContent-Language: en\r\n"));
		assert_non_null(strstr(b.body, is_to_a_stranger(kinds[i]) ? "Hello," : "Hello alice,"));
		assert_lines_are_well_formed(b.message);
		claim = claim_of(kinds[i], "alice@example.com", "ko");
		build(&claim, &b);
		header(b.message, "Subject", korean);
		assert_non_null(strstr(b.message, "\r\nContent-Language: ko\r\n"));
		assert_non_null(strstr(b.body, is_to_a_stranger(kinds[i]) ? "안녕하세요." : "alice 님, 안녕하세요."));
		assert_string_not_equal(english, korean);
		assert_true(text_is_utf8(korean, strlen(korean)));
		assert_lines_are_well_formed(b.message);
	}
}

static void
a_code_stands_alone_on_a_line(void **state)
{
	struct directory_fact with[] = { { "login", "alice" }, { "expires", "1795238400" } };
	struct directory_claim claim = claim_of("verify-mail", "alice@example.com", "en");
	struct built b;

	(void)state;
	claim.facts = with;
	claim.facts_len = 2;
	build(&claim, &b);
	assert_non_null(strstr(b.body, "\n\n012345\n\n"));
	assert_non_null(strstr(b.body, "The code works once, until 2026-11-21 05:20 UTC."));
	assert_null(strstr(b.message, "Subject: Acme: confirm this mail address 012345"));
}

/* Otherwise anybody could have any text sent to any address. */
static void
a_stranger_is_told_no_name_that_a_member_chose(void **state)
{
	struct directory_fact with[] = { { "login", "alice" }, { "name", "Buy at evil.example" } };
	struct directory_claim claim = claim_of("verify-mail", "bob@example.com", "en");
	struct built b;

	(void)state;
	claim.facts = with;
	claim.facts_len = 2;
	build(&claim, &b);
	assert_null(strstr(b.body, "evil"));
	claim.kind = (char *)(uintptr_t)"mail-changed";
	build(&claim, &b);
	assert_non_null(strstr(b.body, "Hello Buy at evil.example,"));
}

static void
facts_of_organizations_and_decisions_have_lines(void **state)
{
	struct directory_fact with[] = { { "login", "alice" }, { "time", "1795238400" }, { "url", "https://acme.s.example/" },
	                                 { "owner", "boss" }, { "reason", "unreadable\nscan" } };
	struct directory_claim claim = claim_of("organization-created", "alice@example.com", "en");
	struct built b;

	(void)state;
	claim.facts = with;
	claim.facts_len = 4;
	build(&claim, &b);
	assert_non_null(strstr(b.body, "\nTime: 2026-11-21 05:20 UTC\nAddress of the service: https://acme.s.example/\n"
	                               "OWNER: boss\n\n"));
	claim.kind = (char *)(uintptr_t)"application-rejected";
	claim.facts_len = 5;
	build(&claim, &b);
	assert_non_null(strstr(b.body, "\nReason: unreadable scan\n\n"));
}

/* UTF-16 units of a text, and whether all of it is of SMS's own alphabet. */
static size_t
units_of(const char *text, size_t len, int *single_out)
{
	size_t units = 0, size;
	uint32_t cp;

	*single_out = 1;
	for (; len > 0; text += size, len -= size) {
		size = text_decode(text, len, &cp);
		assert_true(size > 0 && !text_is_control(cp));
		units += cp > 0xffff ? 2 : 1;
		*single_out &= cp < 0x7f && strchr("[]{}\\^~|`", (int)cp) == NULL;
	}
	return units;
}

static void
build_sms(const struct directory_claim *claim, char out[1024])
{
	struct buf *text;
	int single;

	assert_int_equal(message_build_sms(claim, &conf, &text), 0);
	assert_true(buf_len(text) < 1024);
	memcpy(out, buf_data(text), buf_len(text));
	out[buf_len(text)] = '\0';
	assert_true(units_of(out, buf_len(text), &single) <= (size_t)(single ? 160 : 70));
	buf_free(&text);
}

static void
a_text_message_is_one_sms_whatever_the_service_is_called(void **state)
{
	static const char *const kinds[] = { "verify-mobile", "login-mobile", "mobile-changed" };
	static const char *const languages[] = { "en", "ko" };
	static char long_name[] = "A service whose name goes on and on and on, until nobody remembers how it began, or why, or when "
	                          "it was that somebody thought that this could be a name for anything at all";
	static char korean[] = "\xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0 \xea\xb3\x84\xec\xa0\x95 \xec\x84\x9c\xeb\xb9\x84\xec\x8a\xa4 "
	                       "\xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0 \xea\xb3\x84\xec\xa0\x95 \xec\x84\x9c\xeb\xb9\x84\xec\x8a\xa4";
	static char emoji[] = "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80 x";
	char *const names[] = { service, long_name, korean, emoji };
	char text[1024];
	size_t i, j, k;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (j = 0; j < 2; j++)
			for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
				struct directory_claim claim = claim_of(kinds[i], "+821012345678", languages[j]);

				conf.courier.service_name = names[k];
				build_sms(&claim, text);
				conf.courier.service_name = service;
				assert_memory_equal(text, names[k], 4);
				assert_int_equal(strstr(text, "012345") != NULL, strcmp(kinds[i], "mobile-changed") != 0);
			}
}

static void
a_text_message_goes_to_a_number_and_a_mail_to_an_address(void **state)
{
	static const char *const numbers[] = { "", "821012345678", "+82 10-1234-5678", "+0821012345678", "+123456",
	                                       "+1234567890123456", "+8210a2345678", "alice@example.com", "+82101234567;reboot" };
	struct directory_claim claim = claim_of("verify-mobile", "+1234567", "en");
	struct buf *text;
	char sms[1024];
	size_t i;

	(void)state;
	build_sms(&claim, sms);
	assert_string_equal(sms, "Acme: code 012345 confirms your number. Good for 10 min. Keep it secret.");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		claim = claim_of("verify-mobile", numbers[i], "en");
		assert_int_equal(message_build_sms(&claim, &conf, &text), ERR_INPUT);
		assert_null(text);
	}
	claim = claim_of("verify-mobile", "alice@example.com", "en");
	assert_int_equal(message_build(&claim, &conf, NOW, &text), ERR_INPUT);
	claim = claim_of("verify-mail", "+821012345678", "en");
	assert_int_equal(message_build(&claim, &conf, NOW, &text), ERR_INPUT);
	assert_int_equal(message_build_sms(&claim, &conf, &text), ERR_INPUT);
}

static void
a_code_is_six_digits(void **state)
{
	static const char *const wrong[] = { "12345", "1234567", "12345a", "", TOKEN };
	struct directory_claim claim = claim_of("verify-mobile", "+821012345678", "en");
	struct buf *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct secret other = { .data = (uint8_t *)(uintptr_t)wrong[i], .len = strlen(wrong[i]) };

		claim.secret = &other;
		assert_int_equal(message_build_sms(&claim, &conf, &text), ERR_INPUT);
	}
	claim.secret = NULL;
	assert_int_equal(message_build_sms(&claim, &conf, &text), ERR_INPUT);
}

static void
recovery_codes_left_are_told(void **state)
{
	struct directory_fact with[] = { { "login", "alice" }, { "time", "1795238076" }, { "remaining", "9" } };
	struct directory_claim claim = claim_of("recovery-code-used", "alice@example.com", "en");
	struct built b;

	(void)state;
	claim.facts = with;
	claim.facts_len = 3;
	build(&claim, &b);
	assert_non_null(strstr(b.body, "\nRecovery codes left: 9\n\n"));
	with[2].value = "many\r\nBcc: eve@example.org";
	build(&claim, &b);
	assert_null(strstr(b.body, "Recovery codes left"));
	assert_null(strstr(b.body, "eve"));
}

static void
the_first_language_we_speak_is_used(void **state)
{
	static const struct {
		const char *preferred, *tag;
	} cases[] = {
		{ "ko", "ko" }, { "ko-KR", "ko" }, { "KO", "ko" }, { "fr, ko;q=0.8", "ko" }, { "en, ko", "en" },
		{ "en-GB,ko", "en" }, { "", "en" }, { "xx", "en" }, { "../../ko", "en" }, { "ko/../ko", "en" },
		{ ",,; ,ko", "ko" }, { "*", "en" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(language_use(cases[i].preferred), 0);
		assert_string_equal(language_tag(), cases[i].tag);
	}
}

static void
headers_are_complete(void **state)
{
	struct directory_claim claim = claim_of("reset", "alice@example.com", "en");
	struct built b;
	char value[1024];

	(void)state;
	build(&claim, &b);
	assert_memory_equal(b.message, "Date: Sat, 21 Nov 2026 05:20:00 +0000\r\n", 39);
	header(b.message, "From", value);
	assert_string_equal(value, "Acme<muster@example.com>");
	header(b.message, "To", value);
	assert_string_equal(value, "<alice@example.com>");
	header(b.message, "Message-ID", value);
	assert_non_null(strstr(value, "@example.com>"));
	header(b.message, "Auto-Submitted", value);
	assert_string_equal(value, "auto-generated");
}

static void
a_fact_adds_no_line_and_no_header(void **state)
{
	char evil[] = "alice\r\nBcc: eve@example.org\r\n\r\nhttps://evil.example/\n" TOKEN "\xe2\x80\xa8x\xc2\x85y\xffz\x1b[2J";
	struct directory_fact bad[] = { { login_name, evil } };
	struct directory_claim claim = claim_of("reset", "alice@example.com", "ko");
	struct built b;

	(void)state;
	claim.facts = bad;
	claim.facts_len = 1;
	build(&claim, &b);
	assert_null(strstr(b.message, "\r\nBcc:"));
	assert_null(strstr(b.body, "\nBcc:"));
	assert_null(strstr(b.body, "\nhttps:"));
	assert_null(strchr(b.body, '\x1b'));
	assert_true(text_is_utf8(b.body, strlen(b.body)));
	assert_lines_are_well_formed(b.message);
}

static void
an_address_that_needs_quoting_is_refused(void **state)
{
	static const char *const addresses[] = { "", "alice", "alice@", "@example.com", "a@b@c", "a b@example.com",
	                                         "alice@example.com\r\nRCPT TO:<eve@example.org>", "<alice@example.com>",
	                                         "alice@example.com, eve@example.org", "\"a\"@example.com",
	                                         "alice@example.com\n", "\xec\x95\xa8@example.com" };
	struct buf *message;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct directory_claim claim = claim_of("reset", addresses[i], "en");

		assert_int_equal(message_build(&claim, &conf, NOW, &message), ERR_INPUT);
		assert_null(message);
	}
}

static void
an_address_may_begin_with_a_hyphen(void **state)
{
	struct directory_claim claim = claim_of("reset", "-alice+x@example.com", "en");
	struct built b;

	(void)state;
	build(&claim, &b);
	assert_non_null(strstr(b.message, "\r\nTo: <-alice+x@example.com>\r\n"));
}

static void
a_secret_must_be_a_token(void **state)
{
	struct directory_claim claim = claim_of("reset", "alice@example.com", "en");
	struct secret other = { .data = (uint8_t *)(uintptr_t)"see https://evil.example", .len = 24 };
	struct buf *message;

	(void)state;
	claim.secret = NULL;
	assert_int_equal(message_build(&claim, &conf, NOW, &message), ERR_INPUT);
	claim.secret = &other;
	assert_int_equal(message_build(&claim, &conf, NOW, &message), ERR_INPUT);
}

static void
an_unknown_kind_is_not_guessed(void **state)
{
	struct directory_claim claim = claim_of("reset2", "alice@example.com", "en");
	struct buf *message;

	(void)state;
	assert_int_equal(message_build(&claim, &conf, NOW, &message), ERR_NOT_FOUND);
}

static void
the_link_is_the_configured_one(void **state)
{
	static char url[] = "https://id.example.com/reset#";
	struct directory_claim claim = claim_of("reset", "alice@example.com", "en");
	struct built b;

	(void)state;
	build(&claim, &b);
	assert_null(strstr(b.body, "https://"));
	conf.courier.reset_url = url;
	build(&claim, &b);
	conf.courier.reset_url = no_url;
	assert_non_null(strstr(b.body, "\nhttps://id.example.com/reset#" TOKEN "\n"));
}

static void
a_long_korean_name_is_folded_between_characters(void **state)
{
	char name[] = "\xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0 \xea\xb3\x84\xec\xa0\x95 \xec\x84\x9c\xeb\xb9\x84\xec\x8a\xa4 "
	              "\xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0 \xea\xb3\x84\xec\xa0\x95 \xec\x84\x9c\xeb\xb9\x84\xec\x8a\xa4";
	struct directory_claim claim = claim_of("reset", "alice@example.com", "ko");
	char value[1024];
	struct built b;

	(void)state;
	conf.courier.service_name = name;
	build(&claim, &b);
	conf.courier.service_name = service;
	assert_lines_are_well_formed(b.message);
	header(b.message, "Subject", value);
	assert_memory_equal(value, name, strlen(name));
}

static void
quoted_printable_keeps_every_octet(void **state)
{
	char text[4096], decoded[8192], encoded[16384];
	struct buf *b;
	size_t i, len;

	(void)state;
	for (len = 0; len < 200; len++) {
		for (i = 0; i < len; i++)
			text[i] = (char)(i % 7 == 0 ? ' ' : i % 5 == 0 ? '=' : i % 31 == 0 ? '\n' : i % 3 == 0 ? (char)0xec : 'a');
		text[len] = '\0';
		assert_int_equal(buf_new(sizeof(encoded) - 1, &b), 0);
		assert_int_equal(mime_put_quoted_printable(b, text, len), 0);
		if (buf_len(b) > 0)
			memcpy(encoded, buf_data(b), buf_len(b));
		encoded[buf_len(b)] = '\0';
		buf_free(&b);
		decode(encoded, decoded, 0);
		assert_string_equal(decoded, text);
		assert_lines_are_well_formed(encoded);
		assert_null(strstr(encoded, " \r\n"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_stands_alone_on_a_line),
		cmocka_unit_test(each_kind_speaks_both_languages),
		cmocka_unit_test(a_code_stands_alone_on_a_line),
		cmocka_unit_test(a_stranger_is_told_no_name_that_a_member_chose),
		cmocka_unit_test(facts_of_organizations_and_decisions_have_lines),
		cmocka_unit_test(a_text_message_is_one_sms_whatever_the_service_is_called),
		cmocka_unit_test(a_text_message_goes_to_a_number_and_a_mail_to_an_address),
		cmocka_unit_test(a_code_is_six_digits),
		cmocka_unit_test(recovery_codes_left_are_told),
		cmocka_unit_test(the_first_language_we_speak_is_used),
		cmocka_unit_test(headers_are_complete),
		cmocka_unit_test(a_fact_adds_no_line_and_no_header),
		cmocka_unit_test(an_address_that_needs_quoting_is_refused),
		cmocka_unit_test(an_address_may_begin_with_a_hyphen),
		cmocka_unit_test(a_secret_must_be_a_token),
		cmocka_unit_test(an_unknown_kind_is_not_guessed),
		cmocka_unit_test(the_link_is_the_configured_one),
		cmocka_unit_test(a_long_korean_name_is_folded_between_characters),
		cmocka_unit_test(quoted_printable_keeps_every_octet),
	};

	return cmocka_run_group_tests_name("message", tests, setup, NULL);
}
