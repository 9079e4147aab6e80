# Packages, and the kit that has them: `make deb`, `make rpm`, `make srpm`, `make kit`. What is packaged is what `make install`
# installs. KIT_GPG_KEY: the gpg key that signs the kit; without it, a throw-away key, and the kit says so.
# KIT_PACKAGES: a folder with more packages for the kit, from machines of other distributions, as $(BUILD)/packages has them.
KIT_GPG_KEY ?=
KIT_PACKAGES ?=
PACKAGE_RELEASE := $(lastword $(subst _, ,$(BUILD_VERSION))).$(firstword $(subst _, ,$(BUILD_VERSION)))
PACKAGES := $(abspath $(BUILD))/packages
STAGED := $(abspath $(BUILD))/staged
RPM_TREE := $(abspath $(BUILD))/rpmbuild
KIT := $(abspath $(BUILD))/kit/dm-import-$(VERSION)-$(BUILD_VERSION)
SOURCE_NAME := dm-import-$(VERSION)-$(BUILD_VERSION)
# rhel-9, sles-15, debian-12, ...: the kit's word for this machine
PLATFORM = $(shell $(INSTALLER) --platform)

# One file, made from its parts.
INSTALLER := $(OUT)/minstall/minstall
$(INSTALLER): $(wildcard minstall/installer/*.sh)
	@mkdir -p $(@D)
	@awk 'FNR == 1 && NR > 1 { print "" } { print }' $^ > $@ && chmod +x $@

.PHONY: kit-tools staged deb rpm srpm spec kit build-version
build-version:
	@echo $(BUILD_VERSION)

# Says what is missing, or as root installs it.
kit-tools:
	@tests/deps kit

staged: kit-tools all
	@rm -rf $(STAGED)
	@$(MAKE) -s --no-print-directory install DESTDIR=$(STAGED) > /dev/null

deb: staged $(INSTALLER)
	@rm -f $(PACKAGES)/$(PLATFORM)/*.deb
	@minstall/make-deb $(STAGED) $(VERSION)-$(PACKAGE_RELEASE) $(PACKAGES)/$(PLATFORM)

spec: kit-tools
	@mkdir -p $(RPM_TREE)/SPECS $(RPM_TREE)/SOURCES
	@minstall/fill-in minstall/dm-import.spec.in VERSION=$(VERSION) RELEASE=$(PACKAGE_RELEASE) BUILD=$(BUILD_VERSION) \
		> $(RPM_TREE)/SPECS/dm-import.spec

# --nodeps: the build has already succeeded; on Debian, rpm knows no packages.
rpm: staged spec $(INSTALLER)
	@rm -f $(PACKAGES)/$(PLATFORM)/*.rpm
	@rpmbuild -bb --quiet --nodeps --define '_topdir $(RPM_TREE)' --define '_rpmdir $(PACKAGES)' \
		--define '_build_name_fmt $(PLATFORM)/%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
		--define 'staged $(STAGED)' --define 'source $(CURDIR)' $(RPM_TREE)/SPECS/dm-import.spec
	@ls $(PACKAGES)/$(PLATFORM)/*.rpm

srpm: spec
	@git archive --prefix=$(SOURCE_NAME)/ --output=$(RPM_TREE)/SOURCES/$(SOURCE_NAME).tar.gz HEAD
	@rpmbuild -bs --nodeps --define '_topdir $(RPM_TREE)' $(RPM_TREE)/SPECS/dm-import.spec

kit: $(if $(wildcard /etc/debian_version),deb,rpm)
	@KIT_GPG_KEY='$(KIT_GPG_KEY)' minstall/make-kit $(INSTALLER) $(KIT) $(VERSION) $(BUILD_VERSION) $(PACKAGES) $(KIT_PACKAGES)
