/*
 * Lists of findings, and freeing reports; see reports.h. Apart from what fills them, so that a fake engine can have it
 * too.
 */
#include "dm-import/reports.h"

#include <stdlib.h>

void volume_reports_free(struct volume_reports *reports)
{
	for (size_t i = 0; i < reports->count; i++) {
		free(reports->list[i].paths.list);
		free(reports->list[i].other_side_paths.list);
		free(reports->list[i].users);
	}
	free(reports->list);
	*reports = (struct volume_reports){ 0 };
}

static void free_members(struct import_report *import)
{
	for (size_t i = 0; i < import->member_count; i++)
		for (int side = 0; side < 2; side++)
			free(import->members[i].paths[side].list);
	free(import->members);
}

void import_reports_free(struct import_reports *reports)
{
	for (size_t i = 0; i < reports->count; i++)
		free_members(&reports->list[i]);
	free(reports->list);
	*reports = (struct import_reports){ 0 };
}

struct finding *finding_list_add(struct finding_list *findings, enum error_code code)
{
	struct finding *more = reallocarray(findings->list, findings->count + 1, sizeof(*more));

	if (!more)
		return NULL;
	findings->list = more;
	more += findings->count++;
	*more = (struct finding){ .code = code };
	return more;
}

size_t finding_list_errors(const struct finding_list *findings)
{
	size_t errors = 0;

	for (size_t i = 0; i < findings->count; i++)
		errors += findings->list[i].severity == SEVERITY_ERROR;
	return errors;
}

void finding_list_free(struct finding_list *findings)
{
	free(findings->list);
	*findings = (struct finding_list){ 0 };
}

void host_report_free(struct host_report *report)
{
	free(report->initiators);
	free(report->cluster_members);
	finding_list_free(&report->findings);
	*report = (struct host_report){ 0 };
}

void array_reports_free(struct array_reports *reports)
{
	free(reports->list);
	*reports = (struct array_reports){ 0 };
}

void journal_report_free(struct journal_report *report)
{
	free(report->records);
	*report = (struct journal_report){ 0 };
}

void verb_result_free(struct verb_result *result)
{
	free(result->pauses);
	free(result->actions);
	finding_list_free(&result->findings);
	*result = (struct verb_result){ 0 };
}
