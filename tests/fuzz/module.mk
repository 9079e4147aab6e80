# Fuzzers: `make fuzz` looks for new inputs for FUZZ_SECONDS each; check-fast runs each over its corpus only. They need
# clang, whatever CC is.
FUZZ_SECONDS ?= 300
FUZZERS := $(BUILD)/fuzz/fuzz_pr $(BUILD)/fuzz/fuzz_journal

# what the parser stands on, besides base/num.c
$(BUILD)/fuzz/fuzz_journal: base/buf.c base/checksum.c base/error.c
$(BUILD)/fuzz/fuzz_journal: FUZZ_LIBS = $(call pkg,json-c)

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c dm-import/%.c base/num.c
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@clang -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $^ $(FUZZ_LIBS)

.PHONY: fuzz check-fuzz
fuzz: $(FUZZERS)
	@for fuzzer in $(FUZZERS); do mkdir -p $$fuzzer.found; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -artifact_prefix=$$fuzzer.found/ $$fuzzer.found \
			tests/fuzz/corpus/$${fuzzer##*/fuzz_} || exit 1; done

check-fuzz: $(FUZZERS)
	@tests/fuzz/check $(FUZZERS)
CHECKS_FAST += check-fuzz
