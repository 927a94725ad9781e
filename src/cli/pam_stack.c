/*
 * pam_stack.c - read the files of /etc/pam.d.
 */
#include "cli/pam_stack.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"

#define DEPTH_MAX 16      /* libpam's PAM_SUBSTACK_MAX_LEVEL */
#define LINE_OCTETS 8192

static const char *const group_names[PAM_GROUP_COUNT] = { "auth", "account", "password", "session" };

static const char *const says_names[PAM_SAYS_COUNT] = {
	"success",          "new_authtok_reqd", "ignore",         "auth_err",   "perm_denied", "user_unknown",
	"authinfo_unavail", "acct_expired",     "service_err",    "system_err", "abort",       "cred_unavail",
	"maxtries",         "open_err",         "module_unknown", "conv_err",   "buf_err"
};

struct reading {
	const struct pam_folders *folders;
	enum pam_group group;
	struct pam_stack *stack;
	char *wrong;
	size_t size;
};

void
pam_stack_free(struct pam_stack *stack)
{
	while (stack->n > 0) {
		struct pam_line *line = &stack->lines[--stack->n];

		free(line->control);
		free(line->module);
		free(line->args);
		free(line->place);
	}
	free(stack->lines);
	stack->lines = NULL;
}

static int
bad(struct reading *in, const char *path, unsigned number, const char *text)
{
	snprintf(in->wrong, in->size, "%s:%u: %s", path, number, text);
	return ERR_INPUT;
}

/* --- control -------------------------------------------------------------------------------------------- */

static void
set_actions(int *action, int success, int ignore, int other)
{
	int i;

	for (i = 0; i < PAM_SAYS_COUNT; i++)
		action[i] = other;
	action[PAM_SAYS_SUCCESS] = action[PAM_SAYS_NEW_AUTHTOK_REQD] = success;
	action[PAM_SAYS_IGNORE] = ignore;
}

static int
action_parse(const char *word, size_t len, int *action_out)
{
	static const struct {
		const char *word;
		int action;
	} actions[] = { { "ignore", PAM_DO_IGNORE }, { "ok", PAM_DO_OK },   { "done", PAM_DO_DONE },
		        { "bad", PAM_DO_BAD },       { "die", PAM_DO_DIE }, { "reset", PAM_DO_RESET } };
	size_t i;
	int n = 0;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strlen(actions[i].word) == len && strncasecmp(actions[i].word, word, len) == 0) {
			*action_out = actions[i].action;
			return 0;
		}
	}
	for (i = 0; i < len && i < 4 && isdigit((unsigned char)word[i]); i++)
		n = n * 10 + word[i] - '0';
	*action_out = n;
	return i == len && n > 0 ? 0 : ERR_INPUT;
}

/* [success=1 default=ignore]: values that are not named and have no default are bad. */
static int
brackets_parse(const char *text, int *action)
{
	int named[PAM_SAYS_COUNT] = { 0 }, other = PAM_DO_BAD, value;
	const char *p = text, *equals;
	size_t name_len, len, i;

	while (*(p += strspn(p, " \t")) != '\0') {
		len = strcspn(p, " \t");
		equals = memchr(p, '=', len);
		if (equals == NULL)
			return ERR_INPUT;
		name_len = (size_t)(equals - p);
		if (action_parse(equals + 1, len - name_len - 1, &value) != 0)
			return ERR_INPUT;
		if (name_len == 7 && strncasecmp(p, "default", 7) == 0)
			other = value;
		for (i = 0; i < PAM_SAYS_COUNT; i++) {
			if (strlen(says_names[i]) == name_len && strncasecmp(says_names[i], p, name_len) == 0) {
				action[i] = value;
				named[i] = 1;
			}
		}
		p += len;
	}
	for (i = 0; i < PAM_SAYS_COUNT; i++) {
		if (!named[i])
			action[i] = other;
	}
	return 0;
}

static int
control_parse(const char *control, int *action)
{
	if (strcasecmp(control, "required") == 0)
		set_actions(action, PAM_DO_OK, PAM_DO_IGNORE, PAM_DO_BAD);
	else if (strcasecmp(control, "requisite") == 0)
		set_actions(action, PAM_DO_OK, PAM_DO_IGNORE, PAM_DO_DIE);
	else if (strcasecmp(control, "sufficient") == 0)
		set_actions(action, PAM_DO_DONE, PAM_DO_IGNORE, PAM_DO_IGNORE);
	else if (strcasecmp(control, "optional") == 0)
		set_actions(action, PAM_DO_OK, PAM_DO_IGNORE, PAM_DO_IGNORE);
	else
		return ERR_INPUT;
	return 0;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

/* The next word of a line, cut out in place; [words in brackets] are one. NULL behind the last. */
static char *
next_word(char **at, int *bracketed_out)
{
	char *word = *at + strspn(*at, " \t"), *end;

	*bracketed_out = *word == '[';
	if (*word == '\0')
		return NULL;
	if (*bracketed_out) {
		for (end = ++word; *end != '\0' && *end != ']'; end++) {
			if (end[0] == '\\' && end[1] != '\0')
				end++;
		}
	} else {
		end = word + strcspn(word, " \t");
	}
	*at = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

static struct pam_line *
new_line(struct reading *in, const char *path, unsigned number, int level)
{
	struct pam_line *grown, *line;

	if (in->stack->n == PAM_LINES_MAX)
		return NULL;
	grown = realloc(in->stack->lines, (in->stack->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	in->stack->lines = grown;
	line = &grown[in->stack->n++];
	memset(line, 0, sizeof(*line));
	line->level = level;
	if (asprintf(&line->place, "%s:%u", path, number) < 0)
		line->place = NULL;
	return line->place != NULL ? line : NULL;
}

/* "/lib/security/pam_unix.so" is pam_unix. */
static char *
module_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 3 && strcmp(name + len - 3, ".so") == 0)
		len -= 3;
	return strndup(name, len);
}

static char *
join_args(char *rest)
{
	char *out = calloc(1, strlen(rest) + 2), *word;
	int bracketed;

	while (out != NULL && (word = next_word(&rest, &bracketed)) != NULL) {
		if (*out != '\0')
			strcat(out, " ");
		strcat(out, word);
	}
	return out;
}

static int
take_module(struct reading *in, const char *path, unsigned number, int level, int silent, const char *control,
            int bracketed, char *rest)
{
	struct pam_line *line = new_line(in, path, number, level);
	char *module;
	int ignored;

	if (line == NULL)
		return ERR_MEMORY;
	line->silent = silent;
	if ((bracketed ? brackets_parse(control, line->action) : control_parse(control, line->action)) != 0)
		return bad(in, path, number, "the control is not one that PAM knows");
	module = next_word(&rest, &ignored);
	if (module == NULL)
		return bad(in, path, number, "no module is named");
	line->module = module_name(module);
	line->args = join_args(rest);
	if (asprintf(&line->control, bracketed ? "[%s]" : "%s", control) < 0)
		line->control = NULL;
	return line->module != NULL && line->args != NULL && line->control != NULL ? 0 : ERR_MEMORY;
}

static int read_service(struct reading *in, const char *name, int level, int depth);

/* One line without its comment and line end. */
static int
take_line(struct reading *in, const char *path, unsigned number, char *text, int level, int depth)
{
	char *at = text, *type, *control, *file;
	int bracketed, silent, ignored;

	type = next_word(&at, &ignored);
	if (type == NULL)
		return 0;
	if (strcasecmp(type, "@include") == 0) {
		file = next_word(&at, &ignored);
		return file != NULL ? read_service(in, file, level, depth + 1)
		                    : bad(in, path, number, "@include names no file");
	}
	silent = *type == '-';
	if (strcasecmp(type + silent, group_names[in->group]) != 0)
		return 0;
	control = next_word(&at, &bracketed);
	if (control == NULL)
		return bad(in, path, number, "the line ends behind its type");
	if (bracketed || (strcasecmp(control, "include") != 0 && strcasecmp(control, "substack") != 0))
		return take_module(in, path, number, level, silent, control, bracketed, at);
	file = next_word(&at, &ignored);
	if (file == NULL)
		return bad(in, path, number, "no file is named");
	if (strcasecmp(control, "include") == 0)
		return read_service(in, file, level, depth + 1);
	if (new_line(in, path, number, level) == NULL)
		return ERR_MEMORY;
	in->stack->lines[in->stack->n - 1].is_substack = 1;
	return read_service(in, file, level + 1, depth + 1);
}

/* Lines may go on behind a backslash; a comment ends with its line. */
static int
read_file(struct reading *in, const char *path, FILE *file, int level, int depth)
{
	char part[LINE_OCTETS], text[LINE_OCTETS] = "";
	unsigned number = 0, first = 0;
	size_t used = 0, len;
	int r = 0, more;

	while (r == 0 && fgets(part, sizeof(part), file) != NULL) {
		number++;
		if (used == 0)
			first = number;
		part[strcspn(part, "#\n")] = '\0';
		len = strlen(part);
		more = len > 0 && part[len - 1] == '\\';
		if (more)
			part[--len] = ' ';
		if (used + len + 2 > sizeof(text))
			return bad(in, path, number, "the line is too long");
		memcpy(text + used, part, len + (more ? 1 : 0));
		used += len + (more ? 1 : 0);
		text[used] = '\0';
		if (more)
			continue;
		r = take_line(in, path, first, text, level, depth);
		used = 0;
		text[0] = '\0';
	}
	if (r == 0 && used > 0)
		r = take_line(in, path, first, text, level, depth);
	return r;
}

/* A file of the folders, or one named by its full path. */
static FILE *
open_service(const struct reading *in, const char *name, char *path, size_t size)
{
	FILE *file = NULL;
	size_t i;

	if (*name == '/') {
		snprintf(path, size, "%s", name);
		return fopen(path, "re");
	}
	for (i = 0; i < in->folders->n && file == NULL; i++) {
		snprintf(path, size, "%s/%s", in->folders->path[i], name);
		file = fopen(path, "re");
	}
	return file;
}

static int
read_service(struct reading *in, const char *name, int level, int depth)
{
	char path[PATH_MAX];
	FILE *file;
	int r;

	if (depth > DEPTH_MAX) {
		snprintf(in->wrong, in->size, "%s: includes lie too deep", name);
		return ERR_INPUT;
	}
	file = open_service(in, name, path, sizeof(path));
	if (file == NULL) {
		if (depth == 0)
			return ERR_NOT_FOUND;
		snprintf(in->wrong, in->size, "%s is included and cannot be read", name);
		return ERR_INPUT;
	}
	r = read_file(in, path, file, level, depth);
	fclose(file);
	return r;
}

int
pam_stack_read(const struct pam_folders *folders, const char *service, enum pam_group group,
               struct pam_stack *stack_out, char *wrong, size_t size)
{
	struct reading in = { .folders = folders, .group = group, .stack = stack_out, .wrong = wrong, .size = size };
	int r;

	memset(stack_out, 0, sizeof(*stack_out));
	*wrong = '\0';
	r = read_service(&in, service, 0, 0);
	if (r == 0 && stack_out->n == 0 && strcmp(service, "other") != 0) {
		r = read_service(&in, "other", 0, 0);
		r = r == ERR_NOT_FOUND ? 0 : r;
	}
	if (r != 0)
		pam_stack_free(stack_out);
	return r;
}

/* --- arguments ------------------------------------------------------------------------------------------ */

/* The argument that begins with a text and ends with it or goes on behind '='. */
static const char *
find_arg(const struct pam_line *line, const char *word, char behind)
{
	size_t len = strlen(word);
	const char *p;

	for (p = line->args; p != NULL && *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		if (strncmp(p, word, len) == 0 && (p[len] == behind || (behind == '\0' && p[len] == ' ')))
			return p + len;
	}
	return NULL;
}

int
pam_line_has(const struct pam_line *line, const char *word)
{
	return find_arg(line, word, '\0') != NULL;
}

const char *
pam_line_value(const struct pam_line *line, const char *name)
{
	const char *value = find_arg(line, name, '=');

	return value != NULL ? value + 1 : NULL;
}
