/*
 * doctor_access.h - whom the part access asks about, and which entries it looks at.
 */
#ifndef MUSTER_CLI_DOCTOR_ACCESS_H
#define MUSTER_CLI_DOCTOR_ACCESS_H

#include "cli/doctor.h"

#define SAMPLE_MAX 3 /* organizations */
#define NAMED_MAX 32 /* identities that the rules name */

struct sample {
	char *organization, *policy, *owner, *member; /* NULL: there is none */
};

struct access {
	struct doctor *doc;
	const char *config_dir;
	char *courier, *host, *account, *queue;
	struct sample samples[SAMPLE_MAX];
	size_t samples_len;
	char *named[NAMED_MAX];
	size_t named_len;
	json_t *told; /* "id asker": one finding is enough, whatever the number of entries */
	int failed;
};

/* access_take - the sample, and who is asked about. access_free - what it took */
void access_take(struct access *a);
void access_free(struct access *a);

#define ACCESS_MEMBERS "(|(objectClass=musterMember)(objectClass=musterAccount))"

/* access_first_below - the first entry below base that a filter finds and that is not owner, to be freed; NULL for none */
char *access_first_below(struct access *a, const char *base, const char *filter, const char *owner);

#endif
