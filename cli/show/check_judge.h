/*
 * What `importcli check` thinks of what the agent says. Pure: JSON and a time in, findings out.
 */
#ifndef CLI_CHECK_JUDGE_H
#define CLI_CHECK_JUDGE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The exit statuses of monitoring plug-ins. */
enum check_level { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

enum { CERTIFICATE_WARNING_DAYS = 30 };

struct check_finding {
	enum check_level level;
	char code[64], subject[256], text[1024], remedy[512];
};

struct check {
	enum check_level level; /* of the worst finding */
	struct check_finding *findings;
	size_t count;
	int64_t imports_in_progress; /* to be known first: what is wrong with the host weighs more during an import */
	bool certificate_known;
	int64_t certificate_days; /* until it ends, rounded down */
	bool agent_silent;	  /* it did not answer in time: there is no use in asking more */
};

/* The agent's answers; NULL: not known. */
struct check_answers {
	struct json_object *agent, *host, *imports, *volumes;
};

void check_close(struct check *check);

/* CRITICAL while imports are in progress, else WARNING. */
enum check_level check_weigh(const struct check *check);

/* Add a finding; `fmt` makes its sentence. */
void check_add(struct check *check, enum check_level level, const char *code, const char *subject, const char *remedy,
	       const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Add findings of the host, as its report has them. */
void check_host_findings(struct check *check, struct json_object *findings);

void check_judge(struct check *check, const struct check_answers *answers, time_t now);

const char *check_level_name(enum check_level level);

#endif
