/*
 * init_access.c - access rules and limits. Our rules go in front of those that are there: they speak about our part of
 *                 the tree only, except those at the end, which are left out when there are others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"

/* A list of values, in order. */
struct list {
	char **values;
	size_t n;
};

static void
list_free(struct list *list)
{
	while (list->n > 0)
		free(list->values[--list->n]);
	free(list->values);
	list->values = NULL;
}

/* Takes the value over, also on error. */
static int
list_put(struct list *list, char *value)
{
	char **grown = value != NULL ? realloc(list->values, (list->n + 1) * sizeof(*grown)) : NULL;

	if (grown == NULL) {
		free(value);
		return ERR_MEMORY;
	}
	list->values = grown;
	list->values[list->n++] = value;
	return 0;
}

static int
list_has(const struct list *list, const char *value)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcasecmp(list->values[i], value) == 0)
			return 1;
	}
	return 0;
}

static int
list_from(struct list *list, const struct directory_value *values, size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		r = list_put(list, init_bare(&values[i]));
	return r;
}

/* cn=config gives back ordered values in any order; {n} says which is where. */
static int
by_index(const void *a, const void *b)
{
	const struct directory_value *va = *(const struct directory_value *const *)a;
	const struct directory_value *vb = *(const struct directory_value *const *)b;
	long na = 0, nb = 0;

	(void)sscanf((const char *)va->data, "{%ld}", &na);
	(void)sscanf((const char *)vb->data, "{%ld}", &nb);
	return na < nb ? -1 : na > nb;
}

static int
list_from_attribute(struct list *list, const struct directory_attribute *attribute)
{
	const struct directory_value **order;
	size_t i;
	int r = 0;

	if (attribute == NULL)
		return 0;
	order = calloc(attribute->values_len + 1, sizeof(*order));
	if (order == NULL)
		return ERR_MEMORY;
	for (i = 0; i < attribute->values_len; i++)
		order[i] = &attribute->values[i];
	qsort(order, attribute->values_len, sizeof(*order), by_index);
	for (i = 0; r == 0 && i < attribute->values_len; i++)
		r = list_put(list, init_bare(order[i]));
	free(order);
	return r;
}

/* ours in that order, whatever lies between */
static int
is_in_order(const struct list *ours, const struct list *have)
{
	size_t i, k = 0;

	for (i = 0; k < ours->n && i < have->n; i++) {
		if (strcasecmp(ours->values[k], have->values[i]) == 0)
			k++;
	}
	return k == ours->n;
}

/* Who runs this must see and write the tree; the database's root and the administrator may anyway. */
static int
put_own_rule(struct init *in, struct list *ours)
{
	const char *root = directory_value(in->database, "olcRootDN");
	char *rule = NULL;

	if (*in->me == '\0' || directory_dn_equal(in->me, in->admin) ||
	    (root != NULL && directory_dn_equal(in->me, root)))
		return 0;
	if (strpbrk(in->me, "\"\\\n") != NULL)
		return ERR_INPUT;
	if (asprintf(&rule, "to * by dn.exact=\"%s\" manage by * break", in->me) < 0)
		return ERR_MEMORY;
	return list_put(ours, rule);
}

/* Who runs this reads all members, and all of what needs a key. */
static int
put_own_limit(struct init *in, struct list *ours)
{
	const char *root = directory_value(in->database, "olcRootDN");
	char *limit = NULL;

	if (*in->me == '\0' || directory_dn_equal(in->me, in->admin) || (root != NULL && directory_dn_equal(in->me, root)))
		return 0;
	if (strpbrk(in->me, "\"\\\n") != NULL)
		return ERR_INPUT;
	if (asprintf(&limit, "dn.exact=\"%s\" size=unlimited time=unlimited", in->me) < 0)
		return ERR_MEMORY;
	return list_put(ours, limit);
}

/* The rules at the end are about the whole database: in front of others they would take their place. */
static int
is_for_everybody(const char *value)
{
	return strncmp(value, "to * ", 5) == 0 || strncmp(value, "users ", 6) == 0;
}

/* One attribute of the database: ours first, then what was there. No change when ours are there. */
static int
merge(struct init *in, const char *attribute, struct list *ours, struct ldif_record *record)
{
	struct list have = { .n = 0 };
	struct ldif_change *change;
	size_t i;
	int r;

	r = list_from_attribute(&have, directory_attribute(in->database, attribute));
	while (r == 0 && have.n > 0 && ours->n > 0 && is_for_everybody(ours->values[ours->n - 1]))
		free(ours->values[--ours->n]);
	if (r != 0 || is_in_order(ours, &have))
		goto out;
	r = ldif_change_put(record, CHANGE_REPLACE, attribute, &change);
	for (i = 0; r == 0 && i < ours->n; i++)
		r = ldif_value_put(change, ours->values[i]);
	for (i = 0; r == 0 && i < have.n; i++) {
		if (!list_has(ours, have.values[i]))
			r = ldif_value_put(change, have.values[i]);
	}
out:
	list_free(&have);
	return r;
}

static int
plan_attribute(struct init *in, const struct ldif_change *wanted, struct ldif_record *record)
{
	int is_access = strcasecmp(wanted->attribute, "olcAccess") == 0;
	int is_list = is_access || strcasecmp(wanted->attribute, "olcLimits") == 0;
	const char *now = directory_value(in->database, wanted->attribute);
	struct list ours = { .n = 0 };
	struct ldif_change *change;
	int r = 0;

	if (!is_list) {
		if (now != NULL && strcasecmp(now, (const char *)wanted->values[0].data) == 0)
			return 0;
		r = ldif_change_put(record, CHANGE_REPLACE, wanted->attribute, &change);
		return r != 0 ? r : ldif_value_put(change, (const char *)wanted->values[0].data);
	}
	if (is_access)
		r = put_own_rule(in, &ours);
	else
		r = put_own_limit(in, &ours);
	if (r == 0)
		r = list_from(&ours, wanted->values, wanted->values_len);
	if (r == 0)
		r = merge(in, wanted->attribute, &ours, record);
	list_free(&ours);
	return r;
}

int
init_access(struct init *in)
{
	struct ldif_record record = { .dn = strdup(in->database->dn), .modify = 1 };
	struct ldif *ldif = NULL;
	size_t i;
	int r = record.dn != NULL ? 0 : ERR_MEMORY, status = init_template(in, "40-access", &ldif);

	for (i = 0; status == EXIT_DONE && r == 0 && i < ldif->records[0].changes_len; i++)
		r = plan_attribute(in, &ldif->records[0].changes[i], &record);
	if (r != 0)
		status = say_failure(in->s, r, "access rules");
	else if (status == EXIT_DONE && record.changes_len > 0)
		status = init_apply(in, &record, "access rules and limits");
	ldif_record_clear(&record);
	ldif_free(&ldif);
	return status;
}
