/*
 * import.c - the command: which organization, which file, what to do with it.
 */
#include "cli/import.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* --- being asked to stop ------------------------------------------------------------------------------------ */

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	stopped = number;
}

/* From now on these end the command where that is safe; a second one ends it at once. */
void
import_watch(void)
{
	struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESTART | (int)SA_RESETHAND };
	static const int watched[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		(void)sigaction(watched[i], &action, NULL);
}

int
import_stopped(void)
{
	return stopped != 0;
}

/* --- organization and identity --------------------------------------------------------------------------------- */

char *
import_dn(const struct import *im, const char *id)
{
	return directory_dn("uid=%s,%D", id, im->people);
}

int
import_begin(struct import *im, const char *organization)
{
	struct session *s = im->s;
	int r, status;

	status = session_bind(s);
	if (status == EXIT_DONE)
		status = organization != NULL ? session_organization(s, organization, &im->org)
		                              : session_only_organization(s, &im->org);
	if (status != EXIT_DONE)
		return status;
	im->name = directory_value(im->org, "o");
	im->people = organization_people(im->org->dn);
	r = im->people != NULL ? directory_whoami(s->d, &im->identity) : ERR_MEMORY;
	if (r != 0)
		return say_failure(s, r, "who am I");
	if (im->name == NULL || directory_value(im->org, "entryUUID") == NULL) {
		say_error("you may not see enough of %s", im->org->dn);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

void
import_end(struct import *im)
{
	journal_close(&im->journal);
	directory_entry_free(&im->org);
	free(im->people);
	free(im->identity);
}

/* --- an import that is not finished ------------------------------------------------------------------------------ */

static int
say_unfinished(const struct import *im)
{
	const struct journal_facts *facts = journal_facts(im->journal);

	if (facts->written)
		say_error("an import of %s into %s is complete but for its invitations: \"muster member import %s --resume\" goes on "
		          "with them", facts->since, im->name, im->name);
	else
		say_error("an import of %s into %s is not finished: \"muster member import %s --resume\" goes on, \"muster member "
		          "import %s --undo\" takes back what it wrote", facts->since, im->name, im->name, im->name);
	return EXIT_FAILED;
}

/* The journal must be of this organization, and entries are told ours by who made them. */
static int
check_journal(struct import *im)
{
	const struct journal_facts *facts = journal_facts(im->journal);

	if (!facts->there) {
		say_error("no import into %s stands still on this host", im->name);
		return EXIT_NOT_FOUND;
	}
	if (facts->organization == NULL || !directory_dn_equal(facts->organization, im->org->dn)) {
		say_error("%s is of %s, which has another name now", journal_folder(im->journal), facts->organization);
		return EXIT_FAILED;
	}
	if (facts->identity == NULL || strcasecmp(facts->identity, im->identity) != 0) {
		say_error("the import was begun as %s, and only the same identity goes on with it", facts->identity);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

/* --- the steps ------------------------------------------------------------------------------------------------------ */

static int
finish(struct import *im)
{
	const struct journal_facts *facts = journal_facts(im->journal);
	uint64_t rows = facts->rows;
	int invites = facts->invites, status = EXIT_DONE;

	if (invites)
		status = import_invite(im);
	if (status != EXIT_DONE)
		return status;
	journal_remove(im->journal);
	/* Of one that was resumed nothing else is known. */
	if (im->rows == 0)
		im->rows = rows;
	return print_done(im->s,
	                  json_pack("{s:s, s:I, s:I, s:b}", "organization", im->name, "members", (json_int_t)im->rows, "owners",
	                            (json_int_t)im->owners, "invited", invites),
	                  "%" PRIu64 " members are registered in %s%s%s", im->rows, im->name,
	                  invites ? "" : "; none of them has a password yet: muster member invite ", invites ? "" : im->name);
}

static int
write_and_finish(struct import *im)
{
	int status = EXIT_DONE;

	if (!journal_facts(im->journal)->written)
		status = import_write(im);
	return status == EXIT_DONE ? finish(im) : status;
}

static int
go_on(struct import *im)
{
	int status = check_journal(im);

	if (status != EXIT_DONE)
		return status;
	if (im->s->args.value[OPT_UNDO] != NULL)
		return import_undo(im);
	if (journal_facts(im->journal)->undoing) {
		say_error("the import is being taken back: --undo goes on with that");
		return EXIT_FAILED;
	}
	return write_and_finish(im);
}

static int
say_dry_run(struct import *im, int status)
{
	if (im->s->args.value[OPT_JSON] == NULL && im->wrong > 0)
		say_error("%" PRIu64 " of the rows cannot be imported; nothing was written", im->wrong);
	else if (im->s->args.value[OPT_JSON] == NULL && status == EXIT_DONE)
		print_plain("%" PRIu64 " rows can be imported into %s, %" PRIu64 " of them OWNERs; nothing was written", im->rows,
		            im->name, im->owners);
	return status;
}

static int
begin_journal(struct import *im, FILE *rows)
{
	const struct journal_facts facts = { .organization = im->org->dn, .identity = im->identity, .rows = im->records,
		.invites = im->s->args.value[OPT_INVITE] != NULL, .rate = im->rate };

	if (journal_begin(im->journal, rows, &facts) == 0)
		return EXIT_DONE;
	say_error("%s: cannot be written; nothing was imported", journal_folder(im->journal));
	return EXIT_FAILED;
}

static int
check_file(struct import *im, const char *path)
{
	struct source *source = NULL;
	FILE *rows = NULL;
	int status;

	status = source_open(im, path, &source);
	if (status == EXIT_DONE && journal_rows_new(im->journal, &rows) != 0) {
		say_error("%s: cannot be written", journal_folder(im->journal));
		status = EXIT_FAILED;
	}
	if (status == EXIT_DONE)
		status = import_check(im, source, rows);
	if (im->dry_run)
		status = say_dry_run(im, status);
	else if (status == EXIT_DONE && im->rows == 0) {
		say_error("%s: there are no rows", path);
		status = EXIT_USAGE;
	} else if (im->wrong > 0) {
		say_error("%" PRIu64 " of the rows cannot be imported, so none was; mend them and run the command again", im->wrong);
	}
	if (status == EXIT_DONE && !im->dry_run)
		status = begin_journal(im, rows);
	if (rows != NULL)
		fclose(rows);
	source_close(&source);
	return status;
}

static int
import_file(struct import *im, const char *path)
{
	int status;

	if (im->dry_run)
		status = journal_scratch(im->s, &im->journal);
	else
		status = journal_open(im->s, "import", directory_value(im->org, "entryUUID"), &im->journal);
	if (status == EXIT_DONE && journal_facts(im->journal)->there)
		return say_unfinished(im);
	if (status == EXIT_DONE)
		status = check_file(im, path);
	/* Without a beginning there is nothing to go on with. */
	if (status != EXIT_DONE && im->journal != NULL && !journal_facts(im->journal)->there)
		journal_remove(im->journal);
	return status == EXIT_DONE && !im->dry_run ? write_and_finish(im) : status;
}

static int
resume(struct import *im)
{
	int status = journal_open(im->s, "import", directory_value(im->org, "entryUUID"), &im->journal);

	if (status == EXIT_DONE)
		status = go_on(im);
	if (im->journal != NULL && status == EXIT_NOT_FOUND)
		journal_remove(im->journal);
	return status;
}

int
member_import(struct session *s)
{
	struct import im = { .s = s, .posix = s->args.value[OPT_POSIX] != NULL, .dry_run = s->args.value[OPT_DRY_RUN] != NULL };
	int again = s->args.value[OPT_RESUME] != NULL || s->args.value[OPT_UNDO] != NULL, n = s->args.words_len, status;
	const char *organization = n == 2 ? s->args.words[0] : again && n == 1 ? s->args.words[0] : NULL;

	if (again && (n > 1 || im.dry_run || (s->args.value[OPT_RESUME] != NULL && s->args.value[OPT_UNDO] != NULL))) {
		say_error("--resume and --undo are for what an import has begun: neither a file nor --dry-run goes with them, nor one "
		          "with the other");
		return EXIT_USAGE;
	}
	if (!again && n == 0) {
		say_error("which file? A table with a first row like id,name,mail,owner, or LDIF; - is standard input");
		return EXIT_USAGE;
	}
	status = rate_read(s, &im.rate);
	if (status == EXIT_DONE)
		status = import_begin(&im, organization);
	if (status == EXIT_DONE) {
		import_watch();
		status = again ? resume(&im) : import_file(&im, s->args.words[n - 1]);
	}
	import_end(&im);
	return status;
}
