/*
 * network.h - addresses of clients and the networks they may be in, IPv4 and IPv6.
 *
 * An IPv4 address mapped into IPv6 (::ffff:192.0.2.1, what a socket for both families reports) is the IPv4 address: the same
 * client is in the same network whichever socket it came to.
 */
#ifndef MUSTER_CORE_NETWORK_H
#define MUSTER_CORE_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#define NETWORK_TEXT_MAX 50 /* longest text of a network and its NUL: 45 octets of address, "/128" */

enum network_family { NETWORK_NONE = 0, NETWORK_LOCAL, NETWORK_IPV4, NETWORK_IPV6 };

/* Where a client is. NETWORK_NONE: nobody knows; NETWORK_LOCAL: on this machine, over a Unix socket. */
struct network_address {
	enum network_family family;
	uint8_t octets[16]; /* the first 4 of an IPv4 address, the others 0 */
};

struct network {
	struct network_address address; /* IPv4 or IPv6; behind the first bits all are 0 */
	unsigned bits;
};

/*
 * network_address_parse - read an address: IPv4, IPv6, or IPv4 mapped into IPv6. No zone, port or brackets.
 * out:   address_out  NETWORK_NONE on error
 * error: ERR_INPUT
 */
int network_address_parse(const char *text, size_t len, struct network_address *address_out);

/*
 * network_peer_parse - where slapd says that a connection comes from: "IP=192.0.2.1:389", "IP=[2001:db8::1]:389",
 *                      "PATH=/run/slapd/ldapi".
 * out:   address_out  NETWORK_NONE on error
 * error: ERR_INPUT
 */
int network_peer_parse(const char *text, size_t len, struct network_address *address_out);

/*
 * network_parse - read a network in CIDR form, or an address alone, which is a network of one.
 * error: ERR_INPUT  not one, or bits behind the prefix are set: 192.0.2.1/24 is a mistake somebody should see
 * from:  RFC 4632 section 3.1, RFC 4291 section 2.3
 */
int network_parse(const char *text, size_t len, struct network *network_out);

/* network_format - the one text of a network. */
void network_format(const struct network *network, char text_out[NETWORK_TEXT_MAX]);

/* network_contains - 1 when an address is in a network of its family. Who is nowhere or local is in none. */
int network_contains(const struct network *network, const struct network_address *address);

#endif
