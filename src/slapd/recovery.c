/*
 * recovery.c - codes on paper for the day the authenticator is lost. 50 random bits each; what is kept is a hash
 *              under a subkey of the sealing key, bound to the entry: "<key id> <base64 hash>".
 */
#include "slapd/recovery.h"

#include <sodium.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/keyring.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"
#include "slapd/outbox.h"
#include "slapd/verify.h"

#define RECOVERY_CHARS 10
#define RECOVERY_VALUE_MAX (KEYRING_ID_MAX + 1 + sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL) + 1)

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* hash_text - the stored value of a code under one key. error: ERR_KEY */
static int
hash_text(struct muster *m, const char *key_id, const char *uuid, const char code[RECOVERY_CHARS],
          char value_out[RECOVERY_VALUE_MAX])
{
	static const char label[] = "recovery code";
	unsigned char key[KEYRING_KEY_LEN], hash[32];
	crypto_generichash_state state;
	int len;

	if (keyring_subkey(m->ring, key_id, KEYRING_CODE, key) < 0)
		return ERR_KEY;
	crypto_generichash_init(&state, key, sizeof(key), sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)label, sizeof(label));
	crypto_generichash_update(&state, (const unsigned char *)uuid, strlen(uuid) + 1);
	crypto_generichash_update(&state, (const unsigned char *)code, RECOVERY_CHARS);
	crypto_generichash_final(&state, hash, sizeof(hash));
	len = snprintf(value_out, RECOVERY_VALUE_MAX, "%s ", key_id);
	sodium_bin2base64(value_out + len, RECOVERY_VALUE_MAX - len, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	secret_wipe_array(key);
	secret_wipe_object(&state);
	return 0;
}

int
recovery_codes_new(struct muster *m, const struct member *member, char codes_out[RECOVERY_CODES][RECOVERY_CODE_LEN + 1],
                   Modifications **mods)
{
	const char *key_id = keyring_active_id(m->ring);
	char code[RECOVERY_CHARS], value[RECOVERY_VALUE_MAX];
	int i, j, r = ERR_KEY;

	memset(codes_out, 0, RECOVERY_CODES * (RECOVERY_CODE_LEN + 1));
	mods_add(mods, SLAP_MOD_SOFTDEL, muster_ad.recovery_code, NULL);
	for (i = 0; i < RECOVERY_CODES; i++) {
		for (j = 0; j < RECOVERY_CHARS; j++)
			code[j] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
		r = hash_text(m, key_id, member->uuid, code, value);
		if (r < 0)
			break;
		mods_add_text(mods, LDAP_MOD_ADD, muster_ad.recovery_code, value);
		snprintf(codes_out[i], RECOVERY_CODE_LEN + 1, "%.5s-%.5s", code, code + 5);
	}
	secret_wipe_array(code);
	return r;
}

/* canonical - what was typed as RECOVERY_CHARS lower-case characters; 0 or ERR_INPUT */
static int
canonical(const char *typed, size_t len, char code_out[RECOVERY_CHARS])
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		char c = TOLOWER((unsigned char)typed[i]);

		if (c == '-' || c == ' ')
			continue;
		if (n == RECOVERY_CHARS || c == '\0' || strchr(alphabet, c) == NULL)
			return ERR_INPUT;
		code_out[n++] = c;
	}
	return n == RECOVERY_CHARS ? 0 : ERR_INPUT;
}

int
recovery_match(struct muster *m, const struct member *member, const void *typed, size_t len, struct berval *stored_out)
{
	char code[RECOVERY_CHARS], key_id[KEYRING_ID_MAX + 1], value[RECOVERY_VALUE_MAX];
	int i, found = 0;

	BER_BVZERO(stored_out);
	if (member->recovery_codes == NULL || m->ring == NULL || canonical(typed, len, code) < 0)
		return 0;
	for (i = 0; !BER_BVISNULL(&member->recovery_codes[i]); i++) {
		const struct berval *stored = &member->recovery_codes[i];
		const char *blank = memchr(stored->bv_val, ' ', stored->bv_len);

		if (blank == NULL || blank - stored->bv_val > KEYRING_ID_MAX)
			continue;
		snprintf(key_id, sizeof(key_id), "%.*s", (int)(blank - stored->bv_val), stored->bv_val);
		if (hash_text(m, key_id, member->uuid, code, value) == 0 &&
		    secret_equal(value, strlen(value), stored->bv_val, stored->bv_len)) {
			*stored_out = *stored;
			found = 1;
		}
	}
	secret_wipe_array(code);
	return found;
}

void
recovery_owe_used(const struct member *member, const struct verify_result *result, int64_t now, Modifications **mods)
{
	if (!BER_BVISNULL(&result->recovery))
		outbox_owe(member, "recovery-code-used", NULL, now, mods);
}
