/*
 * proto.c - encode and decode the frames of proto.h. One table lists the fields of every message in
 *           their order on the wire; encoder and decoder walk it.
 */
#include "proto/proto.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/text.h"

#define FRAME_LENGTH_SIZE 4
#define FIELDS_MAX 6
#define OCTETS_PASSWORD_MAX SECRET_MAX
#define OCTETS_SETUP_KEY_MAX 128
#define OCTETS_URI_MAX 2048
#define OCTETS_QR_MAX 12288
#define OCTETS_RECOVERY_CODE_MAX 64

enum field_kind {
	FIELD_END = 0,
	FIELD_BOOL,          /* uint8, 0 or 1 */
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_I64,
	FIELD_STRING,
	FIELD_OCTETS,
	FIELD_OCTETS_OR_NONE, /* octets of an answer that has nothing to give: NULL travels as empty */
	FIELD_OPTION,         /* option octets */
	FIELD_OCTETS_LIST     /* uint8 n, n times octets */
};

struct field {
	enum field_kind kind;
	size_t offset; /* in struct proto_message */
	size_t max;    /* octets */
};

struct layout {
	enum proto_type type;
	struct field fields[FIELDS_MAX + 1];
};

#define AT(member) offsetof(struct proto_message, member)
#define STRING(member) { FIELD_STRING, AT(member), PROTO_NAME_MAX }
#define OCTETS(member) { FIELD_OCTETS, AT(member), OCTETS_PASSWORD_MAX }

static const struct layout layouts[] = {
	{ REQ_HELLO, { { FIELD_U32, AT(version), 0 }, STRING(service), STRING(tty), STRING(rhost), STRING(language) } },
	{ ANS_HELLO, { { FIELD_U32, AT(version), 0 }, { FIELD_U8, AT(status), 0 } } },
	{ REQ_LOGIN, { STRING(user), OCTETS(password), { FIELD_OPTION, AT(code), OCTETS_PASSWORD_MAX },
	               { FIELD_BOOL, AT(together), 0 } } },
	{ ANS_LOGIN, { { FIELD_U8, AT(status), 0 }, { FIELD_U8, AT(state), 0 }, { FIELD_I64, AT(previous_login), 0 } } },
	{ REQ_ACCOUNT, { STRING(user) } },
	{ ANS_ACCOUNT, { { FIELD_U8, AT(status), 0 }, { FIELD_U8, AT(state), 0 } } },
	{ REQ_CHANGE, { STRING(user), OCTETS(password), { FIELD_OPTION, AT(code), OCTETS_PASSWORD_MAX },
	                OCTETS(new_password) } },
	{ ANS_CHANGE, { { FIELD_U8, AT(status), 0 }, { FIELD_U32, AT(broken_rules), 0 }, { FIELD_U16, AT(min_length), 0 },
	                { FIELD_U16, AT(max_length), 0 }, { FIELD_U16, AT(history), 0 } } },
	{ REQ_REDEEM, { STRING(user), OCTETS(token), OCTETS(new_password) } },
	{ ANS_REDEEM, { { FIELD_U8, AT(status), 0 }, { FIELD_U32, AT(broken_rules), 0 }, { FIELD_U16, AT(min_length), 0 },
	                { FIELD_U16, AT(max_length), 0 }, { FIELD_U16, AT(history), 0 } } },
	{ REQ_ENROL_START, { STRING(user) } },
	{ ANS_ENROL_START, { { FIELD_U8, AT(status), 0 }, { FIELD_OCTETS_OR_NONE, AT(setup_key), OCTETS_SETUP_KEY_MAX },
	                     { FIELD_OCTETS_OR_NONE, AT(uri), OCTETS_URI_MAX },
	                     { FIELD_OCTETS_OR_NONE, AT(qr), OCTETS_QR_MAX } } },
	{ REQ_ENROL, { STRING(user), OCTETS(password), { FIELD_OCTETS, AT(setup_key), OCTETS_SETUP_KEY_MAX },
	               OCTETS(code) } },
	{ ANS_ENROL, { { FIELD_U8, AT(status), 0 }, { FIELD_OCTETS_LIST, AT(recovery_codes), OCTETS_RECOVERY_CODE_MAX } } }
};

static const struct layout *
layout_find(unsigned type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if ((unsigned)layouts[i].type == type)
			return &layouts[i];
	}
	return NULL;
}

static int
is_string(const void *text, size_t len)
{
	return memchr(text, 0, len) == NULL && text_is_utf8(text, len);
}

/* ---- writing ---- */

static int
put_string(struct buf *b, const char *s, size_t max)
{
	if (s == NULL || !is_string(s, strlen(s)))
		return ERR_INPUT;
	return strlen(s) <= max ? buf_put_counted(b, s, strlen(s)) : ERR_RANGE;
}

static int
put_secret(struct buf *b, const struct secret *s, size_t max)
{
	if (s == NULL)
		return ERR_INPUT;
	return s->len <= max ? buf_put_counted(b, s->data, s->len) : ERR_RANGE;
}

static int
put_option(struct buf *b, const struct secret *s, size_t max)
{
	int r = buf_put_u8(b, s != NULL);

	if (r != 0 || s == NULL)
		return r;
	return put_secret(b, s, max);
}

static int
put_list(struct buf *b, struct secret *const *list, uint8_t n, size_t max)
{
	int r = buf_put_u8(b, n);

	for (uint8_t i = 0; r == 0 && i < n; i++)
		r = put_secret(b, list[i], max);
	return r;
}

static int
put_field(struct buf *b, const struct field *f, const struct proto_message *m)
{
	const void *at = (const char *)m + f->offset;
	const struct secret *s;

	switch (f->kind) {
	case FIELD_BOOL:
		return buf_put_u8(b, *(const uint8_t *)at != 0);
	case FIELD_U8:
		return buf_put_u8(b, *(const uint8_t *)at);
	case FIELD_U16:
		return buf_put_u16(b, *(const uint16_t *)at);
	case FIELD_U32:
		return buf_put_u32(b, *(const uint32_t *)at);
	case FIELD_I64:
		return buf_put_i64(b, *(const int64_t *)at);
	case FIELD_STRING:
		return put_string(b, *(char *const *)at, f->max);
	case FIELD_OCTETS:
		return put_secret(b, *(struct secret *const *)at, f->max);
	case FIELD_OCTETS_OR_NONE:
		s = *(struct secret *const *)at;
		return s == NULL ? buf_put_counted(b, NULL, 0) : put_secret(b, s, f->max);
	case FIELD_OPTION:
		return put_option(b, *(struct secret *const *)at, f->max);
	case FIELD_OCTETS_LIST:
		return put_list(b, *(struct secret **const *)at, m->recovery_codes_len, f->max);
	case FIELD_END:
		break;
	}
	return ERR_INTERNAL;
}

int
proto_encode(const struct proto_message *m, struct secret **frame_out)
{
	const struct layout *layout = layout_find((unsigned)m->type);
	struct buf *b = NULL;
	int r = ERR_INTERNAL;

	*frame_out = NULL;
	if (layout == NULL)
		return ERR_INPUT;
	if ((r = buf_new(FRAME_LENGTH_SIZE + PROTO_FRAME_MAX, &b)) != 0)
		return r;
	if ((r = buf_put_u32(b, 0)) != 0 || (r = buf_put_u16(b, (uint16_t)m->type)) != 0)
		goto out;
	for (const struct field *f = layout->fields; f->kind != FIELD_END; f++) {
		if ((r = put_field(b, f, m)) != 0)
			goto out;
	}
	if ((r = buf_set_u32(b, 0, (uint32_t)(buf_len(b) - FRAME_LENGTH_SIZE))) != 0)
		goto out;
	r = buf_to_secret(b, frame_out);
out:
	buf_free(&b);
	return r;
}

/* ---- reading ---- */

static int
get_string(struct buf_reader *rd, size_t max, char **s_out)
{
	const uint8_t *data;
	size_t len;
	int r;

	if ((r = buf_read_counted(rd, max, &data, &len)) != 0)
		return r;
	if (!is_string(data, len))
		return ERR_PROTO;
	*s_out = calloc(1, len + 1);
	if (*s_out == NULL)
		return ERR_MEMORY;
	memcpy(*s_out, data, len);
	return 0;
}

static int
get_secret(struct buf_reader *rd, size_t max, struct secret **s_out)
{
	const uint8_t *data;
	size_t len;
	int r;

	if ((r = buf_read_counted(rd, max, &data, &len)) != 0)
		return r;
	return secret_new(data, len, s_out);
}

static int
get_bool(struct buf_reader *rd, uint8_t *value_out)
{
	int r = buf_read_u8(rd, value_out);

	if (r == 0 && *value_out > 1) {
		*value_out = 0;
		return ERR_PROTO;
	}
	return r;
}

static int
get_option(struct buf_reader *rd, size_t max, struct secret **s_out)
{
	uint8_t present;
	int r = get_bool(rd, &present);

	if (r != 0 || !present)
		return r;
	return get_secret(rd, max, s_out);
}

static int
get_list(struct buf_reader *rd, size_t max, struct proto_message *m)
{
	uint8_t n;
	int r = buf_read_u8(rd, &n);

	if (r != 0 || n == 0)
		return r;
	m->recovery_codes = calloc(n, sizeof(*m->recovery_codes));
	if (m->recovery_codes == NULL)
		return ERR_MEMORY;
	m->recovery_codes_len = n;
	for (uint8_t i = 0; r == 0 && i < n; i++)
		r = get_secret(rd, max, &m->recovery_codes[i]);
	return r;
}

static int
get_field(struct buf_reader *rd, const struct field *f, struct proto_message *m)
{
	void *at = (char *)m + f->offset;

	switch (f->kind) {
	case FIELD_BOOL:
		return get_bool(rd, at);
	case FIELD_U8:
		return buf_read_u8(rd, at);
	case FIELD_U16:
		return buf_read_u16(rd, at);
	case FIELD_U32:
		return buf_read_u32(rd, at);
	case FIELD_I64:
		return buf_read_i64(rd, at);
	case FIELD_STRING:
		return get_string(rd, f->max, at);
	case FIELD_OCTETS:
	case FIELD_OCTETS_OR_NONE:
		return get_secret(rd, f->max, at);
	case FIELD_OPTION:
		return get_option(rd, f->max, at);
	case FIELD_OCTETS_LIST:
		return get_list(rd, f->max, m);
	case FIELD_END:
		break;
	}
	return ERR_INTERNAL;
}

int
proto_decode(const uint8_t *data, size_t len, struct proto_message **m_out)
{
	const struct layout *layout;
	struct buf_reader rd;
	struct proto_message *m = NULL;
	uint16_t type;
	int r = ERR_INTERNAL;

	*m_out = NULL;
	if (len > PROTO_FRAME_MAX)
		return ERR_RANGE;
	buf_reader_init(&rd, data, len);
	if ((r = buf_read_u16(&rd, &type)) != 0)
		return r;
	layout = layout_find(type);
	if (layout == NULL)
		return ERR_PROTO;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ERR_MEMORY;
	m->type = layout->type;
	for (const struct field *f = layout->fields; f->kind != FIELD_END; f++) {
		if ((r = get_field(&rd, f, m)) != 0)
			goto out;
	}
	if ((r = buf_read_end(&rd)) != 0)
		goto out;
	*m_out = m;
	m = NULL;
out:
	proto_free(&m);
	return r;
}

void
proto_free(struct proto_message **m)
{
	struct proto_message *p;

	if (m == NULL || *m == NULL)
		return;
	p = *m;
	free(p->service);
	free(p->tty);
	free(p->rhost);
	free(p->language);
	free(p->user);
	secret_free(&p->password);
	secret_free(&p->code);
	secret_free(&p->new_password);
	secret_free(&p->token);
	secret_free(&p->setup_key);
	secret_free(&p->uri);
	secret_free(&p->qr);
	for (uint8_t i = 0; p->recovery_codes != NULL && i < p->recovery_codes_len; i++)
		secret_free(&p->recovery_codes[i]);
	free(p->recovery_codes);
	secret_wipe_object(p);
	free(p);
	*m = NULL;
}
