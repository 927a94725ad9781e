/*
 * gate_name.h - whether a login is spelled as the directory spells it.
 *
 * The directory compares names without case and blanks around them, and takes full-width letters for plain ones. The
 * application that asked keeps the name as it was typed and acts on it: "BOB" may be another account of that host.
 */
#ifndef MUSTER_MUSTERD_GATE_NAME_H
#define MUSTER_MUSTERD_GATE_NAME_H

#include "directory/directory.h"

/* Where a login stands in an entry: attribute, and what the template has before and after it in the value. */
struct gate_name {
	char *attribute;
	char *before;
	char *after;
};

/*
 * gate_name_of - the place of %s in a format for directory_dn() or directory_filter().
 * error: ERR_CONFIG (no attribute=%s in it), ERR_MEMORY
 */
int gate_name_of(const char *format, struct gate_name *out);
void gate_name_free(struct gate_name *name);

/* gate_name_is_exact - 1 when a value of the entry is the login, octet by octet. */
int gate_name_is_exact(const struct gate_name *name, const struct directory_entry *entry, const char *login);

#endif
