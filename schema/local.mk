# schema - the LDAP schema, the policy templates and what "muster init" brings into a slapd

muster_schemadir = $(pkgdatadir)/schema
dist_muster_schema_DATA = \
	schema/README.md \
	schema/muster.schema

muster_init_ldif = \
	schema/init/10-modules.ldif \
	schema/init/20-overlays.ldif \
	schema/init/30-indexes.ldif \
	schema/init/40-access.ldif \
	schema/init/50-tree.ldif \
	schema/init/60-courier.ldif
muster_policies_ldif = \
	schema/policies/console-15.ldif \
	schema/policies/console-16.ldif \
	schema/policies/modern.ldif

muster_initdir = $(muster_schemadir)/init
dist_muster_init_DATA = $(muster_init_ldif)
muster_policiesdir = $(muster_schemadir)/policies
dist_muster_policies_DATA = $(muster_policies_ldif)
