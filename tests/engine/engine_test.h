/*
 * What the engine's test programs share: cmocka with its headers, and a test case with setup and teardown.
 */
#ifndef ENGINE_TEST_H
#define ENGINE_TEST_H

#include "tests/fakes/fake_world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test case between the file's own `setup` and `teardown`. */
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
