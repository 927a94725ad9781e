# tests/pam - the built module, loaded by libpam from a service file of its own

check_PROGRAMS += tests/pam/driver
tests_pam_driver_SOURCES = tests/pam/driver.c
tests_pam_driver_LDADD = $(PAM_LIBS)
