/*
 * names.c - what may be the name of something. The directory has the last word; these say it in words a person
 *           can act on, before anything is written.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "cli/cli.h"
#include "common/address.h"
#include "common/clock.h"
#include "common/text.h"
#include "core/facts.h"

#define DOMAIN_MIN 3
#define DOMAIN_MAX 40
#define ID_MAX 64
#define NAME_MAX_CHARS 64

/* Characters that DNs, filters, paths or ORG/ID give a meaning. */
#define ORGANIZATION_REFUSED ",+\"\\<>;=#*()/"

static size_t
count_chars(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* refuse - what is wrong with a name, for a person; returns ERR_INPUT */
static int refuse(char why[NAME_WHY_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
refuse(char why[NAME_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, NAME_WHY_MAX, format, args);
	va_end(args);
	return ERR_INPUT;
}

/* Text with something to see in it: UTF-8, no control characters, no blanks around it. */
int
name_judge_person(const char *what, const char *text, char why[NAME_WHY_MAX])
{
	size_t len = strlen(text);

	if (!text_is_utf8(text, len))
		return refuse(why, "%s is not valid UTF-8", what);
	if (!text_is_clean(text, len))
		return refuse(why, "%s must not contain line breaks or other control characters", what);
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
		return refuse(why, "%s must not be empty or have blanks around it", what);
	if (count_chars(text) > NAME_MAX_CHARS)
		return refuse(why, "%s is longer than %d characters", what, NAME_MAX_CHARS);
	return 0;
}

int
name_judge_id(const char *id, char why[NAME_WHY_MAX])
{
	size_t len = strlen(id), i;
	int good = len > 0 && len <= ID_MAX && (isalnum((unsigned char)id[0]) || id[0] == '_');

	for (i = 0; good && i < len; i++)
		good = (unsigned char)id[i] < 0x80 && (isalnum((unsigned char)id[i]) || strchr("._-@+", id[i]) != NULL);
	if (good)
		return 0;
	return refuse(why, "an ID is 1 to %d letters, digits and . _ - @ +, and begins with a letter, digit or _", ID_MAX);
}

int
name_judge_mail(const char *mail, char why[NAME_WHY_MAX])
{
	return address_is_mail(mail) ? 0 : refuse(why, "the mail address must look like name@example.com");
}

int
name_judge_language(const char *language, char why[NAME_WHY_MAX])
{
	if (fact_check(FACT_LANGUAGE, language, strlen(language)) == NULL)
		return 0;
	return refuse(why, "a language is a tag like ko, en or en-GB");
}

int
name_judge_mobile(const char *mobile, char clean_out[NAME_MOBILE_MAX], char why[NAME_WHY_MAX])
{
	size_t len = 0;

	for (; *mobile != '\0' && len < NAME_MOBILE_MAX; mobile++) {
		if (strchr(" -().", *mobile) == NULL)
			clean_out[len++] = *mobile;
	}
	if (len < NAME_MOBILE_MAX) {
		clean_out[len] = '\0';
		if (clean_out[0] == '+' && clean_out[1] != '0' && len >= 8 && strspn(clean_out + 1, "0123456789") == len - 1)
			return 0;
	}
	clean_out[0] = '\0';
	return refuse(why, "a mobile number is + with the country and 7 to 15 digits, like +82 10 1234 5678");
}

/* said - print what is wrong, where something is */
static int
said(int r, const char *why)
{
	if (r == 0)
		return 0;
	say_error("%s", why);
	return EXIT_USAGE;
}

int
name_check_organization(const char *name)
{
	int r = name_check_person("the organization's name", name);

	if (r != 0)
		return r;
	if (strpbrk(name, ORGANIZATION_REFUSED) != NULL) {
		say_error("the organization's name must not contain any of %s", ORGANIZATION_REFUSED);
		return EXIT_USAGE;
	}
	return 0;
}

int
name_check_domain(const char *domain)
{
	size_t len = strlen(domain);

	if (len < DOMAIN_MIN || len > DOMAIN_MAX ||
	    strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || domain[0] == '-') {
		say_error("a domain is %d to %d of a-z, 0-9 and -, and begins with a letter or digit", DOMAIN_MIN,
		          DOMAIN_MAX);
		return EXIT_USAGE;
	}
	return 0;
}

int
name_check_id(const char *id)
{
	char why[NAME_WHY_MAX];

	return said(name_judge_id(id, why), why);
}

int
name_check_person(const char *what, const char *name)
{
	char why[NAME_WHY_MAX];

	return said(name_judge_person(what, name, why), why);
}

int
name_check_mail(const char *mail)
{
	char why[NAME_WHY_MAX];

	return said(name_judge_mail(mail, why), why);
}

int
name_check_language(const char *language)
{
	char why[NAME_WHY_MAX];

	return said(name_judge_language(language, why), why);
}

int
name_check_mobile(const char *mobile)
{
	char clean[64];
	size_t len = strlen(mobile);

	if (len < sizeof(clean)) {
		memcpy(clean, mobile, len + 1);
		clean[address_clean_number(clean, len)] = '\0';
	}
	if (len >= sizeof(clean) || !address_is_number(clean)) {
		say_error("\"%s\" is no mobile number: write it with its country, like +82 10-1234-5678", mobile);
		return EXIT_USAGE;
	}
	return 0;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Damerau-Levenshtein with one swap; long words are not typos of ours. */
size_t
name_distance(const char *a, const char *b)
{
	enum { LONGEST = 31 };
	size_t d[LONGEST + 1][LONGEST + 1];
	size_t a_len = strlen(a), b_len = strlen(b), i, k;

	if (a_len > LONGEST || b_len > LONGEST)
		return LONGEST + 1;
	for (i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (k = 0; k <= b_len; k++)
		d[0][k] = k;
	for (i = 1; i <= a_len; i++) {
		for (k = 1; k <= b_len; k++) {
			d[i][k] = min3(d[i - 1][k] + 1, d[i][k - 1] + 1, d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    d[i - 2][k - 2] + 1 < d[i][k])
				d[i][k] = d[i - 2][k - 2] + 1;
		}
	}
	return d[a_len][b_len];
}

void
id_make(const char *prefix, char out[APPLICATION_NAME_MAX + 1])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* none that looks like another */
	time_t now = (time_t)clock_now();
	size_t len = (size_t)snprintf(out, APPLICATION_NAME_MAX / 2, "%s", prefix);
	struct tm tm;
	int i;

	if (gmtime_r(&now, &tm) != NULL)
		len += strftime(out + len, APPLICATION_NAME_MAX / 4, "%Y%m%d-", &tm);
	for (i = 0; i < 6; i++)
		out[len++] = letters[randombytes_uniform(sizeof(letters) - 1)];
	out[len] = '\0';
}
