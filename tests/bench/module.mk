# The bench: `make bench` builds what it measures against, runs the lab's bench and writes $(BUILD)/bench.
BENCH_PROGRAMS := $(OUT)/tests/bench/bare
$(OUT)/tests/bench/bare: $(OUT)/tests/bench/bare.o
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call pkg,devmapper)

.PHONY: bench
bench: $(PROGRAMS) $(BENCH_PROGRAMS)
	@tests/bench/run $(OUT)/tests/bench/bare
