"""The kits that the tests install from: of the build that make made, and of one that counts as older; both signed by one key.
A third one is signed by another."""
import glob
import os
import shutil
import subprocess

import hostlib

MINSTALL = os.path.join(hostlib.ROOT, "minstall")
OUT = os.path.abspath(os.environ.get("OUT", os.path.join(hostlib.ROOT, "build/release-gcc")))
PACKAGES = os.path.abspath(os.environ.get("PACKAGES", os.path.join(hostlib.ROOT, "build/packages")))
STAGED = os.path.abspath(os.environ.get("STAGED", os.path.join(hostlib.ROOT, "build/staged")))


def call(*words, **more):
    done = subprocess.run(words, check=False, capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{words}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_version():
    return call(os.path.join(STAGED, "usr/sbin/importcli"), "ha_version").split()[-1]


def release(build):
    commit, count = build.split("_")
    return f"{count}.{commit}"


def older(build):
    """As long as the build's own name, so that it fits into the programs."""
    commit, count = build.split("_")
    return f"{commit}_{'0' * len(count)}"


def stage_older(scratch, build):
    """The same programs, but for what they say of their build."""
    staged = os.path.join(scratch, "staged")
    shutil.copytree(STAGED, staged)
    for program in glob.glob(staged + "/usr/sbin/*"):
        with open(program, "rb") as file:
            content = file.read()
        with open(program, "wb") as file:
            file.write(content.replace(build.encode(), older(build).encode()))
    return staged


def make_packages(staged, build, folder):
    """An rpm and a deb, as the Makefile makes them."""
    call(MINSTALL + "/make-deb", staged, "1.0-" + release(build), folder + "/debian-12")
    spec = call(MINSTALL + "/fill-in", MINSTALL + "/dm-import.spec.in", "VERSION=1.0", "RELEASE=" + release(build), "BUILD=" + build)
    with open(folder + "/dm-import.spec", "w", encoding="utf-8") as file:
        file.write(spec)
    call("rpmbuild", "-bb", "--quiet", "--nodeps", "--define", f"_topdir {folder}/rpmbuild", "--define", f"_rpmdir {folder}",
         "--define", "_build_name_fmt debian-12/%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", "--define", f"staged {staged}",
         "--define", f"source {hostlib.ROOT}", folder + "/dm-import.spec")


def for_platforms(folder, place):
    """The packages of this machine, as if they had been made on machines of three distributions."""
    for platform, suffix in (("debian-12", "deb"), ("rhel-9", "rpm"), ("sles-15", "rpm")):
        os.makedirs(f"{place}/{platform}")
        for package in glob.glob(f"{folder}/*/*.{suffix}"):
            shutil.copy(package, f"{place}/{platform}/")
    return place


def make(scratch):
    """{name: folder of the kit}"""
    os.environ["GNUPGHOME"] = scratch + "/gnupg"
    os.mkdir(os.environ["GNUPGHOME"], 0o700)
    build = build_version()
    staged = stage_older(scratch, build)
    os.mkdir(scratch + "/older")
    make_packages(staged, older(build), scratch + "/older")
    folders = {"new": for_platforms(PACKAGES, scratch + "/packages-new"),
               "old": for_platforms(scratch + "/older", scratch + "/packages-old")}
    key = "kit@dm-import.invalid"
    call("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", key, "rsa2048", "sign", "1y")
    made = {}
    for name, packages, signer, of in (("new", "new", key, build), ("old", "old", key, older(build)), ("other-key", "new", "", build)):
        made[name] = f"{scratch}/kit-{name}"
        call(MINSTALL + "/make-kit", OUT + "/minstall/minstall", made[name], "1.0", of, folders[packages], env={**os.environ, "KIT_GPG_KEY": signer})
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False)
    return made
