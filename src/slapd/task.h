/*
 * task.h - what an instance of the overlay does in the background, in a task of slapd's run queue.
 */
#ifndef MUSTER_SLAPD_TASK_H
#define MUSTER_SLAPD_TASK_H

#include "slapd/overlay.h"

struct muster;
struct task;

#define TASK_REST (-1) /* nothing until it is wished again */

/*
 * task_work - one piece of it.
 * in:    op  the rootdn's, on the database as a hook sees it
 * return: seconds until the next piece, or TASK_REST
 */
typedef int task_work(Operation *op, struct muster *m, void *arg);

/*
 * task_wish - have it begin in some seconds; *task is made when it is NULL. Never on a copy of the directory nor without keys.
 *             To be called when the database opens and while slapd carries out nothing else.
 * in:    name  constant
 */
void task_wish(struct task **task, struct muster *m, const char *name, int in_sec, task_work *work, void *arg);

/* task_end - no more of it; NULL is accepted. What runs is waited for by slapd, which stands still meanwhile. */
void task_end(struct task **task);

#endif
