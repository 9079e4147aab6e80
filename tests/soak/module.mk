# The soak: `make soak` switches SOAK times there and back under load (about 15 s each in an emulated VM) and writes
# docs/SOAK.md, or SOAK_DOCUMENT. What judges it is checked in check-fast.
SOAK ?= 200
SOAK_DOCUMENT ?= docs/SOAK.md
.PHONY: soak check-soak
soak:
	@tests/deps build lab
	@tests/soak/run $(SOAK) $(SOAK_DOCUMENT)

check-soak:
	@tests/soak/check
CHECKS_FAST += check-soak
