/*
 * audit.c - one line per outcome in slapd's log.
 */
#include "slapd/muster.h"

#define AUDIT_DN_MAX 512

/* Control characters, quotes and backslashes become \xx; what is too long ends in "...". */
void
audit_text(const struct berval *in, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; in != NULL && i < in->bv_len; i++) {
		unsigned char c = in->bv_val[i];

		if (n + sizeof("\\xx...") > size) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		} else {
			out[n++] = c;
		}
	}
	out[n] = '\0';
}

void
audit(Operation *op, const char *what, const struct berval *dn, const char *outcome, const char *reason)
{
	char who[AUDIT_DN_MAX], peer[AUDIT_DN_MAX];
	const struct berval *from = op->o_conn != NULL ? &op->o_conn->c_peer_name : NULL;

	audit_text(dn, who, sizeof(who));
	audit_text(from, peer, sizeof(peer));
	/* At every log level but 0: Debian's slapd runs with "none", and who got in must be known there too. */
	Debug(LDAP_DEBUG_ANY, "%s muster: %s dn=\"%s\" outcome=%s reason=%s peer=\"%s\"\n", op->o_log_prefix, what, who,
	      outcome, reason != NULL ? reason : "-", peer);
}
