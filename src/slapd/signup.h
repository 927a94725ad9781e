/*
 * signup.h - how many sign up, and who vanishes again.
 */
#ifndef MUSTER_SLAPD_SIGNUP_H
#define MUSTER_SLAPD_SIGNUP_H

#include "slapd/overlay.h"

struct muster;

/* signups_config - olcMusterTerms */
ConfigDriver signups_config;
int signups_new(struct muster *m);
void signups_free(struct muster *m);

/* signups_take - 1 when op's client may sign somebody up now, whoever that is; it then has one less */
int signups_take(Operation *op, struct muster *m);
/* signups_full - 1 when no more may be made, because so many wait for their proof */
int signups_full(struct muster *m);
/* signups_made, signups_proved - one more waits for its proof, one less */
void signups_made(struct muster *m);
void signups_proved(struct muster *m);

/* signups_wish - sign-ups whose time is over vanish from now on, when the database has opened. signups_end - no more */
void signups_wish(struct muster *m);
void signups_end(struct muster *m);

#endif
