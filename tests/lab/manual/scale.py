"""What takes an emulated machine longer than a test run may: `make check-scale` runs it."""
from scenario import scenario


@scenario("group-16", luns=16, size_mib=64, timeout=2400, max_io_ms=6000)
def group_16(lab):
    """All sixteen hold before any is released. All are open; three are under load, more the build machine cannot do."""
    opened = [open(lab.device(index), "rb") for index in range(16)]
    for index in (0, 7, 15):
        lab.fio(index, size_mib=32)
    work = lab.create_import()
    work.to_destination()
    work.copy()
    work.commit()
    for device in opened:
        device.close()
