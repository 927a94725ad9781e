/*
 * network.c - addresses of clients and the networks they may be in.
 */
#include "core/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/text.h"

#define IPV4_OCTETS 4
#define IPV6_OCTETS 16
#define MAPPED_BITS 96 /* of the prefix that maps IPv4 into IPv6, RFC 4291 section 2.5.5.2 */
#define PEER_IP "IP="
#define PEER_PATH "PATH="

static const uint8_t mapped_prefix[MAPPED_BITS / 8] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* parse_octets - an address as it is written; mapped ones stay IPv6. error: ERR_INPUT */
static int
parse_octets(const char *text, size_t len, struct network_address *out)
{
	char copy[INET6_ADDRSTRLEN];

	memset(out, 0, sizeof(*out));
	if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return ERR_INPUT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, out->octets) == 1)
		out->family = NETWORK_IPV4;
	else if (inet_pton(AF_INET6, copy, out->octets) == 1)
		out->family = NETWORK_IPV6;
	if (out->family != NETWORK_NONE)
		return 0;
	memset(out, 0, sizeof(*out));
	return ERR_INPUT;
}

static int
is_mapped(const struct network_address *address)
{
	return address->family == NETWORK_IPV6 && memcmp(address->octets, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static void
unmap(struct network_address *address)
{
	memmove(address->octets, address->octets + sizeof(mapped_prefix), IPV4_OCTETS);
	memset(address->octets + IPV4_OCTETS, 0, IPV6_OCTETS - IPV4_OCTETS);
	address->family = NETWORK_IPV4;
}

int
network_address_parse(const char *text, size_t len, struct network_address *address_out)
{
	int r = parse_octets(text, len, address_out);

	if (r == 0 && is_mapped(address_out))
		unmap(address_out);
	return r;
}

/* peer_host - the address in "host:port" or "[host]:port". error: ERR_INPUT */
static int
peer_host(const char *text, size_t len, struct network_address *out)
{
	size_t end = len;

	while (end > 0 && text[end - 1] != ':')
		end--;
	if (end < 2)
		return ERR_INPUT;
	end--;
	if (text[0] != '[')
		return network_address_parse(text, end, out);
	return text[end - 1] == ']' ? network_address_parse(text + 1, end - 2, out) : ERR_INPUT;
}

static int
has_prefix(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

int
network_peer_parse(const char *text, size_t len, struct network_address *address_out)
{
	memset(address_out, 0, sizeof(*address_out));
	if (has_prefix(text, len, PEER_PATH)) {
		address_out->family = NETWORK_LOCAL;
		return 0;
	}
	if (!has_prefix(text, len, PEER_IP))
		return ERR_INPUT;
	return peer_host(text + strlen(PEER_IP), len - strlen(PEER_IP), address_out);
}

static unsigned
family_bits(enum network_family family)
{
	return 8 * (family == NETWORK_IPV4 ? IPV4_OCTETS : IPV6_OCTETS);
}

/* has_bits_behind - 1 when a bit behind the prefix is set */
static int
has_bits_behind(const struct network *network)
{
	unsigned bit;

	for (bit = network->bits; bit < family_bits(network->address.family); bit++)
		if (network->address.octets[bit / 8] & 0x80 >> bit % 8)
			return 1;
	return 0;
}

int
network_parse(const char *text, size_t len, struct network *network_out)
{
	const char *slash = len > 0 ? memchr(text, '/', len) : NULL;
	size_t address_len = slash != NULL ? (size_t)(slash - text) : len;
	int64_t bits;
	int r;

	memset(network_out, 0, sizeof(*network_out));
	r = parse_octets(text, address_len, &network_out->address);
	if (r != 0)
		return r;
	bits = family_bits(network_out->address.family);
	if (slash != NULL && text_number(slash + 1, len - address_len - 1, 0, bits, &bits) != 0)
		goto refused;
	network_out->bits = (unsigned)bits;
	if (has_bits_behind(network_out))
		goto refused;
	/* A shorter prefix is a network of IPv6 that has all of IPv4 in it by accident. */
	if (is_mapped(&network_out->address) && network_out->bits >= MAPPED_BITS) {
		unmap(&network_out->address);
		network_out->bits -= MAPPED_BITS;
	}
	return 0;
refused:
	memset(network_out, 0, sizeof(*network_out));
	return ERR_INPUT;
}

void
network_format(const struct network *network, char text_out[NETWORK_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN] = "";
	int family = network->address.family == NETWORK_IPV4 ? AF_INET : AF_INET6;

	(void)inet_ntop(family, network->address.octets, address, sizeof(address));
	(void)snprintf(text_out, NETWORK_TEXT_MAX, "%s/%u", address, network->bits);
}

int
network_contains(const struct network *network, const struct network_address *address)
{
	unsigned bit;

	if (address->family != network->address.family ||
	    (address->family != NETWORK_IPV4 && address->family != NETWORK_IPV6))
		return 0;
	for (bit = 0; bit < network->bits; bit++)
		if ((network->address.octets[bit / 8] ^ address->octets[bit / 8]) & 0x80 >> bit % 8)
			return 0;
	return 1;
}
