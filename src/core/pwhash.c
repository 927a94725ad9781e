/*
 * pwhash.c - stored passwords: {MUSTER}$argon2id$v=19$m=19456,t=2,p=1$salt$hash.
 *
 * A stored value comes from the directory and is not trusted: its shape and its cost are checked before
 * Argon2 is asked, which would otherwise allocate what the value says.
 */
#include "core/pwhash.h"

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

_Static_assert(SALT_LEN == crypto_pwhash_SALTBYTES, "a salt of Argon2");
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

/* The len characters in front, base64 of exactly octets_len octets; 0 when they are not. */
static int
rest_take_base64(struct rest *rest, size_t len, uint8_t *octets_out, size_t octets_len)
{
	size_t n;

	if (rest->len < len ||
	    base64_decode(rest->text, len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, octets_out, octets_len, &n) != 0 ||
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

/* A stored value taken apart. */
struct parts {
	struct pwhash_cost cost;
	uint8_t salt[SALT_LEN];
	uint8_t hash[HASH_LEN];
};

static int
parse_stored(const char *stored, size_t stored_len, struct parts *parts_out)
{
	struct rest rest = { .text = stored, .len = stored_len };

	if (!pwhash_is_ours(stored, stored_len))
		return ERR_INPUT;
	if (!rest_pass(&rest, PWHASH_PREFIX ARGON2_START) || take_cost(&rest, ",t=", &parts_out->cost) != 0 ||
	    !rest_pass(&rest, ",p=1$") || !rest_take_base64(&rest, SALT_TEXT_LEN, parts_out->salt, SALT_LEN) ||
	    !rest_pass(&rest, "$") || !rest_take_base64(&rest, HASH_TEXT_LEN, parts_out->hash, HASH_LEN) ||
	    rest.len != 0)
		return ERR_INPUT;
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

/* Compare a password with a stored value's parts: one run of Argon2, whatever the outcome. */
static int
verify_parts(const struct parts *parts, const struct secret *password, enum verdict *verdict_out)
{
	uint8_t hash[HASH_LEN];

	/* not crypto_pwhash_str_verify(), which calls it a wrong password when memory is short */
	if (crypto_pwhash(hash, sizeof(hash), (const char *)password->data, password->len, parts->salt,
	                  parts->cost.passes, (size_t)parts->cost.memory_kib * 1024,
	                  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ERR_MEMORY;
	if (sodium_memcmp(hash, parts->hash, sizeof(hash)) == 0)
		*verdict_out = VERDICT_ALLOW;
	secret_wipe_array(hash);
	return 0;
}

/* Spend the time of a verification when there is nothing to verify. */
static int
spend_time(const struct pwhash_cost *cost)
{
	static uint8_t nothing[1];
	const struct secret password = { .data = nothing, .len = 0 };
	const struct parts parts = { .cost = *cost };
	enum verdict ignored = VERDICT_DENY;

	return verify_parts(&parts, &password, &ignored);
}

int
pwhash_verify(const struct pwhash_cost *cost, const char *stored, size_t stored_len, const uint8_t *password,
              size_t len, enum verdict *verdict_out, int *renew_out)
{
	struct parts parts = { 0 };
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
	can_match = parse_stored(stored, stored_len, &parts) == 0;
	r = len == 0 ? ERR_RANGE : nfkc(password, len, &normal);
	if (r == ERR_MEMORY)
		return r;
	if (!can_match || r != 0) {
		r = spend_time(cost);
		goto out;
	}
	r = verify_parts(&parts, normal, verdict_out);
	if (r == 0 && *verdict_out == VERDICT_ALLOW && renew_out != NULL)
		*renew_out = parts.cost.memory_kib != cost->memory_kib || parts.cost.passes != cost->passes;
out:
	secret_free(&normal);
	return r;
}
