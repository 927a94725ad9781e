/*
 * conf.c - read, check and print muster.conf by the table in conf_table.c.
 */
#include <errno.h>
#include <ini.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_file.h"
#include "common/text.h"

#define OPTIONS_MAX 64

/* State of reading one file. */
struct reader {
	FILE *file;
	const char *name;
	struct conf *conf;
	int line;               /* the one libinih works on: it asks for a line, then calls us about it */
	int given[OPTIONS_MAX]; /* line that gave the option of that row, 0 none */
	int wrong_line;         /* the first one that is wrong, 0 none */
	int r;
	char *error;
};

const char *
conf_default_path(void)
{
	return SYSCONFDIR "/muster/muster.conf";
}

static char **
text_of(const struct conf *conf, const struct conf_option *option)
{
	return (char **)((char *)(uintptr_t)conf + option->offset);
}

static int *
number_of(const struct conf *conf, const struct conf_option *option)
{
	return (int *)((char *)(uintptr_t)conf + option->offset);
}

static int
is_text(const struct conf_option *option)
{
	return option->type == CONF_TEXT || option->type == CONF_PATH || option->type == CONF_SECRET_FILE;
}

/* The n-th of blank-separated names; its length in *len_out. */
static const char *
choice_name(const char *choices, int n, int *len_out)
{
	for (; n > 0; n--)
		choices += strcspn(choices, " ") + 1;
	*len_out = (int)strcspn(choices, " ");
	return choices;
}

static int
set_choice(const struct conf_option *option, const char *value, int *number_out, char why[CONF_ERROR_MAX])
{
	const char *p = option->choices;
	int n = 0;

	for (;;) {
		size_t len = strcspn(p, " ");

		if (strlen(value) == len && strncmp(p, value, len) == 0) {
			*number_out = n;
			return 0;
		}
		if (p[len] == '\0')
			return conf_fail(why, "must be one of: %s", option->choices);
		p += len + 1;
		n++;
	}
}

static int
set_number(const struct conf_option *option, const char *value, int *number_out, char why[CONF_ERROR_MAX])
{
	int64_t number;

	if (text_number(value, strlen(value), option->min, option->max, &number) != 0)
		return conf_fail(why, "must be a number from %d to %d", option->min, option->max);
	*number_out = (int)number;
	return 0;
}

static int
set_flag(const char *value, int *flag_out, char why[CONF_ERROR_MAX])
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return conf_fail(why, "must be yes or no");
	*flag_out = strcmp(value, "yes") == 0;
	return 0;
}

static int
set_text(const struct conf_option *option, const char *value, char **text_out, char why[CONF_ERROR_MAX])
{
	const char *wrong = NULL;
	char *copy;

	if (!text_is_clean(value, strlen(value)))
		return conf_fail(why, "contains control characters or is not UTF-8");
	if (value[0] != '\0' && value[0] != '/' && option->type != CONF_TEXT)
		return conf_fail(why, "must be a path that begins with /");
	if (value[0] != '\0' && option->check != NULL)
		wrong = option->check(value);
	if (wrong != NULL)
		return conf_fail(why, "%s", wrong);
	copy = strdup(value);
	if (copy == NULL) {
		conf_fail(why, "%s", err_str(ERR_MEMORY));
		return ERR_MEMORY;
	}
	free(*text_out);
	*text_out = copy;
	return 0;
}

static int
set_option(struct conf *conf, const struct conf_option *option, const char *value, char why[CONF_ERROR_MAX])
{
	switch (option->type) {
	case CONF_FLAG:
		return set_flag(value, number_of(conf, option), why);
	case CONF_NUMBER:
		return set_number(option, value, number_of(conf, option), why);
	case CONF_CHOICE:
		return set_choice(option, value, number_of(conf, option), why);
	default:
		return set_text(option, value, text_of(conf, option), why);
	}
}

static int
conf_new(struct conf **conf_out)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	size_t n, i;
	const struct conf_option *options = conf_options(&n);
	char why[CONF_ERROR_MAX];

	*conf_out = NULL;
	if (conf == NULL)
		return ERR_MEMORY;
	for (i = 0; i < n; i++) {
		if (set_option(conf, &options[i], options[i].value, why) != 0) {
			conf_free(&conf);
			return ERR_MEMORY;
		}
	}
	*conf_out = conf;
	return 0;
}

void
conf_free(struct conf **conf)
{
	size_t n, i;
	const struct conf_option *options = conf_options(&n);

	if (conf == NULL || *conf == NULL)
		return;
	for (i = 0; i < n; i++)
		if (is_text(&options[i]))
			free(*text_of(*conf, &options[i]));
	free(*conf);
	*conf = NULL;
}

/* Keep the first thing that is wrong; libinih goes on to the end of the file. Returns its word for an error. */
static int
reader_fail(struct reader *rd, const char *key, const char *why)
{
	if (rd->r == 0) {
		rd->r = conf_fail(rd->error, "%s:%d: %s%s%s", rd->name, rd->line, key, key[0] != '\0' ? " " : "", why);
		rd->wrong_line = rd->line;
	}
	return 0;
}

static int
section_known(const char *section)
{
	size_t n, i;
	const struct conf_option *options = conf_options(&n);

	for (i = 0; i < n; i++)
		if (strcmp(options[i].section, section) == 0)
			return 1;
	return 0;
}

/* libinih says nothing about a section without keys, so a misspelt one would pass unseen. */
static void
check_section_line(struct reader *rd, const char *line)
{
	char section[64];
	size_t len = strcspn(line + 1, "]\r\n");

	if (len >= sizeof(section))
		len = sizeof(section) - 1;
	memcpy(section, line + 1, len);
	section[len] = '\0';
	if (!section_known(section))
		reader_fail(rd, section, "is not a section; see muster.conf(5)");
}

/*
 * One line for libinih. It would take an indented line for the rest of the line above, a long line for two, and
 * what follows a NUL for nothing: so the indent goes and the others are refused.
 */
static char *
reader_line(char *buffer, int size, void *stream)
{
	struct reader *rd = stream;
	char *line = NULL, *p;
	size_t capacity = 0, len;
	ssize_t got;

	got = getline(&line, &capacity, rd->file);
	if (got < 0) {
		free(line);
		return NULL;
	}
	rd->line++;
	for (p = line; *p == ' ' || *p == '\t'; p++)
		;
	len = strlen(p);
	if (p + len != line + got) {
		reader_fail(rd, "", "contains a NUL octet");
		len = 0;
	} else if (len >= (size_t)size) {
		reader_fail(rd, "", "is too long a line");
		len = 0;
	} else if (*p == '[') {
		check_section_line(rd, p);
	}
	memcpy(buffer, p, len);
	buffer[len] = '\0';
	free(line);
	return buffer;
}

/* libinih calls this for each "key = value"; 0 means an error. */
static int
reader_option(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *rd = arg;
	size_t n, i;
	const struct conf_option *options = conf_options(&n);
	char why[CONF_ERROR_MAX];

	if (section[0] == '\0')
		return reader_fail(rd, key, "stands before the first [section]");
	for (i = 0; i < n; i++)
		if (strcmp(options[i].section, section) == 0 && strcmp(options[i].key, key) == 0)
			break;
	if (i == n)
		return reader_fail(rd, key, "is not an option of this section; see muster.conf(5)");
	if (rd->given[i] != 0) {
		conf_fail(why, "was given in line %d already", rd->given[i]);
		return reader_fail(rd, key, why);
	}
	rd->given[i] = rd->line;
	if (set_option(rd->conf, &options[i], value, why) != 0)
		return reader_fail(rd, key, why);
	return 1;
}

int
conf_load_fd(int fd, const char *name, struct conf **conf_out, char error[CONF_ERROR_MAX])
{
	struct reader rd = { .name = name, .error = error };
	int copy, line;

	*conf_out = NULL;
	error[0] = '\0';
	if (conf_new(&rd.conf) != 0) {
		conf_fail(error, "%s: %s", name, err_str(ERR_MEMORY));
		return ERR_MEMORY;
	}
	copy = dup(fd);
	rd.file = copy < 0 ? NULL : fdopen(copy, "r");
	if (rd.file == NULL) {
		rd.r = conf_fail(error, "%s: %s", name, strerror(errno));
		if (copy >= 0)
			close(copy);
		goto out;
	}
	line = ini_parse_stream(reader_line, &rd, reader_option, &rd);
	if (ferror(rd.file))
		rd.r = conf_fail(error, "%s: cannot be read", name);
	else if (line < 0 && rd.r == 0)
		rd.r = conf_fail(error, "%s: %s", name, err_str(ERR_MEMORY));
	else if (line > 0 && (rd.wrong_line == 0 || line < rd.wrong_line))
		rd.r = conf_fail(error, "%s:%d: is neither [section], key = value nor a comment", name, line);
	fclose(rd.file);
out:
	if (rd.r == 0) {
		*conf_out = rd.conf;
		rd.conf = NULL;
	}
	conf_free(&rd.conf);
	return rd.r;
}

int
conf_load(const char *path, struct conf **conf_out, char error[CONF_ERROR_MAX])
{
	int fd, r;

	*conf_out = NULL;
	error[0] = '\0';
	r = conf_file_open(path, &fd, error);
	if (r != 0)
		return r;
	r = conf_load_fd(fd, path, conf_out, error);
	close(fd);
	return r;
}

/* One line, without a blank at its end when the value is empty. */
static void
print_line(const char *key, const char *value, int len, FILE *out)
{
	fprintf(out, "%s =%s%.*s\n", key, len > 0 ? " " : "", len, value);
}

static void
print_option(const struct conf *conf, const struct conf_option *option, FILE *out)
{
	const char *value;
	char number[16];
	int len;

	if (is_text(option)) {
		value = *text_of(conf, option);
		len = (int)strlen(value);
	} else if (option->type == CONF_FLAG) {
		value = *number_of(conf, option) ? "yes" : "no";
		len = (int)strlen(value);
	} else if (option->type == CONF_NUMBER) {
		len = snprintf(number, sizeof(number), "%d", *number_of(conf, option));
		value = number;
	} else {
		value = choice_name(option->choices, *number_of(conf, option), &len);
	}
	print_line(option->key, value, len, out);
}

/* A [section] line where a new section begins in the table. */
static void
print_section(const struct conf_option *options, size_t i, FILE *out)
{
	if (i == 0 || strcmp(options[i].section, options[i - 1].section) != 0)
		fprintf(out, "%s[%s]\n", i == 0 ? "" : "\n", options[i].section);
}

int
conf_print(const struct conf *conf, FILE *out)
{
	size_t n, i;
	const struct conf_option *options = conf_options(&n);

	for (i = 0; i < n; i++) {
		print_section(options, i, out);
		print_option(conf, &options[i], out);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : ERR_IO;
}

int
conf_print_sample(FILE *out)
{
	size_t n, i;
	const struct conf_option *options = conf_options(&n);

	fputs("# muster.conf - settings of musterd and muster, see muster.conf(5).\n"
	      "# Every option is shown at its default. Generated by: musterd -S\n\n", out);
	for (i = 0; i < n; i++) {
		print_section(options, i, out);
		fprintf(out, "# %s\n#", options[i].help);
		print_line(options[i].key, options[i].value, (int)strlen(options[i].value), out);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : ERR_IO;
}
