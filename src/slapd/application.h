/*
 * application.h - applications and their documents as the hooks see them. doc/ARCHITECTURE.md, "Applications".
 *
 *   application.c        where they lie, what is stored of one, others of the same member
 *   write_application.c  filed, withdrawn, renamed; and what becomes of them with their member
 *   write_decision.c     decided
 *   write_document.c     documents
 */
#ifndef MUSTER_SLAPD_APPLICATION_H
#define MUSTER_SLAPD_APPLICATION_H

#include "slapd/overlay.h"

#include "core/application.h"

struct muster;
struct write;

#define APPLICATION_TEXT_RELAX "restoring or repairing one takes the manage right and the Relax control"

/* Where a DN lies: what may be there, and who may write it, goes by that. */
enum application_place {
	PLACE_ELSEWHERE,
	PLACE_FOLDER,      /* ou=applications,<base> */
	PLACE_APPLICATION, /* an entry below it */
	PLACE_DOCUMENT,    /* an entry below that */
	PLACE_DEEPER
};
enum application_place application_place(const struct muster *m, const struct berval *ndn);

enum application_state { APPLICATION_FILED, APPLICATION_APPROVED, APPLICATION_REJECTED, APPLICATION_DAMAGED };

/* What is stored, copied out. */
struct application {
	struct berval dn, ndn;
	char name[APPLICATION_NAME_MAX + 1]; /* its cn, "" when it is none that we would take */
	struct berval applicant, applicant_ndn; /* BER_BVNULL without one */
	enum application_state state;           /* what is none of the three is APPLICATION_DAMAGED: nobody decides it */
	BerVarray changes;
};

/* application_load - error: ERR_NOT_FOUND (nothing there, or no application) */
int application_load(struct write *w, struct berval *ndn, struct application *a_out);
void application_free(struct application *a);

/* application_state_of - in: value  NULL: none */
enum application_state application_state_of(const struct berval *value);

/*
 * application_changes - what is asked for, by field.
 * out:   changes_out  points into values
 * error: ERR_INPUT (w has the refusal: nothing asked for, a value that is none, a field twice)
 */
int application_changes(struct write *w, BerVarray values, struct application_value changes_out[APPLICATION_FIELDS]);

/* application_facts - what an entry of a platform member has of the fields; points into e */
void application_facts(Entry *e, struct application_value now_out[APPLICATION_FIELDS]);

/* application_field_ad - the attribute of a field */
AttributeDescription *application_field_ad(enum application_field field);

/* application_documents - DNs of the entries below one; ber_bvarray_free() both. error: ERR_IO */
int application_documents(struct write *w, struct berval *ndn, BerVarray *dns_out, BerVarray *ndns_out);

/* What is filed by one member already. */
struct application_open {
	int count;
	int asked[APPLICATION_FIELDS]; /* 1: one of them asks for it */
};
/* application_open - error: ERR_IO */
int application_open(struct write *w, const struct berval *applicant_ndn, struct application_open *open_out);

/* application_check_own - whether op is its member's, freshly, and it is filed still */
int application_check_own(struct write *w, const struct application *a);

/* application_reason - why one was decided so, for its member alone; ch_free(). BER_BVNULL for none. in: name  its cn */
void application_reason(Operation *op, struct muster *m, const char *name, const struct berval *member_ndn,
                        struct berval *reason_out);

/* --- the hooks: each takes over a write at or below PLACE_APPLICATION and returns what a hook returns ---------- */

int write_add_application(struct write *w);
int write_modify_application(struct write *w);
int write_delete_application(struct write *w);
int write_add_document(struct write *w);
int write_modify_document(struct write *w);
int write_delete_document(struct write *w);

#endif
