/*
 * test_core_memory.c - every allocation of src/common and src/core fails once: an error comes back, nothing else.
 *                      The linker sends our objects' malloc, calloc, realloc and sodium_malloc here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/err.h"
#include "core/context.h"
#include "core/keyring.h"
#include "core/pwhash.h"
#include "core/pwrules.h"
#include "core/totp.h"
#include "core/wordlist.h"

static int calls_left = -1; /* until one fails; negative: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);

static int
fails_now(void)
{
	return calls_left >= 0 && calls_left-- == 0;
}

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails_now() ? NULL : __real_realloc(p, size);
}

void *
__wrap_sodium_malloc(size_t size)
{
	return fails_now() ? NULL : __real_sodium_malloc(size);
}

static const struct pwhash_cost cheap = { .memory_kib = 8192, .passes = 1 };
static char stored[PWHASH_TEXT_MAX];

/* Each returns 0 when it succeeded and an error otherwise, having checked its outputs. */

static int
make_secret(void)
{
	struct secret *s;
	int r = secret_new("secret", 6, &s);

	assert_int_equal(r == 0, s != NULL);
	secret_free(&s);
	return r;
}

static int
grow_buffer(void)
{
	static const uint8_t octets[300];
	struct secret *s = NULL;
	struct buf *b;
	size_t len;
	int r;

	r = buf_new(4096, &b);
	assert_int_equal(r == 0, b != NULL);
	if (r != 0)
		return r;
	for (len = 0; r == 0 && len < 3000; len += sizeof(octets))
		r = buf_put_octets(b, octets, sizeof(octets));
	if (r == 0)
		r = buf_to_secret(b, &s);
	secret_free(&s);
	buf_free(&b);
	return r;
}

static int
parse_keyring(void)
{
	static const char text[] = "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	struct keyring *ring;
	int line;
	int r = keyring_parse(text, strlen(text), &ring, &line);

	assert_int_equal(r == 0, ring != NULL);
	keyring_free(&ring);
	return r;
}

static int
make_hash(void)
{
	char text[PWHASH_TEXT_MAX];
	int r = pwhash_make(&cheap, (const uint8_t *)"caf\xc3\xa9", 5, text);

	assert_int_equal(r == 0, text[0] != '\0');
	return r;
}

static int
verify_right_password(void)
{
	enum verdict verdict = VERDICT_ALLOW;
	int r = pwhash_verify(&cheap, stored, strlen(stored), (const uint8_t *)"secret", 6, &verdict, NULL);

	assert_int_equal(verdict, r == 0 ? VERDICT_ALLOW : VERDICT_DENY);
	return r;
}

/* Has no error to return: short memory is a refusal. */
static int
check_rules(void)
{
	static const struct pwrules rules = PWRULES_CONSOLE_16;
	unsigned broken = pwrules_check(&rules, (const uint8_t *)"Abc1234!", 8);

	assert_true(broken == 0 || broken == PWRULE_ENCODING);
	return broken == 0 ? 0 : ERR_MEMORY;
}

static int
make_uri(void)
{
	char *uri;
	int r = totp_uri((const uint8_t *)"12345678901234567890", 20, "Acme", "alice", &uri);

	assert_int_equal(r == 0, uri != NULL);
	free(uri);
	return r;
}

static int
make_wordlist(void)
{
	static const char text[] = "one\nTWO\ncaf\xc3\xa9\n";
	struct wordlist *list, *more = NULL;
	int r = wordlist_new(NULL, text, strlen(text), &list);

	assert_int_equal(r == 0, list != NULL);
	if (r == 0)
		r = wordlist_new(list, text, strlen(text), &more);
	assert_int_equal(r == 0, more != NULL);
	wordlist_free(&list);
	wordlist_free(&more);
	return r;
}

static int
look_up_word(void)
{
	int refused = 7;
	int r = wordlist_refuses(NULL, (const uint8_t *)"Password", 8, &refused);

	assert_int_equal(refused, r == 0 ? 1 : 0);
	return r;
}

static int
find_names(void)
{
	struct context *context;
	int refused = 7;
	int r = context_new(&context);

	assert_int_equal(r == 0, context != NULL);
	if (r == 0)
		r = context_add(context, "Acme Trading", 12);
	if (r == 0)
		r = context_add(context, "caf\xc3\xa9 noir", 10);
	if (r == 0) {
		r = context_refuses(context, (const uint8_t *)"Trading!1", 9, &refused);
		assert_int_equal(refused, r == 0 ? 1 : 0);
	}
	context_free(&context);
	return r;
}

static void
every_allocation_can_fail(void **state)
{
	int (*const cases[])(void) = { make_secret, grow_buffer, parse_keyring, make_hash, verify_right_password,
		                       check_rules, make_uri, make_wordlist, look_up_word, find_names };
	size_t i;
	int nth, r;

	(void)state;
	assert_int_equal(pwhash_make(&cheap, (const uint8_t *)"secret", 6, stored), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (nth = 0;; nth++) {
			calls_left = nth;
			r = cases[i]();
			if (calls_left >= 0)
				break; /* it asked for less memory than that */
			assert_int_equal(r, ERR_MEMORY);
		}
		calls_left = -1;
		assert_int_equal(r, 0);
		assert_true(nth > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
