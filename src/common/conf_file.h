/*
 * conf_file.h - what the files of conf share among themselves.
 */
#ifndef MUSTER_COMMON_CONF_FILE_H
#define MUSTER_COMMON_CONF_FILE_H

#include "common/conf.h"

/* conf_fail - write an error text; always returns ERR_CONFIG. */
int conf_fail(char error[CONF_ERROR_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* conf_file_open - open a configuration file that only root or the caller can have written. */
int conf_file_open(const char *path, int *fd_out, char error[CONF_ERROR_MAX]);

#endif
