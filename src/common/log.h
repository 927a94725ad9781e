/*
 * log.h - one line per event, to standard error or to syslog. For programs: libraries return an error and do
 *         not log, and the PAM module uses pam_syslog(), since openlog() belongs to the process it is loaded into.
 *         Secrets are never formatted.
 */
#ifndef MUSTER_COMMON_LOG_H
#define MUSTER_COMMON_LOG_H

#include <stddef.h>

enum log_to { LOG_TO_STDERR = 0, LOG_TO_SYSLOG = 1 };

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_NOTICE = 1, LOG_LEVEL_INFO = 2, LOG_LEVEL_DEBUG = 3 };

/* Longest line after formatting, before escaping; what is longer is cut and ends in "...". */
#define LOG_LINE_MAX 2048

/*
 * log_open - say where lines go. Without it: standard error, level notice, no name.
 * in:    ident  name in front of each line, kept by reference: a constant
 *        level  lines that are less important are dropped
 */
void log_open(const char *ident, enum log_to to, enum log_level level);

/*
 * log_error and others - write one line. Control characters, octets that are not UTF-8, line
 *                        separators and backslashes are escaped here (\xNN, \\), so callers do not.
 *                        errno is left alone.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, with ": " and err_str(r) behind the line. */
void log_error_r(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_notice_r(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info_r(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug_r(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * log_escape - the escaping of the functions above, for lines that are written elsewhere.
 * in:    text  len octets
 * out:   out   out_size octets, always NUL-terminated; what does not fit is left out,
 *              never half of an escape or of a character
 */
void log_escape(const char *text, size_t len, char *out, size_t out_size);

#endif
