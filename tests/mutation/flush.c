/*
 * Linked into the programs of a build for coverage: a process that ends by _exit(), as the guardian does, writes what
 * it has counted. One that is killed does not.
 */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
