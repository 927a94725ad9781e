/*
 * terminal.c - how large the person's terminal is.
 *
 * login, su and sudo run on it: it is their controlling terminal. sshd has none, the person's is at the other end: unknown.
 */
#include "module.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/text.h"

#define LARGEST 10000

/* from_environment - for terminals that do not know their size (serial lines). out: 0 unknown */
static unsigned
from_environment(const char *name)
{
	const char *value = getenv(name);
	int64_t n = 0;

	return value != NULL && text_number(value, strlen(value), 1, LARGEST, &n) == 0 ? (unsigned)n : 0;
}

int
terminal_has_room(unsigned lines, unsigned columns)
{
	struct winsize size = { .ws_row = 0 };
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	unsigned have_lines, have_columns;

	if (fd >= 0) {
		if (ioctl(fd, TIOCGWINSZ, &size) != 0)
			size = (struct winsize){ .ws_row = 0 };
		(void)close(fd);
	}
	have_lines = size.ws_row > 0 ? size.ws_row : from_environment("LINES");
	have_columns = size.ws_col > 0 ? size.ws_col : from_environment("COLUMNS");
	return (have_lines == 0 || have_lines >= lines) && (have_columns == 0 || have_columns >= columns);
}
