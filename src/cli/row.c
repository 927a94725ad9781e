/*
 * row.c - one member of a file: from a table or LDIF to the entry that is to be written.
 */
#include "cli/row.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define TYPO_MAX 2
#define CELL_NAME_MAX 48
#define NUMBER_MIN 1000       /* below are the accounts of the system itself */
#define NUMBER_MAX 4294967293 /* the two above mean "nobody" and "no number" */
#define PATH_OCTETS_MAX 256

static const struct row_column columns[] = {
	{ "id", "uid", "login user user-id userid username user-name account" },
	{ "name", "cn", "full-name fullname common-name" },
	{ "mail", "mail", "e-mail email mail-address email-address" },
	{ "owner", NULL, "is-owner" },
	{ "mobile", "mobile", "phone cell mobile-number mobile-phone" },
	{ "language", "preferredLanguage", "lang" },
	{ "nickname", "displayName", "nick" },
	{ "surname", "sn", "last-name family-name" },
	{ "given-name", "givenName", "first-name" },
	{ "status", "musterStatus", "state" },
	{ "uid-number", "uidNumber", "" },
	{ "gid-number", "gidNumber", "" },
	{ "home", "homeDirectory", "home-directory home-folder" },
	{ "shell", "loginShell", "login-shell" }
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int refuse(char why[ROW_WHY_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
refuse(char why[ROW_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, ROW_WHY_MAX, format, args);
	va_end(args);
	return ERR_INPUT;
}

const struct row_column *
row_column_list(size_t *n_out)
{
	*n_out = COLUMNS;
	return columns;
}

void
row_clear(struct row *row)
{
	ldif_record_clear(&row->entry);
	memset(row, 0, sizeof(*row));
}

/* The first value of an attribute as text, NULL without one. */
static const char *
text_of(const struct row *row, const char *attribute)
{
	const struct ldif_change *change = ldif_attribute(&row->entry, attribute);

	return change != NULL && change->values_len > 0 ? (const char *)change->values[0].data : NULL;
}

const char *
row_id(const struct row *row)
{
	const char *id = text_of(row, "uid");

	return id != NULL ? id : "";
}

static int
put_text(struct row *row, const char *attribute, const char *value)
{
	struct ldif_change *change = ldif_attribute(&row->entry, attribute);
	int r = 0;

	if (change == NULL)
		r = ldif_change_put(&row->entry, CHANGE_ADD, attribute, &change);
	return r != 0 ? r : ldif_value_put(change, value);
}

/* --- the header ------------------------------------------------------------------------------------------- */

/* A name as the table above writes it: lower case, - for blanks and _; "" when it is too long to be one. */
static void
clean_name(const char *cell, char out[CELL_NAME_MAX])
{
	size_t len = 0;

	cell += strspn(cell, " ");
	for (; *cell != '\0' && len < CELL_NAME_MAX - 1; cell++)
		out[len++] = *cell == ' ' || *cell == '_' ? '-' : (char)tolower((unsigned char)*cell);
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[*cell == '\0' ? len : 0] = '\0';
}

static int
is_among(const char *name, const char *list)
{
	size_t len = strlen(name), n;

	for (; *list != '\0'; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (n == len && strncmp(list, name, n) == 0)
			return 1;
	}
	return 0;
}

static const struct row_column *
find_column(const char *name)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		if (strcmp(columns[i].name, name) == 0 || is_among(name, columns[i].also) ||
		    (columns[i].attribute != NULL && strcasecmp(columns[i].attribute, name) == 0))
			return &columns[i];
	}
	return NULL;
}

static const char *
nearest_column(const char *name)
{
	size_t i, distance, best_distance = TYPO_MAX + 1;
	const char *best = NULL;

	for (i = 0; i < COLUMNS; i++) {
		distance = name_distance(name, columns[i].name);
		if (distance < best_distance) {
			best_distance = distance;
			best = columns[i].name;
		}
	}
	return best;
}

static int
refuse_column(const char *cell, const char *name, char why[ROW_WHY_MAX])
{
	const char *near = nearest_column(name);
	char known[256] = "";
	size_t i, used = 0;

	for (i = 0; i < COLUMNS; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "", columns[i].name);
	if (near != NULL)
		return refuse(why, "unknown column \"%.40s\"; did you mean \"%s\"? Columns are %s", cell, near, known);
	return refuse(why, "unknown column \"%.40s\"; columns are %s", cell, known);
}

int
row_header_read(const struct csv_record *record, struct row_header *header_out, char why[ROW_WHY_MAX])
{
	static const char *const needed[] = { "id", "name", "mail" };
	char name[CELL_NAME_MAX];
	size_t i, k;

	memset(header_out, 0, sizeof(*header_out));
	for (i = 0; i < record->n; i++) {
		clean_name(csv_plain(record->fields[i]), name);
		header_out->columns[i] = find_column(name);
		if (header_out->columns[i] == NULL)
			return refuse_column(record->fields[i], name, why);
		for (k = 0; k < i; k++) {
			if (header_out->columns[k] == header_out->columns[i])
				return refuse(why, "the column \"%s\" is there twice", header_out->columns[i]->name);
		}
		header_out->n = i + 1;
	}
	for (k = 0; k < sizeof(needed) / sizeof(needed[0]); k++) {
		for (i = 0; i < header_out->n && strcmp(header_out->columns[i]->name, needed[k]) != 0; i++)
			;
		if (i == header_out->n)
			return refuse(why, "the column \"%s\" is missing: the first row names the columns", needed[k]);
	}
	return 0;
}

/* --- a row of a table ---------------------------------------------------------------------------------------- */

static int
read_owner(const char *cell, struct row *row, char why[ROW_WHY_MAX])
{
	char word[CELL_NAME_MAX];

	clean_name(cell, word);
	if (is_among(word, "yes y true 1 x owner"))
		row->owner = ROW_OWNER;
	else if (*word != '\0' && !is_among(word, "no n false 0"))
		return refuse(why, "owner is \"yes\" or \"no\", not \"%.40s\"", cell);
	return 0;
}

/* A cell without the blanks around it that people type; in: room  for all of it */
static void
trim(const char *cell, char *room)
{
	size_t len;

	cell += strspn(cell, " \t");
	len = strlen(cell);
	while (len > 0 && (cell[len - 1] == ' ' || cell[len - 1] == '\t'))
		len--;
	memcpy(room, cell, len);
	room[len] = '\0';
}

static int
read_cell(const struct row_column *column, const char *cell, struct row *row, char why[ROW_WHY_MAX])
{
	char *value = malloc(strlen(cell) + 1);
	int r = 0;

	if (value == NULL)
		return ERR_MEMORY;
	trim(csv_plain(cell), value);
	if (column->attribute == NULL)
		r = read_owner(value, row, why);
	else if (*value != '\0')
		r = put_text(row, column->attribute, value);
	free(value);
	return r;
}

int
row_from_table(const struct row_header *header, const struct csv_record *record, struct row *row_out,
               char why[ROW_WHY_MAX])
{
	size_t i;
	int r = 0, worst = 0;

	memset(row_out, 0, sizeof(*row_out));
	row_out->number = record->row;
	for (i = 0; i < record->n && i < header->n && r != ERR_MEMORY; i++) {
		r = read_cell(header->columns[i], record->fields[i], row_out, why);
		worst = r != 0 ? r : worst;
	}
	if (worst != 0)
		return worst;
	for (; i < record->n; i++) {
		if (*record->fields[i] != '\0')
			return refuse(why, "more cells than the first row has columns: put cells with a comma in quotes");
	}
	return 0;
}

/* --- a record of LDIF ------------------------------------------------------------------------------------------ */

/* What slapcat and ldapsearch print with an entry and the server makes anew for each. */
static const char servers_own[] =
	"structuralObjectClass entryUUID entryCSN entryDN creatorsName createTimestamp modifiersName modifyTimestamp "
	"subschemaSubentry hasSubordinates pwdChangedTime pwdLastSuccess pwdReset musterMailVerified musterMobileVerified "
	"musterVerifiedMail musterOutbox musterLease musterAppPasswordUsed memberOf";
/* Secrets, and what was found out about them. */
static const char secrets[] =
	"userPassword oathSecret oathTokenPIN pwdHistory musterAppPassword musterRecoveryCode musterChallenge musterCode "
	"musterLoginState musterKnownSource oathTOTPLastTimeStep sambaNTPassword sambaLMPassword krbPrincipalKey";
/* Muster's attributes that say something about a person. */
static const char persons_own[] = "musterStatus musterBillingMail musterServiceArea";

static int
is_named(const char *attribute, const char *list)
{
	size_t len = strcspn(attribute, ";"), n;

	for (; *list != '\0'; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (n == len && strncasecmp(list, attribute, n) == 0)
			return 1;
	}
	return 0;
}

int
row_is_withheld(const char *attribute)
{
	if (strncasecmp(attribute, "muster", 6) == 0)
		return !is_named(attribute, persons_own);
	return is_named(attribute, secrets) || is_named(attribute, servers_own) || strncasecmp(attribute, "pwd", 3) == 0 ||
	       strncasecmp(attribute, "oath", 4) == 0;
}

static void
drop_change(struct ldif_record *record, size_t i)
{
	struct ldif_record one = { .changes = malloc(sizeof(*one.changes)), .changes_len = 1 };

	if (one.changes == NULL)
		return;
	one.changes[0] = record->changes[i];
	memmove(&record->changes[i], &record->changes[i + 1], (record->changes_len - i - 1) * sizeof(*record->changes));
	record->changes_len--;
	ldif_record_clear(&one);
}

int
row_from_ldif(struct ldif_record *record, uint64_t line, struct row *row_out, char why[ROW_WHY_MAX])
{
	size_t i;

	memset(row_out, 0, sizeof(*row_out));
	row_out->number = line;
	row_out->entry = *record;
	memset(record, 0, sizeof(*record));
	free(row_out->entry.dn);
	row_out->entry.dn = NULL;
	for (i = 0; i < row_out->entry.changes_len;) {
		const char *name = row_out->entry.changes[i].attribute;

		if (is_named(name, secrets))
			return refuse(why, "%s is not imported: take it out. Members set a password with the mail that --invite sends, "
			              "and register their authenticator themselves", name);
		if (row_is_withheld(name))
			drop_change(&row_out->entry, i);
		else
			i++;
	}
	return 0;
}

/* --- judging --------------------------------------------------------------------------------------------------- */

static int
is_text(const struct directory_value *value)
{
	return strlen((const char *)value->data) == value->len;
}

/* Attributes that are one line of text, and how many of each there may be. */
static int
judge_number_of(const struct row *row, char why[ROW_WHY_MAX])
{
	static const char *const single[] = { "uid", "mail", "mobile", "displayName", "preferredLanguage", "musterStatus",
		"uidNumber", "gidNumber", "homeDirectory", "loginShell" };
	const struct ldif_change *change;
	size_t i, k;

	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		change = ldif_attribute(&row->entry, single[i]);
		if (change == NULL)
			continue;
		if (change->values_len > 1)
			return refuse(why, "a member has one %s", single[i]);
		for (k = 0; k < change->values_len; k++) {
			if (!is_text(&change->values[k]))
				return refuse(why, "%s has a NUL in it", single[i]);
		}
	}
	return 0;
}

static int
judge_number(const struct row *row, const char *attribute, char why[ROW_WHY_MAX])
{
	const char *value = text_of(row, attribute);
	int64_t number;

	if (value == NULL || text_number(value, strlen(value), NUMBER_MIN, NUMBER_MAX, &number) == 0)
		return 0;
	return refuse(why, "%s is a number from %d: those below are the system's own", attribute, NUMBER_MIN);
}

static int
judge_path(const struct row *row, const char *attribute, char why[ROW_WHY_MAX])
{
	const char *value = text_of(row, attribute), *p;

	if (value == NULL)
		return 0;
	for (p = value; *p > ' ' && *p < 0x7f && *p != ':'; p++)
		;
	if (*value == '/' && *p == '\0' && strlen(value) <= PATH_OCTETS_MAX)
		return 0;
	return refuse(why, "%s is a path from /, of printable ASCII without blanks and colons", attribute);
}

static int
judge_status(const struct row *row, char why[ROW_WHY_MAX])
{
	const char *status = text_of(row, "musterStatus");

	if (status == NULL || strcasecmp(status, "active") == 0 || strcasecmp(status, "suspended") == 0 ||
	    strcasecmp(status, "closed") == 0)
		return 0;
	return refuse(why, "status is active, suspended or closed");
}

/* judge_names - those that other commands judge as well; the mobile number is written as it is dialled from everywhere */
static int
judge_names(struct row *row, char why[ROW_WHY_MAX])
{
	struct ldif_change *mobile = ldif_attribute(&row->entry, "mobile");
	const char *mail = text_of(row, "mail"), *language = text_of(row, "preferredLanguage");
	const char *nickname = text_of(row, "displayName");
	char clean[NAME_MOBILE_MAX];
	int r;

	r = name_judge_id(row_id(row), why);
	if (r == 0)
		r = text_of(row, "cn") != NULL ? name_judge_person("the name", text_of(row, "cn"), why) : refuse(why, "the name is missing");
	if (r == 0)
		r = mail != NULL ? name_judge_mail(mail, why) : refuse(why, "the mail address is missing");
	if (r == 0 && language != NULL)
		r = name_judge_language(language, why);
	if (r == 0 && nickname != NULL)
		r = name_judge_person("the nickname", nickname, why);
	if (r != 0 || mobile == NULL)
		return r;
	r = name_judge_mobile((const char *)mobile->values[0].data, clean, why);
	if (r == 0 && strlen(clean) <= mobile->values[0].len) {
		mobile->values[0].len = strlen(clean);
		memcpy(mobile->values[0].data, clean, strlen(clean) + 1);
	}
	return r;
}

static int
has_class(const struct row *row, const char *name)
{
	const struct ldif_change *classes = ldif_attribute(&row->entry, "objectClass");
	size_t i;

	for (i = 0; classes != NULL && i < classes->values_len; i++) {
		if (strcasecmp((const char *)classes->values[i].data, name) == 0)
			return 1;
	}
	return 0;
}

static int
put_class(struct row *row, const char *name)
{
	return has_class(row, name) ? 0 : put_text(row, "objectClass", name);
}

static int
put_classes(struct row *row, int posix, char why[ROW_WHY_MAX])
{
	int r;

	if (has_class(row, "musterAccount") || has_class(row, "musterOrganization"))
		return refuse(why, "this is a platform member or an organization, not a member of one");
	posix |= text_of(row, "uidNumber") != NULL || text_of(row, "gidNumber") != NULL ||
	         text_of(row, "homeDirectory") != NULL || text_of(row, "loginShell") != NULL;
	r = put_class(row, "inetOrgPerson");
	if (r == 0)
		r = put_class(row, "musterMember");
	return r == 0 && posix ? put_class(row, "posixAccount") : r;
}

/* A status of "active" is what no status means. */
static void
drop_active(struct row *row)
{
	size_t i;

	for (i = 0; i < row->entry.changes_len; i++) {
		if (strcasecmp(row->entry.changes[i].attribute, "musterStatus") == 0 &&
		    strcasecmp((const char *)row->entry.changes[i].values[0].data, "active") == 0) {
			drop_change(&row->entry, i);
			return;
		}
	}
}

int
row_finish(struct row *row, int posix, char why[ROW_WHY_MAX])
{
	const char *name, *last_blank;
	int r;

	r = judge_number_of(row, why);
	if (r == 0)
		r = judge_names(row, why);
	if (r == 0)
		r = judge_status(row, why);
	if (r == 0)
		r = judge_number(row, "uidNumber", why);
	if (r == 0)
		r = judge_number(row, "gidNumber", why);
	if (r == 0)
		r = judge_path(row, "homeDirectory", why);
	if (r == 0)
		r = judge_path(row, "loginShell", why);
	if (r == 0)
		r = put_classes(row, posix, why);
	if (r != 0)
		return r;
	drop_active(row);
	/* inetOrgPerson demands a surname; where none is given the last word of the name has to do. */
	name = text_of(row, "cn");
	last_blank = strrchr(name, ' ');
	return text_of(row, "sn") != NULL ? 0 : put_text(row, "sn", last_blank != NULL ? last_blank + 1 : name);
}
