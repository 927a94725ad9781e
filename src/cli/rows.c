/*
 * rows.c - rows as a file of our own: what is written later is what was judged, whatever becomes of the file it came from.
 */
#include "cli/row.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define ROW_OCTETS_MAX (8 << 20)
#define VALUES_MAX 4096

/* Row ::= uint32 length, int64 number, uint8 owner, counted dn ("" none), uint16 attributes, each: counted name, uint16 values, each: uint32 length, octets */

static int
put_change(struct buf *b, const struct ldif_change *change)
{
	size_t i;
	int r;

	r = buf_put_counted(b, change->attribute, strlen(change->attribute));
	if (r == 0)
		r = change->values_len <= VALUES_MAX ? buf_put_u16(b, (uint16_t)change->values_len) : ERR_RANGE;
	for (i = 0; i < change->values_len && r == 0; i++) {
		r = buf_put_u32(b, (uint32_t)change->values[i].len);
		if (r == 0)
			r = buf_put_octets(b, change->values[i].data, change->values[i].len);
	}
	return r;
}

int
rows_put(FILE *file, const struct row *row)
{
	struct buf *b = NULL;
	size_t i;
	int r;

	r = buf_new(ROW_OCTETS_MAX, &b);
	if (r == 0)
		r = buf_put_u32(b, 0);
	if (r == 0)
		r = buf_put_i64(b, (int64_t)row->number);
	if (r == 0)
		r = buf_put_u8(b, (uint8_t)row->owner);
	if (r == 0)
		r = buf_put_counted(b, row->entry.dn, row->entry.dn != NULL ? strlen(row->entry.dn) : 0);
	if (r == 0)
		r = buf_put_u16(b, (uint16_t)row->entry.changes_len);
	for (i = 0; i < row->entry.changes_len && r == 0; i++)
		r = put_change(b, &row->entry.changes[i]);
	if (r == 0)
		r = buf_set_u32(b, 0, (uint32_t)(buf_len(b) - 4));
	if (r == 0 && fwrite(buf_data(b), 1, buf_len(b), file) != buf_len(b))
		r = ERR_IO;
	buf_free(&b);
	return r;
}

static int
get_value(struct buf_reader *in, struct ldif_change *change)
{
	uint32_t len;
	int r = buf_read_u32(in, &len);

	if (r == 0 && len > in->left)
		r = ERR_PROTO;
	if (r == 0)
		r = ldif_octets_put(change, in->data, len);
	if (r == 0) {
		in->data += len;
		in->left -= len;
	}
	return r;
}

static int
get_change(struct buf_reader *in, struct row *row)
{
	struct ldif_change *change;
	const uint8_t *name;
	char *text;
	uint16_t values;
	size_t len;
	int r;

	r = buf_read_counted(in, UINT16_MAX, &name, &len);
	if (r != 0)
		return r;
	text = strndup((const char *)name, len);
	r = text != NULL ? ldif_change_put(&row->entry, CHANGE_ADD, text, &change) : ERR_MEMORY;
	free(text);
	if (r == 0)
		r = buf_read_u16(in, &values);
	for (; r == 0 && values > 0; values--)
		r = get_value(in, change);
	return r;
}

static int
get_row(struct buf_reader *in, struct row *row)
{
	const uint8_t *dn;
	size_t dn_len;
	uint16_t changes;
	uint8_t owner;
	int64_t number;
	int r;

	r = buf_read_i64(in, &number);
	if (r == 0)
		r = buf_read_u8(in, &owner);
	if (r == 0)
		r = buf_read_counted(in, UINT16_MAX, &dn, &dn_len);
	if (r == 0)
		r = buf_read_u16(in, &changes);
	if (r != 0)
		return r;
	if (dn_len > 0) {
		row->entry.dn = strndup((const char *)dn, dn_len);
		if (row->entry.dn == NULL)
			return ERR_MEMORY;
	}
	row->number = (uint64_t)number;
	row->owner = (enum row_owner)owner;
	for (; r == 0 && changes > 0; changes--)
		r = get_change(in, row);
	return r == 0 ? buf_read_end(in) : r;
}

int
rows_get(FILE *file, struct row *row_out, int *end_out)
{
	struct buf_reader in;
	uint8_t head[4], *octets;
	uint32_t len;
	size_t n;
	int r;

	memset(row_out, 0, sizeof(*row_out));
	*end_out = 0;
	n = fread(head, 1, sizeof(head), file);
	if (n == 0 && !ferror(file)) {
		*end_out = 1;
		return 0;
	}
	buf_reader_init(&in, head, n);
	r = buf_read_u32(&in, &len);
	if (r != 0 || len > ROW_OCTETS_MAX)
		return ferror(file) ? ERR_IO : ERR_PROTO;
	octets = malloc(len > 0 ? len : 1);
	if (octets == NULL)
		return ERR_MEMORY;
	r = fread(octets, 1, len, file) == len ? 0 : ferror(file) ? ERR_IO : ERR_PROTO;
	buf_reader_init(&in, octets, len);
	if (r == 0)
		r = get_row(&in, row_out);
	free(octets);
	if (r != 0)
		row_clear(row_out);
	return r;
}
