/*
 * certificate.h - when a certificate ends.
 */
#ifndef MUSTER_CLI_CERTIFICATE_H
#define MUSTER_CLI_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

struct doctor;

/*
 * certificate_end - notAfter of an X.509 certificate in DER.
 * out:   end_out  unix seconds, 0 on error
 * error: ERR_INPUT  it is no such certificate
 */
int certificate_end(const uint8_t *der, size_t len, int64_t *end_out);

/* A finding when it has ended or ends soon; the file is PEM, its first certificate is the server's own. */
void certificate_check_file(struct doctor *doc, const char *path);
void certificate_check_der(struct doctor *doc, const uint8_t *der, size_t len, const char *about);

#endif
