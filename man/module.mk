INSTALL_TARGETS += install-man
.PHONY: install-man
install-man:
	@for page in $(wildcard man/*.[1-8]); do \
		install -D -m 0644 $$page $(DESTDIR)/usr/share/man/man$${page##*.}/$${page##*/}; done
