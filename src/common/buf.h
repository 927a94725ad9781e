/*
 * buf.h - build and read binary messages: big-endian numbers, lengths in front of octets.
 */
#ifndef MUSTER_COMMON_BUF_H
#define MUSTER_COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

/* A growing buffer. Its octets may be secret: they are wiped when it grows and when it is freed. */
struct buf;

/*
 * buf_new - an empty buffer.
 * in:    limit  most octets it will hold; a longer put is refused before anything is allocated
 * out:   *b_out  NULL on error
 * owner: the caller frees it with buf_free()
 * error: ERR_MEMORY
 */
int buf_new(size_t limit, struct buf **b_out);

/* buf_free - wipe, free and set to NULL. NULL and a pointer to NULL are accepted. */
void buf_free(struct buf **b);

/*
 * buf_put_* - append. Either all of it is appended or nothing.
 * error: ERR_RANGE (limit, or more octets than a uint16 counts), ERR_MEMORY
 */
int buf_put_u8(struct buf *b, uint8_t v);
int buf_put_u16(struct buf *b, uint16_t v);
int buf_put_u32(struct buf *b, uint32_t v);
int buf_put_i64(struct buf *b, int64_t v);
int buf_put_octets(struct buf *b, const void *data, size_t len);
/* uint16 length in front of the octets */
int buf_put_counted(struct buf *b, const void *data, size_t len);

/* buf_set_u32 - overwrite four octets that are there, for a length known last. error: ERR_RANGE */
int buf_set_u32(struct buf *b, size_t offset, uint32_t v);

/* What has been put; valid until the next put. */
const uint8_t *buf_data(const struct buf *b);
size_t buf_len(const struct buf *b);

/* buf_to_secret - a copy of what has been put. error: ERR_MEMORY */
int buf_to_secret(const struct buf *b, struct secret **s_out);

/* What is left to be read of octets that somebody else owns. */
struct buf_reader {
	const uint8_t *data;
	size_t left;
};

void buf_reader_init(struct buf_reader *r, const void *data, size_t len);

/*
 * buf_read_* - take from the front. On error the output is 0 or NULL and nothing is consumed.
 * error: ERR_PROTO  too few octets are left
 */
int buf_read_u8(struct buf_reader *r, uint8_t *v_out);
int buf_read_u16(struct buf_reader *r, uint16_t *v_out);
int buf_read_u32(struct buf_reader *r, uint32_t *v_out);
int buf_read_i64(struct buf_reader *r, int64_t *v_out);

/*
 * buf_read_counted - octets behind their uint16 length.
 * out:   *data_out  points into the reader's octets, not NUL-terminated
 * error: ERR_PROTO (too few octets), ERR_RANGE (longer than limit)
 */
int buf_read_counted(struct buf_reader *r, size_t limit, const uint8_t **data_out, size_t *len_out);

/* buf_read_end - error: ERR_PROTO when octets are left over */
int buf_read_end(const struct buf_reader *r);

#endif
