/*
 * fuzz_apps.c - addresses, networks and app passwords: text from the directory, from a login host and from strangers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/apppw.h"
#include "core/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A network that is accepted has a text that is accepted and is the same network. */
static void
parse_network(const char *text, size_t len)
{
	char formatted[NETWORK_TEXT_MAX];
	struct network once, again;

	if (network_parse(text, len, &once) != 0)
		return;
	network_format(&once, formatted);
	if (network_parse(formatted, strlen(formatted), &again) != 0 || memcmp(&once, &again, sizeof(once)) != 0 ||
	    !network_contains(&once, &once.address))
		abort();
}

static void
parse_app_password(const char *text, size_t len)
{
	char formatted[APPPW_TEXT_MAX], id[APPPW_ID_LEN + 1];
	struct apppw pw;
	int64_t when;

	if (apppw_parse(text, len, &pw) == 0 &&
	    (apppw_format(&pw, formatted) != 0 || strlen(formatted) != len || memcmp(formatted, text, len) != 0))
		abort();
	if (apppw_used_parse(text, len, id, &when) == 0 && strlen(id) != APPPW_ID_LEN)
		abort();
	(void)apppw_label_check(text, len);
	(void)apppw_looks_like(text, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size, so that an octet too far is seen. */
	char *text = malloc(size > 0 ? size : 1);
	struct network_address address;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	parse_network(text, size);
	parse_app_password(text, size);
	if (network_address_parse(text, size, &address) == 0 && address.family != NETWORK_IPV4 &&
	    address.family != NETWORK_IPV6)
		abort();
	if ((network_peer_parse(text, size, &address) == 0) != (address.family != NETWORK_NONE))
		abort();
	free(text);
	return 0;
}
