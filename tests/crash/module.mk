# The agent with crash points has a build directory of its own: `make crash-agent` prints where it is. What is shipped has
# none of it, which check-crash-points looks after.
.PHONY: crash-agent check-crash-points
crash-agent:
	@$(MAKE) -s --no-print-directory CRASH_POINTS=1 MODE=$(MODE) CC=$(CC) BUILD=$(BUILD) build-crash-agent 1>&2
	@echo $(abspath $(BUILD)/$(MODE)-$(notdir $(CC))-crash-points/import-agent)

ifdef CRASH_POINTS
.PHONY: build-crash-agent
build-crash-agent: $(OUT)/import-agent
ifneq ($(filter install,$(MAKECMDGOALS)),)
$(error crash points are for tests; there is nothing to install)
endif
endif

$(OUT)/tests/crash/%.o: ALL_CFLAGS += -DCRASH_POINTS

check-crash-points: $(PROGRAMS) $(OUT)/tests/crash/crash_points.o
	@tests/crash/check $(OUT)/tests/crash/crash_points.o $(PROGRAMS)

# The matrices have the steps that the plans have.
.PHONY: check-crash-cells check-fault-cells
check-crash-cells:
	@tests/lab/crash-matrix --check
check-fault-cells:
	@tests/lab/fault-matrix --check
CHECKS_FAST += check-crash-points check-crash-cells check-fault-cells

# All of it takes hours under emulation. ONLY: options that both matrices have (`--sample 20`, `--missing`), for a part of it.
.PHONY: check-faults
check-faults:
	@tests/deps build lab
	@status=0; tests/lab/crash-matrix --report docs/RELIABILITY.md $(ONLY) || status=$$?; \
	tests/lab/fault-matrix --report docs/RELIABILITY.md $(ONLY) || status=$$?; exit $$status
