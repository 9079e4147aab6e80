/*
 * The terminal; see terminal.h. File-scope state, because a process has one terminal and signals carry no context.
 */
#include "terminal.h"

#include "print.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t quit;
static struct termios saved;
static bool raw;

static void on_signal(int number)
{
	(void)number;
	quit = 1;
}

void terminal_catch_signals(void)
{
	static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
}

void terminal_raw(void)
{
	struct termios wanted;

	if (raw || tcgetattr(STDIN_FILENO, &saved) < 0)
		return;
	wanted = saved;
	wanted.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	wanted.c_cc[VMIN] = 0;
	wanted.c_cc[VTIME] = 0;
	raw = tcsetattr(STDIN_FILENO, TCSANOW, &wanted) == 0;
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raw = false;
}

enum key terminal_key(int timeout_ms)
{
	struct pollfd input = { .fd = raw ? STDIN_FILENO : -1, .events = POLLIN };
	char key = 0;

	/* a signal between this test and poll costs one timeout, no more */
	if (!quit && poll(&input, 1, timeout_ms) > 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q'))
		return KEY_QUIT;
	return quit ? KEY_QUIT : KEY_NONE;
}

void terminal_size(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_columns = size.ws_col ? size.ws_col : 80;
	*ret_rows = size.ws_row ? size.ws_row : 24;
}

bool terminal_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool terminal_colours(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

void terminal_progress(const char *text)
{
	static char shown[256];
	unsigned columns, rows;

	if (strncmp(text, shown, sizeof(shown) - 1) == 0)
		return;
	snprintf(shown, sizeof(shown), "%s", text);
	terminal_size(&columns, &rows);
	fprintf(stderr, "\r%.*s\033[K", (int)print_clip(text, columns - 1), text);
}
