// SPDX-License-Identifier: Apache-2.0
// Programs the compiler must refuse, one per value of MISTAKE; 0 is the same file without a
// mistake, which must compile. The types carry the rules "widths are types" and "semantics never
// branch on data", so breaking one is no build.
#include "domain/bv.hpp"
#include "domain/concrete.hpp"
#include "term/symbolic.hpp"

namespace probity {

using Small = Bv<Concrete, 12>;
using Word = Bv<term::Symbolic, 64>;
using Half = Bv<term::Symbolic, 32>;

Small good(Small a, Small b) {
  return ite(ult(a, b), a + b, a);
}
bool good_branch(Bv<term::SymbolicPath, 64> a) {
  return decide(a == a);
}
Word good_meaning(Word a, Half b) {
  return a + zext<64>(b);
}

#if MISTAKE == 1  // an immediate of the wrong width
Small wrong(Bv<Concrete, 32> imm) {
  return imm;
}
#elif MISTAKE == 2   // operands of different widths
Word wrong(Word a, Half b) {
  return a + b;
}
#elif MISTAKE == 3   // C++ control flow on a symbolic condition
int wrong(Word a) {
  if (a == a) return 1;
  return 0;
}
#elif MISTAKE == 4   // a meaning that branches: decide() needs a PathDomain
bool wrong(Word a) {
  return decide(a == a);
}
#elif MISTAKE == 5   // a bare number as a bit vector
Small wrong() {
  return Small{0x1fff};
}
#elif MISTAKE == 6   // an extension that narrows
Half wrong(Word a) {
  return zext<32>(a);
}
#elif MISTAKE == 7   // a slice beyond the top
auto wrong(Half a) {
  return bits<32, 0>(a);
}
#elif MISTAKE == 8   // a concat wider than a word
auto wrong(Word a, Half b) {
  return concat(a, b);
}
#elif MISTAKE == 9   // two domains in one expression
auto wrong(Bv<Concrete, 64> a, Word b) {
  return a + b;
}
#elif MISTAKE == 10  // a choice on more than one bit
Word wrong(Half condition, Word a) {
  return ite(condition, a, a);
}
#elif MISTAKE == 11  // a branch on a relation of the concrete domain without decide()
bool wrong(Small a) {
  return a == a;
}
#elif MISTAKE == 12  // a width of zero
Bv<Concrete, 0> wrong();
auto use() {
  return wrong().raw();
}
#endif

}  // namespace probity
