/*
 * fuzz_values.c - texts that come from the directory, a key file or a person, through every parser of src/core.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/keyring.h"
#include "core/pwhash.h"
#include "core/pwrules.h"
#include "core/seal.h"
#include "core/token.h"
#include "core/totp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A challenge that is accepted must survive being written and read again. */
static void
parse_challenge(const char *text, size_t len)
{
	struct challenge once, again;
	char formatted[CHALLENGE_TEXT_MAX];

	if (challenge_parse(text, len, &once) != 0)
		return;
	if (challenge_format(&once, formatted) != 0)
		abort();
	if (challenge_parse(formatted, strlen(formatted), &again) != 0)
		abort();
	if (once.minted != again.minted || once.expires != again.expires || once.tries != again.tries ||
	    memcmp(once.hash, again.hash, sizeof(once.hash)) != 0 || strcmp(once.address, again.address) != 0)
		abort();
}

static void
parse_text(const char *text)
{
	struct pwhash_cost cost;
	struct pwrules rules;
	unsigned broken;
	uint8_t seed[TOTP_SEED_MAX];
	size_t seed_len;

	(void)pwhash_cost_parse(text, &cost);
	(void)pwrules_parse(text, &rules, &broken);
	if (totp_seed_from_text(text, seed, &seed_len) == 0 && (seed_len < TOTP_SEED_MIN || seed_len > TOTP_SEED_MAX))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pwrules rules = PWRULES_CONSOLE_16;
	struct keyring *ring = NULL;
	char *text = malloc(size + 1);
	int line;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	parse_text(text);
	free(text);

	parse_challenge((const char *)data, size);
	if ((keyring_parse((const char *)data, size, &ring, &line) == 0) != (ring != NULL))
		abort();
	keyring_free(&ring);
	(void)pwrules_check(&rules, data, size);
	(void)token_looks_like(data, size);
	(void)seal_is_sealed((const char *)data, size);
	(void)pwhash_is_ours((const char *)data, size);
	return 0;
}
