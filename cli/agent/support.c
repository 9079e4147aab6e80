/*
 * support bundle: runs the program that gathers everything (init/support-bundle), which works without importcli too,
 * and says where its file is.
 */
#include "commands.h"

#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define PROGRAM "/usr/lib/dm-import/support-bundle"

enum { OUTPUT_MAX = 8192 };

/* Its messages go where ours go; its standard output, the file's name, to a pipe. */
static int start(const char *program, const char *directory, int *ret_output, pid_t *ret_pid, struct error *err)
{
	const char *const words[] = { program, "--directory", directory, NULL };
	posix_spawn_file_actions_t files;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_sys(err, ERR_IO, "", errno, "no pipe");
	rc = posix_spawn_file_actions_init(&files);
	if (rc == 0) {
		rc = posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
		rc = rc ? rc : posix_spawn(ret_pid, program, &files, NULL, (char *const *)words, environ);
		posix_spawn_file_actions_destroy(&files);
	}
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		return error_set_sys(err, ERR_IO, "", rc, "%s could not be started", program);
	}
	*ret_output = ends[0];
	return 0;
}

static void read_all(int fd, struct buf *ret)
{
	char part[512];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0 && ret->length + (size_t)got <= OUTPUT_MAX)
			buf_add(ret, part, (size_t)got);
}

/* It has said on standard error what went wrong. */
static int judge(const char *program, int status, const struct buf *output, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ERR_IO, "", "%s was ended by signal %d", program, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, ERR_IO, "", "%s failed with exit status %d", program, WEXITSTATUS(status));
	if (output->length < 2)
		return error_set(err, ERR_IO, "", "%s named no file", program);
	return 0;
}

static int bundle(const char *program, const char *directory, struct buf *ret, struct error *err)
{
	CLEANUP_FD int output = -1;
	int status = 0;
	pid_t pid;

	if (start(program, directory, &output, &pid, err) < 0)
		return -1;
	read_all(output, ret);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(program, status, ret, err);
}

static int run(struct cli *cli)
{
	const char *directory = args_option(&cli->args, "directory"), *program = args_option(&cli->args, "program");
	CLEANUP_JSON struct json_object *object = json_object_new_object();
	CLEANUP_BUF struct buf output = { 0 }, text = { 0 };
	struct error err = { 0 };

	if (geteuid() != 0)
		error_set(&err, ERR_NOT_ROOT, "", "Most of its contents belong to root.");
	else
		bundle(program ? program : PROGRAM, directory ? directory : "/var/tmp", &output, &err);
	if (err.code != ERR_NONE)
		return cli_fail(cli, &err);
	buf_printf(&text, "%.*s", (int)strcspn(buf_text(&output), "\n"), buf_text(&output));
	if (cli->json) {
		json_object_object_add(object, "file", json_object_new_string(buf_text(&text)));
		print_json(object);
		return 0;
	}
	fputs("Support bundle: ", stdout);
	print_text(stdout, buf_text(&text));
	fputs("\n", stdout);
	fputs("It has names, addresses and serial numbers of this host and its arrays; check it before you send "
	      "it.\n",
	      stderr);
	return 0;
}

static const struct option_spec options[] = {
	{ "directory", 0, "directory", "where to put it (default: /var/tmp)" },
	{ "program", 0, "path", NULL }, /* for tests */
	{ 0 },
};

static const struct command command_support_bundle = {
	.name = "bundle",
	.usage = "support bundle [--directory directory]",
	.summary = "collect what is needed to help you in one file",
	.help = "Makes dm-import-support-<host>-<time>.tar.gz, which only root can read:\n"
		"versions, configuration, identities, journal, logs, and the output of multipath,\n"
		"device-mapper, udev and systemd. Keys and passwords are left out. It changes\n"
		"nothing, needs no agent, and takes about a minute.\n"
		"/usr/lib/dm-import/support-bundle does the same without importcli.\n",
	.options = options,
	.run = run,
};

static const struct command *const verbs[] = { &command_support_bundle, NULL };

const struct command command_support = {
	.name = "support",
	.usage = "support <command> [options]\nsupport <command> help",
	.summary = "",
	.verbs = verbs,
};
