/*
 * overlay.h - slapd's own headers, in the one order that works. The build passes slapd's source tree in
 *             -I; nothing of ours (config.h above all) may come before portable.h.
 */
#ifndef MUSTER_SLAPD_OVERLAY_H
#define MUSTER_SLAPD_OVERLAY_H

#include "portable.h"

#include <stdio.h>
#include <stdint.h>

#include <ac/ctype.h>
#include <ac/errno.h>
#include <ac/socket.h>
#include <ac/string.h>
#include <ac/time.h>
#include <ac/unistd.h>

#include "lutil.h"
#include "slap.h"
#include "slap-config.h"

#endif
