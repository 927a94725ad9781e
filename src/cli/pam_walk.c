/*
 * pam_walk.c - every way through a stack of PAM modules, as libpam dispatches them (libpam/pam_dispatch.c).
 */
#include "cli/pam_stack.h"

/* What a stack makes of the lines so far. Success needs POSITIVE. */
enum impression { UNDECIDED, POSITIVE, NEGATIVE, IMPRESSIONS };

struct walk {
	const struct pam_stack *stack;
	pam_may_say_fn may_say;
	void *arg;
	unsigned char seen[PAM_LINES_MAX][IMPRESSIONS][2]; /* [1]: the status is success */
	size_t rests_on;
};

struct state {
	size_t at;
	enum impression impression;
	int status_good; /* the status that would be returned is PAM_SUCCESS */
	size_t rests_on;
};

static int step(struct walk *w, struct state state);

/* The decision of a stack: at level 0 it is the end, else the stack around goes on behind. */
static int
decided(struct walk *w, struct state state, int level)
{
	if (level == 0) {
		state.at = w->stack->n;
	} else {
		while (state.at < w->stack->n && w->stack->lines[state.at].level >= level)
			state.at++;
	}
	return step(w, state);
}

/* Skip so many lines of this level; a substack is one. Too many is a mistake, which libpam takes for a refusal. */
static int
jump(struct walk *w, struct state state, int level, int count)
{
	const struct pam_line *lines = w->stack->lines;
	size_t at = state.at; /* the line behind the one that jumps */

	for (; count > 0 && at < w->stack->n && lines[at].level >= level; count--) {
		do
			at++;
		while (at < w->stack->n && lines[at].level > level);
	}
	if (count > 0) {
		state.impression = NEGATIVE;
		state.status_good = 0;
	}
	state.at = at;
	return step(w, state);
}

static int
act(struct walk *w, struct state state, const struct pam_line *line, enum pam_says says)
{
	int action = line->action[says];

	state.at++;
	switch (action) {
	case PAM_DO_RESET:
		state.impression = UNDECIDED;
		state.status_good = 0;
		return step(w, state);
	case PAM_DO_OK:
	case PAM_DO_DONE:
		if ((state.impression == UNDECIDED || (state.impression == POSITIVE && state.status_good)) &&
		    says != PAM_SAYS_IGNORE) {
			state.impression = POSITIVE;
			state.status_good = says == PAM_SAYS_SUCCESS;
			state.rests_on = (size_t)(line - w->stack->lines);
		}
		if (action == PAM_DO_DONE && state.impression == POSITIVE)
			return decided(w, state, line->level);
		return step(w, state);
	case PAM_DO_BAD:
	case PAM_DO_DIE:
		state.impression = NEGATIVE;
		state.status_good = 0;
		return action == PAM_DO_DIE ? decided(w, state, line->level) : step(w, state);
	case PAM_DO_IGNORE:
		return step(w, state);
	default:
		return jump(w, state, line->level, action);
	}
}

/* 1 when success can be reached from here. Each state is looked at once, so this ends. */
static int
step(struct walk *w, struct state state)
{
	const struct pam_line *line;
	unsigned char *seen;
	unsigned says_bits;
	int says;

	if (state.at >= w->stack->n) {
		w->rests_on = state.rests_on;
		return state.impression == POSITIVE && state.status_good;
	}
	seen = &w->seen[state.at][state.impression][state.status_good];
	if (*seen)
		return 0;
	*seen = 1;
	line = &w->stack->lines[state.at];
	if (line->is_substack) {
		state.at++;
		return step(w, state);
	}
	says_bits = w->may_say(line, w->arg);
	for (says = 0; says < PAM_SAYS_COUNT; says++) {
		if ((says_bits & 1u << says) != 0 && act(w, state, line, (enum pam_says)says))
			return 1;
	}
	return 0;
}

int
pam_stack_succeeds(const struct pam_stack *stack, pam_may_say_fn may_say, void *arg, size_t *at_out)
{
	struct walk w = { .stack = stack, .may_say = may_say, .arg = arg };
	const struct state begin = { .impression = UNDECIDED };
	int found = step(&w, begin);

	if (found)
		*at_out = w.rests_on;
	return found;
}
