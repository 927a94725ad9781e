/*
 * pwhash.c - stored passwords: {MUSTER}$argon2id$v=19$m=19456,t=2,p=1$salt$hash.
 *
 * A stored value comes from the directory and is not trusted: its shape and its cost are checked before
 * Argon2 is asked, which would otherwise allocate what the value says.
 */
#include "core/pwhash.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "core/base64.h"
#include "core/init.h"
#include "core/nfkc.h"

#define PREFIX_LEN (sizeof(PWHASH_PREFIX) - 1)
#define ARGON2_START "$argon2id$v=19$m="
#define MEMORY_KIB_MIN 8192
#define MEMORY_KIB_MAX 1048576
#define PASSES_MIN 1
#define PASSES_MAX 10

/* What libsodium makes, and its base64 without padding. */
#define SALT_LEN 16
#define SALT_TEXT_LEN 22
#define HASH_LEN 32
#define HASH_TEXT_LEN 43

_Static_assert(PREFIX_LEN + crypto_pwhash_STRBYTES <= PWHASH_TEXT_MAX, "every text fits");

static int
cost_in_range(const struct pwhash_cost *cost)
{
	return cost->memory_kib >= MEMORY_KIB_MIN && cost->memory_kib <= MEMORY_KIB_MAX &&
	       cost->passes >= PASSES_MIN && cost->passes <= PASSES_MAX;
}

/* What is left of a text that is taken apart from the front. */
struct rest {
	const char *text;
	size_t len;
};

/* Pass over a literal; 0 when something else stands there. */
static int
rest_pass(struct rest *rest, const char *literal)
{
	size_t len = strlen(literal);

	if (rest->len < len || memcmp(rest->text, literal, len) != 0)
		return 0;
	rest->text += len;
	rest->len -= len;
	return 1;
}

/* The digits in front, as a number of min to max. */
static int
rest_take_number(struct rest *rest, uint32_t min, uint32_t max, uint32_t *number_out)
{
	int64_t number;
	size_t len = 0;
	int r;

	*number_out = 0;
	while (len < rest->len && rest->text[len] >= '0' && rest->text[len] <= '9')
		len++;
	r = text_number(rest->text, len, min, max, &number);
	if (r != 0)
		return r;
	*number_out = (uint32_t)number;
	rest->text += len;
	rest->len -= len;
	return 0;
}

/* Pass over len characters that are base64 of octets_len octets; 0 when they are not. */
static int
rest_pass_base64(struct rest *rest, size_t len, size_t octets_len)
{
	uint8_t octets[HASH_LEN];
	size_t n;

	if (rest->len < len ||
	    base64_decode(rest->text, len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, octets, sizeof(octets), &n) != 0 ||
	    n != octets_len)
		return 0;
	rest->text += len;
	rest->len -= len;
	return 1;
}

static int
take_cost(struct rest *rest, const char *between, struct pwhash_cost *cost_out)
{
	int r;

	r = rest_take_number(rest, MEMORY_KIB_MIN, MEMORY_KIB_MAX, &cost_out->memory_kib);
	if (r != 0)
		return r;
	if (!rest_pass(rest, between))
		return ERR_INPUT;
	return rest_take_number(rest, PASSES_MIN, PASSES_MAX, &cost_out->passes);
}

int
pwhash_cost_parse(const char *text, struct pwhash_cost *cost_out)
{
	struct rest rest = { .text = text, .len = strlen(text) };
	struct pwhash_cost cost = { 0 };
	int r;

	memset(cost_out, 0, sizeof(*cost_out));
	if (!rest_pass(&rest, "m="))
		return ERR_INPUT;
	r = take_cost(&rest, " t=", &cost);
	if (r != 0)
		return r;
	if (rest.len != 0)
		return ERR_INPUT;
	*cost_out = cost;
	return 0;
}

int
pwhash_is_ours(const char *stored, size_t stored_len)
{
	return stored != NULL && stored_len >= PREFIX_LEN && memcmp(stored, PWHASH_PREFIX, PREFIX_LEN) == 0;
}

/* Check all of a stored value. text_out is what libsodium takes, argon2's text and nothing behind it. */
static int
parse_stored(const char *stored, size_t stored_len, char text_out[crypto_pwhash_STRBYTES],
             struct pwhash_cost *cost_out)
{
	struct rest rest;

	memset(text_out, 0, crypto_pwhash_STRBYTES);
	if (!pwhash_is_ours(stored, stored_len) || stored_len - PREFIX_LEN >= crypto_pwhash_STRBYTES)
		return ERR_INPUT;
	rest.text = stored + PREFIX_LEN;
	rest.len = stored_len - PREFIX_LEN;
	if (!rest_pass(&rest, ARGON2_START) || take_cost(&rest, ",t=", cost_out) != 0 || !rest_pass(&rest, ",p=1$") ||
	    !rest_pass_base64(&rest, SALT_TEXT_LEN, SALT_LEN) || !rest_pass(&rest, "$") ||
	    !rest_pass_base64(&rest, HASH_TEXT_LEN, HASH_LEN) || rest.len != 0)
		return ERR_INPUT;
	memcpy(text_out, stored + PREFIX_LEN, stored_len - PREFIX_LEN);
	return 0;
}

int
pwhash_make(const struct pwhash_cost *cost, const uint8_t *password, size_t len, char text_out[PWHASH_TEXT_MAX])
{
	char text[crypto_pwhash_STRBYTES];
	struct secret *normal = NULL;
	int r;

	text_out[0] = '\0';
	if (len == 0 || !cost_in_range(cost))
		return ERR_RANGE;
	r = core_init();
	if (r != 0)
		return r;
	r = nfkc(password, len, &normal);
	if (r != 0)
		return r;
	if (crypto_pwhash_str_alg(text, (const char *)normal->data, normal->len, cost->passes,
	                          (size_t)cost->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		r = ERR_MEMORY;
		goto out;
	}
	memcpy(text_out, PWHASH_PREFIX, PREFIX_LEN);
	memcpy(text_out + PREFIX_LEN, text, strlen(text) + 1);
out:
	secret_free(&normal);
	return r;
}

/* Spend the time of a verification; the outcome is of no use. */
static int
spend_time(const struct pwhash_cost *cost)
{
	static const char password[] = "no password";
	static const uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t hash[HASH_LEN];
	int r;

	r = crypto_pwhash(hash, sizeof(hash), password, sizeof(password) - 1, salt, cost->passes,
	                  (size_t)cost->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
	return r == 0 ? 0 : ERR_MEMORY;
}

/* 0 and the verdict, or ERR_MEMORY: libsodium tells a wrong password apart by errno only. */
static int
verify_text(const char text[crypto_pwhash_STRBYTES], const struct secret *normal, enum verdict *verdict_out)
{
	errno = 0;
	if (crypto_pwhash_str_verify(text, (const char *)normal->data, normal->len) == 0) {
		*verdict_out = VERDICT_ALLOW;
		return 0;
	}
	return errno == EINVAL ? 0 : ERR_MEMORY;
}

int
pwhash_verify(const struct pwhash_cost *cost, const char *stored, size_t stored_len, const uint8_t *password,
              size_t len, enum verdict *verdict_out, int *renew_out)
{
	char text[crypto_pwhash_STRBYTES];
	struct pwhash_cost stored_cost = { 0 };
	struct secret *normal = NULL;
	int can_match;
	int r;

	*verdict_out = VERDICT_DENY;
	if (renew_out != NULL)
		*renew_out = 0;
	if (!cost_in_range(cost))
		return ERR_RANGE;
	r = core_init();
	if (r != 0)
		return r;
	can_match = parse_stored(stored, stored_len, text, &stored_cost) == 0;
	r = len == 0 ? ERR_RANGE : nfkc(password, len, &normal);
	if (r == ERR_MEMORY)
		return r;
	if (!can_match || r != 0) {
		r = spend_time(cost);
		goto out;
	}
	r = verify_text(text, normal, verdict_out);
	if (r == 0 && *verdict_out == VERDICT_ALLOW && renew_out != NULL)
		*renew_out = stored_cost.memory_kib != cost->memory_kib || stored_cost.passes != cost->passes;
out:
	secret_free(&normal);
	return r;
}
