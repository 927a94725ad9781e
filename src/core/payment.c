/*
 * payment.c - methods of payment.
 */
#include "core/payment.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/err.h"
#include "common/text.h"
#include "core/card.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define N_(text) text /* mails have these in the language of the member */

static const char *const kinds[] = { [PAYMENT_CARD] = "card", [PAYMENT_BANK_TRANSFER] = "bank-transfer" };
static const char *const states[] = {
	[PAYMENT_PENDING] = "pending", [PAYMENT_AUTHENTICATE] = "authenticate", [PAYMENT_ACTIVE] = "active",
	[PAYMENT_REFUSED] = "refused"
};

/* Cards that take the money at once: "check card" is what Korea calls them. */
static const char *const debit[] = { NULL, "debit", "debit-card", "check", "check-card" };

const char payment_late[] = N_("it was not authenticated with the payment provider within a day: add it again");

#define TEXT_DEBIT N_("debit and check cards are not taken: add a credit card")
#define TEXT_BUSINESS N_("bank transfer is for business members: add a credit card")

static int
is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* which_word - the number of a word of a list, 0 for none; the list begins at 1 */
static size_t
which_word(const char *text, size_t len, const char *const *words, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (is_word(text, len, words[i]))
			return i;
	return 0;
}

enum payment_kind
payment_kind(const char *text, size_t len)
{
	return (enum payment_kind)which_word(text, len, kinds, COUNT(kinds));
}

enum payment_state
payment_state(const char *text, size_t len)
{
	return (enum payment_state)which_word(text, len, states, COUNT(states));
}

const char *
payment_kind_text(enum payment_kind kind)
{
	return kind > PAYMENT_NO_KIND && kind < COUNT(kinds) ? kinds[kind] : "";
}

const char *
payment_state_text(enum payment_state state)
{
	return state > PAYMENT_NO_STATE && state < COUNT(states) ? states[state] : "";
}

int
payment_expiry(const char *text, size_t len, int64_t *over_out)
{
	char next[TEXT_TIME_MAX];
	int year = 0, month = 0;
	size_t i;

	*over_out = 0;
	if (len != PAYMENT_EXPIRY_LEN || text[4] != '-')
		return ERR_INPUT;
	for (i = 0; i < len; i++) {
		if (i == 4)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return ERR_INPUT;
		if (i < 4)
			year = 10 * year + (text[i] - '0');
		else
			month = 10 * month + (text[i] - '0');
	}
	if (year < 2000 || year > 9998 || month < 1 || month > 12)
		return ERR_INPUT;
	snprintf(next, sizeof(next), "%04d%02d01000000Z", month == 12 ? year + 1 : year, month % 12 + 1);
	return text_time_parse(next, strlen(next), over_out) == 0 ? 0 : ERR_INPUT;
}

/* --- facts ---------------------------------------------------------------------------------------- */

#define FACT(field) { #field, offsetof(struct payment, field), sizeof(((struct payment *)0)->field) }
static const struct fact {
	const char *name;
	size_t offset, size;
} facts[] = { FACT(state), FACT(kind), FACT(token), FACT(brand), FACT(last_four), FACT(expiry), FACT(url), FACT(reason) };

int
payment_set(struct payment *p, const char *name, size_t name_len, const char *value, size_t len)
{
	char *field;
	size_t i;

	for (i = 0; i < COUNT(facts); i++)
		if (strlen(facts[i].name) == name_len && memcmp(facts[i].name, name, name_len) == 0)
			break;
	if (i == COUNT(facts))
		return ERR_NOT_FOUND;
	field = (char *)p + facts[i].offset;
	if (*field != '\0' || !text_is_clean(value, len))
		return ERR_INPUT;
	if (len >= facts[i].size)
		return ERR_RANGE;
	memcpy(field, value, len);
	field[len] = '\0';
	return 0;
}

const char *
payment_name(const struct payment *p, size_t number, const char **value_out)
{
	*value_out = "";
	if (number >= COUNT(facts))
		return NULL;
	*value_out = (const char *)p + facts[number].offset;
	return facts[number].name;
}

/* --- rules ---------------------------------------------------------------------------------------- */

/* is_printable - ASCII without blanks */
static int
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return 0;
	return 1;
}

static int
is_four_digits(const char *text)
{
	return strlen(text) == PAYMENT_LAST_FOUR_LEN && strspn(text, "0123456789") == PAYMENT_LAST_FOUR_LEN;
}

/* has_number - 1 when any of the facts holds what nobody may keep */
static int
has_number(const struct payment *p)
{
	const char *value;
	size_t i;

	for (i = 0; payment_name(p, i, &value) != NULL; i++)
		if (card_number_in(value, strlen(value)))
			return 1;
	return 0;
}

const char *
payment_kind_wrong(const char *kind, size_t len, int business)
{
	enum payment_kind is = payment_kind(kind, len);

	if (which_word(kind, len, debit, COUNT(debit)) > 0)
		return TEXT_DEBIT;
	if (is == PAYMENT_NO_KIND)
		return "use card or bank-transfer";
	return is == PAYMENT_BANK_TRANSFER && !business ? TEXT_BUSINESS : NULL;
}

/* card_wrong - what keeps a card from being one that pays, NULL for nothing */
static const char *
card_wrong(const struct payment *p, int64_t now)
{
	int64_t over;

	if (*p->brand == '\0')
		return N_("the payment provider did not say which brand the card is");
	if (!is_four_digits(p->last_four))
		return N_("the payment provider did not say the card's last four digits");
	if (payment_expiry(p->expiry, strlen(p->expiry), &over) < 0)
		return N_("the payment provider did not say until when the card is good (YYYY-MM)");
	return over <= now ? N_("the card has expired: add one that is good") : NULL;
}

/* bank_wrong - the same of a bank transfer: bank and account are told when the provider tells them */
static const char *
bank_wrong(const struct payment *p)
{
	if (*p->last_four != '\0' && !is_four_digits(p->last_four))
		return N_("the payment provider's last four digits are none");
	return *p->expiry != '\0' ? N_("the payment provider said when a bank transfer expires, which it does not") : NULL;
}

static const char *
kind_wrong(const struct payment *p, const struct payment_filed *filed)
{
	if (which_word(p->kind, strlen(p->kind), debit, COUNT(debit)) > 0)
		return TEXT_DEBIT;
	if (filed->kind == PAYMENT_NO_KIND || payment_kind(p->kind, strlen(p->kind)) != filed->kind)
		return N_("the payment provider says that it is something else: choose card or bank-transfer as it is");
	return filed->kind == PAYMENT_BANK_TRANSFER && !filed->business ? TEXT_BUSINESS : NULL;
}

static const char *
active_wrong(const struct payment *p, const struct payment_filed *filed, int64_t now)
{
	if (*p->token == '\0' || !is_printable(p->token))
		return N_("the payment provider gave no token");
	if (filed->kind == PAYMENT_BANK_TRANSFER && !filed->authenticating)
		return N_("a bank transfer has to be authenticated, and the payment provider did not ask for it");
	return filed->kind == PAYMENT_CARD ? card_wrong(p, now) : bank_wrong(p);
}

static const char *
authenticate_wrong(const struct payment *p)
{
	if (strncmp(p->url, "https://", 8) != 0 || p->url[8] == '\0' || !is_printable(p->url))
		return N_("the payment provider did not say where to authenticate (a page that begins with https://)");
	return NULL;
}

enum payment_state
payment_judge(const struct payment *p, const struct payment_filed *filed, int64_t now, const char **reason_out)
{
	enum payment_state said = payment_state(p->state, strlen(p->state));
	const char *wrong = kind_wrong(p, filed);

	*reason_out = "";
	if (has_number(p))
		wrong = N_("the payment provider's answer has what looks like a full card number, which is never kept");
	else if (said == PAYMENT_REFUSED && (*p->kind == '\0' || wrong == NULL))
		wrong = *p->reason != '\0' ? p->reason : N_("the payment provider refused it");
	else if (wrong == NULL && said == PAYMENT_ACTIVE)
		wrong = active_wrong(p, filed, now);
	else if (wrong == NULL && said == PAYMENT_AUTHENTICATE)
		wrong = authenticate_wrong(p);
	else if (wrong == NULL)
		wrong = N_("the payment provider's answer is not understood");
	if (wrong == NULL)
		return said;
	*reason_out = wrong;
	return PAYMENT_REFUSED;
}
