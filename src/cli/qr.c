/*
 * qr.c - a QR code on a terminal. Two modules a character: upper and lower half block. Dark on light is forced,
 *        because readers do not take inverted codes and terminals are often dark.
 */
#include <errno.h>
#include <stdio.h>

#include <qrencode.h>

#include "cli/cli.h"

#define QUIET 4 /* light modules around the code (ISO/IEC 18004) */

static int
is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return 0;
	return code->data[y * code->width + x] & 1;
}

int
qr_print(const char *text)
{
	static const char *const blocks[2][2] = { { " ", "\u2584" }, { "\u2580", "\u2588" } };
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	int x, y, error = errno;

	if (code == NULL)
		return error == ERANGE ? ERR_RANGE : ERR_MEMORY;
	for (y = -QUIET; y < code->width + QUIET; y += 2) {
		fputs("\033[30;107m", stdout);
		for (x = -QUIET; x < code->width + QUIET; x++)
			fputs(blocks[is_dark(code, x, y)][is_dark(code, x, y + 1)], stdout);
		fputs("\033[0m\n", stdout);
	}
	/* The code is the seed in another form. */
	secret_wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return 0;
}
