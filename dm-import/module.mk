$(eval $(call library,dm_import,dm-import,$(if $(CRASH_POINTS),tests/crash/crash_points.c)))

# What the engine's real ports link; the fakes need only json-c.
ENGINE_LIBS = $(call pkg,devmapper libudev libsystemd json-c inih) -lsgutils2
