/*
 * clock.c - a library for LD_PRELOAD that moves the time of day, and the time since the machine was started, of one program
 *           while it runs. MUSTER_CLOCK names a file of 24 octets, native byte order: seconds to add to either, and the time of
 *           day that it is all the while, 0 when it goes on.
 *
 * libfaketime cannot follow a file inside slapd: its read_config_file() resolves to slapd's function of that name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *moved;

__attribute__((constructor)) static void
clock_start(void)
{
	const char *path = getenv("MUSTER_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		_exit(99);
	map = mmap(NULL, 3 * sizeof(*moved), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		_exit(99);
	moved = map;
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int r = (int)syscall(SYS_clock_gettime, id, out);

	if (r == 0 && moved != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec = moved[2] != 0 ? moved[2] : out->tv_sec + moved[0];
	if (r == 0 && moved != NULL && id == CLOCK_BOOTTIME)
		out->tv_sec += moved[1];
	return r;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
