/*
 * country.h - the codes of countries, which the build takes from Debian's iso-codes: somebody keeps that list, and slapd, which an
 *             AppArmor profile may keep out of /usr/share/iso-codes, has no file to read.
 */
#ifndef MUSTER_CORE_COUNTRY_H
#define MUSTER_CORE_COUNTRY_H

/* country_codes - every alpha-2 code of ISO 3166-1, two letters each, in their order; fact_is_country() looks one up */
extern const char country_codes[];

#endif
