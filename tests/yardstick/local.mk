# tests/yardstick - long proofs, measured against what others do: `make check-yardstick`. They need the overlay, a quiet machine for
# the timing and, most of it for 10,000 walks of the model, about an hour; `make check` runs two scripts of OpenLDAP's suite (tests/integration/test_suite.py).

yardstick_tests = \
	tests/yardstick/burst.py \
	tests/yardstick/courier.py \
	tests/yardstick/import.py \
	tests/yardstick/model.py \
	tests/yardstick/openldap.py \
	tests/yardstick/programs.py \
	tests/yardstick/roles.py \
	tests/yardstick/timing.py

EXTRA_DIST += \
	$(yardstick_tests) \
	tests/yardstick/ldapmodify.py \
	tests/yardstick/scripts.txt \
	tests/yardstick/shim.py \
	tests/yardstick/slapd.py

.PHONY: check-yardstick
check-yardstick: all $(check_PROGRAMS)
if !OVERLAY
	@echo "check-yardstick needs the overlay: configure --with-openldap-source=DIR" >&2; exit 1
endif
if SANITIZED
	@echo "check-yardstick needs a build without --enable-sanitizers" >&2; exit 1
endif
	@rm -f tests/yardstick/*.trs; status=0; \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(yardstick_tests)' || status=1; \
	cat tests/yardstick/*.log | grep -E '^(# )?figure: ' || :; \
	cat tests/yardstick/*.trs | $(AWK) '/^:test-result: PASS/ { passed++; next } /^:test-result: / { failed++ } \
		END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }' || status=1; \
	exit $$status

# F19: everything of the integration tests again with slapd logging all but what clients send; nothing secret may be in any log.
.PHONY: check-logs
check-logs: all $(check_PROGRAMS)
	MUSTER_SLAPD_DEBUG=highest; export MUSTER_SLAPD_DEBUG; \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(integration_tests)'
