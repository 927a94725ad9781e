/*
 * test_conf.c - muster.conf: every option from one table, errors that name file and line, files that nobody else can have written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/address.h"
#include "common/conf.h"

static char folder[] = "/tmp/muster-conf-XXXXXX";
static char path[64], other[64];
static char error[CONF_ERROR_MAX];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/muster.conf", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static void
write_octets(const char *name, const void *data, size_t len, mode_t mode)
{
	FILE *file;

	unlink(name);
	file = fopen(name, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static struct conf *
load(const char *text)
{
	struct conf *conf = NULL;

	write_octets(path, text, strlen(text), 0644);
	if (conf_load(path, &conf, error) != 0)
		fail_msg("%s", error);
	assert_string_equal(error, "");
	return conf;
}

/* The text is refused in a line, and the message says what is expected to be said. */
static void
refuse_octets(const void *text, size_t len, int line, const char *says)
{
	struct conf *conf = (struct conf *)&line;
	char where[96];

	write_octets(path, text, len, 0644);
	assert_int_equal(conf_load(path, &conf, error), ERR_CONFIG);
	assert_null(conf);
	snprintf(where, sizeof(where), "%s:%d: ", path, line);
	if (strncmp(error, where, strlen(where)) != 0 || strstr(error, says) == NULL)
		fail_msg("%s (line %d, \"%s\" expected)", error, line, says);
}

static void
refuse(const char *text, int line, const char *says)
{
	refuse_octets(text, strlen(text), line, says);
}

static void
every_row_is_right_about_itself(void **state)
{
	size_t n, i, j;
	const struct conf_option *options = conf_options(&n);
	struct conf *conf = load("");

	(void)state;
	for (i = 0; i < n; i++) {
		assert_true(options[i].offset + sizeof(int) <= sizeof(struct conf));
		assert_true(strlen(options[i].help) > 0 && strchr(options[i].help, '\n') == NULL);
		assert_true((options[i].type == CONF_CHOICE) == (options[i].choices != NULL));
		for (j = 0; j < i; j++) {
			assert_int_not_equal(options[i].offset, options[j].offset);
			assert_false(strcmp(options[i].section, options[j].section) == 0 &&
			             strcmp(options[i].key, options[j].key) == 0);
		}
	}
	conf_free(&conf);
	assert_null(conf);
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	struct conf *conf = load("\n# nothing\n; nothing\n");

	(void)state;
	assert_string_equal(conf->directory.uris, "ldapi:///");
	assert_int_equal(conf->directory.start_tls, 1);
	assert_int_equal(conf->directory.timeout_ms, 4000);
	assert_int_equal(conf->gate.enabled, 1);
	assert_string_equal(conf->gate.socket, "/run/muster/gate.sock");
	assert_string_equal(conf->gate.user, "_muster-gate");
	assert_int_equal(conf->gate.account_without_password, CONF_ACCOUNT_DENY);
	assert_string_equal(conf->courier.user, "_muster-courier");
	assert_int_equal(conf->courier.smtp_tls, CONF_SMTP_TLS_REQUIRED);
	assert_string_equal(conf->courier.reset_url, "");
	conf_free(&conf);
}

static void
options_of_each_type_are_read(void **state)
{
	struct conf *conf = load("[directory]\nuris = ldaps://a.example ldaps://b.example\n  base=dc=example,dc=com ; ours\n"
	                         "[gate]\r\nenabled = no\r\nworkers: 256\r\naccount_without_password = allow\r\n"
	                         "[courier]\nsmtp_tls = none\nservice_name = \xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0\n"
	                         "[directory]\ntimeout_ms = 100\n");

	(void)state;
	assert_string_equal(conf->directory.uris, "ldaps://a.example ldaps://b.example");
	assert_string_equal(conf->directory.base, "dc=example,dc=com");
	assert_int_equal(conf->directory.timeout_ms, 100);
	assert_int_equal(conf->gate.enabled, 0);
	assert_int_equal(conf->gate.workers, 256);
	assert_int_equal(conf->gate.account_without_password, CONF_ACCOUNT_ALLOW);
	assert_int_equal(conf->courier.smtp_tls, CONF_SMTP_TLS_NONE);
	assert_string_equal(conf->courier.service_name, "\xeb\xa8\xb8\xec\x8a\xa4\xed\x84\xb0");
	conf_free(&conf);
}

static void
what_is_unknown_or_twice_is_refused(void **state)
{
	(void)state;
	refuse("[gate]\nenabled = yes\nenabeld = no\n", 3, "enabeld");
	refuse("[gaet]\nenabled = no\n", 1, "gaet");
	refuse("[gate]\n\n[gaet]\n", 3, "gaet");
	refuse("[gate\nenabled = no\n", 1, "");
	refuse("[gate]\nuris = ldapi:///\n", 2, "uris");
	refuse("[Gate]\nenabled = no\n", 1, "Gate");
	refuse("enabled = no\n", 1, "section");
	refuse("[gate]\nworkers = 1\nworkers = 1\n", 3, "line 2");
	refuse("[gate]\nworkers = 1\n[log]\n[gate]\nworkers = 2\n", 5, "line 2");
	refuse("[gate]\n\nenabled\n", 3, "");
	refuse("[gate]\nnonsense here\nworkers = x\n", 2, "");
	refuse("[gate]\nworkers = x\nnonsense here\n", 2, "workers");
}

static void
values_out_of_range_are_refused(void **state)
{
	static const char *const numbers[] = { "0", "-1", "257", "2147483648", "9223372036854775808", "1e2", "", "0x10", "1 2",
	                                       "+1", "99999999999999999999999999999999" };
	static const char with_nul[] = "[courier]\nservice_name = a\0b\n";
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(text, sizeof(text), "[gate]\nworkers = %s\n", numbers[i]);
		refuse(text, 2, "1 to 256");
	}
	refuse("[gate]\nenabled = true\n", 2, "yes or no");
	refuse("[gate]\nenabled =\n", 2, "yes or no");
	refuse("[log]\nlevel = deb\n", 2, "error notice info debug");
	refuse("[log]\nlevel = notice info\n", 2, "error notice info debug");
	refuse("[gate]\nsocket = gate.sock\n", 2, "path");
	refuse("[gate]\ndn_template = uid=alice\n", 2, "%u");
	refuse("[gate]\ndn_template = uid=%u,ou=%s\n", 2, "%u");
	refuse("[gate]\ndn_template = uid=%u,ou=%\n", 2, "%u");
	refuse("[gate]\nsearch_filter = (|(uid=%u)(mail=%u))\n", 2, "%u");
	refuse("[directory]\nuris = http://a\n", 2, "ldap");
	refuse("[directory]\nuris = ldapi:/// a.example\n", 2, "ldap");
	refuse("[courier]\nfrom = Muster <muster@example.com>\n", 2, "mail address");
	refuse("[courier]\nsmtp_url = smtp://me:secret@relay\n", 2, "smtp_user");
	refuse("[courier]\nsmtp_url = http://relay\n", 2, "smtp://");
	refuse("[courier]\nreset_url = http://id.example.com/\n", 2, "https://");
	refuse("[courier]\nservice_name = a\x01z\n", 2, "control");
	refuse("[courier]\nservice_name = a\xff\n", 2, "UTF-8");
	refuse("[sms]\ncommand = gammu TEXT\n", 2, "absolute path");
	refuse("[sms]\ncommand = /bin/sh -c 'send $1'\n", 2, "without a shell");
	refuse("[payments]\ncommand = ask\n", 2, "absolute path");
	refuse_octets(with_nul, sizeof(with_nul) - 1, 2, "NUL");
}

static void
a_long_line_is_refused_not_cut(void **state)
{
	char text[4096] = "[courier]\nservice_name = ";

	(void)state;
	memset(text + strlen(text), 'a', 3000);
	refuse(text, 2, "long");
	strcat(text, "\nreset_url = x\n");
	refuse(text, 2, "long");
}

static void
what_is_printed_reads_back_the_same(void **state)
{
	struct conf *first = load("[directory]\nuris = ldaps://a.example\n[gate]\ndn_template = uid=%u,ou=100%%,dc=x\nenabled = no\n"
	                          "[courier]\nservice_name = \xeb\xa8\xb8 x\nsmtp_tls = optional\n[log]\ntarget = syslog\n");
	struct conf *second;
	char *one = NULL, *two = NULL;
	size_t one_len, two_len;
	FILE *out;

	(void)state;
	out = open_memstream(&one, &one_len);
	assert_int_equal(conf_print(first, out), 0);
	fclose(out);
	second = load(one);
	out = open_memstream(&two, &two_len);
	assert_int_equal(conf_print(second, out), 0);
	fclose(out);
	assert_string_equal(one, two);
	assert_non_null(strstr(one, "\ndn_template = uid=%u,ou=100%%,dc=x\n"));
	assert_non_null(strstr(one, "\nsmtp_tls = optional\n"));
	free(one);
	free(two);
	conf_free(&first);
	conf_free(&second);
}

/* With the # before each option gone, the sample is a file that changes nothing. */
static void
the_sample_shows_the_defaults(void **state)
{
	struct conf *plain = load(""), *sampled;
	char *sample = NULL, *one = NULL, *two = NULL, *p;
	size_t len;
	FILE *out;

	(void)state;
	out = open_memstream(&sample, &len);
	assert_int_equal(conf_print_sample(out), 0);
	fclose(out);
	for (p = sample; (p = strstr(p, "\n#")) != NULL; p++)
		if (p[2] != ' ')
			p[1] = ' ';
	sampled = load(sample);
	out = open_memstream(&one, &len);
	assert_int_equal(conf_print(plain, out), 0);
	fclose(out);
	out = open_memstream(&two, &len);
	assert_int_equal(conf_print(sampled, out), 0);
	fclose(out);
	assert_string_equal(one, two);
	free(sample);
	free(one);
	free(two);
	conf_free(&plain);
	conf_free(&sampled);
}

static void
a_file_that_others_can_write_is_refused(void **state)
{
	struct conf *conf;

	(void)state;
	write_octets(path, "", 0, 0664);
	assert_int_equal(conf_load(path, &conf, error), ERR_CONFIG);
	assert_non_null(strstr(error, "chmod go-w"));
	write_octets(path, "", 0, 0646);
	assert_int_equal(conf_load(path, &conf, error), ERR_CONFIG);
	write_octets(path, "", 0, 0640);
	assert_int_equal(conf_load(path, &conf, error), 0);
	conf_free(&conf);
	unlink(other);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(conf_load(other, &conf, error), ERR_CONFIG);
	assert_non_null(strstr(error, "symbolic link"));
	unlink(other);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(conf_load(other, &conf, error), ERR_CONFIG);
	assert_non_null(strstr(error, "regular"));
	assert_int_equal(conf_load(folder, &conf, error), ERR_CONFIG);
	unlink(other);
	assert_int_equal(conf_load(other, &conf, error), ERR_CONFIG);
	assert_non_null(strstr(error, other));
}

static void
a_secret_is_the_first_line_of_a_closed_file(void **state)
{
	static const mode_t open_modes[] = { 0604, 0644, 0602, 0620, 0610, 0666, 0777 };
	struct secret *secret;
	char long_line[SECRET_MAX + 2];
	size_t i;

	(void)state;
	write_octets(other, "s3cret \nmore\n", 13, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), 0);
	assert_string_equal((char *)secret->data, "s3cret ");
	secret_free(&secret);
	write_octets(other, "x", 1, 0400);
	assert_int_equal(conf_read_secret(other, &secret, error), 0);
	assert_int_equal(secret->len, 1);
	secret_free(&secret);
	for (i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		write_octets(other, "s3cret\n", 7, open_modes[i]);
		assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
		assert_null(secret);
		assert_null(strstr(error, "s3cret"));
	}
	write_octets(other, "", 0, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
	write_octets(other, "\nx", 2, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
	write_octets(other, "a\0b\n", 4, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
	memset(long_line, 'a', sizeof(long_line));
	write_octets(other, long_line, SECRET_MAX, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), 0);
	assert_int_equal(secret->len, SECRET_MAX);
	secret_free(&secret);
	write_octets(other, long_line, SECRET_MAX + 1, 0600);
	assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
	write_octets(path, "x\n", 2, 0600);
	unlink(other);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(conf_read_secret(other, &secret, error), ERR_CONFIG);
}

static void
a_secret_must_be_readable_for_its_user(void **state)
{
	const uid_t uid = geteuid() + 4242;
	const gid_t gid = getegid() + 4242;

	(void)state;
	write_octets(other, "x\n", 2, 0600);
	assert_int_equal(conf_check_secret(other, geteuid(), getegid(), error), 0);
	assert_int_equal(conf_check_secret(other, uid, gid, error), ERR_CONFIG);
	write_octets(other, "x\n", 2, 0640);
	assert_int_equal(conf_check_secret(other, uid, gid, error), ERR_CONFIG);
}

static void
the_daemon_wants_what_belongs_together(void **state)
{
	static const char begin[] = "[directory]\nbase = dc=x\n[gate]\ndn_template = uid=%u,dc=x\n[courier]\nfrom = a@b.example\n";
	static const struct {
		const char *more, *says;
	} cases[] = {
		{ "", NULL },
		{ "bind_dn = cn=courier\n", "bind_password_file" },
		{ "bind_password_file = /x\n", "bind_password_file" },
		{ "smtp_user = me\n", "smtp_password_file" },
		{ "smtp_user = me\nsmtp_password_file = /x\n", NULL },
		{ "smtp_user = me\nsmtp_password_file = /x\nsmtp_tls = optional\n", "smtp_tls" },
		{ "smtp_user = me\nsmtp_password_file = /x\nsmtp_tls = none\nsmtp_url = smtps://relay\n", NULL },
		{ "smtp_url =\n", "smtp_url" },
		{ "[directory]\nuris = ldap://a\nstart_tls = no\n", "start_tls" },
		{ "[directory]\nuris = ldap://a\n", NULL },
		{ "[directory]\nuris =\n", "uris" },
		{ "[gate]\nbind_dn = cn=host\n", "bind_password_file" },
		{ "[gate]\nsocket = /gate.sock\n", "socket" },
		{ "enabled = no\n[gate]\nenabled = no\n", "nothing to do" },
		{ "[sms]\ncommand = /bin/sh /x/send -v\n", NULL },
		{ "[sms]\ncommand = /nonexistent/send\n", "no program" },
		{ "[sms]\ncommand = /etc/passwd\n", "no program" },
		{ "[sms]\ncommand = /bin\n", "no program" },
		{ "[payments]\ncommand = /etc/passwd\n", "[payments] command" },
		{ "enabled = no\n[sms]\ncommand = /nonexistent/send\n", NULL },
	};
	char text[1024];
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", begin, cases[i].more);
		conf = load(text);
		assert_int_equal(conf_check_daemon(conf, "muster.conf", error), cases[i].says == NULL ? 0 : ERR_CONFIG);
		if (cases[i].says != NULL && strstr(error, cases[i].says) == NULL)
			fail_msg("%s", error);
		conf_free(&conf);
	}
	conf = load("[courier]\nenabled = no\n[gate]\nsearch_base = dc=x\n");
	assert_int_equal(conf_check_daemon(conf, "muster.conf", error), 0);
	conf_free(&conf);
}

static void
addresses_that_need_quoting_are_none(void **state)
{
	char longest[ADDRESS_MAX + 2];

	(void)state;
	assert_true(address_is_mail("alice@example.com"));
	assert_true(address_is_mail("-a.b+c@x"));
	assert_false(address_is_mail(""));
	assert_false(address_is_mail("alice"));
	assert_false(address_is_mail("@x"));
	assert_false(address_is_mail("alice@"));
	assert_false(address_is_mail("a@b@c"));
	assert_false(address_is_mail("a b@c"));
	assert_false(address_is_mail("<a@b>"));
	assert_false(address_is_mail("a@b\r\nBcc: c@d"));
	assert_false(address_is_mail("\xc3\xa9@b"));
	memset(longest, 'a', sizeof(longest));
	longest[ADDRESS_MAX - 2] = '@';
	longest[ADDRESS_MAX] = '\0';
	assert_true(address_is_mail(longest));
	longest[ADDRESS_MAX] = 'a';
	longest[ADDRESS_MAX + 1] = '\0';
	assert_false(address_is_mail(longest));
}

static void
numbers_are_what_e164_says(void **state)
{
	static const char *const good[] = { "+1234567", "+821012345678", "+123456789012345" };
	static const char *const bad[] = { "", "+", "+123456", "+1234567890123456", "+01234567", "01012345678", "821012345678",
	                                   "++821012345", "+82 1012345678", "+82-1012345678", "+8210123456a", "+821012345678\n",
	                                   "tel:+821012345678", "+82(0)101234567" };
	char text[] = " +82 10-1234 - 5678 ";
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(address_is_number(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(address_is_number(bad[i]));
	len = address_clean_number(text, strlen(text));
	assert_int_equal(len, 13);
	assert_memory_equal(text, "+821012345678", 13);
	assert_int_equal(address_clean_number(text, 0), 0);
}

/* A program that somebody else may change would get every code. */
static void
the_command_is_nobody_elses(void **state)
{
	static const char begin[] = "[directory]\nbase = dc=x\n[gate]\nenabled = no\n[courier]\nfrom = a@b.example\n[sms]\ncommand = ";
	static const mode_t modes[] = { 0755, 0700, 0775, 0757, 0644 };
	char text[512];
	size_t i;

	(void)state;
	snprintf(text, sizeof(text), "%s%s -x\n", begin, other);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct conf *conf;

		write_octets(other, "#!/bin/sh\n", 10, modes[i]);
		conf = load(text);
		assert_int_equal(conf_check_daemon(conf, "muster.conf", error), i < 2 ? 0 : ERR_CONFIG);
		conf_free(&conf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_right_about_itself),
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(options_of_each_type_are_read),
		cmocka_unit_test(what_is_unknown_or_twice_is_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(a_long_line_is_refused_not_cut),
		cmocka_unit_test(what_is_printed_reads_back_the_same),
		cmocka_unit_test(the_sample_shows_the_defaults),
		cmocka_unit_test(a_file_that_others_can_write_is_refused),
		cmocka_unit_test(a_secret_is_the_first_line_of_a_closed_file),
		cmocka_unit_test(a_secret_must_be_readable_for_its_user),
		cmocka_unit_test(the_daemon_wants_what_belongs_together),
		cmocka_unit_test(addresses_that_need_quoting_are_none),
		cmocka_unit_test(numbers_are_what_e164_says),
		cmocka_unit_test(the_command_is_nobody_elses),
	};

	return cmocka_run_group_tests_name("conf", tests, setup, teardown);
}
