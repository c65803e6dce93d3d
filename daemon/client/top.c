/*
 * top - who sends most right now
 *
 * Job:     the rows of `top`, again and again on a terminal, once elsewhere.
 * Touches: the terminal, the control socket.
 */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "text.h"

#define EVERY_MS 2000
#define ROWS_MAX 200

struct screen {
	int line;
};

static long long
num(const json_t *row, const char *field)
{
	return (long long)json_integer_value(json_object_get(row, field));
}

static void
put_row(void *arg, const json_t *row, int fd)
{
	struct screen *s = arg;
	const char *login, *state;
	char safe[128];
	int mark;

	(void)fd;
	if (row == NULL || s->line >= LINES || s->line >= ROWS_MAX)
		return;
	login = json_string_value(json_object_get(row, "login"));
	state = json_string_value(json_object_get(row, "state"));
	if (login == NULL || state == NULL)
		return;
	mark = strcmp(state, "held") == 0 ? A_BOLD : 0;
	attron(mark);
	(void)mvprintw(s->line++, 0, "%-20.20s %-8.8s %9lld %9lld %9lld %9lld %9lld",
		       text_safe(safe, sizeof safe, login), state, num(row, "rcpts_1m"),
		       num(row, "rcpts_10m"), num(row, "rcpts_1h"), num(row, "rcpts_24h"),
		       num(row, "held_messages"));
	attroff(mark);
}

/* One picture; the daemon's exit code. */
static int
picture(struct cli *c, int argc, char **argv)
{
	struct screen s = {.line = 2};
	char clock[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int code;

	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	(void)erase();
	(void)mvprintw(0, 0, "mailbrake top  %s  recipients by account; q ends", clock);
	attron(A_REVERSE);
	(void)mvprintw(1, 0, "%-20s %-8s %9s %9s %9s %9s %9s", "ACCOUNT", "STATE",
		       "RCPTS/MIN", "/10 MIN", "/HOUR", "/DAY", "HELD");
	attroff(A_REVERSE);
	code = ctl_ask(c, "top", argc, argv, put_row, &s);
	if (s.line == 2)
		(void)mvprintw(2, 0, "nobody sent anything in the last 24 hours");
	(void)refresh();
	return code;
}

int
cmd_top(struct cli *c, int argc, char **argv)
{
	int code, key = 0;

	if (c->json || !c->tty)
		return ctl_run(c, "top", argc, argv);
	if (initscr() == NULL)
		return cli_fail(c, EX_UNAVAILABLE,
				"the terminal type is not known; use --json");
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	timeout(EVERY_MS);
	do
		code = picture(c, argc, argv);
	while (code <= EXIT_NOTHING && (key = getch()) != 'q' && key != 'Q');
	(void)endwin();
	if (code <= EXIT_NOTHING)
		return EX_OK;
	return cli_fail(c, code, "the daemon does not answer any more");
}
