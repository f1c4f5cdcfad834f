#include "doctor/elf_symbol.h"

#include <elf.h>

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace pyxis::doctor {
namespace {

// The structure at `offset`, if the file has it.
template <class T>
std::optional<T> at(std::string_view object, uint64_t offset) {
  if (offset > object.size() || object.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, object.data() + offset, sizeof value);
  return value;
}

// The rows of a table, as far as the file has them.
template <class T>
std::vector<T> table(std::string_view object, uint64_t offset, uint64_t count) {
  std::vector<T> rows;
  for (uint64_t i = 0; i < count && i < object.size() / sizeof(T); ++i) {
    auto row = at<T>(object, offset + i * sizeof(T));
    if (!row) break;
    rows.push_back(*row);
  }
  return rows;
}

std::string_view name_at(std::string_view object, const Elf64_Shdr& names, uint64_t offset) {
  if (names.sh_offset > object.size() || offset > object.size() - names.sh_offset) return {};
  auto text = object.substr(names.sh_offset + offset);
  auto end = text.find('\0');
  return end == text.npos ? std::string_view() : text.substr(0, end);
}

std::optional<uint64_t> address_of(std::string_view object, const std::vector<Elf64_Shdr>& sections,
                                   std::string_view symbol) {
  for (const auto& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) continue;
    const auto& names = sections[section.sh_link];
    for (const auto& entry : table<Elf64_Sym>(object, section.sh_offset, section.sh_size / sizeof(Elf64_Sym)))
      if (entry.st_shndx != SHN_UNDEF && name_at(object, names, entry.st_name) == symbol)
        return entry.st_value;
  }
  return std::nullopt;
}

}  // namespace

Result<uint32_t> exported_number(std::string_view object, std::string_view symbol) {
  constexpr unsigned char order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  auto header = at<Elf64_Ehdr>(object, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != order ||
      header->e_shentsize != sizeof(Elf64_Shdr))
    return Error{"no shared object of this machine", {}, ENOEXEC};
  auto address = address_of(object, table<Elf64_Shdr>(object, header->e_shoff, header->e_shnum), symbol);
  if (!address) return Error{"it has no symbol " + std::string(symbol), {}, ENOENT};
  for (const auto& segment : table<Elf64_Phdr>(object, header->e_phoff, header->e_phnum)) {
    if (segment.p_type != PT_LOAD || *address < segment.p_vaddr ||
        *address - segment.p_vaddr >= segment.p_filesz)
      continue;
    auto within = *address - segment.p_vaddr;
    if (segment.p_offset > object.size()) continue;
    if (auto number = at<uint32_t>(object, segment.p_offset + within)) return *number;
  }
  return Error{"its symbol " + std::string(symbol) + " is not in the file", {}, ENOEXEC};
}

}  // namespace pyxis::doctor
