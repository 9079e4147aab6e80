/* The version strings; the Makefile gives them to this file alone, so that a commit rebuilds only it. */
#include "version.h"

const char version_product[] = DM_IMPORT_VERSION;
const char version_build[] = DM_IMPORT_BUILD;
const char version_api[] = "1.0";
