/*
 * search.c - read entries. What comes from the directory is copied into our own structs at once.
 */
#include <stdlib.h>
#include <string.h>

#include "directory/internal.h"

#define PAGE_ENTRIES 500

void
directory_entry_free(struct directory_entry **entry)
{
	struct directory_entry *e;
	size_t i, k;

	if (entry == NULL || *entry == NULL)
		return;
	e = *entry;
	for (i = 0; i < e->attributes_len; i++) {
		for (k = 0; k < e->attributes[i].values_len; k++) {
			secret_wipe(e->attributes[i].values[k].data, e->attributes[i].values[k].len);
			free(e->attributes[i].values[k].data);
		}
		free(e->attributes[i].values);
		free(e->attributes[i].name);
	}
	free(e->attributes);
	free(e->dn);
	free(e);
	*entry = NULL;
}

static int
attribute_copy(struct directory_attribute *to, const char *name, struct berval **values)
{
	size_t n = 0;

	while (values != NULL && values[n] != NULL)
		n++;
	to->name = strdup(name);
	to->values = calloc(n + 1, sizeof(*to->values));
	if (to->name == NULL || to->values == NULL)
		return ERR_MEMORY;
	for (; to->values_len < n; to->values_len++) {
		const struct berval *from = values[to->values_len];
		uint8_t *data = malloc(from->bv_len + 1);

		if (data == NULL)
			return ERR_MEMORY;
		if (from->bv_len > 0)
			memcpy(data, from->bv_val, from->bv_len);
		data[from->bv_len] = '\0';
		to->values[to->values_len].data = data;
		to->values[to->values_len].len = from->bv_len;
	}
	return 0;
}

static int
attributes_copy(LDAP *ld, LDAPMessage *message, struct directory_entry *entry)
{
	BerElement *ber = NULL;
	struct directory_attribute *grown;
	char *name;
	int r = 0;

	for (name = ldap_first_attribute(ld, message, &ber); name != NULL && r == 0;) {
		struct berval **values = ldap_get_values_len(ld, message, name);

		grown = realloc(entry->attributes, (entry->attributes_len + 1) * sizeof(*grown));
		if (grown == NULL) {
			r = ERR_MEMORY;
		} else {
			entry->attributes = grown;
			memset(&grown[entry->attributes_len], 0, sizeof(*grown));
			r = attribute_copy(&grown[entry->attributes_len++], name, values);
		}
		ldap_value_free_len(values);
		ldap_memfree(name);
		name = r == 0 ? ldap_next_attribute(ld, message, ber) : NULL;
	}
	ber_free(ber, 0);
	return r;
}

int
entry_copy(struct directory *d, LDAPMessage *message, struct directory_entry **entry_out)
{
	struct directory_entry *entry = calloc(1, sizeof(*entry));
	char *dn = NULL;
	int r = ERR_MEMORY;

	*entry_out = NULL;
	if (entry == NULL)
		return ERR_MEMORY;
	dn = ldap_get_dn(d->ld, message);
	if (dn == NULL) {
		r = ERR_PROTO;
		goto out;
	}
	entry->dn = strdup(dn);
	if (entry->dn == NULL)
		goto out;
	r = attributes_copy(d->ld, message, entry);
	if (r != 0)
		goto out;
	*entry_out = entry;
	entry = NULL;
out:
	ldap_memfree(dn);
	directory_entry_free(&entry);
	return r;
}

const struct directory_attribute *
directory_attribute(const struct directory_entry *entry, const char *name)
{
	size_t i;

	for (i = 0; i < entry->attributes_len; i++) {
		if (strcasecmp(entry->attributes[i].name, name) == 0)
			return &entry->attributes[i];
	}
	return NULL;
}

const char *
directory_value(const struct directory_entry *entry, const char *name)
{
	const struct directory_attribute *attribute = directory_attribute(entry, name);

	if (attribute == NULL || attribute->values_len == 0)
		return NULL;
	/* A value that goes on behind a NUL is not the text it would be taken for. */
	if (strlen((const char *)attribute->values[0].data) != attribute->values[0].len)
		return NULL;
	return (const char *)attribute->values[0].data;
}

int
directory_has_class(const struct directory_entry *entry, const char *name)
{
	const struct directory_attribute *classes = directory_attribute(entry, "objectClass");
	size_t i;

	for (i = 0; classes != NULL && i < classes->values_len; i++) {
		if (strcasecmp((const char *)classes->values[i].data, name) == 0)
			return 1;
	}
	return 0;
}

/* Gets each entry; sets *entry to NULL to keep it. Non-zero stops the search. */
typedef int (*take_fn)(struct directory_entry **entry, void *arg);

static int
search_entry(struct directory *d, LDAPMessage *message, take_fn take, void *arg, int *stopped)
{
	struct directory_entry *entry = NULL;
	int r;

	r = entry_copy(d, message, &entry);
	if (r != 0)
		return r;
	*stopped = take(&entry, arg) != 0;
	directory_entry_free(&entry);
	return 0;
}

/* The entries of one search, then its result. in: control  the server's control to ask with, NULL for none */
static int
search_once(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
            const char *const *attrs, LDAPControl *control, take_fn take, void *arg, int *stopped,
            LDAPControl ***controls_out)
{
	LDAPControl *controls[] = { control, NULL };
	int64_t deadline = call_deadline(d);
	LDAPMessage *message = NULL;
	int msgid = -1, rc, r;

	*stopped = 0;
	r = call_begin(d);
	if (r != 0)
		return r;
	rc = ldap_search_ext(d->ld, base, (int)scope, filter, (char **)attrs, 0, control != NULL ? controls : NULL, NULL,
	                     NULL, LDAP_NO_LIMIT, &msgid);
	if (rc != LDAP_SUCCESS)
		return call_error(d, rc);
	for (;;) {
		r = call_wait(d, msgid, LDAP_MSG_ONE, deadline, &message);
		if (r != 0)
			return r;
		if (ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT)
			break;
		/* A referral (LDAP_RES_SEARCH_REFERENCE) is not followed. */
		if (ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY)
			r = search_entry(d, message, take, arg, stopped);
		ldap_msgfree(message);
		if (r != 0 || *stopped) {
			(void)ldap_abandon_ext(d->ld, msgid, NULL, NULL);
			return r;
		}
	}
	r = call_result(d, message, controls_out);
	ldap_msgfree(message);
	return r != 0 ? r : result_error(d);
}

static int
search(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
       const char *const *attrs, take_fn take, void *arg)
{
	int stopped;

	return search_once(d, base, scope, filter, attrs, NULL, take, arg, &stopped, NULL);
}

/* The cookie of the next page, empty behind the last one and from a server that knows no pages. */
static void
next_cookie(struct directory *d, LDAPControl **controls, struct berval *cookie)
{
	LDAPControl *answer = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	ber_int_t count;

	ber_memfree(cookie->bv_val);
	cookie->bv_val = NULL;
	cookie->bv_len = 0;
	if (answer != NULL && ldap_parse_pageresponse_control(d->ld, answer, &count, cookie) != LDAP_SUCCESS)
		cookie->bv_len = 0;
}

static int
search_paged(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
             const char *const *attrs, take_fn take, void *arg)
{
	struct berval cookie = { 0, NULL };
	LDAPControl *control, **controls;
	int stopped = 0, rc, r;

	do {
		control = NULL;
		controls = NULL;
		if (d->ld == NULL)
			return ERR_UNREACHABLE;
		rc = ldap_create_page_control(d->ld, PAGE_ENTRIES, cookie.bv_len > 0 ? &cookie : NULL, 0, &control);
		if (rc != LDAP_SUCCESS) {
			r = call_error(d, rc);
			break;
		}
		r = search_once(d, base, scope, filter, attrs, control, take, arg, &stopped, &controls);
		ldap_control_free(control);
		if (r == 0 && !stopped)
			next_cookie(d, controls, &cookie);
		ldap_controls_free(controls);
	} while (r == 0 && !stopped && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	return r;
}

struct visitor {
	directory_entry_fn fn;
	void *arg;
};

static int
take_nothing(struct directory_entry **entry, void *arg)
{
	struct visitor *v = arg;

	return v->fn(*entry, v->arg);
}

int
directory_search(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
                 const char *const *attrs, directory_entry_fn fn, void *arg)
{
	struct visitor v = { .fn = fn, .arg = arg };

	return search(d, base, scope, filter, attrs, take_nothing, &v);
}

int
directory_search_paged(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
                       const char *const *attrs, directory_entry_fn fn, void *arg)
{
	struct visitor v = { .fn = fn, .arg = arg };

	return search_paged(d, base, scope, filter, attrs, take_nothing, &v);
}

struct only {
	struct directory_entry *entry;
	size_t n;
};

/* Keep the first entry, stop at the second. */
static int
take_only(struct directory_entry **entry, void *arg)
{
	struct only *o = arg;

	if (o->n++ > 0)
		return 1;
	o->entry = *entry;
	*entry = NULL;
	return 0;
}

static int
find(struct directory *d, const char *base, enum directory_scope scope, const char *filter,
     const char *const *attrs, struct directory_entry **entry_out)
{
	struct only o = { .entry = NULL };
	int r;

	*entry_out = NULL;
	r = search(d, base, scope, filter, attrs, take_only, &o);
	if (o.n > 1)
		r = ERR_AMBIGUOUS;
	else if (r == 0 && o.n == 0)
		r = ERR_NOT_FOUND;
	if (r != 0) {
		directory_entry_free(&o.entry);
		return r;
	}
	*entry_out = o.entry;
	return 0;
}

int
directory_read(struct directory *d, const char *dn, const char *const *attrs, struct directory_entry **entry_out)
{
	return find(d, dn, SCOPE_BASE, "(objectClass=*)", attrs, entry_out);
}

int
directory_find_one(struct directory *d, const char *base, const char *filter, const char *const *attrs,
                   struct directory_entry **entry_out)
{
	return find(d, base, SCOPE_SUB, filter, attrs, entry_out);
}

int
directory_find_organization(struct directory *d, const char *dn, const char *const *attrs, struct directory_entry **org_out)
{
	char *at = directory_dn_parent(dn), *up;
	int r = ERR_NOT_FOUND;

	*org_out = NULL;
	while (r == ERR_NOT_FOUND && at != NULL && *at != '\0') {
		r = find(d, at, SCOPE_BASE, "(objectClass=musterOrganization)", attrs, org_out);
		/* A refusal is of a folder in between, or of what lies above the suffix. */
		if (r != 0 && r != ERR_UNREACHABLE && r != ERR_TIMEOUT && r != ERR_MEMORY)
			r = ERR_NOT_FOUND;
		up = directory_dn_parent(at);
		free(at);
		at = up;
	}
	free(at);
	return r;
}
