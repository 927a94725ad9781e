/*
 * message_kind.h - what each kind of message says. message.c puts it into a mail, message_sms.c into a text message.
 */
#ifndef MUSTER_MUSTERD_MESSAGE_KIND_H
#define MUSTER_MUSTERD_MESSAGE_KIND_H

enum message_secret { SECRET_NONE, SECRET_TOKEN, SECRET_CODE };

/* Texts are to be translated with gettext(). */
struct message_kind {
	const char *name;
	enum message_secret secret;
	int stranger;        /* the address is not proved: nothing in it that a member may choose, as its name */
	const char *subject; /* of a mail, %s: service; NULL: this kind is no mail */
	const char *begin;   /* %s: account, or none */
	const char *how;     /* what to do with the secret, NULL without one */
	const char *end;
	const char *sms;     /* first %s: service, second: code; NULL: this kind is no text message */
};

/* message_kind_find - NULL for a kind we do not know */
const struct message_kind *message_kind_find(const char *name);

#endif
