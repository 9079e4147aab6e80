# dm-import: the only entry point. `make help` lists what there is; each folder adds itself with its module.mk.

MODE ?= release
ifeq ($(origin CC),default) # make's own default is cc
CC := gcc
endif
BUILD ?= build
OUT := $(BUILD)/$(MODE)-$(notdir $(CC))$(if $(CRASH_POINTS),-crash-points)
DESTDIR ?=

PKG_CONFIG ?= pkg-config
VERSION := 1.0
# <commit>_<number> from git, or from the file `build-version` of a release archive
BUILD_VERSION := $(shell git describe --always --abbrev=8 --exclude '*' 2>/dev/null && git rev-list --count HEAD 2>/dev/null)
BUILD_VERSION := $(if $(BUILD_VERSION),$(firstword $(BUILD_VERSION))_$(lastword $(BUILD_VERSION)),$(or $(shell cat build-version 2>/dev/null),unknown_0))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -fsanitize=thread
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
ifeq ($(CFLAGS_$(MODE)),)
$(error MODE=$(MODE) is not one of: release debug asan tsan)
endif

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. $(WARN) $(CFLAGS_$(MODE)) -fstack-protector-strong -fPIE \
	-MMD -MP -DDM_IMPORT_VERSION='"$(VERSION)"' $(if $(CRASH_POINTS),-DCRASH_POINTS) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_$(MODE)) -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

.DEFAULT_GOAL := all
PROGRAMS :=
CHECKS_FAST :=

# $(call library,NAME,FOLDER,MORE): all C files of a folder and its rooms but main.c, and more, as $(OUT)/libNAME.a
define library
$(1)_SRC := $$(filter-out $(2)/main.c,$$(wildcard $(2)/*.c $(2)/*/*.c $(2)/*/*/*.c)) $(3)
$(1)_OBJ := $$($(1)_SRC:%.c=$$(OUT)/%.o)
$$(OUT)/lib$(1).a: $$($(1)_OBJ)
	@rm -f $$@; $$(AR) qcs $$@ $$^ # q: two rooms may have a file of the same name
endef

# $(call program,NAME,OBJECTS,LIBRARIES,PKG-CONFIG MODULES AND -l FLAGS)
define program
$$(OUT)/$(1): $(2) $(3) $$(OUT)/linked-with
	$$(call link,$(4))
endef

# $(call link,PKG-CONFIG MODULES AND -l FLAGS): a rule's objects and libraries
define link
@echo "  LD    $@"
@$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1)
endef

pkg = $(shell $(PKG_CONFIG) --libs $(1))

$(OUT)/%.o: %.c $(OUT)/compiled-with
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

include base/module.mk api/module.mk dm-import/module.mk agent/module.mk cli/module.mk certs/module.mk init/module.mk \
	man/module.mk minstall/module.mk tests/module.mk

# Files that say what else an object or a program was made with; they are written anew when that is another.
$(OUT)/build-version: MADE_WITH := $(BUILD_VERSION)
$(OUT)/compiled-with: MADE_WITH := $(CC) $(ALL_CFLAGS)
$(OUT)/linked-with: MADE_WITH := $(CC) $(ALL_LDFLAGS)
$(addprefix $(OUT)/,build-version compiled-with linked-with): FORCE
	@mkdir -p $(@D); echo $(call quoted,$(MADE_WITH)) | cmp -s - $@ || echo $(call quoted,$(MADE_WITH)) > $@
quoted = '$(subst ','\'',$(1))'

# The one place where the build version gets into a program.
$(OUT)/base/version.o: ALL_CFLAGS += -DDM_IMPORT_BUILD='"$(BUILD_VERSION)"'
$(OUT)/base/version.o: $(OUT)/build-version

.PHONY: all help check check-fast demo bench lint format install clean FORCE
all: $(PROGRAMS)

help:
	@echo 'make                 build everything into $(OUT) (MODE=release|debug|asan|tsan, CC=gcc|clang)'
	@echo 'make check           what needs no VM, and some scenarios of each kind'
	@echo 'make check-fast      what needs no VM, some four minutes'
	@echo 'make check-lab       all scenarios of the lab, of which make check runs some of each kind'
	@echo 'make check-scale     the group of 16 members, which takes a quarter of an hour here'
	@echo 'make check-cluster   the scenarios with two hosts, and those with reservations'
	@echo 'make check-upgrade   from the build of an older commit (LAB_RELEASED) to this one, with imports in every state'
	@echo 'make check-sanitizers  unit, engine and daemon tests with ASan and UBSan, then with TSan'
	@echo 'make check-valgrind  unit, engine and daemon tests under valgrind'
	@echo 'make soak            SOAK (200) switches there and back under load; writes docs/SOAK.md'
	@echo 'make check-faults    the crash and the fault matrix: each step of each verb, whatever goes wrong (hours; ONLY="--sample 40": a part)'
	@echo 'make demo            a whole import, narrated (CANCEL=1: goes back instead)'
	@echo 'make bench           the pause, measured against bare device-mapper and multipath -r'
	@echo 'make bench-hostile   what 10,000 strangers cost a paired orchestrator; writes into docs/PERFORMANCE.md'
	@echo 'make fuzz            new inputs for the fuzzers, FUZZ_SECONDS each (300); FUZZ=json: for one'
	@echo 'make coverage        what of the product the suites without a VM execute; a table in $(BUILD)/mutation'
	@echo 'make mutation        60 small faults, and which test catches each (hours; TREE=…: of another worktree)'
	@echo 'make lint            layers, includes, formatting, static analysis'
	@echo 'make format          clang-format all C files'
	@echo 'make install         into DESTDIR'
	@echo 'make deb rpm srpm    packages, in $(BUILD)/packages (srpm: $(BUILD)/rpmbuild)'
	@echo 'make kit             the installer and what it installs, as a directory and an ISO (KIT_GPG_KEY: signed by that key)'

install: all $(INSTALL_TARGETS)

format:
	clang-format -i $(C_FILES)

clean:
	rm -rf $(BUILD)/release-* $(BUILD)/debug-* $(BUILD)/asan-* $(BUILD)/tsan-*

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
