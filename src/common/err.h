/*
 * err.h - the error codes of every Muster library.
 *
 * Functions return 0 or a negative ERR_*. The codes have a number space of their
 * own, so that a stray errno or LDAP result is noticed. "The check ran" and "the
 * user may pass" are two facts: the first is returned, the second is written to
 * an enum verdict, whose zero value is DENY.
 */
#ifndef MUSTER_COMMON_ERR_H
#define MUSTER_COMMON_ERR_H

#define ERR_BASE (-7000)

enum err {
	ERR_INTERNAL = ERR_BASE - 1, /* a bug, or a state that must not be */
	ERR_MEMORY = ERR_BASE - 2,
	ERR_INPUT = ERR_BASE - 3,     /* malformed: syntax, encoding, length */
	ERR_RANGE = ERR_BASE - 4,     /* well-formed, out of the allowed range */
	ERR_RULES = ERR_BASE - 5,     /* a password breaks rules */
	ERR_EXPIRED = ERR_BASE - 6,   /* right, but too late */
	ERR_ATTEMPTS = ERR_BASE - 7,  /* no tries left */
	ERR_SPENT = ERR_BASE - 8,     /* right, but used before */
	ERR_SEAL = ERR_BASE - 9,      /* sealed value damaged or of another entry */
	ERR_KEY = ERR_BASE - 10,      /* no such key, or key file unusable */
	ERR_RANDOM = ERR_BASE - 11,   /* the system gave no random octets */
	ERR_IO = ERR_BASE - 12,
	ERR_TIMEOUT = ERR_BASE - 13,
	ERR_PEER = ERR_BASE - 14,     /* the peer is not who it must be */
	ERR_PROTO = ERR_BASE - 15,    /* the peer does not speak our protocol */
	ERR_CONFIG = ERR_BASE - 16,
	ERR_NOT_FOUND = ERR_BASE - 17,
	ERR_AMBIGUOUS = ERR_BASE - 18, /* more than one entry matches */
	ERR_REFUSED = ERR_BASE - 19,  /* the directory says no: wrong credentials or rights */
	ERR_UNREACHABLE = ERR_BASE - 20,
	ERR_NO_OVERLAY = ERR_BASE - 21, /* the directory server does not enforce Muster's rules */
	ERR_BUSY = ERR_BASE - 22,
	ERR_EXISTS = ERR_BASE - 23,
	ERR_LAST = ERR_BASE - 23
};

enum verdict { VERDICT_DENY = 0, VERDICT_ALLOW = 0x414c4c57 };

/*
 * err_str - what an error code means, for a person.
 * in:    r  0 or an ERR_* code
 * out:   static text, never NULL; an unknown code gives "unknown error"
 */
const char *err_str(int r);

#endif
