/*
 * language.c - the language of a message.
 */
#include <ctype.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#include "common/err.h"
#include "musterd/language.h"

#define LIST_MAX 128
#define TAG_MAX 16

/* glibc and gettext keep what they have looked up until this changes: gettext manual, "Being a gettext grok". */
extern int _nl_msg_cat_cntr;

static char tag[TAG_MAX];

int
language_init(void)
{
	const char *folder = getenv("MUSTER_LOCALEDIR");

	/* Any locale but "C" makes gettext() look at LANGUAGE. This one is on every machine and changes nothing else. */
	if (setlocale(LC_MESSAGES, "C.UTF-8") == NULL)
		return ERR_INTERNAL;
	if (bindtextdomain(PACKAGE, folder != NULL ? folder : LOCALEDIR) == NULL ||
	    bind_textdomain_codeset(PACKAGE, "UTF-8") == NULL || textdomain(PACKAGE) == NULL)
		return ERR_MEMORY;
	return language_use("en");
}

/* One tag as the name of a catalogue: ko-KR is ko_KR. Returns its length, 0 when it is none. */
static size_t
catalogue_name(const char *from, size_t len, char out[TAG_MAX])
{
	size_t i;

	if (len == 0 || len >= TAG_MAX || !isalpha((unsigned char)from[0]))
		return 0;
	for (i = 0; i < len; i++) {
		if (!isascii(from[i]) || (!isalnum((unsigned char)from[i]) && from[i] != '-'))
			return 0;
		out[i] = from[i] == '-' ? '_' : from[i];
	}
	for (i = 0; i < len && out[i] != '_'; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
	for (; i < len; i++)
		out[i] = (char)toupper((unsigned char)out[i]);
	out[len] = '\0';
	return len;
}

/* A list for LANGUAGE in the order given. English has no catalogue, so a list ends with it. */
static void
catalogue_list(const char *preferred, char list[LIST_MAX])
{
	size_t used = 0, len;
	char name[TAG_MAX];

	list[0] = '\0';
	while (*preferred != '\0') {
		preferred += strspn(preferred, " ,");
		len = catalogue_name(preferred, strcspn(preferred, " ,;"), name);
		preferred += strcspn(preferred, ",");
		if (len == 0)
			continue;
		if ((strncmp(name, "en", 2) == 0 && (len == 2 || name[2] == '_')) || used + len + 2 > LIST_MAX)
			return;
		if (used > 0)
			list[used++] = ':';
		memcpy(list + used, name, len + 1);
		used += len;
	}
}

/* A catalogue's header says which language it is of; without a catalogue there is no header. */
static void
find_tag(void)
{
	const char *language = strstr(gettext(""), "\nLanguage: ");
	size_t len = 0;

	if (language != NULL) {
		language += strlen("\nLanguage: ");
		len = strcspn(language, "\n");
	}
	if (len == 0 || len >= TAG_MAX) {
		language = "en";
		len = 2;
	}
	memcpy(tag, language, len);
	tag[len] = '\0';
	if (strchr(tag, '_') != NULL)
		*strchr(tag, '_') = '-';
}

int
language_use(const char *preferred)
{
	char list[LIST_MAX];

	catalogue_list(preferred, list);
	if (setenv("LANGUAGE", list[0] != '\0' ? list : "en", 1) != 0)
		return ERR_MEMORY;
	_nl_msg_cat_cntr++;
	find_tag();
	return 0;
}

const char *
language_tag(void)
{
	return tag;
}
