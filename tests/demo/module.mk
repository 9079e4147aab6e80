# `make demo`, or `make demo CANCEL=1`. Installs what is missing first; the second make then sees it.
.PHONY: demo
demo:
	@tests/deps build lab
	@$(MAKE) --no-print-directory -s all
	@tests/demo/run $(if $(CANCEL),cancel,import)
