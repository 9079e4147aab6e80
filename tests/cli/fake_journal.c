/*
 * importcli on the fake engine has no journal, and nothing is wrong with its host: the transcripts of `journal show`
 * and of `check` without an agent are made with the real engine.
 */
#include "dm-import/dm_import.h"

void ports_system_host(struct host_port *ret)
{
	*ret = (struct host_port){ 0 };
}

int engine_report_journal(const struct engine_options *options, const struct host_port *host, const char *import_id,
			  struct journal_report *ret, struct error *err)
{
	(void)options;
	(void)host;
	(void)import_id;
	(void)ret;
	return error_set(err, ERR_INTERNAL, NULL, "the fake engine has no journal");
}

int engine_report_findings(const struct engine_options *options, const struct host_port *host, struct finding_list *ret,
			   struct error *err)
{
	(void)options;
	(void)host;
	(void)err;
	*ret = (struct finding_list){ 0 };
	return 0;
}
