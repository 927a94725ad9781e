/*
 * gate.h - answer the PAM module.
 */
#ifndef MUSTER_MUSTERD_GATE_H
#define MUSTER_MUSTERD_GATE_H

#include "common/conf.h"

/*
 * gate_main - serve clients until SIGTERM.
 * in:    conf       checked by conf_check_daemon()
 *        listen_fd  listening Unix socket, non-blocking
 * error: what ended it; 0 after SIGTERM
 */
int gate_main(const struct conf *conf, int listen_fd);

#endif
