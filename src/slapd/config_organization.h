/*
 * config_organization.h - the catalogue of services, and other settings about organizations.
 */
#ifndef MUSTER_SLAPD_CONFIG_ORGANIZATION_H
#define MUSTER_SLAPD_CONFIG_ORGANIZATION_H

#include "slapd/overlay.h"

struct muster;
struct service;

/* organization_config - olcMusterService, olcMusterNumbers, olcMusterPaymentRequired, olcMusterCertificateCountry */
ConfigDriver organization_config;
void organization_config_free(struct muster *m);
/* service_of - the catalogue's line of a service, NULL when it has none */
const struct service *service_of(const struct muster *m, const struct berval *name);

#endif
