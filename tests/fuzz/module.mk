# Fuzzers: `make fuzz` looks for new inputs for FUZZ_SECONDS each (FUZZ=request: of one alone); check-fast runs each over its
# corpus only. They need clang, whatever CC is.
FUZZ_SECONDS ?= 300
FUZZ ?= pr journal text json router config identity trust certificate pairing request
FUZZ_OUT := $(BUILD)/fuzz
FUZZERS := $(FUZZ:%=$(FUZZ_OUT)/fuzz_%)
FUZZ_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-DDM_IMPORT_VERSION='"0"' -DDM_IMPORT_BUILD='"0"'
FUZZ_LIBS = -Wl,--as-needed $(call pkg,gnutls json-c inih libcrypto) -lpthread

$(FUZZ_OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@clang $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

# What is fuzzed, and what that stands on. A fuzzer takes from it what it needs.
FUZZ_SRC := $(wildcard base/*.c api/*.c) $(filter-out agent/net/server.c agent/net/gate.c agent/net/web.c agent/net/listener.c \
	agent/work/udev_watch.c,$(wildcard agent/*/*.c)) $(addprefix dm-import/,formats/pr.c store/journal.c core/identity.c core/import.c core/reports.c store/identity_rules.c) \
	$(addprefix certs/,certificate.c check.c names.c pair.c)
$(FUZZ_OUT)/libfuzzed.a: $(FUZZ_SRC:%.c=$(FUZZ_OUT)/%.o) $(FUZZ_OUT)/tests/fuzz/fuzz.o
	@rm -f $@; $(AR) qcs $@ $^

FUZZ_AGENT := $(addprefix $(FUZZ_OUT)/tests/,fuzz/fuzz_agent.o daemon/fake_engine.o daemon/fake_commands.o)
FUZZ_LINK = clang -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(1) $(filter %.a,$^) $(FUZZ_LIBS)
$(foreach name,router pairing request,$(FUZZ_OUT)/fuzz_$(name) $(FUZZ_OUT)/fuzz_$(name)_faulty): $(FUZZ_AGENT)
$(FUZZERS): $(FUZZ_OUT)/fuzz_%: $(FUZZ_OUT)/tests/fuzz/fuzz_%.o $(FUZZ_OUT)/libfuzzed.a
	@$(FUZZ_LINK)

# The same with a fault on purpose: its object comes first, so that the right one is left in the library.
$(FUZZERS:%=%_faulty): $(FUZZ_OUT)/fuzz_%_faulty: $(FUZZ_OUT)/tests/fuzz/fuzz_%.o $(FUZZ_OUT)/libfuzzed.a tests/fuzz/faults tests/fuzz/plant
	@echo "  FAULT $@"
	@tests/fuzz/plant $* > $@.c
	@clang $(FUZZ_CFLAGS) -w -iquote $$(tests/fuzz/plant --folder $*) -c -o $@.o $@.c
	@$(call FUZZ_LINK,$@.o)

# What make-corpus writes is made anew when what it reads has changed.
FUZZ_CORPUS := $(FUZZ_OUT)/corpus/made
$(FUZZ_CORPUS): tests/fuzz/make-corpus agent/routes/router.c $(wildcard tests/fixtures/certs/*)
	@tests/fuzz/make-corpus $(@D) && touch $@

.PHONY: fuzz check-fuzz
fuzz: $(FUZZERS) $(FUZZ_CORPUS)
	@for fuzzer in $(FUZZERS); do name=$${fuzzer##*/fuzz_}; mkdir -p $$fuzzer.found; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -artifact_prefix=$$fuzzer.found/ $$fuzzer.found \
			$$(ls -d tests/fuzz/corpus/$$name $(FUZZ_OUT)/corpus/$$name 2>/dev/null) || exit 1; done

check-fuzz: $(FUZZERS) $(FUZZERS:%=%_faulty) $(FUZZ_CORPUS)
	@tests/fuzz/check $(FUZZERS)
CHECKS_FAST += check-fuzz

-include $(shell find $(FUZZ_OUT) -name '*.d' 2>/dev/null)
