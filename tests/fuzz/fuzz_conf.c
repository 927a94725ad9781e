/*
 * fuzz_conf.c - muster.conf as somebody may mistype it. A file that is accepted must be accepted again when printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* conf_load_fd() reads from the descriptor's position. */
static int
load(int fd, struct conf **conf_out)
{
	char error[CONF_ERROR_MAX];
	int r;

	if (lseek(fd, 0, SEEK_SET) != 0)
		abort();
	r = conf_load_fd(fd, "fuzz", conf_out, error);
	if ((r == 0) != (*conf_out != NULL) || (r == 0) != (error[0] == '\0'))
		abort();
	return r;
}

static void
load_printed(const struct conf *conf)
{
	struct conf *again = NULL;
	int fd = memfd_create("printed", 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");

	if (f == NULL || conf_print(conf, f) != 0 || fflush(f) != 0)
		abort();
	if (load(fd, &again) != 0)
		abort();
	conf_free(&again);
	fclose(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = NULL;
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (load(fd, &conf) == 0)
		load_printed(conf);
	conf_free(&conf);
	close(fd);
	return 0;
}
