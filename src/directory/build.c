/*
 * build.c - filters and DNs from parts that come from outside, and DNs taken apart.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

/* Longest escaped form of one octet: \xx. */
#define ESCAPED_MAX 3

static const char hex_digits[] = "0123456789abcdef";

static size_t
put_hex(char *out, unsigned char octet)
{
	out[0] = '\\';
	out[1] = hex_digits[octet >> 4];
	out[2] = hex_digits[octet & 15];
	return 3;
}

/* RFC 4515 section 3. Whatever is not plain ASCII goes as hex, so that UTF-8, broken or not, arrives as it is. */
static size_t
put_filter_value(char *out, const char *value)
{
	const unsigned char *p;
	size_t n = 0;

	for (p = (const unsigned char *)value; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e || strchr("*()\\", *p) != NULL)
			n += put_hex(out + n, *p);
		else
			out[n++] = (char)*p;
	}
	return n;
}

/* RFC 4514 section 2.4. UTF-8 stays readable. */
static size_t
put_dn_value(char *out, const char *value)
{
	const unsigned char *p, *first = (const unsigned char *)value;
	size_t n = 0;

	for (p = first; *p != '\0'; p++) {
		int at_edge = p == first || p[1] == '\0';

		if (*p < 0x20 || *p == 0x7f || (*p == ' ' && at_edge)) {
			n += put_hex(out + n, *p);
			continue;
		}
		if (strchr("\"+,;<=>\\", *p) != NULL || (*p == '#' && p == first))
			out[n++] = '\\';
		out[n++] = (char)*p;
	}
	return n;
}

static size_t
put_as_it_is(char *out, const char *value)
{
	size_t n = strlen(value);

	memcpy(out, value, n);
	return n;
}

/* conversions: which letters behind % are known, 's' escaped by put_s, 'D' taken as it is. */
static char *
build(const char *format, size_t (*put_s)(char *out, const char *value), int with_dn, va_list args)
{
	va_list again;
	const char *f;
	size_t size = strlen(format) + 1, n = 0;
	char *out;

	va_copy(again, args);
	for (f = format; *f != '\0'; f++) {
		if (*f != '%')
			continue;
		f++;
		if (*f == 's' || (*f == 'D' && with_dn)) {
			size += ESCAPED_MAX * strlen(va_arg(again, const char *));
		} else if (*f != '%') {
			va_end(again);
			return NULL;
		}
	}
	va_end(again);
	out = malloc(size);
	if (out == NULL)
		return NULL;
	for (f = format; *f != '\0'; f++) {
		if (*f != '%')
			out[n++] = *f;
		else if (*++f == 's')
			n += put_s(out + n, va_arg(args, const char *));
		else if (*f == 'D')
			n += put_as_it_is(out + n, va_arg(args, const char *));
		else
			out[n++] = '%';
	}
	out[n] = '\0';
	return out;
}

char *
directory_filter(const char *format, ...)
{
	va_list args;
	char *out;

	va_start(args, format);
	out = build(format, put_filter_value, 0, args);
	va_end(args);
	return out;
}

char *
directory_dn(const char *format, ...)
{
	va_list args;
	char *out;

	va_start(args, format);
	out = build(format, put_dn_value, 1, args);
	va_end(args);
	return out;
}

int
directory_dn_check(const char *dn)
{
	LDAPDN parsed = NULL;
	int rc = ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3);

	ldap_dnfree(parsed);
	return rc == LDAP_SUCCESS ? 0 : rc == LDAP_NO_MEMORY ? ERR_MEMORY : ERR_INPUT;
}

int
directory_dn_rdn(const char *dn, char **type_out, char **value_out)
{
	LDAPDN parsed = NULL;
	int r = ERR_INPUT;

	*type_out = NULL;
	*value_out = NULL;
	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || parsed == NULL)
		goto out;
	if (memchr(parsed[0][0]->la_value.bv_val, '\0', parsed[0][0]->la_value.bv_len) != NULL)
		goto out;
	r = ERR_MEMORY;
	*type_out = strndup(parsed[0][0]->la_attr.bv_val, parsed[0][0]->la_attr.bv_len);
	*value_out = strndup(parsed[0][0]->la_value.bv_val, parsed[0][0]->la_value.bv_len);
	if (*type_out == NULL || *value_out == NULL) {
		free(*type_out);
		free(*value_out);
		*type_out = NULL;
		*value_out = NULL;
		goto out;
	}
	r = 0;
out:
	ldap_dnfree(parsed);
	return r;
}

/* ava_is_text - a part of a DN with that type and value, in whatever case */
static int
ava_is_text(const LDAPAVA *ava, const char *type, const char *value)
{
	return ava->la_attr.bv_len == strlen(type) && strncasecmp(ava->la_attr.bv_val, type, strlen(type)) == 0 &&
	       ava->la_value.bv_len == strlen(value) && strncasecmp(ava->la_value.bv_val, value, strlen(value)) == 0;
}

int
directory_dn_organization(const char *dn, char **name_out)
{
	LDAPDN parsed = NULL;
	size_t i;
	int r = ERR_INPUT;

	*name_out = NULL;
	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		goto out;
	r = ERR_NOT_FOUND;
	for (i = 0; parsed != NULL && parsed[i] != NULL && r == ERR_NOT_FOUND; i++) {
		const LDAPAVA *ava = parsed[i][0];

		if (ava->la_attr.bv_len != 1 || strncasecmp(ava->la_attr.bv_val, "o", 1) != 0 ||
		    memchr(ava->la_value.bv_val, '\0', ava->la_value.bv_len) != NULL ||
		    parsed[i + 1] == NULL || !ava_is_text(parsed[i + 1][0], "ou", "organizations"))
			continue;
		*name_out = strndup(ava->la_value.bv_val, ava->la_value.bv_len);
		r = *name_out != NULL ? 0 : ERR_MEMORY;
	}
out:
	ldap_dnfree(parsed);
	return r;
}

/* A DN without its first parts. */
static char *
dn_from(const char *dn, size_t skip)
{
	LDAPDN parsed = NULL;
	char *text = NULL, *copy = NULL;

	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || parsed == NULL)
		goto out;
	if (ldap_dn2str(parsed + skip, &text, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && text != NULL)
		copy = strdup(text);
out:
	ldap_memfree(text);
	ldap_dnfree(parsed);
	return copy;
}

char *
directory_dn_parent(const char *dn)
{
	return dn_from(dn, 1);
}

char *
directory_dn_clean(const char *dn)
{
	return dn_from(dn, 0);
}

static int
ava_equal(const LDAPAVA *a, const LDAPAVA *b)
{
	return a->la_attr.bv_len == b->la_attr.bv_len &&
	       strncasecmp(a->la_attr.bv_val, b->la_attr.bv_val, a->la_attr.bv_len) == 0 &&
	       a->la_value.bv_len == b->la_value.bv_len &&
	       strncasecmp(a->la_value.bv_val, b->la_value.bv_val, a->la_value.bv_len) == 0;
}

static int
rdn_equal(LDAPRDN a, LDAPRDN b)
{
	size_t i;

	for (i = 0; a[i] != NULL && b[i] != NULL; i++) {
		if (!ava_equal(a[i], b[i]))
			return 0;
	}
	return a[i] == NULL && b[i] == NULL;
}

int
directory_dn_equal(const char *a, const char *b)
{
	LDAPDN pa = NULL, pb = NULL;
	size_t i;
	int equal = 0;

	if (ldap_str2dn(a, &pa, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS ||
	    ldap_str2dn(b, &pb, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		goto out;
	if (pa == NULL || pb == NULL) {
		equal = pa == pb;
		goto out;
	}
	for (i = 0; pa[i] != NULL && pb[i] != NULL; i++) {
		if (!rdn_equal(pa[i], pb[i]))
			goto out;
	}
	equal = pa[i] == NULL && pb[i] == NULL;
out:
	ldap_dnfree(pa);
	ldap_dnfree(pb);
	return equal;
}
