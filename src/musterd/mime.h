/*
 * mime.h - the syntax of mail: header fields and bodies (RFC 5322, 2045, 2047).
 *
 * What is put is checked or encoded here, so a text from the directory cannot end a line of the header, whatever it holds.
 */
#ifndef MUSTER_MUSTERD_MIME_H
#define MUSTER_MUSTERD_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/*
 * mime_put_field - a field whose value is ours: printable ASCII.
 * error: ERR_INPUT (anything else in it), ERR_RANGE, ERR_MEMORY
 */
int mime_put_field(struct buf *b, const char *name, const char *value);

/* mime_put_text_field - a field of free text, in encoded words where needed. error: ERR_INPUT (not UTF-8), as above */
int mime_put_text_field(struct buf *b, const char *name, const char *text);

/*
 * mime_put_mailbox_field - "name: display <address>".
 * in:    display  may be NULL
 * error: ERR_INPUT (display is not UTF-8, address is none), as above
 */
int mime_put_mailbox_field(struct buf *b, const char *name, const char *display, const char *address);

/* mime_put_date_field - "Date:". in: now seconds since 1970 UTC */
int mime_put_date_field(struct buf *b, int64_t now);

/* mime_put_quoted_printable - a text with lines ending in \n, as a body. */
int mime_put_quoted_printable(struct buf *b, const void *text, size_t len);

#endif
