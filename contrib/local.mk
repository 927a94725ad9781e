# contrib - the two commands of the README and what they share

dist_noinst_SCRIPTS += \
	contrib/check \
	contrib/demo \
	contrib/login-packages \
	contrib/slapd-headers

EXTRA_DIST += \
	.ci/run \
	.clang-format \
	.editorconfig \
	contrib/lib/build.sh \
	contrib/lib/demo.py \
	contrib/lib/demo_account.py \
	contrib/lib/demo_serve.py \
	contrib/lib/demo_site.py \
	contrib/lib/demo_story.py \
	contrib/lib/smtp_server.py

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	contrib/muster.conf \
	contrib/systemd/muster-users.conf \
	contrib/systemd/musterd.service

# /etc/pam.d of a login host, and what NSS needs there
pamexamplesdir = $(examplesdir)/pam
dist_pamexamples_DATA = \
	contrib/pam/login \
	contrib/pam/muster \
	contrib/pam/pam-auth-update \
	contrib/pam/passwd \
	contrib/pam/sshd \
	contrib/pam/su \
	contrib/pam/sudo
smsexamplesdir = $(examplesdir)/sms
dist_smsexamples_SCRIPTS = \
	contrib/sms/sms-to-folder \
	contrib/sms/sms-to-smstools
paymentsexamplesdir = $(examplesdir)/payments
dist_paymentsexamples_SCRIPTS = contrib/payments/payments-from-folder
nssexamplesdir = $(examplesdir)/nss
dist_nssexamples_DATA = \
	contrib/nss/access.ldif \
	contrib/nss/nslcd.conf \
	contrib/nss/sssd.conf

# What the demo and the tests log in with; not installed
noinst_PROGRAMS += pam-login
pam_login_SOURCES = contrib/lib/pam-login.c
pam_login_LDADD = $(PAM_LIBS)

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/bash-completion/muster
