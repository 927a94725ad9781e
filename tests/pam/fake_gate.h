/*
 * fake_gate.h - a gate that says what a test wants it to say, right or wrong, on a socket in a private folder.
 */
#ifndef MUSTER_TESTS_FAKE_GATE_H
#define MUSTER_TESTS_FAKE_GATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_STEPS_MAX 16

/* What to do with one request. */
enum fake_kind {
	FAKE_STATUS = 0,    /* an answer that belongs to the request, with status and state */
	FAKE_CLOSE,         /* hang up */
	FAKE_HANG,          /* say nothing, stay connected */
	FAKE_HALF_CLOSE,    /* half of a right answer, then hang up */
	FAKE_HALF_HANG,     /* half of a right answer, then nothing */
	FAKE_JUNK,          /* octets */
	FAKE_HUGE,          /* a frame of 4 GiB */
	FAKE_EMPTY,         /* a frame of 0 octets */
	FAKE_OTHER_TYPE,    /* PROTO_OK to another request */
	FAKE_REQUEST,       /* the request itself */
	FAKE_LEFT_OVER,     /* PROTO_OK with an octet behind it */
	FAKE_TWICE,         /* two answers; what follows is not asked for */
	FAKE_KINDS
};

struct fake_step {
	enum fake_kind kind;
	uint8_t status;
	uint8_t state;
};

struct fake_gate;

/* fake_gate_new - listen at path; the first step is for each hello, the others for what is asked one after the other, the last
 *                 one again and again. No steps: always PROTO_OK. */
struct fake_gate *fake_gate_new(const char *path, const struct fake_step *steps, size_t n);
/* fake_gate_rewind - the second step again for what comes next. */
void fake_gate_rewind(struct fake_gate *g);
void fake_gate_free(struct fake_gate **g);

#endif
