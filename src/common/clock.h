/*
 * clock.h - the two clocks. Rules take the time as an argument; only the edges of a program ask here.
 */
#ifndef MUSTER_COMMON_CLOCK_H
#define MUSTER_COMMON_CLOCK_H

#include <stdint.h>

/* clock_now - seconds since 1970 UTC. */
int64_t clock_now(void);

/* clock_mono_ms - milliseconds since some fixed moment; never set back. For deadlines. */
int64_t clock_mono_ms(void);

#endif
