/*
 * module.c - what happens when slapd loads muster.so: is this the slapd we were built for, then registration.
 */
#include "slapd/muster.h"

#include <dlfcn.h>
#include <link.h>

#include <sodium.h>

#include "slapd/alone.h"
#include "slapd/connections.h"
#include "slapd/fresh.h"

#define MUSTER_SCHEME "{MUSTER}"

slap_overinst muster_overlay;

extern const char Versionstr[];

/* refuse - one line for whoever starts slapd. An ABI that does not fit is seen before slapd's log is open. */
static int
refuse(const char *text, const char *built, const char *running)
{
	fprintf(stderr, "muster: %s: built for %s, running %s: rebuild muster for this slapd\n", text, built, running);
	return -1;
}

/*
 * abi_check - a module built for other headers is loaded without complaint and then reads the wrong fields.
 *             The upstream version is compared, never the distribution's revision: a security update must not stop a
 *             directory. The size of a big exported object shows most differences of configuration.
 */
static int
abi_check(void)
{
	LDAPAPIInfo api = { .ldapai_info_version = LDAP_API_INFO_VERSION };
	char built[24], running[24];
	const ElfW(Sym) *symbol = NULL;
	Dl_info object;

	if (ldap_get_option(NULL, LDAP_OPT_API_INFO, &api) != LDAP_OPT_SUCCESS)
		return refuse("libldap", OPENLDAP_VERSION, "an unknown version");
	ber_memfree(api.ldapai_vendor_name);
	ber_memvfree((void **)api.ldapai_extensions);
	snprintf(built, sizeof(built), "%d", LDAP_VENDOR_VERSION);
	snprintf(running, sizeof(running), "%d", api.ldapai_vendor_version);
	if (api.ldapai_vendor_version != LDAP_VENDOR_VERSION)
		return refuse("libldap", built, running);
	if (strstr(Versionstr, "slapd " OPENLDAP_VERSION) == NULL)
		return refuse("slapd", OPENLDAP_VERSION, Versionstr);
	if (dladdr1(&slap_schema, &object, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL)
		return refuse("slapd's schema", "one with symbols", "one without");
	snprintf(built, sizeof(built), "%zu octets", sizeof(slap_schema));
	snprintf(running, sizeof(running), "%zu octets", (size_t)symbol->st_size);
	if (symbol->st_size != sizeof(slap_schema))
		return refuse("slapd's schema", built, running);
	return 0;
}

/* scheme_check - {MUSTER} is verified by the overlay's bind alone, so that nothing lets a member in without it. */
static int
scheme_check(const struct berval *scheme, const struct berval *passwd, const struct berval *cred, const char **text)
{
	(void)scheme;
	(void)passwd;
	(void)cred;
	if (text != NULL)
		*text = NULL;
	return LUTIL_PASSWD_ERR;
}

/* scheme_hash - never makes a hash: new passwords of members come with rules and history, which the overlay applies */
static int
scheme_hash(const struct berval *scheme, const struct berval *passwd, struct berval *hash, const char **text)
{
	(void)scheme;
	(void)passwd;
	BER_BVZERO(hash);
	if (text != NULL)
		*text = "{MUSTER} hashes are made by the muster overlay only";
	return LUTIL_PASSWD_ERR;
}

static int
hooks_register(void)
{
	muster_overlay.on_bi.bi_type = "muster";
	muster_overlay.on_bi.bi_flags = SLAPO_BFLAG_SINGLE | SLAPO_BFLAG_DBONLY;
	muster_overlay.on_bi.bi_op_bind = bind_hook;
	muster_overlay.on_bi.bi_op_add = add_entrance;
	muster_overlay.on_bi.bi_op_modify = modify_entrance;
	muster_overlay.on_bi.bi_op_modrdn = modrdn_entrance;
	muster_overlay.on_bi.bi_op_delete = delete_entrance;
	muster_overlay.on_bi.bi_extended = extended_hook;
	return config_register(&muster_overlay);
}

int init_module(int argc, char *argv[]);

int
init_module(int argc, char *argv[])
{
	static struct berval scheme = BER_BVC(MUSTER_SCHEME);
	int rc;

	(void)argc;
	(void)argv;
	if (abi_check() != 0)
		return -1;
	if (sodium_init() < 0) {
		fprintf(stderr, "muster: libsodium cannot be used\n");
		return -1;
	}
	connections_ready();
	alone_ready();
	fresh_init();
	rc = schema_register();
	if (rc != LDAP_SUCCESS)
		return rc;
	if (lutil_passwd_add(&scheme, scheme_check, scheme_hash) != 0)
		return LDAP_NO_MEMORY;
	rc = bind_register_control();
	if (rc == LDAP_SUCCESS)
		rc = hooks_register();
	if (rc == LDAP_SUCCESS)
		rc = exop_register();
	if (rc == LDAP_SUCCESS)
		rc = sasl_register();
	return rc;
}

struct muster *
muster_of(Operation *op)
{
	return ((slap_overinst *)op->o_bd->bd_info)->on_bi.bi_private;
}

struct muster *
overlay_instance(struct berval *ndn, BackendDB **be_out)
{
	BackendDB *be = select_backend(ndn, 0);
	slap_overinst *on;

	*be_out = NULL;
	if (be == NULL || !overlay_is_over(be))
		return NULL;
	for (on = ((slap_overinfo *)be->bd_info->bi_private)->oi_list; on != NULL; on = on->on_next) {
		if (on->on_bi.bi_type != muster_overlay.on_bi.bi_type || (on->on_bi.bi_flags & SLAPO_BFLAG_DISABLED))
			continue;
		*be_out = be;
		return on->on_bi.bi_private;
	}
	return NULL;
}
