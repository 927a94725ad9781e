/*
 * failures.h - failed tries are written by a task of their own.
 */
#ifndef MUSTER_SLAPD_FAILURES_H
#define MUSTER_SLAPD_FAILURES_H

#include "slapd/overlay.h"

struct muster;

/* failures_flush - write everything now, when the database is about to close: slapd's threads stand still or have ended */
void failures_flush(struct muster *m);

/* failures_being_written - 1 when the task has begun and stands still inside its write, as slapd may have it do */
int failures_being_written(struct muster *m);

#endif
