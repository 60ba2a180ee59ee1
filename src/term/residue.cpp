// SPDX-License-Identifier: Apache-2.0
// One function per step; the identity that it rests on stands above it. Sums come from the rewriter
// with everything opened, in the order of ids: what was added last, a carry or the upper half of a
// fold, is found by taking each candidate out and comparing the rest with what it would be of.
#include "term/residue.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.hpp"

namespace probity::term {
namespace {

using Signed = __int128;
constexpr std::uint32_t modulus = ResidueForm::modulus;
constexpr unsigned word = 16;
constexpr unsigned widest = 64;
constexpr unsigned max_depth = 600;
/// One analysis looks at terms this often; what is left then stays an atom.
constexpr std::size_t max_steps = 4'000'000;

/// 2^bits modulo 65535.
std::uint32_t weight(unsigned bits) {
  return 1u << bits % word;
}

std::uint32_t residue_of(Signed value) {
  const auto rest = static_cast<std::int64_t>(value % Signed{modulus});
  return static_cast<std::uint32_t>(rest < 0 ? rest + modulus : rest);
}

std::uint32_t product(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::uint64_t{a} * b % modulus);
}

/// The coefficient of least magnitude that is the same modulo 2^width.
Signed centred(Value coefficient, unsigned width) {
  const bool negative = (coefficient >> (width - 1) & 1) != 0;
  return static_cast<Signed>(coefficient) - (negative ? Signed{1} << width : Signed{0});
}

std::vector<Id> united(std::vector<Id> parts, const std::vector<Id>& more) {
  parts.insert(parts.end(), more.begin(), more.end());
  std::ranges::sort(parts);
  const auto rest = std::ranges::unique(parts);
  parts.erase(rest.begin(), rest.end());
  return parts;
}

/// The residue of a sum of two values neither of which is negative.
Residue together(const Residue& a, const Residue& b) {
  Residue sum = a;
  sum.form.add(b.form, 1);
  sum.parts = united(std::move(sum.parts), b.parts);
  sum.never_zero = a.never_zero || b.never_zero;
  return sum;
}

}  // namespace

void ResidueForm::add_atom(Id atom, std::uint32_t coefficient) {
  std::uint32_t& held = atoms[atom];
  held = (held + coefficient) % modulus;
  if (held == 0) atoms.erase(atom);
}

void ResidueForm::add(const ResidueForm& other, std::uint32_t factor) {
  constant = (constant + product(other.constant, factor)) % modulus;
  for (const auto& [atom, coefficient] : other.atoms) add_atom(atom, product(coefficient, factor));
}

ResidueForm ResidueForm::times(std::uint32_t factor) const {
  ResidueForm result;
  result.add(*this, factor);
  return result;
}

const Residue& Residues::of(Id a) {
  if (const Residue* known = known_.find(a)) return *known;
  known_[a] = atom(a);  // also what a term is while its parts are looked at
  const bool allowed = depth_ < max_depth && ++steps_ < max_steps && store_.width(a) <= widest;
  if (!allowed) return *known_.find(a);
  ++depth_;
  Residue found = settled(compute(a));
  --depth_;
  return known_[a] = std::move(found);
}

Residue Residues::compute(Id a) {
  switch (store_.kind(a)) {
    case Kind::lit: {
      const Value value = *store_.literal(a);
      return {{residue_of(static_cast<Signed>(value)), {}}, {}, value != 0};
    }
    // ~x = (2^w - 1) - x
    case Kind::not_: {
      Residue result{{residue_of((Signed{1} << store_.width(a)) - 1), {}}, {a}, false};
      result.form.add(of(store_.args(a)[0]).form, modulus - 1);
      return result;
    }
    case Kind::add:
    case Kind::mul: {
      auto sum = of_sum(opened(a));
      if (!sum) return atom(a);
      if (sum->parts.empty() && !sum->never_zero) sum->parts = {a};
      return *std::move(sum);
    }
    case Kind::concat: return concatenation(a);
    case Kind::extract: return slice(a);
    case Kind::ite: return choice(a);
    case Kind::var:
    case Kind::apply:
    case Kind::and_:
    case Kind::xor_:
    case Kind::udiv:
    case Kind::urem:
    case Kind::shl:
    case Kind::lshr:
    case Kind::ashr:
    case Kind::eq: return atom(a);
    case Kind::ult: {
      const auto args = store_.args(a);
      return never_carries({args[0], args[1]}) ? Residue{} : atom(a);
    }
  }
  PROBITY_UNREACHABLE("kind");
}

/// concat(h, l) = 2^|l| * h + l
Residue Residues::concatenation(Id a) {
  const Id high = store_.args(a)[0];
  const Id low = store_.args(a)[1];
  const bool weightless = mutation_ == ResidueMutation::byte_weight;
  Residue upper = of(high);
  upper.form = upper.form.times(weightless ? 1 : weight(store_.width(low)));
  return together(upper, of(low));
}

/// Is it x >> l: no bit of x above the slice can be set?
bool Residues::is_top_slice(Id a) {
  if (store_.kind(a) != Kind::extract) return false;
  const Id whole = store_.args(a)[0];
  const unsigned end = store_.low(a) + store_.width(a);
  return end == store_.width(whole) || bounds_(whole).high >> end == 0;
}

/// What x never exceeds: a fold less than the sum of its summands' bounds, x where x >> l is 0 less
/// than 2^l.
Value Residues::highest(Id x) {
  const Value high = bounds_(x).high;
  if (store_.kind(x) == Kind::ite) {
    const auto args = store_.args(x);
    const auto cut = zero_under(args[0]);
    const bool small = cut && cut->whole == bare(args[1]);
    const Value then = small ? mask<Value>(cut->low_width) : highest(args[1]);
    return std::min(high, std::max(then, highest(args[2])));
  }
  if (store_.kind(x) != Kind::add) return high;
  const Sum sum = opened(x);
  if (sum.atoms.size() != 2 || sum.constant != 0) return high;
  const auto& [first, first_times] = *sum.atoms.begin();
  const auto& [second, second_times] = *sum.atoms.rbegin();
  if (first_times != 1 || second_times != 1) return high;
  for (const auto& [top, low] : {std::pair{first, second}, std::pair{second, first}}) {
    const auto cut = cut_at(top);
    if (cut && cut->low == bare(low)) return std::min(high, highest_fold(*cut));
  }
  return high;
}

/// Of all x up to h, the low l bits of x plus x >> l are most at h or just below the last multiple
/// of 2^l.
Value Residues::highest_fold(const Cut& cut) {
  const Value high = highest(cut.whole);
  const Value ones = mask<Value>(cut.low_width);
  const Value turns = high >> cut.low_width;
  const Value at_end = (high & ones) + turns;
  return turns == 0 ? at_end : std::max(at_end, ones + turns - 1);
}

/// x >> low
Residue Residues::shifted(Id x, unsigned low) {
  const unsigned width = store_.width(x);
  if (low == 0) return of(x);
  if (low >= width || highest(x) >> low == 0) return {};
  const Id top = store_.extract(low, width - low, x);
  const bool plain = store_.kind(top) == Kind::extract && store_.args(top)[0] == x;
  return plain ? atom(top) : of(top);
}

/// A slice of the low bits of x, at l with w bits, is (x >> l) - 2^w * (x >> (l + w)).
Residue Residues::slice(Id a) {
  const Id whole = store_.args(a)[0];
  const unsigned low = store_.low(a);
  const unsigned end = low + store_.width(a);
  if (end < store_.width(whole)) {
    // The slice is of the low bits; where those are a term of their own, it is the top of that.
    const Id narrow = store_.extract(0, end, whole);
    if (narrow != a && store_.kind(narrow) != Kind::extract) {
      const Id same = store_.extract(low, end - low, narrow);
      if (same != a) return of(same);
    }
  }
  Residue result = shifted(whole, low);
  result.form.add(shifted(whole, end).form, modulus - weight(store_.width(a)));
  result.parts = {a};
  result.never_zero = false;
  return result;
}

/// The x of which x >> l is 0 where `condition` holds.
std::optional<Residues::Cut> Residues::zero_under(Id condition) {
  if (store_.kind(condition) != Kind::eq) return std::nullopt;
  const auto args = store_.args(condition);
  return store_.literal(args[1]) == 0u ? cut_at(args[0]) : std::nullopt;
}

/// Of the low l bits of x where x >> l is 0: x.
Residue Residues::under(Id condition, Id a) {
  const auto cut = zero_under(condition);
  return of(cut && cut->low == a ? cut->whole : a);
}

/// A choice between two values with one residue has it; if they differ by a constant k, it is that
/// of the second plus k times the condition. (c ? x + 1 : x) is x + c.
Residue Residues::choice(Id a) {
  const auto cut = cut_at(a);
  if (cut && highest(cut->whole) >> cut->low_width == 0) return {};
  const Id condition = store_.args(a)[0];
  const Id then = store_.args(a)[1];
  const Id otherwise = store_.args(a)[2];
  if (store_.kind(condition) == Kind::ult && store_.width(a) % word == 0) {
    const Carry carry{store_.args(condition)[0], store_.args(condition)[1]};
    Sum next = opened(otherwise);
    const bool is_sum = store_.width(carry.sum) == store_.width(a) && next == opened(carry.sum);
    next.constant = (next.constant + 1) & mask<Value>(next.width);
    if (is_sum && next == opened(then)) {
      if (auto result = end_around(carry)) return *std::move(result);
    }
  }
  const Residue first = under(condition, then);
  const Residue second = of(otherwise);
  Residue result = second;
  ResidueForm difference = first.form;
  difference.add(second.form, modulus - 1);
  if (!difference.atoms.empty()) return atom(a);
  if (difference.constant != 0) result.form.add_atom(condition, difference.constant);
  const bool alike = first.parts == second.parts && first.never_zero == second.never_zero;
  if (!alike) result.parts = {a};
  result.never_zero = first.never_zero && second.never_zero;
  return result;
}

void Residues::add(Sum& sum, Id atom, Value coefficient) const {
  Value& held = sum.atoms[atom];
  held = (held + coefficient) & mask<Value>(sum.width);
  if (held == 0) sum.atoms.erase(atom);
}

Residues::Sum Residues::opened(Id a) {
  Sum sum{store_.width(a), 0, {}};
  std::vector<std::pair<Id, Value>> pending{{a, 1}};
  while (!pending.empty()) {
    const auto [top, times] = pending.back();
    pending.pop_back();
    ++steps_;
    const auto args = store_.args(top);
    if (const auto value = store_.literal(top)) {
      sum.constant += *value * times;
    } else if (store_.kind(top) == Kind::add) {
      pending.emplace_back(args[0], times);
      pending.emplace_back(args[1], times);
    } else if (store_.kind(top) == Kind::mul && store_.literal(args[1])) {
      pending.emplace_back(args[0], times * *store_.literal(args[1]));
    } else if (store_.kind(top) == Kind::not_) {
      sum.constant -= times;
      pending.emplace_back(args[0], Value{0} - times);
    } else {
      add(sum, top, times);
    }
  }
  sum.constant &= mask<Value>(sum.width);
  return sum;
}

Residues::Sum Residues::difference(const Sum& a, const Sum& b) const {
  Sum result = a;
  result.constant = (a.constant - b.constant) & mask<Value>(a.width);
  for (const auto& [atom, coefficient] : b.atoms) add(result, atom, Value{0} - coefficient);
  return result;
}

std::optional<Residue> Residues::of_sum(const Sum& sum) {
  if (depth_ >= max_depth || ++steps_ >= max_steps) return std::nullopt;
  ++depth_;
  auto result = without_wrap(sum);
  if (!result) result = with_carry(sum);
  if (!result) result = folded(sum);
  --depth_;
  return result;
}

/// The sum as integers, with coefficients of least magnitude; nothing if the numbers are too large.
std::optional<Residues::Range> Residues::range(const Sum& sum) {
  constexpr Signed largest_coefficient = Signed{1} << 40;
  constexpr std::size_t most = 1u << 16;
  if (sum.width > widest || sum.atoms.size() > most) return std::nullopt;
  Range range{static_cast<Signed>(sum.constant), static_cast<Signed>(sum.constant), true};
  for (const auto& [atom, unsigned_coefficient] : sum.atoms) {
    const Signed coefficient = centred(unsigned_coefficient, sum.width);
    if (coefficient >= largest_coefficient || -coefficient >= largest_coefficient) {
      return std::nullopt;
    }
    const Interval bounds = bounds_(atom);
    const bool up = coefficient > 0;
    range.low += coefficient * static_cast<Signed>(up ? bounds.low : bounds.high);
    range.high += coefficient * static_cast<Signed>(up ? bounds.high : bounds.low);
    range.positive = range.positive && up;
  }
  return range;
}

/// Bounded so that the sum of integers lies between two neighbouring multiples of 2^w, it is less
/// the lower of them what the term is.
std::optional<Residue> Residues::without_wrap(const Sum& sum) {
  const auto whole = range(sum);
  if (!whole) return std::nullopt;
  const Signed size = Signed{1} << sum.width;
  const Signed turns = whole->low >= 0 ? whole->low / size : -((size - 1 - whole->low) / size);
  const Signed shift = turns * size;
  const bool fits = whole->high - shift < size;
  if (!fits && mutation_ != ResidueMutation::unbounded_sums) return std::nullopt;
  const Signed constant = static_cast<Signed>(sum.constant) - shift;
  Residue result{{residue_of(constant), {}}, {}, whole->low - shift > 0};
  for (const auto& [atom, unsigned_coefficient] : sum.atoms) {
    const Residue part = of(atom);
    result.form.add(part.form, residue_of(centred(unsigned_coefficient, sum.width)));
    // Zero only if all summands are, as long as none of them is taken away.
    if (!whole->positive || constant < 0) continue;
    result.parts = united(std::move(result.parts), part.parts);
    result.never_zero = result.never_zero || part.never_zero;
  }
  return result;
}

/// s = y + z modulo 2^w is never below y where y + z never reaches 2^w.
bool Residues::never_carries(const Carry& carry) {
  const Sum sum = opened(carry.sum);
  const Sum addend = opened(carry.addend);
  const auto first = range(addend);
  const auto rest = range(difference(sum, addend));
  if (!first || !rest || first->low < 0 || rest->low < 0) return false;
  return first->high + rest->high < Signed{1} << sum.width;
}

std::optional<Residues::Carry> Residues::carry_of(Id atom, unsigned width) const {
  const auto args = store_.args(atom);
  Id condition;
  if (store_.kind(atom) == Kind::concat && store_.literal(args[0]) == Value{0}) condition = args[1];
  if (store_.kind(atom) == Kind::ite && store_.literal(args[1]) == Value{1} &&
      store_.literal(args[2]) == Value{0}) {
    condition = args[0];
  }
  if (!condition || store_.kind(condition) != Kind::ult) return std::nullopt;
  const Carry carry{store_.args(condition)[0], store_.args(condition)[1]};
  if (store_.width(carry.sum) != width) return std::nullopt;
  return carry;
}

/// With s = y + z modulo 2^w: s < y tells whether that wrapped, and s + (s < y) does not. So it is
/// y + z - (2^w - 1) * (s < y), where 65535 divides 2^w - 1, for w a multiple of 16. It is zero
/// only if y and z are.
std::optional<Residue> Residues::end_around(const Carry& carry) {
  const auto rest = of_sum(difference(opened(carry.sum), opened(carry.addend)));
  if (!rest) return std::nullopt;
  return together(of(carry.addend), *rest);
}

std::optional<Residue> Residues::with_carry(const Sum& sum) {
  if (sum.width % word != 0) return std::nullopt;
  for (const auto& [atom, coefficient] : std::views::reverse(sum.atoms)) {
    if (coefficient != 1 || steps_ >= max_steps) continue;
    const auto carry = carry_of(atom, sum.width);
    if (!carry) continue;
    Sum rest = sum;
    rest.atoms.erase(atom);
    const bool is_its_own = rest == opened(carry->sum);
    if (!is_its_own && mutation_ != ResidueMutation::any_carry) continue;
    if (auto result = end_around(*carry)) return result;
  }
  return std::nullopt;
}

/// The low w bits of x plus x >> w, for w a multiple of 16, is x - (2^w - 1) * (x >> w), if that
/// fits w bits. It is zero only if x is.
std::optional<Residue> Residues::folded(const Sum& sum) {
  const unsigned width = sum.width;
  if (width % word != 0) return std::nullopt;
  for (const auto& [atom, coefficient] : std::views::reverse(sum.atoms)) {
    if (coefficient != 1 || steps_ >= max_steps) continue;
    const auto cut = cut_at(atom);
    if (!cut || cut->low_width != width) continue;
    const bool fits = highest_fold(*cut) <= mask<Value>(width);
    if (!fits && mutation_ != ResidueMutation::unbounded_folds) continue;
    Sum rest = sum;
    rest.atoms.erase(atom);
    if (rest == opened(cut->low)) return of(cut->whole);
  }
  return std::nullopt;
}

/// Without the zeros in front.
Id Residues::bare(Id a) const {
  const bool extended = store_.kind(a) == Kind::concat && store_.literal(store_.args(a)[0]) == 0u;
  return extended ? store_.args(a)[1] : a;
}

/// Whether `a` is x >> l of some x, perhaps of a choice, and the low l bits of x.
std::optional<Residues::Cut> Residues::cut_at(Id a) {
  a = bare(a);
  if (store_.kind(a) == Kind::ite) {
    const auto args = store_.args(a);
    const auto then = cut_at(args[1]);
    if (!then) return std::nullopt;
    const auto otherwise = cut_at(args[2]);
    if (!otherwise || then->low_width != otherwise->low_width) return std::nullopt;
    const unsigned width = std::max(store_.width(then->whole), store_.width(otherwise->whole));
    const Id first = store_.zext(width, then->whole);
    const Id whole = store_.ite(args[0], first, store_.zext(width, otherwise->whole));
    return Cut{whole, store_.extract(0, then->low_width, whole), then->low_width};
  }
  if (store_.kind(a) != Kind::extract || !is_top_slice(a)) return std::nullopt;
  const Id whole = store_.args(a)[0];
  const unsigned low_width = store_.low(a);
  if (low_width == 0 || store_.width(whole) > widest) return std::nullopt;
  return Cut{whole, store_.extract(0, low_width, whole), low_width};
}

/// Atoms x >> l and the low l bits of x, which are a term of their own, become x.
ResidueForm Residues::settled(ResidueForm form) {
  constexpr unsigned max_rounds = 64;
  for (unsigned round = 0; round < max_rounds; ++round) {
    const ResidueForm before = form;
    for (const auto& [top, unused] : before.atoms) {
      const auto cut = cut_at(top);
      const auto low = cut ? form.atoms.find(cut->low) : form.atoms.end();
      if (low == form.atoms.end()) continue;
      const std::uint32_t times = low->second;
      form.atoms.erase(low);
      form.add(of(cut->whole).form, times);
      form.add_atom(top, product(modulus - times, weight(cut->low_width)));
      break;
    }
    if (form == before) break;
  }
  return form;
}

/// The low l bits of x and x >> l are both zero only if x is.
Residue Residues::settled(Residue residue) {
  residue.form = settled(std::move(residue.form));
  for (const Id top : std::vector(residue.parts)) {
    const auto cut = cut_at(top);
    const auto low = cut ? std::ranges::find(residue.parts, cut->low) : residue.parts.end();
    if (low == residue.parts.end()) continue;
    residue.parts.erase(low);
    std::erase(residue.parts, top);
    const Residue whole = of(cut->whole);
    residue.parts = united(std::move(residue.parts), whole.parts);
    residue.never_zero = residue.never_zero || whole.never_zero;
  }
  return residue;
}

}  // namespace probity::term
