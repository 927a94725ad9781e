/*
 * wordlist.h - passwords that many people use. A password is compared as a whole: a listed word inside of a longer one
 *              refuses nothing (NIST SP 800-63B-4 section 3.1.1.2).
 */
#ifndef MUSTER_CORE_WORDLIST_H
#define MUSTER_CORE_WORDLIST_H

#include <stddef.h>
#include <stdint.h>

/* Words without case (nfkc_fold), each once, in the order of their octets. */
struct wordlist {
	const char *text;   /* the words, each with its NUL */
	const uint32_t *at; /* where each begins */
	size_t n;
};

/* The list that comes with Muster; made from core/common-passwords.txt when it is built. */
extern const struct wordlist wordlist_packaged;

/* Longest file of words, in octets. */
#define WORDLIST_FILE_MAX (256u << 20)

/*
 * wordlist_new - a list from the text of a file: a word a line. Lines that begin with "#!comment:" are passed over, so are
 *                those that are no password anyway: empty, longer than SECRET_MAX, not UTF-8, with a control character.
 * in:    base  a list whose words are taken over, NULL for none; stays the caller's
 * out:   *list_out  NULL on error; freed with wordlist_free()
 * error: ERR_RANGE (too long), ERR_MEMORY
 */
int wordlist_new(const struct wordlist *base, const char *text, size_t len, struct wordlist **list_out);
void wordlist_free(struct wordlist **list);

/* wordlist_has - 1 when a word is on the list. in: word  without case */
int wordlist_has(const struct wordlist *list, const char *word);

/*
 * wordlist_refuses - whether a password is one of those that many people use: on a list, one of up to three characters or a
 *                    listed word that is repeated, or characters in their order, forward or backward.
 * in:    more  a list besides the packaged one, may be NULL
 * out:   refused_out  1 or 0; 0 on error
 * error: as nfkc_fold()
 */
int wordlist_refuses(const struct wordlist *more, const uint8_t *password, size_t len, int *refused_out);

#endif
