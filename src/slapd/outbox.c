/*
 * outbox.c - messages owed to a member: record ids, values of musterOutbox, leases.
 */
#include "slapd/outbox.h"

#include <sodium.h>

#include "common/address.h"
#include "common/err.h"
#include "core/notice.h"
#include "core/token.h"
#include "slapd/member.h"
#include "slapd/mods.h"
#include "slapd/muster.h"

#define OUTBOX_VALUE_MAX 1024
#define ADDRESS_NONE "-" /* mail on the entry; no base64 */
#define OUTBOX_RANDOM_LEN 8 /* octets: 11 characters of base64url */
#define UUID_LEN 36
#define SUFFIX_LEN 11
#define QUEUE_SUFFIX_LEN 22

static int
is_base64url(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!ASCII_ALNUM((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return 0;
	return 1;
}

int
record_id_is_queue(const struct berval *id)
{
	return id->bv_len == 2 + QUEUE_SUFFIX_LEN && memcmp(id->bv_val, "q-", 2) == 0 &&
	       is_base64url(id->bv_val + 2, QUEUE_SUFFIX_LEN);
}

int
record_id_is_outbox(const struct berval *id, char uuid_out[37])
{
	const char *uuid = id->bv_val + 2;
	int i;

	uuid_out[0] = '\0';
	if (id->bv_len != 2 + UUID_LEN + 1 + SUFFIX_LEN || memcmp(id->bv_val, "m-", 2) != 0 ||
	    uuid[UUID_LEN] != '-' || !is_base64url(uuid + UUID_LEN + 1, SUFFIX_LEN))
		return 0;
	for (i = 0; i < UUID_LEN; i++) {
		int dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? uuid[i] != '-' : !isxdigit((unsigned char)uuid[i]))
			return 0;
	}
	memcpy(uuid_out, uuid, UUID_LEN);
	uuid_out[UUID_LEN] = '\0';
	return 1;
}

void
lease_text(const char *record_id, int64_t until, char text_out[LEASE_TEXT_MAX])
{
	snprintf(text_out, LEASE_TEXT_MAX, "%s %lld", record_id, (long long)until);
}

const struct berval *
lease_find(BerVarray leases, const char *record_id, int64_t *until_out)
{
	size_t len = strlen(record_id);
	int i;

	*until_out = 0;
	for (i = 0; leases != NULL && !BER_BVISNULL(&leases[i]); i++) {
		if (leases[i].bv_len <= len + 1 || memcmp(leases[i].bv_val, record_id, len) != 0 ||
		    leases[i].bv_val[len] != ' ')
			continue;
		*until_out = strtoll(leases[i].bv_val + len + 1, NULL, 10);
		return &leases[i];
	}
	return NULL;
}

/* owe - one record. address: NULL for mail on the entry; about: "" for nothing */
static void
owe(const struct member *member, const char *kind, const struct berval *address, const char *about, int64_t now,
    Modifications **mods)
{
	unsigned char random[OUTBOX_RANDOM_LEN];
	char suffix[SUFFIX_LEN + 1], id[RECORD_ID_MAX], value[OUTBOX_VALUE_MAX], lease[LEASE_TEXT_MAX];
	char encoded[sodium_base64_ENCODED_LEN(CHALLENGE_ADDRESS_MAX, sodium_base64_VARIANT_ORIGINAL)] = "";

	if (address != NULL && address->bv_len > CHALLENGE_ADDRESS_MAX)
		return;
	if (address != NULL)
		sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)address->bv_val, address->bv_len,
		                  sodium_base64_VARIANT_ORIGINAL);
	randombytes_buf(random, sizeof(random));
	sodium_bin2base64(suffix, sizeof(suffix), random, sizeof(random), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(id, sizeof(id), "m-%s-%s", member->uuid, suffix);
	if (*about != '\0' && *encoded == '\0')
		snprintf(encoded, sizeof(encoded), "%s", ADDRESS_NONE);
	snprintf(value, sizeof(value), "%s %s %lld%s%s%s%s", id, kind, (long long)now, *encoded ? " " : "", encoded,
	         *about ? " " : "", about);
	/* A lease that has ended goes with every record, so that claiming it is always a conditional write. */
	lease_text(id, 0, lease);
	mods_add_text(mods, LDAP_MOD_ADD, muster_ad.outbox, value);
	mods_add_text(mods, LDAP_MOD_ADD, muster_ad.lease, lease);
}

/* owe_all - in: address  NULL: mail on the entry */
static void
owe_all(const struct member *member, const char *kind, const struct berval *address, const char *about, int64_t now,
        Modifications **mods)
{
	if (notice_of(kind) & member->policy.notices_off)
		return;
	if (!BER_BVISEMPTY(address != NULL ? address : &member->mail))
		owe(member, kind, address, about, now, mods);
	/* Whoever took an account over writes an address of their own first: the one that was proved is told as well. */
	if (address == NULL && !BER_BVISEMPTY(&member->verified_mail) &&
	    !address_same_mail(member->verified_mail.bv_val, member->verified_mail.bv_len, member->mail.bv_val,
	                       member->mail.bv_len))
		owe(member, kind, &member->verified_mail, about, now, mods);
}

void
outbox_owe_message(const struct member *member, const char *kind, const struct berval *address, int64_t now,
                   Modifications **mods)
{
	owe(member, kind, address, "", now, mods);
}

void
outbox_owe(const struct member *member, const char *kind, const struct berval *address, int64_t now,
           Modifications **mods)
{
	owe_all(member, kind, address, "", now, mods);
}

void
outbox_owe_about(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods)
{
	owe_all(member, kind, NULL, about, now, mods);
}

void
outbox_forget(const struct member *member, const char *kind, Modifications **mods)
{
	const struct berval *lease;
	struct record record;
	int64_t until;
	int i;

	for (i = 0; member->outbox != NULL && !BER_BVISNULL(&member->outbox[i]); i++) {
		if (outbox_parse(&member->outbox[i], &record) < 0)
			continue;
		ch_free(record.address.bv_val);
		if (strcmp(record.kind, kind) != 0)
			continue;
		mods_add(mods, LDAP_MOD_DELETE, muster_ad.outbox, &member->outbox[i]);
		lease = lease_find(member->leases, record.id, &until);
		if (lease != NULL)
			mods_add(mods, LDAP_MOD_DELETE, muster_ad.lease, lease);
	}
}

void
outbox_owe_task(const struct member *member, const char *kind, const char *about, int64_t now, Modifications **mods)
{
	owe(member, kind, NULL, about, now, mods);
}

/* word - the next word of a value; 0 or ERR_INPUT when there is none or it is longer than max */
static int
word(const char **p, const char *end, size_t max, const char **start_out, size_t *len_out)
{
	const char *blank;

	while (*p < end && **p == ' ')
		(*p)++;
	blank = memchr(*p, ' ', end - *p);
	*start_out = *p;
	*len_out = (blank != NULL ? blank : end) - *p;
	*p += *len_out;
	return *len_out == 0 || *len_out > max ? ERR_INPUT : 0;
}

/* parse_about - what a notice is about, where it says so */
static int
parse_about(const char **p, const char *end, struct record *record_out)
{
	const char *start;
	size_t len;

	if (word(p, end, sizeof(record_out->about) - 1, &start, &len) == 0)
		memcpy(record_out->about, start, len);
	return 0;
}

int
outbox_parse(const struct berval *value, struct record *record_out)
{
	const char *p = value->bv_val, *end = p + value->bv_len, *start;
	unsigned char address[CHALLENGE_ADDRESS_MAX + 1];
	size_t len, address_len;

	memset(record_out, 0, sizeof(*record_out));
	if (word(&p, end, sizeof(record_out->id) - 1, &start, &len) < 0)
		return ERR_INPUT;
	memcpy(record_out->id, start, len);
	if (word(&p, end, sizeof(record_out->kind) - 1, &start, &len) < 0)
		return ERR_INPUT;
	memcpy(record_out->kind, start, len);
	if (word(&p, end, sizeof(record_out->time) - 1, &start, &len) < 0)
		return ERR_INPUT;
	memcpy(record_out->time, start, len);
	if (word(&p, end, OUTBOX_VALUE_MAX, &start, &len) < 0)
		return 0;
	if (len == STRLENOF(ADDRESS_NONE) && memcmp(start, ADDRESS_NONE, len) == 0)
		return parse_about(&p, end, record_out);
	if (sodium_base642bin(address, sizeof(address) - 1, start, len, NULL, &address_len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		return ERR_INPUT;
	address[address_len] = '\0';
	ber_str2bv((char *)address, address_len, 1, &record_out->address);
	return parse_about(&p, end, record_out);
}
