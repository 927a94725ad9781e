/*
 * courier_payment.c - what a payment provider says of a method of payment, through a command.
 */
#include "musterd/courier_payment.h"

#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/text.h"

#define QUESTION_MAX 4000 /* octets: fits into any pipe */
#define ANSWER_MAX 16384

/* The facts of a claim that a provider is told. */
static const char *const told[] = { "method", "kind", "type", "login", "state", "reference", "token" };

static int
put_line(struct buf *b, const char *name, const char *value)
{
	int r = text_is_clean(value, strlen(value)) ? buf_put_octets(b, name, strlen(name)) : ERR_INPUT;

	if (r == 0)
		r = buf_put_octets(b, "=", 1);
	if (r == 0)
		r = buf_put_octets(b, value, strlen(value));
	return r == 0 ? buf_put_octets(b, "\n", 1) : r;
}

static int
put_question(struct buf *b, const char *record_id, const struct directory_claim *claim)
{
	int r = put_line(b, "record", record_id);
	size_t i, n;

	for (n = 0; n < sizeof(told) / sizeof(told[0]); n++)
		for (i = 0; i < claim->facts_len && r == 0; i++)
			if (strcmp(claim->facts[i].name, told[n]) == 0)
				r = put_line(b, told[n], claim->facts[i].value);
	return r;
}

int
payment_read(const char *text, size_t len, struct payment *said_out)
{
	enum payment_state state;
	int r = 0;

	memset(said_out, 0, sizeof(*said_out));
	while (len > 0 && r == 0) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end != NULL ? (size_t)(end - text) : len;
		const char *equals = memchr(text, '=', line_len);

		if (equals != NULL)
			r = payment_set(said_out, text, (size_t)(equals - text), equals + 1, line_len - (size_t)(equals + 1 - text));
		else if (line_len > 0)
			r = ERR_PROTO;
		len -= end != NULL ? line_len + 1 : line_len;
		text += end != NULL ? line_len + 1 : line_len;
	}
	state = payment_state(said_out->state, strlen(said_out->state));
	if (r == 0 && (state == PAYMENT_ACTIVE || state == PAYMENT_AUTHENTICATE || state == PAYMENT_REFUSED))
		return 0;
	secret_wipe_object(said_out);
	return ERR_PROTO;
}

static int
ask(const struct conf *conf, const struct buf *question, struct buf *answer, char why[COMMAND_WHY_MAX])
{
	const struct command command = { .words = conf->payments.command, .input = buf_data(question), .input_len = buf_len(question),
		                         .timeout_ms = conf->payments.timeout_ms, .output = answer };
	int status, r = command_run(&command, &status, why);

	if (r == 0 && status != 0) {
		command_status_text(status, why);
		r = ERR_CONFIG;
	}
	return r;
}

int
payment_ask(const struct conf *conf, const char *record_id, const struct directory_claim *claim, struct payment *said_out,
            char why[COMMAND_WHY_MAX])
{
	struct buf *question = NULL, *answer = NULL;
	int r;

	memset(said_out, 0, sizeof(*said_out));
	why[0] = '\0';
	r = buf_new(QUESTION_MAX, &question);
	if (r == 0)
		r = buf_new(ANSWER_MAX, &answer);
	if (r == 0)
		r = put_question(question, record_id, claim);
	if (r != 0)
		snprintf(why, COMMAND_WHY_MAX, "it cannot be put into lines: %s", err_str(r));
	if (r == 0)
		r = ask(conf, question, answer, why);
	if (r == 0) {
		r = payment_read((const char *)buf_data(answer), buf_len(answer), said_out);
		if (r != 0)
			snprintf(why, COMMAND_WHY_MAX, "the answer is not understood");
	}
	buf_free(&question);
	buf_free(&answer);
	return r;
}
