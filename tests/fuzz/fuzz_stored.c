/*
 * fuzz_stored.c - userPassword and oathSecret as somebody with write access to the database could put them there.
 *                 Argon2 is replaced: what counts is that it runs once, and never at a cost out of range.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/pwhash.h"
#include "core/seal.h"

#define ENTRY "0d3f1b2c-0000-4000-8000-000000000001"
#define KEYS                                                                                     \
	"k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"                  \
	"k2 ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *password,
                         unsigned long long len, const unsigned char *salt, unsigned long long passes,
                         size_t bytes, int alg);

static int runs; /* of Argon2 */

int
__wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *password, unsigned long long len,
                     const unsigned char *salt, unsigned long long passes, size_t bytes, int alg)
{
	(void)password;
	(void)len;
	(void)salt;
	if (bytes < (size_t)8192 * 1024 || bytes > (size_t)1048576 * 1024 || passes < 1 || passes > 10 ||
	    alg != crypto_pwhash_ALG_ARGON2ID13)
		abort();
	memset(out, 0, out_len);
	runs++;
	return 0;
}

static void
verify_password(const uint8_t *data, size_t size)
{
	static const struct pwhash_cost cost = { .memory_kib = 8192, .passes = 1 };
	enum verdict verdict;
	int renew;

	runs = 0;
	if (pwhash_verify(&cost, (const char *)data, size, (const uint8_t *)"x", 1, &verdict, &renew) != 0 || runs != 1)
		abort();
	if (verdict == VERDICT_ALLOW && !pwhash_is_ours((const char *)data, size))
		abort();
}

/* What opens is written again with the same length; what does not gives nothing. */
static void
open_seal(const struct keyring *ring, const uint8_t *data, size_t size)
{
	static const uint8_t zero[SEAL_PLAIN_MAX];
	uint8_t plain[SEAL_PLAIN_MAX];
	char text[SEAL_TEXT_MAX];
	size_t len;

	if (seal_open(ring, ENTRY, strlen(ENTRY), (const char *)data, size, plain, &len) == 0) {
		if (len < 1 || seal_close(ring, ENTRY, strlen(ENTRY), plain, len, text) != 0 || strlen(text) != size)
			abort();
	} else if (len != 0 || memcmp(plain, zero, sizeof(plain)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyring *ring;
	int line;

	if (ring == NULL && keyring_parse(KEYS, strlen(KEYS), &ring, &line) != 0)
		abort();
	verify_password(data, size);
	open_seal(ring, data, size);
	return 0;
}
