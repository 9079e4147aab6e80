C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

# Every tests/<layer>/test_*.c is one cmocka program; it links the fakes, the engine and base.
FAKES_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/fakes/*.c)) $(addprefix $(OUT)/tests/engine/,engine_test.o sweep.o reservations.o recovery.o)
TEST_SRC := $(wildcard tests/unit/test_*.c tests/engine/test_*.c)
TESTS := $(TEST_SRC:%.c=$(OUT)/%)
TEST_LIBS = $(call pkg,cmocka gnutls libcrypto)
$(TESTS): $(OUT)/%: $(OUT)/%.o $(FAKES_OBJ) $(OUT)/libagent.a $(OUT)/libcli.a $(OUT)/libapi.a $(OUT)/libcerts.a $(OUT)/libdm_import.a $(OUT)/libbase.a $(OUT)/linked-with
	$(call link,$(TEST_LIBS) $(ENGINE_LIBS) -lpthread)

# A layer that builds more than cmocka programs adds itself.
include $(wildcard tests/*/module.mk)

# First the packages, then make again, which then finds them. The sums of both halves are added up in the last line (tests/check).
.PHONY: tests check-quick lint
check:
	@tests/deps build kit test lab
	@tests/check

check-fast:
	@tests/deps build kit test
	@+$(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) check-quick

tests: $(TESTS)
# The slow ones come first, so that the quick ones fill the gaps.
SLOW_FIRST = $(filter %_sweep_again %_sweep_stuck %_sweep,$(TESTS)) $(CHECKS_FAST) lint \
	$(filter-out %_sweep_again %_sweep_stuck %_sweep,$(sort $(TESTS)))

# All that the suites need is built first, so that two of them never build the same file at the same time.
check-quick: $(PROGRAMS) $(TESTS) $(MAN_PAGES) $(INSTALLER) $(addprefix $(OUT)/,contract-fake import-agent-fake import-agent-world importcli-fake kill_at.so)
	@MAKE=$(MAKE) MODE=$(MODE) CC=$(CC) BUILD=$(BUILD) tests/fast $(SLOW_FIRST)

# $(call run_and_record,OPTIONS,SCENARIOS): what they measured goes into docs/RESULTS.md, passed or not.
define run_and_record
@tests/deps build lab
@tests/lab/run --no-skip $(1) $(2); status=$$?; tests/lab/results docs/RESULTS.md $(BUILD)/lab $(2); exit $$status
endef

# Longer than a test run may take under emulation.
.PHONY: check-scale
check-scale:
	$(call run_and_record,,group-16)

# All scenarios, of which make check runs one of each kind.
.PHONY: check-lab
check-lab:
	$(call run_and_record,--jobs $(or $(LAB_JOBS),2),$(shell tests/lab/run --list))

# Two hosts, and reservations; some of it is not part of make check.
CLUSTER_SCENARIOS := 'cluster-*' 'pr-*' 'control-pr-*' 'hold-*' pr-types pr-path-later pr-unrest cluster-hold cluster-pr-cancel \
	cluster-pr-group cluster-pr-node-reboots cluster-fence-before cluster-fence-between cluster-fence-after cluster-smoke \
	cluster-node-reboots control-cluster-stray-write
.PHONY: check-cluster
check-cluster:
	$(call run_and_record,,$(CLUSTER_SCENARIOS))

# From the build of an older commit (LAB_RELEASED) to this one, in the middle of imports too.
.PHONY: check-upgrade
check-upgrade:
	$(call run_and_record,,upgrade-finished upgrade-from-release upgrade-torn)

# Some lints look at the objects.
lint: $(PROGRAMS)
	@OUT=$(OUT) CC=$(CC) tests/lint/run

