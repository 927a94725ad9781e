/*
 * doctor_sshd.c - sshd_config of this host: ways into sshd that leave out PAM's questions, and with them the code.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

#define CONFIG_DEFAULT "/etc/ssh/sshd_config"
#define DEPTH_MAX 16 /* sshd's own */
#define LINE_OCTETS 4096
#define VALUE_MAX 512

/* The settings that matter, with sshd's defaults (sshd_config(5)). The first value found holds. */
enum { USE_PAM, PUBKEY, PASSWORD, KBDINT, EMPTY, HOSTBASED, GSSAPI, METHODS, SETTINGS };

static const struct { const char *name, *other_name, *absent; } keywords[SETTINGS] = {
	{ "UsePAM", NULL, "no" },
	{ "PubkeyAuthentication", NULL, "yes" },
	{ "PasswordAuthentication", NULL, "yes" },
	{ "KbdInteractiveAuthentication", "ChallengeResponseAuthentication", "yes" },
	{ "PermitEmptyPasswords", NULL, "no" },
	{ "HostbasedAuthentication", NULL, "no" },
	{ "GSSAPIAuthentication", NULL, "no" },
	{ "AuthenticationMethods", NULL, "any" }
};

struct settings {
	char value[SETTINGS][VALUE_MAX]; /* "": not set */
	char place[SETTINGS][VALUE_MAX];
};

struct sshd {
	struct doctor *doc;
	const char *path;
	struct settings global;
	struct settings match; /* of the block that is read */
	int in_match;
	char match_place[VALUE_MAX];
	int together, factor_required;
};

static const char *
value_of(const struct sshd *sshd, int setting)
{
	if (sshd->in_match && *sshd->match.value[setting] != '\0')
		return sshd->match.value[setting];
	return *sshd->global.value[setting] != '\0' ? sshd->global.value[setting] : keywords[setting].absent;
}

static int
is_yes(const struct sshd *sshd, int setting)
{
	return strncasecmp(value_of(sshd, setting), "yes", 3) == 0;
}

/* Where a setting stands; the file when it has its default. */
static const char *
place_of(const struct sshd *sshd, int setting)
{
	if (sshd->in_match && *sshd->match.value[setting] != '\0')
		return sshd->match.place[setting];
	return *sshd->global.value[setting] != '\0' ? sshd->global.place[setting] : sshd->path;
}

/* --- what the settings lead to ---------------------------------------------------------------------------- */

/* A list of methods, all of which are asked for, that has one of PAM's. */
static int
asks_pam(const char *list, size_t len)
{
	static const char *const methods[] = { "keyboard-interactive", "password" };
	size_t i, n;

	for (; len > 0; list += n, len -= n) {
		n = strcspn(list, ",");
		n = n < len ? n : len;
		for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
			if (strncasecmp(list, methods[i], strlen(methods[i])) == 0 && strlen(methods[i]) <= n)
				return 1;
		}
		if (n < len)
			n++;
	}
	return 0;
}

/* Some way in that needs no answer to PAM: AuthenticationMethods names lists, one of which is enough. */
static int
key_is_enough(const struct sshd *sshd)
{
	const char *p = value_of(sshd, METHODS);
	size_t n;

	if (!is_yes(sshd, PUBKEY) && !is_yes(sshd, HOSTBASED) && !is_yes(sshd, GSSAPI))
		return 0;
	if (strncasecmp(p, "any", 3) == 0)
		return 1;
	for (; *p != '\0'; p += n) {
		p += strspn(p, " \t\"");
		n = strcspn(p, " \t\"");
		if (n > 0 && !asks_pam(p, n))
			return 1;
	}
	return 0;
}

static void
check_settings(struct sshd *sshd)
{
	struct doctor *doc = sshd->doc;

	if (key_is_enough(sshd))
		doctor_find(doc, sshd->factor_required ? SEVERITY_ERROR : SEVERITY_WARNING, "key-without-code",
		            place_of(sshd, METHODS), "set AuthenticationMethods publickey,keyboard-interactive",
		            "a key alone logs in%s%s, and nobody asks for the code%s", sshd->in_match ? " for " : "",
		            sshd->in_match ? sshd->match_place : "",
		            sshd->factor_required ? " that a policy requires" : "");
	if (is_yes(sshd, EMPTY))
		doctor_find(doc, SEVERITY_ERROR, "empty-passwords", place_of(sshd, EMPTY), "set PermitEmptyPasswords no",
		            "sshd lets in accounts that have an empty password");
	if (!is_yes(sshd, KBDINT) && is_yes(sshd, PASSWORD) && !sshd->together)
		doctor_find(doc, SEVERITY_WARNING, "one-answer", place_of(sshd, KBDINT),
		            "set KbdInteractiveAuthentication yes, or give pam_muster prompt=together",
		            "with PasswordAuthentication alone nobody can be asked for a code");
	if (sshd->in_match)
		return;
	if (!is_yes(sshd, USE_PAM))
		doctor_find(doc, SEVERITY_ERROR, "no-pam", place_of(sshd, USE_PAM), "set UsePAM yes",
		            "sshd does not ask PAM: members cannot use their password, and suspended ones get in with "
		            "a key");
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static void
end_match(struct sshd *sshd)
{
	if (sshd->in_match && (*sshd->match.value[PUBKEY] != '\0' || *sshd->match.value[METHODS] != '\0' ||
	                       *sshd->match.value[EMPTY] != '\0' || *sshd->match.value[HOSTBASED] != '\0' ||
	                       *sshd->match.value[GSSAPI] != '\0'))
		check_settings(sshd);
	sshd->in_match = 0;
	memset(&sshd->match, 0, sizeof(sshd->match));
}

/* Blocks are judged with the settings that hold for everybody, so those are read first. */
enum pass { PASS_GLOBAL, PASS_MATCH };

static void read_pattern(struct sshd *sshd, enum pass pass, const char *pattern, int depth, int *in_block);

static void
take_setting(struct sshd *sshd, const char *key, size_t key_len, const char *value, const char *place, enum pass pass,
             int in_block)
{
	struct settings *to = in_block ? &sshd->match : &sshd->global;
	int i;

	if (in_block != (pass == PASS_MATCH))
		return;
	for (i = 0; i < SETTINGS; i++) {
		const char *other = keywords[i].other_name;

		if ((strlen(keywords[i].name) != key_len || strncasecmp(keywords[i].name, key, key_len) != 0) &&
		    (other == NULL || strlen(other) != key_len || strncasecmp(other, key, key_len) != 0))
			continue;
		if (*to->value[i] != '\0')
			return;
		snprintf(to->value[i], VALUE_MAX, "%s", value);
		snprintf(to->place[i], VALUE_MAX, "%s", place);
	}
}

static void
take_line(struct sshd *sshd, enum pass pass, char *line, const char *path, unsigned number, int depth, int *in_block)
{
	char place[VALUE_MAX], *rest, *key = line + strspn(line, " \t"), *value, *word;
	size_t key_len, len;

	key[strcspn(key, "#\r\n")] = '\0';
	key_len = strcspn(key, " \t=");
	if (key_len == 0)
		return;
	value = key + key_len;
	value += strspn(value, " \t=");
	for (len = strlen(value); len > 0 && isspace((unsigned char)value[len - 1]); len--)
		value[len - 1] = '\0';
	snprintf(place, sizeof(place), "%.400s:%u", path, number);
	if (key_len == 5 && strncasecmp(key, "Match", 5) == 0) {
		if (pass == PASS_MATCH)
			end_match(sshd);
		/* "Match all" holds for everybody who was not matched before. */
		*in_block = strcasecmp(value, "all") != 0;
		sshd->in_match = *in_block && pass == PASS_MATCH;
		snprintf(sshd->match_place, sizeof(sshd->match_place), "%s", value);
	} else if (key_len == 7 && strncasecmp(key, "Include", 7) == 0) {
		for (word = strtok_r(value, " \t\"", &rest); word != NULL; word = strtok_r(NULL, " \t\"", &rest))
			read_pattern(sshd, pass, word, depth + 1, in_block);
	} else {
		take_setting(sshd, key, key_len, value, place, pass, *in_block);
	}
}

static int
read_file(struct sshd *sshd, enum pass pass, const char *path, int depth, int *in_block)
{
	char line[LINE_OCTETS];
	FILE *file = fopen(path, "re");
	unsigned number = 0;

	if (file == NULL)
		return ERR_NOT_FOUND;
	while (fgets(line, sizeof(line), file) != NULL)
		take_line(sshd, pass, line, path, ++number, depth, in_block);
	fclose(file);
	return 0;
}

/* A pattern without a folder is of the one that sshd_config lies in. */
static void
read_pattern(struct sshd *sshd, enum pass pass, const char *pattern, int depth, int *in_block)
{
	const char *slash = strrchr(sshd->path, '/');
	char full[LINE_OCTETS];
	int block_around = *in_block;
	glob_t found;
	size_t i;

	if (depth > DEPTH_MAX)
		return;
	if (*pattern == '/' || slash == NULL)
		snprintf(full, sizeof(full), "%s", pattern);
	else
		snprintf(full, sizeof(full), "%.*s/%s", (int)(slash - sshd->path), sshd->path, pattern);
	if (glob(full, 0, NULL, &found) != 0)
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		(void)read_file(sshd, pass, found.gl_pathv[i], depth, in_block);
		/* A block of an included file ends with it. */
		if (pass == PASS_MATCH && *in_block && !block_around)
			end_match(sshd);
		*in_block = block_around;
	}
	globfree(&found);
}

static int
count(const struct directory_entry *entry, void *arg)
{
	(void)entry;
	*(int *)arg = 1;
	return 1;
}

void
doctor_sshd(struct doctor *doc, int pam_prompts_together)
{
	static const char *const none[] = { "1.1", NULL };
	const char *path = doc->s->args.value[OPT_SSHD_CONFIG];
	struct sshd *sshd = calloc(1, sizeof(*sshd));
	int in_block = 0;

	if (sshd == NULL)
		return;
	sshd->doc = doc;
	sshd->path = path != NULL ? path : CONFIG_DEFAULT;
	sshd->together = pam_prompts_together;
	if (doc->bound)
		(void)directory_search(doc->s->d, doc->s->base, SCOPE_SUB, "(musterSecondFactor=required)", none, count,
		                       &sshd->factor_required);
	if (read_file(sshd, PASS_GLOBAL, sshd->path, 0, &in_block) != 0) {
		if (path != NULL)
			doctor_unseen(doc, "%s cannot be read", path);
	} else {
		check_settings(sshd);
		in_block = 0;
		(void)read_file(sshd, PASS_MATCH, sshd->path, 0, &in_block);
		end_match(sshd);
	}
	free(sshd);
}
