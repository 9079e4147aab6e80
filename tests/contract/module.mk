# The contract of dm-import/ports.h, run on the fakes (fast) and on the real ports (in a VM, by tests/contract/run).
CONTRACT_OBJ := $(addprefix $(OUT)/tests/contract/,contract.o contract_dm.o contract_device.o contract_multipathd.o contract_host.o contract_pr.o)
CONTRACT_FAKES_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/fakes/*.c))
$(eval $(call program,contract-fake,$$(OUT)/tests/contract/contract_fake.o $$(CONTRACT_OBJ) $$(CONTRACT_FAKES_OBJ),$$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(ENGINE_LIBS)))
$(eval $(call program,contract-real,$$(OUT)/tests/contract/contract_real.o $$(CONTRACT_OBJ),$$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(ENGINE_LIBS)))

.PHONY: check-contract check-contract-real
check-contract: $(OUT)/contract-fake
	@$(OUT)/contract-fake > $(OUT)/contract-fake.log 2>&1 && echo "contract-fake: $$(grep -c '^ok' $(OUT)/contract-fake.log) passed" || { cat $(OUT)/contract-fake.log; exit 1; }
check-contract-real: $(OUT)/contract-real
	@tests/contract/run $(OUT)/contract-real
CHECKS_FAST += check-contract
