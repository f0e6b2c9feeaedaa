// One table of function pointers per kernel family and instruction set.
//
// kernels/<family>/<family>.simd.cpp is compiled once per set, and defines in namespace
// pronghorn::PRONGHORN_ISA_NAMESPACE
//     extern const GemmTable gemm_table = {...};
// kernels/<family>/reference.cpp defines the plain one in namespace pronghorn::Reference, and
// kernels/<family>/<family>.cpp says
//     PRONGHORN_KERNEL_TABLES(GemmTable, gemm_table)
// which defines `const GemmTable& gemm_table()`: the table of the instruction set that is active.
#pragma once
#include "base/cpu.h"
#include "isa_list.h"

#define PRONGHORN_DECLARE_TABLE(isa, Table, name) \
  namespace isa {                                 \
  extern const Table name;                        \
  }

#define PRONGHORN_TABLE_CASE(isa, Table, name) \
  case Isa::isa:                               \
    return isa::name;

#define PRONGHORN_KERNEL_TABLES(Table, name)                    \
  PRONGHORN_DECLARE_TABLE(Reference, Table, name)               \
  PRONGHORN_FOR_EACH_ISA(PRONGHORN_DECLARE_TABLE, Table, name)  \
  const Table& name() {                                         \
    switch (active_isa()) {                                     \
      PRONGHORN_FOR_EACH_ISA(PRONGHORN_TABLE_CASE, Table, name) \
      default:                                                  \
        return Reference::name;                                 \
    }                                                           \
  }
