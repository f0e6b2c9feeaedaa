# Toolchain for aarch64 Linux on another machine; CONTRIBUTING.md has the commands that go with it. Python's headers come
# from a Debian system unpacked to build/arm64, and the extension is named for that Python.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(system ${CMAKE_CURRENT_LIST_DIR}/../build/arm64)
file(GLOB Python_INCLUDE_DIR ${system}/usr/include/python3.*)
string(REGEX MATCH "python3[.]([0-9]+)" version "${Python_INCLUDE_DIR}")
set(PYTHON_MODULE_EXTENSION .cpython-3${CMAKE_MATCH_1}-aarch64-linux-gnu.so)
set(CMAKE_CXX_FLAGS_INIT "-idirafter ${system}/usr/include")
