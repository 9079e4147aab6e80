/*
 * Frees reports. Apart from what fills them, so that a fake engine can have it too.
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
