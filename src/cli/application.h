/*
 * application.h - what the commands about applications share.
 */
#ifndef MUSTER_CLI_APPLICATION_H
#define MUSTER_CLI_APPLICATION_H

#include "cli/cli.h"

#define APPLICATION_DOCUMENT "musterDocument"

/* application_bind - bound, with s->base: what each of the commands begins with. Returns an exit code. */
int application_bind(struct session *s);

/* application_dn - of an ID as people write it; prints what is wrong. *dn_out is to be freed. */
int application_dn(struct session *s, const char *id, char **dn_out);

/* application_read - bound, and what is stored of an ID. Both are freed by the caller, also on failure. */
int application_read(struct session *s, const char *id, char **dn_out, struct directory_entry **entry_out);

/* application_failure - what a change of an application failed with. Returns an exit code. */
int application_failure(struct session *s, int r, const char *id);

/* --- application_document.c ------------------------------------------------------------------------------ */

struct document;

/* document_read - a file that can be a proof document; prints why it cannot. Freed with document_free(). */
int document_read(const char *path, struct document **document_out);
/* document_add - below an application, as number. Returns an ERR_* code. */
int document_add(struct session *s, const char *application_dn, int number, const struct document *document);
void document_free(struct document **document);

/*
 * documents_json - documents of an application without their contents: objects with id, type, sha256, note, kept.
 * out:   *list_out  NULL on failure, which is printed. Returns an exit code.
 */
int documents_json(struct session *s, const char *id, const char *application_dn, json_t **list_out);
/* document_delete - one of an application that is filed. Returns an exit code. */
int document_delete(struct session *s, const char *id, const char *application_dn, const char *number);

#endif
