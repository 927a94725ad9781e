/*
 * courier_mail.c - SMTP through libcurl.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/err.h"
#include "musterd/courier_mail.h"

#define CONNECT_LONGEST_MS 30000
#define IDLE_LONGEST_SEC 20L /* relays hang up on idle clients; RFC 5321 wants five minutes, many take one */
#define COMMAND_MAX 8

struct mail {
	const struct conf *conf;
	CURL *curl;
	char command[COMMAND_MAX]; /* the last one sent, "RCPT"; the QUIT that ends a failed transfer does not count */
	char reply[256];           /* the relay's last line of answer to it */
	int quitting;
};

/* The mail that libcurl reads while it sends. */
struct source {
	const char *data;
	size_t left;
};

static size_t
read_source(char *buffer, size_t size, size_t n, void *arg)
{
	struct source *source = arg;
	size_t len = size * n < source->left ? size * n : source->left;

	memcpy(buffer, source->data, len);
	source->data += len;
	source->left -= len;
	return len;
}

/* Each line of the relay. */
static size_t
keep_reply(char *line, size_t size, size_t n, void *arg)
{
	struct mail *m = arg;
	size_t len = size * n;

	if (m->quitting)
		return len;
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	snprintf(m->reply, sizeof(m->reply), "%.*s", (int)(len < sizeof(m->reply) ? len : sizeof(m->reply) - 1), line);
	return size * n;
}

/* libcurl does not tell which command an answer belongs to: a 550 to RCPT is about this mail, to MAIL about us. */
static int
keep_command(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	struct mail *m = arg;
	size_t n;

	(void)curl;
	if (type != CURLINFO_HEADER_OUT)
		return 0;
	m->quitting = len >= 4 && memcmp(data, "QUIT", 4) == 0;
	if (m->quitting)
		return 0;
	m->reply[0] = '\0'; /* what was said before is no answer to this one */
	for (n = 0; n < len && n < COMMAND_MAX - 1 && data[n] > ' '; n++)
		m->command[n] = data[n];
	m->command[n] = '\0';
	return 0;
}

static size_t
drop_output(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static CURLcode
set_numbers(const struct mail *m)
{
	static const long tls[] = {
		[CONF_SMTP_TLS_REQUIRED] = CURLUSESSL_ALL,
		[CONF_SMTP_TLS_OPTIONAL] = CURLUSESSL_TRY,
		[CONF_SMTP_TLS_NONE] = CURLUSESSL_NONE,
	};
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_UPLOAD, 1 },
		{ CURLOPT_VERBOSE, 1 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_USE_SSL, tls[m->conf->courier.smtp_tls] },
		{ CURLOPT_TIMEOUT_MS, m->conf->courier.smtp_timeout_ms },
		{ CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LONGEST_MS },
		/* Also holds for the answer to QUIT, for which libcurl otherwise waits two minutes. */
		{ CURLOPT_SERVER_RESPONSE_TIMEOUT, (m->conf->courier.smtp_timeout_ms + 999) / 1000 },
		{ CURLOPT_MAXAGE_CONN, IDLE_LONGEST_SEC },
	};
	CURLcode c = CURLE_OK;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && c == CURLE_OK; i++)
		c = curl_easy_setopt(m->curl, numbers[i].option, numbers[i].value);
	return c;
}

static CURLcode
set_options(struct mail *m)
{
	CURLcode c = set_numbers(m);

	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_URL, m->conf->courier.smtp_url);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	/* Not what the environment says. */
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_PROXY, "");
	if (c == CURLE_OK && m->conf->courier.smtp_ca_file[0] != '\0')
		c = curl_easy_setopt(m->curl, CURLOPT_CAINFO, m->conf->courier.smtp_ca_file);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_READFUNCTION, read_source);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_WRITEFUNCTION, drop_output);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_HEADERFUNCTION, keep_reply);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_HEADERDATA, m);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_DEBUGFUNCTION, keep_command);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_DEBUGDATA, m);
	return c;
}

int
mail_open(const struct conf *conf, struct mail **m_out)
{
	struct mail *m;

	*m_out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return ERR_MEMORY;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ERR_MEMORY;
	m->conf = conf;
	m->curl = curl_easy_init();
	if (m->curl == NULL || set_options(m) != CURLE_OK) {
		mail_close(&m);
		return ERR_MEMORY;
	}
	*m_out = m;
	return 0;
}

void
mail_close(struct mail **m)
{
	if (m == NULL || *m == NULL)
		return;
	curl_easy_cleanup((*m)->curl);
	curl_global_cleanup();
	free(*m);
	*m = NULL;
}

/* Put the credentials of the relay into the handle. Returns 0, or an ERR_* code with the reason in why. */
static int
set_login(struct mail *m, char why[MAIL_WHY_MAX])
{
	struct secret *password = NULL;
	int r;

	if (m->conf->courier.smtp_user[0] == '\0')
		return 0;
	r = conf_read_secret(m->conf->courier.smtp_password_file, &password, why);
	if (r == 0 && (curl_easy_setopt(m->curl, CURLOPT_USERNAME, m->conf->courier.smtp_user) != CURLE_OK ||
	               curl_easy_setopt(m->curl, CURLOPT_PASSWORD, (const char *)password->data) != CURLE_OK))
		r = ERR_MEMORY;
	secret_free(&password);
	return r;
}

/*
 * What the outcome of a transfer means for the record. A 5xx to RCPT or DATA is about this receiver and this text, and would be
 * the same for ever; before that it is about the relay and us, which somebody will put right.
 */
static enum mail_result
judge(const struct mail *m, CURLcode c, char why[MAIL_WHY_MAX])
{
	why[0] = '\0';
	if (c == CURLE_OK)
		return MAIL_SENT;
	snprintf(why, MAIL_WHY_MAX, "%s%s%s%s%s", curl_easy_strerror(c), m->command[0] != '\0' ? ", after " : "", m->command,
	         m->reply[0] != '\0' ? ", relay said: " : "", m->reply);
	if (m->reply[0] == '5' && (strcmp(m->command, "RCPT") == 0 || strcmp(m->command, "DATA") == 0))
		return MAIL_NEVER;
	return MAIL_LATER;
}

/* One attempt. *stale_out: a kept connection turned out to be dead, which says nothing about the relay. */
static enum mail_result
attempt(struct mail *m, struct curl_slist *receivers, const char *from, const void *message, size_t len, int *stale_out,
        char why[MAIL_WHY_MAX])
{
	struct source source = { .data = message, .left = len };
	long fresh = 0;
	CURLcode c;

	m->command[0] = '\0';
	m->reply[0] = '\0';
	m->quitting = 0;
	c = curl_easy_setopt(m->curl, CURLOPT_MAIL_FROM, from);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_MAIL_RCPT, receivers);
	if (c == CURLE_OK)
		c = curl_easy_setopt(m->curl, CURLOPT_READDATA, &source);
	if (c == CURLE_OK)
		c = curl_easy_perform(m->curl);
	curl_easy_getinfo(m->curl, CURLINFO_NUM_CONNECTS, &fresh);
	*stale_out = c != CURLE_OK && fresh == 0 && m->reply[0] == '\0';
	return judge(m, c, why);
}

enum mail_result
mail_send(struct mail *m, const char *to, const void *message, size_t len, char why[MAIL_WHY_MAX])
{
	char from[ADDRESS_MAX + 3], receiver[ADDRESS_MAX + 3];
	struct curl_slist *receivers;
	enum mail_result result = MAIL_LATER;
	int stale = 0;
	int r;

	r = set_login(m, why);
	if (r == ERR_MEMORY)
		snprintf(why, MAIL_WHY_MAX, "%s", err_str(r));
	if (r != 0)
		return MAIL_LATER;
	snprintf(from, sizeof(from), "<%s>", m->conf->courier.from);
	snprintf(receiver, sizeof(receiver), "<%s>", to);
	receivers = curl_slist_append(NULL, receiver);
	if (receivers == NULL) {
		snprintf(why, MAIL_WHY_MAX, "%s", err_str(ERR_MEMORY));
		return MAIL_LATER;
	}
	result = attempt(m, receivers, from, message, len, &stale, why);
	if (stale)
		result = attempt(m, receivers, from, message, len, &stale, why);
	curl_slist_free_all(receivers);
	return result;
}
