/*
 * who.c - members as people write them: a DN, ORG/ID, or the login of a platform member.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/text.h"

#define WHO_MAX 2048

int
who_parse(const char *word, struct who *who_out)
{
	size_t len = strlen(word);
	char *slash;

	memset(who_out, 0, sizeof(*who_out));
	if (len == 0 || len > WHO_MAX || !text_is_clean(word, len)) {
		say_error("WHO is a DN, ORG/ID or a login: at most %d octets of UTF-8 without control characters", WHO_MAX);
		return EXIT_USAGE;
	}
	if (strchr(word, '=') != NULL && directory_dn_check(word) == 0) {
		who_out->dn = word;
		return EXIT_DONE;
	}
	if (strchr(word, '/') == NULL) {
		who_out->login = word;
		return EXIT_DONE;
	}
	who_out->parts = strdup(word);
	if (who_out->parts == NULL) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	slash = strchr(who_out->parts, '/');
	*slash = '\0';
	who_out->organization = who_out->parts;
	who_out->login = slash + 1;
	if (*who_out->organization == '\0' || *who_out->login == '\0' || strchr(who_out->login, '/') != NULL) {
		say_error("\"%s\" is not ORG/ID", word);
		who_free(who_out);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int
who_parse_words(struct session *s, struct who *who_out)
{
	const char *word = s->args.words_len > 0 ? s->args.words[0] : s->args.value[OPT_BIND_DN];

	memset(who_out, 0, sizeof(*who_out));
	if (word == NULL) {
		say_error("say who: WHO, or -D DN");
		return EXIT_USAGE;
	}
	if (s->args.words_len < 2)
		return who_parse(word, who_out);
	who_out->organization = s->args.words[0];
	who_out->login = s->args.words[1];
	return EXIT_DONE;
}

const char *
words_take(struct session *s)
{
	const char *word = s->args.words[0];

	s->args.words_len--;
	memmove(s->args.words, s->args.words + 1, (size_t)s->args.words_len * sizeof(*s->args.words));
	return word;
}

void
who_target(const struct who *who, struct directory_target *target_out)
{
	target_out->dn = who->dn;
	target_out->organization = who->organization;
	target_out->login = who->login;
}

void
who_free(struct who *who)
{
	free(who->parts);
	memset(who, 0, sizeof(*who));
}

static int
member_dn(struct session *s, const char *organization, const char *id, char **dn_out)
{
	struct directory_entry *org = NULL;
	int status = session_organization(s, organization, &org);

	if (status == EXIT_DONE) {
		*dn_out = organization_member(org->dn, id);
		if (*dn_out == NULL)
			status = say_failure(s, ERR_MEMORY, id);
	}
	directory_entry_free(&org);
	return status;
}

int
who_dn(struct session *s, const struct who *who, char **dn_out)
{
	int status = EXIT_DONE;

	*dn_out = NULL;
	if (who->organization != NULL)
		return member_dn(s, who->organization, who->login, dn_out);
	if (who->dn != NULL) {
		*dn_out = strdup(who->dn);
	} else {
		status = session_base(s);
		if (status != EXIT_DONE)
			return status;
		*dn_out = directory_dn("uid=%s,ou=accounts,%D", who->login, s->base);
	}
	return *dn_out != NULL ? EXIT_DONE : say_failure(s, ERR_MEMORY, "DN");
}

int
who_dn_of_words(struct session *s, char **dn_out)
{
	struct who who;
	int status;

	*dn_out = NULL;
	status = who_parse_words(s, &who);
	if (status != EXIT_DONE)
		return status;
	status = who_dn(s, &who, dn_out);
	who_free(&who);
	return status;
}
