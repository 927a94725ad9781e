# tests/integration - a real slapd in a private folder, driven through tests/lib. Each file is a program that prints TAP.

integration_tests += \
	tests/integration/test_account.py \
	tests/integration/test_addresses.py \
	tests/integration/test_adopt.py \
	tests/integration/test_applications.py \
	tests/integration/test_apps.py \
	tests/integration/test_attack.py \
	tests/integration/test_attack_musterd.py \
	tests/integration/test_audit.py \
	tests/integration/test_backup.py \
	tests/integration/test_bind.py \
	tests/integration/test_cli.py \
	tests/integration/test_cli_applications.py \
	tests/integration/test_cli_organizations.py \
	tests/integration/test_clients.py \
	tests/integration/test_console.py \
	tests/integration/test_contract.py \
	tests/integration/test_courier.py \
	tests/integration/test_demo.py \
	tests/integration/test_doctor.py \
	tests/integration/test_exop.py \
	tests/integration/test_factors.py \
	tests/integration/test_import.py \
	tests/integration/test_keys.py \
	tests/integration/test_login_id.py \
	tests/integration/test_model.py \
	tests/integration/test_musterd.py \
	tests/integration/test_networks.py \
	tests/integration/test_new_organization.py \
	tests/integration/test_no_op.py \
	tests/integration/test_numbers.py \
	tests/integration/test_organizations.py \
	tests/integration/test_gate.py \
	tests/integration/test_guess.py \
	tests/integration/test_overlay.py \
	tests/integration/test_pam.py \
	tests/integration/test_paths.py \
	tests/integration/test_payments.py \
	tests/integration/test_policy.py \
	tests/integration/test_replica.py \
	tests/integration/test_roles.py \
	tests/integration/test_schema.py \
	tests/integration/test_services.py \
	tests/integration/test_signup.py \
	tests/integration/test_sms_spool.py \
	tests/integration/test_stacks.py \
	tests/integration/test_states.py \
	tests/integration/test_storm.py \
	tests/integration/test_suite.py \
	tests/integration/test_uninstall.py \
	tests/integration/test_totp_steps.py \
	tests/integration/test_write.py

# Programs with threads under helgrind: part of check-valgrind.
race_tests = tests/integration/test_races.py

EXTRA_DIST += \
	$(race_tests) \
	tests/lib/helgrind.supp \
	tests/lib/__init__.py \
	tests/lib/address_model.py \
	tests/lib/address_walk.py \
	tests/lib/adoption.py \
	tests/lib/application_model.py \
	tests/lib/application_walk.py \
	tests/lib/applications.py \
	tests/lib/ber.py \
	tests/lib/bulk.py \
	tests/lib/certs.py \
	tests/lib/daemon.py \
	tests/lib/checkup.py \
	tests/lib/codes.py \
	tests/lib/command.py \
	tests/lib/console.py \
	tests/lib/clock.c \
	tests/lib/exops.py \
	tests/lib/failures.py \
	tests/lib/faulty.py \
	tests/lib/full.c \
	tests/lib/impostor.py \
	tests/lib/gate.py \
	tests/lib/host.py \
	tests/lib/killed.py \
	tests/lib/logs.py \
	tests/lib/mail.py \
	tests/lib/matrix.py \
	tests/lib/model.py \
	tests/lib/modem.py \
	tests/lib/parallel.py \
	tests/lib/people.py \
	tests/lib/proto.py \
	tests/lib/relay.py \
	tests/lib/roles.py \
	tests/lib/rules.py \
	tests/lib/served.py \
	tests/lib/session.py \
	tests/lib/site.py \
	tests/lib/smtp.py \
	tests/lib/storm.py \
	tests/lib/tap.py \
	tests/lib/terminal.py \
	tests/lib/totp.py \
	tests/lib/steps.py \
	tests/lib/walk.py \
	tests/lib/ways.py \
	tests/lib/world.py
