// SPDX-License-Identifier: Apache-2.0
// A value y, its complement (-y), its bytes swapped (256 * y) and both at once count as one: the
// variant with the least form stands for all four. What the question itself says to be equal, an
// old checksum and what it was computed from, is taken out of all forms by elimination, one atom
// for each equation; lemmas that rest on it say so.
#include "term/checksum_lemmas.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <ranges>
#include <unordered_set>

namespace probity::term {
namespace {

constexpr unsigned word = 16;
constexpr unsigned byte = 8;
constexpr unsigned widest = 64;
constexpr Value zero = 0;
constexpr Value all_ones = 0xffff;

class Lemmas {
 public:
  Lemmas(Store& store, ResidueMutation mutation)
      : store_(store), mutation_(mutation), residues_(store, mutation) {}

  std::vector<Id> run(std::span<const Id> roots) {
    find_values(roots);
    for (const Id root : roots) find_equations(root);
    std::map<ResidueForm, std::vector<Variant>> classes;
    for (const Id value : values_) {
      const Variant variant = least(value);
      std::vector<Variant>& alike = classes[variant.form];
      if (std::ranges::find(alike, variant.term, &Variant::term) == alike.end()) {
        alike.push_back(variant);
      }
    }
    for (const auto& [form, alike] : classes) {
      for (std::size_t i = 1; i < alike.size(); ++i) state_equal(alike[0], alike[i]);
    }
    if (!lemmas_.empty()) {
      for (const auto& [form, alike] : classes) {
        for (const Variant& one : alike) state_zero(one);
      }
      state_slices();
      for (const Id wide : narrow_) state_narrow(wide);
    }
    for (const Id upper : uppers_) state_bound(upper);
    return std::move(lemmas_);
  }

 private:
  struct Variant {
    Id value;
    Id term;
    bool complemented = false;
    ResidueForm form;
    Id premise;
  };
  /// Where `premise` holds, the pivot is `form`, which does not mention it.
  struct Equation {
    Id pivot;
    ResidueForm form;
    Id premise;
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
      if (is_value(top)) add_value(top);
      if (store_.kind(top) == Kind::extract && store_.low(top) != 0) add_slice(top);
    }
    std::ranges::sort(values_);  // operands first
    const auto rest = std::ranges::unique(values_);
    values_.erase(rest.begin(), rest.end());
  }

  void add_value(Id top) {
    const unsigned width = store_.width(top);
    if (width == word) values_.push_back(top);
    if (width <= word || width > widest || residues_.highest(top) > all_ones) return;
    values_.push_back(store_.extract(0, word, top));
    narrow_.push_back(top);
  }

  void add_slice(Id slice) {
    const Id whole = store_.args(slice)[0];
    const unsigned low = store_.low(slice);
    if (!is_value(whole) || store_.width(whole) <= word) return;
    const Id narrow = store_.extract(0, word, whole);
    if (low == word) {
      values_.push_back(narrow);
      values_.push_back(folded(whole));
      uppers_.push_back(slice);
    }
    if (low + store_.width(slice) != word) return;
    values_.push_back(narrow);
    slices_.emplace_back(slice, store_.extract(low, store_.width(slice), narrow));
  }

  /// Its low 16 bits and those above them: the fold of x, of which only a byte may be in use.
  Id folded(Id x) {
    const unsigned above = std::min(word, store_.width(x) - word);
    const Id high = store_.zext(word, store_.extract(word, above, x));
    return store_.bin(Op::add, store_.extract(0, word, x), high);
  }

  bool is_value(Id a) const { return store_.kind(a) == Kind::add || store_.kind(a) == Kind::ite; }

  Id swapped(Id a) {
    const Id low = store_.extract(0, byte, a);
    return store_.concat(low, store_.extract(byte, byte, a));
  }

  /// The factor that makes a power of two, or the negative of one, -1.
  static std::optional<std::uint32_t> to_minus_one(std::uint32_t coefficient) {
    constexpr std::uint32_t modulus = ResidueForm::modulus;
    for (unsigned bit = 0; bit < word; ++bit) {
      const std::uint32_t inverse = 1u << (word - bit) % word;
      if (coefficient == 1u << bit) return modulus - inverse;
      if (coefficient == modulus - (1u << bit)) return inverse;
    }
    return std::nullopt;
  }

  /// `nothing` is 0 where `premise` holds.
  void add_equation(const ResidueForm& nothing, Id premise) {
    const Reduced rest = reduced(nothing);
    const auto is_leaf = [this](Id a) {
      return store_.kind(a) == Kind::var || store_.kind(a) == Kind::apply;
    };
    // What the program was given if there is such a thing; else what came last.
    std::optional<Id> pivot;
    for (const auto& [atom, coefficient] : rest.form.atoms) {
      if (!to_minus_one(coefficient) || (pivot && is_leaf(*pivot))) continue;
      pivot = atom;
    }
    if (!pivot) return;
    const std::uint32_t factor = *to_minus_one(rest.form.atoms.at(*pivot));
    Equation equation{*pivot, rest.form.times(factor), store_.and_(premise, rest.premise)};
    equation.form.atoms.erase(*pivot);
    equations_.push_back(std::move(equation));
  }

  /// Values of 16 bits that are equal, or bytes of them, and upper parts that are zero, as where a
  /// loop that folds ended.
  void find_equations(Id root) {
    constexpr std::size_t most = 64;
    if (store_.kind(root) != Kind::eq || equations_.size() >= most) return;
    const Id left = store_.args(root)[0];
    const Id right = store_.args(root)[1];
    const auto cut = store_.literal(right) == zero ? residues_.cut_at(left) : std::nullopt;
    if (cut && cut->low_width == word) {
      wholes_[cut->low] = {cut->whole, root};
      ResidueForm apart = residues_.of(cut->whole).form;
      apart.add(residues_.of(cut->low).form, ResidueForm::modulus - 1);
      add_equation(apart, root);
      add_equation(residues_.of(left).form, root);
    }
    const bool fits = store_.width(left) == word || store_.width(left) == byte;
    if (!fits || store_.literal(right)) return;
    ResidueForm apart = residues_.of(left).form;
    apart.add(residues_.of(right).form, ResidueForm::modulus - 1);
    add_equation(apart, root);
  }

  struct Reduced {
    ResidueForm form;
    Id premise;
  };
  Reduced reduced(ResidueForm form) {
    Reduced result{std::move(form), store_.true_()};
    // Twice: a form that settled may mention a pivot again.
    for (unsigned round = 0; round < 2; ++round) {
      for (const Equation& equation : equations_) {
        const auto found = result.form.atoms.find(equation.pivot);
        if (found == result.form.atoms.end()) continue;
        const std::uint32_t times = found->second;
        result.form.atoms.erase(found);
        result.form.add(equation.form, times);
        if (mutation_ == ResidueMutation::no_premise) continue;
        result.premise = store_.and_(result.premise, equation.premise);
      }
      result.form = residues_.settled(std::move(result.form));
    }
    return result;
  }

  Variant least(Id value) {
    const auto [form, premise] = reduced(residues_.of(value).form);
    const Id complement = store_.not_(value);
    constexpr std::uint32_t swap = 1u << byte;
    constexpr std::uint32_t minus = ResidueForm::modulus - 1;
    const ResidueForm negative = form.times(minus);
    const std::array<Variant, 4> variants = {
        {{value, value, false, form, premise},
         {value, complement, true, negative, premise},
         {value, swapped(value), false, form.times(swap), premise},
         {value, swapped(complement), true, negative.times(swap), premise}}};
    return *std::ranges::min_element(variants, {}, &Variant::form);
  }

  Id is(Id a, Value value) { return store_.eq(a, store_.lit(word, value)); }

  /// zero -> every part is
  void state_zero(const Variant& one) {
    const auto whole = wholes_.find(one.value);
    const bool cut = whole != wholes_.end();
    const Id premise = cut ? whole->second.second : store_.true_();
    const Residue residue = residues_.of(cut ? whole->second.first : one.value);
    if (residue.parts == std::vector{one.value}) return;
    Id parts = store_.true_();
    for (const Id part : residue.parts) {
      parts = store_.and_(parts, store_.eq(part, store_.lit(store_.width(part), 0)));
    }
    if (residue.never_zero) parts = store_.false_();
    const Id none = is(one.term, one.complemented ? all_ones : zero);
    state(store_.implies(store_.and_(premise, none), parts));
  }

  /// Equal, unless one is 0 and the other 0xffff.
  void state_equal(const Variant& one, const Variant& other) {
    const Id a = one.term;
    const Id b = other.term;
    const Id first = store_.and_(is(a, zero), is(b, all_ones));
    const Id second = store_.and_(is(a, all_ones), is(b, zero));
    const Id premise = store_.and_(one.premise, other.premise);
    const Id apart = store_.or_(store_.not_(premise), store_.or_(first, second));
    state(store_.or_(apart, store_.eq(a, b)));
    for (const unsigned low : {0u, byte}) {
      const Id left = store_.extract(low, byte, a);
      state(store_.or_(apart, store_.eq(left, store_.extract(low, byte, b))));
    }
  }

  /// What was folded often enough has nothing above its 16 bits.
  void state_bound(Id upper) {
    const auto cut = residues_.cut_at(upper);
    if (!cut || residues_.highest(cut->whole) >> cut->low_width != 0) return;
    state(store_.eq(upper, store_.lit(store_.width(upper), 0)));
  }

  /// A value of more bits that 16 hold is that of its low bits; stated by order, since an equality
  /// would be rewritten to one of the bits above.
  void state_narrow(Id wide) {
    const Id narrow = store_.zext(store_.width(wide), store_.extract(0, word, wide));
    state(store_.bin(Op::ule, narrow, wide));
    state(store_.bin(Op::ule, wide, narrow));
  }

  /// A slice of a sum is that of the narrower sum.
  void state_slices() {
    for (const auto& [slice, same] : slices_) state(store_.eq(slice, same));
  }

  void state(Id lemma) {
    if (!store_.is_true(lemma)) lemmas_.push_back(lemma);
  }

  Store& store_;
  ResidueMutation mutation_;
  Residues residues_;
  std::vector<Id> values_;
  std::vector<std::pair<Id, Id>> slices_;
  std::vector<Id> narrow_;
  std::vector<Id> uppers_;
  std::vector<Equation> equations_;
  /// By their low 16 bits: values that have no others, and why.
  std::map<Id, std::pair<Id, Id>> wholes_;
  std::vector<Id> lemmas_;
};

}  // namespace

std::vector<Id> checksum_lemmas(Store& store, std::span<const Id> roots, ResidueMutation mutation) {
  return Lemmas(store, mutation).run(roots);
}

}  // namespace probity::term
