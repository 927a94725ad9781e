/*
 * log.c - one line per event. libc only: the PAM module links it.
 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/err.h"
#include "common/text.h"

/* Kept free behind a long line for the text of an error code. */
#define LOG_ERR_ROOM 128

/* An octet takes up to four characters when escaped. */
#define LOG_ESCAPED_MAX (4 * (LOG_LINE_MAX + LOG_ERR_ROOM) + 1)

static const struct {
	int priority; /* syslog's */
	const char *name;
} levels[] = {
	[LOG_LEVEL_ERROR] = { LOG_ERR, "error" },
	[LOG_LEVEL_NOTICE] = { LOG_NOTICE, "notice" },
	[LOG_LEVEL_INFO] = { LOG_INFO, "info" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug" },
};

static struct {
	const char *ident;
	enum log_to to;
	enum log_level level;
} sink = { .ident = NULL, .to = LOG_TO_STDERR, .level = LOG_LEVEL_NOTICE };

void
log_open(const char *ident, enum log_to to, enum log_level level)
{
	sink.ident = ident;
	sink.to = to;
	sink.level = level;
	if (to == LOG_TO_SYSLOG)
		openlog(ident, LOG_PID, LOG_AUTHPRIV);
}

/* One character as it may stand in a line: itself, or escaped. Returns the length, up to 4 an octet. */
static size_t
log_escape_one(const uint8_t *p, size_t n, uint32_t cp, char out[17])
{
	size_t i;

	if (cp == '\\') {
		memcpy(out, "\\\\", 3);
		return 2;
	}
	/* U+2028 and U+2029 end a line for some viewers */
	if (cp == UINT32_MAX || text_is_control(cp) || cp == 0x2028 || cp == 0x2029) {
		for (i = 0; i < n; i++)
			(void)snprintf(out + 4 * i, 5, "\\x%02x", p[i]);
		return 4 * n;
	}
	memcpy(out, p, n);
	return n;
}

void
log_escape(const char *text, size_t len, char *out, size_t out_size)
{
	const uint8_t *p = (const uint8_t *)text;
	char one[17];
	uint32_t cp;
	size_t n, one_len;

	if (out_size == 0)
		return;
	for (; len > 0; p += n, len -= n) {
		n = text_decode(p, len, &cp);
		if (n == 0) {
			n = 1;
			cp = UINT32_MAX;
		}
		one_len = log_escape_one(p, n, cp, one);
		if (one_len >= out_size)
			break;
		memcpy(out, one, one_len);
		out += one_len;
		out_size -= one_len;
	}
	*out = '\0';
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void
log_to_stderr(enum log_level level, const char *escaped)
{
	char line[LOG_ESCAPED_MAX + 128];
	int len;
	ssize_t written;

	len = snprintf(line, sizeof(line), "%s%s%s: %s\n", sink.ident == NULL ? "" : sink.ident,
	               sink.ident == NULL ? "" : ": ", levels[level].name, escaped);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line)) {
		len = (int)sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	do
		written = write(STDERR_FILENO, line, (size_t)len);
	while (written < 0 && errno == EINTR);
}

static void log_line(enum log_level level, int r, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* r: an error code whose text goes behind the line, 0 for none. */
static void
log_line(enum log_level level, int r, const char *format, va_list args)
{
	char line[LOG_LINE_MAX + LOG_ERR_ROOM];
	char escaped[LOG_ESCAPED_MAX];
	int saved_errno = errno;
	int len;
	size_t used;

	if (level > sink.level)
		return;
	len = vsnprintf(line, LOG_LINE_MAX, format, args);
	if (len < 0)
		(void)snprintf(line, LOG_LINE_MAX, "(a line that could not be formatted: %s)", format);
	else if (len >= LOG_LINE_MAX)
		memcpy(line + LOG_LINE_MAX - 4, "...", 4);
	if (r != 0) {
		used = strlen(line);
		(void)snprintf(line + used, sizeof(line) - used, ": %s", err_str(r));
	}
	log_escape(line, strlen(line), escaped, sizeof(escaped));
	if (sink.to == LOG_TO_SYSLOG)
		syslog(levels[level].priority, "%s", escaped);
	else
		log_to_stderr(level, escaped);
	errno = saved_errno;
}

void
log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_ERROR, 0, format, args);
	va_end(args);
}

void
log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_NOTICE, 0, format, args);
	va_end(args);
}

void
log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_INFO, 0, format, args);
	va_end(args);
}

void
log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_DEBUG, 0, format, args);
	va_end(args);
}

void
log_error_r(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_ERROR, r, format, args);
	va_end(args);
}

void
log_notice_r(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_NOTICE, r, format, args);
	va_end(args);
}

void
log_info_r(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_INFO, r, format, args);
	va_end(args);
}

void
log_debug_r(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_DEBUG, r, format, args);
	va_end(args);
}
