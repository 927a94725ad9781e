/*
 * service.c - the catalogue's lines, and where a service is reached.
 */
#include "core/service.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

/* copy_label - letters, digits and hyphens, none at the ends, as lower case. error: ERR_INPUT */
static int
copy_label(const char *text, size_t len, size_t max, char *out)
{
	size_t i;

	if (len == 0 || len > max || text[0] == '-' || text[len - 1] == '-')
		return ERR_INPUT;
	for (i = 0; i < len; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return ERR_INPUT;
		out[i] = c;
	}
	out[len] = '\0';
	return 0;
}

static int
copy_suffix(const char *text, size_t len, char out[SERVICE_SUFFIX_MAX + 1])
{
	const char *dot;
	size_t part;

	if (len > SERVICE_SUFFIX_MAX)
		return ERR_INPUT;
	while (len > 0) {
		dot = memchr(text, '.', len);
		part = dot != NULL ? (size_t)(dot - text) : len;
		if (copy_label(text, part, LABEL_MAX, out) < 0)
			return ERR_INPUT;
		if (dot == NULL)
			return 0;
		out[part] = '.';
		out += part + 1;
		text += part + 1;
		len -= part + 1;
	}
	return ERR_INPUT;
}

int
service_parse(const char *text, size_t len, struct service *service_out)
{
	const char *blank = memchr(text, ' ', len);
	size_t name_len = blank != NULL ? (size_t)(blank - text) : len;

	memset(service_out, 0, sizeof(*service_out));
	if (blank == NULL || copy_label(text, name_len, SERVICE_NAME_MAX, service_out->name) < 0)
		return ERR_INPUT;
	return copy_suffix(blank + 1, len - name_len - 1, service_out->suffix);
}

int
service_url(const struct service *service, const char *domain, size_t domain_len, char url_out[SERVICE_URL_MAX])
{
	int len = snprintf(url_out, SERVICE_URL_MAX, "https://%.*s.%s/", (int)domain_len, domain, service->suffix);

	return len > 0 && len < SERVICE_URL_MAX ? 0 : ERR_RANGE;
}
