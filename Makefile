# The usual commands, for who expects them; CMake does the work (CMakePresets.json), scripts/ the rest.
#   make              build into build/release
#   make install      DESTDIR, prefix, libdir, datadir and sysconfdir are honoured, also by uninstall
#   make deb, rpm     a package, in build/packages; make orig: the sources alone (scripts/package)
#   make check        all tests (scripts/check)
#   make demo         the examples on a throw-away cluster (scripts/demo)
#   make bench        the measurements (bench/run)

prefix  ?= /usr/local
libdir  ?= $(prefix)/lib
datadir ?= $(prefix)/share
# Where the engine reads it, unless the installation is one of its own.
sysconfdir ?= $(if $(filter /usr /usr/local,$(prefix)),/etc,$(prefix)/etc)
build   := build/release

# Relative to the prefix where they lie below it, so that a build can still be installed elsewhere.
below_prefix = $(patsubst $(prefix)/%,%,$(1))

all: configure
	cmake --build --preset release

configure:
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(prefix) \
	    -DCMAKE_INSTALL_LIBDIR=$(call below_prefix,$(libdir)) -DCMAKE_INSTALL_DATADIR=$(call below_prefix,$(datadir)) \
	    -DCMAKE_INSTALL_SYSCONFDIR=$(call below_prefix,$(sysconfdir))

install: all
	DESTDIR=$(abspath $(DESTDIR)) cmake --install $(build) --strip

# What an installation would put there, found by making one aside; configuration that the site has changed stays.
uninstall: all
	rm -rf $(build)/uninstall
	DESTDIR=$(CURDIR)/$(build)/uninstall cmake --install $(build) >/dev/null
	cd $(build)/uninstall$(sysconfdir) && find . -type f -exec sh -c \
	    'test ! -e "$$0/$$1" || cmp -s "$$0/$$1" "$$1" || rm "$$1"' $(abspath $(DESTDIR))$(sysconfdir) {} \;
	cd $(build)/uninstall && find . ! -type d -printf '%P\0' | (cd $(or $(abspath $(DESTDIR)),/) && xargs -0 rm -fv)
	-rmdir --ignore-fail-on-non-empty $(DESTDIR)$(datadir)/pyxis $(DESTDIR)$(prefix)/libexec/pyxis-hooks
	-cd $(DESTDIR)$(sysconfdir) && rmdir --ignore-fail-on-non-empty -p enroot/mounts.d
	rm -rf $(build)/uninstall

packages := build/packages

orig deb rpm:
	scripts/package $@ --output $(packages)

check:
	scripts/check

demo:
	scripts/demo

bench: all
	bench/run

clean:
	rm -rf build

.PHONY: all configure install uninstall orig deb rpm check demo bench clean
