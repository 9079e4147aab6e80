# The real agent on a fake engine, and the real agent with the real engine on a fake host: what tests/daemon/run starts. Both
# with a clock that a test can stop.
OWN_CLOCK := -Wl,--wrap=clock_mono_us,--wrap=clock_gettime
FAKE_COMMON := $$(OUT)/agent/main.o $$(OUT)/tests/daemon/fake_commands.o $$(OUT)/tests/daemon/own_clock.o
$(eval $(call program,import-agent-fake,$(FAKE_COMMON) $$(OUT)/tests/daemon/fake_engine.o,$$(OUT)/libagent.a $$(OUT)/libapi.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(OWN_CLOCK) $$(AGENT_LIBS) -lpthread))
$(eval $(call program,import-agent-world,$(FAKE_COMMON) $$(OUT)/tests/daemon/world_ports.o $$(patsubst %.c,$$(OUT)/%.o,$$(wildcard tests/fakes/*.c)),$$(OUT)/libagent.a $$(OUT)/libapi.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(OWN_CLOCK) $$(AGENT_LIBS) $$(ENGINE_LIBS) -lpthread))

# Kills import-cert in its middle. Without sanitizers in every MODE: their runtime belongs to the program.
$(OUT)/kill_at.so: tests/daemon/kill_at.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $<

.PHONY: check-daemon
check-daemon: $(OUT)/import-agent-fake $(OUT)/import-agent-world $(OUT)/import-cert $(OUT)/importcli $(OUT)/kill_at.so
	@OUT=$(OUT) tests/daemon/run $(DAEMON_TESTS)
CHECKS_FAST += check-daemon
