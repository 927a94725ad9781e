/*
 * init.h - inside of src/core: make the libraries below ready. Called by every entry that needs it.
 */
#ifndef MUSTER_CORE_INIT_H
#define MUSTER_CORE_INIT_H

/*
 * core_init - safe from any thread, any number of times.
 * error: ERR_INTERNAL  libsodium or liboath cannot be used
 */
int core_init(void);

/*
 * core_init_random - before random octets are drawn where no error can be returned. Ends the process when
 *                    libsodium cannot be used, as libsodium itself does when the system gives no random octets.
 */
void core_init_random(void);

#endif
