"""Fail if an object that was compiled for one instruction set holds a symbol that the linker may merge.

An inline function of `std::` in a file built for AVX-512 can be the copy that the linker keeps for
everyone, and the baseline path then dies of an illegal instruction. So these objects may hold no weak (W,
V) and no unique (u) symbol.

    python cpp/check_symbols.py BUILD_FOLDER
"""

import pathlib
import subprocess
import sys


def main():
    folder = pathlib.Path(sys.argv[1])
    objects = sorted(folder.glob("**/pronghorn*_simd_*.dir/**/*.o"))
    # A sanitizer puts weak symbols of its own into every object; those builds never leave the machine.
    objects = [str(path) for path in objects if "sanitize" not in path.relative_to(folder).parts[0]]
    if not objects:
        sys.exit(f"no objects of instruction sets below {folder}: build first")
    listing = subprocess.run(
        ["nm", "--demangle", "--print-file-name", *objects], check=True, capture_output=True, text=True
    )
    bad = [line for line in listing.stdout.splitlines() if _weak(line)]
    if bad:
        print("\n".join(bad[:40]))
        sys.exit(f"{len(bad)} symbols could replace those of other objects: give them internal linkage")
    print(f"{len(objects)} objects compiled per instruction set: no weak symbols")


def _weak(line):
    # "path.o:0000000000000010 W name" or "path.o:                 U name"
    kinds = [field for field in line.rpartition(".o:")[2].split()[:2] if len(field) == 1]
    return kinds[:1] in (["W"], ["V"], ["u"])


if __name__ == "__main__":
    main()
