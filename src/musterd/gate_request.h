/*
 * gate_request.h - what the gate does with one request. Waits for the directory, so it runs in a worker thread.
 */
#ifndef MUSTER_MUSTERD_GATE_REQUEST_H
#define MUSTER_MUSTERD_GATE_REQUEST_H

#include <sys/types.h>

#include "common/conf.h"
#include "musterd/gate_name.h"
#include "musterd/gate_pool.h"
#include "proto/proto.h"

/* What the handlers share: read-only while workers run. */
struct request_site {
	const struct conf *conf;
	struct pool *pool;
	char *dn_format;               /* dn_template for directory_dn(), NULL when there is none */
	char *search_format;           /* search_filter for directory_filter() */
	struct gate_name name;         /* where the login stands in a member's entry */
	struct secret *host_password;  /* of conf's bind_dn, NULL when there is none */
};

/*
 * Who is asking, and what is remembered of him between requests. service and rhost are what a trusted caller said, else "".
 * After a right password that lacks its code the directory connection stays here: it need not hash the password again.
 */
struct request_caller {
	uid_t uid;
	int trusted; /* uid 0, or the user who started musterd */
	char *service, *rhost, *tty;
	int greeted;
	struct lease held;
	char *held_user, *held_dn;
};

/* request_site_init - error: ERR_MEMORY, ERR_CONFIG (with a line in the log) */
int request_site_init(struct request_site *site, const struct conf *conf);
void request_site_free(struct request_site *site);

/* request_release - forget the connection that waits for a code. */
void request_release(struct request_site *site, struct request_caller *caller);

/*
 * request_answer - carry out one request.
 * out:   *answer_out  NULL on error
 *        *used_out    the directory connection it was asked over, with result *used_r_out: for pool_put() once the
 *                     answer is on its way
 * error: ERR_PROTO (not a request, or not now: the connection is to be closed), ERR_MEMORY
 */
int request_answer(struct request_site *site, struct request_caller *caller, const struct proto_message *request,
                   struct proto_message **answer_out, struct lease *used_out, int *used_r_out);

/* request_name, request_rule - for the log. */
const char *request_name(const struct proto_message *request);
const char *request_rule(const struct proto_message *answer);

/*
 * request_enrol_start - fill an answer with a fresh seed in the three forms a person can use.
 * error: ERR_MEMORY, ERR_INTERNAL, ERR_RANGE
 */
int request_enrol_start(const char *issuer, const char *user, struct proto_message *answer);

#endif
