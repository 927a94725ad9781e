/*
 * fuzz_text.c - what strangers write into log lines, numbers and times.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A log line is one line, whatever goes into it. */
static void
escape(const uint8_t *data, size_t size)
{
	size_t out_size = size == 0 ? 1 : data[0] + (size_t)1;
	char *out = malloc(out_size);

	if (out == NULL)
		abort();
	log_escape((const char *)data, size, out, out_size);
	if (!text_is_clean(out, strlen(out)))
		abort();
	free(out);
}

static void
parse_time(const char *text, size_t len)
{
	char formatted[TEXT_TIME_MAX];
	int64_t when, again;

	/* a zone or a leap second can lead out of the years that have a text */
	if (text_time_parse(text, len, &when) != 0 || text_time_format(when, formatted) != 0)
		return;
	if (text_time_parse(formatted, strlen(formatted), &again) != 0 || again != when)
		abort();
}

/* A number that is taken has this text and no other. */
static void
parse_number(const char *text, size_t len)
{
	char formatted[32];
	int64_t number;
	int n;

	if (text_number(text, len, INT64_MIN, INT64_MAX, &number) != 0)
		return;
	n = snprintf(formatted, sizeof(formatted), "%lld", (long long)number);
	if ((size_t)n != len || memcmp(formatted, text, len) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	escape(data, size);
	parse_time((const char *)data, size);
	parse_number((const char *)data, size);
	if (text_is_clean(data, size) && !text_is_utf8(data, size))
		abort();
	return 0;
}
