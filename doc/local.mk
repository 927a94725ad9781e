# doc - manual pages and documents

dist_doc_DATA += \
	README.md \
	LICENSE \
	SECURITY.md \
	doc/ARCHITECTURE.md \
	doc/CONTRIBUTING.md \
	doc/CONSOLE.md \
	doc/OPERATIONS.md

dist_man_MANS += \
	doc/man/muster.1 \
	doc/man/muster.conf.5 \
	doc/man/musterd.8 \
	doc/man/pam_muster.8
