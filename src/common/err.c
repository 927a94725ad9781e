/*
 * err.c - texts of the error codes.
 */
#include "common/err.h"

const char *
err_str(int r)
{
	switch (r) {
	case 0:
		return "success";
	case ERR_INTERNAL:
		return "internal error";
	case ERR_MEMORY:
		return "out of memory";
	case ERR_INPUT:
		return "malformed input";
	case ERR_RANGE:
		return "out of the allowed range";
	case ERR_RULES:
		return "the password breaks rules";
	case ERR_EXPIRED:
		return "expired";
	case ERR_ATTEMPTS:
		return "no tries left";
	case ERR_SPENT:
		return "used before";
	case ERR_SEAL:
		return "sealed value is damaged or belongs to another entry";
	case ERR_KEY:
		return "no such key, or the key file cannot be used";
	case ERR_RANDOM:
		return "the system gave no random octets";
	case ERR_IO:
		return "reading or writing failed";
	case ERR_TIMEOUT:
		return "no answer in time";
	case ERR_PEER:
		return "the peer is not who it must be";
	case ERR_PROTO:
		return "the peer does not speak our protocol";
	case ERR_CONFIG:
		return "the configuration cannot be used";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_AMBIGUOUS:
		return "more than one entry matches";
	case ERR_REFUSED:
		return "refused by the directory";
	case ERR_UNREACHABLE:
		return "cannot be reached";
	case ERR_NO_OVERLAY:
		return "the directory server does not enforce Muster's rules";
	case ERR_BUSY:
		return "busy, try again";
	case ERR_EXISTS:
		return "exists already";
	default:
		return "unknown error";
	}
}
