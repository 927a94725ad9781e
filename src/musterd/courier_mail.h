/*
 * courier_mail.h - hand mails to the relay. curl.h stays in courier_mail.c.
 */
#ifndef MUSTER_MUSTERD_COURIER_MAIL_H
#define MUSTER_MUSTERD_COURIER_MAIL_H

#include <stddef.h>

#include "common/conf.h"

struct mail; /* a relay and the connection to it, which is kept for the next mail */

#define MAIL_WHY_MAX 512

enum mail_result {
	MAIL_LATER = 0, /* not sent, as far as we know: try again */
	MAIL_SENT = 1,  /* the relay took it */
	MAIL_NEVER = 2  /* the relay refused this receiver or this mail for good */
};

/* mail_open - nothing is sent yet. in: conf is used until mail_close(). error: ERR_MEMORY */
int mail_open(const struct conf *conf, struct mail **m_out);
void mail_close(struct mail **m);

/*
 * mail_send - one mail to one receiver. The password file is read for each new login, so that it can be changed meanwhile.
 * in:    to    an address that address_is_mail() takes
 * out:   why   what went wrong, for the log; may hold text of the relay; "" when sent
 */
enum mail_result mail_send(struct mail *m, const char *to, const void *message, size_t len, char why[MAIL_WHY_MAX]);

#endif
