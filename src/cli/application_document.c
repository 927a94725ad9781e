/*
 * application_document.c - proof documents: files on their way to the directory and back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/application.h"
#include "core/application.h"
#include "core/document.h"
#include "core/facts.h"

struct document {
	uint8_t *data;
	size_t len;
	enum document_type type;
	const char *name; /* of the file, NULL: one that cannot be told */
};

/* --- from a file ------------------------------------------------------------------------------------------- */

static int
read_octets(int fd, struct document *document)
{
	ssize_t n;

	document->data = malloc(DOCUMENT_SIZE_MAX + 1);
	while (document->data != NULL && document->len <= DOCUMENT_SIZE_MAX) {
		n = read(fd, document->data + document->len, DOCUMENT_SIZE_MAX + 1 - document->len);
		if (n == 0)
			return 0;
		if (n > 0)
			document->len += (size_t)n;
		else if (errno != EINTR)
			return ERR_IO;
	}
	return document->data != NULL ? ERR_RANGE : ERR_MEMORY;
}

static int
read_file(const char *path, struct document *document)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;
	struct stat st;

	if (fd < 0)
		return ERR_IO;
	errno = 0;
	r = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read_octets(fd, document) : ERR_INPUT;
	close(fd);
	return r;
}

int
document_read(const char *path, struct document **document_out)
{
	struct document *document = calloc(1, sizeof(*document));
	const char *slash = strrchr(path, '/');
	int r = document != NULL ? read_file(path, document) : ERR_MEMORY;

	*document_out = document;
	if (r == 0) {
		document->type = document_type_of(document->data, document->len);
		document->name = slash != NULL ? slash + 1 : path;
		if (fact_check(FACT_NAME, document->name, strlen(document->name)) != NULL)
			document->name = NULL;
		if (document->type != DOCUMENT_UNKNOWN)
			return EXIT_DONE;
		say_error("%s: a document is a PDF, PNG or JPEG file", path);
	} else if (r == ERR_RANGE) {
		say_error("%s: a document has at most %d octets (1 MiB)", path, DOCUMENT_SIZE_MAX);
	} else if (r == ERR_INPUT) {
		say_error("%s: is no file", path);
	} else {
		say_error("%s: cannot be read: %s", path, r == ERR_MEMORY || errno == 0 ? err_str(r) : strerror(errno));
	}
	document_free(document_out);
	return r == ERR_MEMORY ? EXIT_FAILED : EXIT_USAGE;
}

void
document_free(struct document **document)
{
	if (*document == NULL)
		return;
	free((*document)->data);
	free(*document);
	*document = NULL;
}

int
document_add(struct session *s, const char *application_dn, int number, const struct document *document)
{
	static const struct directory_value classes[] = {
		{ .data = (uint8_t *)"document", .len = 8 },
		{ .data = (uint8_t *)APPLICATION_DOCUMENT, .len = sizeof(APPLICATION_DOCUMENT) - 1 }
	};
	const struct directory_value content = { .data = document->data, .len = document->len };
	struct record record = { .n = 0 };
	char id[16], *dn;
	int r = ERR_MEMORY;

	snprintf(id, sizeof(id), "%d", number);
	record_put_values(&record, CHANGE_ADD, "objectClass", classes, 2);
	record_put(&record, CHANGE_ADD, "documentIdentifier", id);
	record_put(&record, CHANGE_ADD, "musterDocumentType", document_type_name(document->type));
	record_put_values(&record, CHANGE_ADD, "musterDocumentContent", &content, 1);
	record_put(&record, CHANGE_ADD, "description", document->name);
	dn = directory_dn("documentIdentifier=%s,%D", id, application_dn);
	if (dn != NULL)
		r = record_add(s->d, dn, &record);
	free(dn);
	return r;
}

/* --- told about -------------------------------------------------------------------------------------------- */

static int
list_document(const struct directory_entry *entry, void *list)
{
	return json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:b}", "id", json_attribute(entry, "documentIdentifier"),
	                                             "type", json_attribute(entry, "musterDocumentType"), "sha256",
	                                             json_attribute(entry, "musterDocumentHash"), "note",
	                                             json_attribute(entry, "description"), "kept", 0));
}

/* The content itself is not asked for: who lists documents is not sent them. */
static int
mark_kept(const struct directory_entry *entry, void *list)
{
	const char *id = directory_value(entry, "documentIdentifier");
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *known = json_string_value(json_object_get(one, "id"));

		if (id != NULL && known != NULL && strcmp(id, known) == 0)
			(void)json_object_set_new(one, "kept", json_true());
	}
	return 0;
}

int
documents_json(struct session *s, const char *id, const char *application_dn, json_t **list_out)
{
	static const char *const attrs[] = { "documentIdentifier", "musterDocumentType", "musterDocumentHash", "description", NULL };
	static const char *const name[] = { "documentIdentifier", NULL };
	json_t *list = json_array();
	int r = list != NULL ? directory_search(s->d, application_dn, SCOPE_ONE, "(objectClass=" APPLICATION_DOCUMENT ")", attrs,
	                                        list_document, list)
	                     : ERR_MEMORY;

	if (r == 0)
		r = directory_search(s->d, application_dn, SCOPE_ONE, "(musterDocumentContent=*)", name, mark_kept, list);
	*list_out = r == 0 ? list : NULL;
	if (r == 0)
		return EXIT_DONE;
	json_decref(list);
	return application_failure(s, r, id);
}

/* --- to a file ----------------------------------------------------------------------------------------------- */

/* check_hash - whether it is what was filed */
static int
check_hash(const char *id, const struct directory_value *content, const char *stored)
{
	char hash[DOCUMENT_HASH_LEN + 1];

	document_hash(content->data, content->len, hash);
	if (stored != NULL && strcasecmp(hash, stored) == 0)
		return EXIT_DONE;
	say_error("document %s is not what was filed: its SHA-256 is %s, that of what was filed %s; nothing is written", id, hash,
	          stored != NULL ? stored : "not known");
	return EXIT_FAILED;
}

static int
write_octets(int fd, const struct directory_value *content)
{
	size_t done = 0;
	ssize_t n;

	while (done < content->len) {
		n = write(fd, content->data + done, content->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return ERR_IO;
	}
	return 0;
}

/* write_file - one that is not there yet, for who runs this alone */
static int
write_file(const char *path, const struct directory_value *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), r, why;

	if (fd < 0) {
		say_error("%s: %s%s", path, strerror(errno), errno == EEXIST ? "; name another with --output" : "");
		return errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED;
	}
	r = write_octets(fd, content);
	why = errno;
	if (close(fd) != 0 && r == 0) {
		r = ERR_IO;
		why = errno;
	}
	if (r == 0)
		return EXIT_DONE;
	say_error("%s: cannot be written: %s", path, strerror(why));
	(void)unlink(path);
	return EXIT_FAILED;
}

static int
save(struct session *s, const char *id, const char *number, const struct directory_entry *entry)
{
	const struct directory_attribute *content = directory_attribute(entry, "musterDocumentContent");
	const char *stored = directory_value(entry, "musterDocumentHash"), *path = s->args.value[OPT_OUTPUT];
	char made[2 * APPLICATION_NAME_MAX + 16];
	int status;

	if (content == NULL || content->values_len == 0) {
		say_error("the content of document %s is gone; its SHA-256 was %s", number, stored != NULL ? stored : "not known");
		return EXIT_NOT_FOUND;
	}
	status = check_hash(number, &content->values[0], stored);
	if (status != EXIT_DONE)
		return status;
	snprintf(made, sizeof(made), "%s-%s%s", id, number,
	         document_type_ending(document_type_of(content->values[0].data, content->values[0].len)));
	if (path == NULL)
		path = made;
	status = write_file(path, &content->values[0]);
	return status != EXIT_DONE ? status
	                           : print_done(s, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "document", number, "file", path,
	                                                     "sha256", stored),
	                                        "document %s of application %s is in %s; SHA-256 %s", number, id, path, stored);
}

/* document_dn - of a document as people name it; prints what is wrong. *dn_out is to be freed. */
static int
document_dn(struct session *s, const char *id, const char *application_dn, const char *number, char **dn_out)
{
	*dn_out = NULL;
	if (application_name_check(number, strlen(number)) != 0) {
		say_error("a document's name is letters, digits, - and _; \"muster application show %s\" lists them", id);
		return EXIT_USAGE;
	}
	*dn_out = directory_dn("documentIdentifier=%s,%D", number, application_dn);
	return *dn_out != NULL ? EXIT_DONE : say_failure(s, ERR_MEMORY, id);
}

static int
document_failure(struct session *s, int r, const char *id, const char *number)
{
	if (r != ERR_NOT_FOUND)
		return say_failure(s, r, id);
	say_error("no document \"%s\" that you may see; \"muster application show %s\" lists them", number, id);
	return EXIT_NOT_FOUND;
}

int
document_delete(struct session *s, const char *id, const char *application_dn, const char *number)
{
	char *dn;
	int r, status = document_dn(s, id, application_dn, number, &dn);

	if (status == EXIT_DONE) {
		r = directory_delete(s->d, dn);
		status = r != 0 ? document_failure(s, r, id, number)
		                : print_done(s, json_pack("{s:s, s:s, s:s}", "id", id, "document", number, "state", "withdrawn"),
		                             "document %s of application %s is gone", number, id);
	}
	free(dn);
	return status;
}

int
application_document(struct session *s)
{
	static const char *const attrs[] = { "musterDocumentContent", "musterDocumentHash", NULL };
	const char *id = s->args.words[0], *number = s->args.words_len > 1 ? s->args.words[1] : "1";
	struct directory_entry *entry = NULL;
	char *application = NULL, *dn = NULL;
	int r, status = application_bind(s);

	if (status == EXIT_DONE)
		status = application_dn(s, id, &application);
	if (status == EXIT_DONE)
		status = document_dn(s, id, application, number, &dn);
	if (status == EXIT_DONE) {
		r = directory_read(s->d, dn, attrs, &entry);
		status = r != 0 ? document_failure(s, r, id, number) : save(s, id, number, entry);
	}
	directory_entry_free(&entry);
	free(application);
	free(dn);
	return status;
}
