/*
 * gate_enrol.c - a fresh TOTP seed as setup key, otpauth URI and QR code for a terminal.
 */
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "core/totp.h"
#include "common/buf.h"
#include "musterd/gate_request.h"

#define QUIET 2          /* modules around the code; the standard wants 4, which a small terminal has no room for */
#define WIDTH_MAX 78     /* columns: a larger code would be broken into pieces by the terminal */
#define QR_OCTETS_MAX 12288

static int
is_dark(const QRcode *code, int row, int column)
{
	if (row < 0 || column < 0 || row >= code->width || column >= code->width)
		return 0;
	return code->data[row * code->width + column] & 1;
}

/* Two rows of modules in one line of text. Terminals are dark, so what is light in the code is drawn. */
static int
put_line(struct buf *b, const QRcode *code, int row)
{
	static const char *const blocks[2][2] = { { "\xe2\x96\x88", "\xe2\x96\x80" }, { "\xe2\x96\x84", " " } };
	int r = 0;

	for (int column = -QUIET; r == 0 && column < code->width + QUIET; column++) {
		const char *block = blocks[is_dark(code, row, column)][is_dark(code, row + 1, column)];

		r = buf_put_octets(b, block, strlen(block));
	}
	return r == 0 ? buf_put_u8(b, '\n') : r;
}

/* A text too long for a terminal gives an empty picture: the setup key is there as well. */
static int
draw(const char *uri, struct secret **qr_out)
{
	QRcode *code = QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_L);
	struct buf *b = NULL;
	int r = ERR_INTERNAL;

	*qr_out = NULL;
	if (code == NULL || code->width + 2 * QUIET > WIDTH_MAX) {
		r = secret_new(NULL, 0, qr_out);
		goto out;
	}
	if ((r = buf_new(QR_OCTETS_MAX, &b)) != 0)
		goto out;
	for (int row = -QUIET; r == 0 && row < code->width + QUIET; row += 2)
		r = put_line(b, code, row);
	if (r == 0)
		r = buf_to_secret(b, qr_out);
out:
	buf_free(&b);
	if (code != NULL)
		secret_wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return r;
}

int
request_enrol_start(const char *issuer, const char *user, struct proto_message *answer)
{
	uint8_t seed[TOTP_SEED_MIN];
	char key[TOTP_BASE32_MAX];
	char *uri = NULL;
	int r = ERR_INTERNAL;

	totp_seed_new(seed);
	if ((r = totp_seed_to_text(seed, sizeof(seed), key)) != 0)
		goto out;
	if ((r = totp_uri(seed, sizeof(seed), issuer, user, &uri)) != 0)
		goto out;
	if ((r = secret_new(key, strlen(key), &answer->setup_key)) != 0)
		goto out;
	if ((r = secret_new(uri, strlen(uri), &answer->uri)) != 0)
		goto out;
	r = draw(uri, &answer->qr);
out:
	secret_wipe_array(seed);
	secret_wipe_array(key);
	secret_wipe_string(uri);
	free(uri);
	return r;
}
