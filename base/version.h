/*
 * The version. The build number is "<commit>_<number of commits>", from git or a release archive.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

extern const char version_product[]; /* "1.0" */
extern const char version_build[];   /* "1a2b3c4d_57" */
extern const char version_api[];     /* "1.0" */

#endif
