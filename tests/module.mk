C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

# Every tests/<layer>/test_*.c is one cmocka program; it links the fakes, the engine and base.
FAKES_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/fakes/*.c)) $(OUT)/tests/engine/engine_test.o
TEST_SRC := $(wildcard tests/unit/test_*.c tests/engine/test_*.c)
TESTS := $(TEST_SRC:%.c=$(OUT)/%)
TEST_LIBS = $(call pkg,cmocka)
$(TESTS): $(OUT)/%: $(OUT)/%.o $(FAKES_OBJ) $(OUT)/libcli.a $(OUT)/libdm_import.a $(OUT)/libbase.a
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(ENGINE_LIBS) -lpthread

.PHONY: tests
tests: $(TESTS)

# A layer that builds more than cmocka programs adds itself.
include $(wildcard tests/*/module.mk)
