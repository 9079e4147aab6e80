/*
 * The agent's two files; see files.h.
 */
#include "files.h"

#include "agent_conf.h"

#include "api/json.h"

#include "base/clock.h"

#include <unistd.h>

int certificate_files(struct cli *cli, struct pair_files *ret)
{
	const char *config = args_option(&cli->args, "config");
	struct error err;

	if (geteuid() != 0)
		error_set(&err, ERR_NOT_ROOT, "", "The agent's certificate and key belong to root.");
	else if (agent_conf_pair(config ? config : AGENT_CONF_PATH, ret, &err) == 0)
		return 0;
	return cli_fail(cli, &err);
}

struct json_object *certificate_names_json(const struct names *names)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < names->count; i++)
		json_object_array_add(list, json_object_new_string(names->list[i].text));
	return list;
}

struct json_object *certificate_json(const struct certificate *certificate, const char *file)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "file", json_object_new_string(file));
	json_object_object_add(object, "subject", json_object_new_string(certificate->subject));
	json_object_object_add(object, "names", certificate_names_json(&certificate->names));
	json_object_object_add(object, "not_before", json_time((uint64_t)certificate->not_before * 1000));
	json_object_object_add(object, "not_after", json_time((uint64_t)certificate->not_after * 1000));
	json_object_object_add(object, "days_left",
			       json_object_new_int64(clock_days(time(NULL), certificate->not_after)));
	json_object_object_add(object, "fingerprint_sha256", json_object_new_string(certificate->fingerprint));
	json_object_object_add(object, "self_signed", json_object_new_boolean(certificate->self_signed));
	return object;
}
