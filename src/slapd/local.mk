# src/slapd - the overlay. Its files are compiled with slapd's headers in place of ours: no config.h (it would
# redefine portable.h's macros), and Debian's large-file setting, which decides the layout of slapd's structures.
# slapd's headers are system headers to the compiler, so our warnings are about our files only.

overlay_sources = \
	src/slapd/application.c \
	src/slapd/application.h \
	src/slapd/account.c \
	src/slapd/account.h \
	src/slapd/account_remember.c \
	src/slapd/account_state.c \
	src/slapd/account_table.h \
	src/slapd/alone.c \
	src/slapd/alone.h \
	src/slapd/app_password.c \
	src/slapd/app_password.h \
	src/slapd/audit.c \
	src/slapd/audit.h \
	src/slapd/bind.c \
	src/slapd/caps.c \
	src/slapd/check_account.c \
	src/slapd/claim.h \
	src/slapd/claim_code.c \
	src/slapd/claim_mint.c \
	src/slapd/claim_payment.c \
	src/slapd/claim_signup.c \
	src/slapd/codes.c \
	src/slapd/codes.h \
	src/slapd/config.c \
	src/slapd/config_organization.c \
	src/slapd/config_organization.h \
	src/slapd/connections.c \
	src/slapd/connections.h \
	src/slapd/courier.c \
	src/slapd/entry.c \
	src/slapd/entry.h \
	src/slapd/exop.c \
	src/slapd/exop.h \
	src/slapd/exop_app.c \
	src/slapd/exop_decode.c \
	src/slapd/exop_factor.c \
	src/slapd/exop_organization.c \
	src/slapd/exop_password.c \
	src/slapd/exop_reset.c \
	src/slapd/exop_signup.c \
	src/slapd/exop_target.c \
	src/slapd/exop_target.h \
	src/slapd/exop_totp.c \
	src/slapd/factor.c \
	src/slapd/factor.h \
	src/slapd/factor_control.c \
	src/slapd/factor_control.h \
	src/slapd/failures.c \
	src/slapd/failures.h \
	src/slapd/fresh.c \
	src/slapd/fresh.h \
	src/slapd/grace.c \
	src/slapd/grace.h \
	src/slapd/internal.c \
	src/slapd/internal.h \
	src/slapd/lists.c \
	src/slapd/lists.h \
	src/slapd/member.c \
	src/slapd/member.h \
	src/slapd/mods.c \
	src/slapd/mods.h \
	src/slapd/module.c \
	src/slapd/muster.h \
	src/slapd/networks.c \
	src/slapd/networks.h \
	src/slapd/no_op.c \
	src/slapd/numbering.c \
	src/slapd/numbering.h \
	src/slapd/organization.c \
	src/slapd/organization.h \
	src/slapd/outbox.c \
	src/slapd/outbox.h \
	src/slapd/overlay.h \
	src/slapd/password.c \
	src/slapd/password.h \
	src/slapd/password_words.c \
	src/slapd/payment.c \
	src/slapd/payment.h \
	src/slapd/policy.c \
	src/slapd/policy.h \
	src/slapd/ppctrl.c \
	src/slapd/ppctrl.h \
	src/slapd/queue.c \
	src/slapd/queue.h \
	src/slapd/reply.c \
	src/slapd/reply.h \
	src/slapd/recovery.c \
	src/slapd/recovery.h \
	src/slapd/reseal.c \
	src/slapd/reseal.h \
	src/slapd/sasl.c \
	src/slapd/schema.c \
	src/slapd/signup.c \
	src/slapd/signup.h \
	src/slapd/source.c \
	src/slapd/source.h \
	src/slapd/task.c \
	src/slapd/task.h \
	src/slapd/verify.c \
	src/slapd/verify.h \
	src/slapd/write.c \
	src/slapd/write.h \
	src/slapd/write_add.c \
	src/slapd/write_address.c \
	src/slapd/write_app.c \
	src/slapd/write_applicant.c \
	src/slapd/write_application.c \
	src/slapd/write_audit.c \
	src/slapd/write_checks.c \
	src/slapd/write_decision.c \
	src/slapd/write_document.c \
	src/slapd/write_factor.c \
	src/slapd/write_follow.c \
	src/slapd/write_login.c \
	src/slapd/write_modify.c \
	src/slapd/write_numbers.c \
	src/slapd/write_owner.c \
	src/slapd/write_password.c \
	src/slapd/write_payment.c \
	src/slapd/write_policy.c \
	src/slapd/write_rename.c \
	src/slapd/write_replicated.c \
	src/slapd/write_self.c \
	src/slapd/write_service.c

EXTRA_DIST += $(overlay_sources) src/slapd/exports.sym src/slapd/schema-table.awk

if OVERLAY
slapdmod_LTLIBRARIES += src/slapd/muster.la
src_slapd_muster_la_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-I$(top_srcdir)/src -I$(top_builddir)/src -isystem $(OPENLDAP_SOURCE)/include -isystem $(OPENLDAP_SOURCE)/servers/slapd
src_slapd_muster_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols $(top_srcdir)/src/slapd/exports.sym
src_slapd_muster_la_LIBADD = libcore.la libcommon.la
src_slapd_muster_la_DEPENDENCIES = libcore.la libcommon.la src/slapd/exports.sym
src_slapd_muster_la_SOURCES = $(overlay_sources)
nodist_src_slapd_muster_la_SOURCES = src/slapd/schema-table.h
BUILT_SOURCES += src/slapd/schema-table.h
CLEANFILES += src/slapd/schema-table.h

src/slapd/schema-table.h: $(top_srcdir)/schema/muster.schema $(top_srcdir)/src/slapd/schema-table.awk
	$(AM_V_GEN)$(MKDIR_P) src/slapd && \
	$(AWK) -f $(top_srcdir)/src/slapd/schema-table.awk $(top_srcdir)/schema/muster.schema >$@.tmp && mv $@.tmp $@
endif
