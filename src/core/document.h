/*
 * document.h - proof documents: what they are by their content, and their hash.
 */
#ifndef MUSTER_CORE_DOCUMENT_H
#define MUSTER_CORE_DOCUMENT_H

#include <stddef.h>

#define DOCUMENT_SIZE_MAX (1024 * 1024) /* octets */
#define DOCUMENT_HASH_LEN 64            /* SHA-256 in lower case hexadecimal */

enum document_type { DOCUMENT_UNKNOWN, DOCUMENT_PDF, DOCUMENT_PNG, DOCUMENT_JPEG };

/* document_type_of - by the first octets: nobody's word for it. A file that only begins like one is one. */
enum document_type document_type_of(const void *data, size_t len);

/* document_type_named - of a media type, any case */
enum document_type document_type_named(const char *name, size_t len);

/* document_type_name - the media type; "" for DOCUMENT_UNKNOWN. document_type_ending - of a file's name, with its dot */
const char *document_type_name(enum document_type type);
const char *document_type_ending(enum document_type type);

void document_hash(const void *data, size_t len, char hash_out[DOCUMENT_HASH_LEN + 1]);

#endif
