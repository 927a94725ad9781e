/*
 * mods.h - modification lists, and the overlay's own modifications.
 */
#ifndef MUSTER_SLAPD_MODS_H
#define MUSTER_SLAPD_MODS_H

#include "slapd/overlay.h"

struct muster;

/*
 * mods_add - append one change with copies of the values.
 * in:    mod_op  LDAP_MOD_ADD, _DELETE, _REPLACE, SLAP_MOD_SOFTADD, SLAP_MOD_SOFTDEL
 *        value   NULL deletes the whole attribute
 */
void mods_add(Modifications **mods, int mod_op, AttributeDescription *ad, const struct berval *value);
void mods_add_text(Modifications **mods, int mod_op, AttributeDescription *ad, const char *value);
/* mods_keep - append what makes the write fail as a whole (LDAP_NO_SUCH_ATTRIBUTE) when this value is not there any more */
void mods_keep(Modifications **mods, AttributeDescription *ad, const struct berval *value);
/* mods_set_text - one value in the place of all there are; len 0: none */
void mods_set_text(Modifications **mods, AttributeDescription *ad, const char *text, size_t len);
void mods_add_time(Modifications **mods, int mod_op, AttributeDescription *ad, int64_t unix_sec);

/*
 * mods_write - carry out an internal modification as rootdn through the overlays below us (ppolicy skipped),
 *              with operational attributes and a CSN of its own, so that it is replicated. Frees *mods.
 * out:   LDAP result code; a value that is not there any more (lost race) is LDAP_NO_SUCH_ATTRIBUTE
 */
int mods_write(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, Modifications **mods);
/* mods_rename - the same for the name of an entry, the old one taken away. in: rdn, nrdn  new RDN, pretty and normalized */
int mods_rename(Operation *op, struct muster *m, struct berval *dn, struct berval *ndn, struct berval *rdn,
                struct berval *nrdn);
void mods_free(Modifications **mods);

/*
 * op_walk - continue an operation below us. Return what it returns from the hook.
 * in:    with_ppolicy  0: past ppolicy, which must not judge a member's password
 */
int op_walk(Operation *op, SlapReply *rs, struct muster *m, slap_operation_t which, int with_ppolicy);

#endif
