/*
 * invite.c - invitations: the mail with a token that lets a member choose the first password, sent at a rate that the mail relay and the
 *            server's queue bear.
 */
#include "cli/import.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/member_facts.h"
#include "common/clock.h"

#define BUSY_PAUSE_SEC 1

int
rate_read(struct session *s, double *rate_out)
{
	const char *text = s->args.value[OPT_RATE];
	char *end = NULL;

	*rate_out = RATE_DEFAULT;
	if (text == NULL)
		return EXIT_DONE;
	*rate_out = strtod(text, &end);
	if (end != text && *end == '\0' && isfinite(*rate_out) && *rate_out >= 0.01 && *rate_out <= RATE_MAX)
		return EXIT_DONE;
	say_error("--rate is mails a second, 0.01 to %d", (int)RATE_MAX);
	return EXIT_USAGE;
}

static void
sleep_ms(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (ms > 0)
		(void)nanosleep(&pause, NULL);
}

void
invite_pause(double rate, int64_t began_ms, uint64_t n)
{
	int64_t due = began_ms + (int64_t)((double)n * 1000.0 / rate), left = due - clock_mono_ms();

	while (left > 0 && !import_stopped()) {
		sleep_ms(left < 200 ? left : 200);
		left = due - clock_mono_ms();
	}
}

static enum invited
look_at(struct session *s, const struct directory_entry *entry)
{
	const char *status = directory_value(entry, "musterStatus");
	struct member_facts facts;

	member_facts_presence(s, entry, &facts);
	if (facts.password == PASSWORD_SET || facts.password == PASSWORD_FOREIGN)
		return INVITE_HAS_PASSWORD;
	return status != NULL && strcasecmp(status, "active") != 0 ? INVITE_NOT_ACTIVE : INVITE_SENT;
}

int
invite_member(struct session *s, const char *dn, enum invited *invited_out)
{
	static const char *const attrs[] = { "musterStatus", "userPassword", "pwdChangedTime", "createTimestamp", NULL };
	const struct directory_target target = { .dn = dn };
	struct directory_entry *entry = NULL;
	int r = directory_read(s->d, dn, attrs, &entry);

	*invited_out = INVITE_GONE;
	if (r == 0)
		*invited_out = look_at(s, entry);
	directory_entry_free(&entry);
	if (r != 0 || *invited_out != INVITE_SENT)
		return r == ERR_NOT_FOUND ? 0 : r;
	/* The server takes so many requests at a time; the others wait here. */
	while ((r = directory_request_reset(s->d, &target)) == ERR_BUSY && !import_stopped())
		sleep_ms(BUSY_PAUSE_SEC * 1000);
	return r;
}

/* --- one run of many -------------------------------------------------------------------------------------------- */

struct inviting {
	struct import *im;
	struct progress progress;
	int64_t began_ms;
	uint64_t sent, skipped;
};

static int
say_later(struct inviting *v, int r, uint64_t done)
{
	const struct journal_facts *facts = journal_facts(v->im->journal);

	progress_end(&v->progress);
	if (r != 0)
		(void)say_failure(v->im->s, r, "not everybody was invited");
	say_error("%" PRIu64 " of %" PRIu64 " members were seen to; the same command%s goes on with the others", done, facts->rows,
	          facts->written ? " with --resume" : "");
	return r == ERR_UNREACHABLE || r == ERR_TIMEOUT ? EXIT_UNREACHABLE : EXIT_FAILED;
}

/* The members of the journal's rows from where an earlier run came to. */
static int
invite_rows(struct inviting *v, FILE *rows)
{
	const struct journal_facts *facts = journal_facts(v->im->journal);
	enum invited invited;
	struct row row;
	uint64_t n = 0;
	int end = 0, r = 0;
	char *dn;

	while (r == 0 && !import_stopped()) {
		r = rows_get(rows, &row, &end);
		if (r != 0 || end)
			break;
		if (++n > facts->invited && row.owner != ROW_OWNER_ONLY) {
			invite_pause(facts->rate, v->began_ms, v->sent);
			dn = row.entry.dn != NULL ? strdup(row.entry.dn) : import_dn(v->im, row_id(&row));
			r = import_stopped() ? 0 : dn != NULL ? invite_member(v->im->s, dn, &invited) : ERR_MEMORY;
			free(dn);
			if (r == 0 && !import_stopped()) {
				v->sent += invited == INVITE_SENT;
				v->skipped += invited != INVITE_SENT;
				r = journal_say(v->im->journal, "invited", n);
			}
		}
		row_clear(&row);
		progress_at(&v->progress, facts->invited, v->sent + v->skipped, facts->rows - v->progress.first);
	}
	return r == 0 && !end ? say_later(v, 0, facts->invited) : r == 0 ? EXIT_DONE : say_later(v, r, facts->invited);
}

static int
invite_all(struct import *im, struct inviting *v)
{
	const struct journal_facts *facts = journal_facts(im->journal);
	FILE *rows = NULL;
	int status;

	memset(v, 0, sizeof(*v));
	v->im = im;
	v->began_ms = clock_mono_ms();
	if (journal_rows(im->journal, &rows) != 0) {
		say_error("%s/rows: cannot be read", journal_folder(im->journal));
		return EXIT_FAILED;
	}
	progress_begin(&v->progress, im->s, "inviting", facts->invited);
	status = invite_rows(v, rows);
	progress_end(&v->progress);
	fclose(rows);
	return status;
}

int
import_invite(struct import *im)
{
	struct inviting v;
	int status = invite_all(im, &v);

	if (status == EXIT_DONE)
		say_note("%" PRIu64 " invitations are asked for; the courier sends them", v.sent);
	return status;
}

/* --- muster member invite ------------------------------------------------------------------------------------------ */

struct finding {
	struct import *im;
	FILE *rows;
	uint64_t n;
	int r;
};

static int
take_candidate(const struct directory_entry *entry, void *arg)
{
	struct finding *finding = arg;
	struct row row = { .number = finding->n + 1 };

	row.entry.dn = strdup(entry->dn);
	finding->r = row.entry.dn != NULL ? rows_put(finding->rows, &row) : ERR_MEMORY;
	finding->n += finding->r == 0;
	row_clear(&row);
	return finding->r;
}

/* Everybody without a password, as far as that can be seen; each is looked at once more when its turn comes. */
static int
find_candidates(struct import *im, FILE *rows, uint64_t *n_out)
{
	static const char *const attrs[] = { "1.1", NULL };
	struct finding finding = { .im = im, .rows = rows };
	/* Asking for userPassword, which access rules show nobody, would find nobody at all. */
	int r = directory_search_paged(im->s->d, im->org->dn, SCOPE_SUB,
	                               "(&(objectClass=musterMember)(!(pwdChangedTime=*)))", attrs, take_candidate, &finding);

	*n_out = finding.n;
	return finding.r != 0 ? finding.r : r;
}

static int
begin_run(struct import *im)
{
	struct journal_facts facts = { .organization = im->org->dn, .identity = im->identity, .invites = 1, .rate = im->rate };
	FILE *rows = NULL;
	int r = journal_rows_new(im->journal, &rows);

	if (r == 0)
		r = find_candidates(im, rows, &facts.rows);
	if (r == 0)
		r = journal_begin(im->journal, rows, &facts);
	if (rows != NULL)
		fclose(rows);
	return r == 0 ? EXIT_DONE : say_failure(im->s, r, "members without a password");
}

static int
invite_everybody(struct import *im)
{
	const struct journal_facts *facts;
	struct inviting v;
	int status;

	status = journal_open(im->s, "invite", directory_value(im->org, "entryUUID"), &im->journal);
	if (status != EXIT_DONE)
		return status;
	facts = journal_facts(im->journal);
	if (facts->there)
		say_note("going on with what began %s: %" PRIu64 " of %" PRIu64 " members are seen to", facts->since, facts->invited,
		         facts->rows);
	else
		status = begin_run(im);
	if (status == EXIT_DONE)
		status = invite_all(im, &v);
	if (status != EXIT_DONE)
		return status;
	journal_remove(im->journal);
	return print_done(im->s, json_pack("{s:I, s:I}", "invited", (json_int_t)v.sent, "skipped", (json_int_t)v.skipped),
	                  "%" PRIu64 " invitations are asked for; the courier sends them", v.sent);
}

/* Those that are named: told one by one. */
static int
invite_named(struct import *im, const char *const *ids, int n)
{
	static const char *const words[] = { [INVITE_SENT] = "invited", [INVITE_HAS_PASSWORD] = "has a password; \"muster password "
		"reset\" asks for another one", [INVITE_NOT_ACTIVE] = "is not active", [INVITE_GONE] = "is no member that you may see" };
	int64_t began_ms = clock_mono_ms();
	int i, r, status = EXIT_DONE;
	enum invited invited;
	uint64_t sent = 0;
	char *dn;

	for (i = 0; i < n; i++) {
		invite_pause(im->rate, began_ms, sent);
		dn = import_dn(im, ids[i]);
		r = dn != NULL ? invite_member(im->s, dn, &invited) : ERR_MEMORY;
		free(dn);
		if (r != 0)
			return say_failure(im->s, r, ids[i]);
		sent += invited == INVITE_SENT;
		if (invited == INVITE_SENT)
			print_plain("%s: %s", ids[i], words[invited]);
		else
			say_error("%s: %s", ids[i], words[invited]);
		if (invited == INVITE_GONE)
			status = EXIT_NOT_FOUND;
		else if (invited != INVITE_SENT && status == EXIT_DONE)
			status = EXIT_FAILED;
	}
	return status;
}

int
member_invite(struct session *s)
{
	struct import im = { .s = s };
	int n = s->args.words_len, status;

	status = rate_read(s, &im.rate);
	if (status == EXIT_DONE)
		status = import_begin(&im, n > 0 ? s->args.words[0] : NULL);
	if (status == EXIT_DONE) {
		import_watch();
		status = n > 1 ? invite_named(&im, s->args.words + 1, n - 1) : invite_everybody(&im);
	}
	import_end(&im);
	return status;
}
