/*
 * stub_main.c - run a fuzz target over its corpus without a fuzzer, and report in TAP.
 *
 * Each file is given as it is, cut off after each octet, and with each octet replaced by a few values that parsers
 * trip over. Inputs are copied to the end of a heap block of their exact size, so that valgrind and the address
 * sanitizer notice one octet read too many. A crash ends the program without a plan, which TAP counts as failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 4096 /* octets of a corpus file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t replacements[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

static void
run_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_with_mutations(uint8_t *data, size_t size)
{
	for (size_t cut = 0; cut <= size; cut++)
		run_one(data, cut);
	for (size_t i = 0; i < size; i++) {
		uint8_t original = data[i];

		for (size_t k = 0; k < sizeof(replacements); k++) {
			data[i] = replacements[k];
			run_one(data, size);
		}
		data[i] = original;
	}
}

static int
run_file(const char *dir, const char *name)
{
	uint8_t data[INPUT_MAX + 1];
	char path[4096];
	FILE *f;
	size_t size;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -1;
	f = fopen(path, "rb");
	if (f == NULL)
		return -1;
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	if (size > INPUT_MAX)
		return -1;
	run_with_mutations(data, size);
	return 0;
}

/* The corpus of .../fuzz_NAME is tests/fuzz/corpus/NAME. */
static int
corpus_path(const char *program, char *out, size_t out_size)
{
	const char *srcdir = getenv("top_srcdir");
	const char *name = strrchr(program, '/');
	int n;

	name = name == NULL ? program : name + 1;
	if (strncmp(name, "lt-", 3) == 0)
		name += 3;
	if (strncmp(name, "fuzz_", 5) != 0)
		return -1;
	n = snprintf(out, out_size, "%s/tests/fuzz/corpus/%s", srcdir == NULL ? "." : srcdir, name + 5);
	return n > 0 && (size_t)n < out_size ? 0 : -1;
}

int
main(int argc, char *argv[])
{
	char dir[4096];
	struct dirent **entries;
	int entry_count, count = 0;

	if (argc < 1 || corpus_path(argv[0], dir, sizeof(dir)) != 0) {
		printf("Bail out! the program's name must be fuzz_NAME\n");
		return 1;
	}
	entry_count = scandir(dir, &entries, NULL, alphasort);
	if (entry_count < 0) {
		printf("Bail out! %s: %s\n", dir, strerror(errno));
		return 1;
	}
	for (int i = 0; i < entry_count; i++) {
		const char *name = entries[i]->d_name;

		if (name[0] != '.')
			printf("%s %d - %s with its cuts and mutations\n", run_file(dir, name) == 0 ? "ok" : "not ok",
			       ++count, name);
		free(entries[i]);
	}
	free(entries);
	printf("1..%d\n", count);
	return count == 0;
}
