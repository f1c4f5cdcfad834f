// Reading a number out of a shared object that may be anything.
#include "doctor/elf_symbol.h"

#include <elf.h>
#include <gmock/gmock.h>

#include <cstring>
#include <string>

namespace pyxis::doctor {
namespace {

// The number is at 0x1004 in memory: in a segment from 0x1000 on that lies at `data` in the file.
struct Object {
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  Elf64_Shdr sections[3]{};
  Elf64_Sym symbols[3]{};
  char names[32]{};
  uint32_t data[4] = {1, 0x160508, 3, 4};

  Object() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phoff = offsetof(Object, segment);
    header.e_phnum = 1;
    header.e_shoff = offsetof(Object, sections);
    header.e_shnum = 3;
    header.e_shentsize = sizeof(Elf64_Shdr);
    segment.p_type = PT_LOAD;
    segment.p_offset = offsetof(Object, data);
    segment.p_vaddr = 0x1000;
    segment.p_filesz = segment.p_memsz = sizeof data;
    sections[1].sh_type = SHT_DYNSYM;
    sections[1].sh_link = 2;
    sections[1].sh_offset = offsetof(Object, symbols);
    sections[1].sh_size = sizeof symbols;
    sections[2].sh_type = SHT_STRTAB;
    sections[2].sh_offset = offsetof(Object, names);
    sections[2].sh_size = sizeof names;
    std::memcpy(names, "\0other\0plugin_version", 21);
    symbols[1] = {1, 0, 0, 5, 0x1000, 4};
    symbols[2] = {7, 0, 0, 5, 0x1004, 4};
  }
  std::string bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};

int code(const Result<uint32_t>& result) {
  return result.ok() ? 0 : result.error().code;
}

TEST(ElfSymbol, IsReadWhereItIsInTheFile) {
  auto number = exported_number(Object().bytes(), "plugin_version");
  ASSERT_TRUE(number.ok()) << number.error().text();
  EXPECT_EQ(*number, 0x160508u);
}

TEST(ElfSymbol, OneThatThereIsNotOrThatIsOnlyAskedForIsNotFound) {
  EXPECT_EQ(code(exported_number(Object().bytes(), "spank_plugin_version")), ENOENT);
  Object object;
  object.symbols[2].st_shndx = SHN_UNDEF;
  EXPECT_EQ(code(exported_number(object.bytes(), "plugin_version")), ENOENT);
}

TEST(ElfSymbol, WhatIsNoObjectOfThisMachineIsRefused) {
  for (const char* text : {"", "\177ELF", "#!/bin/sh\n"})
    EXPECT_EQ(code(exported_number(text, "plugin_version")), ENOEXEC) << text;
  Object object;
  object.header.e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(code(exported_number(object.bytes(), "plugin_version")), ENOEXEC);
}

TEST(ElfSymbol, EveryBeginningOfOneIsAnErrorAndNoCrash) {
  auto whole = Object().bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    std::string part(whole, 0, length);
    part.shrink_to_fit();
    auto number = exported_number(part, "plugin_version");
    // The last two numbers are not asked for.
    EXPECT_EQ(number.ok(), length + 8 >= whole.size()) << length;
  }
}

TEST(ElfSymbol, OffsetsThatLeadOutOfTheFileAreErrors) {
  constexpr uint64_t far[] = {1u << 20, UINT64_MAX, UINT64_MAX - 7};
  for (auto offset : far) {
    Object object;
    object.header.e_shoff = offset;
    EXPECT_FALSE(exported_number(object.bytes(), "plugin_version").ok());
    object = Object();
    object.header.e_phoff = offset;
    EXPECT_FALSE(exported_number(object.bytes(), "plugin_version").ok());
    object = Object();
    object.sections[2].sh_offset = offset;
    EXPECT_FALSE(exported_number(object.bytes(), "plugin_version").ok());
    object = Object();
    object.segment.p_offset = offset;
    EXPECT_FALSE(exported_number(object.bytes(), "plugin_version").ok());
    object = Object();
    object.symbols[2].st_value = offset;
    EXPECT_FALSE(exported_number(object.bytes(), "plugin_version").ok());
  }
}

}  // namespace
}  // namespace pyxis::doctor
