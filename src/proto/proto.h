/*
 * proto.h - the protocol between pam_muster.so and the gate of musterd. This file is its
 *           specification; proto.c encodes and decodes for both ends.
 *
 * Transport: a Unix stream socket. One connection carries one request after the other; every request
 * gets exactly one answer. The gate takes the peer's uid from the kernel, the client checks that
 * the socket's owner is root or the gate's user before it sends a password.
 *
 * Frame:   uint32 length of what follows (big-endian, 2 to PROTO_FRAME_MAX), uint16 type, fields.
 * Fields:  uint8, uint16, uint32, int64  big-endian
 *          string                       uint16 length, octets; valid UTF-8 without NUL
 *          octets                       uint16 length, octets
 *          option                       uint8 0 or 1, then the field when 1
 * A frame with octets left over, or too few, ends the connection.
 *
 * Who believes what: service, tty and rhost are used only from uid 0 and from the user who started musterd (root,
 * or without root the user that all of it runs as). Any other caller may ask about its own user name only.
 */
#ifndef MUSTER_PROTO_H
#define MUSTER_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define PROTO_VERSION 1
#define PROTO_FRAME_MAX 16384
#define PROTO_NAME_MAX 256    /* user, service, tty, rhost, language */
#define PROTO_TEXT_MAX 1024   /* text for a person */

enum proto_type {
	/* REQ_HELLO: uint32 version (PROTO_VERSION), string service, string tty, string rhost, string language */
	REQ_HELLO = 0x0101,
	/* ANS_HELLO: uint32 version, uint8 status */
	ANS_HELLO = 0x0201,

	/* REQ_LOGIN: string user, octets password, option octets code, uint8 together
	 * together 1: the password may end in the code (prompt=together); code is then absent */
	REQ_LOGIN = 0x0102,
	/* ANS_LOGIN: uint8 status, uint8 state, int64 previous login (unix seconds, 0 unknown) */
	ANS_LOGIN = 0x0202,

	/* REQ_ACCOUNT: string user. For logins whose password Muster did not see (SSH keys, su). */
	REQ_ACCOUNT = 0x0103,
	/* ANS_ACCOUNT: uint8 status, uint8 state. PROTO_MORE: change-required, expired, or enrol-required, which a login without a
	 * password cannot make good */
	ANS_ACCOUNT = 0x0203,

	/* REQ_CHANGE: string user, octets old password, option octets code, octets new password */
	REQ_CHANGE = 0x0104,
	/* ANS_CHANGE: uint8 status, uint32 broken rules (enum proto_rule), uint16 min, uint16 max, uint16 history
	 * PROTO_MORE: the code is missing */
	ANS_CHANGE = 0x0204,

	/* REQ_REDEEM: string user, octets token, octets new password */
	REQ_REDEEM = 0x0105,
	/* ANS_REDEEM: fields of ANS_CHANGE */
	ANS_REDEEM = 0x0205,

	/* REQ_ENROL_START: string user. A fresh seed that is not yet anybody's. */
	REQ_ENROL_START = 0x0106,
	/* ANS_ENROL_START: uint8 status, octets setup key (base32), octets otpauth URI, octets QR as lines of UTF-8 half blocks */
	ANS_ENROL_START = 0x0206,

	/* REQ_ENROL: string user, octets password, octets setup key, octets code */
	REQ_ENROL = 0x0107,
	/* ANS_ENROL: uint8 status, uint8 n, n times octets recovery code */
	ANS_ENROL = 0x0207
};

/* Outcome of a request. Anything that is not PROTO_OK, known or not, is a refusal. */
enum proto_status {
	PROTO_NONE = 0,         /* never sent: an answer that was not filled in */
	PROTO_OK = 0x4f,
	PROTO_DENIED = 2,       /* wrong user, password, code or token; no difference is told */
	PROTO_MORE = 3,         /* right so far; state says what is missing */
	PROTO_RULES = 4,        /* the new password breaks rules */
	PROTO_UNAVAILABLE = 5,  /* the directory cannot be asked now */
	PROTO_BUSY = 6,
	PROTO_NOT_ALLOWED = 7,  /* this caller may not ask this */
	PROTO_BAD_REQUEST = 8
};

/* The states of the SecondFactor control (doc/ARCHITECTURE.md), same numbers. */
enum proto_state {
	STATE_OK = 0,
	STATE_CODE_REQUIRED = 1,
	STATE_ENROL_REQUIRED = 2,
	STATE_CHANGE_REQUIRED = 3,
	STATE_EXPIRED = 4
};

/* Rules that a new password breaks, or-ed together; the numbers of enum pwrule (core/pwrules.h). */
enum proto_rule {
	RULE_MIN_LENGTH = 1 << 0,
	RULE_MAX_LENGTH = 1 << 1,
	RULE_LETTER = 1 << 2,
	RULE_DIGIT = 1 << 3,
	RULE_SPECIAL = 1 << 4,
	RULE_HISTORY = 1 << 5,
	RULE_BYTES = 1 << 6,
	RULE_ENCODING = 1 << 7,
	RULE_BLOCKLIST = 1 << 8,
	RULE_CONTEXT = 1 << 9
};

/* One decoded frame. Strings and secrets belong to the message; proto_free() wipes and frees. */
struct proto_message {
	enum proto_type type;
	uint32_t version;
	char *service, *tty, *rhost, *language, *user;
	struct secret *password, *code, *new_password, *token, *setup_key, *uri, *qr;
	uint8_t together;
	uint8_t status; /* enum proto_status */
	uint8_t state;  /* enum proto_state */
	int64_t previous_login;
	uint32_t broken_rules;
	uint16_t min_length, max_length, history;
	struct secret **recovery_codes;
	uint8_t recovery_codes_len;
};

/*
 * proto_encode - one frame, length included.
 * out:   *frame_out  to be freed with secret_free()
 * error: ERR_INPUT (field missing, NUL in a string), ERR_RANGE (too long), ERR_MEMORY
 */
int proto_encode(const struct proto_message *m, struct secret **frame_out);

/*
 * proto_decode - the frame behind its length field.
 * in:    data  len octets: type and fields
 * out:   *m_out  NULL on error; freed with proto_free()
 * error: ERR_PROTO (unknown type, too few or left-over octets, not UTF-8), ERR_RANGE, ERR_MEMORY
 */
int proto_decode(const uint8_t *data, size_t len, struct proto_message **m_out);
void proto_free(struct proto_message **m);

#endif
