/*
 * progress.c - how far a long command is.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define BAR_MS 200
#define BAR_WIDTH 24

void
progress_begin(struct progress *p, struct session *s, const char *what, uint64_t first)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->first = first;
	p->began_ms = clock_mono_ms();
	p->next_ms = p->began_ms + BAR_MS;
	p->shows = isatty(STDERR_FILENO) && s->args.value[OPT_QUIET] == NULL;
}

/* 1,234,567 */
static void
grouped(uint64_t number, char out[32])
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, number), i;
	size_t len = 0;

	for (i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out[len++] = ',';
		out[len++] = digits[i];
	}
	out[len] = '\0';
}

static void
left_text(uint64_t sec, char out[32])
{
	if (sec >= 3600)
		snprintf(out, 32, "%" PRIu64 ":%02d:%02d left", sec / 3600, (int)(sec / 60 % 60), (int)(sec % 60));
	else
		snprintf(out, 32, "%d:%02d left", (int)(sec / 60), (int)(sec % 60));
}

static void
show_bar(double share, const char *text)
{
	char bar[BAR_WIDTH + 1];
	int i;

	for (i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	/* Back to the first column, and what was there is gone. */
	fprintf(stderr, "\r\033[K[%s] %s", bar, text);
	fflush(stderr);
}

static void
show(struct progress *p, uint64_t rows, double share, int64_t spent_ms)
{
	char count[32], rate_text[32], left[32] = "", text[192];
	double rate = (double)(rows - p->first) * 1000.0 / (double)spent_ms;

	grouped(rows, count);
	grouped((uint64_t)(rate + 0.5), rate_text);
	/* The first moments tell nothing of the rest. */
	if (share > 0 && share <= 1 && spent_ms > 1000)
		left_text((uint64_t)((double)spent_ms * (1 - share) / share / 1000.0 + 0.5), left);
	snprintf(text, sizeof(text), "%s: %s rows, %s a second%s%s", p->what, count, rate_text, *left != '\0' ? ", " : "", left);
	show_bar(share, text);
	p->shown = 1;
}

void
progress_at(struct progress *p, uint64_t rows, uint64_t part, uint64_t whole)
{
	int64_t now;

	if (!p->shows)
		return;
	now = clock_mono_ms();
	if (now < p->next_ms)
		return;
	p->next_ms = now + BAR_MS;
	show(p, rows, whole > 0 ? (double)part / (double)whole : 0, now - p->began_ms);
}

void
progress_clear(struct progress *p)
{
	if (p->shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	p->shown = 0;
}

void
progress_end(struct progress *p)
{
	progress_clear(p);
	p->shows = 0;
}
