/*
 * pwrules.h - what a password must be like.
 */
#ifndef MUSTER_CORE_PWRULES_H
#define MUSTER_CORE_PWRULES_H

#include <stddef.h>
#include <stdint.h>

/* Rules that a password can break, or-ed together. */
enum pwrule {
	PWRULE_MIN_LENGTH = 1 << 0,
	PWRULE_MAX_LENGTH = 1 << 1,
	PWRULE_LETTER = 1 << 2,
	PWRULE_DIGIT = 1 << 3,
	PWRULE_SPECIAL = 1 << 4,
	PWRULE_HISTORY = 1 << 5, /* decided by the caller, who has the hashes */
	PWRULE_BYTES = 1 << 6,   /* longer than SECRET_MAX octets */
	PWRULE_ENCODING = 1 << 7, /* not UTF-8, or a control character in it */
	PWRULE_BLOCKLIST = 1 << 8, /* on a list of words or breached: decided by the caller, who has the lists */
	PWRULE_CONTEXT = 1 << 9    /* mostly names of the member, organization or product: the same */
};

/* Limits are code points after NFKC. */
struct pwrules {
	unsigned min_length;
	unsigned max_length;
	unsigned require; /* PWRULE_LETTER | PWRULE_DIGIT | PWRULE_SPECIAL */
	unsigned history; /* most recent passwords refused, the current one included; 0: none */
};

/* The product's own default, policy console-16. */
#define PWRULES_CONSOLE_16                                                                        \
	{                                                                                         \
		.min_length = 8, .max_length = 16,                                                \
		.require = PWRULE_LETTER | PWRULE_DIGIT | PWRULE_SPECIAL, .history = 3            \
	}

/* Longest text pwrules_format() writes, its NUL included. */
#define PWRULES_TEXT_MAX 160
#define PWRULES_TEXT_PREFIX "password refused: "

/*
 * pwrules_check - name every rule a password breaks, except for those that the caller decides.
 * in:    rules     not NULL
 *        password  len octets as typed
 * out:   set of enum pwrule, 0 when none is broken
 */
unsigned pwrules_check(const struct pwrules *rules, const uint8_t *password, size_t len);

/*
 * pwrules_format - the text that travels in a diagnosticMessage, for example
 *                  "password refused: min-length=8 digit history=3".
 * in:    rules   give the numbers
 *        broken  set of enum pwrule, not empty
 * out:   text  PWRULES_TEXT_MAX octets
 */
void pwrules_format(const struct pwrules *rules, unsigned broken, char text[PWRULES_TEXT_MAX]);

/*
 * pwrules_parse - read such a text, as it came from a directory server.
 * in:    text        NUL-terminated, may be NULL
 * out:   rules_out   the numbers that the text names, else 0
 *        broken_out  the rules that the text names
 * error: ERR_INPUT   not such a text; an unknown word is passed over
 */
int pwrules_parse(const char *text, struct pwrules *rules_out, unsigned *broken_out);

#endif
