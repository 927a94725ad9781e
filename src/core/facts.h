/*
 * facts.h - what may be written as a fact about a member: by the member itself, in a sign-up, in an application.
 */
#ifndef MUSTER_CORE_FACTS_H
#define MUSTER_CORE_FACTS_H

#include <stddef.h>

#define FACT_NAME_MAX 64     /* code points */
#define FACT_ADDRESS_MAX 512 /* octets, line separators ($) included */
#define FACT_ID_MAX 64       /* octets */
#define FACT_DOMAIN_MIN 3    /* octets */
#define FACT_DOMAIN_MAX 40
#define FACT_LANGUAGE_MAX 35 /* RFC 5646 section 4.4.1 */

enum fact {
	FACT_NAME,                /* of a person or business, or what is shown as one */
	FACT_LANGUAGE,            /* a tag like ko or en-GB */
	FACT_ADDRESS,             /* postalAddress: lines with $ between */
	FACT_MAIL,                /* what an SMTP envelope takes */
	FACT_AREA,                /* where services are used */
	FACT_COUNTRY,             /* ISO 3166-1 alpha-2, upper case */
	FACT_MEMBER_TYPE,         /* individual or business */
	FACT_REGISTRATION_NUMBER, /* of a business */
	FACT_ORGANIZATION,        /* name of an organization: nothing that DNs, filters, paths or ORG/ID give a meaning */
	FACT_DOMAIN,              /* of an organization; stored in lower case */
	FACT_ID                   /* of a member of an organization */
};

/*
 * fact_check - whether a value may be stored.
 * return: NULL when it may, else what is allowed, to be put behind the attribute's name and a colon
 */
const char *fact_check(enum fact fact, const char *value, size_t len);

/* fact_is_country - 1 for an officially assigned ISO 3166-1 alpha-2 code in upper case */
int fact_is_country(const char *code, size_t len);

#endif
