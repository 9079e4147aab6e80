/*
 * The version strings; the Makefile passes them to this file only, so that a commit rebuilds only this file.
 */
#include "version.h"

const char version_product[] = DM_IMPORT_VERSION;
const char version_build[] = DM_IMPORT_BUILD;
const char version_api[] = "1.0";
