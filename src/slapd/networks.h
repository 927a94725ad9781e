/*
 * networks.h - where clients are, and where a policy lets them log in from.
 */
#ifndef MUSTER_SLAPD_NETWORKS_H
#define MUSTER_SLAPD_NETWORKS_H

#include "slapd/overlay.h"

struct network_address;
struct policy;

/* client_address - where op's client is; NETWORK_NONE when nobody can tell */
void client_address(Operation *op, struct network_address *address_out);

/*
 * networks_allow - 1 when the policy's networks let op's client in, and rhost, where it says that it asks for, too.
 * in:    rhost  empty: it did not say. What is no address is refused.
 */
int networks_allow(Operation *op, const struct policy *policy, const struct berval *rhost);
/* networks_allow_rhost - the same for rhost alone */
int networks_allow_rhost(const struct policy *policy, const struct berval *rhost);

/* networks_read - the networks of a policy entry; the policy's are empty before. error: ERR_RANGE */
int networks_read(Entry *e, struct policy *policy);
/* networks_check_values, networks_check_count - what is about to be written; as policy_check_attribute() */
int networks_check_values(const AttributeDescription *ad, BerVarray values, char *text, size_t text_len);
int networks_check_count(Entry *e, const Modifications *mods, char *text, size_t text_len);

#endif
