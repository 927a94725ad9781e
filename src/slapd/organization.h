/*
 * organization.h - what is known of organizations: who owns them, what they are called, which services they use. For the hooks
 *                  and for newOrganization; op->o_bd does not matter to any of these.
 */
#ifndef MUSTER_SLAPD_ORGANIZATION_H
#define MUSTER_SLAPD_ORGANIZATION_H

#include "slapd/overlay.h"

struct muster;

/* An organization, copied out of the database. */
struct organization {
	struct berval dn, ndn;
	BerVarray owners, owners_n; /* as stored, and normalized */
	struct organization *next;
};

/*
 * organizations_owned - the organizations that name an entry as an OWNER.
 * in:    below  1: or an entry below it
 * out:   *list_out  freed with organizations_free()
 *        LDAP result code; who cannot be told apart from an OWNER is one
 */
int organizations_owned(Operation *op, struct muster *m, const struct berval *ndn, int below,
                        struct organization **list_out);
void organizations_free(struct organization **list);

/*
 * owner_is_active - 1 when a DN is that of a member who is there and active.
 */
int owner_is_active(Operation *op, struct muster *m, struct berval *ndn);

/* owners_have_active - 1 when one of these OWNERs is active. in: without  and is neither this nor below it; may be NULL */
int owners_have_active(Operation *op, struct muster *m, BerVarray owners_n, const struct berval *without);

enum organization_stage {
	ORGANIZATION_IS,
	ORGANIZATION_ADDED,        /* is being added, and its members after it */
	ORGANIZATION_MADE_OF_ENTRY /* an entry becomes one, with the members that lie below it */
};

/*
 * owner_allowed - whether somebody may be made an OWNER of an organization: its own members, and platform members.
 */
int owner_allowed(Operation *op, struct muster *m, const struct berval *organization_ndn, struct berval *owner_ndn,
                  enum organization_stage stage);

/* organization_of - the normalized DN of the organization that a DN lies in, or is; ch_free(). BER_BVNULL for none */
void organization_of(Operation *op, struct muster *m, const struct berval *ndn, struct berval *out);

/*
 * dn_moved - what the name of an entry at or below from becomes when from becomes to.
 * in:    dn   the name, as it is to be written
 *        ndn  the same, normalized, as from is
 * out:   *out  ch_free()
 */
void dn_moved(const struct berval *dn, const struct berval *ndn, const struct berval *from, const struct berval *to,
              struct berval *out);

#endif
