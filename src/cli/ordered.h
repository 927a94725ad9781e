/*
 * ordered.h - the ordered values of an attribute of cn=config, like olcAccess: "{0}to *  by ..." in any order.
 */
#ifndef MUSTER_CLI_ORDERED_H
#define MUSTER_CLI_ORDERED_H

#include <stddef.h>

#include "directory/directory.h"

/* Values in their order, without {index}. Begins as { .n = 0 }. */
struct ordered {
	char **values;
	size_t n;
};

/* ordered_bare - a value of cn=config without its {index}, runs of blanks made one; to be freed, NULL when memory is short */
char *ordered_bare(const struct directory_value *value);
/* ordered_put - append a value, which is taken over, also on error. in: value  NULL: memory was short. error: ERR_MEMORY */
int ordered_put(struct ordered *list, char *value);
/* ordered_has - 1 when it is one of them, apart from case */
int ordered_has(const struct ordered *list, const char *value);
/* ordered_has_subject - 1 when one of them is, as an access rule, about the same: alike up to " by " */
int ordered_has_subject(const struct ordered *list, const char *rule);
/* ordered_from - append values as they stand there. error: ERR_MEMORY */
int ordered_from(struct ordered *list, const struct directory_value *values, size_t n);
/* ordered_from_attribute - append the values of an attribute in the order that their {index} says; NULL: none. error: ERR_MEMORY */
int ordered_from_attribute(struct ordered *list, const struct directory_attribute *attribute);
void ordered_free(struct ordered *list);

#endif
