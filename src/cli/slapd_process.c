/*
 * slapd_process.c - who slapd runs as and how it was started.
 */
#include "cli/slapd_process.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_LINE_MAX 16384

static long
pid_from_file(const char *path)
{
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	long pid = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid > 0 && pid <= INT_MAX ? pid : 0;
}

/* A path of slapd's command line is relative to the folder that slapd works in. */
static char *
absolute(long pid, const char *path)
{
	char link[64], folder[PATH_MAX], *out = NULL;
	ssize_t n;

	if (*path == '/')
		return strdup(path);
	snprintf(link, sizeof(link), "/proc/%ld/cwd", pid);
	n = readlink(link, folder, sizeof(folder) - 1);
	if (n <= 0)
		return NULL;
	folder[n] = '\0';
	return asprintf(&out, "%s/%s", folder, path) >= 0 ? out : NULL;
}

/* "-F", "dir" or "-Fdir": the value of an option of one letter; *at moves on when it is the next word. */
static const char *
option_value(char letter, const char **at, const char *end)
{
	const char *word = *at, *next = word + strlen(word) + 1;

	if (word[0] != '-' || word[1] != letter)
		return NULL;
	if (word[2] != '\0')
		return word + 2;
	if (next >= end)
		return NULL;
	*at = next;
	return next;
}

static void
read_command_line(struct slapd_process *process)
{
	char path[64], text[COMMAND_LINE_MAX + 1];
	const char *at, *end, *value;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)process->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	n = fread(text, 1, COMMAND_LINE_MAX, file);
	fclose(file);
	text[n] = '\0';
	end = text + n;
	for (at = text; at < end; at += strlen(at) + 1) {
		value = option_value('F', &at, end);
		if (value != NULL && process->config_dir == NULL)
			process->config_dir = absolute(process->pid, value);
		value = value == NULL ? option_value('h', &at, end) : NULL;
		if (value != NULL && process->listeners == NULL)
			process->listeners = strdup(value);
	}
}

/*
 * is_started_by_root - whether a process of root is what root runs. slapd's user writes the pid file, and could name a setuid
 *                      program that it has started with words of its own: what those say would be done as root.
 */
static int
is_started_by_root(long pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	return stat(path, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) == 0;
}

void
slapd_process_find(const struct directory_entry *global, struct slapd_process *process_out)
{
	char proc[64];
	struct stat st;
	long pid = pid_from_file(directory_value(global, "olcPidFile"));

	memset(process_out, 0, sizeof(*process_out));
	snprintf(proc, sizeof(proc), "/proc/%ld", pid);
	if (pid == 0 || stat(proc, &st) != 0 || (geteuid() == 0 && st.st_uid == 0 && !is_started_by_root(pid)))
		return;
	process_out->known = 1;
	process_out->pid = (pid_t)pid;
	process_out->uid = st.st_uid;
	process_out->gid = st.st_gid;
	read_command_line(process_out);
}

void
slapd_process_free(struct slapd_process *process)
{
	free(process->config_dir);
	free(process->listeners);
	memset(process, 0, sizeof(*process));
}
