/*
 * scripted_server.h - a thread that plays an LDAP server on a Unix socket: it answers each request with the next octets of a
 *                     script. The octets are made by hand, so that nothing in them comes from the library under test.
 */
#ifndef MUSTER_TESTS_SCRIPTED_SERVER_H
#define MUSTER_TESTS_SCRIPTED_SERVER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "directory/directory.h"

#define ANSWERS_MAX 16
#define OCTETS_MAX 1024

#define TAG_BIND_REQUEST 0x60

struct octets {
	uint8_t data[OCTETS_MAX];
	size_t len;
};

void put(struct octets *o, const void *data, size_t len);
/* put_tlv - tag, length in two octets (long form), content */
void put_tlv(struct octets *o, uint8_t tag, const void *content, size_t len);
void put_text(struct octets *o, uint8_t tag, const char *text);
struct octets wrap(uint8_t tag, const struct octets *content);
/* result - LDAPResult, with an exop's value or none */
struct octets result(uint8_t tag, uint8_t code, const struct octets *value);
struct octets with_control(struct octets op, const char *oid, const struct octets *value);

struct server {
	pthread_t thread;
	int listener;
	char path[64], uri[128];
	struct octets answers[ANSWERS_MAX]; /* what follows the message id */
	size_t answers_len;
	size_t cut;      /* send only so many octets of the first message; 0: all */
	int together;    /* send all answers to the first request */
	int silent;      /* answer nothing, wait for the client to go */
	int boast;       /* begin a message of two gigabytes, then the same */
	uint8_t requests[ANSWERS_MAX]; /* operation tags, in order */
	uint8_t names[ANSWERS_MAX];    /* of a bind: length of its name */
	size_t requests_len;
};

/* server_start - out: d_out  a directory whose only server it is */
void server_start(struct server *s, struct directory **d_out);
/* server_stop - closes the directory first, which ends the thread */
void server_stop(struct server *s, struct directory **d);

#endif
