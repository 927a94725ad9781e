/*
 * courier.c - follow what is owed, claim it, send it, say done; ask the payment provider.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "directory/directory.h"
#include "musterd/courier.h"
#include "musterd/courier_mail.h"
#include "musterd/courier_payment.h"
#include "musterd/courier_sms.h"
#include "musterd/language.h"
#include "musterd/message.h"
#include "musterd/schedule.h"

#define POLL_MS 500
#define RECONNECT_FIRST_MS 200
#define RECONNECT_LONGEST_MS 30000
#define RETRY_FIRST_MS 1000
#define RETRY_LONGEST_MS 600000  /* a relay that refuses: ten minutes */
#define BUSY_LONGEST_MS 30000    /* a lease ends after two minutes unless configured otherwise */
#define AUTHENTICATE_FIRST_MS 2000 /* a person is at the provider's page: whether that is done */
#define AUTHENTICATE_LONGEST_MS 60000
#define SESSION_LONGEST_MS 600000 /* then everything owed is listed anew, whatever a half-dead connection hid from us */

#define SAID_MAX 16

struct courier {
	const struct conf *conf;
	struct schedule *schedule;
	struct mail *mail;
	struct directory *work; /* claims and reports; follow has a connection of its own */
	int64_t session_end_ms;
};

static volatile sig_atomic_t ending; /* the process is to end */
static volatile int leave;           /* the session is to end; what directory_follow() looks at */

static void
on_signal(int number)
{
	(void)number;
	ending = 1;
	leave = 1;
}

/* --- one record ----------------------------------------------------------------------------------- */

/* An operation failed: when the connection is to blame, end the session; the record waits in any case. */
static void
put_off(struct schedule_record *record, int r)
{
	if (r == ERR_UNREACHABLE || r == ERR_TIMEOUT)
		leave = 1;
	schedule_retry(record, clock_mono_ms(), RETRY_FIRST_MS, r == ERR_BUSY ? BUSY_LONGEST_MS : RETRY_LONGEST_MS);
}

/* Tell the directory the outcome. Until it has heard, the record stays and only this is tried again. */
static void
report(struct courier *c, struct schedule_record *record)
{
	int r = directory_done(c->work, record->id, (enum directory_outcome)record->outcome);

	if (r == 0 || r == ERR_NOT_FOUND) {
		schedule_remove(c->schedule, record);
		return;
	}
	log_error_r(r, "record=%s done: %s", record->id, directory_text(c->work));
	put_off(record, r);
}

static void
settle(struct courier *c, struct schedule_record *record, enum directory_outcome outcome)
{
	record->delivered = 1;
	record->outcome = outcome;
	record->tries = 0;
	report(c, record);
}

static void
conclude(struct courier *c, struct schedule_record *record, const struct directory_claim *claim, enum mail_result result,
         const char *why)
{
	switch (result) {
	case MAIL_SENT:
		log_info("record=%s kind=%s to=%s sent", record->id, claim->kind, claim->address);
		settle(c, record, OUTCOME_SENT);
		break;
	case MAIL_NEVER:
		log_error("record=%s kind=%s to=%s refused for good: %s", record->id, claim->kind, claim->address, why);
		settle(c, record, OUTCOME_FAILED);
		break;
	default:
		log_notice("record=%s kind=%s to=%s not sent, tried again later: %s", record->id, claim->kind, claim->address, why);
		put_off(record, 0);
	}
}

/* A message cannot be made: for good when that is about the record, else later. */
static void
give_up(struct courier *c, struct schedule_record *record, const struct directory_claim *claim, int r)
{
	if (r == ERR_INPUT) {
		log_error("record=%s kind=%s given up: address and secret do not go with such a message", record->id, claim->kind);
		settle(c, record, OUTCOME_FAILED);
	} else {
		log_error_r(r, "record=%s kind=%s cannot be put into words, tried again later", record->id, claim->kind);
		put_off(record, r);
	}
}

static void
deliver_mail(struct courier *c, struct schedule_record *record, const struct directory_claim *claim)
{
	char why[MAIL_WHY_MAX];
	struct buf *message = NULL;
	int r = message_build(claim, c->conf, clock_now(), &message);

	if (r == 0)
		conclude(c, record, claim, mail_send(c->mail, claim->address, buf_data(message), buf_len(message), why), why);
	else
		give_up(c, record, claim, r);
	buf_free(&message);
}

static void
deliver_sms(struct courier *c, struct schedule_record *record, const struct directory_claim *claim)
{
	char why[MAIL_WHY_MAX];
	struct buf *text = NULL;
	int r;

	if (c->conf->sms.command[0] == '\0') {
		log_error("record=%s kind=%s given up: no text messages are sent, [sms] command is empty", record->id, claim->kind);
		settle(c, record, OUTCOME_FAILED);
		return;
	}
	r = message_build_sms(claim, c->conf, &text);
	if (r == 0)
		conclude(c, record, claim, sms_send(c->conf, claim->address, buf_data(text), buf_len(text), why), why);
	else
		give_up(c, record, claim, r);
	buf_free(&text);
}

/* Tell the directory what the provider said, which judges it. Until a person has authenticated the provider is asked again. */
static void
settle_payment(struct courier *c, struct schedule_record *record, const struct payment *payment)
{
	int authenticates = payment_state(payment->state, strlen(payment->state)) == PAYMENT_AUTHENTICATE;
	struct directory_said said[SAID_MAX];
	size_t i, n = 0;
	int r;

	for (i = 0; (said[n].name = payment_name(payment, i, &said[n].value)) != NULL; i++)
		n += *said[n].value != '\0';
	r = directory_settle(c->work, record->id, said, n);
	if (r == 0)
		log_info("record=%s kind=payment-check the provider says: %s", record->id, payment->state);
	if (r == 0 && authenticates) {
		schedule_retry(record, clock_mono_ms(), AUTHENTICATE_FIRST_MS, AUTHENTICATE_LONGEST_MS);
	} else if (r == 0 || r == ERR_NOT_FOUND) {
		schedule_remove(c->schedule, record);
	} else {
		log_error_r(r, "record=%s settle: %s", record->id, directory_text(c->work));
		put_off(record, r);
	}
}

static void
check_payment(struct courier *c, struct schedule_record *record, const struct directory_claim *claim)
{
	char why[COMMAND_WHY_MAX] = "[payments] command is empty";
	struct payment said;
	int r = ERR_CONFIG;

	if (c->conf->payments.command[0] != '\0')
		r = payment_ask(c->conf, record->id, claim, &said, why);
	if (r == 0) {
		settle_payment(c, record, &said);
		secret_wipe_object(&said);
	} else {
		log_error("record=%s kind=%s the payment provider cannot be asked, tried again later: %s", record->id, claim->kind, why);
		put_off(record, 0);
	}
}

/* A record that is claimed: the form of its address tells the way. */
static void
deliver(struct courier *c, struct schedule_record *record, const struct directory_claim *claim)
{
	if (strcmp(claim->kind, "void") == 0) {
		log_info("record=%s nothing to send", record->id);
		schedule_remove(c->schedule, record);
	} else if (strcmp(claim->kind, "payment-check") == 0) {
		check_payment(c, record, claim);
	} else if (claim->address[0] == '+') {
		deliver_sms(c, record, claim);
	} else {
		deliver_mail(c, record, claim);
	}
}

static void
try_record(struct courier *c, struct schedule_record *record)
{
	struct directory_claim *claim = NULL;
	int r;

	if (record->delivered) {
		report(c, record);
		return;
	}
	r = directory_claim(c->work, record->id, &claim);
	if (r == ERR_NOT_FOUND) {
		log_debug("record=%s gone", record->id);
		schedule_remove(c->schedule, record);
	} else if (r == ERR_BUSY) {
		log_debug("record=%s held by somebody", record->id);
		put_off(record, r);
	} else if (r != 0) {
		log_error_r(r, "record=%s claim: %s", record->id, directory_text(c->work));
		put_off(record, r);
	} else {
		deliver(c, record, claim);
	}
	directory_claim_free(&claim);
}

/* --- one session with the directory ------------------------------------------------------------------ */

static int
take_record(const char *record_id, void *arg)
{
	struct courier *c = arg;

	return schedule_add(c->schedule, record_id, clock_mono_ms());
}

static void
work_off(void *arg)
{
	struct courier *c = arg;
	struct schedule_record *record;

	while (!leave && (record = schedule_due(c->schedule, clock_mono_ms())) != NULL)
		try_record(c, record);
	if (clock_mono_ms() >= c->session_end_ms)
		leave = 1;
}

/* A connection with the courier's identity. The password is read each time, so that it can be changed meanwhile. */
static int
connect_directory(const struct courier *c, struct directory **d_out)
{
	const struct directory_options options = {
		.uris = c->conf->directory.uris,
		.ca_file = c->conf->directory.ca_file[0] != '\0' ? c->conf->directory.ca_file : NULL,
		.start_tls = c->conf->directory.start_tls,
		.timeout_ms = c->conf->directory.timeout_ms,
	};
	struct secret *password = NULL;
	char error[CONF_ERROR_MAX];
	int r;

	r = directory_open(&options, d_out);
	if (r != 0)
		return r;
	if (c->conf->courier.bind_dn[0] == '\0') {
		r = directory_bind_external(*d_out);
	} else {
		r = conf_read_secret(c->conf->courier.bind_password_file, &password, error);
		if (r != 0)
			log_error("%s", error);
		else
			r = directory_bind_simple(*d_out, c->conf->courier.bind_dn, password);
	}
	secret_free(&password);
	if (r != 0)
		directory_close(d_out);
	return r;
}

/* Connect twice, follow until something ends it. Returns what did; 0 when it was time to leave. */
static int
run_session(struct courier *c, int *connected_out)
{
	struct directory *follow = NULL;
	int r;

	*connected_out = 0;
	leave = ending;
	r = connect_directory(c, &c->work);
	if (r == 0)
		r = connect_directory(c, &follow);
	if (r == 0) {
		*connected_out = 1;
		c->session_end_ms = clock_mono_ms() + SESSION_LONGEST_MS;
		log_info("following %s", c->conf->directory.base);
		r = directory_follow(follow, c->conf->directory.base, take_record, work_off, c, POLL_MS, &leave);
	}
	directory_close(&follow);
	directory_close(&c->work);
	return leave ? 0 : r;
}

/* Sleep, but not through a signal. */
static void
wait_ms(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!ending && clock_mono_ms() < end)
		poll(NULL, 0, POLL_MS);
}

static void
run(struct courier *c)
{
	int64_t pause_ms = RECONNECT_FIRST_MS;
	int connected, r, reported = 0;

	while (!ending) {
		r = run_session(c, &connected);
		/* One line for each new reason, not one for each try. */
		if (r != 0 && (connected || r != reported))
			log_error_r(r, connected ? "the connection to the directory was lost" : "the directory cannot be used");
		reported = r;
		if (connected)
			pause_ms = RECONNECT_FIRST_MS;
		wait_ms(pause_ms);
		pause_ms = pause_ms * 2 < RECONNECT_LONGEST_MS ? pause_ms * 2 : RECONNECT_LONGEST_MS;
	}
}

static int
catch_signals(void)
{
	const struct sigaction act = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
		return ERR_INTERNAL;
	return 0;
}

int
courier_main(const struct conf *conf)
{
	struct courier c = { .conf = conf };
	int r;

	r = catch_signals();
	if (r == 0)
		r = language_init();
	if (r == 0)
		r = schedule_new(&c.schedule);
	if (r == 0)
		r = mail_open(conf, &c.mail);
	if (r == 0)
		run(&c);
	else
		log_error_r(r, "cannot start");
	mail_close(&c.mail);
	schedule_free(&c.schedule);
	return r;
}
