// SPDX-License-Identifier: Apache-2.0
// BTF through libbpf. The header is checked by hand first, because libbpf 1.1 trusts hdr_len.
#include "object/btf.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "object/file_bytes.hpp"
#include "object/limits.hpp"

namespace probity::object {
namespace {

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

/// Size of the string section, after checking the whole header.
Expected<std::uint32_t> check_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof(btf_header) || bytes.size() > limits::btf_bytes)
    return bad(fmt::format(".BTF: size {} is not in {}..{}", bytes.size(), sizeof(btf_header),
                           limits::btf_bytes));
  const auto header = load_le<btf_header>(bytes.data());
  if (header.magic != BTF_MAGIC)
    return bad(
        fmt::format(".BTF: magic 0x{:04x} is not 0x{:04x}", unsigned{header.magic}, BTF_MAGIC));
  if (header.version != BTF_VERSION)
    return bad(fmt::format(".BTF: version {} is not {}", unsigned{header.version}, BTF_VERSION));
  if (header.hdr_len != sizeof(btf_header))
    return bad(fmt::format(".BTF: header length {} is not {}", header.hdr_len, sizeof(btf_header)));
  const std::uint64_t body = bytes.size() - header.hdr_len;
  if (!in_bounds(header.type_off, header.type_len, body) ||
      !in_bounds(header.str_off, header.str_len, body))
    return bad(fmt::format(".BTF: types {}+{} or strings {}+{} lie outside its {} bytes",
                           header.type_off, header.type_len, header.str_off, header.str_len, body));
  return header.str_len;
}

/// libbpf reads names up to their NUL byte.
Expected<void> check_strings(std::span<const std::uint8_t> bytes, std::uint32_t size) {
  const auto header = load_le<btf_header>(bytes.data());
  const std::uint8_t* first = bytes.data() + header.hdr_len + header.str_off;
  if (size == 0 || first[0] != 0 || first[size - 1] != 0)
    return bad(".BTF: the string section does not start and end with a NUL byte");
  return {};
}

int print_nothing(libbpf_print_level, const char*, va_list) {
  return 0;
}

}  // namespace

void Btf::Closer::operator()(btf* types) const {
  btf__free(types);
}

void Btf::take(btf* types, std::uint32_t string_bytes) {
  types_.reset(types);
  if (string_bytes == 0) return;
  strings_ = {btf__name_by_offset(types, static_cast<std::uint32_t>(base_strings_.size())),
              string_bytes};
}

Expected<Btf> Btf::read(std::span<const std::uint8_t> bytes) {
  TRY(const std::uint32_t string_bytes, check_header(bytes));
  TRY(check_strings(bytes, string_bytes));
  libbpf_set_print(print_nothing);  // it would write to stderr; the reason is in errno
  btf* types = btf__new(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  if (types == nullptr)
    return bad(fmt::format(".BTF: libbpf refuses it: {}", std::strerror(errno)));
  Btf result;
  result.take(types, string_bytes);
  return result;
}

Expected<Btf> Btf::read_split_file(const std::string& path, const Btf& base) {
  TRY(const std::vector<std::uint8_t> bytes, read_file_bytes(path));
  TRY(const std::uint32_t string_bytes, check_header(bytes));
  libbpf_set_print(print_nothing);
  btf* types = btf__parse_raw_split(path.c_str(), base.types_.get());
  if (types == nullptr)
    return bad(fmt::format("{}: libbpf refuses its BTF: {}", path, std::strerror(errno)));
  Btf result;
  result.base_strings_ = base.strings_;
  result.first_id_ = base.type_count();
  result.take(types, string_bytes);
  return result;
}

Expected<Btf> Btf::read_elf_file(const std::string& path) {
  libbpf_set_print(print_nothing);
  btf* types = btf__parse_elf(path.c_str(), nullptr);
  if (types == nullptr)
    return bad(fmt::format("{}: libbpf finds no BTF in it: {}", path, std::strerror(errno)));
  const std::unique_ptr<btf, Closer> parsed(types);
  std::uint32_t size = 0;
  const void* raw = btf__raw_data(types, &size);
  if (raw == nullptr) return bad(fmt::format("{}: its BTF is not readable", path));
  return read({static_cast<const std::uint8_t*>(raw), size});
}

std::uint32_t Btf::type_count() const {
  return btf__type_cnt(types_.get());
}

const btf_type* Btf::type(std::uint32_t id) const {
  return id < type_count() ? btf__type_by_id(types_.get(), id) : nullptr;
}

std::string_view Btf::string_at(std::uint32_t offset) const {
  const bool in_base = offset < base_strings_.size();
  const std::string_view all = in_base ? base_strings_ : strings_;
  const std::size_t at = in_base ? offset : offset - base_strings_.size();
  if (at >= all.size()) return {};
  const std::string_view rest = all.substr(at);  // the section ends with a NUL byte
  return rest.substr(0,
                     strnlen(rest.data(), std::min<std::size_t>(rest.size(), limits::name_bytes)));
}

std::string_view Btf::name_of(const btf_type* type) const {
  return string_at(type->name_off);
}

std::optional<std::uint32_t> Btf::resolve(std::uint32_t id) const {
  for (unsigned depth = 0; depth < limits::btf_type_depth; ++depth) {
    const btf_type* at = type(id);
    if (at == nullptr) return std::nullopt;
    if (!btf_is_mod(at) && !btf_is_typedef(at)) return id;
    id = at->type;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Btf::size_of(std::uint32_t id) const {
  if (type(id) == nullptr) return std::nullopt;
  const std::int64_t size = btf__resolve_size(types_.get(), id);
  if (size < 0 || size > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(size);
}

std::optional<std::uint32_t> Btf::find_data_section(std::string_view name) const {
  for (std::uint32_t id = 1; id < type_count(); ++id) {
    const btf_type* at = type(id);
    if (btf_is_datasec(at) && name_of(at) == name) return id;
  }
  return std::nullopt;
}

}  // namespace probity::object
