// SPDX-License-Identifier: Apache-2.0
// A value y, its complement (-y), its bytes swapped (256 * y) and both at once count as one: the
// variant with the least form stands for all four.
#include "term/checksum_lemmas.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

namespace probity::term {
namespace {

constexpr unsigned word = 16;
constexpr unsigned byte = 8;
constexpr Value zero = 0;
constexpr Value all_ones = 0xffff;

class Lemmas {
 public:
  Lemmas(Store& store, ResidueMutation mutation) : store_(store), residues_(store, mutation) {}

  std::vector<Id> run(std::span<const Id> roots) {
    find_values(roots);
    std::map<ResidueForm, std::vector<Variant>> classes;
    for (const Id value : values_) {
      if (residues_.is_atom(value)) continue;
      const Variant variant = least(value);
      std::vector<Variant>& alike = classes[variant.form];
      if (std::ranges::find(alike, variant.term, &Variant::term) == alike.end()) {
        alike.push_back(variant);
      }
    }
    for (const auto& [form, alike] : classes) {
      if (alike.size() < 2) continue;
      for (const Variant& one : alike) state_zero(one);
      for (std::size_t i = 1; i < alike.size(); ++i) state_equal(alike[0].term, alike[i].term);
    }
    if (!lemmas_.empty()) state_slices();
    return std::move(lemmas_);
  }

 private:
  struct Variant {
    Id value;
    Id term;
    bool complemented = false;
    ResidueForm form;
  };

  /// The values of 16 bits that are sums or choices between them, and those of which only a slice
  /// of a wider sum is in use.
  void find_values(std::span<const Id> roots) {
    std::unordered_set<std::uint32_t> seen;
    std::vector<Id> stack(roots.begin(), roots.end());
    while (!stack.empty()) {
      const Id top = stack.back();
      stack.pop_back();
      if (!seen.insert(top.index).second) continue;
      const auto args = store_.args(top);
      stack.insert(stack.end(), args.begin(), args.end());
      if (store_.width(top) == word && is_value(top)) values_.push_back(top);
      if (store_.kind(top) != Kind::extract || store_.low(top) == 0) continue;
      const Id whole = args[0];
      const bool cut = store_.low(top) + store_.width(top) == word && store_.width(whole) > word;
      if (!cut || store_.kind(whole) != Kind::add) continue;
      const Id low = store_.extract(0, word, whole);
      values_.push_back(low);
      slices_.emplace_back(top, store_.extract(store_.low(top), store_.width(top), low));
    }
    std::ranges::sort(values_);  // operands first
    const auto rest = std::ranges::unique(values_);
    values_.erase(rest.begin(), rest.end());
  }

  bool is_value(Id a) const { return store_.kind(a) == Kind::add || store_.kind(a) == Kind::ite; }

  Id swapped(Id a) {
    const Id low = store_.extract(0, byte, a);
    return store_.concat(low, store_.extract(byte, byte, a));
  }

  Variant least(Id value) {
    const ResidueForm form = residues_.of(value).form;
    const Id complement = store_.not_(value);
    constexpr std::uint32_t swap = 1u << byte;
    constexpr std::uint32_t minus = ResidueForm::modulus - 1;
    std::array<Variant, 4> variants = {{{value, value, false, form},
                                        {value, complement, true, form.times(minus)},
                                        {value, swapped(value), false, form.times(swap)},
                                        {value, swapped(complement), true, form.times(minus)}}};
    variants[3].form = variants[3].form.times(swap);
    return *std::ranges::min_element(variants, {}, &Variant::form);
  }

  Id is(Id a, Value value) { return store_.eq(a, store_.lit(word, value)); }

  /// zero -> every part is
  void state_zero(const Variant& one) {
    const Residue residue = residues_.of(one.value);
    Id parts = store_.true_();
    for (const Id part : residue.parts) {
      parts = store_.and_(parts, store_.eq(part, store_.lit(store_.width(part), 0)));
    }
    if (residue.never_zero) parts = store_.false_();
    state(store_.implies(is(one.term, one.complemented ? all_ones : zero), parts));
  }

  /// Equal, unless one is 0 and the other 0xffff.
  void state_equal(Id a, Id b) {
    const Id first = store_.and_(is(a, zero), is(b, all_ones));
    const Id second = store_.and_(is(a, all_ones), is(b, zero));
    const Id apart = store_.or_(first, second);
    state(store_.or_(apart, store_.eq(a, b)));
    for (const unsigned low : {0u, byte}) {
      const Id left = store_.extract(low, byte, a);
      state(store_.or_(apart, store_.eq(left, store_.extract(low, byte, b))));
    }
  }

  /// A slice of a sum is that of the narrower sum.
  void state_slices() {
    for (const auto& [slice, same] : slices_) state(store_.eq(slice, same));
  }

  void state(Id lemma) {
    if (!store_.is_true(lemma)) lemmas_.push_back(lemma);
  }

  Store& store_;
  Residues residues_;
  std::vector<Id> values_;
  std::vector<std::pair<Id, Id>> slices_;
  std::vector<Id> lemmas_;
};

}  // namespace

std::vector<Id> checksum_lemmas(Store& store, std::span<const Id> roots, ResidueMutation mutation) {
  return Lemmas(store, mutation).run(roots);
}

}  // namespace probity::term
