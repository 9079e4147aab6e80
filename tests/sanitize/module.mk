# What the sanitizers and valgrind see; tests/sanitize/README.md says which tests each of them runs, and why not the others.
SWEEPS := $(filter %_sweep %_sweep_again %_sweep_stuck %_sweep_reservations,$(TESTS))
SANITIZED_asan = $(SWEEPS) check-daemon check-cli check-contract $(filter-out $(SWEEPS),$(TESTS))
SANITIZED_tsan = check-daemon $(filter-out $(SWEEPS),$(TESTS))
# The journal's test has sweeps of its own.
SANITIZED_asan_quick = $(filter-out $(SWEEPS) %/engine/test_journal,$(TESTS))
SANITIZED_tsan_quick = check-threads
SANITIZED = $(SANITIZED_$(MODE)$(QUICK))

CONTROL := $(OUT)/tests/sanitize/control
$(CONTROL): $(CONTROL).o $(OUT)/linked-with
	$(call link,-lpthread)

AGENTS := $(addprefix $(OUT)/,import-agent-fake import-agent-world)

.PHONY: check-sanitizers check-sanitizers-quick check-sanitized check-controls check-threads
check-sanitizers:
	@tests/deps build test
	@MAKE=$(MAKE) CC=$(CC) BUILD=$(BUILD) tests/sanitize/run

check-sanitizers-quick:
	@MAKE=$(MAKE) CC=$(CC) BUILD=$(BUILD) tests/sanitize/run quick
CHECKS_FAST += check-sanitizers-quick

# One of the two, in its MODE. All is built first, so that no two suites build the same file at the same time.
check-sanitized: $(filter $(OUT)/%,$(SANITIZED)) $(CONTROL) $(if $(filter check-%,$(SANITIZED)),$(AGENTS)) \
		$(if $(filter check-cli,$(SANITIZED)),$(PROGRAMS) $(addprefix $(OUT)/,importcli-fake contract-fake))
	@MAKE=$(MAKE) MODE=$(MODE) CC=$(CC) BUILD=$(BUILD) FAST_TIMEOUT_S=3600 tests/fast $(SANITIZED) check-controls

check-controls: $(CONTROL)
	@tests/sanitize/controls $(if $(UNDER),valgrind,$(MODE)) $(CONTROL)

# The agent's threads against each other: what a race needs to show itself.
check-threads: $(AGENTS)
	@OUT=$(OUT) tests/daemon/run Concurrent

# Of the tests of the daemon those with the real engine, and all its threads at once.
VALGRIND := valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,possible \
	--show-leak-kinds=definite,indirect,possible --error-exitcode=99 --child-silent-after-fork=yes --num-callers=50 \
	--suppressions=$(CURDIR)/tests/sanitize/valgrind.supp
VALGRIND_DAEMON := Real Concurrent
# test_journal of the engine sweeps as well.
VALGRIND_TESTS := $(filter-out $(SWEEPS) $(OUT)/tests/engine/test_journal,$(TESTS))

.PHONY: check-valgrind check-valgrind-built
check-valgrind:
	@tests/deps build test
	@+$(MAKE) --no-print-directory -s check-valgrind-built

check-valgrind-built: $(VALGRIND_TESTS) $(AGENTS) $(PROGRAMS) $(CONTROL)
	@MAKE=$(MAKE) MODE=$(MODE) CC=$(CC) BUILD=$(BUILD) UNDER='$(VALGRIND)' FAST_TIMEOUT_S=3600 CONCURRENT_ROUNDS=1 \
		DAEMON_TESTS='$(VALGRIND_DAEMON)' tests/fast check-controls check-daemon $(VALGRIND_TESTS)
