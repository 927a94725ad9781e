/*
 * keep_locale.c - preloaded into slapd together with the address sanitizer's runtime.
 *
 * With that runtime glibc 2.36 unlocks its locale lock once too often while a program starts, so the next writer waits for
 * ever. In slapd the only one is p11-kit's destructor, which frees a locale at exit; a process that ends need not.
 */
#include <locale.h>

void
freelocale(locale_t locale)
{
	(void)locale;
}
