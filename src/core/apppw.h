/*
 * apppw.h - app passwords: made, kept as a keyed hash bound to the entry, compared, written and read as text.
 *
 * Values of musterAppPassword:     id=<id> label=<percent-encoded> networks=<cidr,cidr or *> created=<unix> hash=<key id>$<base64>
 * Values of musterAppPasswordUsed: <id> <unix time>
 */
#ifndef MUSTER_CORE_APPPW_H
#define MUSTER_CORE_APPPW_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "core/keyring.h"
#include "core/network.h"

#define APPPW_SECRET_LEN 29   /* "ma-" and 26 characters of base32: 130 random bits */
#define APPPW_ID_LEN 8
#define APPPW_LABEL_MAX 64    /* code points */
#define APPPW_LABEL_OCTETS (4 * APPPW_LABEL_MAX)
#define APPPW_NETWORKS_MAX 16
#define APPPW_HASH_LEN 32
#define APPPW_TEXT_MAX 2048
#define APPPW_USED_MAX (APPPW_ID_LEN + 22)

struct apppw {
	char id[APPPW_ID_LEN + 1];
	char label[APPPW_LABEL_OCTETS + 1];
	struct network networks[APPPW_NETWORKS_MAX];
	size_t networks_len; /* 0: from everywhere */
	int64_t created;     /* unix seconds */
	char key_id[KEYRING_ID_MAX + 1];
	uint8_t hash[APPPW_HASH_LEN];
};

/* apppw_label_check - 0 for 1 to APPPW_LABEL_MAX code points of clean text that no blank begins or ends. error: ERR_INPUT */
int apppw_label_check(const void *label, size_t len);

/*
 * apppw_new - make up an app password.
 * in:    uuid      entryUUID of the member it is for
 *        pw        label, networks and created are set
 * out:   pw        id, key id and hash
 *        text_out  the app password; the caller wipes it
 * error: ERR_KEY, ERR_INPUT (label)
 */
int apppw_new(const struct keyring *ring, const char *uuid, struct apppw *pw, char text_out[APPPW_SECRET_LEN + 1]);

/* apppw_looks_like - 1 when octets have the shape of an app password. */
int apppw_looks_like(const void *typed, size_t len);

/*
 * apppw_check - compare octets with an app password.
 * out:   verdict_out  set on every path; ALLOW only when 0 is returned
 * error: ERR_KEY  its key is not in the ring
 */
int apppw_check(const struct apppw *pw, const struct keyring *ring, const char *uuid, const void *typed, size_t len,
                enum verdict *verdict_out);

/* apppw_allows - 1 when a client may use it from there. From everywhere: also when nobody knows where that is. */
int apppw_allows(const struct apppw *pw, const struct network_address *address);

/*
 * apppw_format, apppw_parse - as a value of musterAppPassword. One app password has one text.
 * error: ERR_INPUT
 */
int apppw_format(const struct apppw *pw, char text_out[APPPW_TEXT_MAX]);
int apppw_parse(const char *text, size_t len, struct apppw *pw_out);

/* apppw_used_format, apppw_used_parse - as a value of musterAppPasswordUsed. error: ERR_INPUT */
int apppw_used_format(const char *id, int64_t when, char text_out[APPPW_USED_MAX]);
int apppw_used_parse(const char *text, size_t len, char id_out[APPPW_ID_LEN + 1], int64_t *when_out);

#endif
