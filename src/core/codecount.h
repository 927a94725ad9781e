/*
 * codecount.h - how many codes a member was sent and how many wrong ones it gave, for one purpose: what stays when a new code
 *               takes the place of an old one. One value of musterCodeCount: <purpose> <since> <wrong> <sent>
 */
#ifndef MUSTER_CORE_CODECOUNT_H
#define MUSTER_CORE_CODECOUNT_H

#include <stddef.h>
#include <stdint.h>

#define CODECOUNT_SEC 86400 /* a count begins anew after a day */
#define CODECOUNT_TRIES 5   /* wrong codes in that time */
#define CODECOUNT_PURPOSE_MAX 16
#define CODECOUNT_TEXT_MAX 64

struct codecount {
	char purpose[CODECOUNT_PURPOSE_MAX];
	int64_t since; /* seconds since 1970 UTC of the first code or try that is counted; 0 nothing is */
	unsigned wrong, sent;
};

/*
 * codecount_parse - a stored value. What is none is taken as a count whose tries are used up, until somebody repairs it.
 * in:    now  seconds since 1970 UTC
 * error: ERR_INPUT  out is that count, of no purpose
 */
int codecount_parse(const char *text, size_t len, int64_t now, struct codecount *out);

/* codecount_format - error: ERR_INPUT, ERR_RANGE; then text_out is "" */
int codecount_format(const struct codecount *count, char text_out[CODECOUNT_TEXT_MAX]);

/* codecount_new - nothing counted yet */
void codecount_new(const char *purpose, struct codecount *out);

/* codecount_age - begin anew when the day is over. A clock that was set back ends no day. */
void codecount_age(struct codecount *count, int64_t now);

/* codecount_wrong, codecount_sent - one more, now; aged before */
void codecount_wrong(struct codecount *count, int64_t now);
void codecount_sent(struct codecount *count, int64_t now);

/* codecount_blocked - 1 when no code is accepted any more, whatever code. Aged before. */
int codecount_blocked(const struct codecount *count);

#endif
