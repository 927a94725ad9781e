/*
 * fuzz_frame.c - what a stranger can send to the gate, and a false gate to the PAM module. A frame that is accepted
 *                must be written again octet by octet: there is one way to say a thing.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

#define LENGTH_FIELD 4 /* octets before type and fields */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proto_message *m = NULL;
	struct secret *frame = NULL;

	if (proto_decode(data, size, &m) != 0) {
		if (m != NULL)
			abort();
		return 0;
	}
	if (proto_encode(m, &frame) != 0)
		abort();
	if (frame->len != size + LENGTH_FIELD || memcmp(frame->data + LENGTH_FIELD, data, size) != 0)
		abort();
	secret_free(&frame);
	proto_free(&m);
	return 0;
}
