/*
 * fault_wrap.h - let one call of the module fail.
 */
#ifndef MUSTER_TESTS_FAULT_WRAP_H
#define MUSTER_TESTS_FAULT_WRAP_H

enum fault_kind { FAULT_MEMORY = 1, FAULT_SYSTEM = 2, FAULT_ANY = 3 };

/* fault_arm - the nth call of these kinds from now on fails; 0: none does. Counting begins anew. */
void fault_arm(long nth, enum fault_kind which);

/* fault_calls - how many there have been. */
long fault_calls(void);

#endif
