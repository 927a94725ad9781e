/*
 * language.h - the language of a message, chosen for each message anew. For a process with one thread.
 */
#ifndef MUSTER_MUSTERD_LANGUAGE_H
#define MUSTER_MUSTERD_LANGUAGE_H

/* language_init - find the catalogues: $MUSTER_LOCALEDIR, else where they are installed. error: ERR_INTERNAL */
int language_init(void);

/*
 * language_use - what gettext() speaks from now on.
 * in:    preferred  value of preferredLanguage: "ko", "ko-KR", "fr, ko;q=0.8, en;q=0.7" (RFC 2798 section 2.7); English when
 *                   nothing in it is there
 * error: ERR_MEMORY
 */
int language_use(const char *preferred);

/* language_tag - the language in use, for Content-Language: "en", "ko". Valid until the next language_use(). */
const char *language_tag(void);

#endif
