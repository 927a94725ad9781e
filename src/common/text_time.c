/*
 * text_time.c - generalizedTime (RFC 4517 section 3.3.13). Computed here and not with timegm() and
 *               strftime(), which take what is no date and know locales.
 */
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/text.h"

#define DAY_SEC 86400

/* First seconds of the years 0 and 10000. */
#define TIME_FIRST INT64_C(-62167219200)
#define TIME_END INT64_C(253402300800)

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; year not negative. */
static int64_t
days_from_date(int year, int month, int day)
{
	/* years begin in March, so that the leap day is the last day of one */
	int y = month <= 2 ? year - 1 : year;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	/* 146097 days are 400 years; 719468 days lie between 0000-03-01 and 1970-01-01 */
	return (int64_t)era * 146097 + day_of_era - 719468;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int
text_time_format(int64_t when, char text_out[TEXT_TIME_MAX])
{
	int64_t days;
	int second_of_day, year, month;

	text_out[0] = '\0';
	if (when < TIME_FIRST || when >= TIME_END)
		return ERR_RANGE;
	second_of_day = (int)(((when % DAY_SEC) + DAY_SEC) % DAY_SEC);
	days = (when - second_of_day) / DAY_SEC;
	/* a guess that is at most one too high or too low, then put right */
	year = (int)(1970 + days * 400 / 146097);
	while (days < days_from_date(year, 1, 1))
		year--;
	while (days >= days_from_date(year + 1, 1, 1))
		year++;
	for (month = 12; days < days_from_date(year, month, 1); month--)
		;
	(void)snprintf(text_out, TEXT_TIME_MAX, "%04u%02u%02u%02u%02u%02uZ", (unsigned)year % 10000,
	               (unsigned)month % 100, (unsigned)(days - days_from_date(year, month, 1) + 1) % 100,
	               (unsigned)second_of_day / 3600 % 100, (unsigned)second_of_day / 60 % 60,
	               (unsigned)second_of_day % 60);
	return 0;
}

/* What is left of a text. */
struct rest {
	const char *text;
	size_t len;
};

static int
rest_has_digit(const struct rest *rest)
{
	return rest->len > 0 && rest->text[0] >= '0' && rest->text[0] <= '9';
}

/* Exactly n digits as a number. */
static int
rest_take_digits(struct rest *rest, int n, int *number_out)
{
	*number_out = 0;
	for (; n > 0; n--) {
		if (!rest_has_digit(rest))
			return ERR_INPUT;
		*number_out = *number_out * 10 + (rest->text[0] - '0');
		rest->text++;
		rest->len--;
	}
	return 0;
}

/* Z, or what to add to UTC to get the time that was written. */
static int
rest_take_zone(struct rest *rest, int *offset_sec_out)
{
	char sign;
	int hours, minutes = 0;

	*offset_sec_out = 0;
	if (rest->len == 0)
		return ERR_INPUT;
	sign = rest->text[0];
	rest->text++;
	rest->len--;
	if (sign == 'Z')
		return rest->len == 0 ? 0 : ERR_INPUT;
	if (sign != '+' && sign != '-')
		return ERR_INPUT;
	if (rest_take_digits(rest, 2, &hours) != 0)
		return ERR_INPUT;
	if (rest->len > 0 && rest_take_digits(rest, 2, &minutes) != 0)
		return ERR_INPUT;
	if (rest->len > 0)
		return ERR_INPUT;
	if (hours > 23 || minutes > 59)
		return ERR_RANGE;
	*offset_sec_out = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return 0;
}

/* The fraction is of the last unit that was written; nothing here needs less than that unit. */
static int
rest_pass_fraction(struct rest *rest)
{
	if (rest->len == 0 || (rest->text[0] != '.' && rest->text[0] != ','))
		return 0;
	rest->text++;
	rest->len--;
	if (!rest_has_digit(rest))
		return ERR_INPUT;
	while (rest_has_digit(rest)) {
		rest->text++;
		rest->len--;
	}
	return 0;
}

int
text_time_parse(const char *text, size_t len, int64_t *when_out)
{
	struct rest rest = { .text = text, .len = len };
	int year, month, day, hour, minute = 0, second = 0, offset_sec;
	int r;

	*when_out = 0;
	if (rest_take_digits(&rest, 4, &year) != 0 || rest_take_digits(&rest, 2, &month) != 0 ||
	    rest_take_digits(&rest, 2, &day) != 0 || rest_take_digits(&rest, 2, &hour) != 0)
		return ERR_INPUT;
	if (rest_has_digit(&rest)) {
		if (rest_take_digits(&rest, 2, &minute) != 0)
			return ERR_INPUT;
		if (rest_has_digit(&rest) && rest_take_digits(&rest, 2, &second) != 0)
			return ERR_INPUT;
	}
	if (rest_pass_fraction(&rest) != 0)
		return ERR_INPUT;
	r = rest_take_zone(&rest, &offset_sec);
	if (r != 0)
		return r;
	/* second 60 is a leap second: the first of the next minute here */
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 60)
		return ERR_RANGE;
	*when_out = days_from_date(year, month, day) * DAY_SEC + hour * 3600 + minute * 60 + second - offset_sec;
	return 0;
}
