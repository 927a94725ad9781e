/*
 * account_address.c - a member's own address, number and login ID: ask for the code that proves a new one, and give it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/address.h"

/* One of the three. */
struct address_kind {
	const char *word; /* of "account verify" */
	const char *pending;
	const char *codes[2]; /* what is asked for, NULL: one code is enough */
	const char *sent, *proved;
};

static const struct address_kind kinds[] = {
	{ "mail", "musterPendingMail", { "Code from the mail: ", NULL },
	  "a code is mailed to %s; give it to \"muster account verify mail\"", "%s is the mail address now" },
	{ "mobile", "musterPendingMobile", { "Code from the text message: ", NULL },
	  "a code is sent to %s; give it to \"muster account verify mobile\"", "%s is the mobile number now" },
	{ "login", "musterPendingLogin", { "Code from the text message: ", "Code from the mail: " },
	  "codes are sent to the mobile number and to %s; give both to \"muster account verify login\"",
	  "%s is the login ID now; the one before is not good any more" },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* --- ask for a code --------------------------------------------------------------------------------- */

static int
request(struct session *s, const struct address_kind *kind, const char *value)
{
	struct record record = { .n = 0 };
	char *dn = NULL;
	int r, status = session_bind(s);

	if (status == EXIT_DONE)
		status = who_dn_of_words(s, &dn);
	if (status == EXIT_DONE) {
		record_put(&record, CHANGE_REPLACE, kind->pending, value);
		r = record_modify(s->d, dn, &record);
		status = r != 0 ? say_failure(s, r, value)
		                : print_done(s, json_pack("{s:s, s:s}", "dn", dn, "pending", value), kind->sent, value);
	}
	free(dn);
	return status;
}

int
account_mail(struct session *s)
{
	const char *value = words_take(s);
	int status = name_check_mail(value);

	return status == EXIT_DONE ? request(s, &kinds[0], value) : status;
}

int
account_mobile(struct session *s)
{
	const char *value = words_take(s);
	int status = name_check_mobile(value);

	return status == EXIT_DONE ? request(s, &kinds[1], value) : status;
}

int
account_login_id(struct session *s)
{
	const char *value = words_take(s);
	int status = name_check_mail(value);

	return status == EXIT_DONE ? request(s, &kinds[2], value) : status;
}

/* --- give it ------------------------------------------------------------------------------------------ */

static const struct address_kind *
kind_named(const char *word)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

/* kind_waiting - the only one, when nothing was said. An address that somebody else wrote waits in no attribute: it has to be named. */
static int
kind_waiting(const struct directory_entry *entry, const struct address_kind **kind_out)
{
	size_t i, n = 0;

	*kind_out = NULL;
	for (i = 0; i < KINDS; i++) {
		if (directory_value(entry, kinds[i].pending) == NULL)
			continue;
		*kind_out = &kinds[i];
		n++;
	}
	if (n == 1)
		return EXIT_DONE;
	say_error(n == 0 ? "nothing that you asked for waits for a code; when somebody else changed an address of yours, say mail or mobile"
	                 : "several wait for a code: say mail, mobile or login");
	return n == 0 ? EXIT_NOT_FOUND : EXIT_USAGE;
}

static int
send_codes(struct session *s, const char *dn, const struct address_kind *kind, const char *pending,
           struct secret *const codes[2])
{
	struct record record = { .n = 0 };
	struct directory_value values[2];
	int i, r;

	if (pending != NULL)
		record_put(&record, CHANGE_DELETE, kind->pending, pending);
	for (i = 0; i < 2 && codes[i] != NULL; i++) {
		values[i].data = codes[i]->data;
		values[i].len = codes[i]->len;
		record_put_values(&record, CHANGE_ADD, "musterCode", &values[i], 1);
	}
	r = record_modify(s->d, dn, &record);
	if (r != 0)
		return say_failure(s, r, "the code was not accepted");
	if (pending == NULL)
		return print_done(s, json_pack("{s:s, s:b}", "dn", dn, "verified", 1), "the present %s is proved", kind->word);
	return print_done(s, json_pack("{s:s, s:s}", "dn", dn, kind->word, pending), kind->proved, pending);
}

static int
give(struct session *s, const char *dn, const struct directory_entry *entry, const char *word)
{
	const struct address_kind *kind = word != NULL ? kind_named(word) : NULL;
	struct secret *codes[2] = { NULL, NULL };
	const char *pending;
	int i, status = EXIT_DONE;

	if (kind == NULL)
		status = kind_waiting(entry, &kind);
	if (status != EXIT_DONE)
		return status;
	pending = directory_value(entry, kind->pending);
	for (i = 0; i < 2 && kind->codes[i] != NULL && status == EXIT_DONE; i++)
		status = prompt_secret(kind->codes[i], &codes[i]);
	if (status == EXIT_DONE)
		status = send_codes(s, dn, kind, pending, codes);
	secret_free(&codes[0]);
	secret_free(&codes[1]);
	return status;
}

int
account_verify(struct session *s)
{
	static const char *const attrs[] = { "musterPendingMail", "musterPendingMobile", "musterPendingLogin", NULL };
	const char *word = s->args.words_len > 0 && kind_named(s->args.words[0]) != NULL ? words_take(s) : NULL;
	struct directory_entry *entry;
	char *dn;
	int status = account_read(s, attrs, &dn, &entry);

	if (status == EXIT_DONE)
		status = give(s, dn, entry, word);
	directory_entry_free(&entry);
	free(dn);
	return status;
}
