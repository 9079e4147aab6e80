MAN_PAGES := $(wildcard man/*.[1-8]) $(OUT)/man/dm-import-errors.7

# The codes are described where they are defined.
$(OUT)/man/dm-import-errors.7: base/error_codes.def man/errors.awk
	@mkdir -p $(@D)
	@awk -f man/errors.awk $< > $@

INSTALL_TARGETS += install-man
.PHONY: install-man check-man
install-man: $(MAN_PAGES)
	@for page in $^; do \
		install -D -m 0644 $$page $(DESTDIR)/usr/share/man/man$${page##*.}/$${page##*/}; done

check-man: $(MAN_PAGES) $(OUT)/importcli $(OUT)/minstall/minstall
	@man/check $(OUT)/importcli $(MAN_PAGES)
CHECKS_FAST += check-man
