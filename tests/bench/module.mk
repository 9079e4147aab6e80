# The bench: `make bench` builds what it measures against, runs the lab's bench and writes $(BUILD)/bench. BENCH=pause, maps or
# reservations: that part alone. What is made of the samples is checked in check-fast.
BENCH_PROGRAMS := $(OUT)/tests/bench/bare $(OUT)/tests/bench/pr_bare
$(OUT)/tests/bench/bare: $(OUT)/tests/bench/bare.o $(OUT)/linked-with
	$(call link,$(call pkg,devmapper))

$(OUT)/tests/bench/pr_bare: $(OUT)/tests/bench/pr_bare.o $(OUT)/libbase.a $(OUT)/linked-with
	$(call link)

.PHONY: bench
bench: $(PROGRAMS) $(BENCH_PROGRAMS)
	@tests/bench/run $(OUT)/tests/bench $(BENCH)

.PHONY: check-bench
check-bench:
	@tests/bench/check
CHECKS_FAST += check-bench

# What a crowd of strangers costs a paired orchestrator; needs no VM. Writes its tables into docs/PERFORMANCE.md.
$(OUT)/tests/bench/crowd: $(OUT)/tests/bench/crowd.o $(OUT)/libbase.a $(OUT)/linked-with
	$(call link)

.PHONY: bench-hostile
bench-hostile: $(OUT)/import-agent-fake $(OUT)/tests/bench/crowd
	@OUT=$(OUT) tests/bench/hostile --write docs/PERFORMANCE.md
