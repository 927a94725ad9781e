/*
 * application.h - an application with one PAM service in a private folder, and a person who types what a test says.
 */
#ifndef MUSTER_TESTS_APPLICATION_H
#define MUSTER_TESTS_APPLICATION_H

#include <stddef.h>

#include <security/pam_appl.h>

enum call { CALL_AUTH, CALL_SETCRED, CALL_ACCOUNT, CALL_CHANGE, CALL_OPEN, CALL_CLOSE, CALLS };

/* How the conversation fails, if it does. */
enum conversation { TALK_RIGHT = 0, TALK_ERROR, TALK_NO_RESPONSE, TALK_NO_TEXT, TALK_NO_FUNCTION, TALKS };

struct application {
	char folder[64];
	char socket[96];
	const char *const *answers; /* NULL-terminated; the last one is typed again and again */
	enum conversation talk;
	char said[4096]; /* everything the person was told, for a look */
};

/* application_init - in: module path of pam_muster.so, options behind socket= */
void application_init(struct application *a, const char *module, const char *options);
void application_free(struct application *a);

/* application_call - one PAM call on a handle of its own. Returns what the module returned. */
int application_call(struct application *a, enum call call);

/* application_start - a handle on which several calls are made with application_next(). */
pam_handle_t *application_start(struct application *a);
int application_next(pam_handle_t *ph, enum call call);
/* application_flags - the same with flags of one's own */
int application_flags(pam_handle_t *ph, enum call call, int flags);

const char *call_name(enum call call);

#endif
