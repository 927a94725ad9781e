/*
 * audit.c - one line per outcome in slapd's log. doc/OPERATIONS.md, "Logs", is for who reads them.
 */
#include "slapd/audit.h"

#include "common/text.h"
#include "slapd/factor_control.h"

#define AUDIT_VALUE_MAX 512 /* octets of a value after escaping */
#define AUDIT_WORD_MAX 80

/*
 * shown - how many octets at the beginning of a text can stand in a line as they are: one character that neither ends a line or
 *         a value, nor changes what others look like. 0: none, the first octet is to be escaped.
 */
static size_t
shown(const char *text, size_t len)
{
	uint32_t cp;
	size_t taken = text_decode(text, len, &cp);

	if (taken == 0 || text_is_control(cp) || cp == '"' || cp == '\\' || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069))
		return 0;
	return taken;
}

/* What cannot be shown becomes \xx, octet by octet; what is too long ends in "...". */
void
audit_text(const struct berval *in, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t i = 0, n = 0, taken;

	while (in != NULL && i < in->bv_len) {
		unsigned char c = in->bv_val[i];

		/* room for four octets of a character, or an escape, and the end */
		if (n + 4 + sizeof("...") > size) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		taken = shown(in->bv_val + i, in->bv_len - i);
		if (taken == 0) {
			out[n++] = '\\';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
			i++;
			continue;
		}
		memcpy(out + n, in->bv_val + i, taken);
		n += taken;
		i += taken;
	}
	out[n] = '\0';
}

/* value_text - the same, "-" for nothing */
static void
value_text(const struct berval *in, char *out, size_t size)
{
	static const struct berval none = BER_BVC("-");

	audit_text(in != NULL && !BER_BVISEMPTY(in) ? in : &none, out, size);
}

/* rule_of - the rule that a result stands for when nobody named one */
static const char *
rule_of(int result)
{
	switch (result) {
	case LDAP_SUCCESS:
		return "-";
	case LDAP_PROTOCOL_ERROR:
		return "protocol";
	case LDAP_STRONG_AUTH_REQUIRED:
		return "code-missing";
	case LDAP_CONFIDENTIALITY_REQUIRED:
		return "connection";
	case LDAP_CONSTRAINT_VIOLATION:
		return "constraint";
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_NO_SUCH_ATTRIBUTE:
		return "not-there";
	case LDAP_INVALID_CREDENTIALS:
		return "credentials";
	case LDAP_INSUFFICIENT_ACCESS:
		return "access";
	case LDAP_BUSY:
		return "busy";
	case LDAP_UNWILLING_TO_PERFORM:
		return "state";
	case LDAP_UNAVAILABLE:
	case LDAP_OTHER:
		return "server";
	default:
		return "directory";
	}
}

/* actor - who is logged in on the connection when that is somebody else than the subject; nobody is during a bind */
static const struct berval *
actor(Operation *op, const struct berval *dn)
{
	if (op->o_tag == LDAP_REQ_BIND || (dn != NULL && !BER_BVISNULL(dn) && dn_match(&op->o_ndn, dn)))
		return NULL;
	return &op->o_dn;
}

void
audit(Operation *op, const struct audit_event *event)
{
	const struct factor_request *request = op->o_tag == LDAP_REQ_BIND ? factor_request_of(op) : NULL;
	char dn[AUDIT_VALUE_MAX], by[AUDIT_VALUE_MAX], from[AUDIT_VALUE_MAX], text[AUDIT_VALUE_MAX];
	char service[AUDIT_WORD_MAX], rhost[AUDIT_WORD_MAX];
	struct berval words;

	value_text(event->dn, dn, sizeof(dn));
	value_text(actor(op, event->dn), by, sizeof(by));
	value_text(op->o_conn != NULL ? &op->o_conn->c_peer_name : NULL, from, sizeof(from));
	value_text(request != NULL ? &request->service : event->service, service, sizeof(service));
	value_text(request != NULL ? &request->rhost : event->rhost, rhost, sizeof(rhost));
	ber_str2bv(event->text != NULL ? event->text : "", 0, 0, &words);
	value_text(&words, text, sizeof(text));
	/* At every log level but 0: Debian's slapd runs with "none", and who got in must be known there too. */
	Debug(LDAP_DEBUG_ANY, "%s muster: outcome=%s operation=%s dn=\"%s\" by=\"%s\" from=\"%s\" service=\"%s\" "
	      "rhost=\"%s\" factor=%s rule=%s result=%d text=\"%s\"\n",
	      op->o_log_prefix, event->result == LDAP_SUCCESS ? "accepted" : "refused", event->operation, dn, by, from,
	      service, rhost, event->factor != NULL ? event->factor : "none",
	      event->rule != NULL ? event->rule : rule_of(event->result), event->result, text);
}
