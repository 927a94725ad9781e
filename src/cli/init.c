/*
 * init.c - "muster init": bring Muster into a slapd that runs. Every step looks first and changes only what is
 *          missing, so that it can be run again at any time and after a failure goes on where it stopped.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"

#define KEY_FILE_DEFAULT "/etc/ldap/muster.keys"
#define MODULE_PATH_DEFAULT "/usr/lib/ldap"
#define MODULE_DEFAULT "muster"

/* What would end a quoted DN or mean something in the regular expressions of access rules. */
#define DN_REFUSED "\"\\*+?()[]{}|^$\n"

static int
say_memory(void)
{
	say_error("out of memory");
	return EXIT_FAILED;
}

void
init_step(struct init *in, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	in->changes++;
	if (in->dry_run)
		printf("# %s\n", line);
	else if (in->s->args.value[OPT_JSON] == NULL)
		printf("%s\n", line);
	(void)json_array_append_new(in->steps, json_string(line));
}

int
init_apply(struct init *in, const struct ldif_record *record, const char *what)
{
	int r = 0;

	if (!in->dry_run)
		r = ldif_write(in->s->d, record);
	if (r != 0)
		return say_failure(in->s, r, what);
	init_step(in, "%s", what);
	if (in->dry_run)
		ldif_print(record, stdout);
	fflush(stdout);
	return EXIT_DONE;
}

/* --- templates ------------------------------------------------------------------------------------------ */

static const char *
place_value(const struct init *in, const char *name, size_t len)
{
	const struct { const char *name, *value; } places[] = {
		{ "BASE", in->base }, { "ADMIN", in->admin }, { "KEYFILE", in->key_file },
		{ "DATABASE", in->database->dn }, { "MODULEPATH", in->module_path },
		{ "MODULE", in->s->args.value[OPT_MODULE] != NULL ? in->s->args.value[OPT_MODULE] : MODULE_DEFAULT },
		{ "COURIER_PASSWORD", "{UNSET}" } /* a scheme nobody knows: no password matches it */
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strlen(places[i].name) == len && strncmp(places[i].name, name, len) == 0)
			return places[i].value;
	}
	return NULL;
}

/* Write text with @NAME@ replaced; with out NULL only count. */
static size_t
fill(const struct init *in, const char *text, char *out)
{
	size_t n = 0, name_len;
	const char *value;

	while (*text != '\0') {
		name_len = *text == '@' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;
		value = name_len > 0 && text[1 + name_len] == '@' ? place_value(in, text + 1, name_len) : NULL;
		if (value == NULL) {
			if (out != NULL)
				out[n] = *text;
			n++;
			text++;
			continue;
		}
		if (out != NULL)
			memcpy(out + n, value, strlen(value));
		n += strlen(value);
		text += name_len + 2;
	}
	return n;
}

int
init_template(struct init *in, const char *name, struct ldif **ldif_out)
{
	char *text = NULL;
	size_t i, len;
	int r = ERR_INTERNAL;

	*ldif_out = NULL;
	for (i = 0; i < templates_len; i++) {
		if (strcmp(templates[i].name, name) != 0)
			continue;
		len = fill(in, templates[i].text, NULL);
		text = calloc(1, len + 1);
		if (text == NULL)
			return say_memory();
		(void)fill(in, templates[i].text, text);
		r = ldif_parse(text, ldif_out);
		free(text);
	}
	return r == 0 ? EXIT_DONE : say_failure(in->s, r, name);
}

/* --- finding the database ------------------------------------------------------------------------------- */

struct databases {
	struct init *in;
	const char *base; /* NULL: any */
	char *dn, *suffix;
	size_t matches;
};

static int
look_at_database(const struct directory_entry *entry, void *arg)
{
	struct databases *found = arg;
	const struct directory_attribute *suffixes = directory_attribute(entry, "olcSuffix");
	size_t i;

	for (i = 0; suffixes != NULL && i < suffixes->values_len; i++) {
		const char *suffix = (const char *)suffixes->values[i].data;

		if (found->base != NULL && !directory_dn_equal(suffix, found->base))
			continue;
		if (found->matches++ == 0) {
			found->dn = strdup(entry->dn);
			found->suffix = strdup(suffix);
		}
	}
	return 0;
}

static int
find_database(struct init *in, const char *base)
{
	static const char *const attrs[] = { "olcSuffix", NULL };
	static const char *const all[] = { "*", NULL };
	struct databases found = { .in = in, .base = base };
	int r, status = EXIT_DONE;

	r = directory_search(in->s->d, "cn=config", SCOPE_ONE, "(olcSuffix=*)", attrs, look_at_database, &found);
	if (r == 0 && found.matches == 1 && found.dn != NULL && found.suffix != NULL)
		r = directory_read(in->s->d, found.dn, all, &in->database);
	if (r == 0)
		r = directory_read(in->s->d, "cn=config", all, &in->global);
	if (r == ERR_NOT_FOUND || r == ERR_REFUSED) {
		say_error("cn=config cannot be seen as %s; be root and use -H ldapi:/// --external",
		          *in->me != '\0' ? in->me : "nobody");
		status = EXIT_REFUSED;
	} else if (r != 0) {
		status = say_failure(in->s, r, "cn=config");
	} else if (found.matches == 0) {
		say_error("no database of this slapd has the suffix %s", base != NULL ? base : "(any)");
		status = EXIT_NOT_FOUND;
	} else if (found.matches > 1) {
		say_error("this slapd has several databases: say which one with --base DN");
		status = EXIT_USAGE;
	} else {
		in->base = directory_dn_clean(found.suffix);
		status = in->base != NULL ? EXIT_DONE : say_memory();
	}
	free(found.dn);
	free(found.suffix);
	return status;
}

/* --- what the options say ------------------------------------------------------------------------------- */

static int
check_dn(const char *what, const char *dn)
{
	if (directory_dn_check(dn) == 0 && strpbrk(dn, DN_REFUSED) == NULL && *dn != '\0')
		return EXIT_DONE;
	say_error("%s \"%s\" is not a DN that access rules can be written for: none of %.*s may be in it", what, dn,
	          (int)strlen(DN_REFUSED) - 1, DN_REFUSED);
	return EXIT_USAGE;
}

static int
check_path(const char *option, const char *path)
{
	if (path == NULL || (*path == '/' && strpbrk(path, "\n@") == NULL))
		return EXIT_DONE;
	say_error("--%s needs a full path, beginning with /", option);
	return EXIT_USAGE;
}

static int
check_options(struct init *in)
{
	const char *const *value = in->s->args.value;
	int status = EXIT_DONE;

	if (value[OPT_BASE] != NULL)
		status = check_dn("the base", value[OPT_BASE]);
	if (status == EXIT_DONE && value[OPT_ADMIN] != NULL)
		status = check_dn("--admin", value[OPT_ADMIN]);
	if (status == EXIT_DONE)
		status = check_path("key-file", value[OPT_KEY_FILE]);
	if (status == EXIT_DONE)
		status = check_path("courier-password-file", value[OPT_COURIER_FILE]);
	if (status == EXIT_DONE && value[OPT_MODULE] != NULL && strchr(value[OPT_MODULE], '/') != NULL)
		status = check_path("module", value[OPT_MODULE]);
	return status;
}

static char *
courier_file_default(const struct session *s)
{
	const char *conf = conf_default_path(), *slash = strrchr(conf, '/');
	char *path = NULL;

	if (s->args.value[OPT_COURIER_FILE] != NULL)
		return strdup(s->args.value[OPT_COURIER_FILE]);
	if (s->conf != NULL && *s->conf->courier.bind_password_file != '\0')
		return strdup(s->conf->courier.bind_password_file);
	if (asprintf(&path, "%.*s/courier.password", (int)(slash - conf), conf) < 0)
		return NULL;
	return path;
}

static int
settle(struct init *in)
{
	const char *const *value = in->s->args.value;
	char *admin = NULL;
	int status;

	status = check_dn("the suffix", in->base);
	if (status != EXIT_DONE)
		return status;
	admin = value[OPT_ADMIN] != NULL ? directory_dn_clean(value[OPT_ADMIN]) : directory_dn("cn=admin,%D", in->base);
	in->admin = admin;
	in->key_file = strdup(value[OPT_KEY_FILE] != NULL ? value[OPT_KEY_FILE] : KEY_FILE_DEFAULT);
	in->courier_file = courier_file_default(in->s);
	in->module_path = strdup(MODULE_PATH_DEFAULT);
	if (in->admin == NULL || in->key_file == NULL || in->courier_file == NULL || in->module_path == NULL)
		return say_memory();
	return EXIT_DONE;
}

static int
who_am_i(struct init *in)
{
	int r = directory_whoami(in->s->d, &in->me);

	return r == 0 ? EXIT_DONE : say_failure(in->s, r, "who am I");
}

static int
carry_out(struct init *in)
{
	static int (*const steps[])(struct init *in) = { init_modules, init_find_key_file, init_key_file,
		init_overlays, init_indexes, init_access, init_tree, init_courier };
	size_t i;
	int status = EXIT_DONE;

	for (i = 0; status == EXIT_DONE && i < sizeof(steps) / sizeof(steps[0]); i++)
		status = steps[i](in);
	return status;
}

static int
report(struct init *in)
{
	if (in->dry_run) {
		if (in->changes == 0)
			printf("# nothing to change: Muster is set up for %s\n", in->base);
		return EXIT_DONE;
	}
	return print_done(in->s, json_pack("{s:s, s:s, s:i, s:O, s:s, s:s}", "base", in->base, "admin", in->admin,
	                                   "changes", (int)in->changes, "steps", in->steps, "key_file", in->key_file,
	                                   "courier_password_file", in->courier_file),
	                  in->changes == 0 ? "nothing to change: Muster is set up for %s"
	                                   : "Muster is set up for %s; back up %s: without it no second factor can be used",
	                  in->base, in->key_file);
}

int
init_run(struct session *s)
{
	struct init in = { .s = s, .dry_run = s->args.value[OPT_DRY_RUN] != NULL, .steps = json_array() };
	const char *base = s->args.value[OPT_BASE];
	int status;

	status = in.steps != NULL ? check_options(&in) : say_memory();
	if (status == EXIT_DONE)
		status = session_bind(s);
	if (status == EXIT_DONE)
		status = who_am_i(&in);
	if (status == EXIT_DONE && base == NULL && s->conf != NULL && *s->conf->directory.base != '\0')
		base = s->conf->directory.base;
	if (status == EXIT_DONE)
		status = find_database(&in, base);
	if (status == EXIT_DONE)
		status = settle(&in);
	if (status == EXIT_DONE)
		status = carry_out(&in);
	if (status == EXIT_DONE)
		status = report(&in);
	json_decref(in.steps);
	directory_entry_free(&in.database);
	directory_entry_free(&in.global);
	free(in.me);
	free(in.base);
	free(in.admin);
	free(in.key_file);
	free(in.courier_file);
	free(in.module_path);
	return status;
}
