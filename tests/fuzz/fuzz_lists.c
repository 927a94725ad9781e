/*
 * fuzz_lists.c - files of breached hashes and of words, and names and passwords as strangers choose them.
 */
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "core/breached.h"
#include "core/context.h"
#include "core/wordlist.h"

#define READS_MAX 80 /* a search halves what is left each time; a line has at least one octet */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
	const uint8_t *data;
	size_t size;
	int reads;
};

static int
read_file(void *arg, int64_t offset, void *data, size_t len)
{
	struct file *f = arg;

	if (offset < 0 || len == 0 || (uint64_t)offset + len > f->size)
		abort();
	memcpy(data, f->data + offset, len);
	f->reads++;
	return 0;
}

static void
search(const uint8_t *data, size_t size)
{
	static const uint8_t hashes[][BREACHED_HASH_LEN] = { { 0 }, { 0x55, 0xaa }, { 0xff, 0xff, 0xff } };
	struct file f = { .data = data, .size = size };
	int found, r;
	size_t i;

	r = breached_check(read_file, &f, (int64_t)size);
	if (r != 0 && r != ERR_INPUT)
		abort();
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		f.reads = 0;
		r = breached_find(read_file, &f, (int64_t)size, hashes[i], &found);
		if ((r != 0 && (r != ERR_INPUT || found)) || (found != 0 && found != 1) || f.reads > READS_MAX)
			abort();
	}
}

static void
words(const uint8_t *data, size_t size)
{
	struct wordlist *list;
	int refused;
	size_t i;

	if (wordlist_new(NULL, (const char *)data, size, &list) != 0)
		return;
	for (i = 0; i < list->n; i++)
		if (!wordlist_has(list, list->text + list->at[i]))
			abort();
	(void)wordlist_refuses(list, data, size, &refused);
	wordlist_free(&list);
}

static void
names(const uint8_t *data, size_t size)
{
	struct context *context;
	int refused;

	if (context_new(&context) != 0)
		return;
	(void)context_add(context, (const char *)data, size / 2);
	(void)context_add(context, (const char *)data + size / 2, size - size / 2);
	(void)context_refuses(context, data, size, &refused);
	context_free(&context);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	search(data, size);
	words(data, size);
	names(data, size);
	return 0;
}
