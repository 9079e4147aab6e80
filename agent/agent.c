/*
 * The agent's life: start the parts in their order, wait for signals and events, stop them in reverse. The main thread
 * is the control thread; it never touches a device. As soon as the worker runs it gives up root's capabilities, so all
 * threads of the web servers, which it starts behind that, have none.
 *
 * Start: configuration, log, engine (which first repairs what an earlier process left), worker, Unix socket, HTTPS.
 */
#include "agent.h"

#include "privileges.h"

#include "agent/routes/answer.h"
#include "agent/shared/log.h"
#include "agent/work/udev_watch.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/version.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

enum { TICK_MS = 1000, STACK_BYTES = 1 << 20 };

/* Of one address: a person's mistakes pass, guessing does not. */
#define PAIRING_ATTEMPTS_PER_S 0.5
#define PAIRING_ATTEMPTS_BURST 5

/*
 * All threads have the signals blocked, above all the worker: a signal must not interrupt its ioctls. Who starts a
 * program from here has to give it an empty mask.
 */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Of each thread: a hold's guardian locks all of the agent's memory, and that is most of it stacks. With the usual 8
 * MiB of each, a crowd of strangers would make a switch lock a gigabyte first.
 */
static int set_stack_size(struct error *err)
{
	pthread_attr_t attributes;
	int rc = pthread_attr_init(&attributes);

	if (rc == 0) {
		pthread_attr_setstacksize(&attributes, STACK_BYTES);
		rc = pthread_setattr_default_np(&attributes);
		pthread_attr_destroy(&attributes);
	}
	return rc == 0 ? 0 : error_set_sys(err, ERR_INTERNAL, NULL, rc, "cannot set the size of stacks");
}

/* True when the process is to end. */
static bool take_signal(int fd, struct web *web)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return true;
		if (info.ssi_signo == SIGHUP)
			web_restart(web); /* reads certificate and key again */
	}
	return false;
}

static void close_watch(struct udev_watch **watch)
{
	udev_watch_close(*watch);
}

static void control(struct agent *agent, int signals)
{
	CLEANUP(close_watch) struct udev_watch *watch = NULL;
	struct error err;

	if (udev_watch_open(&watch, &err) < 0)
		log_failure("udev", &err); /* the snapshot is still renewed by its age */
	for (bool stop = false; !stop;) {
		struct pollfd fds[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = web_event_fd(agent->web), .events = POLLIN },
			{ .fd = udev_watch_fd(watch), .events = POLLIN },
		};

		poll(fds, ARRAY_SIZE(fds), TICK_MS);
		sd_notify(0, "WATCHDOG=1");
		stop = take_signal(signals, agent->web);
		if (watch && udev_watch_drain(watch)) {
			snapshot_set_stale(agent->snapshot);
			worker_devices_changed(agent->worker);
		}
		web_tick(agent->web);
	}
}

static int start_parts(struct agent *agent, struct engine *engine, struct error *err)
{
	const struct service service = answer_service(agent);

	rate_init(&agent->pairing_attempts, PAIRING_ATTEMPTS_PER_S, PAIRING_ATTEMPTS_BURST);
	if (trust_open(&agent->trust, agent->config.trusted, err) < 0 || pairing_open(&agent->pairing, err) < 0 ||
	    jobs_open(&agent->jobs, err) < 0 || snapshot_open(&agent->snapshot, err) < 0 ||
	    worker_start(&agent->worker, engine, agent->jobs, agent->snapshot, err) < 0 || privileges_drop(err) < 0 ||
	    web_open(&agent->web, &service, &agent->config, agent->config_path, err) < 0 ||
	    web_start(agent->web, err) < 0)
		return -1;
	return 0;
}

static void stop_parts(struct agent *agent)
{
	web_close(agent->web);
	worker_stop(agent->worker);
	snapshot_close(agent->snapshot);
	jobs_close(agent->jobs);
	pairing_close(agent->pairing);
	trust_close(agent->trust);
	rate_destroy(&agent->pairing_attempts);
}

static int serve(struct agent *agent, struct engine *engine, int signals, struct error *err)
{
	int result = start_parts(agent, engine, err);

	if (result == 0) {
		log_info("ready: version %s, build %s", version_product, version_build);
		sd_notify(0, "READY=1");
		control(agent, signals);
		log_info("stops; a running job is brought to its end first");
		sd_notify(0, "STOPPING=1");
	}
	stop_parts(agent);
	return result;
}

static int run_with_engine(struct agent *agent, int signals, struct error *err)
{
	struct engine_options options;
	struct engine *engine;
	struct ports ports;
	int result;

	engine_options_defaults(&options);
	options.min_paths = agent->config.min_paths;
	options.max_members = agent->config.max_members;
	options.hold_lease_max_ms = agent->config.hold_lease_max_ms;
	options.log_directory = agent->config.log_location;
	if (ports_system(&ports, err) < 0)
		return -1;
	result = engine_open(&engine, &options, &ports, err);
	if (result == 0) {
		result = serve(agent, engine, signals, err);
		engine_close(engine);
	}
	ports_system_close(&ports);
	return result;
}

int agent_run(const char *config_path, struct error *err)
{
	struct agent agent = { .config_path = config_path, .started_ms = clock_wall_ms() };
	CLEANUP_FD int signals = -1;
	struct error log_err;
	int result;

	if (config_load(&agent.config, config_path, err) < 0 || set_stack_size(err) < 0)
		return -1;
	signals = open_signals();
	if (log_open(agent.config.log_location, agent.config.log_level, &log_err) < 0)
		log_failure("log", &log_err);
	result = run_with_engine(&agent, signals, err);
	if (result < 0)
		log_failure("start", err);
	log_info("stopped");
	log_close();
	return result;
}
