/*
 * notice.h - which notice belongs to which switch of musterNoticeOff.
 */
#ifndef MUSTER_CORE_NOTICE_H
#define MUSTER_CORE_NOTICE_H

#include <stddef.h>

/* notice_names - all switches, separated by blanks, for texts */
extern const char notice_names[];

/* notice_named - the bit of a value of musterNoticeOff, case ignored; 0 when there is no such switch */
unsigned notice_named(const char *name, size_t len);

/* notice_of - the bit of the switch that a kind of message belongs to; 0 for what cannot be switched off, as codes and tokens */
unsigned notice_of(const char *kind);

#endif
