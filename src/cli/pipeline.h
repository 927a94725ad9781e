/*
 * pipeline.h - many writes, several of them under way at once, whose results are taken in the order in which they were sent.
 */
#ifndef MUSTER_CLI_PIPELINE_H
#define MUSTER_CLI_PIPELINE_H

#include "cli/row.h"

#define PIPELINE_MAX 64
/* What is sent ahead must fit into the buffers of a socket: a server that does not read yet must not stop us from reading. */
#define PIPELINE_OCTETS_MAX (48 << 10)

/* One write and how it went. */
struct flight {
	struct row row;     /* what is to be written; of a deletion number and ID alone */
	char *dn;
	uint64_t ordinal;   /* of the row, the first is 1 */
	size_t octets;
	int id;             /* -1: nothing is waited for */
	int tries;
	int r;              /* 0, or an ERR_* code */
	int result;         /* LDAP result code, -1 none */
	int judged;         /* exit code of what was found wrong before it was sent; EXIT_DONE: nothing */
	char why[ROW_WHY_MAX]; /* on error, what the server or we say */
};

struct pipeline {
	struct directory *d;
	enum directory_write write;
	int only_try;
	const char *only_if;
	struct flight ring[PIPELINE_MAX];
	size_t first, n;
	size_t octets;      /* under way */
};

void pipeline_init(struct pipeline *p, struct directory *d, enum directory_write write, int only_try, const char *only_if);
void pipeline_clear(struct pipeline *p);

/*
 * pipeline_put - send a write.
 * in:    flight  row, dn, ordinal; one that was judged wrong, and one that is no entry (ROW_OWNER_ONLY), is not sent and
 *                takes its place in the order all the same
 * owner: takes row and dn over
 * before: pipeline_has_room()
 * error: the connection is lost: ERR_UNREACHABLE, ERR_TIMEOUT; what the server says of the write is in its r
 */
int pipeline_put(struct pipeline *p, struct flight *flight);
int pipeline_has_room(const struct pipeline *p);

/* pipeline_wait - for one answer; none when nothing is under way. A write that the server was too busy for is sent again. */
int pipeline_wait(struct pipeline *p);

/* pipeline_first - the oldest that is not taken yet, when it was answered; else NULL. pipeline_take - it is dealt with. */
struct flight *pipeline_first(struct pipeline *p);
void pipeline_take(struct pipeline *p);

#endif
