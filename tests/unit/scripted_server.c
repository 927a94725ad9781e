/*
 * scripted_server.c - the thread, and the octets it sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scripted_server.h"

/* --- BER ------------------------------------------------------------------------------------------------------ */

void
put(struct octets *o, const void *data, size_t len)
{
	assert_true(o->len + len <= OCTETS_MAX);
	memcpy(o->data + o->len, data, len);
	o->len += len;
}

void
put_tlv(struct octets *o, uint8_t tag, const void *content, size_t len)
{
	const uint8_t head[] = { tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len };

	put(o, head, sizeof(head));
	put(o, content, len);
}

void
put_text(struct octets *o, uint8_t tag, const char *text)
{
	put_tlv(o, tag, text, strlen(text));
}

struct octets
wrap(uint8_t tag, const struct octets *content)
{
	struct octets o = { .len = 0 };

	put_tlv(&o, tag, content->data, content->len);
	return o;
}

struct octets
result(uint8_t tag, uint8_t code, const struct octets *value)
{
	const uint8_t enumerated[] = { 0x0a, 1, code };
	struct octets o = { .len = 0 };

	put(&o, enumerated, sizeof(enumerated));
	put_text(&o, 0x04, "");
	put_text(&o, 0x04, "");
	if (value != NULL)
		put_tlv(&o, 0x8b, value->data, value->len);
	return wrap(tag, &o);
}

struct octets
with_control(struct octets op, const char *oid, const struct octets *value)
{
	struct octets control = { .len = 0 }, list;

	put_text(&control, 0x04, oid);
	put_tlv(&control, 0x04, value->data, value->len);
	list = wrap(0x30, &control);
	list = wrap(0xa0, &list);
	put(&op, list.data, list.len);
	return op;
}

/* --- the server ------------------------------------------------------------------------------------------ */

static int
read_all(int fd, uint8_t *data, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(fd, data + got, len - got);
		if (n <= 0)
			return 0;
		got += (size_t)n;
	}
	return 1;
}

/* One request, as libldap encodes it; its message id, or -1 at the end. */
static int
read_request(struct server *s, int fd)
{
	uint8_t head[2], body[4096];
	size_t len, at = 0;

	if (!read_all(fd, head, 2))
		return -1;
	len = head[1];
	if (len & 0x80) {
		uint8_t more[4];
		size_t n = len & 0x7f, i;

		if (n > 4 || !read_all(fd, more, n))
			return -1;
		for (len = 0, i = 0; i < n; i++)
			len = len << 8 | more[i];
	}
	if (len > sizeof(body) || len < 5 || !read_all(fd, body, len))
		return -1;
	at = 2 + (size_t)body[1];
	if (s->requests_len < ANSWERS_MAX) {
		s->requests[s->requests_len] = body[at];
		/* BindRequest: tag, length, 02 01 03, 04 <length of name>; the length is one octet or 81 and one */
		if (body[at] == TAG_BIND_REQUEST)
			s->names[s->requests_len] = body[at + (body[at + 1] & 0x80 ? 3 : 2) + 4];
		s->requests_len++;
	}
	return body[2];
}

static void
send_answer(int fd, int id, const struct octets *answer, size_t cut)
{
	const uint8_t number[] = { 0x02, 1, (uint8_t)id };
	struct octets body = { .len = 0 }, message;

	put(&body, number, sizeof(number));
	put(&body, answer->data, answer->len);
	message = wrap(0x30, &body);
	(void)send(fd, message.data, cut > 0 && cut < message.len ? cut : message.len, MSG_NOSIGNAL);
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->listener, NULL, NULL), id;
	size_t next = 0;

	while (fd >= 0 && (id = read_request(s, fd)) >= 0) {
		if (s->boast)
			(void)send(fd, "\x30\x84\x7f\xff\xff\xff", 6, MSG_NOSIGNAL);
		if (s->silent)
			continue;
		if (next == s->answers_len)
			break;
		do {
			send_answer(fd, id, &s->answers[next], s->cut);
			next++;
		} while (s->together && next < s->answers_len);
		if (s->cut > 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

void
server_start(struct server *s, struct directory **d_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct directory_options options = { .timeout_ms = s->silent ? 200 : 20000 };

	snprintf(s->path, sizeof(s->path), "/tmp/muster-answers-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	snprintf(s->uri, sizeof(s->uri), "ldapi://%%2Ftmp%%2F%s%%2Fs", s->path + strlen("/tmp/"));
	options.uris = s->uri;
	assert_int_equal(directory_open(&options, d_out), 0);
}

void
server_stop(struct server *s, struct directory **d)
{
	char path[96];

	directory_close(d);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->listener);
	snprintf(path, sizeof(path), "%s/s", s->path);
	unlink(path);
	rmdir(s->path);
}
