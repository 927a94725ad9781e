/*
 * reseal.h - old seals and plain values are put right.
 */
#ifndef MUSTER_SLAPD_RESEAL_H
#define MUSTER_SLAPD_RESEAL_H

#include "slapd/overlay.h"

struct muster;

/*
 * reseal_wish - seeds under other keys, plain seeds and plain passwords are put right in the background, soon. To be called
 *               when the database opens and when the keys were read, while slapd carries out nothing else.
 * reseal_end  - no more of that.
 */
void reseal_wish(struct muster *m);
void reseal_end(struct muster *m);

#endif
