// SPDX-License-Identifier: Apache-2.0
// SMT-LIB 2 output. Every term with operands is a define-fun of its own, so the text is linear in
// the DAG. A term of one bit is printed as a Bool where it comes from relations and as a bit vector
// elsewhere.
#include <algorithm>

#include "base/check.hpp"
#include "term/term.hpp"

namespace probity::term {
namespace {

std::string decimal(Value value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

/// A quoted symbol. Bytes that a quoted symbol or our own names ($id) need are written %XX, so
/// names stay distinct.
std::string symbol(std::string_view name) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "|";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '|' || c == '\\' || c == '$' || c == '%') {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 15];
    } else {
      text += c;
    }
  }
  return text + '|';
}

std::string sort_of(unsigned width) {
  return "(_ BitVec " + std::to_string(width) + ")";
}

/// The terms below `roots`, each once, in the order of their ids: operands first.
std::vector<Id> reachable(const Store& store, std::span<const Id> roots) {
  std::vector<bool> seen(store.size() + 1);
  std::vector<Id> found;
  for (const Id root : roots) {
    if (seen[root.index]) continue;
    seen[root.index] = true;
    found.push_back(root);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const Id operand : store.args(found[i])) {
      if (seen[operand.index]) continue;
      seen[operand.index] = true;
      found.push_back(operand);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

class Printer {
 public:
  explicit Printer(const Store& store) : store_(store), boolean_(store.size() + 1) {}

  /// Decides how `a` is printed; operands first.
  void classify(Id a) {
    const auto any_boolean = [&] {
      return std::ranges::any_of(store_.args(a), [&](Id arg) { return is_boolean(arg); });
    };
    const Kind kind = store_.kind(a);
    const bool relation = kind == Kind::eq || kind == Kind::ult;
    const bool connective =
        kind == Kind::not_ || kind == Kind::and_ || kind == Kind::xor_ || kind == Kind::ite;
    const bool one_bit = store_.width(a) == 1;
    boolean_[a.index] = relation || (connective && one_bit && any_boolean());
  }
  bool is_boolean(Id a) const { return boolean_[a.index]; }
  std::string sort(Id a) const { return is_boolean(a) ? "Bool" : sort_of(store_.width(a)); }

  /// `a` as a bit vector, as a Bool.
  std::string vector(Id a) const {
    return is_boolean(a) ? "(ite " + reference(a) + " #b1 #b0)" : reference(a);
  }
  std::string truth(Id a) const {
    if (is_boolean(a)) return reference(a);
    if (const auto value = store_.literal(a)) return *value != 0 ? "true" : "false";
    return "(= " + reference(a) + " #b1)";
  }

  /// The definition of a term with operands.
  std::string body(Id a) const {
    switch (store_.kind(a)) {
      case Kind::lit:
      case Kind::var: return reference(a);
      case Kind::apply: return call(symbol(store_.function_name(store_.function(a))), a);
      case Kind::not_: return is_boolean(a) ? connective("not", a) : call("bvnot", a);
      case Kind::and_: return is_boolean(a) ? connective("and", a) : call("bvand", a);
      case Kind::xor_: return is_boolean(a) ? connective("xor", a) : call("bvxor", a);
      case Kind::add: return call("bvadd", a);
      case Kind::mul: return call("bvmul", a);
      case Kind::udiv: return call("bvudiv", a);
      case Kind::urem: return call("bvurem", a);
      case Kind::shl: return call("bvshl", a);
      case Kind::lshr: return call("bvlshr", a);
      case Kind::ashr: return call("bvashr", a);
      case Kind::eq: return call("=", a);
      case Kind::ult: return call("bvult", a);
      case Kind::concat: return call("concat", a);
      case Kind::ite: {
        const auto args = store_.args(a);
        if (is_boolean(a)) return connective("ite", a);
        return "(ite " + truth(args[0]) + " " + vector(args[1]) + " " + vector(args[2]) + ")";
      }
      case Kind::extract: {
        const unsigned low = store_.low(a);
        const std::string high = std::to_string(low + store_.width(a) - 1);
        return call("(_ extract " + high + " " + std::to_string(low) + ")", a);
      }
    }
    PROBITY_UNREACHABLE("kind");
  }

 private:
  std::string reference(Id a) const {
    if (const auto value = store_.literal(a)) {
      return "(_ bv" + decimal(*value) + " " + std::to_string(store_.width(a)) + ")";
    }
    if (store_.kind(a) == Kind::var) return symbol(store_.name(a));
    return "$" + std::to_string(a.index);
  }
  std::string call(const std::string& head, Id a) const {
    std::string text = "(" + head;
    for (const Id arg : store_.args(a)) text += " " + vector(arg);
    return text + ")";
  }
  std::string connective(const std::string& head, Id a) const {
    std::string text = "(" + head;
    for (const Id arg : store_.args(a)) text += " " + truth(arg);
    return text + ")";
  }

  const Store& store_;
  std::vector<bool> boolean_;
};

bool is_leaf(const Store& store, Id a) {
  return store.kind(a) == Kind::lit || store.kind(a) == Kind::var;
}

std::string declare_functions(const Store& store, std::span<const Id> terms) {
  std::vector<Function> functions;
  for (const Id a : terms) {
    if (store.kind(a) == Kind::apply) functions.push_back(store.function(a));
  }
  std::sort(functions.begin(), functions.end());
  functions.erase(std::unique(functions.begin(), functions.end()), functions.end());
  std::string text;
  for (const Function function : functions) {
    text += "(declare-fun " + symbol(store.function_name(function)) + " (";
    const char* separator = "";
    for (const unsigned width : store.function_argument_widths(function)) {
      text += separator + sort_of(width);
      separator = " ";
    }
    text += ") " + sort_of(store.function_result_width(function)) + ")\n";
  }
  return text;
}

}  // namespace

std::vector<Id> model_terms(const Store& store, std::span<const Id> assertions) {
  std::vector<Id> terms = reachable(store, assertions);
  std::erase_if(terms,
                [&](Id a) { return store.kind(a) != Kind::var && store.kind(a) != Kind::apply; });
  return terms;
}

std::string print_smt2(const Store& store, std::span<const Id> assertions, WithModel with_model) {
  const std::vector<Id> terms = reachable(store, assertions);
  const std::string functions = declare_functions(store, terms);
  const bool wants_model = with_model == WithModel::yes;
  std::string text = wants_model ? "(set-option :produce-models true)\n" : "";
  text += functions.empty() ? "(set-logic QF_BV)\n" : "(set-logic QF_UFBV)\n";
  text += functions;
  Printer printer(store);
  std::string values;
  for (const Id a : terms) {
    printer.classify(a);
    const Kind kind = store.kind(a);
    if (kind == Kind::var) {
      text += "(declare-fun " + printer.vector(a) + " () " + sort_of(store.width(a)) + ")\n";
    } else if (!is_leaf(store, a)) {
      text += "(define-fun $" + std::to_string(a.index) + " () " + printer.sort(a) + " " +
              printer.body(a) + ")\n";
    }
    if (kind == Kind::var || kind == Kind::apply) values += " " + printer.vector(a);
  }
  for (const Id a : assertions) {
    PROBITY_CHECK(store.width(a) == 1);
    text += "(assert " + printer.truth(a) + ")\n";
  }
  text += "(check-sat)\n";
  if (wants_model && !values.empty()) text += "(get-value (" + values.substr(1) + "))\n";
  return text;
}

std::string print(const Store& store, Id a) {
  Printer printer(store);
  std::string prefix;
  std::string suffix;
  for (const Id term : reachable(store, std::span(&a, 1))) {
    printer.classify(term);
    if (term == a || is_leaf(store, term)) continue;
    prefix += "(let (($" + std::to_string(term.index) + " " + printer.body(term) + ")) ";
    suffix += ')';
  }
  return prefix + printer.body(a) + suffix;
}

}  // namespace probity::term
