/*
 * main.c - take the command line apart by the tables of commands.c and run the command.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/cli.h"
#include "config.h"

/* A typo is this many letters away at most. */
#define TYPO_MAX 2

struct parse {
	struct args *args;
	const struct command *command; /* NULL until found */
	const char *noun;              /* seen, its verb not yet */
};

static int
takes_option(const struct command *command, enum option_id id)
{
	const enum option_id *known;

	if (option_is_global(id))
		return 1;
	for (known = command != NULL ? command->options : NULL; known != NULL && *known != OPT_COUNT; known++) {
		if (*known == id)
			return 1;
	}
	return 0;
}

static const struct option *
option_by_name(const struct command *command, const char *name, size_t len)
{
	const struct option *list;
	size_t i, n;

	list = option_list(&n);
	for (i = 0; i < n; i++) {
		if (strlen(list[i].name) == len && strncmp(list[i].name, name, len) == 0 &&
		    takes_option(command, list[i].id))
			return &list[i];
	}
	return NULL;
}

static int
unknown_option(const struct command *command, const char *word)
{
	const struct option *list, *best = NULL;
	size_t i, n, distance, best_distance = TYPO_MAX + 1;

	list = option_list(&n);
	for (i = 0; i < n; i++) {
		if (!takes_option(command, list[i].id))
			continue;
		distance = name_distance(word + 2, list[i].name);
		if (distance < best_distance) {
			best_distance = distance;
			best = &list[i];
		}
	}
	if (best != NULL)
		say_error("unknown option %s; did you mean --%s?", word, best->name);
	else if (command == NULL)
		say_error("unknown option %s; options of a command come behind it, \"muster --help\" lists them", word);
	else
		say_error("unknown option %s; \"muster %s%s%s --help\" lists them", word, command->noun,
		          command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "");
	return EXIT_USAGE;
}

/* The nearest of the words in the tables, or none when nothing is near. */
static const char *
nearest_word(const char *word, const char *noun)
{
	const struct command *list;
	const char *best = NULL;
	size_t i, n, best_distance = TYPO_MAX + 1;

	list = command_list(&n);
	for (i = 0; i < n; i++) {
		const char *candidate = noun == NULL ? list[i].noun : list[i].verb;
		size_t distance;

		if (noun != NULL && strcmp(list[i].noun, noun) != 0)
			continue;
		distance = candidate != NULL ? name_distance(word, candidate) : best_distance;
		if (distance < best_distance) {
			best_distance = distance;
			best = candidate;
		}
	}
	return best;
}

static void
say_verbs(const char *noun)
{
	const struct command *list;
	char verbs[128] = "";
	size_t i, n, used = 0;

	list = command_list(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i].noun, noun) == 0 && list[i].verb != NULL)
			used += (size_t)snprintf(verbs + used, sizeof(verbs) - used, "%s%s", used > 0 ? ", " : "",
			                         list[i].verb);
	}
	say_error("what about %s? One of: %s", noun, verbs);
}

static int
noun_or_verb(struct parse *p, const char *word)
{
	const struct command *list;
	const char *near;
	size_t i, n;
	int known = 0;

	list = command_list(&n);
	for (i = 0; i < n; i++) {
		if (p->noun == NULL && strcmp(list[i].noun, word) == 0) {
			known = 1;
			if (list[i].verb == NULL)
				p->command = &list[i];
		} else if (p->noun != NULL && strcmp(list[i].noun, p->noun) == 0 &&
		           list[i].verb != NULL && strcmp(list[i].verb, word) == 0) {
			p->command = &list[i];
			return 0;
		}
	}
	if (known) {
		p->noun = word;
		return 0;
	}
	near = nearest_word(word, p->noun);
	if (near != NULL && p->noun != NULL)
		say_error("unknown command: %s %s; did you mean \"muster %s %s\"?", p->noun, word, p->noun, near);
	else if (near != NULL)
		say_error("unknown command: %s; did you mean \"muster %s\"?", word, near);
	else if (p->noun != NULL)
		say_verbs(p->noun);
	else
		say_error("unknown command: %s; \"muster --help\" lists them", word);
	return EXIT_USAGE;
}

/* "doctor" is a command by itself and has a verb as well: the word behind it may be that verb. */
static int
took_verb(struct parse *p, const char *word)
{
	const struct command *list;
	size_t i, n;

	if (p->command->verb != NULL || p->args->words_len > 0)
		return 0;
	list = command_list(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(list[i].noun, p->noun) == 0 && list[i].verb != NULL && strcmp(list[i].verb, word) == 0) {
			p->command = &list[i];
			return 1;
		}
	}
	return 0;
}

static int
option_set(struct parse *p, const struct option *option, const char *value)
{
	if (option_is_repeated(option->id)) {
		p->args->repeated[p->args->repeated_len++] = value;
	} else if (p->args->value[option->id] != NULL && option->argument != NULL) {
		say_error("--%s is given twice", option->name);
		return EXIT_USAGE;
	}
	p->args->value[option->id] = value;
	return 0;
}

/* One word that begins with '-'; moves *i on when the value is the next word. */
static int
parse_option(struct parse *p, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value = NULL;
	const struct option *option = NULL, *list;
	size_t k, n, name_len;

	if (word[1] == '-') {
		name_len = strcspn(word + 2, "=");
		option = option_by_name(p->command, word + 2, name_len);
		if (word[2 + name_len] == '=')
			value = word + 3 + name_len;
	} else {
		list = option_list(&n);
		for (k = 0; k < n && option == NULL; k++) {
			if (list[k].letter == word[1] && takes_option(p->command, list[k].id))
				option = &list[k];
		}
		if (option != NULL && word[2] != '\0')
			value = word + 2;
	}
	if (option == NULL)
		return unknown_option(p->command, word);
	if (option->argument == NULL) {
		if (value != NULL) {
			say_error("--%s takes no value", option->name);
			return EXIT_USAGE;
		}
		return option_set(p, option, "");
	}
	if (value == NULL) {
		if (*i + 1 >= argc) {
			say_error("--%s needs a value: --%s %s", option->name, option->name, option->argument);
			return EXIT_USAGE;
		}
		value = argv[++*i];
	}
	return option_set(p, option, value);
}

static int
parse_all(struct parse *p, int argc, char **argv)
{
	int i, r, options_end = 0;

	for (i = 1; i < argc; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = 1;
			continue;
		}
		if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0')
			r = parse_option(p, argc, argv, &i);
		else if (p->command == NULL)
			r = noun_or_verb(p, argv[i]);
		else if (took_verb(p, argv[i]))
			r = 0;
		else {
			p->args->words[p->args->words_len++] = argv[i];
			r = 0;
		}
		if (r != 0)
			return r;
	}
	return 0;
}

static int
check_words(const struct command *command, const struct args *args)
{
	if (args->words_len >= command->words_min && args->words_len <= command->words_max)
		return 0;
	say_error("%s: use \"muster %s%s%s%s%s\"",
	          args->words_len < command->words_min ? "something is missing" : "too many words", command->noun,
	          command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
	          *command->words_help != '\0' ? " " : "", command->words_help);
	return EXIT_USAGE;
}

static int
dispatch(struct parse *p, struct session *s)
{
	int r;

	if (s->args.value[OPT_VERSION] != NULL) {
		printf("muster %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	if (s->args.value[OPT_HELP] != NULL) {
		if (p->command != NULL)
			command_usage(p->command);
		else
			command_usage_all();
		return EXIT_DONE;
	}
	if (p->command == NULL) {
		if (p->noun != NULL)
			say_verbs(p->noun);
		else
			say_error("no command; \"muster --help\" lists them");
		return EXIT_USAGE;
	}
	r = check_words(p->command, &s->args);
	return r != 0 ? r : p->command->run(s);
}

/* Secrets pass through this process: no core file, no tracing by others of the same user. */
static void
harden(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct session session = { .d = NULL };
	struct parse parse = { .args = &session.args };
	int status;

	harden();
	(void)setlocale(LC_CTYPE, ""); /* how wide letters are; C.UTF-8 where the locale says nothing */
	if (MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	session.args.words = calloc((size_t)argc + 1, sizeof(*session.args.words));
	session.args.repeated = calloc((size_t)argc + 1, sizeof(*session.args.repeated));
	if (session.args.words == NULL || session.args.repeated == NULL) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	status = parse_all(&parse, argc, argv);
	if (session.args.value[OPT_JSON] != NULL)
		say_as_json();
	if (status == 0)
		status = dispatch(&parse, &session);
	session_free(&session);
	free(session.args.words);
	free(session.args.repeated);
	if (fflush(stdout) != 0 && status == EXIT_DONE) {
		say_error("the output could not be written");
		status = EXIT_FAILED;
	}
	return status;
}
