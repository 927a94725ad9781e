# schema - the LDAP schema and the policy templates

muster_schemadir = $(pkgdatadir)/schema
dist_muster_schema_DATA = \
	schema/muster.schema
