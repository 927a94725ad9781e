/*
 * buf.c - build and read binary messages.
 */
#include "common/buf.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define BUF_FIRST_SIZE 256

struct buf {
	uint8_t *data;
	size_t len;
	size_t size;
	size_t limit;
};

int
buf_new(size_t limit, struct buf **b_out)
{
	struct buf *b;

	*b_out = NULL;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_MEMORY;
	b->limit = limit;
	*b_out = b;
	return 0;
}

void
buf_free(struct buf **b)
{
	if (b == NULL || *b == NULL)
		return;
	secret_wipe((*b)->data, (*b)->len);
	free((*b)->data);
	free(*b);
	*b = NULL;
}

/* Make room for len more octets. Not realloc, which would leave a copy of secrets behind. */
static int
buf_reserve(struct buf *b, size_t len)
{
	size_t size;
	uint8_t *data;

	if (len > b->limit - b->len)
		return ERR_RANGE;
	if (len <= b->size - b->len)
		return 0;
	size = b->size > b->limit / 2 ? b->limit : b->size * 2;
	if (size < b->len + len)
		size = b->len + len;
	if (size < BUF_FIRST_SIZE && BUF_FIRST_SIZE <= b->limit)
		size = BUF_FIRST_SIZE;
	data = malloc(size);
	if (data == NULL)
		return ERR_MEMORY;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	secret_wipe(b->data, b->len);
	free(b->data);
	b->data = data;
	b->size = size;
	return 0;
}

int
buf_put_octets(struct buf *b, const void *data, size_t len)
{
	int r;

	r = buf_reserve(b, len);
	if (r != 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

/* The lowest n octets of v, most significant first. */
static int
buf_put_number(struct buf *b, uint64_t v, size_t n)
{
	uint8_t octets[sizeof(v)];
	size_t i;

	for (i = 0; i < n; i++)
		octets[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return buf_put_octets(b, octets, n);
}

int
buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put_number(b, v, 1);
}

int
buf_put_u16(struct buf *b, uint16_t v)
{
	return buf_put_number(b, v, 2);
}

int
buf_put_u32(struct buf *b, uint32_t v)
{
	return buf_put_number(b, v, 4);
}

int
buf_put_i64(struct buf *b, int64_t v)
{
	return buf_put_number(b, (uint64_t)v, 8);
}

int
buf_put_counted(struct buf *b, const void *data, size_t len)
{
	int r;

	if (len > UINT16_MAX)
		return ERR_RANGE;
	r = buf_reserve(b, 2 + len);
	if (r == 0)
		r = buf_put_u16(b, (uint16_t)len);
	if (r == 0)
		r = buf_put_octets(b, data, len);
	return r;
}

int
buf_set_u32(struct buf *b, size_t offset, uint32_t v)
{
	size_t i;

	if (offset > b->len || b->len - offset < 4)
		return ERR_RANGE;
	for (i = 0; i < 4; i++)
		b->data[offset + i] = (uint8_t)(v >> (8 * (3 - i)));
	return 0;
}

const uint8_t *
buf_data(const struct buf *b)
{
	return b->data;
}

size_t
buf_len(const struct buf *b)
{
	return b->len;
}

int
buf_to_secret(const struct buf *b, struct secret **s_out)
{
	return secret_new(b->data, b->len, s_out);
}

void
buf_reader_init(struct buf_reader *r, const void *data, size_t len)
{
	r->data = data;
	r->left = len;
}

/* n octets as a number, most significant first. */
static int
buf_read_number(struct buf_reader *r, size_t n, uint64_t *v_out)
{
	size_t i;

	*v_out = 0;
	if (r->left < n)
		return ERR_PROTO;
	for (i = 0; i < n; i++)
		*v_out = *v_out << 8 | r->data[i];
	r->data += n;
	r->left -= n;
	return 0;
}

int
buf_read_u8(struct buf_reader *r, uint8_t *v_out)
{
	uint64_t v;
	int e = buf_read_number(r, 1, &v);

	*v_out = (uint8_t)v;
	return e;
}

int
buf_read_u16(struct buf_reader *r, uint16_t *v_out)
{
	uint64_t v;
	int e = buf_read_number(r, 2, &v);

	*v_out = (uint16_t)v;
	return e;
}

int
buf_read_u32(struct buf_reader *r, uint32_t *v_out)
{
	uint64_t v;
	int e = buf_read_number(r, 4, &v);

	*v_out = (uint32_t)v;
	return e;
}

int
buf_read_i64(struct buf_reader *r, int64_t *v_out)
{
	uint64_t v;
	int e = buf_read_number(r, 8, &v);

	*v_out = (int64_t)v;
	return e;
}

int
buf_read_counted(struct buf_reader *r, size_t limit, const uint8_t **data_out, size_t *len_out)
{
	struct buf_reader rest = *r;
	uint16_t len;
	int e;

	*data_out = NULL;
	*len_out = 0;
	e = buf_read_u16(&rest, &len);
	if (e != 0)
		return e;
	if (len > limit)
		return ERR_RANGE;
	if (len > rest.left)
		return ERR_PROTO;
	*data_out = rest.data;
	*len_out = len;
	r->data = rest.data + len;
	r->left = rest.left - len;
	return 0;
}

int
buf_read_end(const struct buf_reader *r)
{
	return r->left == 0 ? 0 : ERR_PROTO;
}
