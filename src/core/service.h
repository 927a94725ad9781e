/*
 * service.h - services that organizations use: the catalogue's lines, and where a service is reached.
 */
#ifndef MUSTER_CORE_SERVICE_H
#define MUSTER_CORE_SERVICE_H

#include <stddef.h>

#define SERVICE_NAME_MAX 40
#define SERVICE_SUFFIX_MAX 200 /* a domain of 40 before it is a host name of DNS still */
#define SERVICE_URL_MAX 300

struct service {
	char name[SERVICE_NAME_MAX + 1];     /* letters, digits and hyphens, lower case */
	char suffix[SERVICE_SUFFIX_MAX + 1]; /* of host names, lower case */
};

/* service_parse - "<name> <suffix>", one blank. error: ERR_INPUT */
int service_parse(const char *text, size_t len, struct service *service_out);

/* service_url - https://<domain>.<suffix>/. error: ERR_RANGE (it does not fit) */
int service_url(const struct service *service, const char *domain, size_t domain_len, char url_out[SERVICE_URL_MAX]);

#endif
