/*
 * certificate.c - when a certificate ends: as much of X.509 (RFC 5280 section 4.1) as leads to notAfter.
 */
#include "cli/certificate.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/clock.h"
#include "common/text.h"
#include "core/base64.h"

#define TAG_SEQUENCE 0x30
#define TAG_VERSION 0xa0
#define TAG_UTC_TIME 0x17
#define TAG_GENERALIZED_TIME 0x18

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"
#define PEM_MAX 65536
#define DAY_SEC 86400
#define SOON_DAYS 14

struct der {
	const uint8_t *data;
	size_t left;
};

/* The element in front. error: ERR_INPUT */
static int
der_next(struct der *der, uint8_t *tag_out, struct der *content_out)
{
	size_t len, octets, i;

	if (der->left < 2)
		return ERR_INPUT;
	*tag_out = der->data[0];
	len = der->data[1];
	der->data += 2;
	der->left -= 2;
	if (len >= 0x80) {
		octets = len & 0x7f;
		if (octets == 0 || octets > 4 || octets > der->left)
			return ERR_INPUT;
		for (len = 0, i = 0; i < octets; i++)
			len = len << 8 | der->data[i];
		der->data += octets;
		der->left -= octets;
	}
	if (len > der->left)
		return ERR_INPUT;
	content_out->data = der->data;
	content_out->left = len;
	der->data += len;
	der->left -= len;
	return 0;
}

/* Go into the sequence in front. */
static int
der_enter(struct der *der, struct der *content_out)
{
	uint8_t tag;

	return der_next(der, &tag, content_out) == 0 && tag == TAG_SEQUENCE ? 0 : ERR_INPUT;
}

static int
time_of(uint8_t tag, const struct der *content, int64_t *end_out)
{
	char text[32];

	if (content->left > 20 || (tag != TAG_UTC_TIME && tag != TAG_GENERALIZED_TIME))
		return ERR_INPUT;
	/* Two digits of a year: from 50 on they are of the last century (RFC 5280 section 4.1.2.5.1). */
	snprintf(text, sizeof(text), "%s%.*s",
	         tag == TAG_GENERALIZED_TIME ? "" : content->left > 0 && content->data[0] >= '5' ? "19" : "20",
	         (int)content->left, (const char *)content->data);
	return text_time_parse(text, strlen(text), end_out) == 0 ? 0 : ERR_INPUT;
}

int
certificate_end(const uint8_t *data, size_t len, int64_t *end_out)
{
	struct der all = { data, len }, certificate, body, skipped, validity;
	uint8_t tag;
	int fields;

	*end_out = 0;
	if (der_enter(&all, &certificate) != 0 || der_enter(&certificate, &body) != 0)
		return ERR_INPUT;
	/* serial number, signature's algorithm, issuer; the version stands before them or not at all */
	for (fields = 0; fields < 3; fields++) {
		if (der_next(&body, &tag, &skipped) != 0)
			return ERR_INPUT;
		if (tag == TAG_VERSION)
			fields--;
	}
	if (der_enter(&body, &validity) != 0 || der_next(&validity, &tag, &skipped) != 0 ||
	    der_next(&validity, &tag, &skipped) != 0)
		return ERR_INPUT;
	return time_of(tag, &skipped, end_out);
}

void
certificate_check_der(struct doctor *doc, const uint8_t *der, size_t len, const char *about)
{
	int64_t end, days;

	if (certificate_end(der, len, &end) != 0) {
		doctor_unseen(doc, "%s: the certificate cannot be read", about);
		return;
	}
	days = (end - clock_now()) / DAY_SEC;
	if (end <= clock_now())
		doctor_find(doc, SEVERITY_ERROR, "certificate", about, "renew it",
		            "the directory's certificate has expired: clients refuse it");
	else if (days < SOON_DAYS)
		doctor_find(doc, SEVERITY_WARNING, "certificate", about, "renew it",
		            "the directory's certificate expires in %lld day%s", (long long)days, days == 1 ? "" : "s");
}

/* base64 between the two lines, without its white space. */
static size_t
squeeze(const char *from, const char *to, char *out)
{
	size_t n = 0;

	for (; from < to; from++) {
		if (!isspace((unsigned char)*from))
			out[n++] = *from;
	}
	return n;
}

void
certificate_check_file(struct doctor *doc, const char *path)
{
	char *pem = calloc(1, PEM_MAX + 1), *packed = calloc(1, PEM_MAX + 1), *begin, *end;
	uint8_t *der = calloc(1, PEM_MAX);
	FILE *file = fopen(path, "re");
	size_t len = 0;

	if (file == NULL) {
		if (errno == ENOENT)
			doctor_find(doc, SEVERITY_ERROR, "certificate", path, "name the right file", "is not there");
		else
			doctor_unseen(doc, "%s: %s", path, strerror(errno));
	} else if (pem != NULL && packed != NULL && der != NULL && fread(pem, 1, PEM_MAX, file) > 0) {
		begin = strstr(pem, PEM_BEGIN);
		end = begin != NULL ? strstr(begin, PEM_END) : NULL;
		if (end != NULL)
			(void)base64_decode(packed, squeeze(begin + strlen(PEM_BEGIN), end, packed),
			                    sodium_base64_VARIANT_ORIGINAL, der, PEM_MAX, &len);
		certificate_check_der(doc, der, len, path);
	}
	if (file != NULL)
		fclose(file);
	free(pem);
	free(packed);
	free(der);
}
