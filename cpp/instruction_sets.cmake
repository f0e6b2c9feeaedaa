# The instruction sets that every *.simd.cpp is compiled for. Adding one: a line here, a constant of Isa in base/cpu.h,
# a branch in simd/vec.h.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  set(PRONGHORN_ISAS baseline avx2 avx512)
  set(PRONGHORN_FLAGS_baseline -march=x86-64-v2)
  set(PRONGHORN_FLAGS_avx2 -march=x86-64-v3)
  set(PRONGHORN_FLAGS_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|ARM64|arm64")
  set(PRONGHORN_ISAS neon)
  add_compile_options(-ffp-contract=off) # the plain sources too: here they have FMA
  # Before registers are given out GCC would move all loads of a tile to its top, and spill the sums.
  set(PRONGHORN_FLAGS_neon -march=armv8-a -fno-schedule-insns)
else()
  set(PRONGHORN_ISAS baseline)
  set(PRONGHORN_FLAGS_baseline "")
endif()
set(PRONGHORN_ISA_LIST ${PRONGHORN_ISAS})
list(TRANSFORM PRONGHORN_ISA_LIST REPLACE "(.+)" "X(\\1 __VA_OPT__(,) __VA_ARGS__)")
string(JOIN " " PRONGHORN_ISA_LIST ${PRONGHORN_ISA_LIST})

# One object library per instruction set. The files hold loops over plain pointers; -O3 because that is all they are,
# but for the sanitizers, whose checks in every unrolled loop would take minutes to optimise.
# Contraction is off so that a*b+c is fused only where the source says fma(): body and tail then give the same bits.
function(pronghorn_add_simd_objects target sources)
  set(optimize -O3)
  if(PRONGHORN_SANITIZE)
    set(optimize -O1)
  endif()
  foreach(isa IN LISTS PRONGHORN_ISAS)
    set(library ${target}_simd_${isa})
    add_library(${library} OBJECT ${sources})
    target_include_directories(${library} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    target_compile_definitions(${library} PRIVATE PRONGHORN_ISA_NAMESPACE=${isa} PRONGHORN_ISA_${isa}=1)
    target_compile_options(${library} PRIVATE -Wall -Wextra ${optimize} -fno-math-errno -fno-trapping-math -ffp-contract=off
                           -Wno-psabi -Wno-uninitialized ${PRONGHORN_FLAGS_${isa}} ${PRONGHORN_SANITIZE_FLAGS})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${library}>)
  endforeach()
endfunction()
