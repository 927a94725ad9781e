/*
 * init_access.c - access rules and limits. Our rules go in front of those that are there: they speak about our part of
 *                 the tree only, except those at the end, which are left out when there are others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init.h"
#include "cli/ordered.h"

/* ours in that order, whatever lies between */
static int
is_in_order(const struct ordered *ours, const struct ordered *have)
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
put_own_rule(struct init *in, struct ordered *ours)
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
	return ordered_put(ours, rule);
}

/* Who runs this reads all members, and all of what needs a key. */
static int
put_own_limit(struct init *in, struct ordered *ours)
{
	const char *root = directory_value(in->database, "olcRootDN");
	char *limit = NULL;

	if (*in->me == '\0' || directory_dn_equal(in->me, in->admin) || (root != NULL && directory_dn_equal(in->me, root)))
		return 0;
	if (strpbrk(in->me, "\"\\\n") != NULL)
		return ERR_INPUT;
	if (asprintf(&limit, "dn.exact=\"%s\" size=unlimited time=unlimited", in->me) < 0)
		return ERR_MEMORY;
	return ordered_put(ours, limit);
}

/* The rules at the end are about the whole database: in front of others they would take their place. */
static int
is_for_everybody(const char *value)
{
	return strncmp(value, "to * ", 5) == 0 || strncmp(value, "users ", 6) == 0;
}

/* put_behind - what stands behind place in have, up to the next of ours: rules that are there because of the one before them */
static int
put_behind(struct ldif_change *change, const struct ordered *ours, const struct ordered *have, size_t place)
{
	int r = 0;

	for (; r == 0 && place < have->n && !ordered_has(ours, have->values[place]); place++)
		if (!ordered_has_subject(ours, have->values[place]))
			r = ldif_value_put(change, have->values[place]);
	return r;
}

/* put_replaced - what is about the same as one of ours, which says something else: at the end, where it changes nothing */
static int
put_replaced(struct ldif_change *change, const struct ordered *ours, const struct ordered *have)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < have->n; i++)
		if (!ordered_has(ours, have->values[i]) && ordered_has_subject(ours, have->values[i]))
			r = ldif_value_put(change, have->values[i]);
	return r;
}

/* One attribute of the database: ours in their order, then what was in front of them. No change when ours are there. */
static int
merge(struct init *in, const char *attribute, struct ordered *ours, struct ldif_record *record)
{
	struct ordered have = { .n = 0 };
	struct ldif_change *change;
	size_t i, k;
	int r;

	r = ordered_from_attribute(&have, directory_attribute(in->database, attribute));
	while (r == 0 && have.n > 0 && ours->n > 0 && is_for_everybody(ours->values[ours->n - 1]))
		free(ours->values[--ours->n]);
	if (r != 0 || is_in_order(ours, &have))
		goto out;
	r = ldif_change_put(record, CHANGE_REPLACE, attribute, &change);
	for (i = 0; r == 0 && i < ours->n; i++) {
		r = ldif_value_put(change, ours->values[i]);
		for (k = 0; r == 0 && k < have.n; k++)
			if (strcasecmp(have.values[k], ours->values[i]) == 0)
				r = put_behind(change, ours, &have, k + 1);
	}
	if (r == 0)
		r = put_behind(change, ours, &have, 0);
	if (r == 0)
		r = put_replaced(change, ours, &have);
out:
	ordered_free(&have);
	return r;
}

static int
plan_attribute(struct init *in, const struct ldif_change *wanted, struct ldif_record *record)
{
	int is_access = strcasecmp(wanted->attribute, "olcAccess") == 0;
	int is_list = is_access || strcasecmp(wanted->attribute, "olcLimits") == 0;
	const char *now = directory_value(in->database, wanted->attribute);
	struct ordered ours = { .n = 0 };
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
		r = ordered_from(&ours, wanted->values, wanted->values_len);
	if (r == 0)
		r = merge(in, wanted->attribute, &ours, record);
	ordered_free(&ours);
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
