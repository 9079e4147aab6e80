# Small faults in the product and which test catches each; and what of the product the suites execute. TREE: another worktree. Both take
# hours when the machine does something else as well; begun again, they go on.
TREE ?= .
MUTATE = tests/mutation/run $(1) --tree $(TREE)
.PHONY: coverage mutation check-mutation
coverage:
	@tests/deps build test
	@$(call MUTATE,coverage)

# First without the sweeps and the sanitizers, so that most is known soon.
mutation: coverage
	@$(call MUTATE,port)
	@$(call MUTATE,mutants) --up-to 60
	@$(call MUTATE,mutants)

check-mutation:
	@tests/mutation/run check
CHECKS_FAST += check-mutation
