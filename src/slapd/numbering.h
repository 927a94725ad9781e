/*
 * numbering.h - uidNumber and gidNumber over a whole database: which are free, and the durable next one.
 */
#ifndef MUSTER_SLAPD_NUMBERING_H
#define MUSTER_SLAPD_NUMBERING_H

#include "slapd/overlay.h"

struct muster;

/* numbering_forget - what is known of numbers is read anew when it is needed */
void numbering_new(struct muster *m);
void numbering_free(struct muster *m);
void numbering_forget(struct muster *m);

/* What nis.schema knows, looked up when it is needed: that schema may be loaded later, or never. */
struct posix {
	AttributeDescription *uid_number, *gid_number, *home_directory;
	ObjectClass *account, *group;
};
/* posix_find - 1 when the schema is there */
int posix_find(struct posix *posix_out);

/*
 * numbering_draw - a number that nobody has or had.
 * error: ERR_RANGE (the range is used up), ERR_NOT_FOUND (ou=organizations is not there), ERR_IO, ERR_MEMORY
 */
int numbering_draw(Operation *op, struct muster *m, uint32_t *number_out);

/* numbering_take - this very number. error: ERR_RANGE (outside), ERR_EXISTS (somebody has or had it), as numbering_draw() */
int numbering_take(Operation *op, struct muster *m, uint32_t number);

/* numbering_give_back - a number that was drawn or taken and not written after all */
void numbering_give_back(struct muster *m, uint32_t number);

/*
 * numbering_found - a number is about to be written that nobody asks about: an entry outside of organizations, another server's.
 * in:    op  NULL: only if anything is known of numbers yet
 */
void numbering_found(Operation *op, struct muster *m, uint32_t number);

/* numbering_gone - an entry is about to lose a number: nobody gets it, also after a restart. error: as numbering_draw() */
int numbering_gone(Operation *op, struct muster *m, uint32_t number);

#endif
