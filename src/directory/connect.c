/*
 * connect.c - from a list of URIs to one connection with TLS. We open the socket ourselves, non-blocking,
 *             because libldap 2.5 spins without end on a server that accepts and then says nothing: its
 *             TLS handshake minds the network timeout only on connections marked as asynchronous.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "directory/internal.h"

#include <openldap.h> /* ldap_init_fd(); needs ldap.h first */

/* What Debian's slapd listens on for ldapi:///. */
#define LDAPI_DEFAULT "/var/run/slapd/ldapi"
/* Used when neither the options nor ldap.conf name a file; libldap with GnuTLS would trust nobody. */
#define CA_FILE_DEFAULT "/etc/ssl/certs/ca-certificates.crt"

#define URI_MAX 1024
#define MESSAGE_MAX_OCTETS ((ber_len_t)(16 << 20)) /* no answer of ours is near; liblber sets aside whatever a server announces */

struct attempt {
	const struct directory_options *options;
	LDAPURLDesc *url;
	char plain_uri[URI_MAX]; /* scheme, host and port only */
	int is_local, is_ldaps;
	int64_t deadline;
	LDAP *ld;
	char *text;
};

static int
left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_mono_ms();

	return left > 0 ? (int)left : 0;
}

/* connect() with a deadline. fd is non-blocking and stays so. */
static int
connect_wait(int fd, const struct sockaddr *address, socklen_t len, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t error_len = sizeof(error);
	int ready;

	if (connect(fd, address, len) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return ERR_UNREACHABLE;
	do {
		ready = poll(&p, 1, left_ms(deadline));
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return ERR_TIMEOUT;
	if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0 || error != 0)
		return ERR_UNREACHABLE;
	return 0;
}

static int
socket_local(const struct attempt *a, int *fd_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = a->url->lud_host;
	int fd, r;

	*fd_out = -1;
	if (path == NULL || *path == '\0')
		path = LDAPI_DEFAULT;
	if (strlen(path) >= sizeof(address.sun_path))
		return ERR_CONFIG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_UNREACHABLE;
	r = connect_wait(fd, (const struct sockaddr *)&address, sizeof(address), a->deadline);
	if (r != 0) {
		close(fd);
		return r;
	}
	*fd_out = fd;
	return 0;
}

/* A server that is gone without a word is noticed by its silence: on a long sync search as on a request. */
static void
socket_tune(int fd, int timeout_ms)
{
	int on = 1, idle_sec = 60, interval_sec = 10, probes = 3;
	unsigned user_timeout_ms = (unsigned)timeout_ms;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_sec, sizeof(idle_sec));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_sec, sizeof(interval_sec));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(user_timeout_ms));
}

static int
socket_tcp(const struct attempt *a, int *fd_out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	const char *host = a->url->lud_host != NULL && *a->url->lud_host != '\0' ? a->url->lud_host : "localhost";
	struct addrinfo *list = NULL, *ai;
	char port[8];
	int fd = -1, r = ERR_UNREACHABLE;

	*fd_out = -1;
	snprintf(port, sizeof(port), "%d", a->url->lud_port);
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return ERR_UNREACHABLE;
	for (ai = list; ai != NULL && left_ms(a->deadline) > 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
		if (fd < 0)
			continue;
		r = connect_wait(fd, ai->ai_addr, ai->ai_addrlen, a->deadline);
		if (r == 0)
			break;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd >= 0)
		socket_tune(fd, a->options->timeout_ms);
	*fd_out = fd;
	return r;
}

static struct timeval
timeval_of(int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

static int
options_set(struct attempt *a)
{
	int never = LDAP_DEREF_NEVER, version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, tls12 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
	int client = 0, r = 0;
	struct timeval network = timeval_of(left_ms(a->deadline));
	char *system_file = NULL, *system_dir = NULL;
	const char *ca = a->options->ca_file;

	r |= ldap_set_option(a->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	r |= ldap_set_option(a->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	/* Nor is an entry another one because somebody's ldap.conf says so. */
	r |= ldap_set_option(a->ld, LDAP_OPT_DEREF, &never);
	r |= ldap_set_option(a->ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
	r |= ldap_set_option(a->ld, LDAP_OPT_NETWORK_TIMEOUT, &network);
	if (a->is_local || (!a->is_ldaps && !a->options->start_tls))
		return r == 0 ? 0 : ERR_CONFIG;

	if (ca == NULL) {
		(void)ldap_get_option(a->ld, LDAP_OPT_X_TLS_CACERTFILE, &system_file);
		(void)ldap_get_option(a->ld, LDAP_OPT_X_TLS_CACERTDIR, &system_dir);
		if (system_file == NULL && system_dir == NULL)
			ca = CA_FILE_DEFAULT;
		ldap_memfree(system_file);
		ldap_memfree(system_dir);
	}
	if (ca != NULL) {
		r |= ldap_set_option(a->ld, LDAP_OPT_X_TLS_CACERTDIR, NULL);
		r |= ldap_set_option(a->ld, LDAP_OPT_X_TLS_CACERTFILE, ca);
	}
	r |= ldap_set_option(a->ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	r |= ldap_set_option(a->ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &tls12);
	if (r != 0)
		return ERR_CONFIG;
	if (ldap_set_option(a->ld, LDAP_OPT_X_TLS_NEWCTX, &client) == 0)
		return 0;
	if (a->options->ca_file != NULL)
		return ERR_CONFIG;
	/* A host without certificates of authorities trusts no server. */
	a->text = ber_strdup("this host knows no authority: install ca-certificates");
	return ERR_PEER;
}

static void
attempt_text(struct attempt *a)
{
	ldap_memfree(a->text);
	a->text = NULL;
	(void)ldap_get_option(a->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &a->text);
	/* What libldap says of GnuTLS's codes that it does not know. */
	if (a->text != NULL && strcmp(a->text, "(unknown error code)") == 0) {
		ldap_memfree(a->text);
		a->text = NULL;
	}
}

/* Ask the server to go on with TLS (RFC 4511 section 4.14). */
static int
start_tls_request(struct attempt *a)
{
	struct timeval left = timeval_of(left_ms(a->deadline));
	LDAPMessage *answer = NULL;
	int msgid = -1, result = LDAP_OTHER, type;

	if (ldap_start_tls(a->ld, NULL, NULL, &msgid) != LDAP_SUCCESS)
		return ERR_UNREACHABLE;
	type = ldap_result(a->ld, msgid, LDAP_MSG_ALL, &left, &answer);
	if (type == 0)
		return ERR_TIMEOUT;
	if (type < 0 || answer == NULL)
		return ERR_UNREACHABLE;
	if (ldap_parse_result(a->ld, answer, &result, NULL, &a->text, NULL, NULL, 1) != LDAP_SUCCESS)
		return ERR_PROTO;
	return result == LDAP_SUCCESS ? 0 : ERR_PEER;
}

static int
tls_install(struct attempt *a)
{
	struct timeval network = timeval_of(left_ms(a->deadline));
	int rc;

	(void)ldap_set_option(a->ld, LDAP_OPT_NETWORK_TIMEOUT, &network);
	(void)ldap_set_option(a->ld, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
	rc = ldap_install_tls(a->ld);
	(void)ldap_set_option(a->ld, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_OFF);
	if (rc == LDAP_SUCCESS && ldap_tls_inplace(a->ld))
		return 0;
	attempt_text(a);
	if (rc == LDAP_TIMEOUT || left_ms(a->deadline) == 0)
		return ERR_TIMEOUT;
	return ERR_PEER;
}

static int
limit_messages(struct attempt *a)
{
	ber_len_t most = MESSAGE_MAX_OCTETS;
	Sockbuf *sb = NULL;

	if (ldap_get_option(a->ld, LDAP_OPT_SOCKBUF, &sb) != LDAP_OPT_SUCCESS || sb == NULL)
		return ERR_INTERNAL;
	return ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1 ? 0 : ERR_INTERNAL;
}

static int
attempt_run(struct attempt *a)
{
	int fd = -1, r;

	r = a->is_local ? socket_local(a, &fd) : socket_tcp(a, &fd);
	if (r != 0)
		return r;
	if (ldap_init_fd(fd, a->is_local ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, a->plain_uri, &a->ld) != LDAP_SUCCESS) {
		a->ld = NULL;
		close(fd);
		return ERR_MEMORY;
	}
	if ((r = limit_messages(a)) != 0)
		return r;
	r = options_set(a);
	if (r != 0 || a->is_local)
		return r;
	if (!a->is_ldaps) {
		if (!a->options->start_tls)
			return 0;
		r = start_tls_request(a);
		if (r != 0)
			return r;
	}
	return tls_install(a);
}

static int
attempt_parse(struct attempt *a, const char *uri)
{
	const char *scheme;

	if (ldap_url_parse(uri, &a->url) != LDAP_URL_SUCCESS) {
		a->url = NULL;
		return ERR_CONFIG;
	}
	scheme = a->url->lud_scheme;
	a->is_local = strcasecmp(scheme, "ldapi") == 0;
	a->is_ldaps = strcasecmp(scheme, "ldaps") == 0;
	if (!a->is_local && !a->is_ldaps && strcasecmp(scheme, "ldap") != 0)
		return ERR_CONFIG;
	if (a->url->lud_port == 0)
		a->url->lud_port = a->is_ldaps ? LDAPS_PORT : LDAP_PORT;
	if (strlen(uri) >= sizeof(a->plain_uri))
		return ERR_CONFIG;
	strcpy(a->plain_uri, uri);
	return 0;
}

/* One URI; a new handle or nothing. */
static int
connect_one(const struct directory_options *options, const char *uri, int64_t deadline, LDAP **ld_out, char **text_out)
{
	struct attempt a = { .options = options, .deadline = deadline };
	int r;

	*ld_out = NULL;
	r = attempt_parse(&a, uri);
	if (r == 0)
		r = attempt_run(&a);
	if (a.url != NULL)
		ldap_free_urldesc(a.url);
	ldap_memfree(*text_out);
	*text_out = a.text;
	if (r != 0) {
		if (a.ld != NULL)
			(void)ldap_unbind_ext(a.ld, NULL, NULL);
		return r;
	}
	*ld_out = a.ld;
	return 0;
}

/* The URIs share what time there is; the last error is the one that is told. */
int
connect_any(const struct directory_options *options, LDAP **ld_out, char **text_out)
{
	char *uris = NULL, *uri, *rest = NULL;
	int64_t end = clock_mono_ms() + (options->connect_ms > 0 ? options->connect_ms : options->timeout_ms);
	int left = 0, r = ERR_CONFIG;

	*ld_out = NULL;
	*text_out = NULL;
	uris = strdup(options->uris);
	if (uris == NULL)
		return ERR_MEMORY;
	for (uri = strtok_r(uris, " \t\n", &rest); uri != NULL; uri = strtok_r(NULL, " \t\n", &rest))
		left++;
	free(uris);
	uris = strdup(options->uris);
	if (uris == NULL)
		return ERR_MEMORY;
	for (uri = strtok_r(uris, " \t\n", &rest); uri != NULL; uri = strtok_r(NULL, " \t\n", &rest), left--) {
		int64_t now = clock_mono_ms();

		r = connect_one(options, uri, now + left_ms(end) / left, ld_out, text_out);
		if (r == 0 || r == ERR_CONFIG)
			break;
	}
	free(uris);
	return r;
}
