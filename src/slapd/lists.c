/*
 * lists.c - olcMusterBlocklist, olcMusterBreached, olcMusterContextWord: what new passwords are compared with, beside the rules
 *           of their policy.
 *
 * A list that cannot be read must not make passwords easier: cn=config refuses its name, and when it is gone later a
 * policy that asks for it lets nobody set a password. Logins do not need it, so slapd starts without.
 */
#include "slapd/lists.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/err.h"
#include "core/breached.h"
#include "core/wordlist.h"
#include "slapd/muster.h"

/* --- files --------------------------------------------------------------------------------------------- */

/* file_open - a regular file for reading. out: what is wrong with it, NULL when it is open */
static const char *
file_open(const char *path, int *fd_out, int64_t *size_out)
{
	struct stat st;

	*size_out = 0;
	*fd_out = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd_out < 0)
		return "cannot be opened: is it there, and may slapd's user read it?";
	if (fstat(*fd_out, &st) == 0 && S_ISREG(st.st_mode)) {
		*size_out = st.st_size;
		return NULL;
	}
	close(*fd_out);
	*fd_out = -1;
	return "is no regular file";
}

/* file_read - a breached_read of a descriptor */
static int
file_read(void *arg, int64_t offset, void *data, size_t len)
{
	int fd = *(int *)arg;
	char *to = data;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, to, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		to += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

/* words_add - the words of a file beside those of a list. out: what is wrong with the file, NULL when they are there */
static const char *
words_add(const char *path, const struct wordlist *base, struct wordlist **list_out)
{
	const char *wrong;
	char *text = NULL;
	int64_t size;
	int fd, r;

	*list_out = NULL;
	wrong = file_open(path, &fd, &size);
	if (wrong != NULL)
		return wrong;
	if (size > WORDLIST_FILE_MAX) {
		wrong = "is too long for a list that is kept in memory: olcMusterBreached takes files of any size";
		goto out;
	}
	text = ch_malloc((ber_len_t)size + 1);
	r = file_read(&fd, 0, text, (size_t)size);
	if (r == 0)
		r = wordlist_new(base, text, (size_t)size, list_out);
	if (r != 0)
		wrong = r == ERR_IO ? "cannot be read" : "does not fit into memory";
out:
	ch_free(text);
	close(fd);
	return wrong;
}

/* words_load - the words of all files. out: *list_out  NULL when one of them cannot be read; msg says which and why */
static int
words_load(BerVarray paths, struct wordlist **list_out, char *msg, size_t msg_len)
{
	struct wordlist *list = NULL, *more;
	const char *wrong = NULL;

	for (; paths != NULL && !BER_BVISNULL(paths) && wrong == NULL; paths++) {
		wrong = words_add(paths->bv_val, list, &more);
		if (wrong != NULL)
			snprintf(msg, msg_len, "muster: olcMusterBlocklist: %s %s", paths->bv_val, wrong);
		wordlist_free(&list);
		list = more;
	}
	*list_out = list;
	return wrong == NULL ? 0 : ERR_IO;
}

static int
breached_probe(const char *path, char *msg, size_t msg_len)
{
	const char *wrong;
	int64_t size;
	int fd;

	wrong = file_open(path, &fd, &size);
	if (wrong == NULL) {
		if (breached_check(file_read, &fd, size) != 0)
			wrong = "is no sorted list of SHA-1 hashes in hexadecimal, one a line";
		close(fd);
	}
	if (wrong == NULL)
		return 0;
	snprintf(msg, msg_len, "muster: olcMusterBreached: %s %s", path, wrong);
	return ERR_IO;
}

int
lists_breached(Operation *op, struct muster *m, const uint8_t *hash, int *found_out)
{
	const char *wrong;
	int64_t size;
	int fd, r;

	*found_out = 0;
	if (m->breached == NULL)
		return 0;
	/* Opened each time: a newer list that took its name is found, and one that is gone is missed. */
	wrong = file_open(m->breached, &fd, &size);
	if (wrong == NULL) {
		r = size > 0 ? breached_find(file_read, &fd, size, hash, found_out) : ERR_INPUT;
		close(fd);
		if (r == 0)
			return 0;
		wrong = r == ERR_IO ? "cannot be read" : "is not sorted, or is cut off";
	}
	Debug(LDAP_DEBUG_ANY, "%s muster: olcMusterBreached: %s %s: passwords that must not be on it are refused\n",
	      op->o_log_prefix, m->breached, wrong);
	return ERR_IO;
}

/* --- configuration ----------------------------------------------------------------------------------------- */

static int
say(ConfigArgs *c)
{
	Debug(LDAP_DEBUG_ANY, "%s: %s\n", c->log, c->cr_msg);
	return ARG_BAD_CONF;
}

void
config_value_remove(BerVarray *values, int which)
{
	BerVarray v = *values;

	if (which < 0) {
		ber_bvarray_free(v);
		*values = NULL;
		return;
	}
	ber_memfree(v[which].bv_val);
	for (; !BER_BVISNULL(&v[which]); which++)
		v[which] = v[which + 1];
	if (BER_BVISNULL(&v[0])) {
		ber_memfree(v);
		*values = NULL;
	}
}

/* reload - words anew from the files that are named now; until all of them can be read, none are used */
static int
reload(struct muster *m, char *msg, size_t msg_len)
{
	struct wordlist *words = NULL;
	int r = words_load(m->blocklists, &words, msg, msg_len);

	wordlist_free(&m->words);
	m->words = words;
	m->words_usable = r == 0;
	return r;
}

static int
config_blocklist(ConfigArgs *c, struct muster *m)
{
	struct wordlist *more = NULL;
	const char *wrong;
	struct berval value;

	if (c->op == LDAP_MOD_DELETE) {
		config_value_remove(&m->blocklists, c->valx);
		if (m->open && reload(m, c->cr_msg, sizeof(c->cr_msg)) != 0)
			Debug(LDAP_DEBUG_ANY, "%s\n", c->cr_msg);
		return 0;
	}
	if (m->open) {
		wrong = words_add(c->argv[1], m->words, &more);
		if (wrong != NULL) {
			snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: olcMusterBlocklist: %s %s", c->argv[1], wrong);
			return say(c);
		}
		wordlist_free(&m->words);
		m->words = more;
	}
	ber_str2bv(c->argv[1], 0, 1, &value);
	ber_bvarray_add(&m->blocklists, &value);
	return 0;
}

static int
config_breached(ConfigArgs *c, struct muster *m)
{
	if (c->op != LDAP_MOD_DELETE && m->open && breached_probe(c->argv[1], c->cr_msg, sizeof(c->cr_msg)) != 0)
		return say(c);
	ch_free(m->breached);
	m->breached = c->op == LDAP_MOD_DELETE ? NULL : ch_strdup(c->argv[1]);
	return 0;
}

static int
config_context_word(ConfigArgs *c, struct muster *m)
{
	struct berval value;

	if (c->op == LDAP_MOD_DELETE) {
		config_value_remove(&m->context_words, c->valx);
		return 0;
	}
	ber_str2bv(c->argv[1], 0, 1, &value);
	ber_bvarray_add(&m->context_words, &value);
	return 0;
}

static int
emit(ConfigArgs *c, struct muster *m)
{
	struct berval one[2] = { BER_BVNULL, BER_BVNULL };
	BerVarray values = c->type == CONFIG_BLOCKLIST ? m->blocklists : m->context_words;

	if (c->type == CONFIG_BREACHED && m->breached != NULL)
		ber_str2bv(m->breached, 0, 0, &one[0]);
	if (c->type == CONFIG_BREACHED)
		values = one;
	if (values == NULL || BER_BVISNULL(&values[0]))
		return 1;
	return value_add(&c->rvalue_vals, values);
}

int
lists_config(ConfigArgs *c)
{
	struct muster *m = ((slap_overinst *)c->bi)->on_bi.bi_private;
	int rc;

	if (c->op == SLAP_CONFIG_EMIT)
		return emit(c, m);
	if (c->op != LDAP_MOD_DELETE && c->type != CONFIG_CONTEXT_WORD && c->argv[1][0] != '/') {
		snprintf(c->cr_msg, sizeof(c->cr_msg), "muster: %s: give the whole path of the file, from / on", c->argv[0]);
		rc = say(c);
	} else if (c->type == CONFIG_BLOCKLIST) {
		rc = config_blocklist(c, m);
	} else if (c->type == CONFIG_BREACHED) {
		rc = config_breached(c, m);
	} else {
		rc = config_context_word(c, m);
	}
	return rc;
}

void
lists_open(struct muster *m)
{
	char msg[SLAP_TEXT_BUFLEN];

	if (reload(m, msg, sizeof(msg)) != 0)
		Debug(LDAP_DEBUG_ANY, "%s: under a policy with musterPwdBlocklist nobody can set a password\n", msg);
	if (m->breached != NULL && breached_probe(m->breached, msg, sizeof(msg)) != 0)
		Debug(LDAP_DEBUG_ANY, "%s: under a policy with musterPwdBlocklist nobody can set a password\n", msg);
}

void
lists_close(struct muster *m)
{
	wordlist_free(&m->words);
	m->words_usable = 0;
}

void
lists_free(struct muster *m)
{
	lists_close(m);
	ber_bvarray_free(m->blocklists);
	ber_bvarray_free(m->context_words);
	ch_free(m->breached);
}
